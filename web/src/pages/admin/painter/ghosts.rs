//! Lessons of the class timetable in this channel's room, drawn behind its ranges: where one runs, the range gives way.

use crate::error::WebError;
use crate::lang::Lang;
use crate::state::AppState;
use db::{ChannelRow, Directory};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::calendar::Lesson;
use model::timetable::weekday_number;
use serde::Serialize;

/// Dates shown: each weekday once.
const DAYS: u16 = 7;

/// The lessons of the seven dates from today on.
#[derive(Debug, Default, Serialize)]
pub struct Ghosts {
    /// First date, ISO 8601; empty = nothing is known.
    pub from: String,
    /// Last date.
    pub to: String,
    /// By date and start.
    pub lessons: Vec<Ghost>,
}

/// One lesson.
#[derive(Debug, Serialize)]
pub struct Ghost {
    /// 0 = Sunday, as the ranges count.
    pub weekday: u8,
    /// Seconds after midnight.
    pub start_s: u32,
    /// Seconds after midnight.
    pub end_s: u32,
    /// Period, class and subject.
    pub label: String,
    /// Whether it is recorded, so that a range gives way to it.
    pub recorded: bool,
}

/// The lessons that run before this channel's camera. Empty without a room.
pub async fn of_channel(
    state: &AppState,
    l: Lang,
    zone: &TimeZone,
    channel: &ChannelRow,
) -> Result<Ghosts, WebError> {
    let Some(room) = channel.room_id else { return Ok(Ghosts::default()) };
    let now = Timestamp::from_millisecond(state.now_ms()).unwrap_or_default();
    let from = now.to_zoned(zone.clone()).date();
    let to = from.saturating_add(i64::from(DAYS - 1).days());
    let book = state.db.book(channel.school_id, from, to).await?;
    let directory = state.db.directory(channel.school_id).await?;
    let mut lessons = Vec::new();
    for day in book.expand_days(from, DAYS) {
        let weekday = weekday_number(day.date.weekday());
        let here = day
            .lessons
            .iter()
            .filter(|lesson| lesson.room == Some(room) || lesson.channels.contains(&channel.channel.id));
        lessons.extend(here.map(|lesson| Ghost {
            weekday,
            start_s: lesson.start_s,
            end_s: lesson.end_s,
            label: label(l, lesson, &directory),
            recorded: lesson.channels.contains(&channel.channel.id),
        }));
    }
    Ok(Ghosts { from: from.to_string(), to: to.to_string(), lessons })
}

fn label(l: Lang, lesson: &Lesson, directory: &Directory) -> String {
    let class = directory.classes.iter().find(|c| lesson.classes.first() == Some(&c.id));
    let class = class.map(|c| format!("{}{}", c.grade_name, c.name)).unwrap_or_default();
    let subject = directory.subjects.iter().find(|s| s.id == lesson.subject);
    let subject = subject.map_or(l.t("（科目已删除）", "(removed subject)"), |s| s.name.as_str());
    [lesson.label.as_str(), class.as_str(), subject].join(" ").trim().to_owned()
}
