//! Sentences of the calendar page.

use crate::lang::{Lang, Text};
use crate::pages::admin::trace_words::{self, date};
use jiff::civil::Date;
use model::calendar::{BellTable, Calendar, CalendarDay, DayKind, MakeUpOf, Term};

/// Unanswered make-up days named in a line before the rest is counted.
const NAMED_MAX: usize = 6;

/// `还有 2 个补课日没有说明补哪天的课：…`; empty when there is none.
pub fn open_days(l: Lang, open: &[Date]) -> String {
    if open.is_empty() {
        return String::new();
    }
    let named: Vec<String> = open.iter().take(NAMED_MAX).map(|d| l.of(&date(*d)).to_owned()).collect();
    let more = if open.len() > NAMED_MAX { "…" } else { "" };
    match l {
        Lang::Zh => format!(
            "还有 {} 个补课日没有说明补哪天的课，这些天不会上课也不会录像：{}{more}",
            open.len(),
            named.join("、")
        ),
        Lang::En => format!(
            "{} make-up day(s) have no lessons yet, because nobody has said whose run; nothing will be recorded: {}{more}",
            open.len(),
            named.join(", ")
        ),
    }
}

/// What today is: term and week, or why not.
pub fn today(l: Lang, calendar: &Calendar, today: Date) -> String {
    let day = date(today);
    match calendar.term(today) {
        Some(term) => {
            let week = trace_words::week(term.week(today));
            match l {
                Lang::Zh => format!("今天 {}：{} {}，{}", day.zh, term.year, term.name, week.zh),
                Lang::En => format!("Today, {}: {} {}, {}", day.en, term.year, term.name, week.en),
            }
        }
        None => match l {
            Lang::Zh => format!("今天 {}：不在任何学期里", day.zh),
            Lang::En => format!("Today, {}: in no term", day.en),
        },
    }
}

/// 放假, 考试, 补课, 上课.
pub fn kind(kind: &DayKind) -> Text {
    match kind {
        DayKind::Teach => Text::new("上课", "lessons"),
        DayKind::Off => Text::new("放假", "off"),
        DayKind::Exam => Text::new("考试", "exams"),
        DayKind::MakeUp { of: MakeUpOf::Unanswered } => Text::new("补课（未定）", "make-up day (open)"),
        DayKind::MakeUp { of: MakeUpOf::Date(of) } => {
            let of = date(*of);
            Text::new(format!("补{}的课", of.zh), format!("make-up day for {}", of.en))
        }
        DayKind::MakeUp { of: MakeUpOf::Day(day) } => {
            let of = trace_words::weekday(*day);
            Text::new(format!("补{}的课", of.zh), format!("make-up day for {}", of.en))
        }
    }
}

/// What somebody did to a date.
pub fn day_changed(at: &Date, is: Option<&CalendarDay>) -> Text {
    let at = date(*at);
    match is {
        None => Text::new(format!("{}恢复为普通日", at.zh), format!("{}: an ordinary day again", at.en)),
        Some(day) => {
            let kind = kind(&day.kind);
            let note = if day.note.is_empty() { String::new() } else { format!(" {}", day.note) };
            Text::new(format!("{}：{}{note}", at.zh, kind.zh), format!("{}: {}{note}", at.en, kind.en))
        }
    }
}

/// What somebody did to a term.
pub fn term_changed(name: &(String, String), is: Option<&Term>) -> Text {
    let (year, name) = name;
    match is {
        None => Text::new(format!("删除学期 {year} {name}"), format!("Removed the term {year} {name}")),
        Some(t) => Text::new(
            format!("学期 {year} {name}：{} 至 {}", t.start, t.end),
            format!("Term {year} {name}: {} to {}", t.start, t.end),
        ),
    }
}

/// What somebody did to a bell table.
pub fn table_changed(id: &u32, is: Option<&BellTable>) -> Text {
    match is {
        None => Text::new(format!("删除作息 {id}"), format!("Removed bell table {id}")),
        Some(t) => Text::new(
            format!("作息“{}”：{} 行", t.name, t.periods.len()),
            format!("Bell table “{}”: {} rows", t.name, t.periods.len()),
        ),
    }
}

/// What both did to the same.
pub fn both(theirs: &Text, mine: &Text) -> Text {
    Text::new(
        format!("对方：{}；您的：{}", theirs.zh, mine.zh),
        format!("theirs: {}; yours: {}", theirs.en, mine.en),
    )
}
