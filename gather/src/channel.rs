//! One task a channel: it keeps the source open, feeds its ring, and tells how it stands.

mod intake;
mod phases;

pub use intake::Intake;
pub(crate) use intake::{Counter, Meter};

use crate::address::AddressRules;
use crate::feed::{Feed, FeedBounds};
use crate::source::{self, SourceEnd};
use base::shutdown::Tasks;
use model::ChannelId;
use phases::Phases;
use relay_proto::{ChannelCause, ChannelPhase};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the rates are read.
const METER_EVERY: Duration = Duration::from_secs(1);

/// What the gatherer decides for all its channels.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// 自动重连网络摄像机: try a lost source again.
    pub reconnect_source: bool,
    /// What may be opened.
    pub rules: Arc<AddressRules>,
}

/// How a channel stands. The same words as in a report to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Where its source stands.
    pub phase: ChannelPhase,
    /// Why it does not run.
    pub cause: Option<ChannelCause>,
    /// English, for the admin. Never a password.
    pub detail: String,
    /// `H.264`, `H.265` or empty.
    pub video_codec: String,
    /// `AAC`, `AAC (G.711)` or empty.
    pub audio_codec: String,
    /// Pixels; 0 while unknown.
    pub width: u16,
    /// Pixels; 0 while unknown.
    pub height: u16,
    /// 接收码率: Kbit/s of media over the last 5 s. Its changes do not wake who waits for a change of the status.
    pub receive_kbps: u32,
}

impl Default for ChannelStatus {
    fn default() -> Self {
        Self {
            phase: ChannelPhase::Stopped,
            cause: None,
            detail: String::new(),
            video_codec: String::new(),
            audio_codec: String::new(),
            width: 0,
            height: 0,
            receive_kbps: 0,
        }
    }
}

/// What the task should be doing. Level-triggered: only the newest counts.
#[derive(Clone)]
struct Desired {
    channel: model::channel::Channel,
    settings: ChannelSettings,
    /// Counts up with every 断开重连.
    asked: u64,
}

impl Desired {
    /// Whether the connection in hand must be given up for `newer`.
    fn differs(&self, newer: &Desired) -> bool {
        self.asked != newer.asked
            || self.channel.enabled != newer.channel.enabled
            || self.channel.source != newer.channel.source
            || self.settings.rules != newer.settings.rules
    }
}

/// Starts channels.
pub struct Channel;

impl Channel {
    /// Starts the task of a channel; it opens the source at once when the channel is enabled. It ends when the handle
    /// is stopped or dropped, or when `tasks` are stopped.
    pub fn start(
        channel: model::channel::Channel,
        settings: ChannelSettings,
        tasks: &Tasks,
    ) -> ChannelHandle {
        let id = channel.id;
        let feed = Feed::new(FeedBounds::default());
        let (status, status_rx) = watch::channel(ChannelStatus::default());
        let (desired, desired_rx) = watch::channel(Desired { channel, settings, asked: 0 });
        let stop = tasks.token().child_token();
        let task = Task {
            id,
            feed: feed.clone(),
            status,
            desired: desired_rx,
            stop: stop.clone(),
            phases: Phases::default(),
            bytes: Counter::default(),
            meter: Meter::default(),
        };
        let task = tasks.spawn(format!("channel {id}"), task.run());
        ChannelHandle { id, feed, status: status_rx, desired, stop, task: Some(task) }
    }
}

/// Asks a channel's task. Dropping it stops the channel without waiting.
pub struct ChannelHandle {
    id: ChannelId,
    feed: Feed,
    status: watch::Receiver<ChannelStatus>,
    desired: watch::Sender<Desired>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl ChannelHandle {
    /// Which channel.
    pub fn id(&self) -> ChannelId {
        self.id
    }

    /// Its packets.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// How it stands; wakes on every change but that of the rate.
    pub fn status(&self) -> watch::Receiver<ChannelStatus> {
        self.status.clone()
    }

    /// 断开重连: gives up the connection in hand and opens a new one at once, also out of `Failed` or a pause.
    pub fn reconnect(&self) {
        self.desired.send_modify(|desired| desired.asked += 1);
    }

    /// New facts or settings. The connection is kept when the source stays the same; `enabled: false` stops it.
    pub fn update(&self, channel: model::channel::Channel, settings: ChannelSettings) {
        self.desired.send_modify(|desired| (desired.channel, desired.settings) = (channel, settings));
    }

    /// Stops the channel, closes its feed and waits for the end.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // An error means that it panicked or was aborted; `Tasks` has logged it.
            let _ = task.await;
        }
    }
}

impl Drop for ChannelHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Task {
    id: ChannelId,
    feed: Feed,
    status: watch::Sender<ChannelStatus>,
    desired: watch::Receiver<Desired>,
    stop: CancellationToken,
    phases: Phases,
    bytes: Counter,
    meter: Meter,
}

impl Task {
    async fn run(mut self) {
        loop {
            let desired = self.desired.borrow_and_update().clone();
            let pause = if desired.channel.enabled {
                self.connect(&desired).await
            } else {
                self.enter(ChannelPhase::Stopped, None, String::new());
                None
            };
            if self.stop.is_cancelled() {
                break;
            }
            if let Some(pause) = pause {
                self.wait(&desired, Some(pause)).await;
            } else if !desired.differs(&self.desired.borrow()) {
                self.wait(&desired, None).await;
            }
            if self.stop.is_cancelled() {
                break;
            }
        }
        self.enter(ChannelPhase::Stopped, None, String::new());
        self.feed.close();
    }

    /// One connection, from opening to its end. The pause before the next; `None` when nothing should be tried until
    /// something changes (or has changed already).
    async fn connect(&mut self, desired: &Desired) -> Option<Duration> {
        let id = self.id;
        self.enter(ChannelPhase::Connecting, None, String::new());
        info!(channel.id = %id, "Opening the source of channel {id}");
        let mut intake = Intake::counting(self.feed.clone(), self.status.clone(), self.bytes.clone());
        let end = {
            let source = source::run(&desired.channel.source, &desired.settings.rules, &mut intake);
            tokio::pin!(source);
            let mut tick = tokio::time::interval(METER_EVERY);
            loop {
                tokio::select! {
                    end = &mut source => break Some(end),
                    () = self.stop.cancelled() => break None,
                    changed = self.desired.changed() => {
                        // Without a handle nobody wants the channel.
                        if changed.is_err() || desired.differs(&self.desired.borrow_and_update()) {
                            break None;
                        }
                    }
                    _ = tick.tick() => read_meter(&mut self.meter, &self.bytes, &self.status),
                }
            }
        };
        let running_since = intake.running_since();
        let cause = end.as_ref().map_or(ChannelCause::Lost, |end| end.cause);
        if running_since.is_some() {
            self.feed.lost(cause);
        }
        let Some(SourceEnd { cause, detail }) = end else {
            self.phases.asked();
            return None;
        };
        // Settings may have changed under the connection: the newest decide.
        let reconnect = self.desired.borrow().settings.reconnect_source;
        let (phase, pause) = self.phases.ended(cause, running_since, Instant::now(), reconnect);
        let pause_ms = pause.map(|pause| pause.as_millis() as u64);
        warn!(channel.id = %id, ?cause, ?phase, pause_ms, "Source of channel {id} ended: {detail}");
        self.enter(phase, Some(cause), detail);
        pause
    }

    /// Waits for the pause, a change that matters, or the end.
    async fn wait(&mut self, desired: &Desired, pause: Option<Duration>) {
        let pause_over = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(pause_over);
        let mut tick = tokio::time::interval(METER_EVERY);
        loop {
            tokio::select! {
                () = &mut pause_over => return,
                () = self.stop.cancelled() => return,
                changed = self.desired.changed() => {
                    if changed.is_err() {
                        self.stop.cancel();
                        return;
                    }
                    let newer = self.desired.borrow_and_update();
                    let may_retry = pause.is_none() && newer.settings.reconnect_source
                        && !desired.settings.reconnect_source;
                    if desired.differs(&newer) || may_retry {
                        self.phases.asked();
                        return;
                    }
                }
                _ = tick.tick() => read_meter(&mut self.meter, &self.bytes, &self.status),
            }
        }
    }

    fn enter(&self, phase: ChannelPhase, cause: Option<ChannelCause>, detail: String) {
        let next = |old: &ChannelStatus| ChannelStatus {
            phase,
            cause,
            detail: detail.clone(),
            receive_kbps: old.receive_kbps,
            ..ChannelStatus::default()
        };
        self.status.send_if_modified(|status| {
            let newer = next(status);
            let is_new = *status != newer;
            *status = newer;
            is_new
        });
    }
}

/// The rate is written without waking anybody: it changes every second and nothing hangs on it.
fn read_meter(meter: &mut Meter, bytes: &Counter, status: &watch::Sender<ChannelStatus>) {
    let receive_kbps = meter.read(bytes, Instant::now());
    status.send_if_modified(|status| {
        status.receive_kbps = receive_kbps;
        false
    });
}
