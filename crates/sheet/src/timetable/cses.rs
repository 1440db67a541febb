//! CSES (Course Schedule Exchange Schema), YAML, versions 1 and 2: one class's week, by times.

use super::class_name::is_class;
use super::found::{Entry, Found, Header, Layout, SheetFound};
use super::owner::class_in;
use super::timed::timed_period;
use crate::plain::plain;
use crate::problem::seen;
use crate::{At, Code, Problem, SheetError};
use model::calendar::{BellTable, Weeks};
use serde::Deserialize;

/// Most bytes of a file; one of 11 days has 10 kB.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

#[derive(Deserialize)]
struct File {
    version: Scalar,
    configuration: Option<Configuration>,
    #[serde(default)]
    subjects: Vec<Subject>,
    #[serde(default)]
    schedules: Vec<Schedule>,
}

#[derive(Deserialize)]
struct Configuration {
    name: Option<Scalar>,
}

#[derive(Deserialize)]
struct Subject {
    name: Scalar,
    simplified_name: Option<Scalar>,
    teacher: Option<Scalar>,
    /// Version 1.
    room: Option<Scalar>,
    /// Version 2.
    location: Option<Scalar>,
}

#[derive(Deserialize)]
struct Schedule {
    name: Option<Scalar>,
    enable_day: Days,
    /// Version 1: all, odd, even.
    weeks: Option<Scalar>,
    #[serde(default)]
    classes: Vec<Class>,
}

#[derive(Deserialize)]
struct Class {
    subject: Scalar,
    start_time: Scalar,
    end_time: Scalar,
}

/// Version 1 has one day, version 2 a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Days {
    One(Scalar),
    Many(Vec<Scalar>),
}

/// Writers leave quotes out: a room may come as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Scalar::Whole(n) => n.to_string(),
            Scalar::Number(n) => crate::plain::number_text(*n),
            Scalar::Text(text) => plain(text).replace('\n', " "),
        }
    }
}

fn text(scalar: &Option<Scalar>) -> String {
    scalar.as_ref().map(Scalar::text).unwrap_or_default()
}

/// Whether a text is one of CSES.
pub(super) fn is_cses(text: &str) -> bool {
    let begins =
        |word: &str| text.lines().take(2_000).any(|l| l.trim_start_matches('\u{FEFF}').starts_with(word));
    begins("version:") && (begins("schedules:") || begins("subjects:"))
}

pub(super) fn read(file_name: &str, yaml: &str, bells: Option<&BellTable>) -> Result<Found, SheetError> {
    if yaml.len() > TEXT_BYTES_MAX {
        return Err(SheetError::TooLarge("> 1 MiB"));
    }
    let file: File = serde_saphyr::from_str(yaml).map_err(|e| SheetError::Damaged(seen(&e.to_string())))?;
    let version = match file.version.text().as_str() {
        "1" => 1,
        "2" => 2,
        _ => return Err(SheetError::Kind("CSES 3+")),
    };
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let named = file.configuration.as_ref().map(|c| text(&c.name)).filter(|n| !n.is_empty());
    let title = named.unwrap_or_else(|| stem.to_owned());
    let class = class_in(&title).filter(|c| is_class(c)).unwrap_or_else(|| title.clone());
    let mut sheet = SheetFound {
        sheet: title,
        layout: Layout::Cses { version },
        header: Some(Header { row: 1, col: 0 }),
        entries: Vec::new(),
        problems: Vec::new(),
    };
    for schedule in &file.schedules {
        one_schedule(schedule, &file.subjects, &class, bells, &mut sheet);
    }
    Ok(Found { file_name: file_name.to_owned(), sheets: vec![sheet], problems: Vec::new() })
}

fn one_schedule(
    schedule: &Schedule,
    subjects: &[Subject],
    class: &str,
    bells: Option<&BellTable>,
    sheet: &mut SheetFound,
) {
    let name = text(&schedule.name);
    let weeks = match text(&schedule.weeks).as_str() {
        "" | "all" => Some(Weeks::All),
        "odd" => Some(Weeks::Odd),
        "even" => Some(Weeks::Even),
        _ => None,
    };
    let days: Vec<String> = match &schedule.enable_day {
        Days::One(day) => vec![day.text()],
        Days::Many(days) => days.iter().take(60).map(Scalar::text).collect(),
    };
    for (index, lesson) in schedule.classes.iter().enumerate() {
        let at = At::new(&format!("{} {name}", sheet.sheet), index as u32 + 1, 0);
        let title = lesson.subject.text();
        if title.is_empty() {
            continue;
        }
        let Some(weeks) = weeks.clone() else {
            sheet.problems.push(super::grid::bad_weeks(at, &text(&schedule.weeks)));
            continue;
        };
        let (Some(start_s), Some(end_s)) = (clock(&lesson.start_time), clock(&lesson.end_time)) else {
            sheet.problems.push(bad_time(at, &title, lesson));
            continue;
        };
        let subject = subjects.iter().find(|s| s.name.text() == title || text(&s.simplified_name) == title);
        let (period, span) = timed_period(start_s, end_s, bells);
        for day in &days {
            let Some(day) = day.parse::<u8>().ok().filter(|d| (1..=30).contains(d)) else {
                sheet.problems.push(Problem::lost(
                    at.clone(),
                    Code::BadDay,
                    format!("「{}」的 enable_day「{}」不是 1–30 的数，未导入。", seen(&name), seen(day)),
                    format!(
                        "enable_day “{}” of “{}” is no number 1–30; it was not imported.",
                        seen(day),
                        seen(&name)
                    ),
                ));
                continue;
            };
            sheet.entries.push(Entry {
                at: at.clone(),
                class: class.to_owned(),
                with: Vec::new(),
                day,
                period: period.clone(),
                span,
                weeks: weeks.clone(),
                subject: subject.map_or_else(|| title.clone(), |s| s.name.text()),
                teacher: subject.map(|s| text(&s.teacher)).unwrap_or_default(),
                room: subject
                    .map(|s| if s.location.is_some() { text(&s.location) } else { text(&s.room) })
                    .unwrap_or_default(),
                record: None,
                also: Vec::new(),
                raw: title.clone(),
            });
        }
    }
}

fn bad_time(at: At, title: &str, lesson: &Class) -> Problem {
    let (start, end) = (seen(&lesson.start_time.text()), seen(&lesson.end_time.text()));
    Problem::lost(
        at,
        Code::BadPeriod,
        format!("「{title}」的时间「{start}–{end}」不是 HH:MM:SS，未导入。"),
        format!("The time “{start}–{end}” of “{title}” is not HH:MM:SS; it was not imported."),
    )
}

/// `08:00`, `08:00:00`; YAML 1.1 writers give seconds (28800) for times without quotes.
fn clock(time: &Scalar) -> Option<u32> {
    if let Scalar::Whole(seconds) = time {
        return u32::try_from(*seconds).ok().filter(|s| *s < 86_400);
    }
    let text = time.text();
    let mut parts = text.split(':').map(|p| p.parse::<u32>().ok());
    let (h, m, s) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    (parts.next().is_none() && h < 24 && m < 60 && s < 60).then(|| h * 3600 + m * 60 + s)
}
