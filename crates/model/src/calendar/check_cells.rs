//! What is wrong with a timetable by itself: ids, ranges, two cells of a class at one time.

use super::bell::{BellTable, PeriodKind};
use super::check::{FAULTS_MAX, PERIOD_NO_MAX};
use super::grid::{CELLS_MAX, Cell, Timetable};
use super::term::Calendar;
use super::weeks::{WEEK_MAX, Weeks};
use crate::fault::{Fault, Reason, check_range};
use crate::{ClassId, RoomId, SubjectId, TeacherId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most periods on end.
pub const SPAN_MAX: u8 = 4;
/// Most classes taught together with another one: a hall.
pub const WITH_MAX: usize = 20;

/// The ids a school has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// 班级.
    pub classes: BTreeSet<ClassId>,
    /// 科目.
    pub subjects: BTreeSet<SubjectId>,
    /// 教师.
    pub teachers: BTreeSet<TeacherId>,
    /// 教室.
    pub rooms: BTreeSet<RoomId>,
}

impl Known {
    /// `subject`, `teacher` and `room`, where they are named.
    pub(super) fn check(
        &self,
        subject: Option<SubjectId>,
        teacher: Option<TeacherId>,
        room: Option<RoomId>,
    ) -> Result<(), Fault> {
        let unknown = |field| Err(Fault::new(field, Reason::Unknown));
        match () {
            _ if subject.is_some_and(|id| !self.subjects.contains(&id)) => unknown("subject"),
            _ if teacher.is_some_and(|id| !self.teachers.contains(&id)) => unknown("teacher"),
            _ if room.is_some_and(|id| !self.rooms.contains(&id)) => unknown("room"),
            _ => Ok(()),
        }
    }
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellFault {
    /// Its index in the timetable.
    pub cell: usize,
    /// Of two cells that cannot both be, the earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<usize>,
    /// What.
    pub fault: Fault,
}

impl Timetable {
    /// Everything that is wrong, ascending by cell, at most [`FAULTS_MAX`]. Rooms and teachers wanted twice are not faults but
    /// conflicts: [`super::conflict::cell_conflicts`].
    pub fn check(&self, calendar: &Calendar, known: &Known) -> Vec<CellFault> {
        if self.cells.len() > CELLS_MAX {
            let fault = Fault::new("cells", Reason::TooMany { max: CELLS_MAX as u32 });
            return vec![CellFault { cell: CELLS_MAX, other: None, fault }];
        }
        let columns = calendar.columns();
        let tables = calendar.bell_tables.iter();
        let rows: BTreeSet<u8> = tables
            .flat_map(|table| &table.periods)
            .filter(|period| period.kind != PeriodKind::Break)
            .map(|period| period.no)
            .collect();
        let mut faults = Vec::new();
        for (index, cell) in self.cells.iter().enumerate() {
            let found = check_cell(cell, known, columns, &rows);
            faults.extend(found.into_iter().map(|fault| CellFault { cell: index, other: None, fault }));
            if faults.len() >= FAULTS_MAX {
                faults.truncate(FAULTS_MAX);
                return faults;
            }
        }
        faults.extend(self.doubled(calendar));
        faults.sort_by_key(|fault| fault.cell);
        faults.truncate(FAULTS_MAX);
        faults
    }

    /// Cells of a class that run at one time.
    fn doubled(&self, calendar: &Calendar) -> Vec<CellFault> {
        let mut columns: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, cell) in self.cells.iter().enumerate() {
            columns.entry((cell.class, cell.day)).or_default().push((index, cell, cell.weeks.bits()));
        }
        let mut faults = Vec::new();
        for cells in columns.values() {
            for (at, (index, cell, weeks)) in cells.iter().enumerate() {
                let mut meeting = cells.iter().take(at).filter(|(.., others)| weeks & others != 0);
                if let Some((other, ..)) = meeting.find(|(_, other, _)| covers(calendar, cell, other)) {
                    let fault = Fault::new("period", Reason::Doubled);
                    faults.push(CellFault { cell: *index, other: Some(*other), fault });
                }
                if faults.len() >= FAULTS_MAX {
                    return faults;
                }
            }
        }
        faults
    }
}

/// Whether two cells of one column and class share time: one period, or periods that overlap in some bell table.
fn covers(calendar: &Calendar, a: &Cell, b: &Cell) -> bool {
    let overlap = |table: &BellTable| {
        let (a, b) = (table.ring(a.period, a.span)?, table.ring(b.period, b.span)?);
        Some(a.start_s < b.end_s && b.start_s < a.end_s)
    };
    a.period == b.period
        || (a.span > 1 || b.span > 1) && calendar.bell_tables.iter().any(|table| overlap(table) == Some(true))
}

fn check_cell(cell: &Cell, known: &Known, columns: u8, rows: &BTreeSet<u8>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !known.classes.contains(&cell.class) {
        faults.push(Fault::new("class", Reason::Unknown));
    }
    faults.extend(check_range("day", cell.day.into(), 1, columns.into()).err());
    faults.extend(match check_range("period", cell.period.into(), 1, PERIOD_NO_MAX.into()) {
        Ok(_) if !rows.contains(&cell.period) => Some(Fault::new("period", Reason::NoSuchPeriod)),
        checked => checked.err(),
    });
    faults.extend(check_range("span", cell.span.into(), 1, SPAN_MAX.into()).err());
    faults.extend(check_weeks(&cell.weeks).err());
    faults.extend(known.check(Some(cell.subject), cell.teacher, cell.room).err());
    if cell.with.len() > WITH_MAX {
        faults.push(Fault::new("with", Reason::TooMany { max: WITH_MAX as u32 }));
    } else if cell.with.iter().any(|class| !known.classes.contains(class)) {
        faults.push(Fault::new("with", Reason::Unknown));
    } else if cell.with.contains(&cell.class) {
        faults.push(Fault::new("with", Reason::Itself));
    } else if !cell.with.is_sorted_by(|a, b| a < b) {
        faults.push(Fault::new("with", Reason::NotAscending));
    }
    faults
}

fn check_weeks(weeks: &Weeks) -> Result<(), Fault> {
    match weeks {
        Weeks::All | Weeks::Odd | Weeks::Even => Ok(()),
        Weeks::List(list) => {
            let (Some(first), Some(last)) = (list.first(), list.last()) else {
                return Err(Fault::new("weeks", Reason::Required));
            };
            check_range("weeks", (*first).into(), 1, WEEK_MAX.into())?;
            check_range("weeks", (*last).into(), 1, WEEK_MAX.into()).map(|_| ())
        }
        Weeks::Mod { every, from } => {
            check_range("weeks", (*every).into(), 2, 12)?;
            check_range("weeks", (*from).into(), 1, (*every).into()).map(|_| ())
        }
    }
}
