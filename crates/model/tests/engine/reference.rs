//! The rules of docs/timetable.md once more, slow and plain: it walks day by day and counts, lays every date out, puts all lessons
//! into one map, applies all changes to it, and asks of every moment at which anything begins or ends who is recorded.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use model::calendar::*;
use model::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the calendar says of a date before it is asked what differs.
#[derive(Debug, Clone, Copy)]
struct Natural {
    week: u16,
    /// Greatest column, and the column that would run; none on a day of rest.
    columns: u8,
    column: Option<u8>,
}

/// One date.
#[derive(Debug, Clone)]
pub struct RefDay {
    pub week: Option<u16>,
    pub column: Option<u8>,
    pub no_record: bool,
    pub version: Option<i64>,
    /// Without traces.
    pub lessons: Vec<Lesson>,
    pub absent: Vec<(LessonId, SubjectId)>,
}

/// The whole range.
#[derive(Debug)]
pub struct Outcome {
    pub days: BTreeMap<Date, RefDay>,
    pub idle: BTreeSet<ChangeId>,
    pub spans: Vec<Span>,
}

#[derive(Debug, Clone)]
struct Entry {
    subject: SubjectId,
    teacher: Option<TeacherId>,
    room: Option<RoomId>,
    with: Vec<ClassId>,
    record: Option<bool>,
    span: u8,
    times: (u32, u32),
    label: String,
}

/// Walks through every term from its first day, counting weeks and days of the cycle.
fn walk(calendar: &Calendar) -> BTreeMap<Date, Natural> {
    let mut all = BTreeMap::new();
    for term in &calendar.terms {
        let (mut week, mut position) = (1, 1);
        let mut date = term.start;
        while date <= term.end {
            let monday = date.weekday() == jiff::civil::Weekday::Monday;
            if monday && date != term.start {
                week += 1;
            }
            if monday || date == term.start {
                // An anchor anywhere in this week sets it.
                let mut day = date;
                loop {
                    for anchor in term.weeks.iter().filter(|anchor| anchor.date == day) {
                        week = anchor.week;
                    }
                    if day.weekday() == jiff::civil::Weekday::Sunday {
                        break;
                    }
                    day = day.tomorrow().unwrap();
                }
            }
            let natural = match &term.rotation {
                None => {
                    Natural { week, columns: 7, column: Some(date.weekday().to_monday_one_offset() as u8) }
                }
                Some(rotation) => {
                    for anchor in rotation.anchors.iter().filter(|anchor| anchor.date == date) {
                        position = anchor.day;
                    }
                    let columns = rotation.work_days;
                    let column = (position <= columns).then_some(position);
                    let stops = rotation.pause_on_off
                        && calendar.days.iter().any(|day| {
                            day.date == date && (day.kind == DayKind::Off || day.kind == DayKind::Exam)
                        });
                    if !stops {
                        position += 1;
                    }
                    if position > rotation.work_days + rotation.rest_days {
                        position = 1;
                    }
                    Natural { week, columns, column }
                }
            };
            all.insert(date, natural);
            date = date.tomorrow().unwrap();
        }
    }
    all
}

/// Week that counts and column.
fn running(calendar: &Calendar, walked: &BTreeMap<Date, Natural>, date: Date) -> Option<(u16, u8)> {
    let own = walked.get(&date)?;
    let entry = calendar.days.iter().find(|day| day.date == date);
    match entry.map(|day| day.kind.clone()) {
        Some(DayKind::Off) | Some(DayKind::Exam) => None,
        None | Some(DayKind::Teach) => Some((own.week, own.column?)),
        Some(DayKind::MakeUp { of: MakeUpOf::Unanswered }) => None,
        Some(DayKind::MakeUp { of: MakeUpOf::Day(n) }) => (n <= own.columns).then_some((own.week, n)),
        Some(DayKind::MakeUp { of: MakeUpOf::Date(other) }) => {
            let other = walked.get(&other)?;
            Some((other.week, other.column?))
        }
    }
}

fn version_on(book: &Book, date: Date) -> Option<&Version> {
    let mut best: Option<&Version> = None;
    for version in &book.versions {
        let better = match best {
            None => true,
            Some(best) => version.from > best.from || (version.from == best.from && version.no > best.no),
        };
        if version.from <= date && better {
            best = Some(version);
        }
    }
    best
}

fn bells(calendar: &Calendar, date: Date, grade: Option<GradeId>) -> Option<&BellTable> {
    let table = |id: u32| calendar.bell_tables.iter().find(|table| table.id == id);
    for day in calendar.days.iter().filter(|day| day.date == date) {
        if let Some(table) = day.bells.and_then(table) {
            return Some(table);
        }
    }
    let mut best = (-1, calendar.bell_tables.first());
    for rule in &calendar.bell_rules {
        let weekday = date.weekday().to_monday_one_offset() as u8;
        let early = rule.from.is_some_and(|from| date < from);
        let late = rule.to.is_some_and(|to| date > to);
        let other_weekday = !rule.weekdays.is_empty() && !rule.weekdays.contains(&weekday);
        let other_grade = !rule.grades.is_empty() && !grade.is_some_and(|grade| rule.grades.contains(&grade));
        if early || late || other_weekday || other_grade || table(rule.table).is_none() {
            continue;
        }
        let mut score = 0;
        score += if rule.grades.is_empty() { 0 } else { 4 };
        score += if rule.weekdays.is_empty() { 0 } else { 2 };
        score += if rule.from.is_none() && rule.to.is_none() { 0 } else { 1 };
        if score >= best.0 {
            best = (score, table(rule.table));
        }
    }
    best.1
}

/// Start, end of so many periods from `no` on.
fn ring(table: &BellTable, no: u8, span: u8) -> Option<(u32, u32)> {
    let mut start = None;
    let mut end = None;
    let mut left = span;
    for period in &table.periods {
        if period.no == no && period.kind != PeriodKind::Break {
            start = Some(period.start_s);
        }
        if start.is_some() && left > 0 && period.kind != PeriodKind::Break {
            end = Some(period.end_s);
            left -= 1;
        }
    }
    start.zip(end)
}

fn grade(book: &Book, class: ClassId) -> Option<GradeId> {
    book.roster.classes.iter().find(|info| info.id == class).map(|info| info.grade_id)
}

fn label(table: Option<&BellTable>, no: u8) -> String {
    let row = table.and_then(|table| table.periods.iter().find(|period| period.no == no));
    row.map(|period| period.label.clone()).unwrap_or_default()
}

/// All lessons of all dates in one map, and what is not held.
struct Big<'a> {
    book: &'a Book,
    held: BTreeMap<LessonId, Entry>,
    absent: Vec<(LessonId, SubjectId)>,
}

impl Big<'_> {
    /// With the times of its period, if it has one.
    fn put(&mut self, id: LessonId, mut entry: Entry, times: Option<(u32, u32)>) {
        let table = bells(&self.book.calendar, id.date, grade(self.book, id.class));
        entry.label = label(table, id.period);
        match times.or_else(|| ring(table?, id.period, entry.span)) {
            Some(times) => {
                entry.times = times;
                self.held.insert(id, entry);
            }
            None => self.absent.push((id, entry.subject)),
        }
    }

    fn lay_out(&mut self, walked: &BTreeMap<Date, Natural>, date: Date) {
        let Some((week, column)) = running(&self.book.calendar, walked, date) else { return };
        let Some(version) = version_on(self.book, date) else { return };
        let mut seen = BTreeSet::new();
        for cell in version.timetable.cells.iter().filter(|cell| cell.day == column) {
            let id = LessonId { class: cell.class, date, period: cell.period, n: 0 };
            if !cell.weeks.has(week) || !seen.insert((cell.class, cell.period)) {
                self.absent.push((id, cell.subject));
                continue;
            }
            let entry = Entry {
                subject: cell.subject,
                teacher: cell.teacher,
                room: cell.room,
                with: cell.with.clone(),
                record: cell.record,
                span: cell.span,
                times: (0, 0),
                label: String::new(),
            };
            self.put(id, entry, None);
        }
    }

    /// Whether the change could be done.
    fn change(&mut self, op: &Op) -> bool {
        match op.clone() {
            Op::Cancel { lesson } => match self.held.remove(&lesson) {
                Some(entry) => self.absent.push((lesson, entry.subject)),
                None => return false,
            },
            Op::Substitute { lesson, teacher, subject, room } => {
                let Some(entry) = self.held.get_mut(&lesson) else { return false };
                if let Some(subject) = subject {
                    entry.subject = subject;
                }
                if teacher.is_some() {
                    entry.teacher = teacher;
                }
                if room.is_some() {
                    entry.room = room;
                }
            }
            Op::Move { lesson, to, room } => {
                let fits = to.n > 0 && to.class == lesson.class && !self.held.contains_key(&to);
                if !fits || !self.held.contains_key(&lesson) {
                    return false;
                }
                let mut entry = self.held.remove(&lesson).unwrap();
                self.absent.push((lesson, entry.subject));
                if room.is_some() {
                    entry.room = room;
                }
                self.put(to, entry, None);
            }
            Op::Swap { a, b } => {
                if a == b || a.class != b.class {
                    return false;
                }
                let (Some(one), Some(two)) = (self.held.get(&a).cloned(), self.held.get(&b).cloned()) else {
                    return false;
                };
                let mixed = |place: &Entry, content: &Entry| Entry {
                    span: place.span,
                    times: place.times,
                    label: place.label.clone(),
                    ..content.clone()
                };
                self.held.insert(a, mixed(&one, &two));
                self.held.insert(b, mixed(&two, &one));
            }
            Op::Extra { lesson, times, subject, teacher, room } => {
                if lesson.n == 0 || self.held.contains_key(&lesson) {
                    return false;
                }
                let with = Vec::new();
                let (record, span, label) = (None, 1, String::new());
                let entry = Entry { subject, teacher, room, with, record, span, times: (0, 0), label };
                self.put(lesson, entry, times);
            }
            Op::Retime { lesson, start_s, end_s } => match self.held.get_mut(&lesson) {
                Some(entry) => entry.times = (start_s, end_s),
                None => return false,
            },
            Op::Record { lesson, on } => match self.held.get_mut(&lesson) {
                Some(entry) => entry.record = Some(on),
                None => return false,
            },
        }
        true
    }
}

/// Local to Unix ms the long way round: only ever asks which offset an instant has.
pub fn instant(book: &Book, date: Date, seconds: u32) -> i64 {
    let local = Timestamp::from_second(i64::from((date - jiff::civil::date(1970, 1, 1)).get_days()) * 86_400)
        .unwrap()
        .as_second()
        + i64::from(seconds);
    let offset_at =
        |second: i64| i64::from(book.zone.to_offset(Timestamp::from_second(second).unwrap()).seconds());
    let (before, after) = (offset_at(local - 130_000), offset_at(local + 130_000));
    let mut fitting: Vec<i64> = [before, after]
        .into_iter()
        .filter(|offset| offset_at(local - offset) == *offset)
        .map(|offset| local - offset)
        .collect();
    fitting.sort();
    // A skipped time counts on with the offset before the gap.
    fitting.first().copied().unwrap_or(local - before) * 1000
}

/// From, until; nothing leaves the date.
fn interval(book: &Book, date: Date, times: (u32, u32)) -> Option<(i64, i64)> {
    let midnight = instant(book, date, 0);
    let next = instant(book, date.tomorrow().unwrap(), 0);
    let start = instant(book, date, times.0).max(midnight);
    let end = instant(book, date, times.1).min(next);
    (start < end).then_some((start, end))
}

fn dates(from: Date, days: u16) -> impl Iterator<Item = Date> {
    (0..i64::from(days)).map(move |n| from + n.days())
}

/// Names of the lessons that the timetable alone gives.
pub fn timetabled(book: &Book, from: Date, days: u16) -> Vec<LessonId> {
    let walked = walk(&book.calendar);
    let mut big = Big { book, held: BTreeMap::new(), absent: Vec::new() };
    dates(from, days).for_each(|date| big.lay_out(&walked, date));
    big.held.into_keys().collect()
}

/// Everything of the range.
pub fn outcome(book: &Book, from: Date, days: u16) -> Outcome {
    let walked = walk(&book.calendar);
    let mut big = Big { book, held: BTreeMap::new(), absent: Vec::new() };
    dates(from, days).for_each(|date| big.lay_out(&walked, date));
    let idle = book.changes.iter().filter(|change| !big.change(&change.op)).map(|change| change.id).collect();
    let mut found = BTreeMap::new();
    let mut spans = Vec::new();
    for date in dates(from, days) {
        let day = day(&big, &walked, date);
        spans.extend(recorded(book, date, &day));
        found.insert(date, day);
    }
    spans.sort_by_key(|span| (span.channel_id, span.start_at_ms));
    Outcome { days: found, idle, spans }
}

fn day(big: &Big<'_>, walked: &BTreeMap<Date, Natural>, date: Date) -> RefDay {
    let book = big.book;
    let no_record = book.calendar.days.iter().any(|day| day.date == date && day.no_record);
    let column = running(&book.calendar, walked, date).map(|(_, column)| column);
    let mut lessons = Vec::new();
    let mut absent: Vec<_> = big.absent.iter().filter(|(id, _)| id.date == date).copied().collect();
    for (id, entry) in big.held.iter().filter(|(id, _)| id.date == date) {
        let Some((start_at_ms, end_at_ms)) = interval(book, date, entry.times) else {
            absent.push((*id, entry.subject));
            continue;
        };
        let class = book.roster.classes.iter().find(|class| class.id == id.class);
        let record = match class {
            Some(class) if !no_record => entry.record.unwrap_or(class.record),
            _ => false,
        };
        let room = entry.room.or(class.and_then(|class| class.room_id));
        let looks = |channel: &&ChannelInfo| record && room.is_some() && channel.room_id == room;
        let mut classes = entry.with.clone();
        classes.push(id.class);
        classes.sort();
        classes.dedup();
        lessons.push(Lesson {
            id: *id,
            classes,
            label: entry.label.clone(),
            subject: entry.subject,
            teacher: entry.teacher,
            room,
            start_s: entry.times.0,
            end_s: entry.times.1,
            start_at_ms,
            end_at_ms,
            record,
            channels: book.roster.channels.iter().filter(looks).map(|channel| channel.id).collect(),
            trace: Vec::new(),
        });
    }
    lessons.sort_by_key(|lesson| (lesson.start_at_ms, lesson.id));
    absent.sort_by_key(|(id, _)| *id);
    let version = column.and_then(|_| version_on(book, date)).map(|version| version.no);
    RefDay {
        week: walked.get(&date).map(|natural| natural.week),
        column,
        no_record,
        version,
        lessons,
        absent,
    }
}

/// Asks at every moment at which something begins or ends who has the channel from there on.
fn recorded(book: &Book, date: Date, day: &RefDay) -> Vec<Span> {
    let weekday = date.weekday().to_sunday_zero_offset() as u8;
    let mut ranges = Vec::new();
    for range in book.ranges.iter().filter(|range| range.weekday == weekday && !day.no_record) {
        ranges.extend(interval(book, date, (range.start_s, range.end_s)).map(|at| (range, at)));
    }
    ranges.sort_by_key(|(range, _)| range.id);
    let mut spans: Vec<Span> = Vec::new();
    for channel in book.roster.channels.iter().map(|channel| channel.id) {
        let lessons = day.lessons.iter().filter(|lesson| lesson.channels.contains(&channel));
        let ranges = ranges.iter().filter(|(range, _)| range.channel_id == channel);
        let mut moments: Vec<i64> =
            lessons.clone().flat_map(|lesson| [lesson.start_at_ms, lesson.end_at_ms]).collect();
        moments.extend(ranges.clone().flat_map(|(_, (start, end))| [*start, *end]));
        moments.sort();
        moments.dedup();
        for (n, moment) in moments.iter().enumerate() {
            let next = moments.get(n + 1).copied().unwrap_or(*moment);
            let mut winner: Option<(i64, Span)> = None;
            for (range, (start, end)) in ranges.clone() {
                let span = Span {
                    key: LessonKey::Range { range: range.id, date }.to_string(),
                    channel_id: channel,
                    start_at_ms: *moment,
                    end_at_ms: next,
                    subject_id: range.subject_id,
                    teacher_id: range.teacher_id,
                    range_id: range.id,
                };
                // Ranges come by id: of equals the first stays.
                if start <= moment && moment < end && winner.as_ref().is_none_or(|(best, _)| start > best) {
                    winner = Some((*start, span));
                }
            }
            let now = lessons.clone().filter(|l| l.start_at_ms <= *moment && *moment < l.end_at_ms);
            let latest = now.clone().map(|lesson| lesson.start_at_ms).max();
            let lesson =
                now.filter(|lesson| Some(lesson.start_at_ms) == latest).min_by_key(|lesson| lesson.id);
            let lesson = lesson.map(|lesson| Span {
                key: LessonKey::Lesson { id: lesson.id, channel }.to_string(),
                channel_id: channel,
                start_at_ms: *moment,
                end_at_ms: next,
                subject_id: lesson.subject,
                teacher_id: lesson.teacher.unwrap_or(TeacherId(0)),
                range_id: RangeId(0),
            });
            let Some(span) = lesson.or(winner.map(|(_, span)| span)) else { continue };
            match spans.last_mut() {
                Some(last)
                    if last.key == span.key
                        && last.channel_id == channel
                        && last.end_at_ms == span.start_at_ms =>
                {
                    last.end_at_ms = next
                }
                _ => spans.push(span),
            }
        }
    }
    spans
}
