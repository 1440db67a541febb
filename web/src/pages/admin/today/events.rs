//! `GET /admin/today/events?school=`: the board as server-sent events (HTML Living Standard §9.2).
//!
//! `board` is everything, `cells` what changed since, `layout` means that the page must be read again, `stale` that the
//! site cannot look for the moment, `beat` that the line is up, `bye` that the session has ended.

use super::trouble::TroubleView;
use super::watch::{CellState, Listener, Snapshot};
use crate::error::WebError;
use crate::lang::Lang;
use crate::session::Visitor;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use model::SchoolId;
use model::right::{Action, Resource, authorize};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::time::Instant;

/// A browser that lost the line comes back after this, ms.
const RETRY_MS: u32 = 3_000;

/// What the address carries.
#[derive(Debug, Deserialize)]
pub struct Asked {
    school: i64,
    /// `layout` of the page that listens.
    #[serde(default)]
    layout: String,
}

#[derive(Serialize)]
struct CellOut<'a> {
    id: &'a str,
    tone: &'static str,
    word: &'a str,
    cause: &'a str,
}

#[derive(Serialize)]
struct Out<'a> {
    cells: Vec<CellOut<'a>>,
    due: usize,
    later: usize,
    recording: usize,
    coming: usize,
    recorded: usize,
    missing: usize,
    troubles: Vec<TroubleView>,
    told: String,
    lacking: String,
}

/// The stream.
pub async fn events(
    State(state): State<AppState>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let school = state.db.school(SchoolId(asked.school)).await?.id;
    let Some(listener) = state.boards.listen(&state, school) else {
        return Err(WebError::refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many",
            "打开今日课程的页面太多了，这一个不会自动刷新。请关掉一些，或手动刷新。",
            "Too many boards are open; this one does not renew itself. Close some, or reload by hand.",
        ));
    };
    let seen = headers.get("last-event-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let line = Line {
        state,
        school,
        key: visitor.key,
        lang: visitor.lang,
        beat_at: Instant::now() + listener.beat,
        listener,
        layout: asked.layout,
        seen,
        last: None,
        ended: false,
    };
    let body = Body::from_stream(stream::unfold(line, |mut line| async move {
        let bytes = line.next().await?;
        Some((Ok::<_, Infallible>(bytes), line))
    }));
    let fixed = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // nginx would keep events until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((fixed, body).into_response())
}

/// One browser's line.
struct Line {
    state: AppState,
    school: SchoolId,
    key: String,
    lang: Lang,
    listener: Listener,
    layout: String,
    /// Id of the last event that the browser had before it came back.
    seen: String,
    last: Option<Arc<Snapshot>>,
    beat_at: Instant,
    ended: bool,
}

impl Line {
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        loop {
            let stop = self.listener.stop.clone();
            let snapshot = self.listener.snapshots.borrow_and_update().clone();
            if let Some(text) = self.news(snapshot) {
                return Some(Bytes::from(text));
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = self.listener.snapshots.changed() => if changed.is_err() { return None },
                () = tokio::time::sleep_until(self.beat_at) => {
                    self.beat_at = Instant::now() + self.listener.beat;
                    self.ended = !self.may().await;
                    let event = if self.ended { "bye" } else { "beat" };
                    return Some(Bytes::from(format!("event: {event}\ndata: {{}}\n\n")));
                }
            }
        }
    }

    /// Whether the session is there still and may manage the site. When that cannot be asked the line ends; the browser
    /// comes back and is asked at the door.
    async fn may(&self) -> bool {
        let now_ms = self.state.now_ms();
        let asked = tokio::try_join!(self.state.db.session(&self.key, now_ms), self.state.db.settings());
        let Ok((Some(session), settings)) = asked else { return false };
        authorize(Some(session.user.role), Action::Manage, Resource::Site, settings.openness())
    }

    /// What this browser has not been told of a snapshot.
    fn news(&mut self, new: Arc<Snapshot>) -> Option<String> {
        if new.id.is_empty() {
            // Nothing was read yet; a first look that failed is said.
            return (new.stale && self.last.replace(new).is_none()).then(stale);
        }
        let text = match &self.last {
            Some(last) if Arc::ptr_eq(last, &new) => None,
            Some(last) if new.stale => (!last.stale).then(stale),
            Some(last) if !last.id.is_empty() && last.layout != new.layout => Some(again(&new)),
            Some(last) if !last.id.is_empty() => Some(self.event("cells", &new, Some(last))),
            _ if !self.layout.is_empty() && self.layout != new.layout => {
                // Either may be the older one: names are read again every half minute only.
                self.state.boards.nudge(self.school);
                Some(again(&new))
            }
            _ if self.seen == new.id => Some(format!("retry: {RETRY_MS}\nevent: beat\ndata: {{}}\n\n")),
            _ => Some(format!("retry: {RETRY_MS}\n{}", self.event("board", &new, None))),
        };
        self.last = Some(new);
        text
    }

    fn event(&self, name: &str, new: &Snapshot, last: Option<&Snapshot>) -> String {
        let l = self.lang;
        let is_new = |id: &String, cell: &CellState| last.and_then(|l| l.cells.get(id)) != Some(cell);
        let cells = new.cells.iter().filter(|(id, cell)| is_new(id, cell)).map(|(id, cell)| CellOut {
            id,
            tone: cell.tone.class(),
            word: l.of(&cell.word),
            cause: l.of(&cell.cause),
        });
        let out = Out {
            cells: cells.collect(),
            due: new.counts.due,
            later: new.counts.later,
            recording: new.counts.recording,
            coming: new.counts.coming,
            recorded: new.counts.recorded,
            missing: new.counts.missing,
            troubles: new.troubles.iter().map(|t| t.view(l)).collect(),
            told: format!("{}/{}", new.told.have, new.told.all),
            lacking: new.told.lacking.join(l.t("、", ", ")),
        };
        // Strings and numbers always become JSON; a line without data would be no event.
        let data = serde_json::to_string(&out).unwrap_or_default();
        format!("event: {name}\nid: {}\ndata: {data}\n\n", new.id)
    }
}

fn stale() -> String {
    "event: stale\ndata: {}\n\n".to_owned()
}

fn again(new: &Snapshot) -> String {
    format!("event: layout\nid: {}\ndata: {{}}\n\n", new.id)
}
