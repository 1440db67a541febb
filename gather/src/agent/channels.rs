//! The channels that run: held against the desired state, level-triggered.

use crate::address::AddressRules;
use crate::channel::{Channel, ChannelHandle, ChannelSettings};
use crate::feed::{Feed, Start};
use crate::push::{PushError, PushSet};
use crate::record::schedule::Schedule;
use crate::record::slicer::Rules;
use crate::record::{Plan, Recorder, RecordingNow, Studio};
use crate::site::Site;
use crate::snapshot::{SnapshotSettings, Snapshots};
use base::{CancellationToken, Tasks};
use model::ChannelId;
use model::slice::SliceEnd;
use relay_proto::site::DesiredState;
use relay_proto::{ChannelPhase, ChannelReport, Command, ErrorCode, Outcome, RemoteError, WantedPush};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tracing::{error, info, warn};

/// What every channel needs.
pub struct Surroundings {
    /// Where recordings go.
    pub studio: Studio,
    /// What may be opened.
    pub rules: Arc<AddressRules>,
    /// The site.
    pub site: Arc<Site>,
    /// Spool directories.
    pub spools: Arc<[PathBuf]>,
    /// Snapshot settings; the newest count.
    pub snapshots: watch::Receiver<SnapshotSettings>,
    /// Tasks of sources, pushes and snapshots; recorders have their own.
    pub tasks: Tasks,
    /// Tasks of recorders: they outlive the others for a moment when the gatherer stops.
    pub recorders: Tasks,
}

struct Running {
    spec: model::channel::Channel,
    handle: ChannelHandle,
    recorder: Recorder,
    snapshots: CancellationToken,
}

/// All channels of the desired state.
pub struct Channels {
    around: Surroundings,
    running: BTreeMap<ChannelId, Running>,
    pushes: PushSet,
}

impl Channels {
    /// None yet.
    pub fn new(around: Surroundings) -> Self {
        let host = around.site.base().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let pushes = PushSet::new(around.tasks.clone(), &host);
        Self { around, running: BTreeMap::new(), pushes }
    }

    /// Starts what is new, changes what changed, stops what is gone. `plans` are the lessons of the state by channel.
    pub async fn apply(&mut self, state: &DesiredState, mut plans: BTreeMap<ChannelId, Schedule>) {
        let gone: Vec<ChannelId> =
            self.running.keys().copied().filter(|id| !state.channels.iter().any(|c| c.id == *id)).collect();
        for id in gone {
            self.pushes.stop(id);
            if let Some(running) = self.running.remove(&id) {
                info!(channel.id = %id, "Channel {id} was taken away");
                running.stop(SliceEnd::Cancelled).await;
            }
        }
        let settings = ChannelSettings {
            reconnect_source: state.settings.reconnect_source,
            rules: self.around.rules.clone(),
        };
        for spec in &state.channels {
            let plan = Plan {
                schedule: plans.remove(&spec.id).unwrap_or_default(),
                rules: Rules::from(&state.settings),
                enabled: spec.enabled,
            };
            match self.running.get_mut(&spec.id) {
                // The recorder first: a channel that is stopped is cancelled, not lost.
                Some(running) => {
                    running.recorder.set_plan(plan);
                    running.handle.update(spec.clone(), settings.clone());
                    if !spec.enabled {
                        self.pushes.stop(spec.id);
                    }
                    running.spec = spec.clone();
                }
                None => self.start(spec, settings.clone(), plan),
            }
        }
    }

    fn start(&mut self, spec: &model::channel::Channel, settings: ChannelSettings, plan: Plan) {
        let id = spec.id;
        let around = &self.around;
        let handle = Channel::start(spec.clone(), settings, &around.tasks);
        let reader = handle.feed().read(Start::LastKeyframe);
        let recorder = match Recorder::start(&around.studio, id, reader, plan, &around.recorders) {
            Ok(recorder) => recorder,
            Err(error) => {
                error!(channel.id = %id, %error, "Channel {id} cannot be recorded; tried again with the next change");
                return;
            }
        };
        let stop = around.tasks.token().child_token();
        let snapshots = Snapshots {
            channel: id,
            feed: handle.feed().clone(),
            status: handle.status(),
            settings: around.snapshots.clone(),
            site: around.site.clone(),
            spools: around.spools.clone(),
        };
        around.tasks.spawn(format!("snapshots {id}"), snapshots.run(stop.clone()));
        self.running.insert(id, Running { spec: spec.clone(), handle, recorder, snapshots: stop });
    }

    /// Carries out a command of the relay that concerns a channel.
    pub fn order(&mut self, command: &Command) -> Outcome {
        match command {
            Command::PushStart(wanted) => match self.push(wanted) {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::Failed(error),
            },
            Command::PushStop { channel_id } => {
                self.pushes.stop(*channel_id);
                Outcome::Done
            }
            Command::Reconnect { channel_id } => match self.running.get(channel_id) {
                Some(running) => {
                    running.handle.reconnect();
                    Outcome::Done
                }
                None => Outcome::Failed(no_channel(*channel_id)),
            },
            Command::StateChanged { .. } => Outcome::Done,
        }
    }

    fn push(&mut self, wanted: &WantedPush) -> Result<(), RemoteError> {
        let id = wanted.channel_id;
        let running = self.running.get(&id).ok_or_else(|| no_channel(id))?;
        let status = running.handle.status().borrow().clone();
        if status.phase != ChannelPhase::Running {
            let message = format!("channel {id} has no picture: {}", status.detail);
            let cause = status.cause;
            return Err(RemoteError { code: ErrorCode::ChannelDown, message, cause });
        }
        let feed = running.handle.feed().clone();
        let bad = |error: PushError| RemoteError::new(ErrorCode::BadMessage, error.to_string());
        self.pushes.start(wanted, feed).map_err(bad)
    }

    /// The pushes of a `report_ack`: what is not listed stops, what is listed and missing starts.
    pub fn want(&mut self, wanted: &[WantedPush]) {
        let running = &self.running;
        let feed = |id: ChannelId| -> Option<Feed> {
            let running = running.get(&id)?;
            let up = running.handle.status().borrow().phase == ChannelPhase::Running;
            up.then(|| running.handle.feed().clone())
        };
        for error in self.pushes.want(wanted, feed) {
            warn!(%error, "A push that is wanted cannot be started");
        }
    }

    /// How every channel stands.
    pub fn reports(&self) -> Vec<ChannelReport> {
        self.running.iter().map(|(id, running)| self.report(*id, running)).collect()
    }

    fn report(&self, id: ChannelId, running: &Running) -> ChannelReport {
        let status = running.handle.status().borrow().clone();
        let push = self.pushes.status(id).unwrap_or_default();
        let now = running.recorder.now().borrow().clone();
        ChannelReport {
            channel_id: id,
            phase: status.phase,
            cause: status.cause,
            detail: [status.detail, running.recorder.problem(), push.error]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            recording: now.is_some(),
            lesson_key: now.map(|now| now.lesson_key),
            pushing: push.publishing,
            video_codec: status.video_codec,
            audio_codec: status.audio_codec,
            width: status.width,
            height: status.height,
            receive_kbps: status.receive_kbps,
            send_kbps: push.send_kbps,
        }
    }

    /// What is being recorded, by channel.
    pub fn recordings(&self) -> BTreeMap<ChannelId, RecordingNow> {
        let now =
            |(id, running): (&ChannelId, &Running)| Some((*id, running.recorder.now().borrow().clone()?));
        self.running.iter().filter_map(now).collect()
    }

    /// Stops all channels; open slices end as `shutdown`.
    pub async fn stop(&mut self) {
        let stops =
            std::mem::take(&mut self.running).into_values().map(|running| running.stop(SliceEnd::Shutdown));
        futures_util::future::join_all(stops).await;
    }
}

impl Running {
    async fn stop(self, end: SliceEnd) {
        self.snapshots.cancel();
        self.recorder.stop(end).await;
        self.handle.stop().await;
    }
}

fn no_channel(id: ChannelId) -> RemoteError {
    RemoteError::new(ErrorCode::NoChannel, format!("this gatherer has no channel {id}"))
}
