//! 课表: the period grid.

use crate::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
