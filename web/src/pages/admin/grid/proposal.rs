//! What somebody wants to publish, put together with what others have published meanwhile, and everything that speaks
//! against it. Nothing the page refuses gets past this.

use super::wire::{Ask, BadCell, Failure, Refusal};
use super::words::Words;
use crate::lang::{Lang, reason};
use crate::pages::admin::show::when;
use crate::session::Visitor;
use crate::state::AppState;
use axum::http::StatusCode;
use db::{Directory, VersionRow};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use model::SchoolId;
use model::calendar::check::FAULTS_MAX;
use model::calendar::conflict::{Wanted, cell_conflicts};
use model::calendar::merge::{Clash, diff, merge, take};
use model::calendar::{Calendar, ClassInfo, Known, Roster, Slot, Timetable};
use model::fault::{Fault, Reason, check_text};
use serde::Serialize;
use std::collections::BTreeMap;

/// Versions of others that are told one by one.
const OTHERS_MAX: usize = 5;
/// A first date further ahead is a slip of the year.
const AHEAD_DAYS_MAX: u32 = 400;
/// Longest note, characters.
const NOTE_MAX: u32 = 120;

/// Another one's publication.
#[derive(Debug, Clone, Serialize)]
pub struct Other {
    /// Its number.
    pub no: i64,
    /// Who.
    pub by: String,
    /// When, in the school's zone.
    pub at: String,
    /// How many slots it changed.
    pub slots: usize,
}

/// The school's names and rules.
pub struct Ground {
    /// Names.
    pub directory: Directory,
    /// Bells and columns.
    pub calendar: Calendar,
    /// Newest first.
    pub versions: Vec<VersionRow>,
}

impl Ground {
    /// Reads them; an unknown school is not found.
    pub async fn read(state: &AppState, school: SchoolId) -> Result<Self, Failure> {
        Ok(Self {
            directory: state.db.directory(school).await?,
            calendar: state.db.calendar(school).await?.calendar,
            versions: state.db.timetable_versions(school).await?,
        })
    }

    /// Number of the newest version; 0 = none.
    pub fn newest_no(&self) -> i64 {
        self.versions.first().map_or(0, |version| version.no)
    }

    /// Cells of a version; none for 0.
    pub async fn cells(&self, state: &AppState, no: i64) -> Result<Timetable, Failure> {
        match no {
            0 => Ok(Timetable::default()),
            _ => Ok(state.db.timetable(self.directory.school.id, no).await?),
        }
    }

    /// The first date a new version may have: today, or the first date of a version that is still to come. An earlier one
    /// would be overtaken by that, and what was published would vanish on that day.
    pub fn first_date(&self, today: Date) -> Date {
        self.versions.iter().map(|version| version.from).fold(today, Date::max)
    }

    /// Ids that cells may name.
    fn known(&self) -> Known {
        Known {
            classes: self.directory.classes.iter().map(|class| class.id).collect(),
            subjects: self.directory.subjects.iter().map(|subject| subject.id).collect(),
            teachers: self.directory.teachers.iter().map(|teacher| teacher.id).collect(),
            rooms: self.directory.rooms.iter().map(|room| room.id).collect(),
        }
    }

    fn roster(&self) -> Roster {
        let class = |class: &db::ClassRow| ClassInfo {
            id: class.id,
            grade_id: class.grade_id,
            room_id: class.room_id,
            record: class.record,
        };
        let mut classes: Vec<ClassInfo> = self.directory.classes.iter().map(class).collect();
        classes.sort_by_key(|class| class.id);
        Roster { classes, channels: Vec::new() }
    }
}

/// Today in the school.
pub fn today(state: &AppState, visitor: &Visitor) -> Date {
    let now = Timestamp::from_millisecond(state.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(visitor.zone()).date()
}

/// Publications of others after `base_no`, newest first.
pub async fn others(
    state: &AppState,
    visitor: &Visitor,
    ground: &Ground,
    base_no: i64,
) -> Result<Vec<Other>, Failure> {
    let mut found = Vec::new();
    for version in ground.versions.iter().take_while(|v| v.no > base_no).take(OTHERS_MAX) {
        let before = ground.cells(state, version.no - 1).await?;
        let after = ground.cells(state, version.no).await?;
        found.push(Other {
            no: version.no,
            by: version.published_by.clone(),
            at: when(&visitor.zone(), version.published_at_ms),
            slots: diff(&before, &after).len(),
        });
    }
    Ok(found)
}

/// A proposal, merged.
pub struct Proposal {
    /// The newest version it was merged with.
    pub newest_no: i64,
    /// That version's cells.
    pub newest: Timetable,
    /// What would be published.
    pub merged: Timetable,
    /// What has to be chosen first.
    pub clashes: Vec<Clash>,
}

impl Proposal {
    /// Puts `mine`, made from `ask.base_no`, together with the newest version.
    pub async fn of(state: &AppState, ground: &Ground, ask: &Ask, mine: &Timetable) -> Result<Self, Failure> {
        let newest_no = ground.newest_no();
        let newest = ground.cells(state, newest_no).await?;
        let base = match ask.base_no == newest_no {
            true => newest.clone(),
            false => ground.cells(state, ask.base_no).await?,
        };
        let mut merged = merge(&base, &newest, mine);
        if ask.choose_no == newest_no {
            let choices: BTreeMap<Slot, _> = ask.choose.iter().map(|pick| (pick.slot, pick.take)).collect();
            merged = take(&merged, &choices);
        }
        Ok(Self { newest_no, newest, merged: merged.timetable, clashes: merged.clashes })
    }
}

/// What is asked for: the cells sent, or those of an old version.
pub async fn wanted(
    state: &AppState,
    words: &Words<'_>,
    ground: &Ground,
    ask: &mut Ask,
) -> Result<Timetable, Failure> {
    match ask.version {
        Some(no) => ground.cells(state, no).await,
        None => Ok(ask.take_cells().map_err(|bad| bad_cell(words, &bad))?),
    }
}

/// A cell that is none, said with class, day and period.
pub fn bad_cell(words: &Words<'_>, bad: &BadCell) -> Refusal {
    let mut refusal = Refusal::of(words.l, &bad.fault);
    if bad.class.0 != 0 {
        let said = |n: i64, name: &dyn Fn(u8) -> String| u8::try_from(n).map_or(n.to_string(), name);
        let day = said(bad.day, &|n| words.day(n));
        let period = said(bad.period, &|n| words.period(n));
        let what = refusal.message.clone();
        let class = words.class(bad.class);
        refusal.problems.push(format!("{class} {day} {period}{}{what}", words.l.t("：", ": ")));
    }
    refusal
}

/// What speaks against a timetable, a sentence each.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Never published so.
    pub refused: Vec<String>,
    /// Published when the admin says so.
    pub teachers: Vec<String>,
}

/// Judges a timetable: ids, limits, classes and rooms wanted twice; teachers wanted twice.
pub fn judge(words: &Words<'_>, ground: &Ground, timetable: &Timetable) -> Verdict {
    let mut verdict = Verdict::default();
    for found in timetable.check(&ground.calendar, &ground.known()) {
        // Said below with both lessons.
        if matches!(found.fault.reason, Reason::Doubled) {
            continue;
        }
        let place = timetable.cells.get(found.cell).map(|cell| words.slot(cell.slot())).unwrap_or_default();
        let field = field(words.l, found.fault.field);
        let what = words.l.of(&reason(&found.fault.reason)).to_owned();
        verdict.refused.push(format!("{place} {field}{}{what}", words.l.t("：", ": ")));
    }
    for conflict in cell_conflicts(timetable, &ground.calendar, &ground.roster()) {
        let list = match conflict.wanted {
            Wanted::Class | Wanted::Room => &mut verdict.refused,
            Wanted::Teacher => &mut verdict.teachers,
        };
        if list.len() < FAULTS_MAX {
            list.push(words.conflict(&conflict));
        }
    }
    verdict.refused.dedup();
    verdict
}

/// A field of a cell by name.
fn field(l: Lang, field: &str) -> &'static str {
    let (zh, en) = match field {
        "class" => ("班级", "class"),
        "day" => ("星期", "day"),
        "period" => ("节次", "period"),
        "span" => ("连堂", "length"),
        "weeks" => ("周次", "weeks"),
        "subject" => ("科目", "subject"),
        "teacher" => ("教师", "teacher"),
        "room" => ("教室", "room"),
        "with" => ("合班", "joint classes"),
        _ => ("", ""),
    };
    l.t(zh, en)
}

/// The first date that was asked for, if it may be one; and the note's length.
pub fn first_date(l: Lang, ground: &Ground, ask: &Ask, today: Date) -> Result<Date, Refusal> {
    check_text("note", &ask.note, NOTE_MAX).map_err(|fault| Refusal::of(l, &fault))?;
    if ask.from.is_empty() {
        return Ok(ground.first_date(today));
    }
    let from: Date = ask.from.parse().map_err(|_| {
        Refusal::new(
            l,
            "from",
            "执行日期请按 2026-11-23 的样子填写。",
            "Write the first date like 2026-11-23.",
        )
    })?;
    if from < today {
        let what = (
            "执行日期不能早于今天：过去的课不会被改写。",
            "The first date is past: what has been is not rewritten.",
        );
        return Err(Refusal::new(l, "from", what.0, what.1));
    }
    let first = ground.first_date(today);
    if from < first {
        return Err(Refusal::new(
            l,
            "from",
            format!("已发布的一版从 {first} 起执行，新的一版不能更早；在那之前的个别变动请用“调课”。"),
            format!(
                "A published version begins on {first}; a new one cannot begin earlier. Until then use Changes."
            ),
        ));
    }
    if from > today.checked_add(i64::from(AHEAD_DAYS_MAX).days()).unwrap_or(Date::MAX) {
        return Err(Refusal::of(l, &Fault::new("from", Reason::TooManyDays { max: AHEAD_DAYS_MAX })));
    }
    Ok(from)
}

/// 409 with everything that has to be chosen.
pub fn clashing(words: &Words<'_>, proposal: &Proposal, others: &[Other]) -> Refusal {
    let mut refusal = Refusal::new(
        words.l,
        "cells",
        "有些格您和别人都改了，请逐格选择用谁的。",
        "You and somebody else changed the same cells: choose whose count.",
    )
    .with(StatusCode::CONFLICT);
    refusal.outdated = Some(serde_json::json!({
        "newest_no": proposal.newest_no,
        "clashes": clashes(words, &proposal.clashes),
        "others": others,
    }));
    refusal
}

/// Clashes as the page shows them.
pub fn clashes(words: &Words<'_>, clashes: &[Clash]) -> Vec<serde_json::Value> {
    let one = |clash: &Clash| {
        serde_json::json!({
            "slot": clash.slot,
            "label": words.slot(clash.slot),
            "base": words.cells(&clash.base),
            "theirs": words.cells(&clash.theirs),
            "mine": words.cells(&clash.mine),
        })
    };
    clashes.iter().map(one).collect()
}
