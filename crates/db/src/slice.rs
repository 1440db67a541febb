//! 切片: recorded files, as gatherers report them.

use crate::doomed_object::{doom, spare};
use crate::error::taken;
use crate::read::{Q, ReadResult, count, get, number, row, rows, run, run_or, sql, unreadable};
use crate::{Db, DbError, Noun, Result, lesson};
use model::slice::{SliceEnd, SliceFacts};
use model::{ChannelId, RangeId, SubjectId, TeacherId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! columns {
    () => {
        "slice_id, channel_id, lesson_key, range_id, subject_id, teacher_id, sequence, started_at_ms, duration_ms,
         overlap_ms, size_bytes, sha256, video_frames, video_codec, audio_codec, width, height, end_reason, object_id,
         still_object_id, clicks, created_at_ms"
    };
}

texts! {
    GET = concat!("SELECT ", columns!(), " FROM slice WHERE slice_id = $1");
    OF_LESSON = concat!("SELECT ", columns!(), " FROM slice WHERE lesson_key = $1
        ORDER BY started_at_ms, sequence, slice_id");
    ADD = "INSERT INTO slice (slice_id, channel_id, lesson_key, range_id, subject_id, teacher_id, sequence,
        started_at_ms, duration_ms, overlap_ms, size_bytes, sha256, video_frames, video_codec, audio_codec, width,
        height, end_reason, object_id, created_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    OBJECT = "UPDATE slice SET object_id = $2 WHERE slice_id = $1";
    STILL = "UPDATE slice SET still_object_id = $2 WHERE slice_id = $1";
    CLICK = "UPDATE slice SET clicks = clicks + 1 WHERE slice_id = $1";
    DELETE = "DELETE FROM slice WHERE slice_id = $1";
    CHANNEL = "SELECT COUNT(*) FROM channel WHERE channel_id = $1 AND deleted_at_ms IS NULL";
}

/// A slice that storage holds and a gatherer reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlice {
    /// What the gatherer says of it; the caller has checked it against the receipt.
    pub facts: SliceFacts,
    /// The file in storage.
    pub object_id: String,
}

/// What became of a reported slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It is new.
    New,
    /// It was reported before with the same facts. When it was uploaded twice, the second object is named here, to be
    /// removed from storage.
    Known {
        /// The second object.
        unneeded_object_id: Option<String>,
    },
}

/// A slice as the site keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceRow {
    /// What the gatherer reported.
    pub facts: SliceFacts,
    /// The file in storage.
    pub object_id: String,
    /// Its still, a JPEG in storage, once that has come.
    pub still_object_id: Option<String>,
    /// Times it was played.
    pub clicks: i64,
    /// When it was reported, Unix ms.
    pub created_at_ms: i64,
}

fn end_name(end: SliceEnd) -> &'static str {
    match end {
        SliceEnd::Bell => "bell",
        SliceEnd::Length => "length",
        SliceEnd::SourceLost => "source_lost",
        SliceEnd::SourceChanged => "source_changed",
        SliceEnd::Cancelled => "cancelled",
        SliceEnd::Shutdown => "shutdown",
        SliceEnd::Disk => "disk",
        SliceEnd::Recovered => "recovered",
    }
}

fn end_of(name: &str) -> ReadResult<SliceEnd> {
    Ok(match name {
        "bell" => SliceEnd::Bell,
        "length" => SliceEnd::Length,
        "source_lost" => SliceEnd::SourceLost,
        "source_changed" => SliceEnd::SourceChanged,
        "cancelled" => SliceEnd::Cancelled,
        "shutdown" => SliceEnd::Shutdown,
        "disk" => SliceEnd::Disk,
        "recovered" => SliceEnd::Recovered,
        other => return Err(unreadable("end_reason", other)),
    })
}

fn read(r: &AnyRow) -> ReadResult<SliceRow> {
    Ok(SliceRow {
        facts: SliceFacts {
            slice_id: get(r, "slice_id")?,
            channel_id: ChannelId(get(r, "channel_id")?),
            lesson_key: get(r, "lesson_key")?,
            range_id: RangeId(get(r, "range_id")?),
            subject_id: SubjectId(get(r, "subject_id")?),
            teacher_id: TeacherId(get(r, "teacher_id")?),
            sequence: number(r, "sequence")?,
            started_at_ms: get(r, "started_at_ms")?,
            duration_ms: get(r, "duration_ms")?,
            overlap_ms: get(r, "overlap_ms")?,
            size_bytes: get(r, "size_bytes")?,
            sha256: get(r, "sha256")?,
            video_frames: get(r, "video_frames")?,
            video_codec: get(r, "video_codec")?,
            audio_codec: get(r, "audio_codec")?,
            width: number(r, "width")?,
            height: number(r, "height")?,
            end: end_of(&get::<String>(r, "end_reason")?)?,
        },
        object_id: get(r, "object_id")?,
        still_object_id: get(r, "still_object_id")?,
        clicks: get(r, "clicks")?,
        created_at_ms: get(r, "created_at_ms")?,
    })
}

fn bind_facts<'q>(q: Q<'q>, f: &'q SliceFacts) -> Q<'q> {
    q.bind(f.slice_id.as_str())
        .bind(f.channel_id.0)
        .bind(f.lesson_key.as_str())
        .bind(f.range_id.0)
        .bind(f.subject_id.0)
        .bind(f.teacher_id.0)
        .bind(i64::from(f.sequence))
        .bind(f.started_at_ms)
        .bind(f.duration_ms)
        .bind(f.overlap_ms)
        .bind(f.size_bytes)
        .bind(f.sha256.as_str())
        .bind(f.video_frames)
        .bind(f.video_codec.as_str())
        .bind(f.audio_codec.as_str())
        .bind(i64::from(f.width))
        .bind(i64::from(f.height))
        .bind(end_name(f.end))
}

async fn load(conn: &mut AnyConnection, slice_id: &str) -> Result<Option<SliceRow>> {
    row(conn, "reading a slice", sql(GET).bind(slice_id), read).await
}

pub(crate) async fn of_lesson(conn: &mut AnyConnection, lesson_key: &str) -> Result<Vec<SliceRow>> {
    rows(conn, "reading a lesson's slices", sql(OF_LESSON).bind(lesson_key), read).await
}

/// The objects of slices: files and stills.
pub(crate) fn objects(slices: Vec<SliceRow>) -> Vec<String> {
    slices.into_iter().flat_map(|s| std::iter::once(s.object_id).chain(s.still_object_id)).collect()
}

impl Db {
    /// Keeps a reported slice and brings its lesson up to date: once, however often it is reported.
    ///
    /// [`DbError::Conflict`] when the id is known with other facts, or when the lesson belongs to another channel;
    /// [`DbError::NotFound`] when the channel was removed; [`DbError::Taken`] when the object belongs to another slice.
    pub async fn add_slice(&self, new: &NewSlice, now_ms: i64) -> Result<Stored> {
        const DOING: &str = "keeping a slice";
        let facts = &new.facts;
        let mut w = self.write(DOING).await?;
        if let Some(known) = load(w.conn(), &facts.slice_id).await? {
            if known.facts != *facts {
                return Err(DbError::Conflict { slice_id: facts.slice_id.clone() });
            }
            let second = (known.object_id != new.object_id).then(|| new.object_id.clone());
            doom(w.conn(), second.as_slice(), now_ms).await?;
            w.commit(DOING).await?;
            return Ok(Stored::Known { unneeded_object_id: second });
        }
        if count(w.conn(), DOING, sql(CHANNEL).bind(facts.channel_id.0)).await? == 0 {
            return Err(DbError::not_found(Noun::Channel, facts.channel_id));
        }
        lesson::ensure(w.conn(), facts, now_ms).await?;
        let add = bind_facts(sql(ADD), facts).bind(new.object_id.as_str()).bind(now_ms);
        run_or(w.conn(), add, taken(DOING, Noun::Slice)).await?;
        // Removed here, and told again by a gatherer that never heard our first answer.
        spare(w.conn(), &new.object_id).await?;
        lesson::recount(w.conn(), &facts.lesson_key).await?;
        w.commit(DOING).await?;
        Ok(Stored::New)
    }

    /// Storage has lost the object of a slice, and the gatherer that still had the file has sent it again.
    pub async fn replace_object(&self, slice_id: &str, object_id: &str, now_ms: i64) -> Result<()> {
        const DOING: &str = "replacing a slice's file";
        let mut w = self.write(DOING).await?;
        let slice = load(w.conn(), slice_id).await?;
        let slice = slice.ok_or_else(|| DbError::not_found(Noun::Slice, slice_id))?;
        if slice.object_id != object_id {
            let replace = sql(OBJECT).bind(slice_id).bind(object_id);
            run_or(w.conn(), replace, taken(DOING, Noun::Slice)).await?;
            doom(w.conn(), std::slice::from_ref(&slice.object_id), now_ms).await?;
        }
        w.commit(DOING).await
    }

    /// Keeps a slice's still and gives the object it replaces, to be removed from storage.
    pub async fn set_still(&self, slice_id: &str, object_id: &str, now_ms: i64) -> Result<Option<String>> {
        const DOING: &str = "keeping a still";
        let mut w = self.write(DOING).await?;
        let slice = load(w.conn(), slice_id).await?;
        let slice = slice.ok_or_else(|| DbError::not_found(Noun::Slice, slice_id))?;
        let old = slice.still_object_id.filter(|old| old != object_id);
        run(w.conn(), DOING, sql(STILL).bind(slice_id).bind(object_id)).await?;
        doom(w.conn(), old.as_slice(), now_ms).await?;
        lesson::recount(w.conn(), &slice.facts.lesson_key).await?;
        w.commit(DOING).await?;
        Ok(old)
    }

    /// One slice.
    pub async fn slice(&self, slice_id: &str) -> Result<SliceRow> {
        let mut c = self.read("reading a slice").await?;
        load(&mut c, slice_id).await?.ok_or_else(|| DbError::not_found(Noun::Slice, slice_id))
    }

    /// The slices of a lesson in order of time.
    pub async fn slices_of_lesson(&self, lesson_key: &str) -> Result<Vec<SliceRow>> {
        let mut c = self.read("reading a lesson's slices").await?;
        of_lesson(&mut c, lesson_key).await
    }

    /// Counts a playing of a slice, and of its lesson.
    pub async fn slice_clicked(&self, slice_id: &str) -> Result<()> {
        const DOING: &str = "counting a playing";
        let mut w = self.write(DOING).await?;
        run(w.conn(), DOING, sql(CLICK).bind(slice_id)).await?;
        lesson::click_of_slice(w.conn(), slice_id).await?;
        w.commit(DOING).await
    }

    /// Removes a slice, and its lesson with the last one. Gives the objects to remove from storage.
    pub async fn delete_slice(&self, slice_id: &str, now_ms: i64) -> Result<Vec<String>> {
        const DOING: &str = "removing a slice";
        let mut w = self.write(DOING).await?;
        let slice = load(w.conn(), slice_id).await?;
        let slice = slice.ok_or_else(|| DbError::not_found(Noun::Slice, slice_id))?;
        run(w.conn(), DOING, sql(DELETE).bind(slice_id)).await?;
        lesson::recount(w.conn(), &slice.facts.lesson_key).await?;
        let objects = objects(vec![slice]);
        doom(w.conn(), &objects, now_ms).await?;
        w.commit(DOING).await?;
        Ok(objects)
    }
}
