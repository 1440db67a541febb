//! Who is in two places at once: classes, teachers, rooms, channels. Half open: neighbours are no conflict.

use super::book::{ClassInfo, Roster};
use super::grid::{Cell, Timetable};
use super::key::LessonId;
use super::lesson::Lesson;
use super::term::Calendar;
use super::trace::Step;
use crate::{ClassId, RangeId, RoomId, SubjectId, TeacherId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most conflicts that are told at once.
pub const CONFLICTS_MAX: usize = 1_000;

/// Pairs that are looked at, 合班 and odd beside even weeks too. The largest school has some 100,000; 40,000 cells in one room
/// and period would have 800 million. Beyond it what overlaps counts as a conflict, so that nothing unjudged is published.
const PAIRS_MAX: usize = 5_000_000;

/// What is wanted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A class is taught two things: refused.
    Class,
    /// A room holds two lessons that are not one 合班: refused.
    Room,
    /// A teacher teaches two lessons that are not one 合班: published only when the admin says so.
    Teacher,
}

/// Two cells of a timetable that cannot both be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellConflict {
    /// What both want.
    pub wanted: Wanted,
    /// The one.
    pub a: Cell,
    /// The other, never less than `a`.
    pub b: Cell,
}

/// Two lessons of a date that cannot both be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LessonConflict {
    /// What both want.
    pub wanted: Wanted,
    /// Earlier or lesser one.
    pub a: LessonId,
    /// The other.
    pub b: LessonId,
}

/// A weekly range under a lesson: the lesson is recorded, the range gives way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RangeConflict {
    /// The range.
    pub range: RangeId,
    /// The lesson.
    pub lesson: LessonId,
}

/// One of those who may be in two places.
struct Booking {
    index: usize,
    start: i64,
    end: i64,
    /// Bit n = teaching week n; all of them for a dated lesson.
    weeks: u64,
}

/// What tells 合班 from a conflict.
struct Party<'a> {
    class: ClassId,
    with: &'a [ClassId],
    subject: SubjectId,
    teacher: Option<TeacherId>,
    room: Option<RoomId>,
}

impl Party<'_> {
    /// 合班: two classes, one subject, one teacher, in one room or one naming the other.
    fn together(&self, other: &Party<'_>) -> bool {
        let one_room = self.room.is_some() && self.room == other.room;
        self.class != other.class
            && (self.subject, self.teacher) == (other.subject, other.teacher)
            && (one_room || self.with.contains(&other.class) || other.with.contains(&self.class))
    }
}

/// Bookings by what they want and the day; what is wanted twice is found within one entry.
type Bookings = BTreeMap<(Wanted, i64, u8), Vec<Booking>>;

fn book(bookings: &mut Bookings, day: u8, party: &Party<'_>, booking: impl Fn() -> Booking) {
    let classes: BTreeSet<ClassId> = party.with.iter().copied().chain([party.class]).collect();
    let classes = classes.into_iter().map(|class| (Wanted::Class, class.0));
    let room = party.room.map(|room| (Wanted::Room, room.0));
    let teacher = party.teacher.map(|teacher| (Wanted::Teacher, teacher.0));
    for (wanted, id) in classes.chain(room).chain(teacher) {
        bookings.entry((wanted, id, day)).or_default().push(booking());
    }
}

/// Pairs of indexes that overlap and are not 合班; the first is the one that starts earlier, of equals the lesser index.
fn pairs(bookings: Bookings, parties: &[Party<'_>]) -> BTreeSet<(Wanted, usize, usize)> {
    let mut found = BTreeSet::new();
    let mut left = PAIRS_MAX;
    for ((wanted, ..), mut bookings) in bookings {
        bookings.sort_by_key(|booking| (booking.start, booking.index));
        for (at, a) in bookings.iter().enumerate() {
            let later = bookings.iter().skip(at + 1).take_while(|b| b.start < a.end);
            for b in later {
                left = left.saturating_sub(1);
                if a.weeks & b.weeks == 0 || a.start >= b.end {
                    continue;
                }
                let together = match (parties.get(a.index), parties.get(b.index)) {
                    (Some(a), Some(b)) => a.together(b),
                    _ => true,
                };
                if !together || left == 0 {
                    found.insert((wanted, a.index, b.index));
                }
                if found.len() >= CONFLICTS_MAX {
                    return found;
                }
            }
        }
    }
    found
}

/// Cells that run at one time by the usual bells of their grades ([`Calendar::usual_bells`]) and want the same, ascending, at most
/// [`CONFLICTS_MAX`]. A cell whose period has no time conflicts with nothing; [`Timetable::check`] names it.
pub fn cell_conflicts(timetable: &Timetable, calendar: &Calendar, roster: &Roster) -> Vec<CellConflict> {
    let classes: BTreeMap<ClassId, &ClassInfo> =
        roster.classes.iter().map(|class| (class.id, class)).collect();
    let cycles = calendar.terms.iter().any(|term| term.rotation.is_some());
    let mut tables = BTreeMap::new();
    let mut bookings = Bookings::new();
    let mut parties = Vec::with_capacity(timetable.cells.len());
    for (index, cell) in timetable.cells.iter().enumerate() {
        let class = classes.get(&cell.class);
        let grade = class.map(|class| class.grade_id);
        let party = Party {
            class: cell.class,
            with: &cell.with,
            subject: cell.subject,
            teacher: cell.teacher,
            room: cell.room.or_else(|| class?.room_id),
        };
        let weekday = (!cycles).then_some(cell.day);
        let table = tables.entry((grade, weekday)).or_insert_with(|| calendar.usual_bells(weekday, grade));
        if let Some(ring) = table.and_then(|table| table.ring(cell.period, cell.span)) {
            let weeks = cell.weeks.bits();
            let (start, end) = (ring.start_s.into(), ring.end_s.into());
            book(&mut bookings, cell.day, &party, || Booking { index, start, end, weeks });
        }
        parties.push(party);
    }
    let cell = |index: usize| timetable.cells.get(index).cloned();
    let conflict = |(wanted, a, b)| {
        let (a, b) = (cell(a)?, cell(b)?);
        Some(CellConflict { wanted, a: a.clone().min(b.clone()), b: a.max(b) })
    };
    let mut conflicts: Vec<CellConflict> =
        pairs(bookings, &parties).into_iter().filter_map(conflict).collect();
    conflicts.sort_by(|one, other| (one.wanted, &one.a, &one.b).cmp(&(other.wanted, &other.a, &other.b)));
    conflicts
}

/// Lessons, of one date or several, that are held at one time and want the same, ascending, at most [`CONFLICTS_MAX`]. Whether
/// they are recorded does not matter.
pub fn lesson_conflicts(lessons: &[Lesson]) -> Vec<LessonConflict> {
    let mut bookings = Bookings::new();
    let mut parties = Vec::with_capacity(lessons.len());
    for (index, lesson) in lessons.iter().enumerate() {
        let party = Party {
            class: lesson.id.class,
            with: &lesson.classes,
            subject: lesson.subject,
            teacher: lesson.teacher,
            room: lesson.room,
        };
        let (start, end) = (lesson.start_at_ms, lesson.end_at_ms);
        book(&mut bookings, 0, &party, || Booking { index, start, end, weeks: u64::MAX });
        parties.push(party);
    }
    let id = |index: usize| lessons.get(index).map(|lesson| lesson.id);
    let conflict = |(wanted, a, b)| Some(LessonConflict { wanted, a: id(a)?, b: id(b)? });
    let mut conflicts: Vec<LessonConflict> =
        pairs(bookings, &parties).into_iter().filter_map(conflict).collect();
    conflicts.sort_by_key(|conflict| (conflict.wanted, conflict.a, conflict.b));
    conflicts
}

/// Weekly ranges that give way to one of these lessons, in the order of the lessons.
pub fn range_conflicts(lessons: &[Lesson]) -> Vec<RangeConflict> {
    let cut = |step: &Step| match step {
        Step::RangeCut { range, by } => Some(RangeConflict { range: *range, lesson: *by }),
        _ => None,
    };
    lessons.iter().flat_map(|lesson| lesson.trace.iter().filter_map(cut)).collect()
}
