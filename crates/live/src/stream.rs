//! One stream: its ring, its publisher, its viewers, and the task that starts and stops it.

use crate::ask::{Gate, Refused, StartError, Starter};
use crate::config::Config;
use crate::hls::Hls;
use crate::on_demand::{Action, Demand, Event, State};
use crate::pace::Pace;
use crate::publication::Slot;
use crate::ring::Ring;
use crate::viewer::Seat;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often viewers are looked at that take no bytes.
const SWEEP: Duration = Duration::from_secs(5);
/// A stream nobody used for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Passes remembered for one stream; more than its viewers would need in their lifetime.
const MAX_PASSES: usize = 20_000;

/// Locks a std mutex; a panic elsewhere does not make its content useless to us.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who came in with which token, and when it was last used.
#[derive(Debug, Clone)]
struct Pass {
    viewer: String,
    expires_at_ms: i64,
    opened: Instant,
    used: Instant,
}

/// The demand and the last wish that has not been carried out. Start and stop say what should be, so only the last counts.
struct Desk {
    demand: Demand,
    wish: Option<bool>,
}

struct Failure {
    count: u64,
    error: StartError,
    stands: bool,
}

/// See the module. All mutexes are std ones: held for a map or ring operation, never across an await. Two at once only
/// in these orders: `publisher` then `ring`, `passes` then `seats`.
pub(crate) struct Stream {
    pub name: String,
    pub config: Arc<Config>,
    pub pace: Arc<Pace>,
    pub ring: Mutex<Ring>,
    /// Counts flushes; viewers wait on it.
    pub flushed: watch::Sender<u64>,
    desk: Mutex<Desk>,
    desk_changed: Notify,
    /// How many starts have failed, the last reason, and whether nothing has gone well since.
    failure: Mutex<Failure>,
    pub publisher: Mutex<Option<Slot>>,
    pub seats: Mutex<HashMap<u64, Arc<Seat>>>,
    passes: Mutex<HashMap<String, Pass>>,
    pub hls: Mutex<Option<Arc<Hls>>>,
    next_id: AtomicU64,
    pub in_bytes: AtomicU64,
    /// Sent to viewers who have left, and over HLS.
    pub out_bytes: AtomicU64,
    /// Viewers can start: a publisher is there and has sent what is needed.
    pub live: AtomicBool,
    pub over: AtomicBool,
}

impl Stream {
    pub(crate) fn new(name: &str, config: Arc<Config>, pace: Arc<Pace>) -> Self {
        Self {
            name: name.to_owned(),
            ring: Mutex::new(Ring::new(config.ring)),
            flushed: watch::Sender::new(0),
            desk: Mutex::new(Desk { demand: Demand::new(config.times), wish: None }),
            desk_changed: Notify::new(),
            failure: Mutex::new(Failure { count: 0, error: StartError::Timeout, stands: false }),
            publisher: Mutex::new(None),
            seats: Mutex::new(HashMap::new()),
            passes: Mutex::new(HashMap::new()),
            hls: Mutex::new(None),
            next_id: AtomicU64::new(1),
            in_bytes: AtomicU64::new(0),
            out_bytes: AtomicU64::new(0),
            live: AtomicBool::new(false),
            over: AtomicBool::new(false),
            config,
            pace,
        }
    }

    pub(crate) fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Relaxed)
    }

    /// Wakes everybody who waits for the stream.
    pub(crate) fn flush(&self) {
        self.flushed.send_modify(|n| *n += 1);
    }

    /// Tells the demand what happened, and carries out what follows.
    pub(crate) fn event(&self, event: Event) {
        let mut failed = None;
        {
            let mut desk = lock(&self.desk);
            for action in desk.demand.handle(event, Instant::now()) {
                match action {
                    Action::Start => desk.wish = Some(true),
                    Action::Stop => desk.wish = Some(false),
                    Action::Release => {}
                    Action::Fail(error) => failed = Some(error),
                }
            }
        }
        if let Some(error) = failed {
            info!(stream = %self.name, code = error.reason().code, "Stream `{}` did not start: {error}", self.name);
            let mut failure = lock(&self.failure);
            *failure = Failure { count: failure.count + 1, error, stands: true };
            drop(failure);
            self.flush();
        }
        self.desk_changed.notify_one();
    }

    pub(crate) fn state(&self) -> State {
        lock(&self.desk).demand.state()
    }

    pub(crate) fn page_leases(&self) -> usize {
        lock(&self.desk).demand.leases()
    }

    /// How many starts have failed; a viewer that sees it change has to go.
    pub(crate) fn failures(&self) -> u64 {
        lock(&self.failure).count
    }

    pub(crate) fn last_failure(&self) -> StartError {
        lock(&self.failure).error.clone()
    }

    /// Why the stream is not live, if its last start failed: for pages that ask later.
    pub(crate) fn standing_failure(&self) -> Option<StartError> {
        let failure = lock(&self.failure);
        (failure.stands && !self.live.load(Relaxed)).then(|| failure.error.clone())
    }

    /// Viewers can start from now on.
    pub(crate) fn went_live(&self) {
        lock(&self.failure).stands = false;
        self.event(Event::PublisherStarted);
    }

    /// Waits until a viewer can start.
    ///
    /// # Errors
    /// Why the stream did not start.
    pub(crate) async fn wait_live(&self, failures_before: u64) -> Result<(), StartError> {
        let mut flushed = self.flushed.subscribe();
        loop {
            flushed.borrow_and_update();
            if self.failures() != failures_before {
                return Err(self.last_failure());
            }
            if self.over.load(Relaxed) {
                return Err(StartError::Timeout);
            }
            if self.live.load(Relaxed) {
                return Ok(());
            }
            if flushed.changed().await.is_err() {
                return Err(StartError::Timeout);
            }
        }
    }

    /// The viewer of a token that has been used here before and may go on being used.
    pub(crate) fn known_pass(&self, token: &str, now_ms: i64) -> Option<String> {
        let now = Instant::now();
        let mut passes = lock(&self.passes);
        let pass = passes.get_mut(token)?;
        let lives = now_ms < pass.expires_at_ms
            || now.duration_since(pass.opened) < self.config.pass_max
                && (now.duration_since(pass.used) < self.config.times.lease || self.is_seated(&pass.viewer));
        lives.then(|| {
            pass.used = now;
            pass.viewer.clone()
        })
    }

    fn is_seated(&self, viewer: &str) -> bool {
        lock(&self.seats).values().any(|seat| seat.viewer == viewer)
    }

    /// Remembers a token that the gate has let in.
    pub(crate) fn remember_pass(&self, token: &str, viewer: &str, expires_at_ms: i64) -> Result<(), Refused> {
        let now = Instant::now();
        let mut passes = lock(&self.passes);
        if passes.len() >= MAX_PASSES {
            return Err(Refused::Busy);
        }
        let pass = Pass { viewer: viewer.to_owned(), expires_at_ms, opened: now, used: now };
        passes.insert(token.to_owned(), pass);
        Ok(())
    }

    /// A connection of this viewer ended: its token works for another lease, for a reconnect.
    pub(crate) fn touch_passes(&self, viewer: &str) {
        let now = Instant::now();
        lock(&self.passes).values_mut().filter(|p| p.viewer == viewer).for_each(|p| p.used = now);
    }

    /// Forgets dead passes, viewers that take no bytes, and those who have lost their right.
    fn sweep(&self, gate: &dyn Gate) {
        let now = Instant::now();
        let now_ms = base::now_ms();
        let lease = self.config.times.lease;
        let seats: Vec<_> = lock(&self.seats).values().cloned().collect();
        let seated: HashSet<&str> = seats.iter().map(|seat| seat.viewer.as_str()).collect();
        lock(&self.passes).retain(|_, p| {
            now_ms < p.expires_at_ms
                || now.duration_since(p.used) < lease
                || seated.contains(p.viewer.as_str())
        });
        for viewer in seated {
            if !gate.still_admits(&self.name, viewer, now_ms) {
                info!(stream = %self.name, viewer, "A viewer of `{}` has lost its right", self.name);
                self.send_away(seats.iter().filter(|seat| seat.viewer == viewer));
            }
        }
        let stuck = seats.iter().filter(|seat| seat.is_stuck(now, self.config.viewer_stuck));
        self.send_away(stuck.inspect(|seat| {
            warn!(stream = %self.name, viewer = %seat.viewer, "Viewer of `{}` took no byte for {} s and no longer counts",
                self.name, self.config.viewer_stuck.as_secs());
        }));
    }

    /// These viewers no longer count, and end as soon as their connection lets them.
    fn send_away<'a>(&self, seats: impl Iterator<Item = &'a Arc<Seat>>) {
        for seat in seats {
            seat.gone.store(true, Relaxed);
            self.event(Event::Left(seat.id));
        }
        self.flush();
    }

    pub(crate) fn is_unused(&self) -> bool {
        lock(&self.desk).demand.is_idle()
            && lock(&self.publisher).is_none()
            && lock(&self.seats).is_empty()
            && lock(&self.hls).is_none()
    }

    /// Ends every viewer: the server stops.
    fn end(&self) {
        self.over.store(true, Relaxed);
        if let Some(slot) = lock(&self.publisher).as_ref() {
            slot.replaced.cancel();
        }
        self.flush();
    }

    /// The stream's task: lets time pass for the demand, and asks the relay, one thing at a time. `forget` removes the
    /// stream from the hub if nobody holds it, and says whether it did.
    pub(crate) async fn run(
        self: Arc<Self>,
        gate: Arc<dyn Gate>,
        starter: Arc<dyn Starter>,
        shutdown: CancellationToken,
        forget: impl Fn(&Arc<Self>) -> bool,
    ) {
        let mut asking: Option<futures_util::future::BoxFuture<'static, Result<(), StartError>>> = None;
        let mut next_sweep = Instant::now() + SWEEP;
        let mut unused_since: Option<Instant> = None;
        loop {
            let deadline = {
                let mut desk = lock(&self.desk);
                if asking.is_none()
                    && let Some(start) = desk.wish.take()
                {
                    asking = Some(ask(&starter, &self.name, start, self.config.times.start_timeout));
                }
                desk.demand.next_deadline()
            };
            let wake = deadline.unwrap_or(next_sweep).min(next_sweep);
            tokio::select! {
                () = shutdown.cancelled() => break self.end(),
                () = self.desk_changed.notified() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
                result = async { match &mut asking { Some(f) => f.await, None => std::future::pending().await } } => {
                    asking = None;
                    if let Err(error) = result {
                        self.event(Event::StartFailed(error));
                    }
                }
            }
            let now = Instant::now();
            if deadline.is_some_and(|at| at <= now) {
                self.event(Event::Tick);
            }
            if now >= next_sweep {
                next_sweep = now + SWEEP;
                self.sweep(&*gate);
                if !self.is_unused() || asking.is_some() {
                    unused_since = None;
                } else if now.duration_since(*unused_since.get_or_insert(now)) >= FORGET_AFTER
                    && forget(&self)
                {
                    break;
                }
            }
        }
    }
}

/// One request to the relay, bounded in time.
fn ask(
    starter: &Arc<dyn Starter>,
    name: &str,
    start: bool,
    timeout: Duration,
) -> futures_util::future::BoxFuture<'static, Result<(), StartError>> {
    let (starter, name) = (starter.clone(), name.to_owned());
    Box::pin(async move {
        info!(stream = %name, "Asking the relay to {} `{name}`", if start { "start" } else { "stop" });
        let asked = async {
            if start {
                return starter.start(name).await;
            }
            starter.stop(name).await;
            Ok(())
        };
        tokio::time::timeout(timeout, asked).await.unwrap_or(if start {
            Err(StartError::Timeout)
        } else {
            Ok(())
        })
    })
}
