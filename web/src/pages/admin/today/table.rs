//! The board as a table: rooms down and periods across, or the other way round when rooms are few; and by period for a
//! narrow screen.

use super::board::{Item, Kind, Material};
use super::state::Tone;
use crate::lang::Lang;
use crate::page::encode;
use model::RoomId;

/// So many rooms stand side by side on a desk's screen.
const ROOMS_ACROSS_MAX: usize = 4;

/// A cell as the template draws it.
#[derive(Debug, Clone)]
pub struct CellView {
    /// The item.
    pub id: String,
    /// Its panel.
    pub href: String,
    /// Class of its colour and sign.
    pub tone: &'static str,
    /// State in a word.
    pub word: String,
    /// Why.
    pub cause: String,
    /// 科目.
    pub subject: String,
    /// Class, or the channel of a range.
    pub class: String,
    /// 教师.
    pub teacher: String,
    /// `08:00–08:45`.
    pub times: String,
    /// Room's name; empty when unknown.
    pub room: String,
    /// A change made it so.
    pub changed: bool,
    /// It is not held.
    pub dropped: bool,
    /// It is a weekly range.
    pub is_range: bool,
    period: u8,
    label: String,
    room_id: Option<RoomId>,
    start_at_ms: i64,
    end_at_ms: i64,
}

impl CellView {
    /// Of an item.
    pub fn of(l: Lang, school: &str, item: &Item) -> Self {
        Self {
            id: item.id.clone(),
            href: format!("/admin/today/lesson/{}?school={}", item.id, encode(school)),
            tone: item.state.tone.class(),
            word: l.of(&item.state.word).to_owned(),
            cause: l.of(&item.state.cause).to_owned(),
            subject: item.subject.clone(),
            class: item.class.clone(),
            teacher: item.teacher.clone(),
            times: item.times.clone(),
            room: item.room_name.clone(),
            changed: item.changed && item.kind == Kind::Lesson,
            dropped: item.kind == Kind::Dropped,
            is_range: item.kind == Kind::Range,
            period: item.period,
            label: item.label.clone(),
            room_id: item.room,
            start_at_ms: item.start_at_ms,
            end_at_ms: item.end_at_ms,
        }
    }
}

/// A head of a row or column.
#[derive(Debug, Clone)]
pub struct Head {
    /// 第3节, or a room.
    pub name: String,
}

/// A row: its head and a list of cells for each column.
#[derive(Debug, Clone)]
pub struct RowView {
    /// Its head.
    pub head: String,
    /// Column by column.
    pub cells: Vec<Vec<CellView>>,
}

/// The lessons of one period, for a narrow screen.
#[derive(Debug, Clone)]
pub struct PartView {
    /// 第3节.
    pub head: String,
    /// By room.
    pub cells: Vec<CellView>,
    /// How many of them are missing.
    pub bad: usize,
    /// All of them are over: shown folded.
    pub over: bool,
}

/// The table.
#[derive(Debug, Clone)]
pub struct Table {
    /// What stands in the corner.
    pub corner: String,
    /// Heads of the columns.
    pub heads: Vec<Head>,
    /// Rows.
    pub rows: Vec<RowView>,
    /// By period, for a narrow screen.
    pub list: Vec<PartView>,
    /// Whether rooms stand side by side.
    pub rooms_across: bool,
}

impl Table {
    /// Of the lessons of a date.
    pub fn of(l: Lang, m: &Material, cells: Vec<CellView>, now_ms: i64) -> Self {
        let periods = periods(l, &cells);
        let rooms = rooms(l, m, &cells);
        let at = |period: u8, room: Option<RoomId>| -> Vec<CellView> {
            cells.iter().filter(|c| c.period == period && c.room_id == room).cloned().collect()
        };
        let list = periods
            .iter()
            .map(|(no, label)| part(label, rooms.iter().flat_map(|(r, _)| at(*no, *r)), now_ms));
        let list = list.collect();
        let rooms_across = rooms.len() <= ROOMS_ACROSS_MAX;
        let (period_word, room_word) = (l.t("节次", "Period"), l.t("教室", "Room"));
        let named = |name: &String| Head { name: name.clone() };
        if rooms_across {
            let rows = periods.iter().map(|(no, label)| RowView {
                head: label.clone(),
                cells: rooms.iter().map(|(room, _)| at(*no, *room)).collect(),
            });
            let rows = rows.collect();
            let heads = rooms.iter().map(|(_, name)| named(name)).collect();
            return Self { corner: period_word.to_owned(), heads, rows, list, rooms_across };
        }
        let rows = rooms.iter().map(|(room, name)| RowView {
            head: name.clone(),
            cells: periods.iter().map(|(no, _)| at(*no, *room)).collect(),
        });
        let rows = rows.collect();
        let heads = periods.iter().map(|(_, label)| named(label)).collect();
        Self { corner: room_word.to_owned(), heads, rows, list, rooms_across }
    }
}

fn part(head: &str, cells: impl Iterator<Item = CellView>, now_ms: i64) -> PartView {
    let cells: Vec<CellView> = cells.collect();
    PartView {
        head: head.to_owned(),
        bad: cells.iter().filter(|c| c.tone == Tone::Bad.class()).count(),
        over: cells.iter().all(|c| c.end_at_ms <= now_ms),
        cells,
    }
}

/// Periods in the order in which they begin.
fn periods(l: Lang, cells: &[CellView]) -> Vec<(u8, String)> {
    let mut seen: Vec<(i64, u8, String)> = Vec::new();
    for cell in cells {
        match seen.iter_mut().find(|(_, no, _)| *no == cell.period) {
            Some((start, _, label)) => {
                *start = (*start).min(cell.start_at_ms);
                if label.is_empty() {
                    label.clone_from(&cell.label);
                }
            }
            None => seen.push((cell.start_at_ms, cell.period, cell.label.clone())),
        }
    }
    seen.sort();
    let name = |no: u8, label: String| match (label.is_empty(), no, l) {
        (false, ..) => label,
        (true, 0, _) => l.t("课表外", "Extra").to_owned(),
        (true, _, Lang::Zh) => format!("第{no}节"),
        (true, _, Lang::En) => format!("Period {no}"),
    };
    seen.into_iter().map(|(_, no, label)| (no, name(no, label))).collect()
}

/// Rooms in which something is held, as the school lists them; lessons without one last.
fn rooms(l: Lang, m: &Material, cells: &[CellView]) -> Vec<(Option<RoomId>, String)> {
    let used = |id: Option<RoomId>| cells.iter().any(|c| c.room_id == id);
    let listed = m.directory.rooms.iter().map(|r| (Some(r.id), r.name.clone()));
    let mut rooms: Vec<(Option<RoomId>, String)> = listed.filter(|(id, _)| used(*id)).collect();
    for cell in cells.iter().filter(|c| c.room_id.is_some()) {
        if !rooms.iter().any(|(id, _)| *id == cell.room_id) {
            rooms.push((cell.room_id, cell.room.clone()));
        }
    }
    if used(None) {
        rooms.push((None, l.t("未定教室", "No room").to_owned()));
    }
    rooms
}
