//! The same lesson twice, two lessons at once: told of before anything is published.

use super::Names;
use super::bells::Bells;
use super::resolve::{Draft, slot_text};
use crate::{At, Code, Problem};
use model::calendar::{Cell, Slot};
use std::collections::BTreeMap;

/// Takes out exact doubles (a 合班 names each lesson in every class's grid) and lessons of a class that cannot both be: the
/// first one stays.
pub(super) fn remove_doubles(draft: &mut Draft) {
    let mut kept: Vec<(Cell, At)> = Vec::with_capacity(draft.cells.len());
    let mut by_slot: BTreeMap<Slot, Vec<usize>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (cell, at) in std::mem::take(&mut draft.cells) {
        let others = by_slot.entry(cell.slot()).or_default();
        let meets = others.iter().map(|i| &kept[*i]).find(|(other, _)| other.weeks.meets(&cell.weeks));
        match meets {
            Some((other, _)) if *other == cell && !cell.with.is_empty() => {}
            Some((other, first)) if *other == cell => problems.push(Problem::note(
                at,
                Code::Duplicate,
                format!("与 {first} 重复，只导入一次。"),
                format!("The same as {first}; imported once."),
            )),
            Some((_, first)) => problems.push(Problem::lost(
                at,
                Code::Clash,
                format!("与 {first} 冲突：同一个班同一节有两门课，只导入了前一门。请改正其中一处，或写明单双周。"),
                format!("Clashes with {first}: one class has two lessons in one period; only the first was imported. Correct one, or say in which weeks."),
            )),
            None => {
                others.push(kept.len());
                kept.push((cell, at));
            }
        }
    }
    draft.cells = kept;
    draft.problems.append(&mut problems);
}

/// Classes with overlapping 连堂, teachers and rooms in two lessons that are no 合班: notes, for the editor decides.
pub(super) fn tell_double_bookings(draft: &mut Draft, bells: &Bells<'_>, names: &Names) {
    let mut seen: BTreeMap<(u8, i64, u8, u8), Vec<usize>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, (cell, at)) in draft.cells.iter().enumerate() {
        let wanted =
            [(0_u8, Some(cell.class.0)), (1, cell.teacher.map(|t| t.0)), (2, cell.room.map(|r| r.0))];
        let taken = bells.taken(cell.period, cell.span);
        for (what, id) in wanted.iter().filter_map(|(what, id)| Some((*what, (*id)?))) {
            let mut told = false;
            for period in &taken {
                let others = seen.entry((what, id, cell.day, *period)).or_default();
                let clash =
                    others.iter().map(|i| &draft.cells[*i]).find(|(other, _)| books_twice(other, cell, what));
                if let Some((other, first)) = clash
                    && !std::mem::replace(&mut told, true)
                {
                    problems.push(double(what, id, at, first, other, names, bells));
                }
                others.push(index);
            }
        }
    }
    draft.problems.append(&mut problems);
}

fn books_twice(a: &Cell, b: &Cell, what: u8) -> bool {
    let together = a.subject == b.subject && a.teacher == b.teacher && a.period == b.period;
    let joined = a.with.contains(&b.class) || b.with.contains(&a.class);
    a.weeks.meets(&b.weeks) && (what == 0 || !(together && joined))
}

fn double(what: u8, id: i64, at: &At, first: &At, other: &Cell, names: &Names, bells: &Bells<'_>) -> Problem {
    let (zh_slot, en_slot) = slot_text(other.slot(), names, bells);
    let teacher = || names.teachers.iter().find(|(t, _)| t.0 == id).map_or("", |(_, name)| name);
    let room = || names.rooms.iter().find(|(r, _)| r.0 == id).map_or("", |(_, name)| name);
    let (zh, en) = match what {
        0 => ("这个班".to_owned(), "This class".to_owned()),
        1 => (format!("教师{}", teacher()), format!("Teacher {}", teacher())),
        _ => (format!("教室{}", room()), format!("Room {}", room())),
    };
    Problem::note(
        at.clone(),
        Code::Clash,
        format!("{zh}在同一时间另有课：{zh_slot}（{first}）。请核对；合班请写明另一个班。"),
        format!(
            "{en} has another lesson at that time: {en_slot} ({first}). Check it; for a joint lesson name the other class."
        ),
    )
}
