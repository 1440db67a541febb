//! 课: recorded lessons, each the sum of its slices.

use crate::doomed_object::doom;
use crate::read::{ReadResult, count, get, row, rows, run, sql};
use crate::{Db, DbError, Noun, Result, slice};
use model::calendar::{LessonId, LessonKey};
use model::fault::{Fault, Reason};
use model::slice::SliceFacts;
use model::{ChannelId, ClassId, SchoolId, SubjectId, TeacherId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// `SELECT` of [`read`] with its joins; subject, teacher and class may have gone. A class of another school than the
/// gatherer's is nobody's: a gatherer in error could name it.
macro_rules! select_lesson {
    () => {
        "SELECT l.lesson_key, l.channel_id, l.subject_id, l.teacher_id, l.started_at_ms, l.ended_at_ms, l.duration_ms,
         l.size_bytes, l.slice_count, l.still_object_id, l.clicks, COALESCE(su.name, '') AS subject_name,
         COALESCE(t.name, '') AS teacher_name, cl.class_id, COALESCE(cl.name, c.class_name) AS class_name,
         COALESCE(cg.stage, gr.stage) AS stage, COALESCE(cg.name, gr.name) AS grade_name, s.school_id,
         s.name AS school_name,
         (SELECT x.slice_id FROM slice x WHERE x.lesson_key = l.lesson_key
          ORDER BY x.started_at_ms, x.sequence, x.slice_id LIMIT 1) AS first_slice_id
         FROM lesson l JOIN channel c ON c.channel_id = l.channel_id JOIN grade gr ON gr.grade_id = c.grade_id
         JOIN gatherer g ON g.gatherer_id = c.gatherer_id JOIN school s ON s.school_id = g.school_id
         LEFT JOIN subject su ON su.subject_id = l.subject_id LEFT JOIN teacher t ON t.teacher_id = l.teacher_id
         LEFT JOIN school_class cl ON cl.class_id = l.class_id AND cl.school_id = g.school_id
         LEFT JOIN grade cg ON cg.grade_id = cl.grade_id "
    };
}
pub(crate) use select_lesson;

texts! {
    GET = concat!(select_lesson!(), "WHERE l.lesson_key = $1");
    /// Later lessons of the subject, the next first.
    NEWER = concat!(select_lesson!(), "WHERE l.subject_id = $1 AND l.lesson_key <> $3
        AND (l.started_at_ms > $2 OR (l.started_at_ms = $2 AND l.lesson_key > $3))
        ORDER BY l.started_at_ms, l.lesson_key LIMIT $4");
    /// Earlier lessons of the subject, the last first.
    OLDER = concat!(select_lesson!(), "WHERE l.subject_id = $1 AND l.lesson_key <> $3
        AND (l.started_at_ms < $2 OR (l.started_at_ms = $2 AND l.lesson_key < $3))
        ORDER BY l.started_at_ms DESC, l.lesson_key DESC LIMIT $4");
    ENSURE = "INSERT INTO lesson (lesson_key, channel_id, subject_id, teacher_id, started_at_ms, ended_at_ms,
        duration_ms, size_bytes, slice_count, created_at_ms, class_id)
        VALUES ($1, $2, $3, $4, $5, $5, 0, 0, 0, $6, $7)
        ON CONFLICT (lesson_key) DO NOTHING";
    OF_CHANNEL_AND_KEY = "SELECT COUNT(*) FROM lesson WHERE lesson_key = $1 AND channel_id = $2";
    RECOUNT = "UPDATE lesson SET
        started_at_ms = (SELECT MIN(x.started_at_ms) FROM slice x WHERE x.lesson_key = $1),
        ended_at_ms = (SELECT MAX(x.started_at_ms + x.duration_ms) FROM slice x WHERE x.lesson_key = $1),
        duration_ms = (SELECT CAST(SUM(CASE WHEN x.overlap_ms > x.duration_ms THEN 0
            ELSE x.duration_ms - x.overlap_ms END) AS BIGINT) FROM slice x WHERE x.lesson_key = $1),
        size_bytes = (SELECT CAST(SUM(x.size_bytes) AS BIGINT) FROM slice x WHERE x.lesson_key = $1),
        slice_count = (SELECT COUNT(*) FROM slice x WHERE x.lesson_key = $1),
        still_object_id = (SELECT x.still_object_id FROM slice x WHERE x.lesson_key = $1
            AND x.still_object_id IS NOT NULL ORDER BY x.started_at_ms, x.sequence LIMIT 1)
        WHERE lesson_key = $1 AND EXISTS (SELECT 1 FROM slice x WHERE x.lesson_key = $1)";
    DELETE_EMPTY = "DELETE FROM lesson WHERE lesson_key = $1
        AND NOT EXISTS (SELECT 1 FROM slice x WHERE x.lesson_key = $1)";
    CLICK_OF_SLICE = "UPDATE lesson SET clicks = clicks + 1
        WHERE lesson_key = (SELECT x.lesson_key FROM slice x WHERE x.slice_id = $1)";
    CLICK = "UPDATE lesson SET clicks = clicks + 1 WHERE lesson_key = $1";
    SAVE = "UPDATE lesson SET subject_id = $2, teacher_id = $3 WHERE lesson_key = $1";
    /// A lesson is within a day: the index on its start bounds the search from below too.
    BETWEEN = concat!(select_lesson!(), "WHERE s.school_id = $1 AND l.started_at_ms >= $2 - 86400000
        AND l.started_at_ms < $3 AND l.ended_at_ms > $2 ORDER BY l.started_at_ms, l.lesson_key");
    TEACHER = "SELECT COUNT(*) FROM teacher WHERE teacher_id = $1";
    SUBJECT = "SELECT COUNT(*) FROM subject WHERE subject_id = $1";
    KEYS_OF_CHANNEL = "SELECT lesson_key FROM lesson WHERE channel_id = $1";
    DELETE_SLICES = "DELETE FROM slice WHERE lesson_key = $1";
    DELETE = "DELETE FROM lesson WHERE lesson_key = $1";
}

/// A recorded lesson as pages list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonRow {
    /// A [`LessonKey`] as text: its id in addresses.
    pub lesson_key: String,
    /// Where it was recorded.
    pub channel_id: ChannelId,
    /// 科目, as corrected by an admin.
    pub subject_id: SubjectId,
    /// Its name; empty when the subject has gone.
    pub subject_name: String,
    /// 教师, as corrected by an admin.
    pub teacher_id: TeacherId,
    /// Their name; empty when the teacher has gone.
    pub teacher_name: String,
    /// The class whose lesson it is; `None` for a weekly range, and when the class has gone.
    pub class_id: Option<ClassId>,
    /// 节次 of the timetable; `None` for a weekly range.
    pub period: Option<u8>,
    /// 班级: of that class, else as the channel has it.
    pub class_name: String,
    /// 年级's 类型, e.g. 小学.
    pub stage: String,
    /// 年级's 名称, e.g. 一年级.
    pub grade_name: String,
    /// 学校.
    pub school_id: SchoolId,
    /// Its name.
    pub school_name: String,
    /// First frame of its first slice, Unix ms.
    pub started_at_ms: i64,
    /// Last frame of its last slice, Unix ms.
    pub ended_at_ms: i64,
    /// Media without repeated overlaps and without gaps, ms.
    pub duration_ms: i64,
    /// All its files, bytes.
    pub size_bytes: i64,
    /// Its slices.
    pub slice_count: i64,
    /// Its first slice, to be played first.
    pub first_slice_id: String,
    /// Its picture, once one has come.
    pub still_object_id: Option<String>,
    /// 次数.
    pub clicks: i64,
}

/// A lesson among others of its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The current lesson first, then newer ones ascending, filled up with older ones descending.
    pub lessons: Vec<LessonRow>,
}

pub(crate) fn read(r: &AnyRow) -> ReadResult<LessonRow> {
    let lesson_key: String = get(r, "lesson_key")?;
    Ok(LessonRow {
        channel_id: ChannelId(get(r, "channel_id")?),
        subject_id: SubjectId(get(r, "subject_id")?),
        subject_name: get(r, "subject_name")?,
        teacher_id: TeacherId(get(r, "teacher_id")?),
        teacher_name: get(r, "teacher_name")?,
        class_id: get::<Option<i64>>(r, "class_id")?.map(ClassId),
        period: lesson_of(&lesson_key).map(|(id, _)| id.period),
        class_name: get(r, "class_name")?,
        stage: get(r, "stage")?,
        grade_name: get(r, "grade_name")?,
        school_id: SchoolId(get(r, "school_id")?),
        school_name: get(r, "school_name")?,
        started_at_ms: get(r, "started_at_ms")?,
        ended_at_ms: get(r, "ended_at_ms")?,
        duration_ms: get(r, "duration_ms")?,
        size_bytes: get(r, "size_bytes")?,
        slice_count: get(r, "slice_count")?,
        first_slice_id: get(r, "first_slice_id")?,
        still_object_id: get(r, "still_object_id")?,
        clicks: get(r, "clicks")?,
        lesson_key,
    })
}

/// The lesson of the timetable behind a key, and the channel that records it.
fn lesson_of(lesson_key: &str) -> Option<(LessonId, ChannelId)> {
    match lesson_key.parse() {
        Ok(LessonKey::Lesson { id, channel }) => Some((id, channel)),
        Ok(LessonKey::Range { .. }) | Err(_) => None,
    }
}

/// Makes the lesson of a slice if it is not there. Refused when it belongs to another channel: keys carry the channel's
/// or the range's id, so this is a gatherer in error or in bad faith.
pub(crate) async fn ensure(conn: &mut AnyConnection, facts: &SliceFacts, now_ms: i64) -> Result<()> {
    const DOING: &str = "keeping a lesson";
    let of_class = lesson_of(&facts.lesson_key);
    if of_class.is_some_and(|(_, channel)| channel != facts.channel_id) {
        return Err(DbError::Conflict { slice_id: facts.slice_id.clone() });
    }
    let ensure = sql(ENSURE)
        .bind(facts.lesson_key.as_str())
        .bind(facts.channel_id.0)
        .bind(facts.subject_id.0)
        .bind(facts.teacher_id.0)
        .bind(facts.started_at_ms)
        .bind(now_ms)
        .bind(of_class.map(|(id, _)| id.class.0));
    run(conn, DOING, ensure).await?;
    let same = sql(OF_CHANNEL_AND_KEY).bind(facts.lesson_key.as_str()).bind(facts.channel_id.0);
    match count(conn, DOING, same).await? {
        0 => Err(DbError::Conflict { slice_id: facts.slice_id.clone() }),
        _ => Ok(()),
    }
}

/// Brings a lesson's sums up to date; one without slices goes.
pub(crate) async fn recount(conn: &mut AnyConnection, lesson_key: &str) -> Result<()> {
    run(conn, "summing up a lesson", sql(RECOUNT).bind(lesson_key)).await?;
    run(conn, "summing up a lesson", sql(DELETE_EMPTY).bind(lesson_key)).await.map(|_| ())
}

pub(crate) async fn click_of_slice(conn: &mut AnyConnection, slice_id: &str) -> Result<()> {
    run(conn, "counting a playing", sql(CLICK_OF_SLICE).bind(slice_id)).await.map(|_| ())
}

async fn delete(conn: &mut AnyConnection, lesson_key: &str, now_ms: i64) -> Result<Vec<String>> {
    const DOING: &str = "removing a lesson";
    let objects = slice::objects(slice::of_lesson(conn, lesson_key).await?);
    run(conn, DOING, sql(DELETE_SLICES).bind(lesson_key)).await?;
    if run(conn, DOING, sql(DELETE).bind(lesson_key)).await? == 0 {
        return Err(DbError::not_found(Noun::Lesson, lesson_key));
    }
    doom(conn, &objects, now_ms).await?;
    Ok(objects)
}

/// Removes all lessons of a channel: their objects.
pub(crate) async fn delete_of_channel(
    conn: &mut AnyConnection,
    id: ChannelId,
    now_ms: i64,
) -> Result<Vec<String>> {
    let of_channel = sql(KEYS_OF_CHANNEL).bind(id.0);
    let keys: Vec<String> = rows(conn, "removing lessons", of_channel, |r| get(r, "lesson_key")).await?;
    let mut objects = Vec::new();
    for key in keys {
        objects.extend(delete(conn, &key, now_ms).await?);
    }
    Ok(objects)
}

impl Db {
    /// One recorded lesson.
    pub async fn lesson(&self, lesson_key: &str) -> Result<LessonRow> {
        let mut c = self.read("reading a lesson").await?;
        let found = row(&mut c, "reading a lesson", sql(GET).bind(lesson_key), read).await?;
        found.ok_or_else(|| DbError::not_found(Noun::Lesson, lesson_key))
    }

    /// A lesson with others of its subject, `limit` in all: 相关录像 of the VOD page.
    pub async fn related_lessons(&self, lesson_key: &str, limit: i64) -> Result<Related> {
        const DOING: &str = "listing related lessons";
        let current = self.lesson(lesson_key).await?;
        let mut c = self.read(DOING).await?;
        let (subject, start) = (current.subject_id.0, current.started_at_ms);
        let mut lessons = vec![current];
        for text in [NEWER, OLDER] {
            let left = limit.min(crate::Page::LIMIT_MAX) - lessons.len() as i64;
            if left > 0 {
                let q = sql(text).bind(subject).bind(start).bind(lesson_key).bind(left);
                lessons.extend(rows(&mut c, DOING, q, read).await?);
            }
        }
        Ok(Related { lessons })
    }

    /// Counts a viewing of a lesson.
    pub async fn lesson_clicked(&self, lesson_key: &str) -> Result<()> {
        let mut s = self.single("counting a viewing").await?;
        run(s.conn(), "counting a viewing", sql(CLICK).bind(lesson_key)).await.map(|_| ())
    }

    /// The recorded lessons of a school that were running at some moment of [from, to), Unix ms, in order of time.
    pub async fn lessons_between(
        &self,
        school: SchoolId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LessonRow>> {
        const DOING: &str = "listing the lessons of a school";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(BETWEEN).bind(school.0).bind(from_ms).bind(to_ms), read).await
    }

    /// The plan of a lesson that is (being) recorded has changed: its subject and teacher (0 = none named) are these for
    /// all of it. No error when nothing of it was recorded.
    pub async fn retitle_lesson(
        &self,
        lesson_key: &str,
        subject: SubjectId,
        teacher: TeacherId,
    ) -> Result<()> {
        const DOING: &str = "giving a lesson another title";
        let mut s = self.single(DOING).await?;
        run(s.conn(), DOING, sql(SAVE).bind(lesson_key).bind(subject.0).bind(teacher.0)).await.map(|_| ())
    }

    /// Corrects subject and teacher (0 = none named) of a lesson; its slices keep what was reported. An unknown one is
    /// a [`DbError::Fault`] of `subject_id` or `teacher_id`.
    pub async fn save_lesson(&self, lesson_key: &str, subject: SubjectId, teacher: TeacherId) -> Result<()> {
        const DOING: &str = "correcting a lesson";
        let mut w = self.write(DOING).await?;
        for (text, id, field) in [(SUBJECT, subject.0, "subject_id"), (TEACHER, teacher.0, "teacher_id")] {
            let none_named = field == "teacher_id" && id == 0;
            if !none_named && count(w.conn(), DOING, sql(text).bind(id)).await? == 0 {
                return Err(Fault::new(field, Reason::Unknown).into());
            }
        }
        let save = sql(SAVE).bind(lesson_key).bind(subject.0).bind(teacher.0);
        if run(w.conn(), DOING, save).await? == 0 {
            return Err(DbError::not_found(Noun::Lesson, lesson_key));
        }
        w.commit(DOING).await
    }

    /// Removes a lesson with its slices. Gives the objects to remove from storage, which are also kept by
    /// [`Db::doomed_objects`] until [`Db::objects_gone`].
    pub async fn delete_lesson(&self, lesson_key: &str, now_ms: i64) -> Result<Vec<String>> {
        let mut w = self.write("removing a lesson").await?;
        let objects = delete(w.conn(), lesson_key, now_ms).await?;
        w.commit("removing a lesson").await?;
        Ok(objects)
    }
}
