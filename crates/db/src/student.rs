//! 学生.

use crate::counter::next_id;
use crate::error::taken;
use crate::page::like;
use crate::read::{Q, ReadResult, count, get, number, row, rows, run, run_or, sql};
use crate::{Db, DbError, Listed, Noun, Page, Result};
use model::fault::{Fault, Reason};
use model::school::Student;
use model::{ClassId, SchoolId, StudentId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! joined {
    () => {
        "FROM student st JOIN school_class cl ON cl.class_id = st.class_id JOIN grade gr ON gr.grade_id = cl.grade_id "
    };
}

macro_rules! select_student {
    () => {
        concat!(
            "SELECT st.student_id, st.school_id, st.class_id, st.number, st.name, st.sex, cl.name AS class_name,
             gr.stage, gr.name AS grade_name ",
            joined!()
        )
    };
}

macro_rules! filter {
    () => {
        "WHERE st.school_id = $1 AND (CAST($2 AS BIGINT) = 0 OR st.class_id = $2)
         AND LOWER(st.number || ' ' || st.name) LIKE $3 ESCAPE '!' "
    };
}

texts! {
    ADD = "INSERT INTO student (student_id, school_id, class_id, number, name, sex) VALUES ($1, $2, $3, $4, $5, $6)";
    SAVE = "UPDATE student SET school_id = $2, class_id = $3, number = $4, name = $5, sex = $6 WHERE student_id = $1";
    DELETE = "DELETE FROM student WHERE student_id = $1";
    GET = concat!(select_student!(), "WHERE st.student_id = $1");
    LIST = concat!(select_student!(), filter!(), "ORDER BY st.class_id, st.number, st.student_id LIMIT $4 OFFSET $5");
    LIST_COUNT = concat!("SELECT COUNT(*) ", joined!(), filter!());
    SCHOOL = "SELECT school_id FROM school_class WHERE class_id = $1";
}

/// A student as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentRow {
    /// Its id.
    pub id: StudentId,
    /// 学校 of the class.
    pub school_id: SchoolId,
    /// 班级.
    pub class_id: ClassId,
    /// 班级's 名称, e.g. 1班.
    pub class_name: String,
    /// 年级's 类型, e.g. 小学.
    pub stage: String,
    /// 年级's 名称, e.g. 一年级.
    pub grade_name: String,
    /// 学号, once in a school.
    pub number: String,
    /// 姓名.
    pub name: String,
    /// 性别: 0 男, 1 女.
    pub sex: u8,
}

fn read(r: &AnyRow) -> ReadResult<StudentRow> {
    Ok(StudentRow {
        id: StudentId(get(r, "student_id")?),
        school_id: SchoolId(get(r, "school_id")?),
        class_id: ClassId(get(r, "class_id")?),
        class_name: get(r, "class_name")?,
        stage: get(r, "stage")?,
        grade_name: get(r, "grade_name")?,
        number: get(r, "number")?,
        name: get(r, "name")?,
        sex: number(r, "sex")?,
    })
}

/// Binds id, school, class, number, name, sex.
fn bind(text: &'static str, id: i64, school: SchoolId, student: &Student) -> Q<'static> {
    sql(text)
        .bind(id)
        .bind(school.0)
        .bind(student.class_id.0)
        .bind(student.number.trim().to_owned())
        .bind(student.name.trim().to_owned())
        .bind(i64::from(student.sex))
}

async fn school_of(conn: &mut AnyConnection, class: ClassId) -> Result<SchoolId> {
    let q = sql(SCHOOL).bind(class.0);
    let found = row(conn, "looking for a class", q, |r| Ok(SchoolId(get(r, "school_id")?))).await?;
    found.ok_or_else(|| Fault::new("class_id", Reason::Unknown).into())
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, student: &Student) -> Result<StudentId> {
    const DOING: &str = "adding a student";
    let school = school_of(conn, student.class_id).await?;
    let id = next_id(conn, "student").await?;
    run_or(conn, bind(ADD, id, school, student), taken(DOING, Noun::Student)).await?;
    Ok(StudentId(id))
}

/// Saves one within a transaction.
pub(crate) async fn save(conn: &mut AnyConnection, student: &Student) -> Result<()> {
    const DOING: &str = "saving a student";
    let school = school_of(conn, student.class_id).await?;
    let save = bind(SAVE, student.id.0, school, student);
    if run_or(conn, save, taken(DOING, Noun::Student)).await? == 0 {
        return Err(DbError::not_found(Noun::Student, student.id));
    }
    Ok(())
}

impl Db {
    /// A page of the students of a school whose number or name contains `text`, by class and number.
    pub async fn list_students(
        &self,
        school: SchoolId,
        class: Option<ClassId>,
        text: &str,
        page: Page,
    ) -> Result<Listed<StudentRow>> {
        const DOING: &str = "listing students";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let filtered = |text_const: &'static str| {
            sql(text_const).bind(school.0).bind(class.map_or(0, |id| id.0)).bind(text.as_str())
        };
        let total = count(&mut c, DOING, filtered(LIST_COUNT)).await?;
        let list = filtered(LIST).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One student.
    pub async fn student(&self, id: StudentId) -> Result<StudentRow> {
        const DOING: &str = "reading a student";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Student, id))
    }

    /// Adds a student; `student.id` is not looked at. [`DbError::Taken`] when the school has one of this number; an
    /// unknown class is a [`DbError::Fault`] of `class_id`.
    pub async fn add_student(&self, student: &Student) -> Result<StudentId> {
        const DOING: &str = "adding a student";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), student).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a student. Errors as [`Db::add_student`].
    pub async fn save_student(&self, student: &Student) -> Result<()> {
        const DOING: &str = "saving a student";
        let mut w = self.write(DOING).await?;
        save(w.conn(), student).await?;
        w.commit(DOING).await
    }

    /// Removes a student.
    pub async fn delete_student(&self, id: StudentId) -> Result<()> {
        const DOING: &str = "removing a student";
        let mut s = self.single(DOING).await?;
        match run(s.conn(), DOING, sql(DELETE).bind(id.0)).await? {
            0 => Err(DbError::not_found(Noun::Student, id)),
            _ => Ok(()),
        }
    }
}
