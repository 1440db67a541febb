//! Pages for everybody who may watch.

use crate::state::AppState;
use axum::Router;

/// Every page outside `/admin`.
pub fn router() -> Router<AppState> {
    Router::new()
}
