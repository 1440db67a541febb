//! Files out: timetables as grids, lists and calendars, basic data, templates.

use super::basic::stock::Stock;
use super::basic::{Line, kind_of};
use super::job::{Known, today};
use super::review::newest;
use super::words::Labels;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::encode;
use crate::pages::admin::around::Around;
use crate::pages::admin::desk::Desk;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use model::{ClassId, SchoolId};
use sheet::ics::Event;
use sheet::timetable::{By, Export, Form};
use sheet::{Language, SheetError};

/// Days of a calendar file when no term says when to end: 20 weeks.
const ICS_DAYS: u16 = 140;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv; charset=utf-8";
const ICS: &str = "text/calendar; charset=utf-8";

/// A file to be saved under `name` (RFC 6266, RFC 8187).
fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let head = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encode(name))),
    ];
    (head, bytes).into_response()
}

fn language(l: Lang) -> Language {
    match l {
        Lang::Zh => Language::Chinese,
        Lang::En => Language::English,
    }
}

fn unwritten(error: SheetError) -> WebError {
    tracing::warn!(%error, "A file could not be made: {error}");
    WebError::refused(StatusCode::CONFLICT, "export", error.zh(), error.en())
}

fn nothing_published() -> WebError {
    WebError::refused(
        StatusCode::CONFLICT,
        "no_timetable",
        "还没有发布过课表，没有可以导出的内容。可以先下载模板，填好后导入。",
        "No timetable has been published, so there is nothing to export. Download the template, fill it in and import it.",
    )
}

/// `GET /admin/import/export?school=&as=`.
pub async fn timetable(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let around = Around::of_school(&state, &desk).await?;
    let school = around.school.ok_or(WebError::NotFound)?;
    let today = today(&state, &desk.zone);
    let known = Known::read(&state, school, today).await?;
    let (l, lang) = (desk.l, language(desk.l));
    let name = |what: &str, ending: &str| format!("{} {what} {today}.{ending}", around.school_name());
    let form = match desk.query.text("as") {
        "template-grid" => Some((Form::Grid, l.t("课表模板", "timetable template"))),
        "template-list" => Some((Form::List, l.t("课表模板（列表）", "timetable template (list)"))),
        _ => None,
    };
    if let Some((form, what)) = form {
        let bytes = sheet::timetable::template(&known.names, form, lang).map_err(unwritten)?;
        return Ok(file(XLSX, &name(what, "xlsx"), bytes));
    }
    let (version, cells) = newest(&state, school).await?;
    let version = version.ok_or_else(nothing_published)?;
    if desk.query.text("as") == "ics" {
        return calendar(&state, &desk, &known, school, today).await;
    }
    let title = title(&around, &known, l, version.no, today);
    let export =
        |by| Export { names: &known.names, timetable: &cells, by, only: None, title: &title, language: lang };
    let grid = |by| sheet::timetable::write_grid(&export(by)).map_err(unwritten);
    Ok(match desk.query.text("as") {
        "class" => file(XLSX, &name(l.t("班级课表", "classes"), "xlsx"), grid(By::Class)?),
        "teacher" => file(XLSX, &name(l.t("教师课表", "teachers"), "xlsx"), grid(By::Teacher)?),
        "room" => file(XLSX, &name(l.t("教室课表", "rooms"), "xlsx"), grid(By::Room)?),
        "list" => {
            let bytes = sheet::timetable::write_list_xlsx(&export(By::Class)).map_err(unwritten)?;
            file(XLSX, &name(l.t("课表", "timetable"), "xlsx"), bytes)
        }
        "csv" => {
            let bytes = sheet::timetable::write_list_csv(&export(By::Class)).map_err(unwritten)?;
            file(CSV, &name(l.t("课表", "timetable"), "csv"), bytes)
        }
        _ => return Err(WebError::NotFound),
    })
}

/// School, term and version: what stands above every grid.
fn title(around: &Around, known: &Known, l: Lang, no: i64, today: Date) -> String {
    let term = known.calendar.term(today).map(|t| format!(" {} {}", t.year, t.name)).unwrap_or_default();
    match l {
        Lang::Zh => format!("{}{term} 课表（第 {no} 版）", around.school_name()),
        Lang::En => format!("{}{term} timetable (version {no})", around.school_name()),
    }
}

/// The lessons of one class from today to the end of its term.
async fn calendar(
    state: &AppState,
    desk: &Desk,
    known: &Known,
    school: SchoolId,
    today: Date,
) -> Result<Response, WebError> {
    let class = ClassId(desk.query.number("class").unwrap_or(0));
    if !known.directory.classes.iter().any(|c| c.id == class) {
        return Err(WebError::NotFound);
    }
    let last = known.calendar.term(today).map(|t| t.end);
    let days = last.and_then(|end| u16::try_from((end - today).get_days() + 1).ok()).unwrap_or(ICS_DAYS);
    let days = days.min(400);
    let to = today.checked_add(jiff::Span::new().days(i64::from(days))).unwrap_or(today);
    let book = state.db.book(school, today, to).await?;
    let labels = Labels::new(desk.l, known, &[]);
    let now_ms = state.now_ms();
    let mut events = Vec::new();
    for day in book.expand_days(today, days) {
        for lesson in day.lessons.iter().filter(|lesson| lesson.classes.contains(&class)) {
            events.push(Event {
                uid: format!("{}@yunlubo", lesson.id),
                sequence: 0,
                changed_at_ms: now_ms,
                start_at_ms: lesson.start_at_ms,
                end_at_ms: lesson.end_at_ms,
                summary: labels.subject(lesson.subject),
                location: lesson.room.map(|id| labels.room(id)).unwrap_or_default(),
                description: lesson.teacher.map(|id| labels.teacher(id)).unwrap_or_default(),
                cancelled: false,
            });
        }
    }
    let name = labels.class(class);
    let zone = desk.zone.iana_name().unwrap_or("UTC");
    Ok(file(ICS, &format!("{name} {today}.ics"), sheet::ics::write(&events, &name, zone)))
}

/// `GET /admin/import/basic/export?what=&as=xlsx|csv|template`.
pub async fn basic(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let line: &Line = &kind_of(&desk, desk.query.text("what")).ok_or(WebError::NotFound)?;
    let around = Around::of_school(&state, &desk).await?;
    let today = today(&state, &desk.zone);
    let lang = language(desk.l);
    let name = |ending: &str| match line.of_school {
        true => format!("{} {} {today}.{ending}", around.school_name(), line.name),
        false => format!("{} {today}.{ending}", line.name),
    };
    if desk.query.text("as") == "template" {
        let school = around.school.unwrap_or(SchoolId(0));
        let names = match around.school {
            Some(_) => Known::read(&state, school, today).await?.names,
            None => sheet::timetable::Names::default(),
        };
        let bytes = sheet::basic::template(line.kind, &names, lang).map_err(unwritten)?;
        return Ok(file(XLSX, &name("xlsx"), bytes));
    }
    let rows = Stock::read(&state, line.kind, around.school).await?.rows();
    Ok(match desk.query.text("as") {
        "xlsx" => {
            let bytes = sheet::basic::write_xlsx(line.kind, &rows, lang).map_err(unwritten)?;
            file(XLSX, &name("xlsx"), bytes)
        }
        "csv" => file(CSV, &name("csv"), sheet::basic::write_csv(line.kind, &rows, lang).map_err(unwritten)?),
        _ => return Err(WebError::NotFound),
    })
}
