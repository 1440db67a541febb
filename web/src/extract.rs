//! Reading a form: every field by name, with faults that the page can show beside it.

use crate::csrf;
use crate::error::WebError;
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::{Form, Json};
use model::fault::{Fault, Reason};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A form or call of at most [`crate::BODY_MAX_BYTES`] is here within this; 256 KiB at 70 kbit/s.
const BODY_WITHIN: Duration = Duration::from_secs(30);

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
        let read = Form::<Vec<(String, String)>>::from_request(request, state);
        let Form(pairs) = in_time(BODY_WITHIN, read).await?.map_err(|_| WebError::BadRequest)?;
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
        let read = in_time(BODY_WITHIN, Json::<T>::from_request(request, state)).await?;
        read.map(|Json(value)| Body(value)).map_err(|_| WebError::BadRequest)
    }
}

/// Cuts off a body that comes a byte at a time (slowloris): it would keep its connection for ever.
async fn in_time<T>(limit: Duration, read: impl Future<Output = T>) -> Result<T, WebError> {
    tokio::time::timeout(limit, read).await.map_err(|_| {
        WebError::refused(
            StatusCode::REQUEST_TIMEOUT,
            "slow",
            "请求的内容没有在 30 秒内传完，什么都没有改变。请检查网络后再试。",
            "The request did not arrive whole within 30 seconds and nothing was changed: check the network and try again.",
        )
    })
}

/// The address a request came from; unspecified when the server did not tell.
///
/// Behind a reverse proxy on this machine it is the last address of `X-Forwarded-For`, the one that the proxy wrote:
/// else one guesser would use up everybody's tries at the login. From elsewhere the header proves nothing.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let told = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let told = told.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        Ok(Peer(forwarded(&parts.headers).filter(|_| told.is_loopback()).unwrap_or(told)))
    }
}

/// The last hop before the proxy.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").into_iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    async fn peer(from: [u8; 4], forwarded: &str) -> String {
        let mut request = Request::new(());
        request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 1))));
        let (mut parts, ()) = request.into_parts();
        Peer::from_request_parts(&mut parts, &()).await.unwrap().0.to_string()
    }

    #[tokio::test]
    async fn only_a_proxy_on_this_machine_is_believed() {
        assert_eq!(peer([127, 0, 0, 1], "1.1.1.1, 10.0.0.9").await, "10.0.0.9");
        assert_eq!(peer([127, 0, 0, 1], "nonsense").await, "127.0.0.1");
        assert_eq!(peer([10, 0, 0, 7], "1.1.1.1").await, "10.0.0.7");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_cut_off() {
        let cut = in_time(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
        assert!(matches!(cut, WebError::Refused { code: "slow", .. }));
    }
}
