//! The timetable on paper: A4 landscape, a page a class, teacher or room. What is published, never a draft.

use super::proposal::Ground;
use super::wire::Failure;
use super::words::Words;
use crate::error::WebError;
use crate::page::Page;
use crate::pages::admin::around::Around;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::trace_words::{Names as _, or_number, weeks};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::calendar::{Cell, Period, PeriodKind, Timetable, Weeks};
use model::timetable::show_time_of_day;
use model::{ClassId, RoomId, TeacherId};
use std::collections::BTreeMap;

/// Most pages of one print: every class of the largest school.
const PAGES_MAX: usize = 400;

/// Whose timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// 班级.
    Class(ClassId),
    /// 教师.
    Teacher(TeacherId),
    /// 教室.
    Room(RoomId),
}

/// A line of a printed cell.
pub struct Entry {
    subject: String,
    who: String,
    marks: String,
}

struct Row {
    label: String,
    time: String,
    is_break: bool,
    cells: Vec<Vec<Entry>>,
}

struct Sheet {
    title: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "admin/grid_print.html")]
struct PrintPage {
    s: Desk,
    school: String,
    version: String,
    days: Vec<String>,
    sheets: Vec<Sheet>,
}

/// What was asked for: `?view=class&id=3`, `view=all` = every class. A channel is its room.
pub fn lanes(desk: &Desk, ground: &Ground) -> Result<Vec<Lane>, WebError> {
    let id = desk.query.text("id").parse().unwrap_or(0);
    let d = &ground.directory;
    let one = match desk.query.text("view") {
        "teacher" => d.teachers.iter().find(|t| t.id.0 == id).map(|t| Lane::Teacher(t.id)),
        "room" => d.rooms.iter().find(|r| r.id.0 == id).map(|r| Lane::Room(r.id)),
        "channel" => d.channels.iter().find(|c| c.channel.id.0 == id).and_then(|c| c.room_id).map(Lane::Room),
        "class" => d.classes.iter().find(|c| c.id.0 == id).map(|c| Lane::Class(c.id)),
        _ => return Ok(d.classes.iter().map(|c| Lane::Class(c.id)).take(PAGES_MAX).collect()),
    };
    Ok(vec![one.ok_or(WebError::NotFound)?])
}

/// A period without a cell is drawn too; one that no table has comes last.
fn rows(ground: &Ground, lane: Lane) -> Vec<&Period> {
    let calendar = &ground.calendar;
    let grade = match lane {
        Lane::Class(id) => ground.directory.classes.iter().find(|c| c.id == id).map(|c| c.grade_id),
        _ => None,
    };
    calendar.usual_bells(Some(1), grade).map(|table| table.periods.iter().collect()).unwrap_or_default()
}

struct Sheets<'a> {
    words: Words<'a>,
    ground: &'a Ground,
    by_lane: BTreeMap<ClassId, Option<RoomId>>,
}

impl<'a> Sheets<'a> {
    fn is_in(&self, cell: &Cell, lane: Lane) -> bool {
        match lane {
            Lane::Class(id) => cell.class == id || cell.with.contains(&id),
            Lane::Teacher(id) => cell.teacher == Some(id),
            Lane::Room(id) => self.room(cell) == Some(id),
        }
    }

    fn room(&self, cell: &Cell) -> Option<RoomId> {
        cell.room.or_else(|| *self.by_lane.get(&cell.class)?)
    }

    fn entry(&self, cell: &Cell, lane: Lane) -> Entry {
        let d = &self.ground.directory;
        let teacher = cell.teacher.map(|id| or_number(d.teacher(id), id.0));
        let class = || self.words.class(cell.class);
        let room = || self.room(cell).and_then(|id| d.room(id));
        let own_room = cell.room.and_then(|id| d.room(id));
        let who: Vec<String> = match lane {
            Lane::Class(_) => [teacher, own_room].into_iter().flatten().collect(),
            Lane::Teacher(_) => [Some(class()), room()].into_iter().flatten().collect(),
            Lane::Room(_) => [Some(class()), teacher].into_iter().flatten().collect(),
        };
        let marks = match &cell.weeks {
            Weeks::All => String::new(),
            other => self.words.l.of(&weeks(other)).to_owned(),
        };
        Entry { subject: or_number(d.subject(cell.subject), cell.subject.0), who: who.join(" "), marks }
    }

    fn sheet(&self, timetable: &Timetable, lane: Lane, days: u8) -> Sheet {
        let cells: Vec<&Cell> = timetable.cells.iter().filter(|cell| self.is_in(cell, lane)).collect();
        let covered = |cell: &Cell, no: u8, lessons: &[u8]| {
            let start = lessons.iter().position(|n| *n == cell.period);
            start.is_some_and(|at| lessons.iter().skip(at).take(cell.span.into()).any(|n| *n == no))
        };
        let table = rows(self.ground, lane);
        let lessons: Vec<u8> = table.iter().filter(|p| p.kind != PeriodKind::Break).map(|p| p.no).collect();
        let row = |period: &&Period| Row {
            label: period.label.clone(),
            time: format!("{}–{}", minute(period.start_s), minute(period.end_s)),
            is_break: period.kind == PeriodKind::Break,
            cells: (1..=days)
                .map(|day| {
                    let here = cells.iter().filter(|c| c.day == day && covered(c, period.no, &lessons));
                    here.map(|cell| self.entry(cell, lane)).collect()
                })
                .collect(),
        };
        let d = &self.ground.directory;
        let title = match lane {
            Lane::Class(id) => self.words.class(id),
            Lane::Teacher(id) => or_number(d.teacher(id), id.0),
            Lane::Room(id) => or_number(d.room(id), id.0),
        };
        Sheet { title, rows: table.iter().map(row).collect() }
    }
}

/// `08:00`.
fn minute(s: u32) -> String {
    show_time_of_day(s).chars().take(5).collect()
}

/// `GET /admin/timetable/print`
pub async fn page(State(state): State<AppState>, desk: Desk) -> Result<Response, Failure> {
    let around = Around::of_school(&state, &desk).await?;
    let school = around.school.ok_or(WebError::NotFound)?;
    let ground = Ground::read(&state, school).await?;
    let lanes = lanes(&desk, &ground)?;
    let timetable = ground.cells(&state, ground.newest_no()).await?;
    let by_lane = ground.directory.classes.iter().map(|c| (c.id, c.room_id)).collect();
    let words = Words::new(desk.l, &ground.directory, &ground.calendar);
    let used = timetable.cells.iter().map(|cell| cell.day).max().unwrap_or(0);
    let days = used.max(5).min(ground.calendar.columns());
    let names = (1..=days).map(|day| words.day(day)).collect();
    let sheets = Sheets { words, ground: &ground, by_lane };
    let sheets = lanes.into_iter().map(|lane| sheets.sheet(&timetable, lane, days)).collect();
    let version = ground.versions.first().map(|v| {
        let zh = format!("第 {} 版，{} 起执行", v.no, v.from);
        let en = format!("version {}, in force from {}", v.no, v.from);
        desk.t(&zh, &en).to_owned()
    });
    let version = version.unwrap_or_else(|| desk.t("还没有发布课表", "nothing published yet").to_owned());
    let name = ground.directory.school.name.clone();
    let desk = desk.titled("打印课表", "Print the timetable");
    Ok(Page(PrintPage { s: desk, school: name, version, days: names, sheets }).into_response())
}
