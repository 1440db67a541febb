//! Dated changes over the lessons of the timetable, in order of their ids (docs/timetable.md §3.4).

use super::change::{Change, Op};
use super::key::LessonId;
use super::plan::{Content, Made, Plan};
use super::trace::{Changed, RecordBy, Step};

fn step(change: &Change, what: Changed) -> Step {
    Step::Changed { change: change.id, what, reason: change.reason.clone() }
}

impl Plan<'_> {
    /// Applies every change that names one of the dates in the making.
    pub(super) fn apply_changes(&mut self) {
        let book = self.book;
        let ours = |change: &&Change| change.op.lessons().iter().any(|id| self.days.contains_key(&id.date));
        let mut changes: Vec<&Change> = book.changes.iter().filter(ours).collect();
        changes.sort_by_key(|change| change.id);
        for change in changes {
            match self.hindrance(&change.op) {
                Some(missing) => self.note_idle(change, missing),
                None => self.apply(change),
            }
        }
    }

    /// The lesson that keeps a change from being done: one that is not held, or a new one that is there or cannot be.
    fn hindrance(&self, op: &Op) -> Option<LessonId> {
        let missing = |id: &LessonId| (!self.is_held(*id)).then_some(*id);
        let unfit = |id: &LessonId| (id.n == 0 || self.is_held(*id)).then_some(*id);
        match op {
            Op::Cancel { lesson }
            | Op::Substitute { lesson, .. }
            | Op::Retime { lesson, .. }
            | Op::Record { lesson, .. } => missing(lesson),
            Op::Extra { lesson, .. } => unfit(lesson),
            Op::Move { lesson, to, .. } => {
                missing(lesson).or_else(|| unfit(to)).or_else(|| (lesson.class != to.class).then_some(*to))
            }
            Op::Swap { a, b } => {
                missing(a).or_else(|| missing(b)).or_else(|| (a == b || a.class != b.class).then_some(*b))
            }
        }
    }

    /// In the trace of every lesson that it names and that is held, else in the steps of the date.
    fn note_idle(&mut self, change: &Change, missing: LessonId) {
        let note = step(change, Changed::Idle { missing });
        for id in change.op.lessons() {
            let Some(day) = self.days.get_mut(&id.date) else { continue };
            let steps = match day.held.get_mut(&id) {
                Some(made) => &mut made.trace,
                None => &mut day.head.steps,
            };
            if steps.last() != Some(&note) {
                steps.push(note.clone());
            }
        }
    }

    fn made(&mut self, id: LessonId) -> Option<&mut Made> {
        self.days.get_mut(&id.date)?.held.get_mut(&id)
    }

    /// Ends a lesson: it is absent from now on.
    fn end(&mut self, id: LessonId, why: Step) -> Option<Made> {
        let made = self.days.get_mut(&id.date)?.held.remove(&id)?;
        let mut trace = made.trace.clone();
        trace.push(why);
        self.leave_out(id, made.content.subject, trace);
        Some(made)
    }

    /// Does what nothing hinders.
    fn apply(&mut self, change: &Change) {
        match &change.op {
            Op::Cancel { lesson } => {
                self.end(*lesson, step(change, Changed::Cancelled));
            }
            Op::Substitute { lesson, teacher, subject, room } => {
                let Some(made) = self.made(*lesson) else { return };
                let old = &mut made.content;
                old.teacher = teacher.or(old.teacher);
                old.subject = subject.unwrap_or(old.subject);
                old.room = room.or(old.room);
                made.trace.push(step(change, Changed::Substituted));
            }
            Op::Move { lesson, to, room } => {
                let Some(made) = self.end(*lesson, step(change, Changed::MovedTo { to: *to })) else {
                    return;
                };
                let content = Content { room: room.or(made.content.room), ..made.content };
                let trace = vec![step(change, Changed::MovedFrom { from: *lesson })];
                self.hold(*to, made.span, content, None, trace);
            }
            Op::Swap { a, b } => self.swap(change, *a, *b),
            Op::Extra { lesson, times, subject, teacher, room } => {
                let content = Content {
                    subject: *subject,
                    teacher: *teacher,
                    room: *room,
                    with: Vec::new(),
                    record: None,
                };
                self.hold(*lesson, 1, content, *times, vec![step(change, Changed::Added)]);
            }
            Op::Retime { lesson, start_s, end_s } => {
                let Some(made) = self.made(*lesson) else { return };
                (made.start_s, made.end_s) = (*start_s, *end_s);
                made.trace.push(step(change, Changed::Retimed));
                made.trace.push(Step::Times { start_s: *start_s, end_s: *end_s });
            }
            Op::Record { lesson, on } => {
                if let Some(made) = self.made(*lesson) {
                    made.content.record = Some((*on, RecordBy::Change { change: change.id }));
                }
            }
        }
    }

    fn swap(&mut self, change: &Change, a: LessonId, b: LessonId) {
        let Some(first) = self.made(a).map(|made| made.content.clone()) else { return };
        let Some(other) = self.made(b) else { return };
        let second = std::mem::replace(&mut other.content, first);
        other.trace.push(step(change, Changed::SwappedWith { with: a }));
        if let Some(made) = self.made(a) {
            made.content = second;
            made.trace.push(step(change, Changed::SwappedWith { with: b }));
        }
    }
}
