//! The list of changes: by date, class and teacher; revoked ones struck through.

use super::describe::{kind, what};
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::form::Choice;
use crate::pages::admin::show::when;
use crate::pages::admin::today::read::today;
use crate::pages::admin::today::school::{Chosen, no_school};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use db::{ChangeRow, Directory};
use jiff::ToSpan;
use jiff::civil::Date;
use model::TeacherId;
use model::calendar::{Book, LessonId, Op};
use std::collections::HashSet;

/// Without a filter the list reaches back and ahead so many days.
const BACK_DAYS: i64 = 7;
const AHEAD_DAYS: i64 = 60;
/// Dates that are looked through for a teacher's lessons: a term.
const LOOK_DAYS_MAX: i32 = 200;

struct ChangeView {
    id: String,
    kind: String,
    text: String,
    reason: String,
    made: String,
    revoked: String,
    can_revoke: bool,
    why: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/changes.html")]
struct ChangesPage {
    s: Desk,
    school: String,
    choices: Vec<Choice>,
    classes: Vec<Choice>,
    teachers: Vec<Choice>,
    class: String,
    teacher: String,
    from: String,
    to: String,
    searching: bool,
    changes: Vec<ChangeView>,
}

/// `GET /admin/changes?school=&from=&to=&class=&teacher=`
pub async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("调课", "Changes").lead(
        "停课、代课、调课、换课、加课、改时间、录与不录。只改那一天的课，课表不变。",
        "Cancel, substitute, move, swap, add, other times, record or not: of single dates; the timetable stays.",
    );
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(desk)) };
    let today = today(state.now_ms(), &desk.zone);
    let date = |name: &str| desk.query.text(name).parse::<Date>().ok();
    let from = date("from").unwrap_or_else(|| today.checked_sub(BACK_DAYS.days()).unwrap_or(today));
    let to = date("to").unwrap_or_else(|| from.max(today).checked_add(AHEAD_DAYS.days()).unwrap_or(today));
    let directory = state.db.directory(chosen.id()).await?;
    let book = state.db.book(chosen.id(), from, to.max(from)).await?;
    let mut rows = state.db.changes(chosen.id(), from, to).await?;
    let class = desk.query.text("class").to_owned();
    rows.retain(|row| {
        class.is_empty() || row.change.op.lessons().iter().any(|id| id.class.to_string() == class)
    });
    let teacher = desk.query.text("teacher").to_owned();
    if let Ok(id) = teacher.parse().map(TeacherId) {
        let taught = taught(&book, &rows, id);
        rows.retain(|row| {
            names(&row.change.op, id) || row.change.op.lessons().iter().any(|x| taught.contains(x))
        });
    }
    let l = desk.l;
    Ok(Page(ChangesPage {
        school: chosen.id().to_string(),
        choices: if chosen.is_open() { chosen.choices.clone() } else { Vec::new() },
        classes: classes(l, &directory),
        teachers: teachers(l, &directory),
        searching: ["from", "to", "class", "teacher"].iter().any(|name| !desk.query.text(name).is_empty()),
        class,
        teacher,
        from: from.to_string(),
        to: to.to_string(),
        changes: rows.iter().map(|row| view(&desk, row, &directory, &book, today)).collect(),
        s: desk,
    })
    .into_response())
}

fn view(desk: &Desk, row: &ChangeRow, directory: &Directory, book: &Book, today: Date) -> ChangeView {
    let l = desk.l;
    let by = |name: &str, at_ms: i64| format!("{name} {}", when(&desk.zone, at_ms)).trim().to_owned();
    ChangeView {
        id: row.change.id.to_string(),
        kind: l.of(&kind(&row.change.op)).to_owned(),
        text: l.of(&what(&row.change.op, directory, book)).to_owned(),
        reason: row.change.reason.clone(),
        made: by(&row.made_by, row.made_at_ms),
        revoked: row.revoked_at_ms.map(|at_ms| by(&row.revoked_by, at_ms)).unwrap_or_default(),
        can_revoke: row.revoked_at_ms.is_none() && row.dates.1 >= today,
        why: row.change.op.lessons().iter().map(ToString::to_string).collect(),
    }
}

/// Whether the change itself names the teacher.
fn names(op: &Op, teacher: TeacherId) -> bool {
    match op {
        Op::Substitute { teacher: named, .. } | Op::Extra { teacher: named, .. } => *named == Some(teacher),
        _ => false,
    }
}

/// The changed lessons that the teacher has with the changes or would have without them.
fn taught(book: &Book, rows: &[ChangeRow], teacher: TeacherId) -> HashSet<LessonId> {
    let dates: HashSet<Date> =
        rows.iter().flat_map(|row| row.change.op.lessons()).map(|id| id.date).collect();
    let Some((first, last)) = dates.iter().min().copied().zip(dates.iter().max().copied()) else {
        return HashSet::new();
    };
    let plain = Book { changes: Vec::new(), ..book.clone() };
    let days = (last - first).get_days().clamp(0, LOOK_DAYS_MAX) as u16 + 1;
    [&plain, book]
        .into_iter()
        .flat_map(|book| book.expand_days(first, days))
        .flat_map(|day| day.lessons)
        .filter(|lesson| lesson.teacher == Some(teacher))
        .map(|lesson| lesson.id)
        .collect()
}

/// Classes of a menu, with a first line for none of them.
pub fn classes(l: Lang, directory: &Directory) -> Vec<Choice> {
    let all = Choice::new("", l.t("全部班级", "All classes"));
    let named = directory
        .classes
        .iter()
        .map(|c| Choice::new(c.id, format!("{}{} {}", c.stage, c.grade_name, c.name)));
    std::iter::once(all).chain(named).collect()
}

fn teachers(l: Lang, directory: &Directory) -> Vec<Choice> {
    let all = Choice::new("", l.t("全部教师", "All teachers"));
    std::iter::once(all).chain(directory.teachers.iter().map(|t| Choice::new(t.id, &t.name))).collect()
}
