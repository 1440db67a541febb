//! How cells, slots and conflicts are said.

use crate::lang::Lang;
use crate::pages::admin::show::weekday_short;
use crate::pages::admin::trace_words::{Names, or_number, weeks};
use db::Directory;
use model::ClassId;
use model::calendar::conflict::{CellConflict, Wanted};
use model::calendar::{Calendar, Cell, Slot, Weeks};
use std::collections::HashMap;

/// The names of one school.
pub struct Words<'a> {
    /// Language.
    pub l: Lang,
    /// Names by id.
    pub directory: &'a Directory,
    rotation: bool,
    periods: HashMap<u8, &'a str>,
}

impl<'a> Words<'a> {
    /// Of a school with this calendar.
    pub fn new(l: Lang, directory: &'a Directory, calendar: &'a Calendar) -> Self {
        let rows = calendar.bell_tables.iter().flat_map(|table| &table.periods);
        let mut periods = HashMap::new();
        for row in rows {
            periods.entry(row.no).or_insert(row.label.as_str());
        }
        Self { l, directory, rotation: rotates(calendar), periods }
    }

    /// `高中一年级 3班`.
    pub fn class(&self, id: ClassId) -> String {
        or_number(self.directory.class(id), id.0)
    }

    /// 周二; in a rotation 第2天.
    pub fn day(&self, day: u8) -> String {
        match (self.rotation, self.l) {
            (false, _) if (1..=7).contains(&day) => weekday_short(self.l, day % 7).to_owned(),
            (_, Lang::Zh) => format!("第{day}天"),
            (_, Lang::En) => format!("Day {day}"),
        }
    }

    /// 第3节, as the bell table calls it.
    pub fn period(&self, no: u8) -> String {
        match (self.periods.get(&no), self.l) {
            (Some(label), _) => (*label).to_owned(),
            (None, Lang::Zh) => format!("第{no}节"),
            (None, Lang::En) => format!("period {no}"),
        }
    }

    /// `高中一年级 3班 周二 第3节`.
    pub fn slot(&self, slot: Slot) -> String {
        format!("{} {} {}", self.class(slot.class), self.day(slot.day), self.period(slot.period))
    }

    /// `周二 第3节`.
    pub fn place(&self, slot: Slot) -> String {
        format!("{} {}", self.day(slot.day), self.period(slot.period))
    }

    /// `数学 王芳 301 单周 录`: what differs from the plain.
    pub fn cell(&self, cell: &Cell) -> String {
        let names = self.directory;
        let mut parts = vec![or_number(names.subject(cell.subject), cell.subject.0)];
        parts.extend(cell.teacher.map(|id| or_number(names.teacher(id), id.0)));
        parts.extend(cell.room.map(|id| or_number(names.room(id), id.0)));
        if cell.weeks != Weeks::All {
            parts.push(self.l.of(&weeks(&cell.weeks)).to_owned());
        }
        if cell.span > 1 {
            parts.push(match self.l {
                Lang::Zh => format!("连堂 {} 节", cell.span),
                Lang::En => format!("{} periods", cell.span),
            });
        }
        if !cell.with.is_empty() {
            let with: Vec<String> = cell.with.iter().map(|id| self.class(*id)).collect();
            parts.push(format!("{} {}", self.l.t("合班", "joint with"), with.join(self.l.t("、", ", "))));
        }
        parts.extend(cell.record.map(|on| {
            if on { self.l.t("录", "recorded") } else { self.l.t("不录", "not recorded") }.to_owned()
        }));
        parts.join(" ")
    }

    /// All lessons of a slot; empty when it is free.
    pub fn cells(&self, cells: &[Cell]) -> String {
        let texts: Vec<String> = cells.iter().map(|cell| self.cell(cell)).collect();
        texts.join(self.l.t("；", "; "))
    }

    /// Who or what is wanted twice, and by whom.
    pub fn conflict(&self, conflict: &CellConflict) -> String {
        let CellConflict { wanted, a, b } = conflict;
        let one = |cell: &Cell| {
            let subject = or_number(self.directory.subject(cell.subject), cell.subject.0);
            let teacher = cell.teacher.filter(|_| *wanted != Wanted::Teacher);
            let teacher = teacher.and_then(|id| self.directory.teacher(id)).unwrap_or_default();
            format!("{} {subject} {teacher}", self.slot(cell.slot())).trim_end().to_owned()
        };
        let what = match wanted {
            Wanted::Class => self.l.t("班级同时有两节课", "The class has two lessons at once").to_owned(),
            Wanted::Room => {
                let class = self.directory.classes.iter().find(|class| class.id == a.class);
                let room = a.room.or_else(|| class?.room_id).and_then(|id| self.directory.room(id));
                format!("{} {}", self.l.t("同一教室", "One room"), room.unwrap_or_default())
            }
            Wanted::Teacher => {
                let name = a.teacher.and_then(|id| self.directory.teacher(id)).unwrap_or_default();
                format!("{} {name}", self.l.t("同一教师", "One teacher"))
            }
        };
        match self.l {
            Lang::Zh => format!("{what}：{} 与 {}", one(a), one(b)),
            Lang::En => format!("{what}: {} and {}", one(a), one(b)),
        }
    }
}

/// Whether columns are days of a cycle.
pub fn rotates(calendar: &Calendar) -> bool {
    calendar.terms.iter().any(|term| term.rotation.is_some())
}
