//! `GET /feed/<token>.ics`: the lessons of a class, a teacher or a room for calendar programs (RFC 5545). The address is
//! the right to read: 256 random bits, of which the database holds only the SHA-256. An unknown and a revoked one are
//! answered alike.

mod events;

use crate::error::WebError;
use crate::extract::Peer;
use crate::pages::admin::today::read::today;
use crate::session;
use crate::state::AppState;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::FeedRow;
use events::Plan;
use jiff::ToSpan;
use model::SchoolId;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A feed reaches back so many days …
const BACK_DAYS: i64 = 14;
/// … and so many ahead.
const AHEAD_DAYS: i64 = 56;
/// A feed that was made is given out again for so long, ms; a change of the plan ends it at once.
const FRESH_MS: i64 = 60_000;
/// Feeds kept: a school's calendars come in waves after the hour. Each is some 100 KB.
const KEPT_MAX: usize = 64;
/// Feeds made at once; each keeps a core busy for some 100 ms.
const MADE_AT_ONCE: usize = 2;
/// A request waits so long for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// Characters of a token: 256 bits as base64url.
const TOKEN_CHARS: usize = 43;

/// `/feed/{file}`
pub fn router() -> Router<AppState> {
    Router::new().route("/feed/{file}", get(feed))
}

#[derive(Debug, Clone)]
struct Made {
    school: SchoolId,
    at_ms: i64,
    etag: String,
    body: Bytes,
}

/// Feeds made lately, and the turns of making one.
#[derive(Debug)]
pub struct Shelf {
    // A plain mutex: nothing is awaited while it is held.
    made: Mutex<HashMap<i64, Made>>,
    turns: Semaphore,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { made: Mutex::default(), turns: Semaphore::new(MADE_AT_ONCE) }
    }
}

impl Shelf {
    fn find(&self, id: i64, now_ms: i64) -> Option<Made> {
        let made = self.made.lock().unwrap_or_else(|e| e.into_inner());
        made.get(&id).filter(|m| (0..FRESH_MS).contains(&(now_ms - m.at_ms))).cloned()
    }

    fn keep(&self, id: i64, new: Made) {
        let mut made = self.made.lock().unwrap_or_else(|e| e.into_inner());
        if made.len() >= KEPT_MAX && !made.contains_key(&id) {
            let oldest = made.iter().min_by_key(|(_, m)| m.at_ms).map(|(id, _)| *id);
            oldest.and_then(|id| made.remove(&id));
        }
        made.insert(id, new);
    }

    /// A plan of the school has changed.
    pub fn forget(&self, school: SchoolId) {
        self.made.lock().unwrap_or_else(|e| e.into_inner()).retain(|_, m| m.school != school);
    }
}

/// The token in a file's name; anything else cannot be one.
fn token(file: &str) -> Option<&str> {
    let token = file.strip_suffix(".ics")?;
    let right = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (token.len() == TOKEN_CHARS && token.bytes().all(right)).then_some(token)
}

async fn feed(
    State(state): State<AppState>,
    Peer(ip): Peer,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let found = match token(&file) {
        Some(token) => state.db.feed_by_token(&session::hash(token), now_ms).await?,
        None => None,
    };
    let Some(row) = found else {
        // Nobody guesses 256 bits; whoever tries all the same gets slower answers, and never another one.
        return match state.limiter.try_now(&[format!("feed:{ip}")], now_ms) {
            Some(wait_ms) => Ok(slow_down(wait_ms)),
            // No page: it would repeat the address in its links.
            None => Ok((StatusCode::NOT_FOUND, "not found\n").into_response()),
        };
    };
    let made = match state.shelf.find(row.id, now_ms) {
        Some(made) => made,
        None => make(&state, &row).await?,
    };
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let same = known
        .flat_map(|line| line.split(','))
        .any(|tag| matches!(tag.trim(), t if t == made.etag || t == "*"));
    let mut answer = match same {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(CONTENT_TYPE, "text/calendar; charset=utf-8")], made.body).into_response(),
    };
    let headers = answer.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&made.etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"timetable.ics\""));
    Ok(answer)
}

fn slow_down(wait_ms: i64) -> Response {
    let mut answer = StatusCode::TOO_MANY_REQUESTS.into_response();
    let wait_s = wait_ms.div_euclid(1000) + 1;
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_s));
    answer
}

async fn make(state: &AppState, row: &FeedRow) -> Result<Made, WebError> {
    let busy = || {
        WebError::refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "现在订阅的人太多，请稍后再试。",
            "Too many calendars are asking now: try again later.",
        )
    };
    let turn = tokio::time::timeout(TURN_WITHIN, state.shelf.turns.acquire()).await;
    let Ok(Ok(_turn)) = turn else { return Err(busy()) };
    // Whoever waited may find it made.
    let now_ms = state.now_ms();
    if let Some(made) = state.shelf.find(row.id, now_ms) {
        return Ok(made);
    }
    let settings = state.db.settings().await?;
    let zone = jiff::tz::TimeZone::get(&settings.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let date = today(now_ms, &zone);
    let from = date.checked_sub(BACK_DAYS.days()).unwrap_or(date);
    let to = date.checked_add(AHEAD_DAYS.days()).unwrap_or(date);
    let plan = Plan {
        from,
        days: (BACK_DAYS + AHEAD_DAYS + 1) as u16,
        book: state.db.book(row.school_id, from, to).await?,
        directory: state.db.directory(row.school_id).await?,
        changes: state.db.changes(row.school_id, from, to).await?,
        calendar: state.db.calendar(row.school_id).await?,
        version: state.db.timetable_versions(row.school_id).await?.into_iter().next(),
        site: site(&settings.site_tag),
        row: row.clone(),
    };
    let (name, zone) = (row.label.clone(), settings.time_zone);
    let write = move || sheet::ics::write(&plan.events(), &name, &zone);
    let body = tokio::task::spawn_blocking(write)
        .await
        .map_err(|e| WebError::Internal(format!("making a feed: {e}")))?;
    let sum: String = Sha256::digest(&body).iter().take(16).map(|b| format!("{b:02x}")).collect();
    let etag = format!("\"{sum}\"");
    let made = Made { school: row.school_id, at_ms: now_ms, etag, body: Bytes::from(body) };
    state.shelf.keep(row.id, made.clone());
    Ok(made)
}

/// What stands behind the `@` of every UID: made of the site's own mark, which is drawn once and never changes, so that
/// two sites never share a UID, and a calendar keeps its lessons when the site gets another address.
fn site(site_tag: &str) -> String {
    match site_tag {
        "" => "yunlubo".to_owned(),
        tag => format!("{tag}.yunlubo"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_token_is_looked_up() {
        let good = "A".repeat(TOKEN_CHARS);
        assert_eq!(token(&format!("{good}.ics")), Some(good.as_str()));
        for bad in ["", ".ics", "x.ics", &good, &format!("{good}A.ics"), &format!("{}%.ics", "A".repeat(42))]
        {
            assert_eq!(token(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_shelf_is_bounded_and_forgets_a_school() {
        let shelf = Shelf::default();
        let made =
            |school, at_ms| Made { school: SchoolId(school), at_ms, etag: String::new(), body: Bytes::new() };
        for id in 0..(KEPT_MAX as i64 + 5) {
            shelf.keep(id, made(id % 2, id));
        }
        assert_eq!(shelf.made.lock().unwrap().len(), KEPT_MAX);
        assert!(shelf.find(0, 10).is_none(), "the oldest one went");
        assert!(shelf.find(60, 60 + FRESH_MS).is_none(), "an old one is made anew");
        shelf.forget(SchoolId(0));
        assert!(shelf.find(60, 61).is_none());
        assert!(shelf.find(61, 61).is_some());
    }

    #[test]
    fn a_site_has_a_name_in_uids() {
        assert_eq!(site("0a1b2c3d4e5f6"), "0a1b2c3d4e5f6.yunlubo");
        assert_eq!(site(""), "yunlubo");
    }
}
