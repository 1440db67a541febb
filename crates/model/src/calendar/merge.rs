//! Two people, one timetable: what a draft changes, and how it goes together with what others published meanwhile.

use super::grid::{Cell, Slot, Timetable};
use serde::Serialize;

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
