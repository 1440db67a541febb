//! 今日课程: periods × rooms, every lesson with what has become of it, live.

mod act;
pub mod board;
mod events;
mod panel;
pub mod read;
pub mod school;
pub mod state;
mod table;
pub mod trouble;
pub mod watch;

use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::form::Choice;
use crate::pages::admin::show::weekday;
use crate::pages::admin::trace_words::words_in;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use board::{Counts, Material};
use jiff::ToSpan;
use jiff::civil::Date;
use school::{Chosen, no_school};
use table::{CellView, Table};
use trouble::TroubleView;

/// Its address.
pub const PATH: &str = "/admin/today";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(show))
        .route("/admin/today/events", get(events::events))
        .route("/admin/today/lesson/{id}", get(panel::show))
        .route("/admin/today/act", post(act::act))
}

#[derive(Template)]
#[template(path = "admin/today.html")]
struct TodayPage {
    s: Desk,
    choices: Vec<Choice>,
    school: String,
    date: String,
    day: String,
    previous: String,
    next: String,
    today: String,
    is_today: bool,
    facts: Vec<String>,
    counts: Counts,
    troubles: Vec<TroubleView>,
    told: String,
    is_told: bool,
    lacking: String,
    layout: String,
    table: Table,
    ranges: Vec<CellView>,
    is_empty: bool,
    fixes: Vec<(&'static str, &'static str)>,
}

async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("今日课程", "Today").lead(
        "每节课录没录，一眼看到；点一节课看原因和下一步。",
        "Every lesson and whether it is recorded. Click one for the reason and the next step.",
    );
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(desk)) };
    let today = read::today(state.now_ms(), &desk.zone);
    let date = desk.query.text("date").parse::<Date>().unwrap_or(today);
    let (m, known, drawn) = read::drawn(&state, chosen.id(), date).await?;
    let l = desk.l;
    let school = chosen.id().to_string();
    let link = |date: Date| format!("{PATH}?school={school}&date={date}");
    let (previous, next) = (date.yesterday().unwrap_or(date), date.tomorrow().unwrap_or(date));
    let cells: Vec<CellView> = drawn.items.iter().map(|item| CellView::of(l, &school, item)).collect();
    let (ranges, lessons): (Vec<CellView>, Vec<CellView>) = cells.into_iter().partition(|c| c.is_range);
    Ok(Page(TodayPage {
        choices: if chosen.is_open() { chosen.choices.clone() } else { Vec::new() },
        date: date.to_string(),
        day: day_name(l, date, today),
        previous: link(previous),
        next: link(next),
        today: format!("{PATH}?school={school}"),
        is_today: date == today,
        facts: facts(l, &m),
        counts: drawn.counts,
        troubles: drawn.troubles.iter().map(|t| t.view(l)).collect(),
        told: format!("{}/{}", drawn.told.have, drawn.told.all),
        is_told: drawn.told.lacking.is_empty(),
        lacking: drawn.told.lacking.join(l.t("、", ", ")),
        layout: watch::layout(&m, &drawn),
        is_empty: lessons.is_empty() && ranges.is_empty(),
        fixes: fixes(l, &m),
        table: Table::of(l, &m, lessons, if date == today { known.now_ms } else { 0 }),
        ranges,
        school,
        s: desk,
    })
    .into_response())
}

/// `11月20日 星期五`, today and tomorrow by name too.
pub fn day_name(l: Lang, date: Date, today: Date) -> String {
    let name = weekday(l, date.weekday().to_sunday_zero_offset().unsigned_abs());
    let near = [(0, "今天", "today"), (1, "明天", "tomorrow"), (-1, "昨天", "yesterday")];
    let near = near.into_iter().find(|(n, _, _)| today.checked_add(n.days()).is_ok_and(|d| d == date));
    let said = match l {
        Lang::Zh => format!("{}月{}日 {name}", date.month(), date.day()),
        Lang::En => format!("{name}, {}", date.strftime("%-d %B %Y")),
    };
    match near {
        Some((_, zh, en)) => format!("{said} · {}", l.t(zh, en)),
        None => said,
    }
}

/// The rules of the whole date, in words.
fn facts(l: Lang, m: &Material) -> Vec<String> {
    let mut words = words_in(l, &m.day.steps, &m.directory, &m.book);
    if m.day.no_record {
        words.push(l.t("这一天整校停录", "Nothing is recorded on this date").to_owned());
    }
    words
}

/// Where an empty day is filled.
fn fixes(l: Lang, m: &Material) -> Vec<(&'static str, &'static str)> {
    let mut links = Vec::new();
    if m.book.calendar.terms.is_empty() || m.day.week.is_none() {
        links.push(("/admin/calendar", l.t("去设置校历", "Set up the calendar")));
    }
    if m.book.versions.is_empty() {
        links.push(("/admin/timetable", l.t("去排课表", "Make a timetable")));
        links.push(("/admin/import", l.t("导入课表", "Import one")));
    }
    links
}
