//! iCalendar files as timetables: dated events become lessons of a week.

use super::class_name::{is_class, take_classes};
use super::found::{Entry, Found, Header, Layout, SheetFound};
use super::owner::class_in;
use super::timed::timed_period;
use crate::ics::{Component, Dates, components, dates};
use crate::plain::plain;
use crate::problem::seen;
use crate::{At, Code, Problem, SheetError};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::calendar::weeks::WEEK_MAX;
use model::calendar::{BellTable, Weeks};
use std::collections::{BTreeMap, BTreeSet};

/// One lesson of the week, whichever events it came in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Lesson {
    day: u8,
    start_s: u32,
    end_s: u32,
    classes: Vec<String>,
    subject: String,
    teacher: String,
    room: String,
}

pub(super) fn read(
    file_name: &str,
    text: &str,
    bells: Option<&BellTable>,
    zone: &TimeZone,
) -> Result<Found, SheetError> {
    let components = components(text);
    let calendar = components.iter().find(|c| c.name == "VCALENDAR");
    let name = calendar.map(|c| c.text("X-WR-CALNAME")).filter(|n| !n.is_empty());
    let name = name.or_else(|| calendar.map(|c| c.text("NAME"))).filter(|n| !n.is_empty());
    let title =
        name.unwrap_or_else(|| file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem).to_owned());
    let mut sheet = SheetFound {
        sheet: title.clone(),
        layout: Layout::Ics,
        header: Some(Header { row: 1, col: 0 }),
        entries: Vec::new(),
        problems: Vec::new(),
    };
    let mut lessons: BTreeMap<Lesson, (At, Vec<Dates>)> = BTreeMap::new();
    for event in components.iter().filter(|c| c.name == "VEVENT") {
        let at = At::new(&title, event.line, 0);
        if event.text("STATUS") == "CANCELLED" || event.raw("RECURRENCE-ID").is_some() {
            sheet.problems.push(single_change(at, event));
            continue;
        }
        match dates(event, zone) {
            Ok(found) => {
                for (day, part) in by_weekday(found) {
                    let lesson = lesson(event, &title, day, &part);
                    lessons.entry(lesson).or_insert_with(|| (at.clone(), Vec::new())).1.push(part);
                }
            }
            Err((zh, en)) => sheet.problems.push(Problem::lost(
                at,
                Code::Unsupported,
                format!(
                    "「{}」{zh}，未导入。课表里的日程应有起止时间、按周重复。",
                    seen(&event.text("SUMMARY"))
                ),
                format!(
                    "“{}” was not imported: {en}. Events of a timetable have times and repeat weekly.",
                    seen(&event.text("SUMMARY"))
                ),
            )),
        }
    }
    entries(lessons, bells, &mut sheet);
    match sheet.entries.is_empty() && sheet.problems.is_empty() {
        true => Err(SheetError::Empty),
        false => Ok(Found { file_name: file_name.to_owned(), sheets: vec![sheet], problems: Vec::new() }),
    }
}

fn single_change(at: At, event: &Component) -> Problem {
    let summary = seen(&event.text("SUMMARY"));
    Problem::note(
        at,
        Code::Unsupported,
        format!("「{summary}」是单次取消或改动，不属于每周课表，未导入。请在「调课」里添加。"),
        format!(
            "“{summary}” is a single cancellation or change, not part of the weekly timetable; it was not imported. Add it as a change."
        ),
    )
}

/// The dates of an event, one set a weekday.
fn by_weekday(found: Dates) -> BTreeMap<u8, Dates> {
    let mut days: BTreeMap<u8, Dates> = BTreeMap::new();
    for date in &found.dates {
        let day = date.weekday().to_monday_one_offset() as u8;
        let empty = || Dates { dates: Vec::new(), ..found.clone() };
        days.entry(day).or_insert_with(empty).dates.push(*date);
    }
    days
}

/// Summary = subject, perhaps with the class; location = room; the description's first line = teacher.
fn lesson(event: &Component, title: &str, day: u8, dates: &Dates) -> Lesson {
    let summary = plain(&event.text("SUMMARY"));
    let (mut classes, rest) = take_classes(&summary);
    let description = plain(&event.text("DESCRIPTION"));
    let mut teacher = String::new();
    for line in description.split('\n') {
        match line.split_once(':') {
            Some(("班级" | "class" | "Class", class)) if classes.is_empty() => {
                classes.push(class.trim().to_owned())
            }
            Some(("教师" | "老师" | "teacher" | "Teacher", name)) => teacher = name.trim().to_owned(),
            None if teacher.is_empty() && line.chars().count() <= 30 => teacher = line.to_owned(),
            _ => {}
        }
    }
    if classes.is_empty() {
        let named = class_in(title).filter(|c| is_class(c));
        classes.push(named.unwrap_or_else(|| title.to_owned()));
    }
    Lesson {
        day,
        start_s: dates.start_s,
        end_s: dates.end_s,
        classes,
        subject: if rest.is_empty() { summary } else { rest },
        teacher,
        room: plain(&event.text("LOCATION")).replace('\n', " "),
    }
}

/// Weeks are counted from the file's first; a lesson of every week in which the file has any is one of all weeks.
fn entries(lessons: BTreeMap<Lesson, (At, Vec<Dates>)>, bells: Option<&BellTable>, sheet: &mut SheetFound) {
    let every = || lessons.values().flat_map(|(_, sets)| sets);
    let Some(first) = every().flat_map(|set| &set.dates).min() else { return };
    let monday = first.saturating_sub(i64::from(first.weekday().to_monday_zero_offset()).days());
    let week = |date: &Date| date.since(monday).map_or(0, |span| span.get_days()) / 7 + 1;
    // Endless rules do not say how long the term is: the others do, or one week does.
    let finite = every().filter(|set| !set.endless).flat_map(|set| &set.dates).map(week);
    let starts = every().filter_map(|set| set.dates.first()).map(week);
    let last = finite.chain(starts).max().unwrap_or(1).min(i32::from(WEEK_MAX));
    let in_term = |set: &Dates| -> BTreeSet<u16> {
        set.dates.iter().map(week).filter(|w| *w <= last).filter_map(|w| u16::try_from(w).ok()).collect()
    };
    let taught: BTreeSet<u16> = every().flat_map(&in_term).collect();
    let mut beyond = false;
    for (lesson, (at, sets)) in &lessons {
        let own: BTreeSet<u16> = sets.iter().flat_map(&in_term).collect();
        beyond |= sets.iter().flat_map(|s| &s.dates).any(|d| week(d) > i32::from(WEEK_MAX))
            && !sets.iter().all(|s| s.endless);
        let by_rule = sets.iter().any(|set| set.endless) && endless_step(sets) == Some(1);
        let weeks = match by_rule || taught.is_subset(&own) {
            true => Weeks::All,
            false => shortest(own, &taught, sets),
        };
        let (period, span) = timed_period(lesson.start_s, lesson.end_s, bells);
        let mut classes = lesson.classes.iter().cloned();
        sheet.entries.push(Entry {
            at: at.clone(),
            class: classes.next().unwrap_or_default(),
            with: classes.collect(),
            day: lesson.day,
            period,
            span,
            weeks,
            subject: lesson.subject.clone(),
            teacher: lesson.teacher.clone(),
            room: lesson.room.clone(),
            record: None,
            also: Vec::new(),
            raw: format!("{} {} {}", lesson.subject, lesson.teacher, lesson.room).trim().to_owned(),
        });
    }
    if sheet.entries.iter().any(|e| e.weeks != Weeks::All) {
        sheet.problems.push(Problem::note(
            At::sheet(&sheet.sheet),
            Code::BadWeeks,
            format!("文件只有日期：把 {monday} 所在的一周当作第 1 周来计算周次。如与校历不符，请核对单双周和周次。"),
            format!("The file has dates only: the week of {monday} was counted as week 1. Check the weeks against the calendar."),
        ));
    }
    if beyond {
        sheet.problems.push(Problem::lost(
            At::sheet(&sheet.sheet),
            Code::TooMany,
            format!("第 {WEEK_MAX} 周以后的日程未导入。请只导出一个学期。"),
            format!("Events after week {WEEK_MAX} were not imported. Export one term only."),
        ));
    }
}

/// Every how many weeks an endless rule repeats.
fn endless_step(sets: &[Dates]) -> Option<i64> {
    let set = sets.iter().find(|set| set.endless)?;
    match &set.dates[..] {
        [a, b, ..] => Some(i64::from(b.since(*a).ok()?.get_days()) / 7),
        _ => None,
    }
}

fn shortest(own: BTreeSet<u16>, taught: &BTreeSet<u16>, sets: &[Dates]) -> Weeks {
    let all_of = |odd: bool| taught.iter().filter(|w| (*w % 2 == 1) == odd).all(|w| own.contains(w));
    let parity = |odd: bool| own.iter().all(|w| (w % 2 == 1) == odd);
    let endless = endless_step(sets) == Some(2);
    match (parity(true) && (all_of(true) || endless), parity(false) && (all_of(false) || endless)) {
        (true, _) if own.len() > 1 || endless => Weeks::Odd,
        (_, true) if own.len() > 1 || endless => Weeks::Even,
        _ if own.is_empty() => Weeks::All,
        _ => Weeks::List(own),
    }
}
