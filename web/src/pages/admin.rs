//! 网站后台: the admin's pages.

use crate::state::AppState;
use axum::Router;

/// Every route below `/admin`. Guarded twice: by path in [`crate::auth::guard`] and by a layer on this router.
pub fn router() -> Router<AppState> {
    Router::new()
}
