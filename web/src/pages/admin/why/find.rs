//! Finding what a question about a lesson is about, and the trace that answers it.

use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Text;
use crate::pages::admin::form::Choice;
use crate::pages::admin::today::board::times;
use crate::pages::admin::today::read::today;
use crate::pages::admin::trace_words::{Names, lesson as lesson_name, or_number, texts};
use crate::state::AppState;
use db::Directory;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::calendar::bell::PeriodKind;
use model::calendar::trace::Step;
use model::calendar::{Book, Day, Lesson, LessonId, LessonKey, Span};
use model::{ChannelId, ClassId, SchoolId, SubjectId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A question.
#[derive(Debug, Clone)]
pub struct Asked {
    /// About this lesson.
    pub lesson: Option<LessonId>,
    /// About a class …
    pub class: Option<ClassId>,
    /// … in this period.
    pub period: Option<u8>,
    /// About a channel at [`Asked::at_ms`].
    pub channel: Option<ChannelId>,
    /// The date it is about.
    pub date: Date,
    /// A moment of that date, Unix ms.
    pub at_ms: i64,
}

impl Asked {
    /// Reads it. `at` is Unix ms or a local time such as `2026-11-20T08:30`; without it the moment is now.
    pub fn of(fields: &Fields, at: &str, now_ms: i64, zone: &TimeZone) -> Self {
        let local = || at.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok();
        let at_ms = at.parse::<i64>().ok().or_else(|| Some(local()?.timestamp().as_millisecond()));
        let at_ms = at_ms.filter(|ms| Timestamp::from_millisecond(*ms).is_ok()).unwrap_or(now_ms);
        let lesson = fields.text("lesson").parse::<LessonId>().ok();
        let channel = fields.text("channel").parse().ok().map(ChannelId);
        let date = fields.text("date").parse().ok().or(lesson.map(|id| id.date));
        Self {
            lesson,
            class: fields.text("class").parse().ok().map(ClassId),
            period: fields.text("period").parse().ok(),
            channel,
            date: date.unwrap_or_else(|| today(at_ms, zone)),
            at_ms,
        }
    }

    /// Whether something is asked at all.
    pub fn is_something(&self) -> bool {
        self.lesson.is_some() || self.channel.is_some() || (self.class.is_some() && self.period.is_some())
    }
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is recorded.
    Recorded,
    /// It is held and not to be recorded.
    NotRecorded,
    /// It is to be recorded and no channel is there to do it.
    NoCamera,
    /// It is not held.
    NotHeld,
    /// Nothing is planned.
    Nothing,
    /// A weekly range is recorded.
    Range,
}

/// An answer: about one lesson, or about none.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it is about.
    pub heading: Text,
    /// Which lesson.
    pub lesson: Option<LessonId>,
    /// In a word.
    pub verdict: Verdict,
    /// The rules themselves: of the date, then of the lesson.
    pub rules: Vec<Step>,
    /// Words of the date's rules, and whether one decides.
    pub day: Vec<(Text, bool)>,
    /// Words of the lesson's rules, and whether one decides.
    pub steps: Vec<(Text, bool)>,
}

/// All answers, with the names to show them by.
#[derive(Debug)]
pub struct Found {
    /// Names.
    pub directory: Directory,
    /// The book of the date.
    pub book: Book,
    /// The answers; empty when nothing was asked.
    pub answers: Vec<Answer>,
}

/// Answers a question.
pub async fn find(state: &AppState, school: SchoolId, asked: &Asked) -> Result<Found, WebError> {
    let directory = state.db.directory(school).await?;
    let book = state.db.book(school, asked.date, asked.date).await?;
    let mut answers = Vec::new();
    if asked.is_something() {
        let day = book.expand(asked.date);
        let teller = Teller { directory: &directory, book: &book, day: &day };
        answers = match (asked.lesson, asked.channel, asked.class.zip(asked.period)) {
            (Some(id), ..) => teller.lessons(|x| x == id, Some(id)),
            (None, Some(channel), _) => vec![teller.channel(channel, asked.at_ms)],
            (None, None, Some((class, period))) => {
                let slot = LessonId { class, date: asked.date, period, n: 0 };
                teller.lessons(|x| x.class == class && x.period == period, Some(slot))
            }
            (None, None, None) => Vec::new(),
        };
    }
    Ok(Found { directory, book, answers })
}

/// Periods of every bell table, for a menu.
pub fn periods(book: &Book) -> Vec<Choice> {
    let tables = book.calendar.bell_tables.iter().flat_map(|t| &t.periods);
    let mut found: BTreeMap<u8, &str> = BTreeMap::new();
    for period in tables.filter(|p| p.kind != PeriodKind::Break) {
        found.entry(period.no).or_insert(&period.label);
    }
    found.into_iter().map(|(no, label)| Choice::new(no, label)).collect()
}

struct Teller<'a> {
    directory: &'a Directory,
    book: &'a Book,
    day: &'a Day,
}

impl Teller<'_> {
    /// Held and absent lessons that are asked for; when there is none, what the date says.
    fn lessons(&self, is_asked: impl Fn(LessonId) -> bool, slot: Option<LessonId>) -> Vec<Answer> {
        let held = self.day.lessons.iter().filter(|lesson| is_asked(lesson.id)).map(|x| self.held(x));
        let absent = self.day.absent.iter().filter(|absent| is_asked(absent.id)).map(|x| {
            let heading = self.heading(x.id, x.subject, "", "");
            self.answer(heading, Some(x.id), Verdict::NotHeld, &x.trace)
        });
        let mut answers: Vec<Answer> = held.chain(absent).collect();
        if let (true, Some(id)) = (answers.is_empty(), slot) {
            let heading = lesson_name(self.directory, Some(self.book), id);
            let mut answer = self.answer(heading, None, Verdict::Nothing, &[]);
            if self.day.column.is_some() {
                let text = Text::new(
                    "课表的这一格没有课，也没有加课",
                    "The timetable has no lesson there and none was added",
                );
                answer.steps.push((text, true));
            }
            answers.push(answer);
        }
        answers
    }

    fn held(&self, lesson: &Lesson) -> Answer {
        let verdict = match (lesson.record, lesson.channels.is_empty()) {
            (false, _) => Verdict::NotRecorded,
            (true, true) => Verdict::NoCamera,
            (true, false) => Verdict::Recorded,
        };
        let times = times(lesson.start_s, lesson.end_s);
        let teacher = lesson.teacher.map(|id| or_number(self.directory.teacher(id), id.0));
        let heading = self.heading(lesson.id, lesson.subject, &times, &teacher.unwrap_or_default());
        self.answer(heading, Some(lesson.id), verdict, &lesson.trace)
    }

    fn heading(&self, id: LessonId, subject: SubjectId, times: &str, teacher: &str) -> Text {
        let name = lesson_name(self.directory, Some(self.book), id);
        let subject = or_number(self.directory.subject(subject), subject.0);
        let join = |name: &str| {
            let parts = [name, times, subject.as_str(), teacher];
            parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
        };
        Text::new(join(&name.zh), join(&name.en))
    }

    fn answer(&self, heading: Text, lesson: Option<LessonId>, verdict: Verdict, trace: &[Step]) -> Answer {
        // The day's steps stand in front of every lesson's trace; told once.
        let own = trace.strip_prefix(self.day.steps.as_slice()).unwrap_or(trace);
        let told = |steps: &[Step]| -> Vec<Text> { texts(steps, self.directory, Some(self.book)) };
        let day = told(&self.day.steps).into_iter().zip(&self.day.steps);
        let last = own.len().saturating_sub(1);
        let steps = told(own).into_iter().zip(own).enumerate();
        let mut rules = self.day.steps.clone();
        rules.extend_from_slice(own);
        Answer {
            heading,
            lesson,
            verdict,
            rules,
            day: day.map(|(text, step)| (text, ends(step))).collect(),
            steps: steps.map(|(n, (text, step))| (text, n == last || decides(step))).collect(),
        }
    }

    fn channel(&self, channel: ChannelId, at_ms: i64) -> Answer {
        let spans = self.book.spans(self.day.date, 1);
        let now =
            |span: &&Span| span.channel_id == channel && (span.start_at_ms..span.end_at_ms).contains(&at_ms);
        let span = spans.iter().find(now);
        let key = span.and_then(|span| span.key.parse::<LessonKey>().ok());
        if let Some(LessonKey::Lesson { id, .. }) = key
            && let Some(lesson) = self.day.lessons.iter().find(|lesson| lesson.id == id)
        {
            return self.held(lesson);
        }
        let name = or_number(self.directory.channel(channel), channel.0);
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = at.to_zoned(self.book.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let heading = Text::new(format!("通道 {name} {at}"), format!("Channel {name}, {at}"));
        match span {
            Some(span) => {
                let subject = or_number(self.directory.subject(span.subject_id), span.subject_id.0);
                let mut answer = self.answer(heading, None, Verdict::Range, &[]);
                let text = Text::new(
                    format!("通道的录像表里有这个时间段（{subject}）；节假日也录，整校停录的日子除外"),
                    format!(
                        "A weekly range of the channel ({subject}); it runs on holidays too, but not on days without any recording"
                    ),
                );
                answer.steps.push((text, true));
                answer
            }
            None => self.idle(heading, channel, at_ms),
        }
    }

    /// Nothing is recorded: a lesson in the room that is not to be, else nothing is planned.
    fn idle(&self, heading: Text, channel: ChannelId, at_ms: i64) -> Answer {
        let info = self.book.roster.channels.iter().find(|c| c.id == channel);
        let room = info.and_then(|c| c.room_id);
        let there = self.day.lessons.iter().find(|lesson| {
            lesson.room.is_some()
                && lesson.room == room
                && (lesson.start_at_ms..lesson.end_at_ms).contains(&at_ms)
        });
        if let Some(lesson) = there {
            return self.held(lesson);
        }
        let mut answer = self.answer(heading, None, Verdict::Nothing, &[]);
        let text = match room {
            None => Text::new(
                "通道没有选教室，所以课表不会让它录像：请在 直播管理 里选教室",
                "The channel has no room, so the timetable never lets it record: choose its room under Channels",
            ),
            Some(room) => {
                let room = or_number(self.directory.room(room), room.0);
                Text::new(
                    format!("教室{room}这时没有课，录像表也没有时间段"),
                    format!("Room {room} has no lesson then, and the channel no weekly range"),
                )
            }
        };
        answer.steps.push((text, true));
        answer
    }
}

/// Rules of a date after which there are no lessons.
fn ends(step: &Step) -> bool {
    use model::calendar::DayKind;
    match step {
        Step::NoTerm | Step::NoVersion | Step::MakesUpNothing { .. } => true,
        Step::CalendarDay { kind, .. } => matches!(kind, DayKind::Off | DayKind::Exam),
        Step::RotationDay { day, work_days } => day > work_days,
        _ => false,
    }
}

/// Rules of a lesson that settle whether it is recorded.
fn decides(step: &Step) -> bool {
    matches!(step, Step::Record { .. } | Step::Changed { .. } | Step::NoRoom | Step::NoChannel { .. })
}
