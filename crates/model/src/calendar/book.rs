//! Everything a date is expanded from.

use super::change::Change;
use super::grid::Timetable;
use super::lesson::{Day, Span};
use super::plan::Plan;
use super::term::Calendar;
use crate::timetable::WeeklyRange;
use crate::{ChannelId, ClassId, GradeId, RoomId};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// The book of a school: pure data, expanded by [`Book::expand`].
#[derive(Debug, Clone)]
pub struct Book {
    /// The school's zone.
    pub zone: TimeZone,
    /// Terms, days, bells.
    pub calendar: Calendar,
    /// Published versions that may be in force on the dates asked for. On a date, the one with the latest `from` not after
    /// it is in force; of equals the greatest number.
    pub versions: Vec<Version>,
    /// Changes that are not revoked, ascending by id.
    pub changes: Vec<Change>,
    /// Classes and channels.
    pub roster: Roster,
    /// Weekly ranges of all channels: they run on every date, but not on a day of 整校停录.
    pub ranges: Vec<WeeklyRange>,
}

/// A published timetable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counts up within a school.
    pub no: i64,
    /// First date it holds for.
    pub from: Date,
    /// Its cells.
    pub timetable: Arc<Timetable>,
}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roster {
    /// Classes of the school, ascending.
    pub classes: Vec<ClassInfo>,
    /// Channels of the school's gatherers, ascending.
    pub channels: Vec<ChannelInfo>,
}

/// What the engine needs of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassInfo {
    /// 班级.
    pub id: ClassId,
    /// 年级.
    pub grade_id: GradeId,
    /// Its own room.
    pub room_id: Option<RoomId>,
    /// Its lessons are recorded unless a cell says otherwise.
    pub record: bool,
}

/// What the engine needs of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelInfo {
    /// 通道.
    pub id: ChannelId,
    /// The room it looks into.
    pub room_id: Option<RoomId>,
}

impl Book {
    /// The lessons of a date with their traces. Deterministic. Other dates are looked at only where a chain of changes leads.
    pub fn expand(&self, date: Date) -> Day {
        self.expand_days(date, 1).pop().unwrap_or(Day { date, ..Day::default() })
    }

    /// The lessons of `days` dates from `from` on; cheaper than one after the other.
    pub fn expand_days(&self, from: Date, days: u16) -> Vec<Day> {
        self.finished(from, days).into_iter().map(|(day, _)| day).collect()
    }

    /// What every channel records on `days` dates from `from` on, ascending by channel and start.
    pub fn spans(&self, from: Date, days: u16) -> Vec<Span> {
        let mut spans: Vec<Span> =
            self.finished(from, days).into_iter().flat_map(|(_, spans)| spans).collect();
        spans.sort_by_key(|span| (span.channel_id, span.start_at_ms));
        spans
    }

    fn finished(&self, from: Date, days: u16) -> Vec<(Day, Vec<Span>)> {
        let dates: Vec<Date> = (0..i64::from(days)).map_while(|n| from.checked_add(n.days()).ok()).collect();
        let mut plan = Plan::new(self, dates.iter().copied());
        dates.into_iter().filter_map(|date| plan.finish(date)).collect()
    }
}
