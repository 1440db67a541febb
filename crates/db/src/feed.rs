//! 订阅: iCal feeds. Who knows the address may read it, until it is revoked.

use crate::counter::next_id;
use crate::read::{ReadResult, get, row, rows, run, run_or, sql, unreadable};
use crate::state::unknown;
use crate::{Db, DbError, Noun, Result};
use model::fault::{Fault, Reason};
use model::{SchoolId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// Each kind has the name of its own table; the others' are NULL.
macro_rules! select_feed {
    () => {
        "SELECT f.feed_id, f.school_id, f.kind, f.target, f.made_at_ms, f.read_at_ms,
         COALESCE(NULLIF(a.display_name, ''), a.name, '') AS made_by,
         COALESCE(gr.stage || gr.name || ' ' || cl.name, t.name, r.name, '') AS label
         FROM feed f LEFT JOIN account a ON a.user_id = f.made_by
         LEFT JOIN school_class cl ON f.kind = 'class' AND cl.class_id = f.target
         LEFT JOIN grade gr ON gr.grade_id = cl.grade_id
         LEFT JOIN teacher t ON f.kind = 'teacher' AND t.teacher_id = f.target
         LEFT JOIN room r ON f.kind = 'room' AND r.room_id = f.target "
    };
}

texts! {
    ADD = "INSERT INTO feed (feed_id, school_id, kind, target, token_hash, made_at_ms, made_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST = concat!(select_feed!(), "WHERE f.school_id = $1 ORDER BY f.feed_id");
    BY_TOKEN = concat!(select_feed!(), "WHERE f.token_hash = $1");
    STAMP = "UPDATE feed SET read_at_ms = $2 WHERE feed_id = $1";
    REVOKE = "DELETE FROM feed WHERE feed_id = $1";
    FORGET = "DELETE FROM feed WHERE kind = $1 AND target = $2";
    TARGET = "SELECT feed_id FROM (
        SELECT class_id AS feed_id FROM school_class WHERE $1 = 'class' AND class_id = $2 AND school_id = $3
        UNION ALL SELECT room_id FROM room WHERE $1 = 'room' AND room_id = $2 AND school_id = $3
        UNION ALL SELECT teacher_id FROM teacher WHERE $1 = 'teacher' AND teacher_id = $2) AS targets";
}

/// When a feed was read is noted to the minute: whoever asks a thousand times a second must not keep the writers' turn.
const STAMP_MS: i64 = 60_000;

/// Whose lessons a feed holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKind {
    /// Of a class.
    Class,
    /// Of a teacher.
    Teacher,
    /// In a room.
    Room,
}

impl FeedKind {
    const ALL: [Self; 3] = [Self::Class, Self::Teacher, Self::Room];

    /// Its name in the database, in addresses and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Teacher => "teacher",
            Self::Room => "room",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A feed that is not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Its id.
    pub id: i64,
    /// 学校.
    pub school_id: SchoolId,
    /// Whose lessons.
    pub kind: FeedKind,
    /// Id of the class, teacher or room.
    pub target: i64,
    /// Its name as people know it, e.g. 小学一年级 1班.
    pub label: String,
    /// When it was made, Unix ms.
    pub made_at_ms: i64,
    /// Who made it; empty when the account has gone.
    pub made_by: String,
    /// When somebody last read it, Unix ms.
    pub read_at_ms: Option<i64>,
}

fn read(r: &AnyRow) -> ReadResult<FeedRow> {
    let kind: String = get(r, "kind")?;
    Ok(FeedRow {
        id: get(r, "feed_id")?,
        school_id: SchoolId(get(r, "school_id")?),
        kind: FeedKind::parse(&kind).ok_or_else(|| unreadable("kind", kind))?,
        target: get(r, "target")?,
        label: get(r, "label")?,
        made_at_ms: get(r, "made_at_ms")?,
        made_by: get(r, "made_by")?,
        read_at_ms: get(r, "read_at_ms")?,
    })
}

/// The row has gone: its feeds end.
pub(crate) async fn forget(conn: &mut AnyConnection, kind: FeedKind, target: i64) -> Result<()> {
    run(conn, "ending feeds", sql(FORGET).bind(kind.as_str()).bind(target)).await.map(|_| ())
}

impl Db {
    /// The feeds of a school, oldest first.
    pub async fn feeds(&self, school: SchoolId) -> Result<Vec<FeedRow>> {
        const DOING: &str = "listing feeds";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(LIST).bind(school.0), read).await
    }

    /// Makes a feed known by the SHA-256 of its token (64 hex digits). A class or room that is not of the school, or a
    /// teacher who does not exist, is a [`DbError::Fault`] of `target`.
    pub async fn add_feed(
        &self,
        school: SchoolId,
        kind: FeedKind,
        target: i64,
        token_hash: &str,
        by: UserId,
        now_ms: i64,
    ) -> Result<i64> {
        const DOING: &str = "making a feed";
        let mut w = self.write(DOING).await?;
        let there = sql(TARGET).bind(kind.as_str()).bind(target).bind(school.0);
        if row(w.conn(), DOING, there, |r| get::<i64>(r, "feed_id")).await?.is_none() {
            return Err(Fault::new("target", Reason::Unknown).into());
        }
        let id = next_id(w.conn(), "feed").await?;
        let add = sql(ADD)
            .bind(id)
            .bind(school.0)
            .bind(kind.as_str())
            .bind(target)
            .bind(token_hash)
            .bind(now_ms)
            .bind(by.0);
        run_or(w.conn(), add, unknown("school_id", DOING)).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// Ends a feed: its address is unknown from now on.
    pub async fn revoke_feed(&self, id: i64) -> Result<()> {
        const DOING: &str = "revoking a feed";
        let mut s = self.single(DOING).await?;
        match run(s.conn(), DOING, sql(REVOKE).bind(id)).await? {
            0 => Err(DbError::not_found(Noun::Feed, id)),
            _ => Ok(()),
        }
    }

    /// The feed of a token's hash, and notes that it was read, at most once a minute. Anybody may ask: an unknown token
    /// writes nothing and waits for no writer.
    pub async fn feed_by_token(&self, token_hash: &str, now_ms: i64) -> Result<Option<FeedRow>> {
        const DOING: &str = "reading a feed";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(BY_TOKEN).bind(token_hash), read).await?;
        drop(c);
        let Some(feed) = found else { return Ok(None) };
        if feed.read_at_ms.is_some_and(|at_ms| (0..STAMP_MS).contains(&(now_ms - at_ms))) {
            return Ok(Some(feed));
        }
        let mut s = self.single(DOING).await?;
        match run(s.conn(), DOING, sql(STAMP).bind(feed.id).bind(now_ms)).await? {
            // Revoked a moment ago.
            0 => Ok(None),
            _ => Ok(Some(FeedRow { read_at_ms: Some(now_ms), ..feed })),
        }
    }
}
