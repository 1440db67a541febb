//! One file to storage by tus 1.0 (creation, core, termination by expiry), resumed wherever it broke off.
//! The wire is docs/storage.md; this is its client.

use crate::error::{GatherError, Result};
use crate::site::{Site, bad_answer, endpoint, shown, unreachable_site};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use relay_proto::site::SiteError;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use url::Url;

/// Bytes of one PATCH: a broken link costs at most this much again.
pub const CHUNK_MAX_BYTES: u64 = 8 << 20;
/// Longest wait for one PATCH: 8 MiB over a link of 256 kbit/s.
const CHUNK_WITHIN: Duration = Duration::from_secs(300);
/// Longest wait for a request without a body; the last one of a big file waits for storage to check its hash.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Carries the receipt in the answer to the last PATCH and to HEAD of a finished upload.
const RECEIPT: &str = "upload-receipt";
/// Storage's answer to bytes whose hash is not the announced one.
const HASH_MISMATCH: u16 = 460;
/// Carries the code of a refusal.
const ERROR: &str = "yunlubo-error";
/// Storage's `Retry-After` for an upload that another request is sending.
const LOCKED_PAUSE: Duration = Duration::from_secs(2);
/// Requests that storage answers in an unexpected way before an upload is given up for now.
const SURPRISES_MAX: u32 = 5;

/// What is uploaded.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The file.
    pub path: PathBuf,
    /// Its size, bytes.
    pub size_bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// `slice`, `still` or `snapshot`.
    pub kind: &'static str,
}

/// How it ended when nothing broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uploaded {
    /// Storage has every byte; its receipt names this size and hash.
    Receipt(String),
    /// The bytes that arrived are not the announced ones: hash the file anew.
    HashMismatch,
}

enum Step {
    Offset(u64),
    Done(String),
    Gone,
    Mismatch,
}

/// Uploads a file. `known` is where an earlier attempt went; `remember` is told where this one goes, before its first
/// byte, so that it is found again after a crash of either side.
///
/// # Errors
/// [`GatherError::StorageFull`] for 507; everything else may be tried again later and goes on where it stopped.
pub async fn upload<F: Future<Output = Result<()>>>(
    site: &Site,
    storage: &Url,
    file: &Upload,
    known: Option<&str>,
    remember: impl Fn(Option<String>) -> F,
) -> Result<Uploaded> {
    let mut url = known.and_then(|url| Url::parse(url).ok()).filter(|url| url.origin() == storage.origin());
    let mut offset = None;
    for _ in 0..SURPRISES_MAX {
        let at = match url.clone() {
            Some(at) => at,
            None => {
                let made = create(site, storage, file).await?;
                remember(Some(made.to_string())).await?;
                offset = Some(0);
                url.insert(made).clone()
            }
        };
        let step = match offset {
            Some(from) => send_from(site, &at, file, from).await?,
            None => head(site, &at).await?,
        };
        match step {
            Step::Done(receipt) if receipt_names(&receipt, file) => return Ok(Uploaded::Receipt(receipt)),
            Step::Done(_) | Step::Mismatch => {
                remember(None).await?;
                return Ok(Uploaded::HashMismatch);
            }
            Step::Gone => {
                remember(None).await?;
                (url, offset) = (None, None);
            }
            // Storage is elsewhere than we thought: ask it, then go on from there.
            Step::Offset(found) => offset = (offset.is_none()).then_some(found),
        }
    }
    Err(bad_answer(storage, "storage and the gatherer do not agree how far the upload is"))
}

async fn create(site: &Site, storage: &Url, file: &Upload) -> Result<Url> {
    let url = endpoint(storage, "upload")?;
    let pair = |name: &str, value: &str| format!("{name} {}", STANDARD.encode(value));
    let name = file.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let metadata = [pair("kind", file.kind), pair("sha256", &file.sha256), pair("filename", &name)].join(",");
    let response = call(site, Method::POST, &url, |request| {
        request
            .header("upload-length", file.size_bytes)
            .header("upload-metadata", &metadata)
            .timeout(ANSWER_WITHIN)
    })
    .await?;
    match response.status() {
        StatusCode::CREATED => {
            let location = header(&response, LOCATION.as_str()).unwrap_or_default();
            let made = url.join(&location).map_err(|e| bad_answer(&url, &format!("Location: {e}")))?;
            match location.is_empty() || made.origin() != url.origin() {
                true => Err(bad_answer(&url, "201 without a Location on the same host")),
                false => Ok(made),
            }
        }
        _ => Err(refusal(response, &url).await),
    }
}

/// Asks how far an upload is.
async fn head(site: &Site, url: &Url) -> Result<Step> {
    let response = call(site, Method::HEAD, url, |request| request.timeout(ANSWER_WITHIN)).await?;
    match response.status() {
        status if status.is_success() => match header(&response, RECEIPT) {
            Some(receipt) => Ok(Step::Done(receipt)),
            None => offset_of(&response, url).map(Step::Offset),
        },
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Step::Gone),
        status if status.as_u16() == HASH_MISMATCH => Ok(Step::Mismatch),
        _ => Err(refusal(response, url).await),
    }
}

/// Sends chunks from `offset` on until storage has all, or says something else.
async fn send_from(site: &Site, url: &Url, file: &Upload, mut offset: u64) -> Result<Step> {
    let failed = || GatherError::io("reading", &file.path);
    let mut source = File::open(&file.path).await.map_err(failed())?;
    loop {
        let count = CHUNK_MAX_BYTES.min(file.size_bytes.saturating_sub(offset));
        source.seek(std::io::SeekFrom::Start(offset)).await.map_err(failed())?;
        let mut chunk = vec![0; count as usize];
        source.read_exact(&mut chunk).await.map_err(failed())?;
        let chunk = bytes::Bytes::from(chunk);
        let response = call(site, Method::PATCH, url, |request| {
            request
                .header("upload-offset", offset)
                .header(CONTENT_TYPE, "application/offset+octet-stream")
                .body(chunk.clone())
                .timeout(CHUNK_WITHIN)
        })
        .await?;
        match response.status() {
            status if status.is_success() => {
                if let Some(receipt) = header(&response, RECEIPT) {
                    return Ok(Step::Done(receipt));
                }
                let next = offset_of(&response, url)?;
                if next != offset + count || next == file.size_bytes {
                    return Ok(Step::Offset(next));
                }
                offset = next;
            }
            StatusCode::CONFLICT => return Ok(Step::Offset(offset)),
            // An older request of ours still has the place (423), or this one lost it or was too slow: ask, go on.
            StatusCode::LOCKED => {
                tokio::time::sleep(LOCKED_PAUSE).await;
                return Ok(Step::Offset(offset));
            }
            StatusCode::REQUEST_TIMEOUT => return Ok(Step::Offset(offset)),
            _ if header(&response, ERROR).as_deref() == Some("broken") => return Ok(Step::Offset(offset)),
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Step::Gone),
            status if status.as_u16() == HASH_MISMATCH => return Ok(Step::Mismatch),
            _ => return Err(refusal(response, url).await),
        }
    }
}

/// A request with the grant and the version of tus; a refused grant is renewed once.
async fn call(
    site: &Site,
    method: Method,
    url: &Url,
    fill: impl Fn(RequestBuilder) -> RequestBuilder,
) -> Result<Response> {
    let mut again = true;
    loop {
        let grant = site.grant().await?;
        let request = site.http().request(method.clone(), url.clone());
        let request = request.bearer_auth(&grant).header("tus-resumable", "1.0.0");
        let response = fill(request).send().await.map_err(|e| unreachable_site(url, &e))?;
        if response.status() != StatusCode::UNAUTHORIZED || !again {
            return Ok(response);
        }
        site.forget(&grant).await;
        again = false;
    }
}

async fn refusal(response: Response, url: &Url) -> GatherError {
    let status = response.status();
    if status == StatusCode::INSUFFICIENT_STORAGE {
        return GatherError::StorageFull;
    }
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<SiteError>(&body) {
        Ok(error) => GatherError::Refused { status: status.as_u16(), error },
        Err(_) if status.is_server_error() => {
            GatherError::Unreachable { url: shown(url), why: format!("HTTP {status}") }
        }
        Err(_) => bad_answer(url, &format!("HTTP {status}")),
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn offset_of(response: &Response, url: &Url) -> Result<u64> {
    let offset = header(response, "upload-offset").and_then(|text| text.parse().ok());
    offset.ok_or_else(|| bad_answer(url, "no Upload-Offset"))
}

/// Whether a receipt (`model::grant`: subject = `<size>.<sha256>`) is for these bytes. Its signature is for the site
/// to check; a wrong size or hash is seen here already.
fn receipt_names(receipt: &str, file: &Upload) -> bool {
    let text = receipt.split('.').next().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let text = text.and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
    text.split('|').nth(3) == Some(format!("{}.{}", file.size_bytes, file.sha256).as_str())
}

/// Describes a file on the disk: its size, with the hash given.
pub async fn describe(path: &Path, sha256: String, kind: &'static str) -> Result<Upload> {
    let size = tokio::fs::metadata(path).await.map_err(GatherError::io("reading", path))?.len();
    Ok(Upload { path: path.to_owned(), size_bytes: size, sha256, kind })
}
