//! What timetables and changes name: nothing that is named can be removed, nothing that is gone can be named.

use crate::change::unrevoked;
use crate::read::{get, rows, sql};
use crate::timetable::{document_of, in_force, stamps};
use crate::{Result, class, room, setting};
use jiff::Timestamp;
use jiff::civil::Date;
use model::calendar::{Cell, Op};
use model::fault::{Fault, Reason};
use model::{ClassId, RoomId, SchoolId, SubjectId, TeacherId};
use sqlx::AnyConnection;
use std::collections::{BTreeSet, HashSet};

texts! {
    SUBJECTS = "SELECT subject_id AS id FROM subject";
    TEACHERS = "SELECT teacher_id AS id FROM teacher";
}

/// A row that plans may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Class(ClassId),
    Teacher(TeacherId),
    Subject(SubjectId),
    Room(RoomId),
}

impl Named {
    fn in_cell(self, cell: &Cell) -> bool {
        match self {
            Named::Class(id) => cell.class == id || cell.with.contains(&id),
            Named::Teacher(id) => cell.teacher == Some(id),
            Named::Subject(id) => cell.subject == id,
            Named::Room(id) => cell.room == Some(id),
        }
    }

    fn in_op(self, op: &Op) -> bool {
        let names = Names::of_op(op);
        match self {
            Named::Class(id) => names.classes.contains(&id),
            Named::Teacher(id) => names.teachers.contains(&id),
            Named::Subject(id) => names.subjects.contains(&id),
            Named::Room(id) => names.rooms.contains(&id),
        }
    }
}

/// Cells of the timetables in force today or later, and changes of today or later, that name a row, in all schools.
pub(crate) async fn uses(conn: &mut AnyConnection, named: Named) -> Result<i64> {
    let zone = setting::load(conn).await?.zone()?;
    let today = Timestamp::now().to_zoned(zone).date();
    let changes = unrevoked(conn, None, today).await?;
    let mut found = changes.iter().filter(|change| named.in_op(&change.op)).count();
    let all = stamps(conn, None).await?;
    let schools: BTreeSet<SchoolId> = all.iter().map(|stamp| stamp.school).collect();
    for school in schools {
        let own: Vec<_> = all.iter().filter(|stamp| stamp.school == school).copied().collect();
        for stamp in in_force(&own, today, Date::MAX) {
            let timetable = document_of(conn, school, stamp.no).await?;
            found += timetable.cells.iter().filter(|cell| named.in_cell(cell)).count();
        }
    }
    Ok(found as i64)
}

/// Everything that cells or an operation name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    classes: HashSet<ClassId>,
    teachers: HashSet<TeacherId>,
    subjects: HashSet<SubjectId>,
    rooms: HashSet<RoomId>,
}

impl Names {
    pub(crate) fn of_cells(cells: &[Cell]) -> Self {
        let mut names = Self::default();
        for cell in cells {
            names.classes.insert(cell.class);
            names.classes.extend(&cell.with);
            names.teachers.extend(cell.teacher);
            names.subjects.insert(cell.subject);
            names.rooms.extend(cell.room);
        }
        names
    }

    pub(crate) fn of_op(op: &Op) -> Self {
        let mut names =
            Self { classes: op.lessons().iter().map(|lesson| lesson.class).collect(), ..Self::default() };
        match op {
            Op::Substitute { teacher, subject, room, .. } => {
                names.teachers.extend(teacher);
                names.subjects.extend(subject);
                names.rooms.extend(room);
            }
            Op::Extra { subject, teacher, room, .. } => {
                names.subjects.insert(*subject);
                names.teachers.extend(teacher);
                names.rooms.extend(room);
            }
            Op::Move { room, .. } => names.rooms.extend(room),
            Op::Cancel { .. } | Op::Swap { .. } | Op::Retime { .. } | Op::Record { .. } => {}
        }
        names
    }

    /// Classes and rooms must be the school's, subjects and teachers the site's; else a [`Fault`] of `class`, `room`,
    /// `subject` or `teacher`. The caller holds the writers' turn.
    pub(crate) async fn check(&self, conn: &mut AnyConnection, school: SchoolId) -> Result<()> {
        let classes = class::roster(conn, school).await?.into_iter().map(|class| class.id).collect();
        known("class", &self.classes, &classes)?;
        let rooms = room::of_school(conn, school).await?.into_iter().map(|room| room.id).collect();
        known("room", &self.rooms, &rooms)?;
        known("subject", &self.subjects, &ids(conn, SUBJECTS, SubjectId).await?)?;
        known("teacher", &self.teachers, &ids(conn, TEACHERS, TeacherId).await?)
    }
}

async fn ids<T: std::hash::Hash + Eq>(
    conn: &mut AnyConnection,
    text: &'static str,
    id: impl Fn(i64) -> T,
) -> Result<HashSet<T>> {
    let found = rows(conn, "listing ids", sql(text), |r| get::<i64>(r, "id")).await?;
    Ok(found.into_iter().map(id).collect())
}

fn known<T: std::hash::Hash + Eq>(
    field: &'static str,
    wanted: &HashSet<T>,
    known: &HashSet<T>,
) -> Result<()> {
    match wanted.is_subset(known) {
        true => Ok(()),
        false => Err(Fault::new(field, Reason::Unknown).into()),
    }
}
