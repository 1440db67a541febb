//! What a calendar that is not saved yet would change: lessons of this week and of the next 14 days.

use super::{answer, school_of, today};
use crate::error::WebError;
use crate::lang::{Lang, Text};
use crate::pages::admin::desk::Desk;
use crate::pages::admin::painter::posted::Posted;
use crate::pages::admin::timetable::short_time;
use crate::pages::admin::trace_words::{date, lesson as lesson_words};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use db::Directory;
use jiff::ToSpan;
use jiff::civil::Date;
use model::calendar::{Book, Calendar, Lesson, LessonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Dates looked at, today included.
const DAYS: u16 = 14;
/// Changed lessons that are listed.
const LINES_MAX: usize = 30;

/// A calendar as the script has it.
#[derive(Debug, Deserialize)]
pub struct Asked {
    calendar: Calendar,
}

/// What would change.
#[derive(Debug, Serialize)]
struct Effect {
    /// Lessons from today to Sunday.
    week: usize,
    /// Lessons of the 14 dates from today on.
    fortnight: usize,
    message: String,
    lines: Vec<String>,
}

/// `POST /admin/calendar/preview?school=`
pub async fn preview(
    State(state): State<AppState>,
    desk: Desk,
    Posted(asked): Posted<Asked>,
) -> Result<Response, WebError> {
    let school = school_of(&state, &desk).await?;
    if let Some(refused) = answer::faults(&state, desk.l, &asked.calendar).await? {
        return Ok(refused);
    }
    let from = today(&state, &desk.zone);
    let to = from.saturating_add(i64::from(DAYS - 1).days());
    let before = state.db.book(school, from, to).await?;
    let directory = state.db.directory(school).await?;
    let after = Book { calendar: asked.calendar, ..before.clone() };
    Ok(Json(effect(desk.l, from, &before, &after, &directory)).into_response())
}

fn lessons(book: &Book, from: Date) -> BTreeMap<LessonId, Lesson> {
    book.expand_days(from, DAYS).into_iter().flat_map(|d| d.lessons).map(|l| (l.id, l)).collect()
}

/// What a lesson is to those who are in it; the trace may differ without anything else.
fn same(a: &Lesson, b: &Lesson) -> bool {
    let content = |l: &Lesson| (l.subject, l.teacher, l.room, l.start_at_ms, l.end_at_ms, l.record);
    content(a) == content(b) && a.channels == b.channels && a.classes == b.classes
}

fn effect(l: Lang, from: Date, before: &Book, after: &Book, names: &Directory) -> Effect {
    let (was, is) = (lessons(before, from), lessons(after, from));
    let mut ids: Vec<&LessonId> = was.keys().chain(is.keys()).collect();
    ids.sort_by_key(|id| (id.date, id.period, **id));
    ids.dedup();
    let changed: Vec<&LessonId> = ids
        .into_iter()
        .filter(|id| match (was.get(id), is.get(id)) {
            (Some(a), Some(b)) => !same(a, b),
            _ => true,
        })
        .collect();
    let sunday = from.saturating_add((7 - i64::from(from.weekday().to_monday_one_offset())).days());
    let week = changed.iter().filter(|id| id.date <= sunday).count();
    let line = |id: &&LessonId| l.of(&describe(id, was.get(id), is.get(id), after, names)).to_owned();
    Effect {
        week,
        fortnight: changed.len(),
        message: message(l, week, changed.len()),
        lines: changed.iter().take(LINES_MAX).map(line).collect(),
    }
}

fn message(l: Lang, week: usize, fortnight: usize) -> String {
    match (l, fortnight) {
        (Lang::Zh, 0) => "今后 14 天的课没有变化。".to_owned(),
        (Lang::En, 0) => "No lesson of the next 14 days changes.".to_owned(),
        (Lang::Zh, _) => format!("本周有 {week} 节课受影响，今后 14 天共 {fortnight} 节变化。"),
        (Lang::En, _) => {
            format!("{week} lesson(s) of this week change, {fortnight} within the next 14 days.")
        }
    }
}

fn describe(
    id: &LessonId,
    was: Option<&Lesson>,
    is: Option<&Lesson>,
    book: &Book,
    names: &Directory,
) -> Text {
    let what = lesson_words(names, Some(book), *id);
    let times = |l: &Lesson| format!("{}–{}", short_time(l.start_s), short_time(l.end_s));
    match (was, is) {
        (Some(_), None) => Text::new(format!("取消 {}", what.zh), format!("Not held: {}", what.en)),
        (None, Some(is)) => {
            Text::new(format!("新增 {} {}", what.zh, times(is)), format!("Held: {} {}", what.en, times(is)))
        }
        (Some(was), Some(is)) if times(was) != times(is) => Text::new(
            format!("改时间 {} {} → {}", what.zh, times(was), times(is)),
            format!("Times: {} {} → {}", what.en, times(was), times(is)),
        ),
        (Some(_), Some(is)) if !is.record => {
            Text::new(format!("不录 {}", what.zh), format!("Not recorded: {}", what.en))
        }
        _ => {
            let day = date(id.date);
            Text::new(format!("修改 {}（{}）", what.zh, day.zh), format!("Changed: {}", what.en))
        }
    }
}
