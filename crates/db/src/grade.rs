//! 年级.

use crate::counter::next_id;
use crate::error::taken;
use crate::page::like;
use crate::read::{ReadResult, count, get, row, rows, run, run_or, sql};
use crate::{AliasNoun, Db, DbError, Listed, Noun, Page, Result, alias};
use model::GradeId;
use model::school::Grade;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO grade (grade_id, stage, name) VALUES ($1, $2, $3)";
    SAVE = "UPDATE grade SET stage = $2, name = $3 WHERE grade_id = $1";
    DELETE = "DELETE FROM grade WHERE grade_id = $1";
    GET = "SELECT grade_id, stage, name FROM grade WHERE grade_id = $1";
    ALL = "SELECT grade_id, stage, name FROM grade ORDER BY grade_id";
    LIST = "SELECT grade_id, stage, name FROM grade WHERE LOWER(stage || ' ' || name) LIKE $1 ESCAPE '!' ORDER BY grade_id LIMIT $2 OFFSET $3";
    LIST_COUNT = "SELECT COUNT(*) FROM grade WHERE LOWER(stage || ' ' || name) LIKE $1 ESCAPE '!'";
    /// Channels and classes of this grade.
    USES = "SELECT (SELECT COUNT(*) FROM channel WHERE grade_id = $1 AND deleted_at_ms IS NULL)
        + (SELECT COUNT(*) FROM school_class WHERE grade_id = $1)";
}

fn read(r: &AnyRow) -> ReadResult<Grade> {
    Ok(Grade { id: GradeId(get(r, "grade_id")?), stage: get(r, "stage")?, name: get(r, "name")? })
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, grade: &Grade) -> Result<GradeId> {
    const DOING: &str = "adding a grade";
    let id = next_id(conn, "grade").await?;
    let add = sql(ADD).bind(id).bind(grade.stage.as_str()).bind(grade.name.as_str());
    run_or(conn, add, taken(DOING, Noun::Grade)).await?;
    Ok(GradeId(id))
}

impl Db {
    /// Every grade, oldest first: for menus.
    pub async fn all_grades(&self) -> Result<Vec<Grade>> {
        const DOING: &str = "listing grades";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(ALL), read).await
    }

    /// A page of the grades whose stage or name contains `text`; empty text gives all.
    pub async fn list_grades(&self, text: &str, page: Page) -> Result<Listed<Grade>> {
        const DOING: &str = "listing grades";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(text.as_str())).await?;
        let list = sql(LIST).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One grade.
    pub async fn grade(&self, id: GradeId) -> Result<Grade> {
        const DOING: &str = "reading a grade";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Grade, id))
    }

    /// Adds a grade and gives its id; `grade.id` is not looked at. [`DbError::Taken`] when another has its name.
    pub async fn add_grade(&self, grade: &Grade) -> Result<GradeId> {
        const DOING: &str = "adding a grade";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), grade).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a grade. [`DbError::Taken`] when another has its name.
    pub async fn save_grade(&self, grade: &Grade) -> Result<()> {
        const DOING: &str = "saving a grade";
        let mut s = self.single(DOING).await?;
        let save = sql(SAVE).bind(grade.id.0).bind(grade.stage.as_str()).bind(grade.name.as_str());
        match run_or(s.conn(), save, taken(DOING, Noun::Grade)).await? {
            0 => Err(DbError::not_found(Noun::Grade, grade.id)),
            _ => Ok(()),
        }
    }

    /// Removes a grade. Refused with [`DbError::InUse`] while a channel or a class is of it.
    pub async fn delete_grade(&self, id: GradeId) -> Result<()> {
        const DOING: &str = "removing a grade";
        let mut w = self.write(DOING).await?;
        let uses = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        if uses > 0 {
            return Err(DbError::InUse { noun: Noun::Grade, count: uses });
        }
        alias::forget(w.conn(), AliasNoun::Grade, id.0).await?;
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Grade, id));
        }
        w.commit(DOING).await
    }
}
