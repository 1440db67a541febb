//! The site: pages for people, an API for gatherers and players. It draws what `db` holds and what `relay` and `live`
//! say; it decides who may see it ([`auth`]).
//!
//! Layers from the outside in: panics become 500, security headers, errors become pages or JSON ([`error`]), the visitor
//! is found by cookie ([`session`]), foreign origins are refused ([`csrf`]), the path's right is checked ([`auth`]).

pub mod api;
pub mod assets;
pub mod auth;
pub mod channel_state;
pub mod crockford;
pub mod csrf;
pub mod error;
pub mod extract;
pub mod join_code;
pub mod lang;
pub mod limit;
pub mod media;
pub mod page;
pub mod pages;
pub mod password;
pub mod session;
pub mod setup;
pub mod state;

pub use state::{AppState, SiteConfig};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

/// Largest body of a form or of a JSON call, bytes (protocol.md §5).
pub const BODY_MAX_BYTES: usize = 256 * 1024;

/// The whole site. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: login attempts are counted by
/// address.
pub fn router(state: AppState) -> Router {
    let admin = pages::admin::router().route_layer(from_fn(auth::admin_only));
    Router::new()
        .merge(pages::front::router())
        .merge(admin)
        .merge(api::router())
        .merge(assets::router())
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::not_found)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn(auth::guard))
        .layer(from_fn_with_state(state.clone(), csrf::refuse_foreign))
        .layer(from_fn_with_state(state.clone(), error::render))
        .layer(from_fn_with_state(state.clone(), session::load))
        .layer(from_fn(page::security_headers))
        .layer(CatchPanicLayer::custom(error::panicked))
        .with_state(state)
}
