//! What the script of the calendar page is answered: saved, refused with each fault at its field, or outdated.

use super::RevisionLine;
use super::merge::Merged;
use super::words;
use crate::error::WebError;
use crate::lang::Lang;
use crate::state::AppState;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use db::CalendarRow;
use jiff::civil::Date;
use model::calendar::{Calendar, CalendarFault, Place};
use model::fault::{Fault, Reason};
use serde::Serialize;
use std::collections::HashSet;

#[derive(Debug, Serialize)]
struct Saved {
    revision: i64,
    message: String,
    /// Make-up days still unanswered, in words; empty = none.
    open: String,
    revisions: Vec<RevisionLine>,
}

#[derive(Debug, Serialize)]
struct Refused {
    code: &'static str,
    message: &'static str,
    faults: Vec<FaultText>,
}

/// One fault; `at` names the part as the script marks it (`term-0`, `period-1-3`, `day-2026-10-01`, …).
#[derive(Debug, Serialize)]
struct FaultText {
    at: String,
    field: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
struct Outdated<'a> {
    code: &'static str,
    message: String,
    revision: i64,
    /// Both changes put together.
    calendar: &'a Calendar,
    /// What is saved.
    theirs: &'a Calendar,
    others: Vec<String>,
    clashes: Vec<String>,
}

/// It is saved as this revision.
pub fn saved(l: Lang, revision: i64, open: &[Date], revisions: Vec<RevisionLine>) -> Response {
    let message = l.t("已保存，并已通知采集端。", "Saved; the gatherers have been told.").to_owned();
    Json(Saved { revision, message, open: words::open_days(l, open), revisions }).into_response()
}

/// The refusal of a calendar that breaks rules; `None` when it breaks none.
pub async fn faults(state: &AppState, l: Lang, calendar: &Calendar) -> Result<Option<Response>, WebError> {
    let mut found = calendar.check();
    let grades: HashSet<_> = state.db.all_grades().await?.into_iter().map(|g| g.id).collect();
    for (rule, named) in calendar.bell_rules.iter().enumerate() {
        if named.grades.iter().any(|g| !grades.contains(g)) {
            let fault = Fault::new("grades", Reason::Unknown);
            found.push(CalendarFault { place: Place::Rule { rule }, fault });
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let text = |f: &CalendarFault| FaultText {
        at: place(&f.place),
        field: f.fault.field,
        message: l.fault(&f.fault),
    };
    let body = Refused {
        code: "refused",
        message: l.t("没有保存：请修改标出的项。", "Not saved: correct the marked fields."),
        faults: found.iter().map(text).collect(),
    };
    Ok(Some((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()))
}

fn place(place: &Place) -> String {
    match place {
        Place::Calendar => "calendar".to_owned(),
        Place::Term { term } => format!("term-{term}"),
        Place::WeekAnchor { term, anchor } => format!("week-{term}-{anchor}"),
        Place::Rotation { term } => format!("rotation-{term}"),
        Place::RotationAnchor { term, anchor } => format!("turn-{term}-{anchor}"),
        Place::Day { date } => format!("day-{date}"),
        Place::Table { table } => format!("table-{table}"),
        Place::Period { table, period } => format!("period-{table}-{period}"),
        Place::Rule { rule } => format!("rule-{rule}"),
    }
}

/// Somebody else saved meanwhile; the script goes on with both changes put together.
pub fn outdated(l: Lang, now: &CalendarRow, at: &str, merged: &Merged) -> Response {
    let by = now.saved_by.as_str();
    let by = if by.is_empty() { l.t("别人", "somebody else") } else { by };
    let message = match l {
        Lang::Zh => format!(
            "没有保存：{by} 在 {at} 保存了这份校历。您的修改都还在，已与对方的修改合并在本页；请核对后再保存。"
        ),
        Lang::En => format!(
            "Not saved: {by} saved this calendar at {at}. Your changes are still here, merged with theirs: look at them, then save again."
        ),
    };
    let body = Outdated {
        code: "outdated",
        message,
        revision: now.revision,
        calendar: &merged.calendar,
        theirs: &now.calendar,
        others: merged.others.iter().map(|t| l.of(t).to_owned()).collect(),
        clashes: merged.clashes.iter().map(|t| l.of(t).to_owned()).collect(),
    };
    (StatusCode::CONFLICT, Json(body)).into_response()
}
