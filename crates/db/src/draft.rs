//! Drafts of timetables: one a user and school, saved while editing.

use crate::document;
use crate::read::{get, row, rows, run, run_or, sql};
use crate::state::unknown;
use crate::{Db, DbError, Result};
use model::calendar::Timetable;
use model::{SchoolId, UserId};
use sqlx::any::AnyRow;

texts! {
    PUT = "INSERT INTO timetable_draft (school_id, user_id, base_no, document, saved_at_ms)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (school_id, user_id) DO UPDATE SET
        base_no = excluded.base_no, document = excluded.document, saved_at_ms = excluded.saved_at_ms";
    /// As `PUT`, but only over the draft of that moment.
    PUT_AT = "INSERT INTO timetable_draft (school_id, user_id, base_no, document, saved_at_ms)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (school_id, user_id) DO UPDATE SET
        base_no = excluded.base_no, document = excluded.document, saved_at_ms = excluded.saved_at_ms
        WHERE timetable_draft.saved_at_ms = $6";
    GET = "SELECT base_no, document, saved_at_ms FROM timetable_draft WHERE school_id = $1 AND user_id = $2";
    LIST = "SELECT COALESCE(NULLIF(a.display_name, ''), a.name) AS user_name, d.base_no, d.saved_at_ms
        FROM timetable_draft d JOIN account a ON a.user_id = d.user_id
        WHERE d.school_id = $1 ORDER BY d.saved_at_ms DESC, d.user_id";
    DELETE = "DELETE FROM timetable_draft WHERE school_id = $1 AND user_id = $2";
}

/// Unpublished work of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The version it was made from; 0 = none was published.
    pub base_no: i64,
    /// All cells of the school.
    pub timetable: Timetable,
    /// When it was saved, Unix ms.
    pub saved_at_ms: i64,
}

impl Db {
    /// The draft of a user, if there is one.
    pub async fn draft(&self, school: SchoolId, user: UserId) -> Result<Option<Draft>> {
        const DOING: &str = "reading a draft";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| {
            Ok(Draft {
                base_no: get(r, "base_no")?,
                timetable: document::read(r)?,
                saved_at_ms: get(r, "saved_at_ms")?,
            })
        };
        row(&mut c, DOING, sql(GET).bind(school.0).bind(user.0), read).await
    }

    /// Keeps a draft in place of the user's earlier one. What it names is checked when it is published.
    pub async fn save_draft(&self, school: SchoolId, user: UserId, draft: &Draft) -> Result<()> {
        const DOING: &str = "saving a draft";
        let text = document::write(DOING, &draft.timetable)?;
        let mut s = self.single(DOING).await?;
        let put = sql(PUT).bind(school.0).bind(user.0).bind(draft.base_no).bind(text).bind(draft.saved_at_ms);
        run_or(s.conn(), put, unknown("school_id", DOING)).await.map(|_| ())
    }

    /// As [`Db::save_draft`], but only when the kept draft is the one of `seen_ms` or there is none: two windows of one
    /// account that save at the same instant cannot overwrite each other. [`DbError::Outdated`] carries the moment of
    /// the one that is kept.
    pub async fn save_draft_at(
        &self,
        school: SchoolId,
        user: UserId,
        draft: &Draft,
        seen_ms: i64,
    ) -> Result<()> {
        const DOING: &str = "saving a draft";
        let text = document::write(DOING, &draft.timetable)?;
        let mut s = self.single(DOING).await?;
        let put = sql(PUT_AT)
            .bind(school.0)
            .bind(user.0)
            .bind(draft.base_no)
            .bind(text)
            .bind(draft.saved_at_ms)
            .bind(seen_ms);
        let written = run_or(s.conn(), put, unknown("school_id", DOING)).await?;
        drop(s);
        match (written, self.draft(school, user).await?) {
            (0, Some(kept)) => Err(DbError::Outdated { current: kept.saved_at_ms }),
            _ => Ok(()),
        }
    }

    /// Drops a draft; none is fine too.
    pub async fn drop_draft(&self, school: SchoolId, user: UserId) -> Result<()> {
        const DOING: &str = "dropping a draft";
        let mut s = self.single(DOING).await?;
        run(s.conn(), DOING, sql(DELETE).bind(school.0).bind(user.0)).await.map(|_| ())
    }

    /// Who has a draft of this school: name, the version it was made from, when it was saved (Unix ms); newest first.
    pub async fn drafts(&self, school: SchoolId) -> Result<Vec<(String, i64, i64)>> {
        const DOING: &str = "listing drafts";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| Ok((get(r, "user_name")?, get(r, "base_no")?, get(r, "saved_at_ms")?));
        rows(&mut c, DOING, sql(LIST).bind(school.0), read).await
    }
}
