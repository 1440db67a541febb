//! 录像表: weekly ranges of a channel, and what should be recording now (R-SCH-*).
//!
//! Level-triggered: the recorder asks "what should be recording at this moment?" and never waits for an edge.
//! Ranges are half open, so 08:00–08:45 and 08:45–09:30 are neighbours, both complete.

use crate::fault::{Fault, Reason};
use crate::{ChannelId, RangeId, SubjectId, TeacherId};
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Seconds of a day; 24:00:00, the greatest end of a range.
pub const DAY_S: u32 = 86_400;
/// A range must be longer than this (R-SCH-04).
pub const RANGE_MIN_S: u32 = 30;

/// Most ranges of a channel's week: 28 a day. A week of that size is 20 KB as JSON and drawn within a frame.
pub const RANGES_MAX: usize = 200;

/// One weekly range of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyRange {
    /// Its id.
    pub id: RangeId,
    /// The channel it records.
    pub channel_id: ChannelId,
    /// 0 = Sunday … 6 = Saturday (R-SCH-08).
    pub weekday: u8,
    /// First second after local midnight, 0–86399.
    pub start_s: u32,
    /// First second that is not recorded any more, 1–86400.
    pub end_s: u32,
    /// 科目.
    pub subject_id: SubjectId,
    /// 教师.
    pub teacher_id: TeacherId,
}

/// A range on one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The range.
    pub range: WeeklyRange,
    /// `<range id>-<yyyymmdd>`: the same however often the gatherer restarts.
    pub lesson_key: String,
    /// Unix ms of the first moment.
    pub start_at_ms: i64,
    /// Unix ms of the first moment after.
    pub end_at_ms: i64,
}

/// Checks one range by itself: weekday, order, length.
pub fn check_range(range: &WeeklyRange) -> Result<(), Fault> {
    if range.weekday > 6 {
        return Err(Fault::new("weekday", Reason::OutOfRange { min: 0, max: 6 }));
    }
    if range.start_s >= DAY_S {
        return Err(Fault::new("start", Reason::BadTime));
    }
    if range.end_s > DAY_S {
        return Err(Fault::new("end", Reason::BadTime));
    }
    if range.end_s <= range.start_s || range.end_s - range.start_s <= RANGE_MIN_S {
        return Err(Fault::new("end", Reason::TooShort));
    }
    Ok(())
}

/// Checks that `range` overlaps no other range of the same channel and day. Touching ends are fine (R-SCH-02).
pub fn check_overlap(range: &WeeklyRange, others: &[WeeklyRange]) -> Result<(), Fault> {
    let clash = others.iter().find(|o| {
        o.id != range.id
            && o.channel_id == range.channel_id
            && o.weekday == range.weekday
            && o.start_s < range.end_s
            && range.start_s < o.end_s
    });
    match clash {
        Some(o) => Err(Fault::new("start", Reason::Overlap { start_s: o.start_s, end_s: o.end_s })),
        None => Ok(()),
    }
}

/// Reads `HH:MM` or `HH:MM:SS`; 24:00:00 is the end of a day (R-SCH-09).
pub fn parse_time_of_day(field: &'static str, text: &str) -> Result<u32, Fault> {
    let bad = || Fault::new(field, Reason::BadTime);
    let parts: Vec<&str> = text.trim().split(':').collect();
    if !(2..=3).contains(&parts.len()) || parts.iter().any(|p| p.is_empty() || p.len() > 2) {
        return Err(bad());
    }
    let mut numbers = [0u32; 3];
    for (slot, part) in numbers.iter_mut().zip(&parts) {
        *slot = part.parse().map_err(|_| bad())?;
    }
    let [h, m, s] = numbers;
    let total = h * 3600 + m * 60 + s;
    if m > 59 || s > 59 || total > DAY_S { Err(bad()) } else { Ok(total) }
}

/// `HH:MM:SS`; 86400 is shown as 24:00:00.
pub fn show_time_of_day(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The range of `channel` that should be recording at `now_ms`, if any.
pub fn due(ranges: &[WeeklyRange], channel: ChannelId, zone: &TimeZone, now_ms: i64) -> Option<Occurrence> {
    let today = local_date(zone, now_ms)?;
    // Yesterday too: a zone change at midnight may leave its last range running for a moment.
    [today, today.checked_sub(1.day()).ok()?]
        .into_iter()
        .flat_map(|date| occurrences(ranges, channel, zone, date))
        .find(|o| (o.start_at_ms..o.end_at_ms).contains(&now_ms))
}

/// The next start of any range of `channel` after `now_ms`, looking eight days ahead.
pub fn next_start(
    ranges: &[WeeklyRange],
    channel: ChannelId,
    zone: &TimeZone,
    now_ms: i64,
) -> Option<Occurrence> {
    let today = local_date(zone, now_ms)?;
    (0..=8)
        .filter_map(|days| today.checked_add(i64::from(days).days()).ok())
        .flat_map(|date| occurrences(ranges, channel, zone, date))
        .filter(|o| o.start_at_ms > now_ms)
        .min_by_key(|o| o.start_at_ms)
}

fn local_date(zone: &TimeZone, now_ms: i64) -> Option<Date> {
    Some(Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone.clone()).date())
}

/// All ranges of `channel` on one local date. A time that DST skips or repeats is read as jiff's "compatible"
/// rule does (RFC 5545 §3.3.5): later side of a gap, first side of a fold.
pub fn occurrences(
    ranges: &[WeeklyRange],
    channel: ChannelId,
    zone: &TimeZone,
    date: Date,
) -> Vec<Occurrence> {
    let weekday = weekday_number(date.weekday());
    ranges
        .iter()
        .filter(|r| r.channel_id == channel && r.weekday == weekday)
        .filter_map(|r| {
            Some(Occurrence {
                lesson_key: format!("{}-{:04}{:02}{:02}", r.id, date.year(), date.month(), date.day()),
                start_at_ms: instant(zone, date, r.start_s)?,
                end_at_ms: instant(zone, date, r.end_s)?,
                range: r.clone(),
            })
        })
        .collect()
}

fn instant(zone: &TimeZone, date: Date, seconds: u32) -> Option<i64> {
    let civil = date.at(0, 0, 0, 0).checked_add(i64::from(seconds).seconds()).ok()?;
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

/// 0 = Sunday … 6 = Saturday.
pub fn weekday_number(weekday: Weekday) -> u8 {
    weekday.to_sunday_zero_offset() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(id: i64, weekday: u8, start: &str, end: &str) -> WeeklyRange {
        WeeklyRange {
            id: RangeId(id),
            channel_id: ChannelId(1),
            weekday,
            start_s: parse_time_of_day("start", start).unwrap(),
            end_s: parse_time_of_day("end", end).unwrap(),
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
        }
    }

    fn at(zone: &str, local: &str) -> (TimeZone, i64) {
        let zone = TimeZone::get(zone).unwrap();
        let civil: jiff::civil::DateTime = local.parse().unwrap();
        let now = civil.to_zoned(zone.clone()).unwrap().timestamp().as_millisecond();
        (zone, now)
    }

    #[track_caller]
    fn check_due(ranges: &[WeeklyRange], zone: &str, local: &str, want: Option<&str>) {
        let (zone, now) = at(zone, local);
        let got = due(ranges, ChannelId(1), &zone, now).map(|o| o.lesson_key);
        assert_eq!(got.as_deref(), want, "{local}");
    }

    #[test]
    fn adjacent_lessons_share_no_moment_and_leave_none_out() {
        let day = [range(1, 5, "08:00", "08:45"), range(2, 5, "08:45", "09:30")];
        check_due(&day, "Asia/Shanghai", "2026-11-20T07:59:59.999", None);
        check_due(&day, "Asia/Shanghai", "2026-11-20T08:00:00", Some("1-20261120"));
        check_due(&day, "Asia/Shanghai", "2026-11-20T08:44:59.999", Some("1-20261120"));
        check_due(&day, "Asia/Shanghai", "2026-11-20T08:45:00", Some("2-20261120"));
        check_due(&day, "Asia/Shanghai", "2026-11-20T09:30:00", None);
    }

    #[test]
    fn midnight_ends_a_day_and_starts_the_next() {
        let days = [range(1, 5, "23:00", "24:00:00"), range(2, 6, "00:00", "01:00")];
        check_due(&days, "Asia/Shanghai", "2026-11-20T23:59:59.999", Some("1-20261120"));
        check_due(&days, "Asia/Shanghai", "2026-11-21T00:00:00", Some("2-20261121"));
    }

    #[test]
    fn a_lesson_keeps_its_local_times_across_both_dst_changes() {
        let sunday = [range(1, 0, "01:30", "03:30")];
        let zone = TimeZone::get("America/Chicago").unwrap();
        let back = &occurrences(&sunday, ChannelId(1), &zone, jiff::civil::date(2026, 11, 1))[0];
        assert_eq!(back.end_at_ms - back.start_at_ms, 3 * 3_600_000);
        let forward = &occurrences(&sunday, ChannelId(1), &zone, jiff::civil::date(2027, 3, 14))[0];
        assert_eq!(forward.end_at_ms - forward.start_at_ms, 3_600_000);
    }

    #[test]
    fn thirty_seconds_are_too_short_and_touching_ends_do_not_overlap() {
        assert_eq!(check_range(&range(1, 1, "08:00:00", "08:00:30")).unwrap_err().reason, Reason::TooShort);
        assert!(check_range(&range(1, 1, "08:00:00", "08:00:31")).is_ok());
        let others = [range(1, 1, "08:00", "09:00")];
        assert!(check_overlap(&range(2, 1, "09:00", "10:00"), &others).is_ok());
        assert!(check_overlap(&range(2, 1, "08:59:59", "10:00"), &others).is_err());
        assert!(check_overlap(&range(2, 2, "08:00", "10:00"), &others).is_ok());
    }

    #[test]
    fn the_end_of_a_day_round_trips() {
        assert_eq!(show_time_of_day(parse_time_of_day("end", "24:00:00").unwrap()), "24:00:00");
        for bad in ["24:00:01", "8", "08:60", "08:00:60", "a:b", "", "008:00", "-1:00"] {
            assert!(parse_time_of_day("end", bad).is_err(), "{bad}");
        }
    }
}
