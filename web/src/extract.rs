//! Reading a form: every field by name, with faults that the page can show beside it.

use crate::csrf;
use crate::error::WebError;
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::{Form, Json};
use model::fault::{Fault, Reason};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// The fields of a posted form, its CSRF token already checked. Take this, never `axum::Form`.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Made by hand, for tests and empty forms.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The field's text, trimmed; empty when absent.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The field's text as typed: for passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// A whole number.
    pub fn number(&self, name: &'static str) -> Result<i64, Fault> {
        match self.text(name) {
            "" => Err(Fault::new(name, Reason::Required)),
            text => text.parse().map_err(|_| Fault::new(name, Reason::NotANumber)),
        }
    }

    /// A number that a type of a smaller range holds, such as `u32`.
    pub fn small<T: TryFrom<i64>>(&self, name: &'static str) -> Result<T, Fault> {
        T::try_from(self.number(name)?).map_err(|_| Fault::new(name, Reason::NotANumber))
    }

    /// Whether a checkbox was ticked.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), "1" | "on" | "true")
    }

    /// Every value of a repeated field that is a number: the checkbox column of a list.
    pub fn ids(&self, name: &str) -> Vec<i64> {
        self.all(name).filter_map(|v| v.trim().parse().ok()).collect()
    }

    /// Every value of a repeated field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

impl FromRequest<AppState> for Fields {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, WebError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let header = parts.headers.get(csrf::HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let request = Request::from_parts(parts, body);
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, state)
            .await
            .map_err(|_| WebError::BadRequest)?;
        let fields = Self(pairs);
        let given = header.as_deref().unwrap_or(fields.raw(csrf::FIELD));
        if csrf::matches(&visitor.csrf, given) { Ok(fields) } else { Err(WebError::StaleForm) }
    }
}

/// A JSON body; anything else is refused as JSON too.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, WebError> {
        Json::<T>::from_request(request, state)
            .await
            .map(|Json(value)| Body(value))
            .map_err(|_| WebError::BadRequest)
    }
}

/// The address a request came from; unspecified when the server did not tell.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let told = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        Ok(Peer(told.unwrap_or(IpAddr::from([0, 0, 0, 0]))))
    }
}
