//! 科目.

use crate::counter::next_id;
use crate::error::taken;
use crate::named::{Named, uses};
use crate::page::like;
use crate::read::{ReadResult, count, get, row, rows, run, run_or, sql};
use crate::{AliasNoun, Db, DbError, Listed, Noun, Page, Result, alias};
use model::SubjectId;
use model::school::Subject;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO subject (subject_id, name) VALUES ($1, $2)";
    SAVE = "UPDATE subject SET name = $2 WHERE subject_id = $1";
    DELETE = "DELETE FROM subject WHERE subject_id = $1";
    GET = "SELECT subject_id, name FROM subject WHERE subject_id = $1";
    ALL = "SELECT subject_id, name FROM subject ORDER BY subject_id";
    LIST = "SELECT subject_id, name FROM subject WHERE LOWER(name) LIKE $1 ESCAPE '!' ORDER BY subject_id LIMIT $2 OFFSET $3";
    LIST_COUNT = "SELECT COUNT(*) FROM subject WHERE LOWER(name) LIKE $1 ESCAPE '!'";
    /// Ranges and recorded lessons of this subject.
    USES = "SELECT (SELECT COUNT(*) FROM weekly_range WHERE subject_id = $1) + (SELECT COUNT(*) FROM lesson WHERE subject_id = $1)";
}

fn read(r: &AnyRow) -> ReadResult<Subject> {
    Ok(Subject { id: SubjectId(get(r, "subject_id")?), name: get(r, "name")? })
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, subject: &Subject) -> Result<SubjectId> {
    const DOING: &str = "adding a subject";
    let id = next_id(conn, "subject").await?;
    let add = sql(ADD).bind(id).bind(subject.name.as_str());
    run_or(conn, add, taken(DOING, Noun::Subject)).await?;
    Ok(SubjectId(id))
}

impl Db {
    /// Every subject, oldest first: for menus.
    pub async fn all_subjects(&self) -> Result<Vec<Subject>> {
        const DOING: &str = "listing subjects";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(ALL), read).await
    }

    /// A page of the subjects whose name contains `text`; empty text gives all.
    pub async fn list_subjects(&self, text: &str, page: Page) -> Result<Listed<Subject>> {
        const DOING: &str = "listing subjects";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(text.as_str())).await?;
        let list = sql(LIST).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One subject.
    pub async fn subject(&self, id: SubjectId) -> Result<Subject> {
        const DOING: &str = "reading a subject";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Subject, id))
    }

    /// Adds a subject and gives its id; `subject.id` is not looked at. [`DbError::Taken`] when another has its name.
    pub async fn add_subject(&self, subject: &Subject) -> Result<SubjectId> {
        const DOING: &str = "adding a subject";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), subject).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a subject. [`DbError::Taken`] when another has its name.
    pub async fn save_subject(&self, subject: &Subject) -> Result<()> {
        const DOING: &str = "saving a subject";
        let mut s = self.single(DOING).await?;
        let save = sql(SAVE).bind(subject.id.0).bind(subject.name.as_str());
        match run_or(s.conn(), save, taken(DOING, Noun::Subject)).await? {
            0 => Err(DbError::not_found(Noun::Subject, subject.id)),
            _ => Ok(()),
        }
    }

    /// Removes a subject. Refused with [`DbError::InUse`] while a range or a recorded lesson is of it, or a
    /// timetable in force or coming, or a change from today on, names it.
    pub async fn delete_subject(&self, id: SubjectId) -> Result<()> {
        const DOING: &str = "removing a subject";
        let mut w = self.write(DOING).await?;
        let rows = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        let count = rows + uses(w.conn(), Named::Subject(id)).await?;
        if count > 0 {
            return Err(DbError::InUse { noun: Noun::Subject, count });
        }
        alias::forget(w.conn(), AliasNoun::Subject, id.0).await?;
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Subject, id));
        }
        w.commit(DOING).await
    }
}
