//! The trace of a lesson in words: why it is, or is not, held and recorded, rule by rule (docs/timetable.md §3).

mod changed;
mod names;

pub use names::{Names, date, lesson, or_number, period, week, weekday, weeks};

use crate::lang::{Lang, Text};
use crate::pages::admin::show::weekday as full_weekday;
use crate::pages::admin::timetable::short_time;
use changed::changed;
use model::calendar::trace::{BellsBy, RecordBy, Step};
use model::calendar::{Book, DayKind, MakeUpOf};

/// A sentence for each step.
pub fn words(l: Lang, steps: &[Step], names: &impl Names) -> Vec<String> {
    texts(steps, names, None).iter().map(|text| l.of(text).to_owned()).collect()
}

/// The same, telling more: who stands in (the book's changes), and days of a cycle apart from weekdays (its terms).
pub fn words_in(l: Lang, steps: &[Step], names: &impl Names, book: &Book) -> Vec<String> {
    texts(steps, names, Some(book)).iter().map(|text| l.of(text).to_owned()).collect()
}

/// Both languages at once, for the API.
pub fn texts(steps: &[Step], names: &impl Names, book: Option<&Book>) -> Vec<Text> {
    let cycle = steps.iter().any(|step| is_cycle(step, book));
    steps.iter().map(|step| text(step, names, book, cycle)).collect()
}

/// Whether columns are days of a cycle on this date.
fn is_cycle(step: &Step, book: Option<&Book>) -> bool {
    match (step, book) {
        (Step::RotationDay { .. }, _) => true,
        (Step::Term { year, name, .. }, Some(book)) => {
            let mut terms = book.calendar.terms.iter();
            terms.any(|t| t.year == *year && t.name == *name && t.rotation.is_some())
        }
        _ => false,
    }
}

fn text(step: &Step, names: &impl Names, book: Option<&Book>, cycle: bool) -> Text {
    match step {
        Step::NoTerm => Text::new(
            "这一天不在任何学期里，没有课：请在 校历 里检查学期的起止日期",
            "The date is in no term, so there are no lessons: check the terms in the calendar",
        ),
        Step::Term { year, name, week: n } => {
            let week = week(*n);
            Text::new(format!("{year} {name}，{}", week.zh), format!("{year} {name}, {}", week.en))
        }
        Step::CalendarDay { kind, note } => calendar_day(kind, note, cycle),
        Step::MakesUp { of, column, week: n } => makes_up(of, *column, *n, cycle),
        Step::MakesUpNothing { of } => makes_up_nothing(of),
        Step::Weekday { column } => {
            let day = weekday(*column);
            Text::new(
                format!("按{}的课表上课", day.zh),
                format!("The timetable of {} runs", full_weekday(Lang::En, *column % 7)),
            )
        }
        Step::RotationDay { day, work_days } if day > work_days => Text::new(
            format!("轮转周期的第{day}天，是休息日，没有课"),
            format!("Day {day} of the cycle, a day of rest: no lessons"),
        ),
        Step::RotationDay { day, .. } => {
            Text::new(format!("轮转周期的第{day}天"), format!("Day {day} of the cycle"))
        }
        Step::Version { no, from } => Text::new(
            format!("用第{no}版课表（{from} 起）"),
            format!("Version {no} of the timetable, in force since {from}"),
        ),
        Step::NoVersion => Text::new(
            "还没有已发布并生效的课表，没有课：请在 课表 里发布",
            "No published timetable is in force yet: publish one under Timetable",
        ),
        Step::Weeks { weeks: set, week: n, runs } => week_set(&weeks(set), &week(*n), *runs),
        Step::Doubled => Text::new(
            "同一班级同一节已有另一门课，所以这一门不上：请在 课表 里去掉一门",
            "Another lesson of this class has the same period, so this one is not held: remove one of them in the timetable",
        ),
        _ => time_and_camera(step, names, book),
    }
}

/// The later half of a trace: bells, changes, recording, cameras.
fn time_and_camera(step: &Step, names: &impl Names, book: Option<&Book>) -> Text {
    match step {
        Step::Bells { table, by } => bells(table, by),
        Step::NoPeriod { period: no } => {
            let period = period(book, *no);
            Text::new(
                format!("作息表里没有{}，不知道几点上课，所以不上：请在 校历 的作息里补上", period.zh),
                format!(
                    "The bell table has no {}, so the lesson has no time: add it to the bells in the calendar",
                    period.en
                ),
            )
        }
        Step::Times { start_s, end_s } => {
            let times = format!("{}–{}", short_time(*start_s), short_time(*end_s));
            Text::new(format!("上课时间 {times}"), format!("Held {times}"))
        }
        Step::Vanished => Text::new(
            "这一天换夏令时，这段时间不存在，所以不上",
            "The clocks change over it: this time does not exist on the date, so it is not held",
        ),
        Step::Changed { change, what, reason } => changed(*change, what, reason, names, book),
        Step::Record { on, by } => record(*on, by, names),
        Step::NoRoom => Text::new(
            "不知道在哪个教室，所以没有摄像头可录：请给班级或这节课选教室",
            "Its room is not known, so there is no camera: choose a room for the class or the lesson",
        ),
        Step::NoChannel { room } => {
            let room = or_number(names.room(*room), room.0);
            Text::new(
                format!("教室{room}没有摄像头，所以不录：请在 直播管理 里给通道选教室"),
                format!(
                    "Room {room} has no camera, so nothing is recorded: choose the room of a channel under Channels"
                ),
            )
        }
        Step::Channels { room, channels } => {
            let room = or_number(names.room(*room), room.0);
            let of = |id: &model::ChannelId| or_number(names.channel(*id), id.0);
            let list: Vec<String> = channels.iter().map(of).collect();
            Text::new(
                format!("教室{room}，由通道录像：{}", list.join("、")),
                format!("Room {room}, recorded by {}", list.join(", ")),
            )
        }
        Step::Joined { channel, into } => {
            let (channel, into) = (or_number(names.channel(*channel), channel.0), lesson(names, book, *into));
            Text::new(
                format!("通道 {channel} 同一时间录的是 {}，这节课并入它或让给它", into.zh),
                format!(
                    "Channel {channel} records {} at that time; this lesson is part of it or gives way",
                    into.en
                ),
            )
        }
        Step::RangeCut { range, by } => {
            let by = lesson(names, book, *by);
            Text::new(
                format!("录像表的时间段 #{range} 让给 {}", by.zh),
                format!("Weekly range #{range} gives way to {}", by.en),
            )
        }
        // The first half has its own words; a step that is new to both says its name rather than nothing.
        other => Text::new(format!("{other:?}"), format!("{other:?}")),
    }
}

fn calendar_day(kind: &DayKind, note: &str, cycle: bool) -> Text {
    let named = |zh: &str, en: &str| match note {
        "" => Text::new(zh, en),
        note => Text::new(format!("{note}，{zh}"), format!("{note}: {en}")),
    };
    match kind {
        DayKind::Teach => named("校历里有特别安排，照常上课", "marked in the calendar, lessons as usual"),
        DayKind::Off if note.is_empty() => Text::new("放假，没有课", "A day off: no lessons"),
        DayKind::Off => Text::new(format!("{note}放假，没有课"), format!("{note}: a day off, no lessons")),
        DayKind::Exam => named("考试，课表不上", "exams, the timetable does not run"),
        DayKind::MakeUp { of: MakeUpOf::Unanswered } => {
            named("调休上班，还没有定补哪天的课", "a make-up day, nobody has said whose lessons")
        }
        DayKind::MakeUp { of: MakeUpOf::Date(d) } => {
            let d = date(*d);
            named(&format!("调休上班，补{}的课", d.zh), &format!("a make-up day for {}", d.en))
        }
        DayKind::MakeUp { of: MakeUpOf::Day(n) } => {
            let day = column_name(*n, cycle);
            named(&format!("调休上班，补{}的课", day.zh), &format!("a make-up day for {}", day.en))
        }
    }
}

fn column_name(n: u8, cycle: bool) -> Text {
    match cycle || n > 7 {
        true => Text::new(format!("周期第{n}天"), format!("day {n} of the cycle")),
        false => weekday(n),
    }
}

fn makes_up(of: &MakeUpOf, column: u8, n: u16, cycle: bool) -> Text {
    let (week, column) = (week(n), column_name(column, cycle));
    match of {
        MakeUpOf::Date(d) => {
            let d = date(*d);
            Text::new(
                format!("补{}的课，按{}算", d.zh, week.zh),
                format!("Makes up the lessons of {}, counted as {}", d.en, week.en),
            )
        }
        MakeUpOf::Day(_) | MakeUpOf::Unanswered => Text::new(
            format!("补{}的课，按{}算", column.zh, week.zh),
            format!("Makes up the lessons of {}, counted as {}", column.en, week.en),
        ),
    }
}

fn makes_up_nothing(of: &MakeUpOf) -> Text {
    match of {
        MakeUpOf::Unanswered => Text::new(
            "还没有定补哪天的课，所以没有课：请在 校历 里回答",
            "Nobody has said whose lessons it makes up, so there are none: answer it in the calendar",
        ),
        MakeUpOf::Date(d) => {
            let d = date(*d);
            Text::new(
                format!("要补{}的课，但那天本来没有课：请在 校历 里改", d.zh),
                format!("It makes up {}, which has no lessons: change it in the calendar", d.en),
            )
        }
        MakeUpOf::Day(n) => Text::new(
            format!("要补课表第{n}列的课，但没有这一列：请在 校历 里改"),
            format!("It makes up column {n} of the timetable, which there is not: change it in the calendar"),
        ),
    }
}

fn week_set(set: &Text, week: &Text, runs: bool) -> Text {
    match runs {
        true => Text::new(
            format!("{}；这节课在{}上，所以上", week.zh, set.zh),
            format!("It is {}; this lesson runs in {}, so it is held", week.en, set.en),
        ),
        false => Text::new(
            format!("{}；这节课只在{}上，所以不上", week.zh, set.zh),
            format!("It is {}; this lesson runs only in {}, so it is not held", week.en, set.en),
        ),
    }
}

fn bells(table: &str, by: &BellsBy) -> Text {
    match by {
        BellsBy::Day => Text::new(
            format!("{table}（校历给这一天指定的作息）"),
            format!("Bells “{table}”, named by the calendar for this date"),
        ),
        BellsBy::Rule { index } => Text::new(
            format!("{table}（作息规则第{}条）", index + 1),
            format!("Bells “{table}”, by rule {}", index + 1),
        ),
        BellsBy::Default => {
            Text::new(format!("{table}（默认作息）"), format!("Bells “{table}”, the usual ones"))
        }
    }
}

fn record(on: bool, by: &RecordBy, names: &impl Names) -> Text {
    let (zh, en) = if on { ("录像", "Recorded") } else { ("不录像", "Not recorded") };
    match by {
        RecordBy::Day => Text::new(
            format!("{zh}：校历里这一天整校停录"),
            format!("{en}: the calendar stops all recording on this date"),
        ),
        RecordBy::Change { change } => {
            Text::new(format!("{zh}：调课 #{change} 这样定"), format!("{en}: change #{change} says so"))
        }
        RecordBy::Cell => {
            Text::new(format!("{zh}：课表的这一格这样定"), format!("{en}: the cell of the timetable says so"))
        }
        RecordBy::Class { class } => {
            let class = or_number(names.class(*class), class.0);
            Text::new(
                format!("{zh}：{class}的课默认{}", if on { "都录" } else { "不录" }),
                format!("{en}: that is the setting of class {class}"),
            )
        }
    }
}

#[cfg(test)]
mod tests;
