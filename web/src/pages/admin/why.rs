//! why a lesson is, or is not, recorded.

use crate::state::AppState;
use axum::Router;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
