//! The agent: starts from the state on disk within a second, follows the site when it is there, and holds everything together.
//!
//! Order of stopping: link and uploads, channels (their recorders close the open slices), finisher, ledger.

mod channels;
mod machine;
pub mod status;

pub use machine::this_machine;

use crate::config::Config;
use crate::disk;
use crate::error::Result;
use crate::identity::Identity;
use crate::link::{Link, LinkStatus, Orders, relay_url};
use crate::record::Studio;
use crate::record::finish::{Finisher, sweep};
use crate::record::ledger::{Ledger, SliceState};
use crate::record::schedule::Schedule;
use crate::site::{Site, StateAnswer};
use crate::snapshot::SnapshotSettings;
use crate::state::StateFile;
use crate::upload::{UploadSettings, UploadStatus, Uploader};
use base::{Backoff, CancellationToken, Clock, Tasks};
use channels::{Channels, Surroundings};
use relay_proto::site::DesiredState;
use relay_proto::{Command, Outcome, Report, WantedPush};
use status::{DiskLine, StatusFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, watch};
use tracing::{error, info, warn};
use url::Url;

/// The report is compared with the last one this often: a change reaches the relay within twice this.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// `status.json` and a look at `gather.toml` every so many looks: 2 s.
const LOOKS_A_STATUS: u32 = 10;
/// The state is fetched again after this even when nobody says so: the relay may be down while the site is not.
const FETCH_EVERY: Duration = Duration::from_secs(60);
/// How long the site has for the first answer before the cached state runs: a lesson that was cancelled meanwhile should
/// not be recorded for a moment, and no lesson should wait for a site that is gone.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Time for sources, link and pushes to end.
const TASKS_WITHIN: Duration = Duration::from_secs(5);
/// Time for slices to be finished; what is not is recovered at the next start.
const SLICES_WITHIN: Duration = Duration::from_secs(60);
/// Deleted slices are remembered so long, so that their sequence numbers are not used again.
const REMEMBER_MS: i64 = 60 * 86_400_000;

/// Why the agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Stopped,
    /// `gather.toml` changed (a new enrolment): start again with it.
    ConfigChanged,
}

/// What orders, fetching and reporting share.
struct Shared {
    site: Arc<Site>,
    file: StateFile,
    /// A tokio mutex: stopping a channel waits for its recorder.
    channels: Mutex<Channels>,
    version: AtomicI64,
    state: watch::Sender<Option<Arc<DesiredState>>>,
    fetch: Notify,
    site_error: watch::Sender<String>,
    /// Uploads wake when the site is back.
    uploads: Arc<Notify>,
    relay: watch::Sender<Url>,
    snapshots: watch::Sender<SnapshotSettings>,
    upload_settings: watch::Sender<UploadSettings>,
}

impl Shared {
    /// Runs a desired state from now on. Its lessons go to the recorders and are not kept twice.
    async fn apply(&self, mut state: DesiredState) {
        let storage = match state.storage_url.as_str() {
            "" => self.site.base().clone(),
            text => Url::parse(text).unwrap_or_else(|error| {
                warn!(%error, "The storage address `{text}` cannot be read; using the site's own");
                self.site.base().clone()
            }),
        };
        match relay_url(self.site.base(), &state.relay_host, state.relay_port) {
            Ok(url) => set(&self.relay, url),
            Err(error) => warn!(%error, "The relay's address cannot be read"),
        }
        let every = Duration::from_secs(u64::from(state.settings.snapshot_min.clamp(1, 10)) * 60);
        set(&self.snapshots, SnapshotSettings { every, storage: storage.clone() });
        set(&self.upload_settings, UploadSettings { storage, reconnect: state.settings.reconnect_storage });
        let plans = Schedule::by_channel(std::mem::take(&mut state.lessons));
        self.channels.lock().await.apply(&state, plans).await;
        self.version.store(state.version, Ordering::Relaxed);
        self.state.send_replace(Some(Arc::new(state)));
    }

    /// Starts from the cached state, unless the site has another one at hand: recording needs nobody.
    async fn begin(&self, cached: DesiredState) {
        let tag = cached.tag();
        let answer = tokio::time::timeout(FIRST_ANSWER_WITHIN, self.site.state(Some(&tag))).await;
        if let Ok(Ok(StateAnswer::New(state))) = answer {
            info!(version = state.version, "Starting from a new desired state");
            let state = self.keep(state).await;
            return self.apply(*state).await;
        }
        info!(version = cached.version, channels = cached.channels.len(), "Starting from the cached state");
        self.apply(cached).await;
    }

    /// Puts it on disk, away from the threads that move media: it may be megabytes.
    async fn keep(&self, state: Box<DesiredState>) -> Box<DesiredState> {
        let (file, state) = (self.file.clone(), Arc::new(state));
        let kept = state.clone();
        match tokio::task::spawn_blocking(move || file.save(&kept)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!(%error, "The desired state could not be kept on disk"),
            Err(error) => error!(%error, "Keeping the desired state panicked"),
        }
        Arc::unwrap_or_clone(state)
    }

    /// Follows the site for ever; its absence changes nothing here.
    async fn follow(self: Arc<Self>, token: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let known = self.state.borrow().as_ref().map(|state| state.tag());
            let pause = match self.site.state(known.as_deref()).await {
                Ok(answer) => {
                    backoff.reset();
                    set(&self.site_error, String::new());
                    if let StateAnswer::New(state) = answer {
                        let (channels, lessons) = (state.channels.len(), state.lessons.len());
                        info!(version = state.version, channels, lessons, "New desired state");
                        let state = self.keep(state).await;
                        self.apply(*state).await;
                    }
                    FETCH_EVERY
                }
                Err(error) => {
                    let pause = backoff.next();
                    warn!(%error, pause_ms = pause.as_millis() as u64, "No desired state from the site: {error}");
                    set(&self.site_error, error.to_string());
                    pause
                }
            };
            tokio::select! {
                () = token.cancelled() => return,
                () = self.fetch.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// Sets a watch only when the value is another one.
fn set<T: PartialEq>(sender: &watch::Sender<T>, value: T) {
    sender.send_if_modified(|old| {
        let changed = *old != value;
        *old = value;
        changed
    });
}

impl Orders for Shared {
    async fn order(&self, command: Command) -> Outcome {
        info!(?command, "Command from the relay");
        if let Command::StateChanged { version } = command {
            if version != self.version.load(Ordering::Relaxed) {
                self.fetch.notify_one();
            }
            return Outcome::Done;
        }
        self.channels.lock().await.order(&command)
    }

    async fn truth(&self, state_version: i64, wanted: Vec<WantedPush>) {
        if state_version != self.version.load(Ordering::Relaxed) {
            self.fetch.notify_one();
        }
        self.channels.lock().await.want(&wanted);
    }

    fn linked(&self) {
        self.fetch.notify_one();
        self.uploads.notify_one();
    }
}

/// One run of the agent on a data directory that the caller has locked.
pub struct Agent {
    data: PathBuf,
    config: Config,
    identity: Identity,
    clock: Clock,
}

/// Everything that runs, for the loop that looks after it.
struct Parts {
    shared: Arc<Shared>,
    ledger: Ledger,
    finisher: Finisher,
    spools: Arc<[PathBuf]>,
    tasks: Tasks,
    recorders: Tasks,
    report: watch::Sender<Report>,
    link: watch::Receiver<LinkStatus>,
    uploads: watch::Receiver<UploadStatus>,
}

impl Agent {
    /// Reads configuration and key of `data`.
    pub fn load(data: &Path) -> Result<Self> {
        let config = Config::load(data)?;
        let identity = Identity::load(data)?;
        Ok(Self { data: data.to_owned(), config, identity, clock: Clock::System })
    }

    /// The configuration that was read.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs until the token is cancelled or `gather.toml` changes.
    pub async fn run(self, token: CancellationToken) -> Result<Ended> {
        let (data, config) = (self.data.clone(), self.config.clone());
        let parts = self.start().await?;
        let ended = parts.look_after(&data, &config, &token).await;
        parts.stop().await;
        Ok(ended)
    }

    async fn start(self) -> Result<Parts> {
        let Self { data, config, identity, clock } = self;
        let base = config.site_url()?;
        let spools: Arc<[PathBuf]> = config.spools(&data)?.into();
        let owner = format!("{}@{}", config.gatherer_id, identity.public_key());
        let ledger = Ledger::open(&data.join("ledger.db"), &owner).await?;
        let machine = machine_of(base.clone()).await;
        let site = Arc::new(Site::new(base.clone(), config.gatherer_id, identity, machine)?);
        let (tasks, recorders, finishing) = (Tasks::new(), Tasks::new(), Tasks::new());
        let closed = Arc::new(Notify::new());
        let finisher = Finisher::new(ledger.clone(), closed.clone(), finishing);
        heal(&ledger, &finisher, &spools, clock.now_ms()).await?;

        let every = Duration::from_secs(120);
        let (snapshots, snapshots_rx) = watch::channel(SnapshotSettings { every, storage: base.clone() });
        let (upload_settings, upload_rx) =
            watch::channel(UploadSettings { storage: base.clone(), reconnect: true });
        let (relay, relay_rx) = watch::channel(relay_url(&base, "", 0)?);
        let channels = Channels::new(Surroundings {
            studio: Studio {
                ledger: ledger.clone(),
                finisher: finisher.clone(),
                spools: spools.clone(),
                clock: clock.clone(),
            },
            rules: Arc::new(config.address_rules(&data)),
            site: site.clone(),
            spools: spools.clone(),
            snapshots: snapshots_rx,
            tasks: tasks.clone(),
            recorders: recorders.clone(),
        });
        let shared = Arc::new(Shared {
            site: site.clone(),
            file: StateFile::in_dir(&data),
            channels: Mutex::new(channels),
            version: AtomicI64::new(0),
            state: watch::channel(None).0,
            fetch: Notify::new(),
            site_error: watch::channel(String::new()).0,
            uploads: closed.clone(),
            relay,
            snapshots,
            upload_settings,
        });
        if let Some(cached) = shared.file.load() {
            shared.begin(cached).await;
        }
        let (status, uploads) = watch::channel(UploadStatus::default());
        let uploader = Uploader {
            site: site.clone(),
            ledger: ledger.clone(),
            settings: upload_rx,
            wake: closed,
            at_once: config.uploads,
            status,
        };
        let (report, report_rx) = watch::channel(Report::default());
        let (link_status, link) = watch::channel(LinkStatus::default());
        let linking = Link {
            site,
            relay: relay_rx,
            report: report_rx,
            orders: shared.clone(),
            status: link_status,
            name: config.name.clone(),
        };
        tasks.spawn("follow the site", shared.clone().follow(tasks.token().clone()));
        tasks.spawn("uploads", uploader.run(tasks.token().clone()));
        tasks.spawn("link", linking.run(tasks.token().clone()));
        Ok(Parts { shared, ledger, finisher, spools, tasks, recorders, report, link, uploads })
    }
}

/// Heals what a crash or an absent disk left: files that are back count again, open slices are recovered in the background, unknown files set aside.
async fn heal(ledger: &Ledger, finisher: &Finisher, spools: &[PathBuf], now_ms: i64) -> Result<()> {
    for row in ledger.in_state(SliceState::Damaged).await? {
        if row.file().exists() {
            info!(slice.id = row.facts.slice_id, "The file of slice {} is back", row.facts.slice_id);
            ledger.revived(&row.facts.slice_id).await?;
        }
    }
    for row in ledger.in_state(SliceState::Open).await? {
        finisher.recover(&row.facts.slice_id, model::slice::SliceEnd::Recovered);
    }
    let aside = sweep(ledger, spools).await?;
    if aside > 0 {
        warn!(files = aside, "{aside} files that no ledger knows were moved to lost+found");
    }
    ledger.prune(now_ms - REMEMBER_MS).await
}

async fn machine_of(site: Url) -> model::gatherer::Machine {
    tokio::task::spawn_blocking(move || this_machine(&site)).await.unwrap_or_default()
}

impl Parts {
    /// Reports and writes the status until the end.
    async fn look_after(&self, data: &Path, config: &Config, token: &CancellationToken) -> Ended {
        let mut looks = 0u32;
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = token.cancelled() => return Ended::Stopped,
                _ = tick.tick() => {}
            }
            self.refresh_report().await;
            if looks.is_multiple_of(LOOKS_A_STATUS) {
                if let Err(error) = self.status(config).await.save(data) {
                    warn!(%error, "status.json could not be written");
                }
                if Config::load(data).is_ok_and(|found| found != *config) {
                    info!("gather.toml changed: starting again with it");
                    return Ended::ConfigChanged;
                }
            }
            looks = looks.wrapping_add(1);
        }
    }

    async fn refresh_report(&self) {
        let uploads = self.uploads.borrow().clone();
        let report = Report {
            clock_ms: 0,
            state_version: self.shared.version.load(Ordering::Relaxed),
            channels: self.shared.channels.lock().await.reports(),
            disk_free_bytes: disk::roomiest(&self.spools).map_or(0, |dir| disk::free_bytes(dir)),
            upload_waiting: uploads.waiting,
            upload_waiting_bytes: uploads.waiting_bytes,
            upload_error: uploads.error,
        };
        self.report.send_if_modified(|old| {
            let changed = worth_telling(old) != worth_telling(&report);
            *old = report;
            changed
        });
    }

    async fn status(&self, config: &Config) -> StatusFile {
        let state = self.shared.state.borrow().clone();
        let recordings = self.shared.channels.lock().await.recordings();
        let report = self.report.borrow().clone();
        let damaged = self.ledger.in_state(SliceState::Damaged).await.map_or(0, |rows| rows.len() as u32);
        let disk = |dir: &PathBuf| DiskLine { dir: dir.clone(), free_bytes: disk::free_bytes(dir) };
        StatusFile {
            at_ms: base::now_ms(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            site: config.site.clone(),
            gatherer_id: config.gatherer_id,
            name: state.map_or_else(|| config.name.clone(), |state| state.settings.name.clone()),
            state_version: report.state_version,
            link: self.link.borrow().clone(),
            site_error: self.shared.site_error.borrow().clone(),
            channels: report.channels.into_iter().map(|report| status::line(report, &recordings)).collect(),
            upload_waiting: report.upload_waiting,
            upload_waiting_bytes: report.upload_waiting_bytes,
            upload_error: report.upload_error,
            damaged,
            disks: self.spools.iter().map(disk).collect(),
        }
    }

    async fn stop(self) {
        self.shared.channels.lock().await.stop().await;
        self.tasks.stop_all(TASKS_WITHIN).await;
        self.recorders.stop_all(TASKS_WITHIN).await;
        self.finisher.stop(SLICES_WITHIN).await;
        self.ledger.close().await;
    }
}

/// A report without what changes all the time: rates, free space.
fn worth_telling(report: &Report) -> Report {
    let mut report = Report { disk_free_bytes: 0, ..report.clone() };
    for channel in &mut report.channels {
        (channel.receive_kbps, channel.send_kbps) = (0, 0);
    }
    report
}
