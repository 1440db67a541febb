//! How the rest of the process asks the relay, and the lock, timer and messenger around the broker.

use crate::broker::{AskId, Broker, ConnId, Next, Now, Output};
use crate::connection::Limits;
use crate::{Gatekeeper, GathererView, TerminalView};
use base::{Tasks, now_ms};
use model::{ChannelId, GathererId};
use relay_proto::{ChannelReport, Command, ErrorCode, RemoteError, TerminalType, WantedPush};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Notify, Semaphore, oneshot, watch};

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("relay::Handle")
    }
}

/// A question's way back.
type Answer = oneshot::Sender<Result<(), RemoteError>>;

/// Everything under the one lock.
///
/// A std Mutex: nothing is awaited under it and every section is a few map operations, so that `terminals()` or
/// `want()` need no task to answer them, and messages of one terminal keep their order.
struct State {
    broker: Broker,
    wakers: HashMap<ConnId, Arc<Notify>>,
    asks: HashMap<AskId, Answer>,
    /// Gatherers the gatekeeper has to hear about; a set, so it is bounded by their number.
    news: BTreeSet<GathererId>,
}

/// What connections and handles share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) gate: Arc<dyn Gatekeeper>,
    pub(crate) limits: Limits,
    pub(crate) tasks: Tasks,
    /// One permit a connection.
    pub(crate) connections: Arc<Semaphore>,
    /// One permit a connection that has not been welcomed.
    pub(crate) strangers: Arc<Semaphore>,
    timer: Notify,
    messenger: Notify,
    changes: watch::Sender<u64>,
    next_id: AtomicU64,
}

/// The relay, for the rest of the process. Clones are the same relay.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

/// Starts a relay under `tasks`; it stops with their token. Serve [`crate::router`] to let terminals in.
pub fn start(gate: Arc<dyn Gatekeeper>, tasks: &Tasks, limits: Limits) -> Handle {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            broker: Broker::new(now()),
            wakers: HashMap::new(),
            asks: HashMap::new(),
            news: BTreeSet::new(),
        }),
        gate,
        connections: Arc::new(Semaphore::new(limits.connections)),
        strangers: Arc::new(Semaphore::new(limits.strangers)),
        limits,
        tasks: tasks.clone(),
        timer: Notify::new(),
        messenger: Notify::new(),
        changes: watch::Sender::new(0),
        next_id: AtomicU64::new(1),
    });
    tasks.spawn("relay timer", run_timer(shared.clone()));
    tasks.spawn("relay messenger", run_messenger(shared.clone()));
    Handle { shared }
}

fn now() -> Now {
    Now { at: Instant::now(), wall_ms: now_ms() }
}

/// Ticks the broker when it wants to be ticked; at the end sends everybody away.
async fn run_timer(shared: Arc<Shared>) {
    loop {
        let next = shared.lock().broker.poll_timeout();
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => shared.drive(Broker::tick),
            () = shared.timer.notified() => {}
            () = shared.tasks.token().cancelled() => return shared.drive(|broker, _| broker.stop()),
        }
    }
}

/// Tells the gatekeeper about gatherers, one at a time and never under the lock.
async fn run_messenger(shared: Arc<Shared>) {
    let mut delivered: BTreeMap<GathererId, i64> = BTreeMap::new();
    loop {
        let news = std::mem::take(&mut shared.lock().news);
        for id in news {
            let view = shared.lock().broker.gatherer(id).unwrap_or_default();
            shared.gate.seen(id, view.online, now_ms());
            if let Some(report) = &view.report
                && delivered.insert(id, view.report_at_ms) != Some(view.report_at_ms)
            {
                shared.gate.report(id, report);
            }
        }
        tokio::select! {
            () = shared.messenger.notified() => {}
            () = shared.tasks.token().cancelled() => return,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Feeds the broker one event and does what it answers.
    pub(crate) fn drive(&self, event: impl FnOnce(&mut Broker, Now)) {
        let mut changed = false;
        let mut state = self.lock();
        let State { broker, wakers, asks, news } = &mut *state;
        let before = broker.poll_timeout();
        event(broker, now());
        while let Some(output) = broker.poll_output() {
            match output {
                Output::Wake(conn) => {
                    if let Some(waker) = wakers.get(&conn) {
                        waker.notify_one();
                    }
                }
                Output::Complete(ask, result) => {
                    if let Some(answer) = asks.remove(&ask) {
                        // The asker may have given up in between.
                        let _ = answer.send(result);
                    }
                }
                Output::Gatherer(id) => {
                    news.insert(id);
                    self.messenger.notify_one();
                }
                Output::Changed => changed = true,
            }
        }
        if broker.poll_timeout() < before {
            self.timer.notify_one();
        }
        drop(state);
        if changed {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// A new connection and what wakes it.
    pub(crate) fn open(&self) -> (ConnId, Arc<Notify>) {
        let conn = self.next_id.fetch_add(1, Ordering::Relaxed);
        let waker = Arc::new(Notify::new());
        self.lock().wakers.insert(conn, waker.clone());
        (conn, waker)
    }

    /// The connection is gone.
    pub(crate) fn close(&self, conn: ConnId) {
        self.drive(|broker, _| broker.closed(conn));
        self.lock().wakers.remove(&conn);
    }

    pub(crate) fn next(&self, conn: ConnId) -> Next {
        self.lock().broker.next(conn)
    }
}

/// Takes a question back when nobody waits for the answer any more.
struct Pending<'a> {
    shared: &'a Shared,
    ask: AskId,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.asks.remove(&self.ask).is_some() {
            state.broker.forget(self.ask);
        }
    }
}

impl Handle {
    /// Tells a gatherer to do something and waits for its reply, at most 5 s. `offline` comes at once.
    pub async fn command(&self, gatherer: GathererId, command: Command) -> Result<(), RemoteError> {
        let ask = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, reply) = oneshot::channel();
        self.shared.lock().asks.insert(ask, answer);
        let _pending = Pending { shared: &self.shared, ask };
        self.shared.drive(|broker, now| broker.command(now, ask, gatherer, command));
        reply.await.unwrap_or_else(|_| Err(RemoteError::new(ErrorCode::Stopping, "the relay is stopping")))
    }

    /// Repeats this push in the answer to every report of `gatherer` until [`Handle::unwant`].
    pub fn want(&self, gatherer: GathererId, push: WantedPush) {
        self.shared.drive(|broker, _| broker.want(gatherer, push));
    }

    /// The push of this channel is not wanted any more.
    pub fn unwant(&self, gatherer: GathererId, channel: ChannelId) {
        self.shared.drive(|broker, _| broker.unwant(gatherer, channel));
    }

    /// The desired state of `gatherer` has this version now: it is told at once when on line, else at its login.
    pub fn state_changed(&self, gatherer: GathererId, version: i64) {
        self.shared.drive(|broker, now| broker.state_changed(now, gatherer, version));
    }

    /// The gatherer was removed on the site: it is sent away with `unauthorized` and forgotten.
    pub fn remove_gatherer(&self, gatherer: GathererId) {
        self.shared.drive(|broker, _| broker.remove_gatherer(gatherer));
    }

    /// Everybody on line (中转客户端).
    pub fn terminals(&self) -> Vec<TerminalView> {
        self.shared.lock().broker.terminals(now())
    }

    /// What is known of a gatherer; `None` when it was not heard of since the relay started.
    pub fn gatherer(&self, id: GathererId) -> Option<GathererView> {
        self.shared.lock().broker.gatherer(id)
    }

    /// The last report of one channel; its gatherer may have left since (see [`Handle::gatherer`]).
    pub fn channel(&self, gatherer: GathererId, channel: ChannelId) -> Option<ChannelReport> {
        self.gatherer(gatherer)?.channel(channel).cloned()
    }

    /// Puts a part of this process into the list of terminals.
    pub fn register_local(&self, terminal: TerminalType, name: &str, addr: SocketAddr) {
        self.shared.drive(|broker, now| broker.register_local(now, terminal, name, addr));
    }

    /// A number that grows whenever a login, a leave or a report changed what pages show.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }
}
