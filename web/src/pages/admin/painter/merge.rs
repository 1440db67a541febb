//! Two people paint one week: what the other one changed, whether both changes fit together, and where they do not.
//! Pure.

use db::{RangeChanges, RangeEdit};
use model::fault::{Fault, Reason};
use model::timetable::{DAY_S, RANGES_MAX, WeeklyRange, check_range};
use model::{ChannelId, RangeId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};

/// A range as the script posts it: numbers that nobody has checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upsert {
    /// The range it changes; absent adds one.
    pub id: Option<i64>,
    /// 0 = Sunday … 6 = Saturday.
    pub weekday: i64,
    /// Seconds after midnight.
    pub start_s: i64,
    /// Seconds after midnight, at most 86,400.
    pub end_s: i64,
    /// 科目.
    pub subject_id: i64,
    /// 教师.
    pub teacher_id: i64,
}

/// A broken rule and the upsert that breaks it; `None` = the week as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeFault {
    /// Which upsert.
    pub index: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

/// What somebody else saved meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// New ranges.
    pub added: Vec<WeeklyRange>,
    /// Was and is.
    pub changed: Vec<(WeeklyRange, WeeklyRange)>,
    /// Gone.
    pub removed: Vec<WeeklyRange>,
}

/// Two changes that cannot both be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// Which of the posted `upserts`; absent = a removal.
    pub index: Option<usize>,
    /// The range that was to be removed.
    pub removed: Option<RangeId>,
    /// What stands there now: the changed range, or the ones in the way; empty = it was removed.
    pub theirs: Vec<WeeklyRange>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// All of it fits: to be written over the week of `now`.
    Changes(RangeChanges),
    /// Some of it changes what somebody else changed.
    Clashes(Vec<Clash>),
    /// It breaks rules by itself.
    Faults(Vec<RangeFault>),
}

/// A save and the two weeks it stands between.
pub struct Asked<'a> {
    /// Whose week.
    pub channel: ChannelId,
    /// The week the editor started from.
    pub seen: &'a [WeeklyRange],
    /// The week as it is.
    pub now: &'a [WeeklyRange],
    /// To be added or changed.
    pub upserts: &'a [Upsert],
    /// To be removed.
    pub removed: &'a [i64],
}

fn find(week: &[WeeklyRange], id: i64) -> Option<&WeeklyRange> {
    week.iter().find(|r| r.id.0 == id)
}

impl Asked<'_> {
    /// What others changed between `seen` and `now`.
    pub fn others(&self) -> Difference {
        let mut found = Difference::default();
        for is in self.now {
            match find(self.seen, is.id.0) {
                None => found.added.push(is.clone()),
                Some(was) if was != is => found.changed.push((was.clone(), is.clone())),
                Some(_) => {}
            }
        }
        found.removed = self.seen.iter().filter(|r| find(self.now, r.id.0).is_none()).cloned().collect();
        found
    }

    /// Puts the save onto `now`.
    pub fn merge(&self) -> Merged {
        let (mine, mut faults) = self.checked();
        faults.extend(self.unknown());
        let clashes = if faults.is_empty() { self.clashes(&mine, &mut faults) } else { Vec::new() };
        let size = self.kept().count() + mine.len();
        if size > RANGES_MAX {
            let reason = Reason::OutOfRange { min: 0, max: RANGES_MAX as i64 };
            faults.push(RangeFault { index: None, fault: Fault::new("ranges", reason) });
        }
        if !faults.is_empty() {
            return Merged::Faults(faults);
        }
        if !clashes.is_empty() {
            return Merged::Clashes(clashes);
        }
        let edit = |r: WeeklyRange| RangeEdit {
            id: Some(r.id).filter(|id| id.0 > 0),
            weekday: r.weekday,
            start_s: r.start_s,
            end_s: r.end_s,
            subject_id: r.subject_id,
            teacher_id: r.teacher_id,
        };
        Merged::Changes(RangeChanges {
            edits: mine.into_iter().map(edit).collect(),
            removed: self.removed.iter().copied().map(RangeId).collect(),
        })
    }

    /// Ranges of `now` that this save leaves alone.
    fn kept(&self) -> impl Iterator<Item = &WeeklyRange> {
        let touched = |id: i64| self.removed.contains(&id) || self.upserts.iter().any(|u| u.id == Some(id));
        self.now.iter().filter(move |r| !touched(r.id.0))
    }

    /// The upserts as ranges, each checked by itself. A new one has the id `-1 - index`.
    fn checked(&self) -> (Vec<WeeklyRange>, Vec<RangeFault>) {
        let mut faults = Vec::new();
        let mut ranges = Vec::new();
        for (index, upsert) in self.upserts.iter().enumerate() {
            match self.range(index, upsert) {
                Ok(range) => ranges.push(range),
                Err(fault) => faults.push(RangeFault { index: Some(index), fault }),
            }
        }
        (ranges, faults)
    }

    fn range(&self, index: usize, upsert: &Upsert) -> Result<WeeklyRange, Fault> {
        let time = |field, s: i64| {
            u32::try_from(s).ok().filter(|s| *s <= DAY_S).ok_or(Fault::new(field, Reason::BadTime))
        };
        let weekday = model::fault::check_range("weekday", upsert.weekday, 0, 6)?;
        let range = WeeklyRange {
            id: RangeId(upsert.id.unwrap_or(-1 - index as i64)),
            channel_id: self.channel,
            weekday: weekday as u8,
            start_s: time("start", upsert.start_s)?,
            end_s: time("end", upsert.end_s)?,
            subject_id: SubjectId(upsert.subject_id),
            teacher_id: TeacherId(upsert.teacher_id),
        };
        check_range(&range)?;
        Ok(range)
    }

    /// Ids that the editor cannot know from the week it started from, and ids named twice.
    fn unknown(&self) -> Vec<RangeFault> {
        let mut faults = Vec::new();
        for (index, upsert) in self.upserts.iter().enumerate() {
            let Some(id) = upsert.id else { continue };
            let twice = self.upserts[..index].iter().any(|u| u.id == Some(id)) || self.removed.contains(&id);
            if find(self.seen, id).is_none() || twice {
                let fault = Fault::new("id", Reason::Unknown);
                faults.push(RangeFault { index: Some(index), fault });
            }
        }
        if self.removed.iter().any(|id| find(self.seen, *id).is_none()) {
            faults.push(RangeFault { index: None, fault: Fault::new("removed", Reason::Unknown) });
        }
        faults
    }

    /// Where others were first. What overlaps without anybody else's doing is a fault.
    fn clashes(&self, mine: &[WeeklyRange], faults: &mut Vec<RangeFault>) -> Vec<Clash> {
        let mut clashes = Vec::new();
        for (index, range) in mine.iter().enumerate() {
            if let Some(theirs) = self.changed_meanwhile(range) {
                clashes.push(Clash { index: Some(index), removed: None, theirs });
                continue;
            }
            let meets = |o: &&WeeklyRange| {
                o.id != range.id
                    && o.weekday == range.weekday
                    && o.start_s < range.end_s
                    && range.start_s < o.end_s
            };
            let fresh = |o: &&WeeklyRange| find(self.seen, o.id.0) != Some(*o);
            let theirs: Vec<WeeklyRange> = self.kept().filter(meets).filter(fresh).cloned().collect();
            if !theirs.is_empty() {
                clashes.push(Clash { index: Some(index), removed: None, theirs });
                continue;
            }
            if let Some(other) = self.kept().chain(mine).find(meets) {
                let reason = Reason::Overlap { start_s: other.start_s, end_s: other.end_s };
                faults.push(RangeFault { index: Some(index), fault: Fault::new("start", reason) });
            }
        }
        for id in self.removed {
            if let (Some(was), Some(is)) = (find(self.seen, *id), find(self.now, *id))
                && was != is
            {
                clashes.push(Clash { index: None, removed: Some(RangeId(*id)), theirs: vec![is.clone()] });
            }
        }
        clashes
    }

    /// What became of `range`'s own row by somebody else's hand: changed, or removed (empty).
    fn changed_meanwhile(&self, range: &WeeklyRange) -> Option<Vec<WeeklyRange>> {
        let was = find(self.seen, range.id.0)?;
        match find(self.now, range.id.0) {
            None => Some(Vec::new()),
            Some(is) if is != was && is != range => Some(vec![is.clone()]),
            Some(_) => None,
        }
    }
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

    fn upsert(id: Option<i64>, start_s: i64, end_s: i64) -> Upsert {
        Upsert { id, weekday: 1, start_s, end_s, subject_id: 1, teacher_id: 1 }
    }

    /// Everybody started from 1: 0–100 and 2: 100–200.
    fn merge(now: &[WeeklyRange], upserts: &[Upsert], removed: &[i64]) -> Merged {
        let seen = [range(1, 0, 100), range(2, 100, 200)];
        Asked { channel: ChannelId(1), seen: &seen, now, upserts, removed }.merge()
    }

    #[test]
    fn changes_of_different_ranges_go_together() {
        let now = [range(1, 0, 90), range(2, 100, 200), range(3, 500, 600)];
        let Merged::Changes(changes) = merge(&now, &[upsert(Some(2), 100, 250)], &[]) else { panic!() };
        assert_eq!((changes.edits[0].id, changes.edits[0].end_s), (Some(RangeId(2)), 250));
        let Merged::Changes(changes) = merge(&now, &[upsert(None, 300, 400)], &[2]) else { panic!() };
        assert_eq!((changes.edits[0].id, changes.removed.as_slice()), (None, [RangeId(2)].as_slice()));
    }

    #[test]
    fn the_same_range_changed_by_both_is_shown_and_not_overwritten() {
        let now = [range(1, 0, 90), range(2, 100, 200)];
        let clash = Clash { index: Some(0), removed: None, theirs: vec![range(1, 0, 90)] };
        assert_eq!(merge(&now, &[upsert(Some(1), 0, 80)], &[]), Merged::Clashes(vec![clash]));
        let clash = Clash { index: None, removed: Some(RangeId(1)), theirs: vec![range(1, 0, 90)] };
        assert_eq!(merge(&now, &[], &[1]), Merged::Clashes(vec![clash]));
        let gone = Clash { index: Some(0), removed: None, theirs: vec![] };
        assert_eq!(merge(&now[1..], &[upsert(Some(1), 0, 80)], &[]), Merged::Clashes(vec![gone]));
    }

    #[test]
    fn both_did_the_same_is_no_clash() {
        let now = [range(1, 0, 90), range(2, 100, 200)];
        assert!(matches!(merge(&now, &[upsert(Some(1), 0, 90)], &[]), Merged::Changes(_)));
        assert!(matches!(merge(&now[1..], &[], &[1]), Merged::Changes(_)));
    }

    #[test]
    fn a_new_range_on_somebody_elses_new_range_is_a_clash_and_on_an_old_one_a_fault() {
        let now = [range(1, 0, 100), range(2, 100, 200), range(3, 500, 600)];
        let clash = Clash { index: Some(0), removed: None, theirs: vec![range(3, 500, 600)] };
        assert_eq!(merge(&now, &[upsert(None, 550, 650)], &[]), Merged::Clashes(vec![clash]));
        let overlap = |start_s, end_s| Fault::new("start", Reason::Overlap { start_s, end_s });
        let fault = RangeFault { index: Some(0), fault: overlap(100, 200) };
        assert_eq!(merge(&now, &[upsert(None, 150, 250)], &[]), Merged::Faults(vec![fault]));
    }

    #[track_caller]
    fn refuses(upserts: &[Upsert], removed: &[i64], want: &[(Option<usize>, &'static str)]) {
        let now = [range(1, 0, 100), range(2, 100, 200)];
        let Merged::Faults(faults) = merge(&now, upserts, removed) else { panic!("{upserts:?}") };
        let got: Vec<_> = faults.iter().map(|f| (f.index, f.fault.field)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn what_the_page_refuses_is_refused_here_too() {
        refuses(&[upsert(None, 300, 330)], &[], &[(Some(0), "end")]);
        refuses(&[upsert(None, 400, 300)], &[], &[(Some(0), "end")]);
        refuses(&[upsert(None, 86_000, 86_401)], &[], &[(Some(0), "end")]);
        refuses(&[upsert(None, -1, 300)], &[], &[(Some(0), "start")]);
        refuses(&[Upsert { weekday: 7, ..upsert(None, 300, 400) }], &[], &[(Some(0), "weekday")]);
        refuses(
            &[upsert(None, 300, 400), upsert(None, 350, 450)],
            &[],
            &[(Some(0), "start"), (Some(1), "start")],
        );
        refuses(&[upsert(Some(77), 300, 400)], &[], &[(Some(0), "id")]);
        refuses(&[upsert(Some(1), 300, 400), upsert(Some(1), 500, 600)], &[], &[(Some(1), "id")]);
        refuses(&[], &[77], &[(None, "removed")]);
        let many: Vec<Upsert> = (0..199).map(|n| upsert(None, 300 + n * 100, 400 + n * 100)).collect();
        refuses(&many, &[], &[(None, "ranges")]);
    }

    #[test]
    fn what_others_did_is_told() {
        let seen = [range(1, 0, 100), range(2, 100, 200)];
        let now = [range(1, 0, 90), range(3, 500, 600)];
        let asked = Asked { channel: ChannelId(1), seen: &seen, now: &now, upserts: &[], removed: &[] };
        let others = asked.others();
        assert_eq!(others.added, [range(3, 500, 600)]);
        assert_eq!(others.changed, [(range(1, 0, 100), range(1, 0, 90))]);
        assert_eq!(others.removed, [range(2, 100, 200)]);
    }
}
