//! 调课 代课 换课: dated changes over the timetable, each with its reason, revoked but never removed.

mod ask;
mod describe;
mod form;
mod keep;
mod list;
mod preview;

pub use describe::describe;
pub use keep::keep;
pub use list::classes as list_classes;

use crate::error::WebError;
use crate::extract::Fields;
use crate::page::Page;
use crate::pages::admin::desk::{Desk, done};
use crate::pages::admin::table::ConfirmPage;
use crate::pages::admin::today::read::today;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use model::ChangeId;

/// Its address.
pub const PATH: &str = "/admin/changes";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list::list))
        .route("/admin/changes/new", get(form::new).post(form::add))
        .route("/admin/changes/{id}/revoke", post(revoke))
}

/// Asks first; then the change holds no more, and what is recorded now gets its old title back.
async fn revoke(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let row = state.db.change(ChangeId(id)).await?;
    let back = format!("{PATH}?school={}", row.school_id);
    let desk = desk.titled("撤销调课", "Revoke a change").back_to(&back, "调课").seen_at(&back);
    let today = today(state.now_ms(), &desk.zone);
    if row.dates.1 < today {
        return Err(WebError::refused(
            StatusCode::CONFLICT,
            "past",
            "这条调课的日期已经过去，不能再撤销：过去的课表不改写。",
            "The dates of this change are past; what was is not rewritten, so it cannot be revoked.",
        ));
    }
    if row.revoked_at_ms.is_some() {
        return Ok(done(&back, "saved"));
    }
    let directory = state.db.directory(row.school_id).await?;
    let book = state.db.book(row.school_id, row.dates.0, row.dates.1).await?;
    let l = desk.l;
    let mut without = book.clone();
    without.changes.retain(|change| change.id != row.change.id);
    if !preview::over(l, &book, &without, &row.change.op, &directory, state.now_ms()).is_empty() {
        return Err(WebError::refused(
            StatusCode::CONFLICT,
            "past",
            "这条调课里有已经上完的课，不能再撤销：过去的课表不改写。只想更正教师或科目，请添加“代课”。",
            "A lesson of this change is over, so it cannot be revoked: what was is not rewritten. To correct teacher or subject add “Substitute”.",
        ));
    }
    if !fields.flag("sure") {
        return Ok(Page(ConfirmPage {
            action: format!("{PATH}/{id}/revoke"),
            hidden: Vec::new(),
            question: l
                .t(
                    "撤销后，这些课恢复到没有这条调课时的样子：",
                    "These lessons go back to what they were without it:",
                )
                .to_owned(),
            things: vec![describe(l, &row.change.op, &directory, &book)],
            warning: String::new(),
            typed: None,
            must_type: String::new(),
            submit: l.t("撤销", "Revoke").to_owned(),
            cancel: back,
            s: desk,
        })
        .into_response());
    }
    keep::revoke(&state, &desk.visitor, &row).await?;
    Ok(done(&back, "saved"))
}
