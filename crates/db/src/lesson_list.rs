//! Lists of recorded lessons for home, subject and admin pages.

use crate::lesson::{LessonRow, read, select_lesson};
use crate::page::like;
use crate::read::{count, get, rows, sql};
use crate::{Db, Listed, Page, Result};
use model::school::Subject;
use model::{ChannelId, SchoolId, SubjectId, TeacherId};

macro_rules! filter {
    () => {
        "WHERE (CAST($1 AS BIGINT) = 0 OR l.subject_id = $1) AND (CAST($2 AS BIGINT) = 0 OR l.teacher_id = $2)
         AND (CAST($3 AS BIGINT) = 0 OR s.school_id = $3) AND (CAST($4 AS BIGINT) = 0 OR l.channel_id = $4)
         AND l.started_at_ms >= $5 AND l.started_at_ms < $6
         AND LOWER(COALESCE(su.name, '') || ' ' || COALESCE(t.name, '') || ' '
             || COALESCE(cg.stage, gr.stage) || COALESCE(cg.name, gr.name) || ' '
             || COALESCE(cl.name, c.class_name) || ' ' || s.name) LIKE $7 ESCAPE '!' "
    };
}

texts! {
    LIST_NEWEST = concat!(select_lesson!(), filter!(), "ORDER BY l.started_at_ms DESC, l.lesson_key DESC
        LIMIT $8 OFFSET $9");
    LIST_BY_CLICKS = concat!(select_lesson!(), filter!(), "ORDER BY l.clicks DESC, l.started_at_ms DESC,
        l.lesson_key DESC LIMIT $8 OFFSET $9");
    LIST_COUNT = concat!("SELECT COUNT(*) FROM (", select_lesson!(), filter!(), ") AS listed");
    SUBJECTS = "SELECT su.subject_id, su.name,
        (SELECT COUNT(*) FROM lesson l WHERE l.subject_id = su.subject_id) AS lessons
        FROM subject su ORDER BY su.subject_id";
}

/// Which lessons to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LessonFilter {
    /// Only of this subject.
    pub subject_id: Option<SubjectId>,
    /// Only by this teacher.
    pub teacher_id: Option<TeacherId>,
    /// Only of this school.
    pub school_id: Option<SchoolId>,
    /// Only of this channel.
    pub channel_id: Option<ChannelId>,
    /// Only those that began at this instant or later, Unix ms.
    pub from_ms: Option<i64>,
    /// Only those that began before this instant, Unix ms.
    pub until_ms: Option<i64>,
    /// Only with this text in subject, teacher, grade, class or school; empty for all.
    pub text: String,
    /// In which order.
    pub order: LessonOrder,
}

/// Orders of a lesson list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LessonOrder {
    /// Newest first.
    #[default]
    Newest,
    /// Most viewed first.
    Clicks,
}

/// A subject with the number of its recorded lessons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectCount {
    /// The subject.
    pub subject: Subject,
    /// Its recorded lessons.
    pub lessons: i64,
}

impl Db {
    /// A page of recorded lessons, one row a lesson.
    pub async fn list_lessons(&self, filter: &LessonFilter, page: Page) -> Result<Listed<LessonRow>> {
        const DOING: &str = "listing lessons";
        let mut c = self.read(DOING).await?;
        let text = like(&filter.text);
        let filtered = |text_const: &'static str| {
            sql(text_const)
                .bind(filter.subject_id.map_or(0, |id| id.0))
                .bind(filter.teacher_id.map_or(0, |id| id.0))
                .bind(filter.school_id.map_or(0, |id| id.0))
                .bind(filter.channel_id.map_or(0, |id| id.0))
                .bind(filter.from_ms.unwrap_or(i64::MIN))
                .bind(filter.until_ms.unwrap_or(i64::MAX))
                .bind(text.as_str())
        };
        let total = count(&mut c, DOING, filtered(LIST_COUNT)).await?;
        let list = match filter.order {
            LessonOrder::Newest => LIST_NEWEST,
            LessonOrder::Clicks => LIST_BY_CLICKS,
        };
        let list = filtered(list).bind(page.limit()).bind(page.offset());
        Ok(Listed { rows: rows(&mut c, DOING, list, read).await?, total })
    }

    /// The newest `limit` lessons of the site.
    pub async fn newest_lessons(&self, limit: i64) -> Result<Vec<LessonRow>> {
        Ok(self.list_lessons(&LessonFilter::default(), Page::first(limit)).await?.rows)
    }

    /// The `limit` most viewed lessons of the site.
    pub async fn most_clicked_lessons(&self, limit: i64) -> Result<Vec<LessonRow>> {
        let filter = LessonFilter { order: LessonOrder::Clicks, ..LessonFilter::default() };
        Ok(self.list_lessons(&filter, Page::first(limit)).await?.rows)
    }

    /// Every subject with the number of its recorded lessons: the home page's tabs.
    pub async fn subject_counts(&self) -> Result<Vec<SubjectCount>> {
        const DOING: &str = "counting lessons by subject";
        let mut c = self.read(DOING).await?;
        let read = |r: &_| {
            let subject = Subject { id: SubjectId(get(r, "subject_id")?), name: get(r, "name")? };
            Ok(SubjectCount { subject, lessons: get(r, "lessons")? })
        };
        rows(&mut c, DOING, sql(SUBJECTS), read).await
    }
}
