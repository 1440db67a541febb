//! 班级.

use crate::counter::next_id;
use crate::error::taken;
use crate::named::{Named, uses};
use crate::page::like;
use crate::read::{Q, ReadResult, count, flag, get, row, rows, run, run_or, sql};
use crate::room::{check_room, check_school};
use crate::state::bump_school;
use crate::{AliasNoun, Db, DbError, FeedKind, Listed, Noun, Page, Result, alias, feed};
use model::calendar::ClassInfo;
use model::fault::{Fault, Reason};
use model::school::Class;
use model::{ClassId, GradeId, RoomId, SchoolId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! joined {
    () => {
        "FROM school_class cl JOIN grade gr ON gr.grade_id = cl.grade_id
         LEFT JOIN room r ON r.room_id = cl.room_id "
    };
}

macro_rules! select_class {
    () => {
        concat!(
            "SELECT cl.class_id, cl.school_id, cl.grade_id, gr.stage, gr.name AS grade_name, cl.name, cl.room_id,
             COALESCE(r.name, '') AS room_name, cl.record,
             (SELECT COUNT(*) FROM student st WHERE st.class_id = cl.class_id) AS students ",
            joined!()
        )
    };
}

macro_rules! filter {
    () => {
        "WHERE (CAST($1 AS BIGINT) = 0 OR cl.school_id = $1)
         AND LOWER(gr.stage || gr.name || ' ' || cl.name || ' ' || COALESCE(r.name, '')) LIKE $2 ESCAPE '!' "
    };
}

texts! {
    ADD = "INSERT INTO school_class (class_id, school_id, grade_id, name, room_id, record)
        VALUES ($1, $2, $3, $4, $5, $6)";
    SAVE = "UPDATE school_class SET grade_id = $2, name = $3, room_id = $4, record = $5 WHERE class_id = $1";
    DELETE = "DELETE FROM school_class WHERE class_id = $1";
    GET = concat!(select_class!(), "WHERE cl.class_id = $1");
    OF_SCHOOL = concat!(select_class!(), "WHERE cl.school_id = $1 ORDER BY cl.grade_id, cl.class_id");
    LIST = concat!(select_class!(), filter!(), "ORDER BY cl.grade_id, cl.class_id LIMIT $3 OFFSET $4");
    LIST_COUNT = concat!("SELECT COUNT(*) ", joined!(), filter!());
    GRADE = "SELECT COUNT(*) FROM grade WHERE grade_id = $1";
    ROSTER = "SELECT class_id, grade_id, room_id, record FROM school_class WHERE school_id = $1 ORDER BY class_id";
    /// Students and recorded lessons of this class.
    USES = "SELECT (SELECT COUNT(*) FROM student WHERE class_id = $1)
        + (SELECT COUNT(*) FROM lesson WHERE class_id = $1)";
}

/// A class as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRow {
    /// Its id.
    pub id: ClassId,
    /// 学校.
    pub school_id: SchoolId,
    /// 年级.
    pub grade_id: GradeId,
    /// 年级's 类型, e.g. 小学.
    pub stage: String,
    /// 年级's 名称, e.g. 一年级.
    pub grade_name: String,
    /// 名称, e.g. 1班.
    pub name: String,
    /// Its own room.
    pub room_id: Option<RoomId>,
    /// That room's name; empty when it has none.
    pub room_name: String,
    /// Its lessons are recorded unless a cell or a change says otherwise.
    pub record: bool,
    /// Its students.
    pub students: i64,
}

impl ClassRow {
    /// The class by itself.
    pub fn class(&self) -> Class {
        Class {
            id: self.id,
            school_id: self.school_id,
            grade_id: self.grade_id,
            name: self.name.clone(),
            room_id: self.room_id,
            record: self.record,
        }
    }
}

fn read(r: &AnyRow) -> ReadResult<ClassRow> {
    Ok(ClassRow {
        id: ClassId(get(r, "class_id")?),
        school_id: SchoolId(get(r, "school_id")?),
        grade_id: GradeId(get(r, "grade_id")?),
        stage: get(r, "stage")?,
        grade_name: get(r, "grade_name")?,
        name: get(r, "name")?,
        room_id: get::<Option<i64>>(r, "room_id")?.map(RoomId),
        room_name: get(r, "room_name")?,
        record: flag(r, "record")?,
        students: get(r, "students")?,
    })
}

/// Binds grade, name, room and record.
fn bind<'q>(q: Q<'q>, class: &Class) -> Q<'q> {
    q.bind(class.grade_id.0)
        .bind(class.name.trim().to_owned())
        .bind(class.room_id.map(|id| id.0))
        .bind(i64::from(class.record))
}

async fn load(conn: &mut AnyConnection, id: ClassId) -> Result<ClassRow> {
    let found = row(conn, "reading a class", sql(GET).bind(id.0), read).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Class, id))
}

pub(crate) async fn of_school(conn: &mut AnyConnection, school: SchoolId) -> Result<Vec<ClassRow>> {
    rows(conn, "listing classes", sql(OF_SCHOOL).bind(school.0), read).await
}

/// What the engine needs of the classes of a school, ascending.
pub(crate) async fn roster(conn: &mut AnyConnection, school: SchoolId) -> Result<Vec<ClassInfo>> {
    let read = |r: &AnyRow| {
        Ok(ClassInfo {
            id: ClassId(get(r, "class_id")?),
            grade_id: GradeId(get(r, "grade_id")?),
            room_id: get::<Option<i64>>(r, "room_id")?.map(RoomId),
            record: flag(r, "record")?,
        })
    };
    rows(conn, "reading the classes of a school", sql(ROSTER).bind(school.0), read).await
}

async fn check_grade(conn: &mut AnyConnection, grade: GradeId) -> Result<()> {
    match count(conn, "looking for a grade", sql(GRADE).bind(grade.0)).await? {
        0 => Err(Fault::new("grade_id", Reason::Unknown).into()),
        _ => Ok(()),
    }
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, class: &Class) -> Result<ClassId> {
    const DOING: &str = "adding a class";
    check_school(conn, class.school_id).await?;
    check_grade(conn, class.grade_id).await?;
    check_room(conn, class.school_id, class.room_id).await?;
    let id = next_id(conn, "school_class").await?;
    let add = bind(sql(ADD).bind(id).bind(class.school_id.0), class);
    run_or(conn, add, taken(DOING, Noun::Class)).await?;
    Ok(ClassId(id))
}

/// Saves one within a transaction.
pub(crate) async fn save(conn: &mut AnyConnection, class: &Class) -> Result<()> {
    const DOING: &str = "saving a class";
    let before = load(conn, class.id).await?;
    check_grade(conn, class.grade_id).await?;
    check_room(conn, before.school_id, class.room_id).await?;
    run_or(conn, bind(sql(SAVE).bind(class.id.0), class), taken(DOING, Noun::Class)).await?;
    if (before.grade_id, before.room_id, before.record) != (class.grade_id, class.room_id, class.record) {
        bump_school(conn, before.school_id).await?;
    }
    Ok(())
}

impl Db {
    /// The classes of a school by grade, then age: for menus.
    pub async fn classes(&self, school: SchoolId) -> Result<Vec<ClassRow>> {
        let mut c = self.read("listing classes").await?;
        of_school(&mut c, school).await
    }

    /// A page of classes whose grade, name or room contains `text`.
    pub async fn list_classes(
        &self,
        school: Option<SchoolId>,
        text: &str,
        page: Page,
    ) -> Result<Listed<ClassRow>> {
        const DOING: &str = "listing classes";
        let mut c = self.read(DOING).await?;
        let (school, text) = (school.map_or(0, |id| id.0), like(text));
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(school).bind(text.as_str())).await?;
        let list = sql(LIST).bind(school).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One class.
    pub async fn class(&self, id: ClassId) -> Result<ClassRow> {
        let mut c = self.read("reading a class").await?;
        load(&mut c, id).await
    }

    /// Adds a class; `class.id` is not looked at. [`DbError::Taken`] when the grade of this school has one of this name;
    /// an unknown school, grade or room is a [`DbError::Fault`] of `school_id`, `grade_id` or `room_id`.
    pub async fn add_class(&self, class: &Class) -> Result<ClassId> {
        const DOING: &str = "adding a class";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), class).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves a class, but not its school, which never changes. Another grade, room or 录/不录 raises the state versions
    /// of the school's gatherers. Errors as [`Db::add_class`].
    pub async fn save_class(&self, class: &Class) -> Result<()> {
        const DOING: &str = "saving a class";
        let mut w = self.write(DOING).await?;
        save(w.conn(), class).await?;
        w.commit(DOING).await
    }

    /// Removes a class with its feeds. Refused with [`DbError::InUse`] while it has students or recorded lessons, or a
    /// timetable in force or coming, or a change from today on, names it.
    pub async fn delete_class(&self, id: ClassId) -> Result<()> {
        const DOING: &str = "removing a class";
        let mut w = self.write(DOING).await?;
        let rows = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        let count = rows + uses(w.conn(), Named::Class(id)).await?;
        if count > 0 {
            return Err(DbError::InUse { noun: Noun::Class, count });
        }
        alias::forget(w.conn(), AliasNoun::Class, id.0).await?;
        feed::forget(w.conn(), FeedKind::Class, id.0).await?;
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Class, id));
        }
        w.commit(DOING).await
    }
}
