//! 教师.

use crate::counter::next_id;
use crate::named::{Named, uses};
use crate::page::like;
use crate::read::{ReadResult, count, get, number, row, rows, run, sql};
use crate::{AliasNoun, Db, DbError, FeedKind, Listed, Noun, Page, Result, alias, feed};
use model::TeacherId;
use model::school::Teacher;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO teacher (teacher_id, name, sex, title, about) VALUES ($1, $2, $3, $4, $5)";
    SAVE = "UPDATE teacher SET name = $2, sex = $3, title = $4, about = $5 WHERE teacher_id = $1";
    DELETE = "DELETE FROM teacher WHERE teacher_id = $1";
    GET = "SELECT teacher_id, name, sex, title, about FROM teacher WHERE teacher_id = $1";
    ALL = "SELECT teacher_id, name, sex, title, about FROM teacher ORDER BY teacher_id";
    LIST = "SELECT teacher_id, name, sex, title, about FROM teacher WHERE LOWER(name) LIKE $1 ESCAPE '!' ORDER BY teacher_id LIMIT $2 OFFSET $3";
    LIST_COUNT = "SELECT COUNT(*) FROM teacher WHERE LOWER(name) LIKE $1 ESCAPE '!'";
    /// Ranges and recorded lessons of this teacher.
    USES = "SELECT (SELECT COUNT(*) FROM weekly_range WHERE teacher_id = $1) + (SELECT COUNT(*) FROM lesson WHERE teacher_id = $1)";
}

fn read(r: &AnyRow) -> ReadResult<Teacher> {
    Ok(Teacher {
        id: TeacherId(get(r, "teacher_id")?),
        name: get(r, "name")?,
        sex: number(r, "sex")?,
        title: number(r, "title")?,
        about: get(r, "about")?,
    })
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, teacher: &Teacher) -> Result<TeacherId> {
    const DOING: &str = "adding a teacher";
    let id = next_id(conn, "teacher").await?;
    let add = sql(ADD)
        .bind(id)
        .bind(teacher.name.as_str())
        .bind(i64::from(teacher.sex))
        .bind(i64::from(teacher.title))
        .bind(teacher.about.as_str());
    run(conn, DOING, add).await?;
    Ok(TeacherId(id))
}

/// Saves one within a transaction.
pub(crate) async fn save(conn: &mut AnyConnection, teacher: &Teacher) -> Result<()> {
    const DOING: &str = "saving a teacher";
    let save = sql(SAVE)
        .bind(teacher.id.0)
        .bind(teacher.name.as_str())
        .bind(i64::from(teacher.sex))
        .bind(i64::from(teacher.title))
        .bind(teacher.about.as_str());
    match run(conn, DOING, save).await? {
        0 => Err(DbError::not_found(Noun::Teacher, teacher.id)),
        _ => Ok(()),
    }
}

impl Db {
    /// Every teacher, oldest first: for menus.
    pub async fn all_teachers(&self) -> Result<Vec<Teacher>> {
        const DOING: &str = "listing teachers";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(ALL), read).await
    }

    /// A page of the teachers whose name contains `text`; empty text gives all.
    pub async fn list_teachers(&self, text: &str, page: Page) -> Result<Listed<Teacher>> {
        const DOING: &str = "listing teachers";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(text.as_str())).await?;
        let list = sql(LIST).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One teacher.
    pub async fn teacher(&self, id: TeacherId) -> Result<Teacher> {
        const DOING: &str = "reading a teacher";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Teacher, id))
    }

    /// Adds a teacher and gives its id; `teacher.id` is not looked at.
    pub async fn add_teacher(&self, teacher: &Teacher) -> Result<TeacherId> {
        const DOING: &str = "adding a teacher";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), teacher).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a teacher.
    pub async fn save_teacher(&self, teacher: &Teacher) -> Result<()> {
        const DOING: &str = "saving a teacher";
        let mut s = self.single(DOING).await?;
        save(s.conn(), teacher).await
    }

    /// Removes a teacher. Refused with [`DbError::InUse`] while a range or a recorded lesson is of them, or
    /// a timetable in force or coming, or a change from today on, names them; their feeds end.
    pub async fn delete_teacher(&self, id: TeacherId) -> Result<()> {
        const DOING: &str = "removing a teacher";
        let mut w = self.write(DOING).await?;
        let rows = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        let count = rows + uses(w.conn(), Named::Teacher(id)).await?;
        if count > 0 {
            return Err(DbError::InUse { noun: Noun::Teacher, count });
        }
        alias::forget(w.conn(), AliasNoun::Teacher, id.0).await?;
        feed::forget(w.conn(), FeedKind::Teacher, id.0).await?;
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Teacher, id));
        }
        w.commit(DOING).await
    }
}
