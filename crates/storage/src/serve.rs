//! Stored objects for whoever holds a grant: whole or one range, streamed.

use crate::range::{Wanted, wanted};
use crate::sniff::{HEAD_BYTES, content_type};
use crate::{ObjectId, Result, Storage, StorageError};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::grant::{GrantError, Right};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read at once for a viewer. A viewer who stops reading (a paused player) keeps about twice this: measured 269 kB
/// at 128 KiB and 769 kB at 512 KiB, which is a third of a 2 GB machine for a thousand of them; a gigabit costs 7 % of a
/// core more.
const BLOCK_BYTES: usize = 128 << 10;
/// A browser keeps an object at most so long, and never past its grant.
const MAX_AGE_S: i64 = 86_400;
/// Longest file name given to a download, characters.
const NAME_MAX: usize = 120;

/// `/object/{id}`.
pub(crate) fn router(storage: Storage) -> Router {
    Router::new().route("/object/{id}", get(object)).with_state(storage)
}

#[derive(Deserialize)]
struct Asked {
    /// The grant. `token` is the same under a longer name.
    #[serde(alias = "token")]
    t: Option<String>,
    /// Download under this name instead of showing.
    name: Option<String>,
}

async fn object(
    State(storage): State<Storage>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response> {
    let id = ObjectId::parse(&id).ok_or(StorageError::NotFound)?;
    let now_ms = base::clock::now_ms();
    let grant = asked.t.as_deref().ok_or(StorageError::ReadGrant(GrantError::Forged))?;
    let grant = storage.signer().verify_for(grant, Right::Read, id.as_str(), now_ms);
    let grant = grant.map_err(StorageError::ReadGrant)?;
    let (mut file, len) = storage.volume().open_object(&id).await?;
    let failed = |e| StorageError::io("reading an object", e);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).await.map_err(failed)?;
    let (content_type, ending) = content_type(&head);
    // An object never changes, so its id is its tag.
    let tag = format!("\"{id}\"");
    let max_age_s = ((grant.expires_at_ms - now_ms) / 1000).clamp(0, MAX_AGE_S);
    let mut answer = Response::new(Body::empty());
    let out = answer.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    };
    set(header::ETAG, &tag);
    set(header::CACHE_CONTROL, &format!("private, max-age={max_age_s}"));
    set(header::ACCEPT_RANGES, "bytes");
    set(header::CONTENT_TYPE, content_type);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(name) = &asked.name {
        set(header::CONTENT_DISPOSITION, &disposition(name, ending));
    }
    let given = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    if given(header::IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.contains(&tag)) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(answer);
    }
    let fresh = given(header::IF_RANGE).is_none_or(|t| t == tag);
    let range = given(header::RANGE).filter(|_| fresh).map_or(Wanted::Whole, |r| wanted(r, len));
    let (start, count) = match range {
        Wanted::Whole => (0, len),
        Wanted::Part { start, len } => (start, len),
        Wanted::Nothing => return Err(StorageError::Range { len_bytes: len }),
    };
    set(header::CONTENT_LENGTH, &count.to_string());
    if let Wanted::Part { .. } = range {
        set(header::CONTENT_RANGE, &format!("bytes {start}-{}/{len}", start + count - 1));
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    file.seek(std::io::SeekFrom::Start(start)).await.map_err(failed)?;
    file.set_max_buf_size(BLOCK_BYTES);
    *answer.body_mut() = Body::from_stream(ReaderStream::with_capacity(file.take(count), BLOCK_BYTES));
    Ok(answer.into_response())
}

/// `Content-Disposition` (RFC 6266, RFC 8187): a name for old clients and the real one, neither with a path in it.
fn disposition(name: &str, ending: &str) -> String {
    let kept =
        |c: &char| !c.is_control() && !"/\\:*?\"<>|%;".contains(*c) && !('\u{202a}'..='\u{202e}').contains(c);
    let mut name: String = name.chars().filter(kept).take(NAME_MAX).collect();
    name = name.trim_matches(['.', ' ']).to_owned();
    if name.is_empty() {
        name = "file".to_owned();
    }
    if !name.to_ascii_lowercase().ends_with(ending) {
        name.push_str(ending);
    }
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' }).collect();
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let escape = |b: u8| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    let encoded: String = name.bytes().map(escape).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_name_has_no_path_and_no_quote() {
        let got = disposition("../..\\\"语文 1\"\r\nX: y", ".mp4");
        assert_eq!(
            got,
            "attachment; filename=\"__ 1X y.mp4\"; filename*=UTF-8''%E8%AF%AD%E6%96%87%201X%20y.mp4"
        );
        assert!(disposition("", ".jpg").contains("file.jpg"));
        assert!(disposition("A.MP4", ".mp4").contains("\"A.MP4\""));
    }
}
