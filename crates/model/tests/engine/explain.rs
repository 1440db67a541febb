//! Reads traces only: replays the rules a trace names and says what the lesson must then be.

use jiff::civil::Date;
use model::calendar::trace::{BellsBy, Changed, RecordBy};
use model::calendar::*;
use model::*;
use std::collections::BTreeMap;

/// What a lesson carries, as far as a trace has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    subject: SubjectId,
    teacher: Option<TeacherId>,
    room: Option<RoomId>,
    with: Vec<ClassId>,
    by_cell: Option<bool>,
}

/// What a trace says of its lesson.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub held: bool,
    pub subject: SubjectId,
    pub teacher: Option<TeacherId>,
    pub room: Option<RoomId>,
    pub classes: Vec<ClassId>,
    pub times: Option<(u32, u32)>,
    pub record: bool,
    pub channels: Vec<ChannelId>,
    pub joined: Vec<(ChannelId, LessonId)>,
}

/// The traces of all dates, and what their numbers refer to.
pub struct Reader<'a> {
    book: &'a Book,
    days: BTreeMap<Date, &'a Day>,
}

impl<'a> Reader<'a> {
    pub fn new(book: &'a Book, days: &'a [Day]) -> Self {
        Self { book, days: days.iter().map(|day| (day.date, day)).collect() }
    }

    /// Column and week that count, and the version, by the steps of the date alone.
    pub fn running(&self, date: Date) -> (Option<(u8, u16)>, Option<i64>) {
        let (mut own, mut column, mut version) = (None, None, None);
        for step in &self.days[&date].steps {
            match step {
                Step::Term { week, .. } => own = Some(*week),
                Step::Weekday { column: day } => column = own.map(|week| (*day, week)),
                Step::MakesUp { column: day, week, .. } => column = Some((*day, *week)),
                Step::RotationDay { day, work_days } if day <= work_days => {
                    column = own.map(|week| (*day, week));
                }
                Step::Version { no, .. } => version = Some(*no),
                Step::CalendarDay { kind, .. } => {
                    let entry = self.book.calendar.days.iter().find(|day| day.date == date).unwrap();
                    assert_eq!(&entry.kind, kind);
                }
                _ => {}
            }
        }
        (column, version)
    }

    fn op(&self, change: ChangeId) -> &'a Op {
        &self.book.changes.iter().find(|other| other.id == change).unwrap().op
    }

    /// The cell a trace without a change at its head speaks of.
    fn cell(&self, id: LessonId, trace: &[Step], subject: SubjectId) -> &'a Cell {
        let (column, version) = self.running(id.date);
        let (day, week) = column.expect("a lesson of the timetable needs a column");
        let version = self.book.versions.iter().find(|other| Some(other.no) == version).unwrap();
        let weeks = match trace.first() {
            Some(Step::Weeks { weeks, week: told, runs }) => {
                assert_eq!((weeks.has(week), week), (*runs, *told), "{id}");
                weeks.clone()
            }
            _ => Weeks::All,
        };
        let slot = Slot { class: id.class, day, period: id.period };
        let mut cells = version.timetable.cells.iter().filter(|cell| cell.slot() == slot);
        match trace.last() {
            // Which of several cells it is such a trace need not say.
            Some(Step::Weeks { .. }) => cells.find(|cell| cell.weeks == weeks && cell.subject == subject),
            Some(Step::Doubled) => {
                assert!(cells.clone().filter(|cell| cell.weeks.has(week)).count() > 1);
                cells.find(|cell| cell.weeks == weeks && cell.subject == subject)
            }
            _ => cells.find(|cell| cell.weeks == weeks),
        }
        .expect("a cell with these weeks")
    }

    /// What `id` carried just before `change` took it away.
    fn before(&self, id: LessonId, change: ChangeId) -> Content {
        let day = self.days[&id.date];
        let held = day.lessons.iter().filter(|lesson| lesson.id == id).map(|lesson| &lesson.trace);
        let absent = day.absent.iter().filter(|absent| absent.id == id).map(|absent| &absent.trace);
        let names = |trace: &&Vec<Step>| {
            trace.iter().any(|step| matches!(step, Step::Changed { change: c, what, .. } if *c == change && !matches!(what, Changed::Idle { .. })))
        };
        let trace = held.chain(absent).find(names).expect("the other lesson's trace names the change");
        self.content(id, trace, SubjectId(0), Some(change))
    }

    /// Replays what a lesson carries, up to a change.
    fn content(&self, id: LessonId, trace: &[Step], subject: SubjectId, until: Option<ChangeId>) -> Content {
        let mut content: Option<Content> = None;
        if !matches!(
            trace.first(),
            Some(Step::Changed { what: Changed::Added | Changed::MovedFrom { .. }, .. })
        ) {
            let cell = self.cell(id, trace, subject);
            content = Some(Content {
                subject: cell.subject,
                teacher: cell.teacher,
                room: cell.room,
                with: cell.with.clone(),
                by_cell: cell.record,
            });
        }
        let mut last = None;
        for step in trace {
            let Step::Changed { change, what, reason } = step else { continue };
            assert_eq!(reason, &format!("reason {change}"));
            assert!(last < Some(*change), "changes of {id} are in order");
            last = Some(*change);
            if until.is_some_and(|until| *change >= until) {
                break;
            }
            match (what, self.op(*change)) {
                (Changed::Added, Op::Extra { subject, teacher, room, .. }) => {
                    let (subject, teacher, room) = (*subject, *teacher, *room);
                    content = Some(Content { subject, teacher, room, with: Vec::new(), by_cell: None });
                }
                (Changed::MovedFrom { from }, Op::Move { lesson, to, room }) => {
                    assert_eq!((from, &id), (lesson, to));
                    let before = self.before(*from, *change);
                    content = Some(Content { room: room.or(before.room), ..before });
                }
                (Changed::Substituted, Op::Substitute { teacher, subject, room, .. }) => {
                    let old = content.as_mut().unwrap();
                    old.subject = subject.unwrap_or(old.subject);
                    old.teacher = teacher.or(old.teacher);
                    old.room = room.or(old.room);
                }
                (Changed::SwappedWith { with }, Op::Swap { .. }) => {
                    content = Some(self.before(*with, *change));
                }
                (Changed::Retimed, Op::Retime { .. })
                | (Changed::Cancelled, Op::Cancel { .. })
                | (Changed::MovedTo { .. }, Op::Move { .. })
                | (Changed::Idle { .. }, _) => {}
                other => panic!("{other:?} in the trace of {id}"),
            }
        }
        content.unwrap()
    }

    /// What a trace says. `subject` tells apart the cells of a slot that do not run.
    pub fn told(&self, id: LessonId, trace: &[Step], subject: SubjectId) -> Told {
        let content = self.content(id, trace, subject, None);
        let class = self.book.roster.classes.iter().find(|class| class.id == id.class);
        let mut classes = content.with.clone();
        classes.push(id.class);
        classes.sort();
        classes.dedup();
        let mut told = Told {
            held: false,
            subject: content.subject,
            teacher: content.teacher,
            room: content.room.or(class.and_then(|class| class.room_id)),
            classes,
            times: None,
            record: false,
            channels: Vec::new(),
            joined: Vec::new(),
        };
        for step in trace {
            match step {
                Step::Bells { table, by } => self.bells(id, table, by),
                Step::Times { start_s, end_s } => told.times = Some((*start_s, *end_s)),
                Step::Record { on, by } => {
                    told.held = true;
                    told.record = *on;
                    self.decided(id, &content, *on, by);
                }
                Step::NoRoom => assert_eq!(told.room, None),
                Step::NoChannel { room } => assert_eq!(told.room, Some(*room)),
                Step::Channels { room, channels } => {
                    assert_eq!(told.room, Some(*room));
                    told.channels.clone_from(channels);
                }
                Step::Joined { channel, into } => told.joined.push((*channel, *into)),
                _ => {}
            }
        }
        told
    }

    fn bells(&self, id: LessonId, table: &str, by: &BellsBy) {
        let calendar = &self.book.calendar;
        let number = match by {
            BellsBy::Day => calendar.days.iter().find(|day| day.date == id.date).unwrap().bells.unwrap(),
            BellsBy::Rule { index } => calendar.bell_rules[*index].table,
            BellsBy::Default => calendar.bell_tables[0].id,
        };
        let named = calendar.bell_tables.iter().find(|other| other.id == number).unwrap();
        assert_eq!(named.name, table);
    }

    fn decided(&self, id: LessonId, content: &Content, on: bool, by: &RecordBy) {
        match by {
            RecordBy::Day => assert!(!on && self.days[&id.date].no_record),
            RecordBy::Cell => assert_eq!(content.by_cell, Some(on)),
            RecordBy::Change { change } => {
                assert!(matches!(self.op(*change), Op::Record { on: says, .. } if *says == on));
            }
            RecordBy::Class { class } => {
                let info = self.book.roster.classes.iter().find(|info| info.id == *class);
                assert_eq!(on, info.is_some_and(|info| info.record));
            }
        }
    }
}
