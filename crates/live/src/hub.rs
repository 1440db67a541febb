//! All streams, and the handle the server holds.

use crate::ask::{Gate, PublishPass, Refused, Starter};
use crate::config::Config;
use crate::on_demand::State;
use crate::pace::Pace;
use crate::publication::codec_names;
use crate::stream::{Stream, lock};
use crate::viewer::ViewerKind;
use base::{CancellationToken, Tasks};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long tasks may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The live server. Clones share it.
#[derive(Clone)]
pub struct Handle {
    pub(crate) hub: Arc<Hub>,
}

pub(crate) struct Hub {
    pub config: Arc<Config>,
    pub gate: Arc<dyn Gate>,
    starter: Arc<dyn Starter>,
    streams: Mutex<HashMap<String, Arc<Stream>>>,
    pub tasks: Tasks,
    pace: Arc<Pace>,
}

/// One stream, for lists and metrics.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StreamInfo {
    /// Its name in addresses, `live7`.
    pub name: String,
    /// Viewers can start now.
    pub publishing: bool,
    /// `idle`, `starting`, `live` or `draining`.
    pub state: &'static str,
    /// Viewers over HTTP-FLV.
    pub viewers_flv: usize,
    /// Viewers over WS-FLV.
    pub viewers_ws: usize,
    /// Viewers over RTMP.
    pub viewers_rtmp: usize,
    /// Viewers over HLS: heard of within the lease.
    pub viewers_hls: usize,
    /// Page leases, whatever the page plays.
    pub leases: usize,
    /// `H.264`, `H.265`.
    pub video_codec: Option<&'static str>,
    /// `AAC`.
    pub audio_codec: Option<&'static str>,
    /// Pixels; 0 while unknown.
    pub width: u16,
    /// Pixels; 0 while unknown.
    pub height: u16,
    /// Media received since the stream was first used.
    pub in_bytes: u64,
    /// Media sent since the stream was first used.
    pub out_bytes: u64,
    /// When the publisher came, Unix ms; 0 without one.
    pub since_ms: i64,
}

/// One viewer, for lists and audit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ViewerInfo {
    /// The id the gate gave.
    pub viewer: String,
    /// How it watches.
    pub kind: ViewerKind,
    /// Since when, Unix ms; 0 for HLS.
    pub since_ms: i64,
    /// Sent to it; 0 for HLS.
    pub out_bytes: u64,
}

/// Starts the live server. RTMP is served on `rtmp_listener` when there is one; HTTP by [`crate::http::router`].
/// Everything ends when `shutdown` is cancelled, or by [`Handle::stop`]. Must be called inside a tokio runtime.
pub fn start(
    config: Config,
    gate: Arc<dyn Gate>,
    starter: Arc<dyn Starter>,
    rtmp_listener: Option<TcpListener>,
    shutdown: CancellationToken,
) -> Handle {
    let hub = Arc::new(Hub {
        config: Arc::new(config),
        gate,
        starter,
        streams: Mutex::new(HashMap::new()),
        tasks: Tasks::under(shutdown.child_token()),
        pace: Arc::default(),
    });
    let (pace, stop) = (hub.pace.clone(), hub.tasks.token().clone());
    hub.tasks.spawn("live pace", async move {
        tokio::select! { () = stop.cancelled() => {}, () = pace.watch() => {} }
    });
    if let Some(listener) = rtmp_listener {
        hub.tasks.spawn("live rtmp", crate::rtmp::serve(hub.clone(), listener));
    }
    Handle { hub }
}

impl Handle {
    /// All streams in use, by name.
    pub fn streams(&self) -> Vec<StreamInfo> {
        let streams: Vec<_> = lock(&self.hub.streams).values().cloned().collect();
        let mut infos: Vec<_> = streams.iter().map(|s| info(s)).collect();
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        infos
    }

    /// One stream, if it is in use.
    pub fn stream(&self, name: &str) -> Option<StreamInfo> {
        self.hub.find(name).map(|s| info(&s))
    }

    /// Who watches a stream now.
    pub fn viewers(&self, name: &str) -> Vec<ViewerInfo> {
        let Some(stream) = self.hub.find(name) else { return Vec::new() };
        let mut viewers: Vec<_> = lock(&stream.seats)
            .values()
            .map(|seat| ViewerInfo {
                viewer: seat.viewer.clone(),
                kind: seat.kind,
                since_ms: seat.since_ms,
                out_bytes: seat.out_bytes.load(Relaxed),
            })
            .collect();
        let hls = lock(&stream.hls).clone();
        viewers.extend(hls.iter().flat_map(|hls| hls.viewers()).map(|viewer| ViewerInfo {
            viewer,
            kind: ViewerKind::Hls,
            since_ms: 0,
            out_bytes: 0,
        }));
        viewers
    }

    /// Ends every connection and task; waits until they have.
    pub async fn stop(&self) {
        self.hub.tasks.stop_all(STOP_WITHIN).await;
    }
}

impl Hub {
    fn find(&self, name: &str) -> Option<Arc<Stream>> {
        lock(&self.streams).get(name).cloned()
    }

    /// The stream of that name, with its task. Called only for names the gate has let in.
    fn get_or_create(self: &Arc<Self>, name: &str) -> Result<Arc<Stream>, Refused> {
        let mut streams = lock(&self.streams);
        if let Some(stream) = streams.get(name) {
            return Ok(stream.clone());
        }
        if streams.len() >= self.config.streams || self.tasks.token().is_cancelled() {
            return Err(Refused::Busy);
        }
        let stream = Arc::new(Stream::new(name, self.config.clone(), self.pace.clone()));
        streams.insert(name.to_owned(), stream.clone());
        let hub = Arc::downgrade(self);
        let forget = move |stream: &Arc<Stream>| hub.upgrade().is_none_or(|hub| hub.forget(stream));
        let (gate, starter) = (self.gate.clone(), self.starter.clone());
        let task = stream.clone().run(gate, starter, self.tasks.token().clone(), forget);
        self.tasks.spawn(format!("live stream {name}"), task);
        Ok(stream)
    }

    /// Removes a stream that only the map and its task hold. New holders come through the map alone, which is locked.
    fn forget(&self, stream: &Arc<Stream>) -> bool {
        let mut streams = lock(&self.streams);
        let unused = Arc::strong_count(stream) <= 2 && stream.is_unused();
        if unused {
            streams.remove(&stream.name);
        }
        unused
    }

    /// A viewer with a token: the stream and the viewer's id.
    pub(crate) fn admit_play(
        self: &Arc<Self>,
        name: &str,
        token: &str,
    ) -> Result<(Arc<Stream>, String), Refused> {
        check_name_and_token(name, token)?;
        let now_ms = base::now_ms();
        if let Some(stream) = self.find(name)
            && let Some(viewer) = stream.known_pass(token, now_ms)
        {
            let admitted = self.gate.still_admits(name, &viewer, now_ms);
            return if admitted { Ok((stream, viewer)) } else { Err(Refused::Forbidden) };
        }
        let pass = self.gate.admit_play(name, token, now_ms)?;
        let stream = self.get_or_create(name)?;
        stream.remember_pass(token, &pass.viewer, pass.expires_at_ms)?;
        Ok((stream, pass.viewer))
    }

    /// A publisher with a token.
    pub(crate) fn admit_publish(
        self: &Arc<Self>,
        name: &str,
        token: &str,
    ) -> Result<(Arc<Stream>, PublishPass), Refused> {
        check_name_and_token(name, token)?;
        let pass = self.gate.admit_publish(name, token, base::now_ms())?;
        Ok((self.get_or_create(name)?, pass))
    }
}

/// Names and tokens come from outside: bound them before they become keys.
fn check_name_and_token(name: &str, token: &str) -> Result<(), Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(Refused::NoStream);
    }
    match token.len() {
        0 => Err(Refused::NoToken),
        1..=1024 => Ok(()),
        _ => Err(Refused::BadToken),
    }
}

fn info(stream: &Stream) -> StreamInfo {
    let tracks = lock(&stream.ring).tracks();
    let (video_codec, audio_codec) = codec_names(&tracks);
    let (width, height) =
        tracks.iter().find(|t| t.width > 0).map_or((0, 0), |track| (track.width, track.height));
    let mut counts = HashMap::new();
    let mut out_bytes = stream.out_bytes.load(Relaxed);
    for seat in lock(&stream.seats).values() {
        *counts.entry(seat.kind).or_insert(0) += 1;
        out_bytes += seat.out_bytes.load(Relaxed);
    }
    let count = |kind| counts.get(&kind).copied().unwrap_or(0);
    let hls = lock(&stream.hls).clone();
    StreamInfo {
        name: stream.name.clone(),
        publishing: stream.live.load(Relaxed),
        state: match stream.state() {
            State::Idle => "idle",
            State::Starting { .. } => "starting",
            State::Live => "live",
            State::Draining { .. } => "draining",
        },
        viewers_flv: count(ViewerKind::Flv),
        viewers_ws: count(ViewerKind::Ws),
        viewers_rtmp: count(ViewerKind::Rtmp),
        viewers_hls: hls.map_or(0, |hls| hls.viewers().len()),
        leases: stream.page_leases(),
        video_codec,
        audio_codec,
        width,
        height,
        in_bytes: stream.in_bytes.load(Relaxed),
        out_bytes,
        since_ms: lock(&stream.publisher).as_ref().map_or(0, |slot| slot.since_ms),
    }
}
