//! The end of an import: everything it makes and publishes, in one transaction. Sent twice, it is done once.

use crate::import_job::{finish, result_of};
use crate::room::NewRoom;
use crate::timetable::{NewVersion, publish};
use crate::{
    Alias, AliasNoun, Db, DbError, Result, alias, class, grade, room, school, student, subject, teacher,
};
use model::calendar::{Cell, Timetable};
use model::fault::{Fault, Reason};
use model::school::{Class, Grade, Room, School, Student, Subject, Teacher};
use model::{ClassId, GradeId, RoomId, SchoolId, StudentId, SubjectId, TeacherId, UserId};
use sqlx::AnyConnection;
use std::collections::BTreeMap;

/// Most rows of basic data in one import: four times the largest school.
pub const BASIC_ROWS_MAX: usize = 20_000;

/// A name that the timetable needs and the school has not. Its stand-in is a negative id in the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportName {
    /// 班级.
    Class {
        /// Its grade.
        grade_id: GradeId,
        /// 名称.
        name: String,
    },
    /// 科目.
    Subject(String),
    /// 教师.
    Teacher(String),
    /// 教室.
    Room(String),
}

/// A timetable with the names it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImported {
    /// What to publish; its cells may name stand-ins.
    pub version: NewVersion,
    /// What to make: stand-in and name.
    pub names: Vec<(i64, ImportName)>,
    /// Spellings to remember; targets may be stand-ins.
    pub aliases: Vec<Alias>,
}

/// One row of basic data. Id 0 = to be added, else every field of that row is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BasicRow {
    /// 学校.
    School(School),
    /// 年级.
    Grade(Grade),
    /// 科目.
    Subject(Subject),
    /// 教师.
    Teacher(Teacher),
    /// 教室.
    Room(Room),
    /// 班级.
    Class(Class),
    /// 学生.
    Student(Student),
}

/// Where the stand-ins of an import went.
#[derive(Default)]
struct Made {
    classes: BTreeMap<i64, i64>,
    subjects: BTreeMap<i64, i64>,
    teachers: BTreeMap<i64, i64>,
    rooms: BTreeMap<i64, i64>,
    new_classes: Vec<Class>,
}

/// Where a class has more than half of its lessons: its own room, as far as a file can say. Without one, an extra lesson
/// of a class that was just imported would have no camera.
fn usual_room(cells: &[Cell], class: ClassId) -> Option<RoomId> {
    let own: Vec<&Cell> = cells.iter().filter(|cell| cell.class == class).collect();
    let mut counts: BTreeMap<RoomId, usize> = BTreeMap::new();
    for room in own.iter().filter_map(|cell| cell.room) {
        *counts.entry(room).or_default() += 1;
    }
    counts.into_iter().find(|(_, count)| count * 2 > own.len()).map(|(room, _)| room)
}

fn settle(made: &BTreeMap<i64, i64>, field: &'static str, id: i64) -> Result<i64> {
    if id > 0 {
        return Ok(id);
    }
    made.get(&id).copied().ok_or_else(|| Fault::new(field, Reason::Unknown).into())
}

impl Made {
    async fn make(
        conn: &mut AnyConnection,
        school_id: SchoolId,
        names: &[(i64, ImportName)],
    ) -> Result<Self> {
        let mut made = Self::default();
        for (stand_in, name) in names {
            match name {
                ImportName::Class { grade_id, name } => {
                    let (id, grade_id, name) = (ClassId(0), *grade_id, name.clone());
                    let new = Class { id, school_id, grade_id, name, room_id: None, record: true };
                    let id = class::add(conn, &new).await?;
                    made.classes.insert(*stand_in, id.0);
                    made.new_classes.push(Class { id, ..new });
                }
                ImportName::Subject(name) => {
                    let new = Subject { id: SubjectId(0), name: name.clone() };
                    made.subjects.insert(*stand_in, subject::add(conn, &new).await?.0);
                }
                ImportName::Teacher(name) => {
                    let (id, name) = (TeacherId(0), name.clone());
                    let new = Teacher { id, name, sex: 0, title: 2, about: String::new() };
                    made.teachers.insert(*stand_in, teacher::add(conn, &new).await?.0);
                }
                ImportName::Room(name) => {
                    let new = NewRoom { school_id, name: name.clone() };
                    made.rooms.insert(*stand_in, room::add(conn, &new).await?.0);
                }
            }
        }
        Ok(made)
    }

    fn cell(&self, cell: &Cell) -> Result<Cell> {
        let class = |id: ClassId| settle(&self.classes, "class", id.0).map(ClassId);
        let teacher = |id: TeacherId| settle(&self.teachers, "teacher", id.0).map(TeacherId);
        let room = |id: RoomId| settle(&self.rooms, "room", id.0).map(RoomId);
        let mut with = cell.with.iter().map(|id| class(*id)).collect::<Result<Vec<_>>>()?;
        with.sort();
        Ok(Cell {
            class: class(cell.class)?,
            subject: SubjectId(settle(&self.subjects, "subject", cell.subject.0)?),
            teacher: cell.teacher.map(teacher).transpose()?,
            room: cell.room.map(room).transpose()?,
            with,
            ..cell.clone()
        })
    }

    fn alias(&self, alias: &Alias) -> Result<Alias> {
        let none = BTreeMap::new();
        let made = match alias.noun {
            AliasNoun::Class => &self.classes,
            AliasNoun::Subject => &self.subjects,
            AliasNoun::Teacher => &self.teachers,
            AliasNoun::Room => &self.rooms,
            AliasNoun::Grade => &none,
        };
        Ok(Alias { target: settle(made, "text", alias.target)?, ..alias.clone() })
    }
}

impl Db {
    /// Makes the names (a new class gets the room of most of its lessons as its own), remembers the aliases and publishes the timetable, all or nothing; gives the version's number. An
    /// import that was published before gives that number again and changes nothing.
    ///
    /// Errors as [`Db::publish_timetable`]; [`DbError::Taken`] when somebody made a name of the same kind meanwhile.
    pub async fn publish_import(
        &self,
        job: i64,
        school: SchoolId,
        new: &NewImported,
        by: UserId,
        now_ms: i64,
    ) -> Result<i64> {
        const DOING: &str = "publishing an import";
        let mut w = self.write(DOING).await?;
        if let Some(no) = result_of(w.conn(), job, by).await? {
            return Ok(no);
        }
        let made = Made::make(w.conn(), school, &new.names).await?;
        let cells = new.version.timetable.cells.iter().map(|cell| made.cell(cell));
        let timetable = Timetable { cells: cells.collect::<Result<_>>()? };
        for class in &made.new_classes {
            let room_id = usual_room(&timetable.cells, class.id);
            class::save(w.conn(), &Class { room_id, ..class.clone() }).await?;
        }
        let version = NewVersion { timetable, ..new.version.clone() };
        let no = publish(w.conn(), school, &version, by, now_ms).await?;
        for spelling in &new.aliases {
            alias::put(w.conn(), school, &made.alias(spelling)?).await?;
        }
        finish(w.conn(), job, no, now_ms).await?;
        w.commit(DOING).await?;
        Ok(no)
    }

    /// Writes rows of basic data, all or none; nothing is ever removed. Gives how many were written; an import that was
    /// written before gives that number again and changes nothing. More than [`BASIC_ROWS_MAX`] are a [`Fault`] of
    /// `rows`; other errors as those of each noun's own functions.
    pub async fn apply_basic(&self, job: i64, rows: &[BasicRow], by: UserId, now_ms: i64) -> Result<i64> {
        const DOING: &str = "importing basic data";
        if rows.len() > BASIC_ROWS_MAX {
            return Err(Fault::new("rows", Reason::TooLong { max: BASIC_ROWS_MAX as u32 }).into());
        }
        let mut w = self.write(DOING).await?;
        if let Some(written) = result_of(w.conn(), job, by).await? {
            return Ok(written);
        }
        for row in rows {
            put(w.conn(), row).await?;
        }
        let written = rows.len() as i64;
        finish(w.conn(), job, written, now_ms).await?;
        w.commit(DOING).await?;
        Ok(written)
    }
}

/// Adds or saves one row. A room, subject or grade is nothing but its name, so there is nothing to save.
async fn put(conn: &mut AnyConnection, row: &BasicRow) -> Result<()> {
    match row {
        BasicRow::School(new) if new.id == SchoolId(0) => school::add(conn, new).await.map(|_| ()),
        BasicRow::School(old) => school::save(conn, old).await,
        BasicRow::Grade(new) if new.id == GradeId(0) => grade::add(conn, new).await.map(|_| ()),
        BasicRow::Subject(new) if new.id == SubjectId(0) => subject::add(conn, new).await.map(|_| ()),
        BasicRow::Teacher(new) if new.id == TeacherId(0) => teacher::add(conn, new).await.map(|_| ()),
        BasicRow::Teacher(old) => teacher::save(conn, old).await,
        BasicRow::Room(new) if new.id == RoomId(0) => {
            let new = NewRoom { school_id: new.school_id, name: new.name.clone() };
            room::add(conn, &new).await.map(|_| ())
        }
        BasicRow::Class(new) if new.id == ClassId(0) => class::add(conn, new).await.map(|_| ()),
        BasicRow::Class(old) => class::save(conn, old).await,
        BasicRow::Student(new) if new.id == StudentId(0) => student::add(conn, new).await.map(|_| ()),
        BasicRow::Student(old) => student::save(conn, old).await,
        BasicRow::Grade(_) | BasicRow::Subject(_) | BasicRow::Room(_) => {
            Err(DbError::Fault(Fault::new("name", Reason::Taken)))
        }
    }
}
