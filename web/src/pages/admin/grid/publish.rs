//! `POST /admin/timetable/{draft,check,publish}`.

use super::data::{GathererOut, gatherers};
use super::proposal::{
    Ground, Other, Proposal, Verdict, bad_cell, clashes, clashing, first_date, judge, others, today, wanted,
};
use super::week::monday;
use super::wire::{Ask, Failure, Posted, Refusal};
use super::words::Words;
use crate::error::WebError;
use crate::lang::Lang;
use crate::pages::admin::told::tell_school;
use crate::session::Visitor;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use db::{DbError, Draft, NewVersion};
use jiff::ToSpan;
use jiff::civil::Date;
use model::calendar::merge::{SlotChange, diff};
use model::{ClassId, RoomId, UserId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How often a publication is merged again when others are faster. Each try is a whole merge; five in a row do not happen.
const TRIES: usize = 5;
/// Lines of the diff that are sent; the figures count all.
const LINES_MAX: usize = 2_000;

fn user(visitor: &Visitor) -> Result<UserId, Failure> {
    visitor.user.as_ref().map(|user| user.id).ok_or_else(|| WebError::LoginNeeded.into())
}

/// A kept draft.
#[derive(Debug, Serialize)]
pub struct Saved {
    saved_at_ms: i64,
}

/// Whether the draft on the site is the one that the page knows, so that it may be overwritten or dropped.
async fn is_seen(state: &AppState, ask: &Ask, user: UserId) -> Result<bool, WebError> {
    let Some(seen_ms) = ask.seen_ms else { return Ok(true) };
    let kept = state.db.draft(ask.school, user).await?;
    Ok(kept.is_none_or(|kept| kept.saved_at_ms == seen_ms))
}

/// `POST …/draft`: keeps the visitor's draft, or drops it. What a draft says is judged when it is published; only its
/// limits are kept here.
pub async fn draft(
    State(state): State<AppState>,
    visitor: Visitor,
    Posted(mut ask): Posted<Ask>,
) -> Result<Json<Saved>, Failure> {
    let user = user(&visitor)?;
    if !is_seen(&state, &ask, user).await? {
        return Err(another_window(visitor.lang));
    }
    let saved_at_ms = state.now_ms();
    if ask.discard {
        state.db.drop_draft(ask.school, user).await?;
        return Ok(Json(Saved { saved_at_ms }));
    }
    let timetable = match ask.take_cells() {
        Ok(timetable) => timetable,
        Err(bad) => {
            let ground = Ground::read(&state, ask.school).await?;
            return Err(bad_cell(&Words::new(visitor.lang, &ground.directory, &ground.calendar), &bad).into());
        }
    };
    let versions = state.db.timetable_versions(ask.school).await?;
    if ask.base_no != 0 && !versions.iter().any(|version| version.no == ask.base_no) {
        let what = (
            "草稿所依据的那一版课表不存在，没有保存。请刷新页面后再编辑。",
            "The version that the draft was made from does not exist, so it was not kept: reload the page, then edit.",
        );
        return Err(Refusal::new(visitor.lang, "base_no", what.0, what.1).into());
    }
    let draft = Draft { base_no: ask.base_no, timetable, saved_at_ms };
    let saved = match ask.seen_ms {
        Some(seen_ms) => state.db.save_draft_at(ask.school, user, &draft, seen_ms).await,
        None => state.db.save_draft(ask.school, user, &draft).await,
    };
    match saved {
        Err(DbError::Outdated { .. }) => Err(another_window(visitor.lang)),
        other => {
            other?;
            Ok(Json(Saved { saved_at_ms }))
        }
    }
}

fn another_window(l: Lang) -> Failure {
    let what = (
        "这个账号在另一个窗口里也改了课表，草稿没有覆盖它。",
        "The same account edits the timetable in another window: its draft was not overwritten.",
    );
    Refusal::new(l, "seen_ms", what.0, what.1).with(StatusCode::CONFLICT).into()
}

/// What publishing would do.
#[derive(Debug, Serialize)]
pub struct Checked {
    newest_no: i64,
    diff: Diff,
    gatherers: Vec<GathererOut>,
    refused: Vec<String>,
    teachers: Vec<String>,
    others: Vec<Other>,
    clashes: Vec<serde_json::Value>,
    from: Firsts,
}

#[derive(Debug, Serialize)]
struct Firsts {
    today: Date,
    /// The earliest that may be chosen.
    first: Date,
    /// Next Monday.
    monday: Date,
}

/// 新增 修改 取消, counted by slots.
#[derive(Debug, Default, Serialize)]
struct Diff {
    added: usize,
    changed: usize,
    removed: usize,
    classes: Vec<ClassDiff>,
    /// Lines that are not sent.
    more: usize,
}

#[derive(Debug, Serialize)]
struct ClassDiff {
    id: ClassId,
    name: String,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    kind: &'static str,
    text: String,
}

fn differences(words: &Words<'_>, changes: &[SlotChange]) -> Diff {
    let mut diff = Diff::default();
    let mut classes: BTreeMap<ClassId, Vec<Line>> = BTreeMap::new();
    for (n, change) in changes.iter().enumerate() {
        let place = words.place(change.slot);
        let (before, after) = (words.cells(&change.before), words.cells(&change.after));
        let (kind, count, text) = match (change.before.is_empty(), change.after.is_empty()) {
            (true, _) => ("added", &mut diff.added, format!("{place} {after}")),
            (_, true) => ("removed", &mut diff.removed, format!("{place} {before}")),
            _ => ("changed", &mut diff.changed, format!("{place} {before} → {after}")),
        };
        *count += 1;
        if n < LINES_MAX {
            classes.entry(change.slot.class).or_default().push(Line { kind, text });
        }
    }
    diff.more = changes.len().saturating_sub(LINES_MAX);
    diff.classes =
        classes.into_iter().map(|(id, lines)| ClassDiff { id, name: words.class(id), lines }).collect();
    diff
}

/// Gatherers with a camera in a room that the changes touch.
fn affected(state: &AppState, ground: &Ground, changes: &[SlotChange]) -> Vec<GathererOut> {
    let own: BTreeMap<ClassId, Option<RoomId>> =
        ground.directory.classes.iter().map(|class| (class.id, class.room_id)).collect();
    let cells = changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
    let rooms: BTreeSet<RoomId> =
        cells.filter_map(|cell| cell.room.or_else(|| *own.get(&cell.class)?)).collect();
    let touched = ground.directory.channels.iter().filter(|c| c.room_id.is_some_and(|r| rooms.contains(&r)));
    let ids: BTreeSet<i64> = touched.map(|c| c.channel.gatherer_id.0).collect();
    gatherers(state, ground).into_iter().filter(|g| ids.contains(&g.id)).collect()
}

/// `POST …/check`: what publishing would change, whom it reaches and what speaks against it.
pub async fn check(
    State(state): State<AppState>,
    visitor: Visitor,
    Posted(mut ask): Posted<Ask>,
) -> Result<Json<Checked>, Failure> {
    let ground = Ground::read(&state, ask.school).await?;
    let words = Words::new(visitor.lang, &ground.directory, &ground.calendar);
    let mine = wanted(&state, &words, &ground, &mut ask).await?;
    let proposal = Proposal::of(&state, &ground, &ask, &mine).await?;
    let changes = diff(&proposal.newest, &proposal.merged);
    let Verdict { refused, teachers } = judge(&words, &ground, &proposal.merged);
    let today = today(&state, &visitor);
    let monday = monday(today).checked_add(7.days()).unwrap_or(today);
    Ok(Json(Checked {
        newest_no: proposal.newest_no,
        diff: differences(&words, &changes),
        gatherers: affected(&state, &ground, &changes),
        refused,
        teachers,
        others: others(&state, &visitor, &ground, ask.base_no).await?,
        clashes: clashes(&words, &proposal.clashes),
        from: Firsts { today, first: ground.first_date(today), monday },
    }))
}

/// What was published.
#[derive(Debug, Serialize)]
pub struct Published {
    no: i64,
    from: Date,
    /// The same as what is published already: nothing was changed.
    unchanged: bool,
    /// What others had published and was merged in.
    others: Vec<Other>,
}

/// `POST …/publish`: merges with what others published, judges, publishes, tells the gatherers. A lost answer may be
/// repeated: what is published already is not published again.
pub async fn publish(
    State(state): State<AppState>,
    visitor: Visitor,
    Posted(mut ask): Posted<Ask>,
) -> Result<Json<Published>, Failure> {
    let user = user(&visitor)?;
    let l = visitor.lang;
    // 回滚 publishes an old version: what the visitor is in the middle of stays a draft, and so does what the same account
    // has saved in another window.
    let is_draft_done = ask.version.is_none() && is_seen(&state, &ask, user).await?;
    let mut sent = None;
    for _ in 0..TRIES {
        let ground = Ground::read(&state, ask.school).await?;
        let words = Words::new(l, &ground.directory, &ground.calendar);
        let mine = match sent.take() {
            Some(mine) => mine,
            None => wanted(&state, &words, &ground, &mut ask).await?,
        };
        let proposal = Proposal::of(&state, &ground, &ask, &mine).await?;
        let others = others(&state, &visitor, &ground, ask.base_no).await?;
        if !proposal.clashes.is_empty() {
            return Err(clashing(&words, &proposal, &others).into());
        }
        if proposal.merged == proposal.newest {
            if is_draft_done {
                state.db.drop_draft(ask.school, user).await?;
            }
            let newest = ground.versions.first();
            let from = newest.map_or_else(|| today(&state, &visitor), |version| version.from);
            return Ok(Json(Published { no: proposal.newest_no, from, unchanged: true, others }));
        }
        let from = first_date(l, &ground, &ask, today(&state, &visitor))?;
        refuse(&words, judge(&words, &ground, &proposal.merged), ask.accept_teacher_conflicts)?;
        let source = ask.version.map_or_else(|| "grid".to_owned(), |no| format!("rollback {no}"));
        let new = NewVersion {
            newest_no: proposal.newest_no,
            from,
            source,
            note: ask.note.clone(),
            timetable: proposal.merged,
        };
        match state.db.publish_timetable(ask.school, &new, user, state.now_ms()).await {
            Ok(no) => {
                if is_draft_done {
                    state.db.drop_draft(ask.school, user).await?;
                }
                tell_school(&state, ask.school).await?;
                tracing::info!(school.id = %ask.school, version = no, %from, "Published timetable {no} from {from}");
                return Ok(Json(Published { no, from, unchanged: false, others }));
            }
            Err(DbError::Outdated { .. }) => sent = Some(mine),
            Err(DbError::Fault(fault)) => return Err(Refusal::of(l, &fault).into()),
            Err(error) => return Err(error.into()),
        }
    }
    let what = ("别人正在不断发布课表，请稍后再发布。", "Others keep publishing: try again in a moment.");
    Err(Refusal::new(l, "base_no", what.0, what.1).with(StatusCode::CONFLICT).into())
}

/// What speaks against it, as a refusal.
fn refuse(words: &Words<'_>, verdict: Verdict, accepted: bool) -> Result<(), Refusal> {
    let (field, zh, en, problems) = if !verdict.refused.is_empty() {
        let n = verdict.refused.len();
        let zh = format!("有 {n} 处问题，课表没有发布。请先改好下面这些格。");
        let en = format!("{n} problems; nothing was published. Put these cells right first.");
        ("cells", zh, en, verdict.refused)
    } else if !verdict.teachers.is_empty() && !accepted {
        let n = verdict.teachers.len();
        let zh = format!("有 {n} 处教师同时上两节课，课表没有发布。改好，或勾选“仍然发布”。");
        let en = format!(
            "{n} teachers have two lessons at once; nothing was published. Change them or tick “publish anyway”."
        );
        ("accept_teacher_conflicts", zh, en, verdict.teachers)
    } else {
        return Ok(());
    };
    let mut refusal = Refusal::new(words.l, field, zh, en);
    refusal.problems = problems;
    Err(refusal)
}
