//! Requests that another site made this browser send. Two locks: the origin of every changing request, and a hidden
//! token in every form ([`crate::extract::Fields`]). The session cookie is SameSite=Lax besides.

use crate::error::WebError;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Name of the hidden field.
pub const FIELD: &str = "_csrf";
/// Header that scripts set instead.
pub const HEADER: &str = "x-csrf-token";

/// The token of a session: derived from its secret, so nothing has to be stored, and worth nothing to derive it back.
pub fn token(session_secret: &str) -> String {
    B64.encode(Sha256::digest(format!("yunlubo-csrf|{session_secret}")))
}

/// Compares in constant time.
pub fn matches(expected: &str, given: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// Refuses changing requests that a page of another origin sent. Gatherers are no browsers and carry a grant.
pub async fn refuse_foreign(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || request.uri().path().starts_with("/api/gather/") {
        return next.run(request).await;
    }
    if is_foreign(request.headers(), &state.site.public_url) {
        return WebError::ForeignOrigin.into_response();
    }
    next.run(request).await
}

/// Browsers send `Sec-Fetch-Site` to trustworthy origins (https, localhost) and `Origin` with every POST. A request
/// with neither comes from no browser page; the hidden token still guards it.
fn is_foreign(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return false,
        Some(_) => return true,
        None => {}
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return false };
    let Some((_, host)) = origin.split_once("://") else { return true };
    let own = text(HOST.as_str()).is_some_and(|h| h.eq_ignore_ascii_case(host));
    !own && !public_url.trim_end_matches('/').eq_ignore_ascii_case(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], foreign: bool) {
        let map = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        assert_eq!(is_foreign(&map, "https://video.school.cn"), foreign, "{headers:?}");
    }

    #[test]
    fn only_our_own_pages_may_change_things() {
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("host", "10.0.0.5:8000"), ("origin", "http://10.0.0.5:8000")], false);
        check(&[("host", "10.0.0.5:8000"), ("origin", "http://evil")], true);
        check(&[("host", "10.0.0.5:8000"), ("origin", "null")], true);
        check(&[("host", "inner"), ("origin", "https://video.school.cn")], false);
        check(&[], false);
    }
}
