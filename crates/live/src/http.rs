//! HTTP-FLV, WS-FLV, HLS, and the leases of pages.
//!
//! | request | answer |
//! |---|---|
//! | `GET /live/{stream}.flv?token=` | FLV without end; upgraded: the same over WebSocket |
//! | `GET /live/{stream}.flv?token=&text` | the tags kept now, one line each |
//! | `GET /live/{stream}.m3u8?token=` | HLS playlist; each request renews the viewer's lease |
//! | `GET /live/{stream}/init-{n}.mp4`, `/{n}.m4s` | its parts, from memory |
//! | `POST /live/{stream}/lease?token=` | the page is still open (every 12 s) |
//! | `POST /live/{stream}/leave?token=` | it is not (`sendBeacon`) |
//!
//! A request for a silent stream is held while it starts. Refusals are JSON `{code, message_zh, message_en}`. A lease
//! answers `{"state": "idle"|"starting"|"live"|"draining", "error": null | refusal}`: why the last start failed.
//! Whoever accepts the connections should set `TCP_NODELAY`.

use crate::Handle;
use crate::ask::{Reason, Refused, StartError};
use crate::hls::{self, Part};
use crate::hub::Hub;
use crate::on_demand::{Event, State};
use crate::rtmp::token_of;
use crate::stream::lock;
use crate::viewer::{NoShow, Viewer, ViewerKind};
use axum::body::Body;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tracing::debug;

/// A WebSocket that takes no byte for so long is gone.
const WS_SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Players send nothing but pings and closes. Also the read buffer: its 128 KiB by default are cleared at every poll
/// (measured: 42 ms of CPU a viewer and minute, three times HTTP-FLV).
const WS_IN_BYTES: usize = 4 << 10;

/// Largest message sent: the write buffer keeps the size of the largest for ever, and the first one holds a whole GOP.
const WS_OUT_BYTES: usize = 32 << 10;

/// The routes, all under `/live/`.
pub fn router(handle: Handle) -> Router {
    Router::new()
        .route("/live/{file}", get(play))
        .route("/live/{stream}/{part}", get(part).post(lease))
        .with_state(handle.hub)
}

/// A refusal, as the outside sees it.
struct Refusal(Reason);

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self(refused.reason())
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        Self(error.reason())
    }
}

impl From<NoShow> for Refusal {
    fn from(no: NoShow) -> Self {
        match no {
            NoShow::Refused(refused) => refused.into(),
            NoShow::Start(error) => error.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::FORBIDDEN);
        answer(status, "application/json", Json(self.0).into_response().into_body())
    }
}

/// Every answer may be read by any page (the token is the right), and by no cache.
fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn play(
    Shared(hub): Shared<Arc<Hub>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let (name, kind) = file.rsplit_once('.').ok_or(Refused::NoStream)?;
    let token = token_of(&query);
    match kind {
        "flv" => {
            if upgrade.is_ok() && !origin_allowed(&headers, &hub.config.ws_origins) {
                return Err(Refused::Forbidden.into());
            }
            let (stream, viewer) = hub.admit_play(name, token)?;
            if query.split('&').any(|pair| pair == "text") {
                let text = lock(&stream.ring).describe();
                return Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", text));
            }
            match upgrade {
                Ok(upgrade) => {
                    let viewer = Viewer::open(stream, ViewerKind::Ws, viewer).await?;
                    let upgrade = upgrade
                        .max_message_size(WS_IN_BYTES)
                        .max_frame_size(WS_IN_BYTES)
                        .read_buffer_size(WS_IN_BYTES)
                        .write_buffer_size(0);
                    Ok(upgrade.on_upgrade(move |socket| serve_ws(socket, viewer)))
                }
                Err(_) => {
                    let viewer = Viewer::open(stream, ViewerKind::Flv, viewer).await?;
                    Ok(answer(StatusCode::OK, "video/x-flv", Body::from_stream(viewer.into_stream())))
                }
            }
        }
        "m3u8" => {
            let (stream, viewer) = hub.admit_play(name, token)?;
            let hls = hls::of(&stream, &hub.tasks, &viewer);
            let failures = stream.failures();
            stream.event(Event::Renewed(viewer));
            stream.wait_live(failures).await?;
            let text = hls.playlist(name, token).await.ok_or(StartError::Timeout)?;
            Ok(answer(StatusCode::OK, "application/vnd.apple.mpegurl", text))
        }
        _ => Err(Refused::NoStream.into()),
    }
}

async fn part(
    Shared(hub): Shared<Arc<Hub>>,
    Path((name, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (stream, _viewer) = hub.admit_play(&name, token_of(query.as_deref().unwrap_or_default()))?;
    let wanted = Part::from_file(&file).ok_or(Refused::NoStream)?;
    let hls = lock(&stream.hls).clone();
    let bytes = hls.and_then(|hls| hls.part(wanted)).ok_or(Refused::NoStream)?;
    stream.out_bytes.fetch_add(bytes.len() as u64, Relaxed);
    let mut response = answer(StatusCode::OK, "video/mp4", bytes);
    // A part never changes; a player that seeks back may keep it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    Ok(response)
}

async fn lease(
    Shared(hub): Shared<Arc<Hub>>,
    Path((name, what)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let (stream, viewer) = hub.admit_play(&name, token_of(&query))?;
    match what.as_str() {
        "lease" => stream.event(Event::Renewed(viewer)),
        "leave" => {
            if let Some(hls) = lock(&stream.hls).clone() {
                hls.leave(&viewer);
            }
            stream.event(Event::Ended(viewer));
        }
        _ => return Err(Refused::NoStream.into()),
    }
    let state = match stream.state() {
        State::Idle => "idle",
        State::Starting { .. } => "starting",
        State::Live => "live",
        State::Draining { .. } => "draining",
    };
    let error = stream.standing_failure().map(|error| error.reason());
    let body = Json(serde_json::json!({ "state": state, "error": error })).into_response().into_body();
    Ok(answer(StatusCode::OK, "application/json", body))
}

/// A WebSocket may be opened by any page of the web; browsers say which in `Origin`. Programs send none. The port does
/// not matter: the site and the live server may have two ports of one host.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let of_origin = origin.split_once("://").map_or("", |(_, host)| host);
    let (ours, theirs) = (without_port(host), without_port(of_origin));
    !ours.is_empty() && theirs.eq_ignore_ascii_case(ours)
        || allowed.iter().any(|a| a.eq_ignore_ascii_case(origin))
}

/// `host:8080` → `host`, `[::1]:8080` → `[::1]`.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

async fn serve_ws(mut socket: WebSocket, mut viewer: Viewer) {
    loop {
        tokio::select! {
            bytes = viewer.next() => {
                let Some(bytes) = bytes else { break };
                let sent = tokio::time::timeout(WS_SEND_TIMEOUT, send_ws(&mut socket, bytes)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    break;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    debug!("A WebSocket viewer ended");
}

/// FLV may be cut anywhere; players put it together.
async fn send_ws(socket: &mut WebSocket, mut bytes: Bytes) -> Result<(), axum::Error> {
    while !bytes.is_empty() {
        let part = bytes.split_to(bytes.len().min(WS_OUT_BYTES));
        socket.send(Message::Binary(part)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: Option<&'static str>, allowed: &[&str], expect: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("school.example:8080"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let allowed: Vec<_> = allowed.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(origin_allowed(&headers, &allowed), expect, "{origin:?}");
    }

    #[test]
    fn a_websocket_is_for_our_own_pages_and_those_allowed() {
        check(None, &[], true);
        check(Some("http://school.example:8080"), &[], true);
        check(Some("https://SCHOOL.example:8080"), &[], true);
        check(Some("http://school.example"), &[], true);
        check(Some("http://school.example.evil.example:8080"), &[], false);
        check(Some("http://evil.example"), &[], false);
        check(Some("null"), &[], false);
        check(Some("https://www.school.example"), &["https://www.school.example"], true);
    }
}
