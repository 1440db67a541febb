//! The lessons of some dates while they are being made: what the timetable gives, before and after the changes
//! (docs/timetable.md §3).

use super::book::{Book, Version};
use super::change::Op;
use super::column::{Column, Head};
use super::grid::Cell;
use super::key::LessonId;
use super::lesson::Absent;
use super::trace::{BellsBy, RecordBy, Step};
use crate::{ChannelId, ClassId, GradeId, RoomId, SubjectId, TeacherId};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What a lesson carries; a swap exchanges it, a move takes it along.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub subject: SubjectId,
    pub teacher: Option<TeacherId>,
    /// Absent = the class's own.
    pub room: Option<RoomId>,
    pub with: Vec<ClassId>,
    /// 录/不录 by a change or the cell; absent = as the class has it.
    pub record: Option<(bool, RecordBy)>,
}

/// A lesson in the making.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub content: Content,
    pub span: u8,
    pub label: String,
    pub start_s: u32,
    pub end_s: u32,
    pub trace: Vec<Step>,
}

/// A date in the making.
pub(super) struct DayPlan {
    pub head: Head,
    pub held: BTreeMap<LessonId, Made>,
    pub absent: Vec<Absent>,
    /// Table, and why, of every grade asked for so far.
    bells: BTreeMap<Option<GradeId>, Option<(usize, BellsBy)>>,
}

/// What the engine looks up of a class.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub grade: GradeId,
    pub room: Option<RoomId>,
    pub record: bool,
}

/// Dates in the making. Changes are applied to all of them together.
pub(super) struct Plan<'a> {
    pub book: &'a Book,
    pub days: BTreeMap<Date, DayPlan>,
    pub classes: BTreeMap<ClassId, Facts>,
    pub channels: BTreeMap<RoomId, BTreeSet<ChannelId>>,
}

/// `dates` and every date that a chain of changes connects with one of them.
fn connected(book: &Book, dates: impl IntoIterator<Item = Date>) -> BTreeSet<Date> {
    let mut neighbours: BTreeMap<Date, Vec<Date>> = BTreeMap::new();
    for change in &book.changes {
        if let Op::Move { lesson: a, to: b, .. } | Op::Swap { a, b } = &change.op
            && a.date != b.date
        {
            neighbours.entry(a.date).or_default().push(b.date);
            neighbours.entry(b.date).or_default().push(a.date);
        }
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<Date> = dates.into_iter().collect();
    while let Some(date) = open.pop() {
        if found.insert(date) {
            open.extend(neighbours.get(&date).into_iter().flatten());
        }
    }
    found
}

impl<'a> Plan<'a> {
    /// Makes `dates`, and all that they depend on, and applies the changes.
    pub fn new(book: &'a Book, dates: impl IntoIterator<Item = Date>) -> Self {
        let known = |class: &super::book::ClassInfo| {
            (class.id, Facts { grade: class.grade_id, room: class.room_id, record: class.record })
        };
        let mut channels: BTreeMap<RoomId, BTreeSet<ChannelId>> = BTreeMap::new();
        for channel in &book.roster.channels {
            if let Some(room) = channel.room_id {
                channels.entry(room).or_default().insert(channel.id);
            }
        }
        let classes = book.roster.classes.iter().map(known).collect();
        let mut plan = Self { book, days: BTreeMap::new(), classes, channels };
        for date in connected(book, dates) {
            plan.lay_out(date);
        }
        plan.apply_changes();
        plan
    }

    fn version(&self, date: Date) -> Option<&'a Version> {
        let begun = self.book.versions.iter().filter(|version| version.from <= date);
        begun.max_by_key(|version| (version.from, version.no))
    }

    /// What the timetable gives on a date.
    fn lay_out(&mut self, date: Date) {
        let mut head = self.book.calendar.head(date);
        let column = head.column;
        let version = column.and_then(|_| self.version(date));
        if column.is_some() {
            head.steps.push(match version {
                Some(version) => Step::Version { no: version.no, from: version.from },
                None => Step::NoVersion,
            });
        }
        let day = DayPlan { head, held: BTreeMap::new(), absent: Vec::new(), bells: BTreeMap::new() };
        self.days.insert(date, day);
        if let (Some(column), Some(version)) = (column, version) {
            let cells = version.timetable.cells.iter().filter(|cell| cell.day == column.day);
            let mut taken = BTreeSet::new();
            for cell in cells {
                let id = LessonId { class: cell.class, date, period: cell.period, n: 0 };
                self.lay_cell(id, column, cell, &mut taken);
            }
        }
    }

    fn lay_cell(&mut self, id: LessonId, column: Column, cell: &Cell, taken: &mut BTreeSet<LessonId>) {
        let mut trace = Vec::new();
        if cell.weeks != super::weeks::Weeks::All {
            let runs = cell.weeks.has(column.week);
            trace.push(Step::Weeks { weeks: cell.weeks.clone(), week: column.week, runs });
            if !runs {
                return self.leave_out(id, cell.subject, trace);
            }
        }
        if !taken.insert(id) {
            trace.push(Step::Doubled);
            return self.leave_out(id, cell.subject, trace);
        }
        let content = Content {
            subject: cell.subject,
            teacher: cell.teacher,
            room: cell.room,
            with: cell.with.clone(),
            record: cell.record.map(|on| (on, RecordBy::Cell)),
        };
        self.hold(id, cell.span, content, None, trace);
    }

    /// Gives a lesson its times, those of its period unless `times` are named, and holds it; without any it is absent.
    pub fn hold(
        &mut self,
        id: LessonId,
        span: u8,
        content: Content,
        times: Option<(u32, u32)>,
        mut trace: Vec<Step>,
    ) {
        let table = self.table(id);
        if let Some((table, by)) = &table {
            trace.push(Step::Bells { table: table.name.clone(), by: by.clone() });
        }
        let ring = table.as_ref().and_then(|(table, _)| table.ring(id.period, span));
        let Some((start_s, end_s)) = times.or(ring.map(|ring| (ring.start_s, ring.end_s))) else {
            trace.push(Step::NoPeriod { period: id.period });
            return self.leave_out(id, content.subject, trace);
        };
        trace.push(Step::Times { start_s, end_s });
        let row = table.as_ref().and_then(|(table, _)| table.period(id.period));
        let label = row.map(|period| period.label.clone()).unwrap_or_default();
        if let Some(day) = self.days.get_mut(&id.date) {
            day.held.insert(id, Made { content, span, label, start_s, end_s, trace });
        }
    }

    fn table(&mut self, id: LessonId) -> Option<(&'a super::bell::BellTable, BellsBy)> {
        let calendar = &self.book.calendar;
        let grade = self.classes.get(&id.class).map(|class| class.grade);
        let bells = &mut self.days.get_mut(&id.date)?.bells;
        let found = bells.entry(grade).or_insert_with(|| {
            let (table, by) = calendar.bells(id.date, grade)?;
            Some((calendar.bell_tables.iter().position(|other| other.id == table.id)?, by))
        });
        let (index, by) = found.as_ref()?;
        Some((calendar.bell_tables.get(*index)?, by.clone()))
    }

    /// Whether a lesson of that name would have a period.
    pub fn rings(&mut self, id: LessonId) -> bool {
        self.table(id).is_some_and(|(table, _)| table.ring(id.period, 1).is_some())
    }

    /// Whether the lesson is held as far as the changes have been applied.
    pub fn is_held(&self, id: LessonId) -> bool {
        self.days.get(&id.date).is_some_and(|day| day.held.contains_key(&id))
    }

    /// Notes a lesson that is not held; the last step says why.
    pub fn leave_out(&mut self, id: LessonId, subject: SubjectId, trace: Vec<Step>) {
        if let Some(day) = self.days.get_mut(&id.date) {
            day.absent.push(Absent { id, subject, trace });
        }
    }
}
