//! Imports under way: what a file held, and what its user chose so far.

use crate::counter::next_id;
use crate::document::DOCUMENT_MAX_BYTES;
use crate::read::{ReadResult, get, row, rows, run, sql};
use crate::{Db, DbError, Noun, Result};
use model::fault::{Fault, Reason};
use model::{SchoolId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// An import is forgotten when nobody touched it for so long.
pub const IMPORT_KEPT_MS: i64 = 24 * 3_600_000;
/// Imports a user may have under way: an older one makes room for a sixth.
pub const IMPORTS_PER_USER: usize = 5;
/// Longest text of choices, bytes: 2 000 names of 120 characters.
const CHOICES_MAX_BYTES: usize = 1024 * 1024;

texts! {
    ADD = "INSERT INTO import_job (import_job_id, school_id, user_id, what, file_name, sha256, choices, result, made_at_ms,
        touched_at_ms, document) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $8, $9)";
    GET = "SELECT import_job_id, school_id, user_id, what, file_name, sha256, choices, result, made_at_ms, touched_at_ms
        FROM import_job WHERE import_job_id = $1 AND user_id = $2 AND touched_at_ms >= $3";
    OF_USER = "SELECT import_job_id, school_id, user_id, what, file_name, sha256, choices, result, made_at_ms, touched_at_ms
        FROM import_job WHERE user_id = $1 AND touched_at_ms >= $2 ORDER BY touched_at_ms DESC, import_job_id DESC";
    DOCUMENT = "SELECT document FROM import_job WHERE import_job_id = $1 AND user_id = $2";
    CHOOSE = "UPDATE import_job SET choices = $3, touched_at_ms = $4 WHERE import_job_id = $1 AND user_id = $2";
    DROP = "DELETE FROM import_job WHERE import_job_id = $1 AND user_id = $2";
    EXPIRE = "DELETE FROM import_job WHERE touched_at_ms < $1";
    RESULT = "SELECT result FROM import_job WHERE import_job_id = $1 AND user_id = $2";
    FINISH = "UPDATE import_job SET result = $2, touched_at_ms = $3 WHERE import_job_id = $1";
}

/// A file that was read, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// Whose names it is about; absent for data of the whole site.
    pub school_id: Option<SchoolId>,
    /// Who uploaded it.
    pub user_id: UserId,
    /// `timetable`, or the table of basic data.
    pub what: String,
    /// As the user knows it, ≤ 120 characters.
    pub file_name: String,
    /// SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
    /// What it held, JSON of at most 8 MiB.
    pub document: String,
    /// What is chosen to begin with, JSON.
    pub choices: String,
}

/// An import under way, without its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportJob {
    /// Its id.
    pub id: i64,
    /// Whose names it is about.
    pub school_id: Option<SchoolId>,
    /// Who uploaded it.
    pub user_id: UserId,
    /// `timetable`, or the table of basic data.
    pub what: String,
    /// As the user knows it.
    pub file_name: String,
    /// SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
    /// What was chosen so far, JSON.
    pub choices: String,
    /// Version published, or rows written; absent while it is under way.
    pub result: Option<i64>,
    /// When it was uploaded, Unix ms.
    pub made_at_ms: i64,
    /// When anybody last chose something, Unix ms.
    pub touched_at_ms: i64,
}

fn read(r: &AnyRow) -> ReadResult<ImportJob> {
    Ok(ImportJob {
        id: get(r, "import_job_id")?,
        school_id: get::<Option<i64>>(r, "school_id")?.map(SchoolId),
        user_id: UserId(get(r, "user_id")?),
        what: get(r, "what")?,
        file_name: get(r, "file_name")?,
        sha256: get(r, "sha256")?,
        choices: get(r, "choices")?,
        result: get(r, "result")?,
        made_at_ms: get(r, "made_at_ms")?,
        touched_at_ms: get(r, "touched_at_ms")?,
    })
}

/// What an import ended with; `Some(None)` never: absent while it is under way. Locks nothing: every writer waits its turn.
pub(crate) async fn result_of(conn: &mut AnyConnection, id: i64, user: UserId) -> Result<Option<i64>> {
    let found =
        row(conn, "reading an import", sql(RESULT).bind(id).bind(user.0), |r| get(r, "result")).await?;
    found.ok_or_else(|| DbError::not_found(Noun::Import, id))
}

/// Ends an import.
pub(crate) async fn finish(conn: &mut AnyConnection, id: i64, result: i64, now_ms: i64) -> Result<()> {
    run(conn, "ending an import", sql(FINISH).bind(id).bind(result).bind(now_ms)).await.map(|_| ())
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<()> {
    match text.len() > max {
        true => Err(Fault::new(field, Reason::TooLong { max: max as u32 }).into()),
        false => Ok(()),
    }
}

impl Db {
    /// Keeps what was read and gives its id. Forgets imports that nobody touched for a day, and the user's oldest ones
    /// above [`IMPORTS_PER_USER`]. A document above 8 MiB is a [`Fault`] of `document`.
    pub async fn add_import(&self, new: &NewImport, now_ms: i64) -> Result<i64> {
        const DOING: &str = "keeping an import";
        check_length("document", &new.document, DOCUMENT_MAX_BYTES)?;
        check_length("choices", &new.choices, CHOICES_MAX_BYTES)?;
        let mut w = self.write(DOING).await?;
        run(w.conn(), DOING, sql(EXPIRE).bind(now_ms - IMPORT_KEPT_MS)).await?;
        let kept = rows(w.conn(), DOING, sql(OF_USER).bind(new.user_id.0).bind(0i64), read).await?;
        for old in kept.iter().skip(IMPORTS_PER_USER - 1) {
            run(w.conn(), DOING, sql(DROP).bind(old.id).bind(new.user_id.0)).await?;
        }
        let id = next_id(w.conn(), "import_job").await?;
        let add = sql(ADD)
            .bind(id)
            .bind(new.school_id.map(|s| s.0))
            .bind(new.user_id.0)
            .bind(new.what.as_str())
            .bind(new.file_name.as_str())
            .bind(new.sha256.as_str())
            .bind(new.choices.as_str())
            .bind(now_ms)
            .bind(new.document.as_str());
        run(w.conn(), DOING, add).await?;
        w.commit(DOING).await?;
        Ok(id)
    }

    /// An import of this user; not found when it is another's, was forgotten or nobody touched it for a day.
    pub async fn import_job(&self, id: i64, user: UserId, now_ms: i64) -> Result<ImportJob> {
        const DOING: &str = "reading an import";
        let mut c = self.read(DOING).await?;
        let get = sql(GET).bind(id).bind(user.0).bind(now_ms - IMPORT_KEPT_MS);
        row(&mut c, DOING, get, read).await?.ok_or_else(|| DbError::not_found(Noun::Import, id))
    }

    /// The imports of a user that are not forgotten, latest first; finished ones too.
    pub async fn imports(&self, user: UserId, now_ms: i64) -> Result<Vec<ImportJob>> {
        const DOING: &str = "listing imports";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(OF_USER).bind(user.0).bind(now_ms - IMPORT_KEPT_MS), read).await
    }

    /// What the file held, JSON.
    pub async fn import_document(&self, id: i64, user: UserId) -> Result<String> {
        const DOING: &str = "reading an import";
        let mut c = self.read(DOING).await?;
        let found = row(&mut c, DOING, sql(DOCUMENT).bind(id).bind(user.0), |r| get(r, "document")).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Import, id))
    }

    /// Keeps what was chosen.
    pub async fn choose_import(&self, id: i64, user: UserId, choices: &str, now_ms: i64) -> Result<()> {
        const DOING: &str = "keeping the choices of an import";
        check_length("choices", choices, CHOICES_MAX_BYTES)?;
        let mut s = self.single(DOING).await?;
        match run(s.conn(), DOING, sql(CHOOSE).bind(id).bind(user.0).bind(choices).bind(now_ms)).await? {
            0 => Err(DbError::not_found(Noun::Import, id)),
            _ => Ok(()),
        }
    }

    /// Forgets an import; what it published stays.
    pub async fn drop_import(&self, id: i64, user: UserId) -> Result<()> {
        const DOING: &str = "forgetting an import";
        let mut s = self.single(DOING).await?;
        run(s.conn(), DOING, sql(DROP).bind(id).bind(user.0)).await.map(|_| ())
    }
}
