//! 课表: the period grid. The page is drawn by static/js/grid*.js from [`data`]; what it sends is merged and judged in
//! [`proposal`] and published by [`publish`] (docs/timetable.md §5–7).

mod data;
mod export;
mod page;
mod print;
mod proposal;
mod publish;
mod versions;
mod week;
mod wire;
mod words;

use crate::state::AppState;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Its routes.
pub fn router() -> Router<AppState> {
    let large = Router::new()
        .route("/admin/timetable/draft", post(publish::draft))
        .route("/admin/timetable/check", post(publish::check))
        .route("/admin/timetable/publish", post(publish::publish))
        .layer(DefaultBodyLimit::max(wire::BODY_MAX_BYTES));
    Router::new()
        .route("/admin/timetable", get(page::page))
        .route("/admin/timetable/data", get(data::data))
        .route("/admin/timetable/week", get(data::week))
        .route("/admin/timetable/delivery", get(data::delivery))
        .route("/admin/timetable/versions", get(versions::list))
        .route("/admin/timetable/versions/{no}", get(versions::show))
        .route("/admin/timetable/print", get(print::page))
        .route("/admin/timetable/export", get(export::xlsx))
        .merge(large)
}
