//! tus 1.0 on the wire: core, creation, creation-with-upload, checksum, termination, expiration.
//! <https://tus.io/protocols/resumable-upload>; ours in docs/storage.md.

use crate::lock::Place;
use crate::receive::{Chunk, drain, receive};
use crate::upload::{Sidecar, Standing, Upload};
use crate::volume::blocking;
use crate::{Kind, Limits, ObjectId, Result, Storage, StorageError};
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{options, post};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::grant::Right;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";

/// A SHA-256 of a chunk, 32 bytes.
pub(crate) struct Checksum(pub Vec<u8>);

/// `/upload` and `/upload/{id}`.
pub(crate) fn router(storage: Storage) -> Router {
    Router::new()
        .route("/upload", post(create).options(describe))
        .route("/upload/{id}", options(describe).head(offset).patch(append).delete(terminate))
        .layer(axum::middleware::map_response(versioned))
        .with_state(storage)
}

async fn versioned(mut response: Response) -> Response {
    response.headers_mut().insert("tus-resumable", HeaderValue::from_static(VERSION));
    response
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64> {
    let digits = text(headers, name).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|t| t.parse().ok()).ok_or(StorageError::BadHeader(name))
}

/// Who sends: the gatherer of the bearer grant.
fn sender(storage: &Storage, headers: &HeaderMap) -> Result<String> {
    if text(headers, "tus-resumable") != Some(VERSION) {
        return Err(StorageError::Version);
    }
    let grant = text(headers, "authorization").and_then(|t| t.strip_prefix("Bearer "));
    let grant = grant.ok_or(StorageError::Unauthorized)?.trim();
    let found = storage.signer().verify(grant, Right::Gatherer, base::clock::now_ms());
    found.map(|g| g.resource).map_err(StorageError::UploadGrant)
}

/// `Upload-Metadata`: pairs of a key and base64, separated by commas.
fn metadata(headers: &HeaderMap, key: &str) -> Option<String> {
    let pairs = text(headers, "upload-metadata")?.split(',');
    let value = pairs.filter_map(|pair| pair.trim().split_once(' ')).find(|(name, _)| *name == key)?.1;
    String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>> {
    const NAME: &str = "upload-checksum";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let value = value.to_str().ok().and_then(|v| v.trim().strip_prefix("sha256 "));
    let sum = value.and_then(|v| STANDARD.decode(v.trim()).ok()).filter(|sum| sum.len() == 32);
    sum.map(|sum| Some(Checksum(sum))).ok_or(StorageError::BadHeader(NAME))
}

/// Refuses a body that says beforehand that it is too long.
fn check_body(headers: &HeaderMap, limits: &Limits) -> Result<()> {
    match number(headers, "content-length") {
        Ok(length) if length > limits.chunk_max_bytes => {
            Err(StorageError::TooLarge { max_bytes: limits.chunk_max_bytes })
        }
        _ => Ok(()),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    number(headers, "content-length").ok()
}

fn is_chunk(headers: &HeaderMap) -> bool {
    text(headers, "content-type") == Some("application/offset+octet-stream")
}

/// What a creation announces, checked.
fn announced(storage: &Storage, headers: &HeaderMap, creator: String) -> Result<Sidecar> {
    let size_bytes = number(headers, "upload-length")?;
    let kind = metadata(headers, "kind").and_then(|k| Kind::parse(&k));
    let kind = kind.ok_or(StorageError::BadHeader("upload-metadata"))?;
    let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let sha256 =
        metadata(headers, "sha256").filter(is_hash).ok_or(StorageError::BadHeader("upload-metadata"))?;
    let limits = storage.limits();
    let max_bytes = match kind {
        Kind::Slice => limits.slice_max_bytes,
        Kind::Still | Kind::Snapshot => limits.image_max_bytes,
    };
    match size_bytes {
        0 => return Err(StorageError::BadHeader("upload-length")),
        size if size > max_bytes => return Err(StorageError::TooLarge { max_bytes }),
        _ => {}
    }
    Ok(Sidecar {
        object_id: ObjectId::random()?.to_string(),
        creator,
        kind,
        sha256: sha256.to_ascii_lowercase(),
        size_bytes,
        created_at_ms: base::clock::now_ms(),
        finished_at_ms: None,
    })
}

async fn describe(State(storage): State<Storage>) -> Response {
    let headers = [
        (HeaderName::from_static("tus-version"), HeaderValue::from_static(VERSION)),
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static(EXTENSIONS)),
        (HeaderName::from_static("tus-max-size"), HeaderValue::from(storage.limits().slice_max_bytes)),
        (HeaderName::from_static("tus-checksum-algorithm"), HeaderValue::from_static("sha256")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn create(
    State(storage): State<Storage>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let prepared = async {
        let sidecar = announced(&storage, &headers, sender(&storage, &headers)?)?;
        check_body(&headers, storage.limits())?;
        let checksum = checksum(&headers)?;
        let (volume, reserve) = (storage.volume().clone(), storage.limits().reserve_percent);
        let upload = blocking(move || match volume.space()?.has_room(sidecar.size_bytes, reserve) {
            true => Upload::create(&volume, sidecar),
            false => Err(StorageError::Full),
        });
        Ok((upload.await?, checksum))
    };
    let (upload, checksum) = match prepared.await {
        Ok(prepared) => prepared,
        Err(e) => return refuse(body, e).await,
    };
    let location = format!("{}/{}", uri.path().trim_end_matches('/'), upload.id);
    let (upload, standing) = match is_chunk(&headers) {
        true => send(&storage, upload, Chunk { body, length: length(&headers), offset: 0, checksum }).await?,
        false => (upload, Standing::At(0)),
    };
    let mut response = answer(&storage, &upload, standing, StatusCode::CREATED);
    let location = HeaderValue::from_str(&location).map_err(|_| StorageError::NotFound)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

async fn append(
    State(storage): State<Storage>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let prepared = async {
        let upload = own(&storage, &id, &headers).await?;
        if !is_chunk(&headers) {
            return Err(StorageError::ContentType);
        }
        check_body(&headers, storage.limits())?;
        Ok((upload, number(&headers, "upload-offset")?, checksum(&headers)?))
    };
    let (upload, offset, checksum) = match prepared.await {
        Ok(prepared) => prepared,
        Err(e) => return refuse(body, e).await,
    };
    let (upload, standing) =
        send(&storage, upload, Chunk { body, length: length(&headers), offset, checksum }).await?;
    Ok(answer(&storage, &upload, standing, StatusCode::NO_CONTENT))
}

async fn offset(
    State(storage): State<Storage>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let upload = own(&storage, &id, &headers).await?;
    let size_bytes = upload.sidecar.size_bytes;
    let looked = upload.clone();
    let standing = blocking(move || looked.standing()).await?;
    let (upload, standing) = match standing {
        // All bytes are there but nobody verified them (a crash), or somebody is just doing it.
        Standing::At(at) if at == size_bytes => finish(&storage, upload).await?,
        standing => (upload, standing),
    };
    let mut response = answer(&storage, &upload, standing, StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("upload-length", HeaderValue::from(size_bytes));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn finish(storage: &Storage, upload: Upload) -> Result<(Upload, Standing)> {
    let place = storage.locks().wait(&upload.id, storage.limits().hand_over_wait).await;
    let place = place.ok_or(StorageError::Locked)?;
    let volume = storage.volume().clone();
    blocking(move || {
        let _place = place;
        let mut upload = Upload::load(&volume, &upload.id)?;
        upload.finish(base::clock::now_ms())?;
        Ok((upload, Standing::Finished))
    })
    .await
}

async fn terminate(
    State(storage): State<Storage>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let upload = own(&storage, &id, &headers).await?;
    let place = take(&storage, &upload.id).await?;
    blocking(move || {
        let _place = place;
        match upload.standing()? {
            Standing::Finished => Err(StorageError::Finished),
            Standing::At(_) => upload.remove(),
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The upload of this id, if it belongs to who asks.
async fn own(storage: &Storage, id: &str, headers: &HeaderMap) -> Result<Upload> {
    let sender = sender(storage, headers)?;
    let id = ObjectId::parse(id).ok_or(StorageError::NotFound)?;
    let volume = storage.volume().clone();
    let upload = blocking(move || Upload::load(&volume, &id)).await?;
    if upload.sidecar.creator == sender { Ok(upload) } else { Err(StorageError::NotFound) }
}

/// The place of the one who sends.
async fn take(storage: &Storage, id: &ObjectId) -> Result<Place> {
    let Limits { hand_over_after, locked_after, hand_over_wait, .. } = *storage.limits();
    let place = storage.locks().take(id, hand_over_after, locked_after, hand_over_wait).await;
    place.ok_or(StorageError::Locked)
}

/// Receives a chunk in a task of its own: hyper drops a handler with its connection, but bytes that were taken must
/// reach the disk and the place must not be free before.
async fn send(storage: &Storage, upload: Upload, chunk: Chunk) -> Result<(Upload, Standing)> {
    let limits = storage.limits().clone();
    let place = match take(storage, &upload.id).await {
        Ok(place) => place,
        Err(e) => {
            drain(chunk.body.into_data_stream()).await;
            return Err(e);
        }
    };
    let task = tokio::spawn(receive(upload, chunk, limits, place));
    let (upload, standing) =
        task.await.map_err(|e| StorageError::io("receiving", std::io::Error::other(e)))??;
    if standing == Standing::Finished {
        let (id, size_bytes) = (&upload.sidecar.object_id, upload.sidecar.size_bytes);
        tracing::info!(object.id = %id, size_bytes, "Stored object `{id}` of {size_bytes} bytes");
    }
    Ok((upload, standing))
}

async fn refuse(body: Body, error: StorageError) -> Result<Response> {
    drain(body.into_data_stream()).await;
    Err(error)
}

/// Offset, expiry and, when finished, the receipt.
fn answer(storage: &Storage, upload: &Upload, standing: Standing, status: StatusCode) -> Response {
    let keep_ms = storage.limits().keep_ms();
    let sidecar = &upload.sidecar;
    let offset = match standing {
        Standing::At(at) => at,
        Standing::Finished => sidecar.size_bytes,
    };
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(offset));
    let kept_from_ms = sidecar.finished_at_ms.unwrap_or(sidecar.created_at_ms);
    if let Some(date) = http_date(kept_from_ms.saturating_add(keep_ms)) {
        headers.insert("upload-expires", date);
    }
    if standing == Standing::Finished {
        let facts = format!("{}.{}", sidecar.size_bytes, sidecar.sha256);
        let until_ms = base::clock::now_ms().saturating_add(keep_ms);
        let receipt = storage.signer().sign(Right::Receipt, &sidecar.object_id, &facts, until_ms);
        if let Ok(receipt) = HeaderValue::from_str(&receipt) {
            headers.insert("upload-receipt", receipt);
        }
    }
    response
}

fn http_date(at_ms: i64) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_millisecond(at_ms).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}
