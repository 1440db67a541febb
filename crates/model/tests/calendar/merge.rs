//! Two people, one timetable: laws that hold for every merge.

use crate::school::cell;
use model::calendar::merge::{Choice, diff, merge, take};
use model::calendar::*;
use model::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A few cells in a few slots, so that two timetables often meet.
fn timetable() -> impl Strategy<Value = Timetable> {
    let one = (1..3i64, 1..3u8, 1..3u8, 1..4i64, prop_oneof![Just("all"), Just("odd"), Just("even")]);
    let make = |(class, day, period, subject, weeks): (i64, u8, u8, i64, &str)| Cell {
        weeks: weeks.parse().unwrap(),
        ..cell(class, day, period, subject)
    };
    vec(one.prop_map(make), 0..8).prop_map(|cells| Timetable { cells }.sorted())
}

fn slot(timetable: &Timetable, slot: Slot) -> Vec<Cell> {
    timetable.cells.iter().filter(|cell| cell.slot() == slot).cloned().collect()
}

fn slots(timetables: &[&Timetable]) -> BTreeSet<Slot> {
    timetables.iter().flat_map(|timetable| &timetable.cells).map(Cell::slot).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_diff_names_the_slots_that_differ_and_no_other(a in timetable(), b in timetable()) {
        let changes: BTreeMap<Slot, (Vec<Cell>, Vec<Cell>)> =
            diff(&a, &b).into_iter().map(|change| (change.slot, (change.before, change.after))).collect();
        for at in slots(&[&a, &b]) {
            let (before, after) = (slot(&a, at), slot(&b, at));
            let expected = (before != after).then_some((before, after));
            prop_assert_eq!(changes.get(&at), expected.as_ref());
        }
        prop_assert!(diff(&a, &a).is_empty());
    }

    #[test]
    fn where_one_side_changed_nothing_the_other_side_is_the_result(base in timetable(), side in timetable()) {
        for merged in [merge(&base, &base, &side), merge(&base, &side, &base), merge(&base, &side, &side)] {
            prop_assert_eq!(&merged.timetable, &side);
            prop_assert!(merged.clashes.is_empty());
        }
    }

    #[test]
    fn nothing_is_lost_and_nothing_invented(base in timetable(), theirs in timetable(), mine in timetable()) {
        let merged = merge(&base, &theirs, &mine);
        let clashing: BTreeSet<Slot> = merged.clashes.iter().map(|clash| clash.slot).collect();
        for at in slots(&[&base, &theirs, &mine]) {
            let [was, they, me, now] = [&base, &theirs, &mine, &merged.timetable].map(|side| slot(side, at));
            let clash = was != they && was != me && they != me;
            prop_assert_eq!(clashing.contains(&at), clash);
            let expected = if was == they && !clash { &me } else { &they };
            prop_assert_eq!(&now, expected);
        }
        for clash in &merged.clashes {
            prop_assert_eq!(&clash.base, &slot(&base, clash.slot));
            prop_assert_eq!(&clash.theirs, &slot(&theirs, clash.slot));
            prop_assert_eq!(&clash.mine, &slot(&mine, clash.slot));
        }
    }

    #[test]
    fn sides_may_be_exchanged_where_they_do_not_clash(base in timetable(), a in timetable(), b in timetable()) {
        let (one, other) = (merge(&base, &a, &b), merge(&base, &b, &a));
        prop_assert_eq!(one.clashes.len(), other.clashes.len());
        let clashing: BTreeSet<Slot> = one.clashes.iter().map(|clash| clash.slot).collect();
        let calm = |timetable: &Timetable| -> Vec<Cell> {
            timetable.cells.iter().filter(|cell| !clashing.contains(&cell.slot())).cloned().collect()
        };
        prop_assert_eq!(calm(&one.timetable), calm(&other.timetable));
    }

    #[test]
    fn a_choice_settles_its_clash_only(base in timetable(), theirs in timetable(), mine in timetable()) {
        let merged = merge(&base, &theirs, &mine);
        let all = |choice| merged.clashes.iter().map(|clash| (clash.slot, choice)).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(&take(&merged, &BTreeMap::new()), &merged);
        let settled = take(&merged, &all(Choice::Theirs));
        prop_assert_eq!(&settled.timetable, &merged.timetable);
        prop_assert!(settled.clashes.is_empty());
        let settled = take(&merged, &all(Choice::Mine));
        let wanted = merge(&base, &mine, &theirs).timetable;
        prop_assert_eq!(settled.timetable, wanted);
        if let Some(first) = merged.clashes.first() {
            let one = take(&merged, &[(first.slot, Choice::Mine)].into());
            prop_assert_eq!(slot(&one.timetable, first.slot), first.mine.clone());
            prop_assert_eq!(one.clashes.len(), merged.clashes.len() - 1);
        }
    }
}

#[test]
fn the_second_editor_is_shown_the_slot_that_both_changed() {
    let at = |subject| Timetable { cells: vec![cell(1, 1, 1, subject), cell(2, 1, 1, 9)] };
    let merged = merge(&at(1), &at(2), &at(3));
    assert_eq!(merged.timetable, at(2));
    assert_eq!(merged.clashes.len(), 1);
    let slot = Slot { class: ClassId(1), day: 1, period: 1 };
    assert_eq!(merged.clashes[0].slot, slot);
    assert_eq!(take(&merged, &[(slot, Choice::Mine)].into()).timetable, at(3));
}
