//! 校历: one document a school, every revision kept.

use crate::document;
use crate::read::{ReadResult, count, get, row, rows, run, sql};
use crate::room::check_school;
use crate::state::bump_school;
use crate::{Db, DbError, Noun, Result};
use model::calendar::Calendar;
use model::{SchoolId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! select_revision {
    ($document:expr) => {
        concat!(
            "SELECT v.revision, v.saved_at_ms, COALESCE(NULLIF(a.display_name, ''), a.name, '') AS saved_by",
            $document,
            " FROM calendar_revision v LEFT JOIN account a ON a.user_id = v.saved_by "
        )
    };
}

texts! {
    ADD = "INSERT INTO calendar_revision (school_id, revision, document, saved_at_ms, saved_by)
        VALUES ($1, $2, $3, $4, $5)";
    NEWEST = concat!(select_revision!(", v.document"), "WHERE v.school_id = $1 ORDER BY v.revision DESC LIMIT 1");
    AT = concat!(select_revision!(", v.document"), "WHERE v.school_id = $1 AND v.revision = $2");
    LIST = concat!(select_revision!(""), "WHERE v.school_id = $1 ORDER BY v.revision DESC");
    NEWEST_NO = "SELECT COALESCE(MAX(revision), 0) FROM calendar_revision WHERE school_id = $1";
}

/// The calendar of a school.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarRow {
    /// Counts up with every saving; 0 = none was saved yet, the calendar is empty.
    pub revision: i64,
    /// The document.
    pub calendar: Calendar,
    /// When it was saved, Unix ms.
    pub saved_at_ms: i64,
    /// Who saved it; empty when the account has gone.
    pub saved_by: String,
}

/// A revision without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    /// Its number.
    pub revision: i64,
    /// When it was saved, Unix ms.
    pub saved_at_ms: i64,
    /// Who saved it; empty when the account has gone.
    pub saved_by: String,
}

fn read(r: &AnyRow) -> ReadResult<CalendarRow> {
    Ok(CalendarRow {
        revision: get(r, "revision")?,
        calendar: document::read(r)?,
        saved_at_ms: get(r, "saved_at_ms")?,
        saved_by: get(r, "saved_by")?,
    })
}

pub(crate) async fn newest(conn: &mut AnyConnection, school: SchoolId) -> Result<CalendarRow> {
    Ok(row(conn, "reading a calendar", sql(NEWEST).bind(school.0), read).await?.unwrap_or_default())
}

impl Db {
    /// The calendar of a school; an empty one of revision 0 when none was saved.
    pub async fn calendar(&self, school: SchoolId) -> Result<CalendarRow> {
        let mut c = self.read("reading a calendar").await?;
        newest(&mut c, school).await
    }

    /// The calendar as it was at a revision. [`Noun::Version`] is not found when there is none.
    pub async fn calendar_at(&self, school: SchoolId, revision: i64) -> Result<CalendarRow> {
        const DOING: &str = "reading a revision of a calendar";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(AT).bind(school.0).bind(revision), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Version, revision))
    }

    /// Every revision of a school's calendar, newest first.
    pub async fn calendar_revisions(&self, school: SchoolId) -> Result<Vec<RevisionRow>> {
        const DOING: &str = "listing revisions of a calendar";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| {
            Ok(RevisionRow {
                revision: get(r, "revision")?,
                saved_at_ms: get(r, "saved_at_ms")?,
                saved_by: get(r, "saved_by")?,
            })
        };
        rows(&mut c, DOING, sql(LIST).bind(school.0), read).await
    }

    /// Saves a calendar that was made from revision `base_revision`; gives the new revision and raises the state versions
    /// of the school's gatherers. Saving what is saved already changes nothing and gives the revision that counts.
    ///
    /// [`DbError::Outdated`] when another revision counts now. The caller has checked the calendar's limits.
    pub async fn save_calendar(
        &self,
        school: SchoolId,
        base_revision: i64,
        calendar: &Calendar,
        by: UserId,
        now_ms: i64,
    ) -> Result<i64> {
        const DOING: &str = "saving a calendar";
        let text = document::write(DOING, calendar)?;
        let mut w = self.write(DOING).await?;
        check_school(w.conn(), school).await?;
        let current = count(w.conn(), DOING, sql(NEWEST_NO).bind(school.0)).await?;
        if current > 0 && newest(w.conn(), school).await?.calendar == *calendar {
            return Ok(current);
        }
        if current != base_revision {
            return Err(DbError::Outdated { current });
        }
        let add = sql(ADD).bind(school.0).bind(current + 1).bind(text).bind(now_ms).bind(by.0);
        run(w.conn(), DOING, add).await?;
        bump_school(w.conn(), school).await?;
        w.commit(DOING).await?;
        Ok(current + 1)
    }
}
