//! `GET /api/play/{channel}`: what the player needs to open a live channel, or why it cannot.

use crate::channel_state::ChannelState;
use crate::error::WebError;
use crate::lang::{Lang, Text};
use crate::pages::front::watch;
use crate::session::{self, Visitor};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use model::ChannelId;
use model::grant::Right;
use serde::Serialize;

/// A token opens new connections this long; the viewer's lease keeps it alive afterwards (threat T6).
pub const TOKEN_MS: i64 = 60_000;

/// `/api/play/…`, `/healthz`
pub fn router() -> Router<AppState> {
    Router::new().route("/api/play/{channel}", get(play)).route("/healthz", get(health))
}

/// What the player is told.
#[derive(Debug, Serialize)]
struct Play {
    /// `running`, `connecting`, `waiting`, `failed`, `stopped` or `offline`.
    state: &'static str,
    /// Whether there is something to open; without it `token` and `urls` are empty.
    can_play: bool,
    message_zh: String,
    message_en: String,
    title_zh: String,
    title_en: String,
    stream: String,
    token: String,
    /// The token opens connections until then, Unix ms by the site's clock.
    token_until_ms: i64,
    urls: Urls,
    /// `H.264`, `H.265`, or empty when unknown.
    video_codec: String,
    audio_codec: String,
    recording: bool,
    clicks: i64,
}

/// Addresses relative to the site (one-port mode), token included.
#[derive(Debug, Default, Serialize)]
struct Urls {
    flv: String,
    wsflv: String,
    hls: String,
    lease: String,
    leave: String,
}

async fn play(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(channel): Path<i64>,
) -> Result<Json<Play>, WebError> {
    let row = state.db.channel(ChannelId(channel)).await?;
    let view = state.relay.gatherer(row.channel.gatherer_id).unwrap_or_default();
    let now = ChannelState::of(&row.channel, &view);
    let stream = row.channel.id.stream();
    let mut clicks = row.clicks;
    if state.clicks.counts(&visitor.key, &stream, state.now_ms()) {
        state.db.channel_clicked(row.channel.id).await?;
        clicks += 1;
    }
    // A channel that is connecting may have a picture within the seconds that the live server holds its viewers.
    let can_play = matches!(now.code(), "running" | "connecting");
    let token_until_ms = state.now_ms() + TOKEN_MS;
    let token = match can_play {
        true => state.signer.sign(Right::Play, &stream, &viewer(&visitor)?, token_until_ms),
        false => String::new(),
    };
    let Text { zh, en } = now.sentence();
    Ok(Json(Play {
        state: now.code(),
        can_play,
        message_zh: zh,
        message_en: en,
        title_zh: watch::title(&row, Lang::Zh),
        title_en: watch::title(&row, Lang::En),
        urls: if can_play { urls(&stream, &token) } else { Urls::default() },
        stream,
        token,
        token_until_ms,
        video_codec: now.video_codec,
        audio_codec: now.audio_codec,
        recording: now.recording,
        clicks,
    }))
}

/// A fresh id for each opening of a page; the account stands before it, so that a lease can be traced to whom it was
/// given to.
fn viewer(visitor: &Visitor) -> Result<String, WebError> {
    let who = visitor.user.as_ref().map_or_else(|| "guest".to_owned(), |u| format!("u{}", u.id));
    let random = session::new_secret()?;
    Ok(format!("{who}.{}", &random[..16]))
}

fn urls(stream: &str, token: &str) -> Urls {
    let of = |tail: &str| format!("/live/{stream}{tail}?token={token}");
    Urls { flv: of(".flv"), wsflv: of(".flv"), hls: of(".m3u8"), lease: of("/lease"), leave: of("/leave") }
}

/// For supervisors: the site answers and so does its database.
async fn health(State(state): State<AppState>) -> Result<&'static str, WebError> {
    state.db.check().await?;
    Ok("ok\n")
}
