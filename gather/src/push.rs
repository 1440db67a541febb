//! Push on demand: a channel goes to a live server over RTMP while somebody watches, and not otherwise (R-LIV-01).
//!
//! [`PushSet`] is level-triggered: it is told what is wanted now, as often as the relay says so, and starts and stops
//! the difference. A [`Pusher`] keeps one push up until it is stopped.

mod session;

use crate::channel::{Counter, Meter};
use crate::feed::Feed;
use base::backoff::Backoff;
use base::shutdown::Tasks;
use model::ChannelId;
use relay_proto::WantedPush;
use rtmp_proto::RtmpUrl;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// First and last pause after a push that broke off: somebody is waiting, so much shorter than for cameras.
const RETRY: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));
/// A push that held so long was well: the next pause is the short one.
const WELL_AFTER: Duration = Duration::from_secs(5);
/// How often the rate is read.
const METER_EVERY: Duration = Duration::from_secs(1);

/// How a push stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushStatus {
    /// The live server has accepted and packets go out.
    pub publishing: bool,
    /// 发送码率: Kbit/s over the last 5 s. Its changes wake nobody.
    pub send_kbps: u32,
    /// Why the last try ended, English, without the token; empty while all is well.
    pub error: String,
}

/// Why a push cannot be started.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum PushError {
    /// The push address is no RTMP address.
    #[error("starting a push of channel {channel_id}: {source}")]
    Address {
        /// Which channel.
        channel_id: ChannelId,
        /// What is wrong with it.
        source: rtmp_proto::RtmpUrlError,
    },
}

/// One push, kept up until stopped or dropped.
pub struct Pusher {
    epoch: u64,
    status: watch::Receiver<PushStatus>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Pusher {
    /// Starts to publish `feed` to the address of `wanted`. `site_host` stands in for a host of `-`.
    ///
    /// # Errors
    /// [`PushError::Address`].
    pub fn start(feed: Feed, wanted: &WantedPush, site_host: &str, tasks: &Tasks) -> Result<Self, PushError> {
        let channel_id = wanted.channel_id;
        let mut url: RtmpUrl =
            wanted.url.parse().map_err(|source| PushError::Address { channel_id, source })?;
        if url.host == "-" {
            url.host = site_host.to_owned();
        }
        let (status_tx, status) = watch::channel(PushStatus::default());
        let stop = tasks.token().child_token();
        let task = keep_up(channel_id, url, feed, status_tx, stop.clone());
        let task = tasks.spawn(format!("push {channel_id}"), task);
        Ok(Self { epoch: wanted.epoch, status, stop, task })
    }

    /// The epoch it was started with.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How it stands.
    pub fn status(&self) -> watch::Receiver<PushStatus> {
        self.status.clone()
    }

    /// Whether it ended by itself: its channel was stopped.
    pub fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Pusher {
    /// The task says goodbye to the live server by itself.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Tries again and again until stopped; ends when the feed is closed.
async fn keep_up(
    channel_id: ChannelId,
    url: RtmpUrl,
    feed: Feed,
    status: watch::Sender<PushStatus>,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    let bytes = Counter::default();
    let rate = async {
        let (mut meter, mut tick) = (Meter::default(), tokio::time::interval(METER_EVERY));
        loop {
            tick.tick().await;
            let send_kbps = meter.read(&bytes, Instant::now());
            status.send_if_modified(|status| {
                status.send_kbps = send_kbps;
                false
            });
        }
    };
    let tries = async {
        loop {
            let mut session = session::Session::new(&url, &feed, &bytes);
            let mut published_at = None;
            let end = session
                .run(&stop, || {
                    published_at = Some(Instant::now());
                    info!(channel.id = %channel_id, push.url = %url, "Pushing channel {channel_id} to {url}");
                    status.send_modify(|status| (status.publishing, status.error) = (true, String::new()));
                })
                .await;
            let error = match end {
                session::End::Stopped => String::new(),
                session::End::Failed(error) => error,
            };
            status.send_modify(|status| (status.publishing, status.error) = (false, error.clone()));
            if error.is_empty() {
                info!(channel.id = %channel_id, "Push of channel {channel_id} ended");
                return;
            }
            if published_at.is_some_and(|at| at.elapsed() >= WELL_AFTER) {
                backoff.reset();
            }
            let pause = backoff.next();
            let pause_ms = pause.as_millis() as u64;
            warn!(channel.id = %channel_id, push.url = %url, pause_ms, "Push of channel {channel_id} broke off: {error}");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    };
    tokio::select! {
        () = rate => {}
        () = tries => {}
    }
}

/// All pushes of a gatherer, at most one a channel.
pub struct PushSet {
    tasks: Tasks,
    site_host: String,
    pushes: HashMap<ChannelId, Pusher>,
}

impl PushSet {
    /// None yet. `site_host` is the host by which this gatherer reaches the site: it stands in for `-` in addresses.
    pub fn new(tasks: Tasks, site_host: &str) -> Self {
        Self { tasks, site_host: site_host.to_owned(), pushes: HashMap::new() }
    }

    /// Starts a push. One that runs with the same or a higher epoch is left alone (R-LIV-04); a higher one replaces it.
    ///
    /// # Errors
    /// [`PushError`].
    pub fn start(&mut self, wanted: &WantedPush, feed: Feed) -> Result<(), PushError> {
        let running = self.pushes.get(&wanted.channel_id).filter(|push| !push.is_over());
        if running.is_some_and(|push| push.epoch() >= wanted.epoch) {
            return Ok(());
        }
        self.pushes.remove(&wanted.channel_id);
        let push = Pusher::start(feed, wanted, &self.site_host, &self.tasks)?;
        self.pushes.insert(wanted.channel_id, push);
        Ok(())
    }

    /// Stops a push; nothing happens when there is none.
    pub fn stop(&mut self, channel_id: ChannelId) {
        self.pushes.remove(&channel_id);
    }

    /// The truth: what is not listed stops, what is listed and missing starts. `feed` gives the feed of a channel that
    /// may be pushed; without one nothing starts. Bad addresses come back.
    pub fn want(
        &mut self,
        wanted: &[WantedPush],
        mut feed: impl FnMut(ChannelId) -> Option<Feed>,
    ) -> Vec<PushError> {
        self.pushes.retain(|id, push| !push.is_over() && wanted.iter().any(|w| w.channel_id == *id));
        let start = |wanted| match feed(wanted_id(wanted)) {
            Some(feed) => self.start(wanted, feed).err(),
            None => None,
        };
        wanted.iter().filter_map(start).collect()
    }

    /// How the push of a channel stands; `None` when there is none.
    pub fn status(&self, channel_id: ChannelId) -> Option<PushStatus> {
        let push = self.pushes.get(&channel_id).filter(|push| !push.is_over())?;
        Some(push.status.borrow().clone())
    }
}

fn wanted_id(wanted: &WantedPush) -> ChannelId {
    wanted.channel_id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::FeedBounds;

    fn wanted(channel: i64, epoch: u64) -> WantedPush {
        let url = "rtmp://127.0.0.1:1/live/x?token=t".to_owned();
        WantedPush { channel_id: ChannelId(channel), url, epoch }
    }

    #[tokio::test]
    async fn what_is_wanted_runs_once_and_what_is_not_stops() {
        let tasks = Tasks::new();
        let mut set = PushSet::new(tasks.clone(), "127.0.0.1");
        let feed = Feed::new(FeedBounds::default());
        let give = |id: ChannelId| (id.0 < 9).then(|| feed.clone());
        assert!(set.want(&[wanted(1, 5), wanted(2, 1), wanted(9, 1)], give).is_empty());
        assert_eq!(tasks.running(), ["push 1", "push 2"]);
        let before = set.pushes[&ChannelId(1)].stop.clone();
        set.want(&[wanted(1, 5)], give);
        set.start(&wanted(1, 4), feed.clone()).unwrap();
        assert!(!before.is_cancelled(), "the same or a lower epoch changes nothing");
        set.start(&wanted(1, 6), feed.clone()).unwrap();
        assert!(before.is_cancelled());
        assert!(set.status(ChannelId(2)).is_none());
        let bad = WantedPush { url: "http://x/".into(), ..wanted(3, 1) };
        assert_eq!(set.want(&[bad], give).len(), 1);
        drop(set);
        assert!(tasks.stop_all(Duration::from_secs(5)).await.is_empty());
    }
}
