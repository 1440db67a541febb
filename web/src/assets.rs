//! Static files, inside the binary. An address with the right hash may be kept forever; without, it is asked again.

use crate::error::WebError;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../static"]
struct Files;

/// `/static/…`
pub fn router() -> Router<AppState> {
    Router::new().route("/static/{*path}", get(serve)).route("/favicon.ico", get(favicon))
}

/// The address of `path` below `static/`, with its hash.
pub fn address(path: &str) -> String {
    match Files::get(path) {
        Some(file) => format!("/static/{path}?v={}", short_hash(&file)),
        None => format!("/static/{path}"),
    }
}

fn short_hash(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(6).map(|b| format!("{b:02x}")).collect()
}

async fn favicon(headers: HeaderMap) -> Result<Response, WebError> {
    file("img/icon.svg", None, &headers)
}

async fn serve(
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    file(&path, query.as_deref(), &headers)
}

fn file(path: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Response, WebError> {
    let found = Files::get(path).filter(|_| !path.ends_with(".sh")).ok_or(WebError::NotFound)?;
    let hash = short_hash(&found);
    let tag = format!("\"{hash}\"");
    let keep = match query.and_then(|q| q.strip_prefix("v=")) {
        Some(asked) if asked == hash => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let known = headers.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(&tag));
    if known {
        return Ok(
            (StatusCode::NOT_MODIFIED, [(ETAG, tag), (CACHE_CONTROL, keep.to_owned())]).into_response()
        );
    }
    let kind = match found.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let head = [(CONTENT_TYPE, kind), (ETAG, tag), (CACHE_CONTROL, keep.to_owned())];
    Ok((head, found.data.into_owned()).into_response())
}
