//! 教室.

use crate::counter::next_id;
use crate::error::taken;
use crate::named::{Named, uses};
use crate::page::like;
use crate::read::{ReadResult, count, get, row, rows, run, run_or, sql};
use crate::{AliasNoun, Db, DbError, FeedKind, Listed, Noun, Page, Result, alias, feed};
use model::fault::{Fault, Reason};
use model::{RoomId, SchoolId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! select_room {
    () => {
        "SELECT r.room_id, r.school_id, r.name, (SELECT COUNT(*) FROM channel c
         WHERE c.room_id = r.room_id AND c.deleted_at_ms IS NULL) AS channels FROM room r "
    };
}

macro_rules! filter {
    () => {
        "WHERE (CAST($1 AS BIGINT) = 0 OR r.school_id = $1) AND LOWER(r.name) LIKE $2 ESCAPE '!' "
    };
}

texts! {
    ADD = "INSERT INTO room (room_id, school_id, name) VALUES ($1, $2, $3)";
    SAVE = "UPDATE room SET name = $2 WHERE room_id = $1";
    DELETE = "DELETE FROM room WHERE room_id = $1";
    GET = concat!(select_room!(), "WHERE r.room_id = $1");
    OF_SCHOOL = concat!(select_room!(), "WHERE r.school_id = $1 ORDER BY r.room_id");
    LIST = concat!(select_room!(), filter!(), "ORDER BY r.room_id LIMIT $3 OFFSET $4");
    LIST_COUNT = concat!("SELECT COUNT(*) FROM room r ", filter!());
    SCHOOL = "SELECT COUNT(*) FROM school WHERE school_id = $1";
    IN_SCHOOL = "SELECT COUNT(*) FROM room WHERE room_id = $1 AND school_id = $2";
    /// Classes and channels of this room.
    USES = "SELECT (SELECT COUNT(*) FROM school_class WHERE room_id = $1)
        + (SELECT COUNT(*) FROM channel WHERE room_id = $1 AND deleted_at_ms IS NULL)";
}

/// A room to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// 学校.
    pub school_id: SchoolId,
    /// 名称, 1–60 characters, once in a school.
    pub name: String,
}

/// A room as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    /// Its id.
    pub id: RoomId,
    /// 学校.
    pub school_id: SchoolId,
    /// 名称.
    pub name: String,
    /// Channels that look into it.
    pub channels: i64,
}

fn read(r: &AnyRow) -> ReadResult<RoomRow> {
    Ok(RoomRow {
        id: RoomId(get(r, "room_id")?),
        school_id: SchoolId(get(r, "school_id")?),
        name: get(r, "name")?,
        channels: get(r, "channels")?,
    })
}

pub(crate) async fn of_school(conn: &mut AnyConnection, school: SchoolId) -> Result<Vec<RoomRow>> {
    rows(conn, "listing rooms", sql(OF_SCHOOL).bind(school.0), read).await
}

/// A room that is not of this school is a [`Fault`] of `room_id`.
pub(crate) async fn check_room(
    conn: &mut AnyConnection,
    school: SchoolId,
    room: Option<RoomId>,
) -> Result<()> {
    let Some(room) = room else { return Ok(()) };
    match count(conn, "looking for a room", sql(IN_SCHOOL).bind(room.0).bind(school.0)).await? {
        0 => Err(Fault::new("room_id", Reason::Unknown).into()),
        _ => Ok(()),
    }
}

/// A school that does not exist is a [`Fault`] of `school_id`.
pub(crate) async fn check_school(conn: &mut AnyConnection, school: SchoolId) -> Result<()> {
    match count(conn, "looking for a school", sql(SCHOOL).bind(school.0)).await? {
        0 => Err(Fault::new("school_id", Reason::Unknown).into()),
        _ => Ok(()),
    }
}

/// Adds one within a transaction.
pub(crate) async fn add(conn: &mut AnyConnection, new: &NewRoom) -> Result<RoomId> {
    const DOING: &str = "adding a room";
    check_school(conn, new.school_id).await?;
    let id = next_id(conn, "room").await?;
    let add = sql(ADD).bind(id).bind(new.school_id.0).bind(new.name.trim());
    run_or(conn, add, taken(DOING, Noun::Room)).await?;
    Ok(RoomId(id))
}

impl Db {
    /// The rooms of a school, oldest first: for menus.
    pub async fn rooms(&self, school: SchoolId) -> Result<Vec<RoomRow>> {
        let mut c = self.read("listing rooms").await?;
        of_school(&mut c, school).await
    }

    /// A page of rooms whose name contains `text`, oldest first.
    pub async fn list_rooms(
        &self,
        school: Option<SchoolId>,
        text: &str,
        page: Page,
    ) -> Result<Listed<RoomRow>> {
        const DOING: &str = "listing rooms";
        let mut c = self.read(DOING).await?;
        let (school, text) = (school.map_or(0, |id| id.0), like(text));
        let total = count(&mut c, DOING, sql(LIST_COUNT).bind(school).bind(text.as_str())).await?;
        let list = sql(LIST).bind(school).bind(text.as_str()).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// One room.
    pub async fn room(&self, id: RoomId) -> Result<RoomRow> {
        const DOING: &str = "reading a room";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(GET).bind(id.0), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Room, id))
    }

    /// Adds a room. [`DbError::Taken`] when the school has one of this name; an unknown school is a
    /// [`DbError::Fault`] of `school_id`.
    pub async fn add_room(&self, new: &NewRoom) -> Result<RoomId> {
        const DOING: &str = "adding a room";
        let mut w = self.write(DOING).await?;
        let id = add(w.conn(), new).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Renames a room. [`DbError::Taken`] when the school has another one of this name.
    pub async fn save_room(&self, id: RoomId, name: &str) -> Result<()> {
        const DOING: &str = "saving a room";
        let mut s = self.single(DOING).await?;
        let save = sql(SAVE).bind(id.0).bind(name.trim());
        match run_or(s.conn(), save, taken(DOING, Noun::Room)).await? {
            0 => Err(DbError::not_found(Noun::Room, id)),
            _ => Ok(()),
        }
    }

    /// Removes a room with its feeds. Refused with [`DbError::InUse`] while it is a class's or a channel's, or a
    /// timetable in force or coming, or a change from today on, names it.
    pub async fn delete_room(&self, id: RoomId) -> Result<()> {
        const DOING: &str = "removing a room";
        let mut w = self.write(DOING).await?;
        let rows = count(w.conn(), DOING, sql(USES).bind(id.0)).await?;
        let count = rows + uses(w.conn(), Named::Room(id)).await?;
        if count > 0 {
            return Err(DbError::InUse { noun: Noun::Room, count });
        }
        alias::forget(w.conn(), AliasNoun::Room, id.0).await?;
        feed::forget(w.conn(), FeedKind::Room, id.0).await?;
        if run(w.conn(), DOING, sql(DELETE).bind(id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Room, id));
        }
        w.commit(DOING).await
    }
}
