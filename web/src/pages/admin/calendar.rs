//! 校历: terms, weeks, holidays, make-up days and bells of a school, edited on one page as one document, saved against the
//! revision it was made from.

mod answer;
mod effect;
mod example;
mod explain;
mod holidays;
mod merge;
mod words;

use super::around::Around;
use super::desk::Desk;
use super::painter::posted::Posted;
use super::show::when;
use super::told::tell_school;
use crate::error::WebError;
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{CalendarRow, DbError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::calendar::{Calendar, DayKind, MakeUpOf};
use model::{GradeId, SchoolId};
use serde::{Deserialize, Serialize};

/// Address of the page.
pub const PATH: &str = "/admin/calendar";

/// Largest calendar as JSON: 2,000 days, 40 tables of 30 periods and 200 rules are 700 KB when every note is full.
const CALENDAR_MAX_BYTES: usize = 1024 * 1024;

/// Revisions listed; older ones are kept and can be asked for by number.
const REVISIONS_SHOWN: usize = 100;

/// Its routes.
pub fn router() -> Router<AppState> {
    let documents = Router::new()
        .route("/admin/calendar/save", post(save))
        .route("/admin/calendar/preview", post(effect::preview))
        .route("/admin/calendar/explain", post(explain::explain))
        .route("/admin/calendar/holidays", post(holidays::upload))
        .layer(DefaultBodyLimit::max(CALENDAR_MAX_BYTES));
    Router::new()
        .route(PATH, get(show))
        .route("/admin/calendar/revisions/{no}", get(revision))
        .merge(documents)
}

/// What the page's script starts from.
#[derive(Debug, Serialize)]
struct Start {
    school: SchoolId,
    revision: i64,
    calendar: Calendar,
    today: Date,
    grades: Vec<(GradeId, String)>,
    holidays: Vec<holidays::Offer>,
    example: Calendar,
    revisions: Vec<RevisionLine>,
}

/// One line of the history.
#[derive(Debug, Serialize)]
struct RevisionLine {
    revision: i64,
    at: String,
    by: String,
}

#[derive(Template)]
#[template(path = "admin/calendar.html")]
struct CalendarPage {
    s: Desk,
    around: Around,
    /// What the script starts from, JSON.
    start: String,
    /// Make-up days that nobody has answered, in words.
    open: String,
    /// What today is, in words.
    today: String,
    empty: bool,
}

/// Today in the school's zone.
pub fn today(state: &AppState, zone: &TimeZone) -> Date {
    let now = jiff::Timestamp::from_millisecond(state.now_ms()).unwrap_or_default();
    now.to_zoned(zone.clone()).date()
}

/// Make-up days from `today` on of which nobody has said whose lessons run.
pub fn unanswered(calendar: &Calendar, today: Date) -> Vec<Date> {
    let open = |kind: &DayKind| matches!(kind, DayKind::MakeUp { of: MakeUpOf::Unanswered });
    calendar.days.iter().filter(|d| d.date >= today && open(&d.kind)).map(|d| d.date).collect()
}

/// How many make-up days of all schools are unanswered, for the overview; with the address to answer them.
pub async fn unanswered_anywhere(
    state: &AppState,
    zone: &TimeZone,
) -> Result<Option<(usize, String)>, WebError> {
    let today = today(state, zone);
    let (mut count, mut href) = (0, String::new());
    for school in state.db.all_schools().await? {
        let open = unanswered(&state.db.calendar(school.id).await?.calendar, today).len();
        if open > 0 && href.is_empty() {
            href = format!("{PATH}?school={}", school.id);
        }
        count += open;
    }
    Ok((count > 0).then_some((count, href)))
}

/// `GET /admin/calendar?school=`
async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("校历", "Calendar").lead(
        "学期、教学周、节假日、补课和作息。课表按校历展开成每天的课，改动保存后立即下发到采集端。",
        "Terms, teaching weeks, holidays, make-up days and bells. The timetable is laid out over it; a saved change goes to the gatherers at once.",
    );
    let around = Around::of_school(&state, &desk).await?;
    let Some(school) = around.school else { return Ok(around.no_school(desk)) };
    let row = state.db.calendar(school).await?;
    let today = today(&state, &desk.zone);
    let open = unanswered(&row.calendar, today);
    let start = start(&state, &desk, school, &row, today).await?;
    Ok(Page(CalendarPage {
        start: serde_json::to_string(&start)
            .map_err(|e| WebError::Internal(format!("writing a calendar as JSON: {e}")))?,
        open: words::open_days(desk.l, &open),
        today: words::today(desk.l, &row.calendar, today),
        empty: row.calendar == Calendar::default(),
        s: desk,
        around,
    })
    .into_response())
}

async fn start(
    state: &AppState,
    desk: &Desk,
    school: SchoolId,
    row: &CalendarRow,
    today: Date,
) -> Result<Start, WebError> {
    let grades = state.db.all_grades().await?;
    let revisions = state.db.calendar_revisions(school).await?;
    Ok(Start {
        school,
        revision: row.revision,
        calendar: row.calendar.clone(),
        today,
        grades: grades.into_iter().map(|g| (g.id, format!("{} {}", g.stage, g.name))).collect(),
        holidays: holidays::offers(&state.site.data_dir).await,
        example: example::calendar(desk.l, today),
        revisions: lines(desk, &revisions),
    })
}

fn lines(desk: &Desk, revisions: &[db::RevisionRow]) -> Vec<RevisionLine> {
    let line = |r: &db::RevisionRow| RevisionLine {
        revision: r.revision,
        at: when(&desk.zone, r.saved_at_ms),
        by: r.saved_by.clone(),
    };
    revisions.iter().take(REVISIONS_SHOWN).map(line).collect()
}

/// The school of `?school=` of a call; the first one without it.
pub async fn school_of(state: &AppState, desk: &Desk) -> Result<SchoolId, WebError> {
    Around::of_school(state, desk).await?.school.ok_or(WebError::NotFound)
}

/// `GET /admin/calendar/revisions/{no}?school=`: a calendar as it was, to be looked at and saved again.
async fn revision(
    State(state): State<AppState>,
    desk: Desk,
    Path(no): Path<i64>,
) -> Result<Response, WebError> {
    let row = state.db.calendar_at(school_of(&state, &desk).await?, no).await?;
    Ok(axum::Json(row.calendar).into_response())
}

/// A calendar as the script posts it.
#[derive(Debug, Deserialize)]
struct Save {
    /// Revision it was made from.
    base: i64,
    calendar: Calendar,
}

/// `POST /admin/calendar/save?school=`
async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Posted(sent): Posted<Save>,
) -> Result<Response, WebError> {
    let school = school_of(&state, &desk).await?;
    if let Some(refused) = answer::faults(&state, desk.l, &sent.calendar).await? {
        return Ok(refused);
    }
    let by = desk.visitor.user.as_ref().map(|u| u.id).ok_or(WebError::LoginNeeded)?;
    match state.db.save_calendar(school, sent.base, &sent.calendar, by, state.now_ms()).await {
        Ok(revision) => {
            tell_school(&state, school).await?;
            let open = unanswered(&sent.calendar, today(&state, &desk.zone));
            let revisions = state.db.calendar_revisions(school).await?;
            Ok(answer::saved(desk.l, revision, &open, lines(&desk, &revisions)))
        }
        Err(DbError::Outdated { .. }) => outdated(&state, &desk, school, sent).await,
        Err(other) => Err(other.into()),
    }
}

/// Somebody else saved meanwhile: both changes are put together, and the page shows what the other one did.
async fn outdated(state: &AppState, desk: &Desk, school: SchoolId, sent: Save) -> Result<Response, WebError> {
    let now = state.db.calendar(school).await?;
    let base = match state.db.calendar_at(school, sent.base).await {
        Ok(base) => base.calendar,
        // Made from no revision: everything that stands there is the other one's.
        Err(DbError::NotFound { .. }) => Calendar::default(),
        Err(other) => return Err(other.into()),
    };
    let merged = merge::merge(&base, &now.calendar, &sent.calendar);
    Ok(answer::outdated(desk.l, &now, &when(&desk.zone, now.saved_at_ms), &merged))
}
