//! How lessons and times are shown on the front pages.

use crate::error::WebError;
use crate::lang::Lang;
use crate::media;
use crate::pages::admin::show::weekday;
use crate::session::Visitor;
use crate::state::AppState;
use db::LessonRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::school::TITLES;
use model::{SchoolId, TeacherId};
use std::collections::{HashMap, HashSet};

/// A recorded lesson as a card, a list line or the head of its page.
#[derive(Debug, Clone)]
pub struct LessonCard {
    /// Its page.
    pub href: String,
    /// `lesson_key`.
    pub key: String,
    /// 科目; 其他 when it was removed.
    pub subject: String,
    /// Teacher's name, may be empty.
    pub teacher: String,
    /// 职称, empty when the teacher was removed.
    pub teacher_title: String,
    /// 小学 一年级 一班.
    pub class: String,
    /// 第3节, of a lesson of the timetable; else empty.
    pub period: String,
    /// 学校.
    pub school: String,
    /// `2026-11-20 08:00`, school's zone.
    pub when: String,
    /// `11-20`, for narrow lists.
    pub day: String,
    /// `45:00` or `1:30:00`.
    pub length: String,
    /// Signed address of its picture.
    pub still: Option<String>,
    /// 次数.
    pub clicks: i64,
}

/// Teachers' titles and the names of periods, read once for a page full of cards.
#[derive(Debug, Default)]
pub struct Titles {
    teachers: HashMap<TeacherId, u8>,
    periods: HashMap<(SchoolId, u8), String>,
}

impl Titles {
    /// What cards of these lessons need.
    pub async fn read<'a>(
        state: &AppState,
        rows: impl IntoIterator<Item = &'a LessonRow>,
    ) -> Result<Self, WebError> {
        let teachers = state.db.all_teachers().await?.into_iter().map(|t| (t.id, t.title)).collect();
        let mut titles = Self { teachers, ..Self::default() };
        let lessons = rows.into_iter().filter(|row| row.period.is_some());
        for school in lessons.map(|row| row.school_id).collect::<HashSet<SchoolId>>() {
            let calendar = state.db.calendar(school).await?.calendar;
            // A number means the same row in every bell table of a school.
            for period in calendar.bell_tables.into_iter().flat_map(|table| table.periods) {
                titles.periods.entry((school, period.no)).or_insert(period.label);
            }
        }
        Ok(titles)
    }

    fn title(&self, id: TeacherId, l: Lang) -> &'static str {
        let pair = self.teachers.get(&id).and_then(|t| TITLES.get(usize::from(*t)));
        pair.map_or("", |(zh, en)| l.t(zh, en))
    }

    fn period(&self, row: &LessonRow) -> String {
        let label = row.period.and_then(|no| self.periods.get(&(row.school_id, no)));
        label.cloned().unwrap_or_default()
    }
}

/// Cards of lessons, in the visitor's language and with addresses for them.
pub fn cards(state: &AppState, visitor: &Visitor, titles: &Titles, rows: &[LessonRow]) -> Vec<LessonCard> {
    let zone = visitor.zone();
    rows.iter().map(|row| card(state, visitor, titles, &zone, row)).collect()
}

fn card(
    state: &AppState,
    visitor: &Visitor,
    titles: &Titles,
    zone: &TimeZone,
    row: &LessonRow,
) -> LessonCard {
    let l = visitor.lang;
    let subject = if row.subject_name.is_empty() { l.t("其他", "Other") } else { &row.subject_name };
    LessonCard {
        href: format!("/lesson/{}", row.lesson_key),
        key: row.lesson_key.clone(),
        subject: subject.to_owned(),
        teacher: row.teacher_name.clone(),
        teacher_title: titles.title(row.teacher_id, l).to_owned(),
        class: format!("{} {} {}", row.stage, row.grade_name, row.class_name),
        period: titles.period(row),
        school: row.school_name.clone(),
        when: show_time(zone, row.started_at_ms, "%Y-%m-%d %H:%M"),
        day: show_time(zone, row.started_at_ms, "%m-%d"),
        length: show_length(row.duration_ms),
        still: row.still_object_id.as_deref().map(|id| media::still(state, visitor, id)),
        clicks: row.clicks,
    }
}

/// An instant in the school's zone, `strftime` format.
pub fn show_time(zone: &TimeZone, at_ms: i64, format: &str) -> String {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => String::new(),
    }
}

/// 今天, 明天, else `11-27 星期五`.
pub fn show_day(l: Lang, zone: &TimeZone, now_ms: i64, at_ms: i64) -> String {
    let day = |ms| Timestamp::from_millisecond(ms).ok().map(|at| at.to_zoned(zone.clone()).date());
    let (Some(today), Some(date)) = (day(now_ms), day(at_ms)) else { return String::new() };
    if date == today {
        return l.t("今天", "Today").to_owned();
    }
    if today.tomorrow().is_ok_and(|tomorrow| date == tomorrow) {
        return l.t("明天", "Tomorrow").to_owned();
    }
    let name = weekday(l, date.weekday().to_sunday_zero_offset().unsigned_abs());
    format!("{} {name}", date.strftime("%m-%d"))
}

/// `M:SS` or `H:MM:SS`, rounded to seconds.
pub fn show_length(duration_ms: i64) -> String {
    let s = (duration_ms.max(0) + 500) / 1000;
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        h => format!("{h}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// `1.4 GB`, `12.0 MB`, … with 1024-based units, as the admin pages and people's file managers count.
pub fn show_size(bytes: i64) -> String {
    let mb = bytes.max(0) as f64 / 1_048_576.0;
    if mb >= 1024.0 { format!("{:.1} GB", mb / 1024.0) } else { format!("{:.1} MB", mb) }
}

/// Links of a list over several pages.
#[derive(Debug, Clone)]
pub struct Pager {
    /// This page, from 1.
    pub page: i64,
    /// All pages.
    pub pages: i64,
    /// Address up to the page's number, e.g. `/subject/1?page=`.
    pub base: String,
}

impl Pager {
    /// Whether there is more than one page.
    pub fn is_needed(&self) -> bool {
        self.pages > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_sizes_read_well() {
        assert_eq!(show_length(45 * 60_000), "45:00");
        assert_eq!(show_length(5_400_000), "1:30:00");
        assert_eq!(show_length(59_600), "1:00");
        assert_eq!(show_size(1_500_000_000), "1.4 GB");
        assert_eq!(show_size(12 << 20), "12.0 MB");
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let now_ms = 1_795_132_800_000;
        let days = [0, 1, 7].map(|n| show_day(Lang::Zh, &zone, now_ms, now_ms + n * 86_400_000));
        assert_eq!(days, ["今天", "明天", "11-27 星期五"]);
        assert_eq!(show_time(&zone, 1_795_132_800_000, "%Y-%m-%d %H:%M"), "2026-11-20 08:00");
    }
}
