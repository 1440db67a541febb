//! Whether a change may be made: before it is stored, against the book as it is.

use super::book::Book;
use super::change::{Change, Op};
use super::check::check_times;
use super::check_cells::Known;
use super::key::LessonId;
use super::plan::Plan;
use crate::ChangeId;
use crate::fault::{Fault, Reason, check_range, check_text};
use jiff::civil::Date;

/// How far ahead a change may be made: no term is longer.
pub const AHEAD_DAYS_MAX: u32 = 400;
/// Characters of a reason.
pub const REASON_MAX: u32 = 120;

/// The reason of a change, trimmed.
pub fn check_reason(text: &str) -> Result<String, Fault> {
    check_text("reason", text, REASON_MAX)
}

impl Op {
    /// Whether it may be made today (a date of the school's zone): nothing of the past, no day beyond [`AHEAD_DAYS_MAX`], lessons
    /// that are held, ids that are known, times within one day. The fields are those of the document.
    pub fn check(&self, book: &Book, known: &Known, today: Date) -> Result<(), Fault> {
        for (field, id) in self.fields() {
            if id.date < today {
                return Err(Fault::new(field, Reason::Past));
            }
            if (id.date - today).get_days().unsigned_abs() > AHEAD_DAYS_MAX {
                return Err(Fault::new(field, Reason::TooManyDays { max: AHEAD_DAYS_MAX }));
            }
        }
        let plan = Plan::new(book, self.lessons().into_iter().map(|id| id.date));
        for (field, id) in self.needs() {
            if !plan.is_held(id) {
                return Err(Fault::new(field, Reason::NotHeld));
            }
        }
        match self {
            Op::Cancel { .. } | Op::Record { .. } => Ok(()),
            Op::Substitute { teacher: None, subject: None, room: None, .. } => {
                Err(Fault::new("teacher", Reason::Required))
            }
            Op::Substitute { teacher, subject, room, .. } => known.check(*subject, *teacher, *room),
            Op::Move { lesson, to, .. } if lesson.class != to.class => {
                Err(Fault::new("to", Reason::OtherClass))
            }
            Op::Move { to, room, .. } => {
                known.check(None, None, *room)?;
                check_new(plan, "to", *to, None)
            }
            Op::Swap { a, b } if a == b => Err(Fault::new("b", Reason::Itself)),
            Op::Swap { a, b } if a.class != b.class => Err(Fault::new("b", Reason::OtherClass)),
            Op::Swap { .. } => Ok(()),
            Op::Extra { lesson, times, subject, teacher, room } => {
                if !known.classes.contains(&lesson.class) {
                    return Err(Fault::new("lesson", Reason::Unknown));
                }
                known.check(Some(*subject), *teacher, *room)?;
                check_new(plan, "lesson", *lesson, *times)
            }
            Op::Retime { start_s, end_s, .. } => check_times(*start_s, *end_s),
        }
    }

    fn fields(&self) -> Vec<(&'static str, LessonId)> {
        match self {
            Op::Move { lesson, to, .. } => vec![("lesson", *lesson), ("to", *to)],
            Op::Swap { a, b } => vec![("a", *a), ("b", *b)],
            other => other.lessons().into_iter().map(|id| ("lesson", id)).collect(),
        }
    }

    /// Those that must be held.
    fn needs(&self) -> Vec<(&'static str, LessonId)> {
        match self {
            Op::Extra { .. } => Vec::new(),
            Op::Move { lesson, .. } => vec![("lesson", *lesson)],
            other => other.fields(),
        }
    }
}

/// A lesson that is to be made: a free name, and times of its own or of a period.
fn check_new(
    mut plan: Plan<'_>,
    field: &'static str,
    id: LessonId,
    times: Option<(u32, u32)>,
) -> Result<(), Fault> {
    check_range(field, id.n.into(), 1, u8::MAX.into())?;
    if plan.is_held(id) {
        return Err(Fault::new(field, Reason::Doubled));
    }
    match times {
        Some((start_s, end_s)) => check_times(start_s, end_s),
        None if plan.rings(id) => Ok(()),
        None => Err(Fault::new(field, Reason::NoSuchPeriod)),
    }
}

impl Book {
    /// The book as it would be with one more change: what a page shows, and looks for conflicts in, before it is made.
    pub fn supposing(&self, op: Op, reason: &str) -> Self {
        let mut book = self.clone();
        let last = book.changes.iter().map(|change| change.id.0).max().unwrap_or(0);
        let id = ChangeId(last.saturating_add(1));
        book.changes.push(Change { id, op, reason: reason.to_owned() });
        book
    }
}
