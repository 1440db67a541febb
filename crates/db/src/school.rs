//! 学校.

use crate::counter::next_id;
use crate::page::like;
use crate::read::{ReadResult, count, get, row, rows, run, sql};
use crate::{Db, DbError, Listed, Noun, Page, Result};
use model::SchoolId;
use model::school::School;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    ADD = "INSERT INTO school (school_id, name, address, phone) VALUES ($1, $2, $3, $4)";
    SAVE = "UPDATE school SET name = $2, address = $3, phone = $4 WHERE school_id = $1";
    DELETE = "DELETE FROM school WHERE school_id = $1";
    GET = "SELECT school_id, name, address, phone FROM school WHERE school_id = $1";
    ALL = "SELECT school_id, name, address, phone FROM school ORDER BY school_id";
    LIST = "SELECT school_id, name, address, phone FROM school WHERE LOWER(name) LIKE $1 ESCAPE '!' ORDER BY school_id LIMIT $2 OFFSET $3";
    LIST_COUNT = "SELECT COUNT(*) FROM school WHERE LOWER(name) LIKE $1 ESCAPE '!'";
    /// Gatherers, classes, rooms and versions of this school.
    USES = "SELECT (SELECT COUNT(*) FROM gatherer WHERE school_id = $1 AND deleted_at_ms IS NULL)
        + (SELECT COUNT(*) FROM school_class WHERE school_id = $1) + (SELECT COUNT(*) FROM room WHERE school_id = $1)
        + (SELECT COUNT(*) FROM timetable_version WHERE school_id = $1)";
}

fn read(r: &AnyRow) -> ReadResult<School> {
    Ok(School {
        id: SchoolId(get(r, "school_id")?),
        name: get(r, "name")?,
        address: get(r, "address")?,
        phone: get(r, "phone")?,
    })
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, school: &School) -> Result<SchoolId> {
    const DOING: &str = "adding a school";
    let id = next_id(conn, "school").await?;
    let add = sql(ADD)
        .bind(id)
        .bind(school.name.as_str())
        .bind(school.address.as_str())
        .bind(school.phone.as_str());
    run(conn, DOING, add).await?;
    Ok(SchoolId(id))
}

/// Saves one within a transaction.
pub(crate) async fn save(conn: &mut AnyConnection, school: &School) -> Result<()> {
    const DOING: &str = "saving a school";
    let save = sql(SAVE)
        .bind(school.id.0)
        .bind(school.name.as_str())
        .bind(school.address.as_str())
        .bind(school.phone.as_str());
    match run(conn, DOING, save).await? {
        0 => Err(DbError::not_found(Noun::School, school.id)),
        _ => Ok(()),
    }
}

impl Db {
    /// Every school, oldest first: for menus.
    pub async fn all_schools(&self) -> Result<Vec<School>> {
        const DOING: &str = "listing schools";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(ALL), read).await
    }

    /// A page of the schools whose name contains `text`; empty text gives all.
    pub async fn list_schools(&self, text: &str, page: Page) -> Result<Listed<School>> {
        const DOING: &str = "listing schools";
        let mut c = self.read(DOING).await?;
        let text = like(text);
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(text.as_str())).await?;
        let list = sql(LIST).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One school.
    pub async fn school(&self, id: SchoolId) -> Result<School> {
        const DOING: &str = "reading a school";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::School, id))
    }

    /// Adds a school and gives its id; `school.id` is not looked at.
    pub async fn add_school(&self, school: &School) -> Result<SchoolId> {
        const DOING: &str = "adding a school";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), school).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Saves every field of a school.
    pub async fn save_school(&self, school: &School) -> Result<()> {
        const DOING: &str = "saving a school";
        let mut s = self.single(DOING).await?;
        save(s.conn(), school).await
    }

    /// Removes a school with its calendar. Refused with [`DbError::InUse`] while a gatherer stands in it, or it has
    /// classes, rooms or published timetables.
    pub async fn delete_school(&self, id: SchoolId) -> Result<()> {
        const DOING: &str = "removing a school";
        let mut w = self.write(DOING).await?;
        let uses = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        if uses > 0 {
            return Err(DbError::InUse { noun: Noun::School, count: uses });
        }
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::School, id));
        }
        w.commit(DOING).await
    }
}
