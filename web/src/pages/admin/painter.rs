//! The free-time painter of a channel's week (R-SCH-01…11): what its script is given, 全部保存, and two editors at once.
//! The page itself and the forms for browsers without scripts are in [`super::timetable`].

mod ghosts;
mod merge;
pub mod posted;

use super::desk::Desk;
use super::states::delivery;
use super::timetable::told_note;
use super::timetable_edit::{Outcome, write};
use crate::error::WebError;
use crate::lang::Lang;
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use db::{ChannelRow, RangeRow, range_revision};
use ghosts::Ghosts;
use merge::{Asked, Clash, Difference, Merged, RangeFault, Upsert};
use model::fault::{Fault, Reason};
use model::timetable::{RANGES_MAX, WeeklyRange};
use model::{ChannelId, SubjectId, TeacherId};
use posted::Posted;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// How often a save is merged again because somebody else saved between reading and writing.
const TRIES_MAX: usize = 4;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/admin/channels/{id}/timetable/save", post(save))
        .route("/admin/channels/{id}/timetable/told", get(told))
}

/// What the script starts from.
#[derive(Debug, Serialize)]
struct Start {
    channel: ChannelId,
    rev: String,
    ranges: Vec<WeeklyRange>,
    subjects: Vec<(SubjectId, String)>,
    teachers: Vec<(TeacherId, String)>,
    ghosts: Ghosts,
    limit: usize,
}

/// What the script of a channel's page starts from, as JSON.
pub async fn start(
    state: &AppState,
    desk: &Desk,
    channel: &ChannelRow,
    rows: &[RangeRow],
) -> Result<String, WebError> {
    let ranges: Vec<WeeklyRange> = rows.iter().map(|r| r.range.clone()).collect();
    let subjects = state.db.all_subjects().await?.into_iter().map(|s| (s.id, s.name)).collect();
    let teachers = state.db.all_teachers().await?.into_iter().map(|t| (t.id, t.name)).collect();
    let start = Start {
        channel: channel.channel.id,
        rev: range_revision(&ranges),
        ranges,
        subjects,
        teachers,
        ghosts: ghosts::of_channel(state, desk.l, &desk.zone, channel).await?,
        limit: RANGES_MAX,
    };
    serde_json::to_string(&start).map_err(|e| WebError::Internal(format!("writing a week as JSON: {e}")))
}

/// 全部保存 as the script posts it.
#[derive(Debug, Deserialize)]
struct Save {
    /// Revision of the week it was drawn from.
    rev: String,
    /// That week; lets a save be merged with what others saved meanwhile. Must have the revision `rev`.
    #[serde(default)]
    seen: Vec<WeeklyRange>,
    #[serde(default)]
    upserts: Vec<Upsert>,
    #[serde(default)]
    removed: Vec<i64>,
}

/// What became of the gatherer's copy.
#[derive(Debug, Serialize)]
struct Told {
    tone: &'static str,
    word: &'static str,
    note: String,
}

/// The week after a save, and what others had saved meanwhile.
#[derive(Debug, Serialize)]
struct Saved {
    rev: String,
    ranges: Vec<WeeklyRange>,
    told: Told,
    others: Difference,
}

/// A save that was not done because somebody else changed the same ranges: nothing is lost, the editor chooses.
#[derive(Debug, Serialize)]
struct Outdated {
    code: &'static str,
    message: &'static str,
    rev: String,
    ranges: Vec<WeeklyRange>,
    others: Difference,
    clashes: Vec<Clash>,
}

/// A save that breaks a rule.
#[derive(Debug, Serialize)]
struct Refused {
    code: &'static str,
    message: &'static str,
    faults: Vec<FaultText>,
}

/// One broken rule.
#[derive(Debug, Serialize)]
struct FaultText {
    /// Which of `upserts`; absent = the whole week or `removed`.
    index: Option<usize>,
    field: &'static str,
    message: String,
}

async fn told_of(state: &AppState, l: Lang, channel: &ChannelRow) -> Result<Told, WebError> {
    let gatherer = channel.channel.gatherer_id;
    let version = state.db.state_version(gatherer).await?;
    let (tone, word) = delivery(l, state.relay.gatherer(gatherer).as_ref(), version);
    Ok(Told { tone, word, note: told_note(l, tone, channel) })
}

/// `GET …/timetable/told`: whether the gatherer runs the newest week, polled after a save.
async fn told(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let channel = state.db.channel(ChannelId(id)).await?;
    Ok(Json(told_of(&state, visitor.lang, &channel).await?).into_response())
}

/// `POST …/timetable/save`
async fn save(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Posted(sent): Posted<Save>,
) -> Result<Response, WebError> {
    let l = visitor.lang;
    let channel = state.db.channel(ChannelId(id)).await?;
    let unknown = unknown_references(&state, &sent.upserts).await?;
    for _ in 0..TRIES_MAX {
        let now = state.db.ranges(channel.channel.id).await?;
        let rev = range_revision(&now);
        let Some(seen) = seen(&sent, &now, &rev) else {
            return Ok(outdated(l, rev, now, Difference::default(), Vec::new()));
        };
        let asked = Asked {
            channel: channel.channel.id,
            seen,
            now: &now,
            upserts: &sent.upserts,
            removed: &sent.removed,
        };
        let others = asked.others();
        let changes = match asked.merge() {
            _ if !unknown.is_empty() => return Ok(refused(l, unknown)),
            Merged::Faults(faults) => return Ok(refused(l, faults)),
            Merged::Clashes(clashes) => return Ok(outdated(l, rev, now, others, clashes)),
            Merged::Changes(changes) => changes,
        };
        match write(&state, &channel, &rev, &changes).await? {
            Outcome::Saved => {
                let ranges = state.db.ranges(channel.channel.id).await?;
                let told = told_of(&state, l, &channel).await?;
                return Ok(Json(Saved { rev: range_revision(&ranges), ranges, told, others }).into_response());
            }
            Outcome::Refused(fault) => return Ok(refused(l, vec![RangeFault { index: None, fault }])),
            Outcome::Outdated => {}
        }
    }
    let now = state.db.ranges(channel.channel.id).await?;
    Ok(outdated(l, range_revision(&now), now, Difference::default(), Vec::new()))
}

/// The week that the editor started from: today's when nobody saved meanwhile, else the one sent along if it really has
/// the revision that it claims.
fn seen<'a>(sent: &'a Save, now: &'a [WeeklyRange], rev: &str) -> Option<&'a [WeeklyRange]> {
    if sent.rev == rev { Some(now) } else { (range_revision(&sent.seen) == sent.rev).then_some(&sent.seen) }
}

/// Subjects and teachers that do not exist (any more).
async fn unknown_references(state: &AppState, upserts: &[Upsert]) -> Result<Vec<RangeFault>, WebError> {
    let subjects: HashSet<i64> = state.db.all_subjects().await?.iter().map(|s| s.id.0).collect();
    let teachers: HashSet<i64> = state.db.all_teachers().await?.iter().map(|t| t.id.0).collect();
    let mut faults = Vec::new();
    for (index, upsert) in upserts.iter().enumerate() {
        let fields =
            [("subject_id", upsert.subject_id, &subjects), ("teacher_id", upsert.teacher_id, &teachers)];
        for (field, id, known) in fields {
            if !known.contains(&id) {
                faults.push(RangeFault { index: Some(index), fault: Fault::new(field, Reason::Unknown) });
            }
        }
    }
    Ok(faults)
}

fn refused(l: Lang, faults: Vec<RangeFault>) -> Response {
    let overlaps = faults.iter().any(|f| matches!(f.fault.reason, Reason::Overlap { .. }));
    let message = if overlaps {
        l.t("时间段发生重叠，应用失败！", "The ranges overlap: nothing was saved!")
    } else {
        l.t(
            "没有保存：请修改标出的时间段后再保存。",
            "Not saved: correct the marked ranges, then save again.",
        )
    };
    let faults = faults
        .into_iter()
        .map(|f| FaultText { index: f.index, field: f.fault.field, message: l.fault(&f.fault) })
        .collect();
    (StatusCode::UNPROCESSABLE_ENTITY, Json(Refused { code: "refused", message, faults })).into_response()
}

fn outdated(
    l: Lang,
    rev: String,
    ranges: Vec<WeeklyRange>,
    others: Difference,
    clashes: Vec<Clash>,
) -> Response {
    let message = l.t(
        "没有保存：别人同时修改了这张录像表。请逐条选择保留哪一个，再保存。",
        "Not saved: somebody else changed the same ranges. Choose which ones to keep, then save again.",
    );
    let body = Outdated { code: "outdated", message, rev, ranges, others, clashes };
    (StatusCode::CONFLICT, Json(body)).into_response()
}
