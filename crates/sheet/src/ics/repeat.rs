//! When an event happens: DTSTART, DTEND or DURATION, RRULE, EXDATE (RFC 5545 §3.3.5, §3.3.10, §3.8.5), as far as
//! timetables use them.

use super::Component;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// Most dates of one event: two lessons a week-day for a year.
const DATES_MAX: usize = 400;
/// Longest time a rule is followed, weeks: `Weeks` ends at 60.
const WEEKS_MAX: i64 = 60;

/// The dates of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dates {
    /// Ascending. Of an endless rule those of the first [`WEEKS_MAX`] weeks.
    pub(crate) dates: Vec<Date>,
    /// The rule has no end.
    pub(crate) endless: bool,
    /// Local seconds after midnight.
    pub(crate) start_s: u32,
    /// The end of the same day.
    pub(crate) end_s: u32,
}

/// Why an event cannot be a lesson: in Chinese and English.
pub(crate) type Reason = (&'static str, &'static str);

/// When an event happens in the school's zone.
pub(crate) fn dates(event: &Component, zone: &TimeZone) -> Result<Dates, Reason> {
    let (value, tzid) = event.times("DTSTART").next().ok_or(("没有开始时间", "it has no start"))?;
    if value.len() == 8 {
        return Err(("是全天日程，没有上课时间", "it lasts all day and has no time"));
    }
    let start = local(value, tzid, zone).ok_or(("开始时间无法识别", "its start is not understood"))?;
    let end = match event.times("DTEND").next() {
        Some((value, tzid)) => local(value, tzid, zone),
        None => {
            event.raw("DURATION").and_then(|d| d.parse::<Span>().ok()).and_then(|d| start.checked_add(d).ok())
        }
    };
    let end = end.ok_or(("没有结束时间", "it has no end"))?;
    if end <= start || end.date() != start.date() {
        return Err(("跨过了午夜或时长为零", "it crosses midnight or has no length"));
    }
    let mut found = match event.raw("RRULE") {
        Some(rule) => repeated(start, rule, zone)?,
        None => (vec![start.date()], false),
    };
    // Of all lines together: half a million of both would be compared with each other for hours.
    let listed = |name| {
        let days = event
            .times(name)
            .flat_map(move |(list, tzid)| list.split(',').filter_map(move |v| day(v, tzid, zone)));
        days.take(DATES_MAX).collect::<Vec<Date>>()
    };
    found.0.extend(listed("RDATE"));
    let gone = listed("EXDATE");
    found.0.retain(|date| !gone.contains(date));
    found.0.sort();
    found.0.dedup();
    let seconds = |at: DateTime| (i32::from(at.hour()) * 3600 + i32::from(at.minute()) * 60) as u32;
    Ok(Dates { dates: found.0, endless: found.1, start_s: seconds(start), end_s: seconds(end) })
}

fn day(value: &str, tzid: Option<&str>, zone: &TimeZone) -> Option<Date> {
    match value.len() {
        8 => Date::strptime("%Y%m%d", value).ok(),
        _ => local(value, tzid, zone).map(|at| at.date()),
    }
}

/// A DATE-TIME as local time of the school: UTC and other zones are converted, floating times are taken as they are.
fn local(value: &str, tzid: Option<&str>, zone: &TimeZone) -> Option<DateTime> {
    let value = value.trim();
    let bare = value.strip_suffix('Z').unwrap_or(value);
    let at = DateTime::strptime("%Y%m%dT%H%M%S", bare).ok()?;
    let instant: Option<Timestamp> = match (value.ends_with('Z'), tzid) {
        (true, _) => TimeZone::UTC.to_timestamp(at).ok(),
        // Names of zones that nobody knows (Outlook's "China Standard Time") count as the school's.
        (false, Some(name)) => TimeZone::get(name).ok().and_then(|zone| zone.to_timestamp(at).ok()),
        (false, None) => None,
    };
    Some(instant.map_or(at, |instant| zone.to_datetime(instant)))
}

/// FREQ=WEEKLY with INTERVAL, BYDAY, COUNT, UNTIL, WKST=MO; FREQ=DAILY with COUNT or UNTIL.
fn repeated(start: DateTime, rule: &str, zone: &TimeZone) -> Result<(Vec<Date>, bool), Reason> {
    let part = |name: &str| {
        rule.split(';')
            .find_map(|p| p.split_once('=').filter(|(n, _)| n.eq_ignore_ascii_case(name)))
            .map(|(_, v)| v)
    };
    let refused = ("按月、按年等方式重复", "it repeats by month, year or another rule");
    let interval: i64 = part("INTERVAL").map_or(Ok(1), str::parse).map_err(|_| refused)?;
    let count: Option<usize> = part("COUNT").map(str::parse).transpose().map_err(|_| refused)?;
    let until = match part("UNTIL") {
        Some(value) => Some(day(value, None, zone).ok_or(refused)?),
        None => None,
    };
    let other =
        ["BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYYEARDAY", "BYWEEKNO"].iter().any(|n| part(n).is_some());
    if other || !(1..=52).contains(&interval) {
        return Err(refused);
    }
    let first = start.date();
    let by_day: Vec<Weekday> = match part("BYDAY") {
        Some(list) => list.split(',').map(weekday).collect::<Option<_>>().ok_or(refused)?,
        None => vec![first.weekday()],
    };
    let daily = match part("FREQ").unwrap_or_default().to_ascii_uppercase().as_str() {
        "WEEKLY" => false,
        "DAILY" if part("BYDAY").is_none() || interval == 1 => true,
        _ => return Err(refused),
    };
    let monday = first.saturating_sub((first.weekday().to_monday_zero_offset() as i64).days());
    let mut dates = Vec::new();
    for n in 0..WEEKS_MAX * 7 {
        let date = first.saturating_add(n.days());
        let week = i64::from(date.since(monday).map_or(0, |s| s.get_days())) / 7;
        let on = match daily {
            true => n % interval == 0 && (part("BYDAY").is_none() || by_day.contains(&date.weekday())),
            false => week % interval == 0 && by_day.contains(&date.weekday()),
        };
        if until.is_some_and(|last| date > last) || count.is_some_and(|c| dates.len() >= c) {
            break;
        }
        if on && dates.len() < DATES_MAX {
            dates.push(date);
        }
    }
    Ok((dates, until.is_none() && count.is_none()))
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.trim() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::components;
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: &str) {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let file = format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n");
        let told = match dates(&components(&file)[0], &zone) {
            Ok(found) => {
                let days: Vec<String> = found.dates.iter().map(|d| d.strftime("%m%d").to_string()).collect();
                format!("{} {}-{}", days.join(","), found.start_s / 60, found.end_s / 60)
            }
            Err((_, en)) => en.to_owned(),
        };
        assert_eq!(told, expected, "{lines}");
    }

    #[test]
    fn rules_of_timetables_are_followed() {
        let at = "DTSTART;TZID=Asia/Shanghai:20261123T080000\nDTEND;TZID=Asia/Shanghai:20261123T084500";
        check(at, "1123 480-525");
        check("DTSTART:20261123T000000Z\nDURATION:PT45M", "1123 480-525");
        check(&format!("{at}\nRRULE:FREQ=WEEKLY;COUNT=3"), "1123,1130,1207 480-525");
        check(
            &format!("{at}\nRRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261221T000000Z"),
            "1123,1207,1221 480-525",
        );
        check(
            &format!(
                "{at}\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4\nEXDATE;TZID=Asia/Shanghai:20261125T080000"
            ),
            "1123,1130,1202 480-525",
        );
        check(&format!("{at}\nRRULE:FREQ=MONTHLY"), "it repeats by month, year or another rule");
        check("DTSTART;VALUE=DATE:20261123", "it lasts all day and has no time");
    }
}
