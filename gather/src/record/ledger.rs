//! The ledger of slices: which file is where in its life. The one file of this room that knows SQL.
//!
//! ```text
//! OPEN → CLOSED → STORED → REGISTERED → DELETED        DAMAGED (bytes kept, or none were ever whole)
//!   a file   hash,     storage's  the site     local
//!   grows    facts     receipt    has it       bytes gone
//! ```
//! Every arrow is one durable transaction (`synchronous=FULL`) and is refused from any other state; repeating an arrow
//! that was taken is no error, so a crash between the deed and the row heals by doing it again.

use crate::error::{GatherError, Result};
use model::slice::{SliceEnd, SliceFacts};
use model::{ChannelId, RangeId, SubjectId, TeacherId};
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS slice (
  slice_id         TEXT    NOT NULL PRIMARY KEY,
  state            TEXT    NOT NULL
                   CHECK (state IN ('open', 'closed', 'stored', 'registered', 'deleted', 'damaged')),
  owner            TEXT    NOT NULL,              -- the enrolment it was recorded under: another site never gets it
  dir              TEXT    NOT NULL,              -- spool directory of <slice_id>.mp4 and .jpg
  channel_id       INTEGER NOT NULL,
  lesson_key       TEXT    NOT NULL,
  lesson_at_ms     INTEGER NOT NULL,              -- the bell: newest lessons are uploaded first
  sequence         INTEGER NOT NULL,
  range_id         INTEGER NOT NULL,
  subject_id       INTEGER NOT NULL,
  teacher_id       INTEGER NOT NULL,
  started_at_ms    INTEGER NOT NULL,
  overlap_ms       INTEGER NOT NULL,
  video_codec      TEXT    NOT NULL,
  audio_codec      TEXT    NOT NULL,
  width            INTEGER NOT NULL,
  height           INTEGER NOT NULL,
  durable_bytes    INTEGER NOT NULL DEFAULT 0,    -- bytes of whole fragments on the disk
  duration_ms      INTEGER NOT NULL DEFAULT 0,    -- from here on: known when closed
  size_bytes       INTEGER NOT NULL DEFAULT 0,
  sha256           TEXT    NOT NULL DEFAULT '',
  video_frames     INTEGER NOT NULL DEFAULT 0,
  end_reason       TEXT    NOT NULL DEFAULT '',
  has_still        INTEGER NOT NULL DEFAULT 0,
  upload_url       TEXT,                          -- where a broken upload goes on
  still_upload_url TEXT,
  receipt          TEXT,
  still_receipt    TEXT,
  note             TEXT    NOT NULL DEFAULT '',   -- what went wrong, English
  UNIQUE (owner, channel_id, lesson_key, sequence)
);
CREATE INDEX IF NOT EXISTS slice_state ON slice (state, lesson_at_ms);";

const INSERT: &str = "INSERT INTO slice (slice_id, state, owner, dir, channel_id, lesson_key, lesson_at_ms, sequence, range_id, \
     subject_id, teacher_id, started_at_ms, overlap_ms, video_codec, audio_codec, width, height) \
     SELECT $1, 'open', $15, $2, $3, $4, $5, COALESCE(MAX(sequence) + 1, 0), $6, $7, $8, $9, $10, $11, $12, $13, $14 \
     FROM slice WHERE owner = $15 AND channel_id = $3 AND lesson_key = $4 RETURNING sequence";
const DURABLE: &str = "UPDATE slice SET durable_bytes = $2 WHERE slice_id = $1 AND state = 'open'";
/// Never after it was closed: the site may have been told, and other facts of the same slice are a conflict there.
const RETITLE: &str =
    "UPDATE slice SET subject_id = $2, teacher_id = $3 WHERE slice_id = $1 AND state = 'open'";
const CLOSE: &str = "UPDATE slice SET state = 'closed', duration_ms = $2, size_bytes = $3, sha256 = $4, \
     video_frames = $5, end_reason = $6, has_still = $7, audio_codec = $8, \
     overlap_ms = MIN(overlap_ms, $2) WHERE slice_id = $1 AND state = 'open'";
const DAMAGE: &str = "UPDATE slice SET state = 'damaged', note = $2 WHERE slice_id = $1 AND state IN ('open', 'closed', 'stored')";
const REVIVE: &str = "UPDATE slice SET state = CASE WHEN sha256 = '' THEN 'open' ELSE 'closed' END, note = '' \
     WHERE slice_id = $1 AND state = 'damaged'";
const REHASH: &str = "UPDATE slice SET size_bytes = $2, sha256 = $3, upload_url = NULL, receipt = NULL, state = 'closed' \
     WHERE slice_id = $1 AND state IN ('closed', 'stored')";
const UPLOAD: &str = "UPDATE slice SET upload_url = $2 WHERE slice_id = $1 AND state = 'closed'";
const STILL_UPLOAD: &str = "UPDATE slice SET still_upload_url = $2 WHERE slice_id = $1";
const STILL_STORED: &str = "UPDATE slice SET still_receipt = $2 WHERE slice_id = $1";
const NO_STILL: &str =
    "UPDATE slice SET has_still = 0, still_upload_url = NULL, still_receipt = NULL WHERE slice_id = $1";
const STORE: &str =
    "UPDATE slice SET state = 'stored', receipt = $2 WHERE slice_id = $1 AND state = 'closed'";
const UNSTORE: &str = "UPDATE slice SET state = 'closed', receipt = NULL, still_receipt = NULL, \
     upload_url = CASE WHEN $2 = 1 THEN upload_url END, \
     still_upload_url = CASE WHEN $2 = 1 THEN still_upload_url END WHERE slice_id = $1 AND state = 'stored'";
const REGISTER: &str = "UPDATE slice SET state = 'registered' WHERE slice_id = $1 AND state = 'stored'";
const DELETE: &str = "UPDATE slice SET state = 'deleted' WHERE slice_id = $1 AND state = 'registered'";
const NOTE: &str = "UPDATE slice SET note = $2 WHERE slice_id = $1";
const STATE: &str = "SELECT state FROM slice WHERE slice_id = $1";
const ONE: &str = "SELECT * FROM slice WHERE slice_id = $1";
const IN_STATE: &str = "SELECT * FROM slice WHERE state = $1 ORDER BY lesson_at_ms, sequence";
const QUEUE: &str = "SELECT * FROM slice WHERE owner = $1 AND state IN ('closed', 'stored', 'registered') \
     ORDER BY lesson_at_ms DESC, channel_id, sequence LIMIT 512";
const WAITING: &str = "SELECT COUNT(*), COALESCE(SUM(size_bytes), 0) FROM slice \
     WHERE owner = $1 AND state IN ('closed', 'stored', 'registered')";
const PRUNE: &str = "DELETE FROM slice WHERE state = 'deleted' AND lesson_at_ms < $1";

/// Where a slice is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SliceState {
    /// Being written, or found so after a crash.
    Open,
    /// Finished, hashed, waiting for upload.
    Closed,
    /// Storage has it.
    Stored,
    /// The site has it.
    Registered,
    /// Local bytes are gone.
    Deleted,
    /// Cannot be finished; what there is of it stays where it is.
    Damaged,
}

impl SliceState {
    fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Stored => "stored",
            Self::Registered => "registered",
            Self::Deleted => "deleted",
            Self::Damaged => "damaged",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Open, Self::Closed, Self::Stored, Self::Registered, Self::Deleted, Self::Damaged]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// What is known of a slice when its file is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlice {
    /// ULID.
    pub slice_id: String,
    /// Spool directory.
    pub dir: PathBuf,
    /// Where it is recorded.
    pub channel_id: ChannelId,
    /// The lesson.
    pub lesson_key: String,
    /// The lesson's bell, Unix ms.
    pub lesson_at_ms: i64,
    /// The weekly range.
    pub range_id: RangeId,
    /// 科目.
    pub subject_id: SubjectId,
    /// 教师.
    pub teacher_id: TeacherId,
    /// Wall time of the first frame, Unix ms.
    pub started_at_ms: i64,
    /// Media that the slice before holds too, ms.
    pub overlap_ms: i64,
    /// `H.264` or `H.265`.
    pub video_codec: String,
    /// `AAC` or empty.
    pub audio_codec: String,
    /// Picture width, pixels.
    pub width: u16,
    /// Picture height, pixels.
    pub height: u16,
}

/// What is known when it is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedSlice {
    /// Media duration, ms.
    pub duration_ms: i64,
    /// Size of the file, bytes.
    pub size_bytes: i64,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// Video frames.
    pub video_frames: i64,
    /// Why it ended.
    pub end: SliceEnd,
    /// A still lies beside it.
    pub has_still: bool,
    /// `AAC`, or empty when no sound ever came.
    pub audio_codec: String,
}

/// One slice as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceRow {
    /// Where it is in its life.
    pub state: SliceState,
    /// Spool directory.
    pub dir: PathBuf,
    /// What the site is told; complete from [`SliceState::Closed`] on.
    pub facts: SliceFacts,
    /// Bytes that were on the disk at the last fragment.
    pub durable_bytes: i64,
    /// A still lies beside it.
    pub has_still: bool,
    /// Where its upload goes on.
    pub upload_url: Option<String>,
    /// Where the still's upload goes on.
    pub still_upload_url: Option<String>,
    /// Storage's receipt.
    pub receipt: Option<String>,
    /// Storage's receipt for the still.
    pub still_receipt: Option<String>,
    /// What went wrong, English; empty when all is well.
    pub note: String,
}

impl SliceRow {
    /// The recording.
    pub fn file(&self) -> PathBuf {
        self.dir.join(format!("{}.mp4", self.facts.slice_id))
    }

    /// The still.
    pub fn still(&self) -> PathBuf {
        self.dir.join(format!("{}.jpg", self.facts.slice_id))
    }
}

/// The ledger. Clones share one connection: SQLite has one writer anyway.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: SqlitePool,
    owner: Arc<str>,
}

impl Ledger {
    /// Opens or makes `DIR/ledger.db`. `owner` names the enrolment: new slices belong to it, and only its own slices are
    /// uploaded.
    pub async fn open(path: &Path, owner: &str) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options)
            .await
            .map_err(failed("opening"))?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await.map_err(failed("making its table"))?;
        Ok(Self { pool, owner: owner.into() })
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A slice begins; its sequence in the lesson is answered, never one that was used before.
    pub async fn begin(&self, slice: &NewSlice) -> Result<u32> {
        let row = sqlx::query(INSERT)
            .bind(&slice.slice_id)
            .bind(slice.dir.to_string_lossy().into_owned())
            .bind(slice.channel_id.0)
            .bind(&slice.lesson_key)
            .bind(slice.lesson_at_ms)
            .bind(slice.range_id.0)
            .bind(slice.subject_id.0)
            .bind(slice.teacher_id.0)
            .bind(slice.started_at_ms)
            .bind(slice.overlap_ms)
            .bind(&slice.video_codec)
            .bind(&slice.audio_codec)
            .bind(i64::from(slice.width))
            .bind(i64::from(slice.height))
            .bind(&*self.owner)
            .fetch_one(&self.pool)
            .await
            .map_err(failed("beginning a slice"))?;
        let sequence: i64 = row.try_get(0).map_err(failed("beginning a slice"))?;
        Ok(sequence as u32)
    }

    /// So many bytes of whole fragments are on the disk.
    pub async fn durable(&self, slice_id: &str, bytes: u64) -> Result<()> {
        let query = sqlx::query(DURABLE).bind(slice_id).bind(bytes as i64);
        query.execute(&self.pool).await.map_err(failed("noting a fragment"))?;
        Ok(())
    }

    /// The lesson of an open slice has another subject or teacher.
    pub async fn retitled(&self, slice_id: &str, subject: SubjectId, teacher: TeacherId) -> Result<()> {
        let query = sqlx::query(RETITLE).bind(slice_id).bind(subject.0).bind(teacher.0);
        self.note_one("retitling a slice", query).await
    }

    /// OPEN → CLOSED.
    pub async fn closed(&self, slice_id: &str, closed: &ClosedSlice) -> Result<()> {
        let query = sqlx::query(CLOSE)
            .bind(slice_id)
            .bind(closed.duration_ms)
            .bind(closed.size_bytes)
            .bind(&closed.sha256)
            .bind(closed.video_frames)
            .bind(end_code(closed.end))
            .bind(i64::from(closed.has_still))
            .bind(&closed.audio_codec);
        self.arrow("closing a slice", slice_id, SliceState::Closed, query).await
    }

    /// Anything not yet on the site → DAMAGED; its bytes stay.
    pub async fn damaged(&self, slice_id: &str, note: &str) -> Result<()> {
        let query = sqlx::query(DAMAGE).bind(slice_id).bind(note);
        self.arrow("marking a slice as damaged", slice_id, SliceState::Damaged, query).await
    }

    /// DAMAGED → OPEN or CLOSED, wherever it was: its file is back in its place (a spool that was not mounted).
    pub async fn revived(&self, slice_id: &str) -> Result<()> {
        self.note_one("reviving a slice", sqlx::query(REVIVE).bind(slice_id)).await
    }

    /// The file was hashed anew: its upload starts from the beginning.
    pub async fn rehashed(&self, slice_id: &str, size_bytes: i64, sha256: &str) -> Result<()> {
        let query = sqlx::query(REHASH).bind(slice_id).bind(size_bytes).bind(sha256);
        self.arrow("noting a new hash", slice_id, SliceState::Closed, query).await
    }

    /// The upload of the recording goes on at this URL; `None`: it must start anew.
    pub async fn uploading(&self, slice_id: &str, url: Option<&str>) -> Result<()> {
        self.note_one("noting an upload", sqlx::query(UPLOAD).bind(slice_id).bind(url)).await
    }

    /// The upload of the still goes on at this URL; `None`: it must start anew.
    pub async fn still_uploading(&self, slice_id: &str, url: Option<&str>) -> Result<()> {
        self.note_one("noting an upload", sqlx::query(STILL_UPLOAD).bind(slice_id).bind(url)).await
    }

    /// Storage has the still.
    pub async fn still_stored(&self, slice_id: &str, receipt: &str) -> Result<()> {
        self.note_one("noting a still", sqlx::query(STILL_STORED).bind(slice_id).bind(receipt)).await
    }

    /// There is no still (any more): the slice goes without.
    pub async fn no_still(&self, slice_id: &str) -> Result<()> {
        self.note_one("dropping a still", sqlx::query(NO_STILL).bind(slice_id)).await
    }

    /// CLOSED → STORED.
    pub async fn stored(&self, slice_id: &str, receipt: &str) -> Result<()> {
        let query = sqlx::query(STORE).bind(slice_id).bind(receipt);
        self.arrow("noting a receipt", slice_id, SliceState::Stored, query).await
    }

    /// STORED → CLOSED: the site does not take the receipt. With `keep_upload` the finished upload is asked for a newer
    /// one; without, everything is uploaded anew.
    pub async fn unstored(&self, slice_id: &str, keep_upload: bool) -> Result<()> {
        let query = sqlx::query(UNSTORE).bind(slice_id).bind(i64::from(keep_upload));
        self.arrow("dropping a receipt", slice_id, SliceState::Closed, query).await
    }

    /// STORED → REGISTERED.
    pub async fn registered(&self, slice_id: &str) -> Result<()> {
        let query = sqlx::query(REGISTER).bind(slice_id);
        self.arrow("noting the site's answer", slice_id, SliceState::Registered, query).await
    }

    /// REGISTERED → DELETED.
    pub async fn deleted(&self, slice_id: &str) -> Result<()> {
        let query = sqlx::query(DELETE).bind(slice_id);
        self.arrow("noting that local bytes are gone", slice_id, SliceState::Deleted, query).await
    }

    /// Remembers what went wrong, for people.
    pub async fn note(&self, slice_id: &str, note: &str) -> Result<()> {
        self.note_one("noting an error", sqlx::query(NOTE).bind(slice_id).bind(note)).await
    }

    /// One slice.
    pub async fn get(&self, slice_id: &str) -> Result<Option<SliceRow>> {
        let row = sqlx::query(ONE).bind(slice_id).fetch_optional(&self.pool).await;
        row.map_err(failed("reading a slice"))?.as_ref().map(read_row).transpose()
    }

    /// All slices in one state, oldest lesson first.
    pub async fn in_state(&self, state: SliceState) -> Result<Vec<SliceRow>> {
        let rows = sqlx::query(IN_STATE).bind(state.code()).fetch_all(&self.pool).await;
        rows.map_err(failed("listing slices"))?.iter().map(read_row).collect()
    }

    /// What the uploader has to do, newest lessons first, the slices of a lesson in order; at most 512.
    pub async fn queue(&self) -> Result<Vec<SliceRow>> {
        let rows = sqlx::query(QUEUE).bind(&*self.owner).fetch_all(&self.pool).await;
        rows.map_err(failed("listing uploads"))?.iter().map(read_row).collect()
    }

    /// Files that are not confirmed yet, and their bytes.
    pub async fn waiting(&self) -> Result<(u32, u64)> {
        let doing = "counting uploads";
        let row =
            sqlx::query(WAITING).bind(&*self.owner).fetch_one(&self.pool).await.map_err(failed(doing))?;
        let count: i64 = row.try_get(0).map_err(failed(doing))?;
        let bytes: i64 = row.try_get(1).map_err(failed(doing))?;
        Ok((count as u32, bytes as u64))
    }

    /// Forgets deleted slices of lessons before a moment.
    pub async fn prune(&self, before_ms: i64) -> Result<()> {
        self.note_one("pruning", sqlx::query(PRUNE).bind(before_ms)).await
    }

    async fn note_one(&self, doing: &'static str, query: Query<'_>) -> Result<()> {
        query.execute(&self.pool).await.map_err(failed(doing)).map(|_| ())
    }

    /// Takes an arrow to `to`; having taken it before is fine.
    async fn arrow(
        &self,
        doing: &'static str,
        slice_id: &str,
        to: SliceState,
        query: Query<'_>,
    ) -> Result<()> {
        if query.execute(&self.pool).await.map_err(failed(doing))?.rows_affected() == 1 {
            return Ok(());
        }
        let row =
            sqlx::query(STATE).bind(slice_id).fetch_optional(&self.pool).await.map_err(failed(doing))?;
        let found: Option<String> = row.map(|row| row.try_get(0)).transpose().map_err(failed(doing))?;
        match found {
            Some(found) if found == to.code() => Ok(()),
            found => Err(GatherError::Slice {
                slice_id: slice_id.to_owned(),
                why: format!("{doing}: it is {}", found.as_deref().unwrap_or("not in the ledger")),
            }),
        }
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> GatherError {
    move |e| GatherError::Ledger { doing, source: Box::new(e) }
}

fn read_row(row: &SqliteRow) -> Result<SliceRow> {
    read_columns(row).map_err(failed("reading a slice"))
}

fn read_columns(row: &SqliteRow) -> std::result::Result<SliceRow, sqlx::Error> {
    let state: String = row.try_get("state")?;
    let dir: String = row.try_get("dir")?;
    let end: String = row.try_get("end_reason")?;
    let facts = SliceFacts {
        slice_id: row.try_get("slice_id")?,
        channel_id: ChannelId(row.try_get("channel_id")?),
        lesson_key: row.try_get("lesson_key")?,
        range_id: RangeId(row.try_get("range_id")?),
        subject_id: SubjectId(row.try_get("subject_id")?),
        teacher_id: TeacherId(row.try_get("teacher_id")?),
        sequence: row.try_get::<i64, _>("sequence")? as u32,
        started_at_ms: row.try_get("started_at_ms")?,
        duration_ms: row.try_get("duration_ms")?,
        overlap_ms: row.try_get("overlap_ms")?,
        size_bytes: row.try_get("size_bytes")?,
        sha256: row.try_get("sha256")?,
        video_frames: row.try_get("video_frames")?,
        video_codec: row.try_get("video_codec")?,
        audio_codec: row.try_get("audio_codec")?,
        width: row.try_get::<i64, _>("width")? as u16,
        height: row.try_get::<i64, _>("height")? as u16,
        end: end_from_code(&end),
    };
    Ok(SliceRow {
        // The CHECK of the table knows no other word.
        state: SliceState::from_code(&state).unwrap_or(SliceState::Damaged),
        dir: dir.into(),
        facts,
        durable_bytes: row.try_get("durable_bytes")?,
        has_still: row.try_get::<i64, _>("has_still")? != 0,
        upload_url: row.try_get("upload_url")?,
        still_upload_url: row.try_get("still_upload_url")?,
        receipt: row.try_get("receipt")?,
        still_receipt: row.try_get("still_receipt")?,
        note: row.try_get("note")?,
    })
}

/// The same words as on the wire.
fn end_code(end: SliceEnd) -> String {
    serde_json::to_value(end).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// An open slice has none yet: should it be found so, it was cut off.
fn end_from_code(code: &str) -> SliceEnd {
    serde_json::from_value(code.into()).unwrap_or(SliceEnd::Recovered)
}

#[cfg(test)]
mod tests;
