//! From lessons in local time to instants, recording and channels (docs/timetable.md §3.5–4).

use super::column::weekday;
use super::key::{LessonId, LessonKey};
use super::lesson::{Absent, Day, Lesson, Span};
use super::plan::{Made, Plan};
use super::sweep::{Claim, Piece, Who, pieces};
use super::trace::{RecordBy, Step};
use crate::timetable::WeeklyRange;
use crate::{ChannelId, RangeId, TeacherId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// Local seconds of one date to Unix ms. A time that the clocks skip or repeat is read by RFC 5545 §3.3.5; nothing leaves the
/// date, so that lessons of two dates never meet and a date that a zone skips holds nothing (Apia, 2011-12-30).
struct Clock<'a> {
    zone: &'a TimeZone,
    date: Date,
    /// First moment of the date and of the next one.
    bounds: Option<(i64, i64)>,
    known: BTreeMap<u32, Option<i64>>,
}

impl<'a> Clock<'a> {
    fn new(zone: &'a TimeZone, date: Date) -> Self {
        let mut clock = Self { zone, date, bounds: None, known: BTreeMap::new() };
        clock.bounds = clock.at(0).zip(clock.at(crate::timetable::DAY_S));
        clock
    }

    fn at(&mut self, seconds: u32) -> Option<i64> {
        *self.known.entry(seconds).or_insert_with(|| {
            let span = jiff::SignedDuration::from_secs(i64::from(seconds));
            let local = self.date.at(0, 0, 0, 0).checked_add(span).ok()?;
            let instant = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
            Some(instant.as_millisecond())
        })
    }

    /// Unix ms; `None` when no moment is left.
    fn interval(&mut self, start_s: u32, end_s: u32) -> Option<(i64, i64)> {
        let (first, last) = self.bounds?;
        let (start, end) = (self.at(start_s)?.max(first), self.at(end_s)?.min(last));
        (start < end).then_some((start, end))
    }
}

impl Plan<'_> {
    /// A date that has been made, and what the channels record on it.
    pub(super) fn finish(&mut self, date: Date) -> Option<(Day, Vec<Span>)> {
        let made = self.days.remove(&date)?;
        let head = made.head;
        let mut clock = Clock::new(&self.book.zone, date);
        let mut absent = made.absent;
        let mut lessons = Vec::new();
        for (id, made) in made.held {
            match clock.interval(made.start_s, made.end_s) {
                Some(instants) => lessons.push(self.lesson(id, made, instants, head.no_record)),
                None => {
                    let mut trace = made.trace;
                    trace.push(Step::Vanished);
                    absent.push(Absent { id, subject: made.content.subject, trace });
                }
            }
        }
        lessons.sort_by_key(|lesson| (lesson.start_at_ms, lesson.id));
        absent.sort_by_key(|absent| absent.id);
        let ranges = if head.no_record { Vec::new() } else { self.ranges(date, &mut clock) };
        let spans = record(&mut lessons, &ranges, date);
        let day = Day {
            date,
            week: head.week,
            column: head.column.map(|column| column.day),
            no_record: head.no_record,
            steps: head.steps,
            lessons,
            absent,
        };
        Some((day, spans))
    }

    fn lesson(&self, id: LessonId, made: Made, instants: (i64, i64), no_record: bool) -> Lesson {
        let Made { content, label, start_s, end_s, mut trace, .. } = made;
        let class = self.classes.get(&id.class);
        let room = content.room.or_else(|| class?.room);
        let by_class = RecordBy::Class { class: id.class };
        let (record, by) = match class {
            _ if no_record => (false, RecordBy::Day),
            None => (false, by_class),
            Some(class) => content.record.unwrap_or((class.record, by_class)),
        };
        trace.push(Step::Record { on: record, by });
        let channels: Vec<ChannelId> = match room {
            Some(room) if record => self.channels.get(&room).into_iter().flatten().copied().collect(),
            _ => Vec::new(),
        };
        if record {
            trace.push(match room {
                None => Step::NoRoom,
                Some(room) if channels.is_empty() => Step::NoChannel { room },
                Some(room) => Step::Channels { room, channels: channels.clone() },
            });
        }
        let classes: BTreeSet<_> = content.with.into_iter().chain([id.class]).collect();
        let (start_at_ms, end_at_ms) = instants;
        Lesson {
            id,
            classes: classes.into_iter().collect(),
            label,
            subject: content.subject,
            teacher: content.teacher,
            room,
            start_s,
            end_s,
            start_at_ms,
            end_at_ms,
            record,
            channels,
            trace,
        }
    }

    /// The weekly ranges of a date.
    fn ranges(&self, date: Date, clock: &mut Clock<'_>) -> Vec<(&WeeklyRange, (i64, i64))> {
        // The manual's 0 is Sunday.
        let day = weekday(date) % 7;
        let ranges = self.book.ranges.iter().filter(|range| range.weekday == day);
        ranges.filter_map(|range| Some((range, clock.interval(range.start_s, range.end_s)?))).collect()
    }
}

/// Shares out the channels, and writes `Joined` and `RangeCut` into the traces.
fn record(lessons: &mut [Lesson], ranges: &[(&WeeklyRange, (i64, i64))], date: Date) -> Vec<Span> {
    let mut claims: BTreeMap<ChannelId, Vec<Claim>> = BTreeMap::new();
    for (index, lesson) in lessons.iter().enumerate() {
        let claim = Claim { who: Who::Lesson(index), start: lesson.start_at_ms, end: lesson.end_at_ms };
        for channel in &lesson.channels {
            claims.entry(*channel).or_default().push(claim);
        }
    }
    // Ascending by id, as lessons of one start are, so that the least index is the least id.
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|index| ranges.get(*index).map(|(range, _)| range.id));
    let ranges: Vec<_> = order.iter().filter_map(|index| ranges.get(*index)).collect();
    for (index, (range, (start, end))) in ranges.iter().enumerate() {
        let claim = Claim { who: Who::Range(index), start: *start, end: *end };
        claims.entry(range.channel_id).or_default().push(claim);
    }
    let mut spans = Vec::new();
    for (channel, claims) in claims {
        for piece in pieces(claims) {
            note_losers(lessons, &ranges, channel, &piece);
            let (start_at_ms, end_at_ms) = (piece.start, piece.end);
            spans.extend(match piece.winner {
                Who::Lesson(index) => lessons.get(index).map(|lesson| Span {
                    key: LessonKey::Lesson { id: lesson.id, channel }.to_string(),
                    channel_id: channel,
                    start_at_ms,
                    end_at_ms,
                    subject_id: lesson.subject,
                    teacher_id: lesson.teacher.unwrap_or(TeacherId(0)),
                    range_id: RangeId(0),
                }),
                Who::Range(index) => ranges.get(index).map(|(range, _)| Span {
                    key: LessonKey::Range { range: range.id, date }.to_string(),
                    channel_id: channel,
                    start_at_ms,
                    end_at_ms,
                    subject_id: range.subject_id,
                    teacher_id: range.teacher_id,
                    range_id: range.id,
                }),
            });
        }
    }
    spans
}

fn note_losers(
    lessons: &mut [Lesson],
    ranges: &[&(&WeeklyRange, (i64, i64))],
    channel: ChannelId,
    piece: &Piece,
) {
    let Who::Lesson(winner) = piece.winner else { return };
    let Some(by) = lessons.get(winner).map(|lesson| lesson.id) else { return };
    for loser in &piece.losers {
        let (lesson, note) = match loser {
            Who::Lesson(index) => (*index, Step::Joined { channel, into: by }),
            Who::Range(index) => match ranges.get(*index) {
                Some((range, _)) => (winner, Step::RangeCut { range: range.id, by }),
                None => continue,
            },
        };
        if let Some(lesson) = lessons.get_mut(lesson)
            && !lesson.trace.contains(&note)
        {
            lesson.trace.push(note);
        }
    }
}
