//! 录像表: the weekly ranges of a channel.

use crate::counter::next_id;
use crate::range_plan::{Step, plan, range_revision};
use crate::read::{Q, ReadResult, count, get, number, rows, run, sql};
use crate::state::bump_of_channel;
use crate::{Db, DbError, RangeChanges, RangeEdit, Result};
use model::fault::{Fault, Reason};
use model::timetable::WeeklyRange;
use model::{ChannelId, RangeId, SchoolId, SubjectId, TeacherId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

macro_rules! columns {
    () => {
        "r.range_id, r.channel_id, r.weekday, r.start_s, r.end_s, r.subject_id, r.teacher_id"
    };
}

texts! {
    ADD = "INSERT INTO weekly_range (range_id, channel_id, weekday, start_s, end_s, subject_id, teacher_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SAVE = "UPDATE weekly_range SET weekday = $3, start_s = $4, end_s = $5, subject_id = $6, teacher_id = $7
        WHERE range_id = $1 AND channel_id = $2";
    DELETE = "DELETE FROM weekly_range WHERE range_id = $1 AND channel_id = $2";
    DELETE_OF_CHANNEL = "DELETE FROM weekly_range WHERE channel_id = $1";
    OF_CHANNEL = concat!("SELECT ", columns!(), " FROM weekly_range r WHERE r.channel_id = $1
        ORDER BY r.weekday, r.start_s");
    OF_SCHOOL = concat!("SELECT ", columns!(), " FROM weekly_range r JOIN channel c ON c.channel_id = r.channel_id
        JOIN gatherer g ON g.gatherer_id = c.gatherer_id
        WHERE g.school_id = $1 AND g.deleted_at_ms IS NULL AND c.deleted_at_ms IS NULL
        ORDER BY r.channel_id, r.weekday, r.start_s");
    ROWS = concat!("SELECT ", columns!(), ", su.name AS subject_name, t.name AS teacher_name FROM weekly_range r
        JOIN subject su ON su.subject_id = r.subject_id JOIN teacher t ON t.teacher_id = r.teacher_id
        WHERE r.channel_id = $1 ORDER BY r.weekday, r.start_s");
    SUBJECT = "SELECT COUNT(*) FROM subject WHERE subject_id = $1";
    TEACHER = "SELECT COUNT(*) FROM teacher WHERE teacher_id = $1";
}

/// A range as the 录像表 page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeRow {
    /// The range.
    pub range: WeeklyRange,
    /// 科目.
    pub subject_name: String,
    /// 教师.
    pub teacher_name: String,
}

fn read(r: &AnyRow) -> ReadResult<WeeklyRange> {
    Ok(WeeklyRange {
        id: RangeId(get(r, "range_id")?),
        channel_id: ChannelId(get(r, "channel_id")?),
        weekday: number(r, "weekday")?,
        start_s: number(r, "start_s")?,
        end_s: number(r, "end_s")?,
        subject_id: SubjectId(get(r, "subject_id")?),
        teacher_id: TeacherId(get(r, "teacher_id")?),
    })
}

fn bind(text: &'static str, range: &WeeklyRange) -> Q<'static> {
    sql(text)
        .bind(range.id.0)
        .bind(range.channel_id.0)
        .bind(i64::from(range.weekday))
        .bind(i64::from(range.start_s))
        .bind(i64::from(range.end_s))
        .bind(range.subject_id.0)
        .bind(range.teacher_id.0)
}

/// Whether subject and teacher exist; a [`Fault`] of `subject_id` or `teacher_id` otherwise.
pub(crate) async fn check_references(
    conn: &mut AnyConnection,
    subject: SubjectId,
    teacher: TeacherId,
) -> Result<()> {
    for (text, id, field) in [(SUBJECT, subject.0, "subject_id"), (TEACHER, teacher.0, "teacher_id")] {
        if count(conn, "looking for subject and teacher", sql(text).bind(id)).await? == 0 {
            return Err(Fault::new(field, Reason::Unknown).into());
        }
    }
    Ok(())
}

async fn of_channel(conn: &mut AnyConnection, id: ChannelId) -> Result<Vec<WeeklyRange>> {
    rows(conn, "reading a channel's ranges", sql(OF_CHANNEL).bind(id.0), read).await
}

pub(crate) async fn of_school(conn: &mut AnyConnection, id: SchoolId) -> Result<Vec<WeeklyRange>> {
    rows(conn, "reading a school's ranges", sql(OF_SCHOOL).bind(id.0), read).await
}

pub(crate) async fn delete_of_channel(conn: &mut AnyConnection, id: ChannelId) -> Result<()> {
    run(conn, "removing a channel's ranges", sql(DELETE_OF_CHANNEL).bind(id.0)).await.map(|_| ())
}

/// Writes `changes` inside the caller's transaction, which holds the writers' turn: nobody else can add a range
/// between the check and the commit.
async fn apply(conn: &mut AnyConnection, id: ChannelId, changes: &RangeChanges) -> Result<Vec<WeeklyRange>> {
    const DOING: &str = "saving a channel's ranges";
    let existing = of_channel(conn, id).await?;
    for step in plan(id, &existing, changes)? {
        match step {
            Step::Remove(range) => {
                run(conn, DOING, sql(DELETE).bind(range.0).bind(id.0)).await?;
            }
            Step::Change(range) => {
                check_references(conn, range.subject_id, range.teacher_id).await?;
                run(conn, DOING, bind(SAVE, &range)).await?;
            }
            Step::Add(range) => {
                check_references(conn, range.subject_id, range.teacher_id).await?;
                let range = WeeklyRange { id: RangeId(next_id(conn, "weekly_range").await?), ..range };
                run(conn, DOING, bind(ADD, &range)).await?;
            }
        }
    }
    of_channel(conn, id).await
}

impl Db {
    /// The whole week of a channel, by weekday and start.
    pub async fn ranges(&self, id: ChannelId) -> Result<Vec<WeeklyRange>> {
        let mut c = self.read("reading a channel's ranges").await?;
        of_channel(&mut c, id).await
    }

    /// As [`Db::ranges`], with the names of subject and teacher.
    pub async fn range_rows(&self, id: ChannelId) -> Result<Vec<RangeRow>> {
        const DOING: &str = "reading a channel's ranges";
        let mut c = self.read(DOING).await?;
        let read = |r: &AnyRow| {
            let (subject_name, teacher_name) = (get(r, "subject_name")?, get(r, "teacher_name")?);
            Ok(RangeRow { range: read(r)?, subject_name, teacher_name })
        };
        rows(&mut c, DOING, sql(ROWS).bind(id.0), read).await
    }

    /// Adds, changes and removes ranges of a channel: all or nothing. Gives the whole week afterwards and raises the
    /// gatherer's state version.
    ///
    /// A range that is too short, out of its limits or overlaps is a [`DbError::Fault`](crate::DbError::Fault) of
    /// `weekday`, `start` or `end`; an unknown subject or teacher is one of `subject_id` or
    /// `teacher_id`.
    pub async fn save_ranges(&self, id: ChannelId, changes: &RangeChanges) -> Result<Vec<WeeklyRange>> {
        const DOING: &str = "saving a channel's ranges";
        let mut w = self.write(DOING).await?;
        bump_of_channel(w.conn(), id).await?;
        let week = apply(w.conn(), id, changes).await?;
        w.commit(DOING).await?;
        Ok(week)
    }

    /// As [`Db::save_ranges`], but [`DbError::Outdated`] (without a number) when the week is not the one any more whose
    /// [`range_revision`] the changes were made from: of two who saw the same page one is told, also across servers.
    pub async fn save_ranges_at(
        &self,
        id: ChannelId,
        base_revision: &str,
        changes: &RangeChanges,
    ) -> Result<Vec<WeeklyRange>> {
        const DOING: &str = "saving a channel's ranges";
        let mut w = self.write(DOING).await?;
        bump_of_channel(w.conn(), id).await?;
        if range_revision(&of_channel(w.conn(), id).await?) != base_revision {
            return Err(DbError::Outdated { current: 0 });
        }
        let week = apply(w.conn(), id, changes).await?;
        w.commit(DOING).await?;
        Ok(week)
    }

    /// Makes `day` the ranges of one weekday (0 = Sunday); others of that day are removed. The `weekday` of each edit
    /// is set to it. Ranges with the same times as before keep their ids. Errors as [`Db::save_ranges`].
    pub async fn replace_day(
        &self,
        id: ChannelId,
        weekday: u8,
        day: Vec<RangeEdit>,
    ) -> Result<Vec<WeeklyRange>> {
        const DOING: &str = "replacing a day of ranges";
        if weekday > 6 {
            return Err(Fault::new("weekday", Reason::OutOfRange { min: 0, max: 6 }).into());
        }
        let mut w = self.write(DOING).await?;
        bump_of_channel(w.conn(), id).await?;
        let before = of_channel(w.conn(), id).await?;
        let removed = before.into_iter().filter(|r| r.weekday == weekday).map(|r| r.id).collect();
        let edits = day.into_iter().map(|edit| RangeEdit { weekday, ..edit }).collect();
        let week = apply(w.conn(), id, &RangeChanges { edits, removed }).await?;
        w.commit(DOING).await?;
        Ok(week)
    }
}
