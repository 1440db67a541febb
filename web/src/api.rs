//! Calls of programs: gatherers and the player.

pub mod clicks;
pub mod gather;
pub mod nonces;
pub mod play;

use crate::state::AppState;
use axum::Router;

/// Everything below `/api`, and `/healthz`.
pub fn router() -> Router<AppState> {
    Router::new().merge(gather::router()).merge(play::router())
}
