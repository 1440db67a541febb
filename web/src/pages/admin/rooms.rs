//! 教室.

use crate::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
