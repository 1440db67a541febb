//! What a change of a channel's 录像表 does to its ranges: pure, no SQL.

use model::fault::{Fault, Reason};
use model::timetable::{RANGES_MAX, WeeklyRange, check_overlap, check_range};
use model::{ChannelId, RangeId, SubjectId, TeacherId};
use sha2::{Digest, Sha256};

/// A range as a form or the API gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeEdit {
    /// The range it changes; `None` adds one.
    pub id: Option<RangeId>,
    /// 0 = Sunday … 6 = Saturday.
    pub weekday: u8,
    /// First second after local midnight, 0–86399.
    pub start_s: u32,
    /// First second that is not recorded any more, 1–86400.
    pub end_s: u32,
    /// 科目.
    pub subject_id: SubjectId,
    /// 教师.
    pub teacher_id: TeacherId,
}

/// Changes of one channel's 录像表 that hold together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeChanges {
    /// Ranges to add or change.
    pub edits: Vec<RangeEdit>,
    /// Ranges to remove. Unknown ones are ignored: somebody else removed them.
    pub removed: Vec<RangeId>,
}

/// What a week of ranges is called: another one with every change of it, whatever their order. 16 hex digits.
pub fn range_revision(week: &[WeeklyRange]) -> String {
    let mut rows: Vec<String> = week
        .iter()
        .map(|r| {
            format!("{},{},{},{},{},{}", r.id, r.weekday, r.start_s, r.end_s, r.subject_id, r.teacher_id)
        })
        .collect();
    rows.sort();
    Sha256::digest(rows.join(";")).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Add(WeeklyRange),
    Change(WeeklyRange),
    Remove(RangeId),
}

/// Steps from `existing` (the channel's whole week) to the week after `changes`, or the first broken rule.
///
/// An edit without id that has weekday, start and end of an existing range keeps that range's id, so that a lesson
/// which is being recorded stays the same lesson. Removals come first, because a new range may take a freed place.
pub(crate) fn plan(
    channel: ChannelId,
    existing: &[WeeklyRange],
    changes: &RangeChanges,
) -> Result<Vec<Step>, Fault> {
    let same_time = |e: &RangeEdit| {
        existing.iter().find(|r| (r.weekday, r.start_s, r.end_s) == (e.weekday, e.start_s, e.end_s))
    };
    let known = |id: RangeId| existing.iter().any(|r| r.id == id);
    let mut week: Vec<WeeklyRange> = Vec::new();
    for edit in &changes.edits {
        let id = edit.id.or_else(|| same_time(edit).map(|r| r.id));
        let id = id.filter(|id| known(*id) && week.iter().all(|r| r.id != *id));
        week.push(WeeklyRange {
            // Negative: its id is given when it is written.
            id: id.unwrap_or(RangeId(-1 - week.len() as i64)),
            channel_id: channel,
            weekday: edit.weekday,
            start_s: edit.start_s,
            end_s: edit.end_s,
            subject_id: edit.subject_id,
            teacher_id: edit.teacher_id,
        });
    }
    let edited: Vec<RangeId> = week.iter().map(|r| r.id).collect();
    let removed = |id: RangeId| changes.removed.contains(&id) && !edited.contains(&id);
    week.extend(existing.iter().filter(|r| !edited.contains(&r.id) && !removed(r.id)).cloned());
    for range in week.iter().take(edited.len()) {
        check_range(range)?;
        check_overlap(range, &week)?;
    }
    // A longer week of old may shrink.
    if week.len() > RANGES_MAX && week.len() > existing.len() {
        return Err(Fault::new("start", Reason::TooMany { max: RANGES_MAX as u32 }));
    }
    let gone = existing.iter().filter(|r| removed(r.id)).map(|r| Step::Remove(r.id));
    let written = week.into_iter().take(edited.len()).filter_map(|range| match range.id.0 < 0 {
        true => Some(Step::Add(range)),
        false => (!existing.contains(&range)).then_some(Step::Change(range)),
    });
    Ok(gone.chain(written).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(id: i64, start_s: u32, end_s: u32) -> WeeklyRange {
        WeeklyRange {
            id: RangeId(id),
            channel_id: ChannelId(1),
            weekday: 1,
            start_s,
            end_s,
            subject_id: SubjectId(1),
            teacher_id: TeacherId(1),
        }
    }

    fn edit(id: Option<i64>, start_s: u32, end_s: u32) -> RangeEdit {
        let id = id.map(RangeId);
        RangeEdit { id, weekday: 1, start_s, end_s, subject_id: SubjectId(1), teacher_id: TeacherId(1) }
    }

    #[track_caller]
    fn check(edits: &[RangeEdit], removed: &[i64], want: Result<Vec<Step>, Reason>) {
        let existing = [range(1, 0, 100), range(2, 100, 200)];
        let removed = removed.iter().copied().map(RangeId).collect();
        let changes = RangeChanges { edits: edits.to_vec(), removed };
        assert_eq!(plan(ChannelId(1), &existing, &changes).map_err(|f| f.reason), want);
    }

    #[test]
    fn a_week_has_two_hundred_ranges_at_most() {
        let edits = |n: u32| (0..n).map(|i| edit(None, i * 100, i * 100 + 60)).collect::<Vec<_>>();
        let changes = |n| RangeChanges { edits: edits(n), removed: Vec::new() };
        assert_eq!(plan(ChannelId(1), &[], &changes(200)).map(|steps| steps.len()), Ok(200));
        let refused = plan(ChannelId(1), &[], &changes(201)).unwrap_err();
        assert_eq!((refused.field, refused.reason), ("start", Reason::TooMany { max: 200 }));
    }

    #[test]
    fn nothing_changed_writes_nothing() {
        check(&[edit(Some(1), 0, 100), edit(None, 100, 200)], &[], Ok(vec![]));
    }

    #[test]
    fn a_range_may_take_the_place_of_a_removed_one() {
        let want = vec![Step::Remove(RangeId(2)), Step::Add(range(-1, 150, 250))];
        check(&[edit(None, 150, 250)], &[2], Ok(want));
    }

    #[test]
    fn two_ranges_may_trade_places() {
        let want = vec![Step::Change(range(1, 100, 200)), Step::Change(range(2, 0, 100))];
        check(&[edit(Some(1), 100, 200), edit(Some(2), 0, 100)], &[], Ok(want));
    }

    #[test]
    fn overlaps_with_kept_and_with_new_ranges_are_refused() {
        check(&[edit(None, 150, 250)], &[], Err(Reason::Overlap { start_s: 100, end_s: 200 }));
        let twins = [edit(None, 300, 400), edit(None, 350, 450)];
        check(&twins, &[], Err(Reason::Overlap { start_s: 350, end_s: 450 }));
        let same = [edit(None, 300, 400), edit(None, 300, 400)];
        check(&same, &[], Err(Reason::Overlap { start_s: 300, end_s: 400 }));
        check(&[edit(None, 300, 330)], &[], Err(Reason::TooShort));
    }

    #[test]
    fn an_id_of_another_channel_adds_instead_of_stealing() {
        check(&[edit(Some(77), 300, 400)], &[], Ok(vec![Step::Add(range(-1, 300, 400))]));
    }
}
