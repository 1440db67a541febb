//! Two people, one timetable: what a draft changes, and how it goes together with what others published meanwhile.

use super::grid::{Cell, Slot, Timetable};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What became of one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotChange {
    /// Where.
    pub slot: Slot,
    /// Before, ascending; empty = added.
    pub before: Vec<Cell>,
    /// After, ascending; empty = cancelled.
    pub after: Vec<Cell>,
}

/// A slot that both changed, differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// Where.
    pub slot: Slot,
    /// What both started from.
    pub base: Vec<Cell>,
    /// What is published now.
    pub theirs: Vec<Cell>,
    /// What the draft has.
    pub mine: Vec<Cell>,
}

/// A merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// All changes of both; where they clash, the one that is published.
    pub timetable: Timetable,
    /// Where they clash; ascending by slot.
    pub clashes: Vec<Clash>,
}

/// Whose cells a slot gets where both changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The draft's.
    Mine,
    /// Those that are published.
    Theirs,
}

/// Cells by slot, each slot ascending without exact doubles.
fn slots(timetable: &Timetable) -> BTreeMap<Slot, Vec<Cell>> {
    let mut slots: BTreeMap<Slot, BTreeSet<&Cell>> = BTreeMap::new();
    for cell in &timetable.cells {
        slots.entry(cell.slot()).or_default().insert(cell);
    }
    slots.into_iter().map(|(slot, cells)| (slot, cells.into_iter().cloned().collect())).collect()
}

fn timetable(slots: BTreeMap<Slot, Vec<Cell>>) -> Timetable {
    Timetable { cells: slots.into_values().flatten().collect() }.sorted()
}

/// The slots that differ, ascending.
pub fn diff(before: &Timetable, after: &Timetable) -> Vec<SlotChange> {
    let (mut before, mut after) = (slots(before), slots(after));
    let all: BTreeSet<Slot> = before.keys().chain(after.keys()).copied().collect();
    let change = |slot| {
        let change = SlotChange {
            slot,
            before: before.remove(&slot).unwrap_or_default(),
            after: after.remove(&slot).unwrap_or_default(),
        };
        (change.before != change.after).then_some(change)
    };
    all.into_iter().filter_map(change).collect()
}

/// Puts `theirs` and `mine`, both made from `base`, together slot by slot: what one side changed is taken, and what both changed
/// alike; where they changed it differently `theirs` stays and the slot clashes.
pub fn merge(base: &Timetable, theirs: &Timetable, mine: &Timetable) -> Merged {
    let mut taken = slots(theirs);
    let theirs: BTreeMap<Slot, Vec<Cell>> =
        diff(base, theirs).into_iter().map(|change| (change.slot, change.after)).collect();
    let mut clashes = Vec::new();
    for change in diff(base, mine) {
        match theirs.get(&change.slot) {
            None => drop(taken.insert(change.slot, change.after)),
            Some(other) if *other == change.after => {}
            Some(other) => clashes.push(Clash {
                slot: change.slot,
                base: change.before,
                theirs: other.clone(),
                mine: change.after,
            }),
        }
    }
    Merged { timetable: timetable(taken), clashes }
}

/// Settles the clashes that somebody has chosen for; the others clash still.
pub fn take(merged: &Merged, choose: &BTreeMap<Slot, Choice>) -> Merged {
    let mut taken = slots(&merged.timetable);
    for clash in &merged.clashes {
        if choose.get(&clash.slot) == Some(&Choice::Mine) {
            taken.insert(clash.slot, clash.mine.clone());
        }
    }
    let open = merged.clashes.iter().filter(|clash| !choose.contains_key(&clash.slot));
    Merged { timetable: timetable(taken), clashes: open.cloned().collect() }
}
