//! What an import would change, pure: the timetable in force, the file's cells, and what comes of both.

use model::ClassId;
use model::calendar::{Cell, Slot, Timetable, Weeks};
use sheet::At;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was empty.
    New,
    /// It holds something else now.
    Changed,
    /// The file leaves it empty.
    Removed,
}

/// One slot that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it lies.
    pub slot: Slot,
    /// How.
    pub fate: Fate,
    /// What is published.
    pub before: Vec<Cell>,
    /// What the file has.
    pub after: Vec<Cell>,
    /// Where in the file; absent for what the file has not.
    pub at: Option<At>,
}

/// One class of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassPlan {
    /// Which; negative = it is made by this import.
    pub class: ClassId,
    /// Whether its timetable is replaced.
    pub replaced: bool,
    /// Slots that stay as they are.
    pub same: usize,
    /// Slots that change, by day and period.
    pub lines: Vec<Line>,
}

/// The whole import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Every class of the file: those there are, then those to be made.
    pub classes: Vec<ClassPlan>,
    /// The timetable that would be published.
    pub after: Timetable,
    /// Where each of its cells stands in the file.
    pub places: BTreeMap<Cell, At>,
}

impl Plan {
    /// New, changed, removed and same slots of the classes that are replaced.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for class in self.classes.iter().filter(|c| c.replaced) {
            counts[3] += class.same;
            for line in &class.lines {
                counts[line.fate as usize] += 1;
            }
        }
        counts
    }

    /// Whether publishing would change nothing.
    pub fn is_idle(&self) -> bool {
        self.counts()[..3] == [0, 0, 0]
    }
}

/// What a whole file says at all. A timetable without rooms says nothing against the rooms that are known.
#[derive(Debug, Clone, Copy, Default)]
struct Says {
    teachers: bool,
    rooms: bool,
    records: bool,
    joins: bool,
}

impl Says {
    fn of(cells: &[(Cell, At)]) -> Self {
        cells.iter().fold(Says::default(), |says, (cell, _)| Says {
            teachers: says.teachers || cell.teacher.is_some(),
            rooms: says.rooms || cell.room.is_some(),
            records: says.records || cell.record.is_some(),
            joins: says.joins || !cell.with.is_empty(),
        })
    }
}

/// Every class named in the file is replaced, but those in `keep`; all others stay untouched. `own_room` of a class is
/// what an absent room means, so naming it is no change.
pub fn plan(
    base: &Timetable,
    cells: &[(Cell, At)],
    keep: &BTreeSet<i64>,
    own_room: &dyn Fn(ClassId) -> Option<model::RoomId>,
) -> Plan {
    let before = by_slot(base.cells.iter());
    let says = Says::of(cells);
    let mut places = BTreeMap::new();
    let mut mine: BTreeMap<Slot, Vec<Cell>> = BTreeMap::new();
    for (cell, at) in cells {
        let known = before.get(&cell.slot()).map_or(&[][..], Vec::as_slice);
        let cell = completed(cell, known, says, own_room(cell.class));
        places.entry(cell.clone()).or_insert_with(|| at.clone());
        mine.entry(cell.slot()).or_default().push(cell);
    }
    for cells in mine.values_mut() {
        cells.sort();
        cells.dedup();
    }
    let classes: BTreeSet<ClassId> = mine.keys().map(|slot| slot.class).collect();
    let replaced = |class: &ClassId| classes.contains(class) && !keep.contains(&class.0);
    let mut after: Vec<Cell> = base.cells.iter().filter(|c| !replaced(&c.class)).cloned().collect();
    after.extend(mine.iter().filter(|(slot, _)| replaced(&slot.class)).flat_map(|(_, cells)| cells.clone()));
    // Those that are made stand in the order of the file behind those that are there.
    let mut ordered: Vec<ClassId> = classes.iter().copied().collect();
    ordered.sort_by_key(|class| (class.0 < 0, class.0.abs()));
    let classes = ordered.iter().map(|class| class_plan(*class, replaced(class), &before, &mine, &places));
    Plan { classes: classes.collect(), after: Timetable { cells: after }.sorted(), places }
}

fn by_slot<'a>(cells: impl Iterator<Item = &'a Cell>) -> BTreeMap<Slot, Vec<Cell>> {
    let mut slots: BTreeMap<Slot, Vec<Cell>> = BTreeMap::new();
    for cell in cells {
        slots.entry(cell.slot()).or_default().push(cell.clone());
    }
    for cells in slots.values_mut() {
        cells.sort();
        cells.dedup();
    }
    slots
}

fn class_plan(
    class: ClassId,
    replaced: bool,
    before: &BTreeMap<Slot, Vec<Cell>>,
    mine: &BTreeMap<Slot, Vec<Cell>>,
    places: &BTreeMap<Cell, At>,
) -> ClassPlan {
    let of_class = |slot: &&Slot| slot.class == class;
    let slots: BTreeSet<Slot> =
        before.keys().filter(of_class).chain(mine.keys().filter(of_class)).copied().collect();
    let mut plan = ClassPlan { class, replaced, same: 0, lines: Vec::new() };
    for slot in slots {
        let old = before.get(&slot).cloned().unwrap_or_default();
        let new = mine.get(&slot).cloned().unwrap_or_default();
        if old == new {
            plan.same += 1;
            continue;
        }
        let fate = match (old.is_empty(), new.is_empty()) {
            (true, _) => Fate::New,
            (_, true) => Fate::Removed,
            _ => Fate::Changed,
        };
        let at = new.iter().find_map(|cell| places.get(cell)).cloned();
        plan.lines.push(Line { slot, fate, before: old, after: new, at });
    }
    plan
}

/// The file's cell with what the file cannot say: taken from the cell it stands for.
fn completed(cell: &Cell, known: &[Cell], says: Says, own_room: Option<model::RoomId>) -> Cell {
    let mut cell = cell.clone();
    let meant =
        |weeks: &Weeks| known.iter().find(|k| k.subject == cell.subject && k.weeks == *weeks).cloned();
    let Some(old) = meant(&cell.weeks) else { return cell };
    if !says.teachers {
        cell.teacher = old.teacher;
    }
    if !says.rooms || cell.room.or(own_room) == old.room.or(own_room) {
        cell.room = old.room;
    }
    if !says.records {
        cell.record = old.record;
    }
    if !says.joins && cell.teacher == old.teacher {
        cell.with = old.with;
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{RoomId, SubjectId, TeacherId};

    fn cell(class: i64, period: u8, subject: i64) -> Cell {
        Cell {
            class: ClassId(class),
            day: 1,
            period,
            span: 1,
            weeks: Weeks::All,
            subject: SubjectId(subject),
            teacher: Some(TeacherId(subject)),
            room: None,
            with: Vec::new(),
            record: None,
        }
    }

    fn placed(cells: &[Cell]) -> Vec<(Cell, At)> {
        (1..).zip(cells).map(|(n, c)| (c.clone(), At::new("表", n, 2))).collect()
    }

    fn run(base: &[Cell], file: &[Cell], keep: &[i64]) -> Plan {
        let base = Timetable { cells: base.to_vec() };
        plan(&base, &placed(file), &keep.iter().copied().collect(), &|_| Some(RoomId(7)))
    }

    #[test]
    fn classes_that_the_file_does_not_name_stay_untouched() {
        let plan = run(&[cell(1, 1, 1), cell(1, 2, 2), cell(2, 1, 3)], &[cell(1, 1, 1), cell(1, 3, 4)], &[]);
        assert_eq!(plan.after.cells, [cell(1, 1, 1), cell(1, 3, 4), cell(2, 1, 3)]);
        assert_eq!(plan.counts(), [1, 0, 1, 1]);
        let fates: Vec<Fate> = plan.classes[0].lines.iter().map(|l| l.fate).collect();
        assert_eq!(fates, [Fate::Removed, Fate::New]);
        assert_eq!(plan.classes[0].lines[1].at.as_ref().unwrap().to_string(), "表!B2");
        assert_eq!(plan.classes[0].lines[0].at, None);
    }

    #[test]
    fn a_class_that_is_kept_changes_nothing_but_is_shown() {
        let plan = run(&[cell(1, 1, 1)], &[cell(1, 1, 2)], &[1]);
        assert_eq!(plan.after.cells, [cell(1, 1, 1)]);
        assert!(plan.is_idle() && plan.classes[0].lines.len() == 1);
    }

    #[test]
    fn what_the_file_cannot_say_stays() {
        let old =
            Cell { room: Some(RoomId(9)), record: Some(false), with: vec![ClassId(5)], ..cell(1, 1, 1) };
        let bare = Cell { teacher: None, ..cell(1, 1, 1) };
        assert!(run(std::slice::from_ref(&old), &[bare], &[]).is_idle());
        let moved = Cell { room: Some(RoomId(8)), ..cell(1, 1, 1) };
        let plan = run(&[old], &[moved], &[]);
        assert_eq!(plan.counts(), [0, 1, 0, 0]);
        assert_eq!((plan.after.cells[0].room, plan.after.cells[0].record), (Some(RoomId(8)), Some(false)));
    }

    #[test]
    fn naming_the_class_s_own_room_is_no_change() {
        let named = Cell { room: Some(RoomId(7)), ..cell(1, 1, 1) };
        assert!(run(&[cell(1, 1, 1)], std::slice::from_ref(&named), &[]).is_idle());
        assert!(
            run(&[named], &[cell(1, 1, 1), Cell { room: Some(RoomId(8)), ..cell(1, 2, 1) }], &[]).counts()[1]
                == 0
        );
    }

    #[test]
    fn odd_and_even_weeks_share_a_slot_as_one_line() {
        let odd = Cell { weeks: Weeks::Odd, ..cell(1, 1, 1) };
        let even = Cell { weeks: Weeks::Even, ..cell(1, 1, 2) };
        let plan = run(&[cell(1, 1, 1)], &[odd, even], &[]);
        assert_eq!(plan.counts(), [0, 1, 0, 0]);
        assert_eq!(plan.classes[0].lines[0].after.len(), 2);
    }
}
