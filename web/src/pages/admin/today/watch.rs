//! The live board: one task a school looks at the plan, the gatherers and the recordings, as long as somebody listens.
//!
//! Listeners get whole snapshots through a watch channel and send the difference to what they sent last: a slow browser
//! skips states, it never makes the task wait.

use super::board::{Board, Counts, Material, Told, board};
use super::read::{facts, material, today};
use super::state::Tone;
use super::trouble::Trouble;
use crate::error::WebError;
use crate::lang::Text;
use crate::state::AppState;
use base::CancellationToken;
use model::SchoolId;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tracing::warn;

/// Boards open at once on the whole site: an office has a handful, each is a connection that stays.
pub const LISTENERS_MAX: usize = 64;
/// A listener gets a beat, and its session is looked at, every so often.
pub const BEAT: Duration = Duration::from_secs(15);
/// Reports of gatherers come every few seconds each; the board follows them at most so often.
const PAUSE: Duration = Duration::from_secs(1);
/// Bells ring without a report.
const TICK: Duration = Duration::from_secs(5);
/// The plan is read again so often even when no version of a gatherer has moved: names, schools without a gatherer.
const RELOAD: Duration = Duration::from_secs(30);

/// A cell as listeners are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellState {
    /// Colour.
    pub tone: Tone,
    /// Word.
    pub word: Text,
    /// Why.
    pub cause: Text,
}

/// The board at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Stands for all of it: what a browser that comes back shows as its last one.
    pub id: String,
    /// Stands for what lessons there are, and where: another one needs the page anew.
    pub layout: String,
    /// States by item.
    pub cells: BTreeMap<String, CellState>,
    /// Sums.
    pub counts: Counts,
    /// Delivery.
    pub told: Told,
    /// What to look at first.
    pub troubles: Vec<Trouble>,
    /// The last look failed: what is shown may be old.
    pub stale: bool,
}

/// What the board says, without who looks at it.
pub fn layout(m: &Material, board: &Board) -> String {
    let mut hash = DefaultHasher::new();
    m.day.date.hash(&mut hash);
    for item in &board.items {
        (&item.id, item.kind, item.period, &item.label, &item.room_name).hash(&mut hash);
        (&item.subject, &item.class, &item.teacher, &item.times, item.changed).hash(&mut hash);
    }
    format!("{:016x}", hash.finish())
}

impl Snapshot {
    /// Of a board.
    pub fn of(m: &Material, board: &Board) -> Self {
        let state = |item: &super::board::Item| CellState {
            tone: item.state.tone,
            word: item.state.word.clone(),
            cause: item.state.cause.clone(),
        };
        let cells: BTreeMap<String, CellState> =
            board.items.iter().map(|item| (item.id.clone(), state(item))).collect();
        let layout = layout(m, board);
        let mut hash = DefaultHasher::new();
        (&layout, board.counts, &board.told, &board.troubles).hash(&mut hash);
        for (id, cell) in &cells {
            (id, cell.tone, &cell.word, &cell.cause).hash(&mut hash);
        }
        let id = format!("{:016x}", hash.finish());
        let (told, troubles) = (board.told.clone(), board.troubles.clone());
        Self { id, layout, cells, counts: board.counts, told, troubles, stale: false }
    }
}

#[derive(Debug)]
struct Watched {
    snapshots: watch::Sender<Arc<Snapshot>>,
    nudge: Arc<Notify>,
}

/// The boards that somebody looks at.
#[derive(Debug)]
pub struct Boards {
    // A plain mutex: nothing is awaited while it is held.
    watched: Mutex<HashMap<SchoolId, Watched>>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    beat: Duration,
}

impl Default for Boards {
    fn default() -> Self {
        Self::under(CancellationToken::new())
    }
}

/// One listener's end; its place is free again when it is dropped.
#[derive(Debug)]
pub struct Listener {
    /// The newest snapshot; the first one may be empty.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The site is stopping.
    pub stop: CancellationToken,
    /// How often it is told that the line is up.
    pub beat: Duration,
    _place: OwnedSemaphorePermit,
}

impl Boards {
    /// Boards that end with `stop`.
    pub fn under(stop: CancellationToken) -> Self {
        Self { watched: Mutex::default(), places: Arc::new(Semaphore::new(LISTENERS_MAX)), stop, beat: BEAT }
    }

    /// With another beat: for tests.
    pub fn beating(self, beat: Duration) -> Self {
        Self { beat, ..self }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SchoolId, Watched>> {
        self.watched.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// A plan of the school has changed: the next look reads it again, now.
    pub fn nudge(&self, school: SchoolId) {
        if let Some(watched) = self.lock().get(&school) {
            watched.nudge.notify_one();
        }
    }

    /// Schools that are being watched: for tests.
    pub fn watched(&self) -> usize {
        self.lock().len()
    }

    /// Listens to a school; `None` when [`LISTENERS_MAX`] do already. The first listener starts the task.
    pub fn listen(&self, state: &AppState, school: SchoolId) -> Option<Listener> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let mut watched = self.lock();
        let snapshots = match watched.get(&school) {
            Some(found) => found.snapshots.subscribe(),
            None => {
                let (sender, receiver) = watch::channel(Arc::new(Snapshot::default()));
                let nudge = Arc::new(Notify::new());
                watched.insert(school, Watched { snapshots: sender.clone(), nudge: nudge.clone() });
                let watcher = Watcher { state: state.clone(), school, sender, nudge, plan: None };
                // Ends with its last listener or with the site's token.
                tokio::spawn(watcher.run());
                receiver
            }
        };
        Some(Listener { snapshots, stop: self.stop.clone(), beat: self.beat, _place: place })
    }

    /// Ends a watcher that nobody listens to; decided under the lock, so that nobody joins it meanwhile.
    fn leave(&self, school: SchoolId, sender: &watch::Sender<Arc<Snapshot>>) -> bool {
        let mut watched = self.lock();
        let alone = sender.receiver_count() == 0;
        if alone {
            watched.remove(&school);
        }
        alone
    }
}

struct Watcher {
    state: AppState,
    school: SchoolId,
    sender: watch::Sender<Arc<Snapshot>>,
    nudge: Arc<Notify>,
    plan: Option<(Material, Instant)>,
}

impl Watcher {
    async fn run(mut self) {
        let mut changes = self.state.relay.changes();
        let stop = self.state.boards.stop.clone();
        loop {
            changes.mark_unchanged();
            self.look().await;
            let begun = Instant::now();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.sender.closed() => if self.state.boards.leave(self.school, &self.sender) { return },
                () = self.nudge.notified() => self.plan = None,
                _ = changes.changed() => tokio::time::sleep_until(begun + PAUSE).await,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn look(&mut self) {
        match self.snapshot().await {
            Ok(snapshot) => self.publish(snapshot),
            Err(error) => {
                let school = self.school;
                warn!(school.id = %school, %error, "Could not draw the board of school {school}: {error}");
                let last = self.sender.borrow().as_ref().clone();
                self.publish(Snapshot { stale: true, ..last });
            }
        }
    }

    fn publish(&self, snapshot: Snapshot) {
        self.sender.send_if_modified(|old| {
            let differs = **old != snapshot;
            if differs {
                *old = Arc::new(snapshot);
            }
            differs
        });
    }

    async fn snapshot(&mut self) -> Result<Snapshot, WebError> {
        let (plan, read_at) = self.plan().await?;
        let facts = facts(&self.state, self.school, &plan).await?;
        let snapshot = Snapshot::of(&plan, &board(&plan, &facts));
        self.plan = Some((plan, read_at));
        Ok(snapshot)
    }

    /// The plan of today, read again when it is old, of yesterday, or some gatherer's version has moved.
    async fn plan(&mut self) -> Result<(Material, Instant), WebError> {
        if let Some((plan, read_at)) = self.plan.take() {
            let date = today(self.state.now_ms(), &plan.book.zone);
            if plan.day.date == date && read_at.elapsed() < RELOAD {
                let versions: HashMap<_, _> = self.state.db.state_versions().await?.into_iter().collect();
                if plan.versions == versions {
                    return Ok((plan, read_at));
                }
            }
        }
        let settings = self.state.db.settings().await?;
        let zone = jiff::tz::TimeZone::get(&settings.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let date = today(self.state.now_ms(), &zone);
        Ok((material(&self.state, self.school, date).await?, Instant::now()))
    }
}
