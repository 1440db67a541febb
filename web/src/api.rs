//! Calls of programs: gatherers and the player.

pub mod clicks;
pub mod feed;
pub mod gather;
pub mod nonces;
pub mod play;
pub mod why;

use crate::state::AppState;
use axum::Router;

/// Everything below `/api`, and `/healthz`.
pub fn router() -> Router<AppState> {
    Router::new().merge(gather::router()).merge(play::router()).merge(feed::router()).merge(why::router())
}
