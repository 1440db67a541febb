//! From the book of a school to the events of one feed. Pure.

use crate::pages::admin::trace_words::{Names, or_number};
use db::{CalendarRow, ChangeRow, Directory, FeedKind, FeedRow, VersionRow};
use jiff::civil::Date;
use model::calendar::{Book, Lesson, LessonId};
use sheet::ics::Event;
use std::collections::BTreeMap;

/// Everything a feed is made from.
pub struct Plan {
    /// First date.
    pub from: Date,
    /// So many dates.
    pub days: u16,
    /// What is held.
    pub book: Book,
    /// Names.
    pub directory: Directory,
    /// Changes of these dates, revoked ones too.
    pub changes: Vec<ChangeRow>,
    /// The calendar, for its revision.
    pub calendar: CalendarRow,
    /// The newest version of the timetable.
    pub version: Option<VersionRow>,
    /// Behind the `@` of UIDs.
    pub site: String,
    /// Which feed.
    pub row: FeedRow,
}

impl Plan {
    /// The lessons of the feed by start, those that a change took away as cancelled.
    pub fn events(&self) -> Vec<Event> {
        let held = self.lessons(&self.book);
        let plain = Book { changes: Vec::new(), ..self.book.clone() };
        let gone = self.lessons(&plain).into_iter().filter(|(id, _)| !held.contains_key(id));
        let mut events: Vec<Event> = gone.map(|(_, lesson)| self.event(&lesson, true)).collect();
        events.extend(held.values().map(|lesson| self.event(lesson, false)));
        events.sort_by(|a, b| (a.start_at_ms, &a.uid).cmp(&(b.start_at_ms, &b.uid)));
        events
    }

    fn lessons(&self, book: &Book) -> BTreeMap<LessonId, Lesson> {
        let days = book.expand_days(self.from, self.days);
        let lessons = days.into_iter().flat_map(|day| day.lessons);
        lessons.filter(|lesson| self.wants(lesson)).map(|lesson| (lesson.id, lesson)).collect()
    }

    fn wants(&self, lesson: &Lesson) -> bool {
        let target = self.row.target;
        match self.row.kind {
            FeedKind::Class => lesson.classes.iter().any(|id| id.0 == target),
            FeedKind::Teacher => lesson.teacher.is_some_and(|id| id.0 == target),
            FeedKind::Room => lesson.room.is_some_and(|id| id.0 == target),
        }
    }

    /// Whose feed it is stands in its name; other people's names stand nowhere.
    fn event(&self, lesson: &Lesson, cancelled: bool) -> Event {
        let names = &self.directory;
        let subject = or_number(names.subject(lesson.subject), lesson.subject.0);
        let classes: Vec<String> =
            lesson.classes.iter().map(|id| or_number(names.class(*id), id.0)).collect();
        let summary = match self.row.kind {
            FeedKind::Class => subject,
            FeedKind::Teacher | FeedKind::Room => format!("{subject} {}", classes.join("、")),
        };
        let (sequence, changed_at_ms) = self.revision(lesson.id);
        Event {
            uid: format!("{}@{}", lesson.id, self.site),
            sequence,
            changed_at_ms,
            start_at_ms: lesson.start_at_ms,
            end_at_ms: lesson.end_at_ms,
            summary,
            location: lesson.room.map(|id| or_number(names.room(id), id.0)).unwrap_or_default(),
            description: lesson.label.clone(),
            cancelled,
        }
    }

    /// Counts up with everything that can alter the lesson: revisions of the calendar, versions, its own changes and their
    /// revocations. Never falls, since none of these is ever removed.
    fn revision(&self, id: LessonId) -> (u32, i64) {
        let version = self.version.as_ref();
        let mut count = self.calendar.revision + version.map_or(0, |v| v.no);
        let mut at_ms = self.calendar.saved_at_ms.max(version.map_or(0, |v| v.published_at_ms));
        for row in self.changes.iter().filter(|row| row.change.op.lessons().contains(&id)) {
            count += 1 + i64::from(row.revoked_at_ms.is_some());
            at_ms = at_ms.max(row.made_at_ms).max(row.revoked_at_ms.unwrap_or(0));
        }
        (u32::try_from(count).unwrap_or(u32::MAX), at_ms)
    }
}
