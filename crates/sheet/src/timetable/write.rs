//! Timetables out: grids as they hang on the wall, long lists, templates. The reader of this crate reads them back to the
//! same cells.

mod grid;
mod list;
mod template;

pub use grid::write_grid;
pub(crate) use list::csv_bytes;
pub use list::{write_list_csv, write_list_xlsx};
pub use template::template;

use super::bells::Bells;
use super::{Names, words};
use crate::Language;
use model::calendar::{Cell, PeriodKind, Timetable};
use model::{ClassId, RoomId, SubjectId, TeacherId};
use std::collections::BTreeSet;

/// Whose timetable a sheet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// 班级课表.
    Class,
    /// 教师课表.
    Teacher,
    /// 教室课表: of cells that name the room. Lessons in the class's own room name none; fill it in before, where wanted.
    Room,
}

/// What to write out.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Names for ids.
    pub names: &'a Names,
    /// The cells.
    pub timetable: &'a Timetable,
    /// A sheet each.
    pub by: By,
    /// Only this class, teacher or room.
    pub only: Option<i64>,
    /// Above the grid: school and term.
    pub title: &'a str,
    /// In which language.
    pub language: Language,
}

/// Which template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Days × periods, a sheet a class.
    Grid,
    /// A row a lesson.
    List,
}

/// What stands first in the hidden sheet of our timetables.
const KEY_LINE: &str = "yunlubo timetable 1";

/// Texts for ids; an id without a name is written as `#7`, which no reader takes for a name.
struct Texts<'a> {
    names: &'a Names,
    bells: Bells<'a>,
    language: Language,
}

impl<'a> Texts<'a> {
    fn new(names: &'a Names, language: Language) -> Self {
        Self { names, bells: Bells::new(&names.bells), language }
    }

    fn class(&self, id: ClassId) -> String {
        let found = self.names.classes.iter().find(|c| c.id == id);
        found.map_or_else(|| format!("#{id}"), |class| self.names.class_label(class))
    }

    fn subject(&self, id: SubjectId) -> String {
        let found = self.names.subjects.iter().find(|(i, _)| *i == id);
        found.map_or_else(|| format!("#{id}"), |(_, name)| name.clone())
    }

    fn teacher(&self, id: TeacherId) -> String {
        let found = self.names.teachers.iter().find(|(i, _)| *i == id);
        found.map_or_else(|| format!("#{id}"), |(_, name)| name.clone())
    }

    fn room(&self, id: RoomId) -> String {
        let found = self.names.rooms.iter().find(|(i, _)| *i == id);
        found.map_or_else(|| format!("#{id}"), |(_, name)| name.clone())
    }

    /// 星期一, in a rotation 第1天.
    fn day(&self, day: u8) -> String {
        let zh = ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"];
        let en = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let at = usize::from(day).wrapping_sub(1);
        match (self.names.days == 7).then(|| zh.get(at).zip(en.get(at))).flatten() {
            Some((zh, en)) => self.language.pick(zh, en).to_owned(),
            None => match self.language {
                Language::Chinese => format!("第{day}天"),
                Language::English => format!("Day {day}"),
            },
        }
    }

    /// The label of a period, with its number behind where the label alone would not lead back to it.
    fn period(&self, no: u8) -> String {
        let label = self.bells.label(no);
        let back =
            words::period(&label).filter(|word| !word.pause).and_then(|word| self.bells.number(&word.period));
        match back == Some(no) && !label.contains('#') {
            true => label,
            false => format!("{} #{no}", label.replace('#', "")),
        }
    }

    /// The label of a break, so that the reader sees that it is one.
    fn pause(&self, label: &str) -> String {
        match words::period(label).is_some_and(|word| word.pause) {
            true => label.to_owned(),
            false => format!("{label}{}", self.language.pick("(休息)", " (break)")),
        }
    }

    /// Rows of a grid: number (none for a break), text.
    fn rows(&self) -> Vec<(Option<u8>, String)> {
        let clock = |s: u32| format!("{:02}:{:02}", s / 3600, s / 60 % 60);
        let rows = self.bells.rows().into_iter().map(|row| {
            let time = row.time.map(|(a, b)| format!("{}-{}", clock(a), clock(b)));
            match row.kind {
                PeriodKind::Break => (
                    None,
                    format!("{} {}", self.pause(&row.label), time.unwrap_or_default()).trim().to_owned(),
                ),
                _ => (
                    Some(row.no),
                    [Some(self.period(row.no)), time].into_iter().flatten().collect::<Vec<_>>().join("\n"),
                ),
            }
        });
        rows.collect()
    }

    /// Monday to Friday and what else has lessons; in a rotation every day.
    fn days(&self, cells: &[Cell]) -> Vec<u8> {
        match self.names.days {
            7 => (1..=7).filter(|day| *day <= 5 || cells.iter().any(|c| c.day == *day)).collect(),
            days => (1..=days.max(1)).collect(),
        }
    }
}

/// Everybody of a joint lesson, to write it once in a teacher's or room's grid.
fn together(cell: &Cell) -> BTreeSet<ClassId> {
    cell.with.iter().copied().chain([cell.class]).collect()
}
