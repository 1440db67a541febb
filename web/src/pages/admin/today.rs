//! 今日 board: periods × rooms, live.

use crate::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
