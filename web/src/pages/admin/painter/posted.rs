//! JSON that a script of our own page posts, with the page's CSRF token in a header.

use crate::csrf;
use crate::error::WebError;
use crate::extract::Body;
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{FromRequest, FromRequestParts, Request};
use serde::de::DeserializeOwned;

/// A JSON body whose CSRF token ([`csrf::HEADER`]) was checked. Take this below `/admin`, never `axum::Json`.
#[derive(Debug)]
pub struct Posted<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Posted<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, WebError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let token = parts.headers.get(csrf::HEADER).and_then(|v| v.to_str().ok()).unwrap_or("");
        if !csrf::matches(&visitor.csrf, token) {
            return Err(WebError::StaleForm);
        }
        let Body(value) = Body::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Posted(value))
    }
}
