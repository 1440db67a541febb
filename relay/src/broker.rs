//! The relay's state, pure: who is on line, leases, replies, wanted pushes. It takes events and [`Now`] and answers
//! with [`Output`]s; messages wait in a bounded mailbox a terminal until the shell fetches them.
//!
//! A shell feeds one event, drains [`Broker::poll_output`], and calls [`Broker::tick`] at [`Broker::poll_timeout`].

mod gatherers;
mod mailbox;
mod open;
#[cfg(test)]
mod tests;

pub use mailbox::QUEUE_MAX;
pub use open::{OPEN_MAX, REPLY_TIMEOUT};

use crate::{GathererView, Identity, TerminalView};
use gatherers::GathererState;
use mailbox::Mailbox;
use model::{ChannelId, GathererId};
use open::{Asker, Open};
use relay_proto::{
    ClientMessage, Command, ErrorCode, RelayMessage, RemoteError, Report, TerminalType, WantedPush,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often leases are looked at (protocol.md §2; 10 s in the original).
pub const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Characters of a terminal's name that are kept.
pub const NAME_MAX: usize = 80;

/// One connection; given by the shell, never used twice.
pub type ConnId = u64;
/// One question asked through the handle; given by the shell, never used twice.
pub type AskId = u64;

/// The two clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic: leases and time limits.
    pub at: Instant,
    /// Wall clock, Unix ms: what people and messages see.
    pub wall_ms: i64,
}

/// What should happen.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Fetch with [`Broker::next`] until it says [`Next::Wait`].
    Wake(ConnId),
    /// Answer the question.
    Complete(AskId, Result<(), RemoteError>),
    /// This gatherer came, left or reported: see [`Broker::gatherer`].
    Gatherer(GathererId),
    /// Something a page shows has changed.
    Changed,
}

/// What the shell does next with a connection.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Write this.
    Message(RelayMessage),
    /// Write `refused` if there is an error, then close.
    Close(Option<RemoteError>),
    /// Nothing until the next [`Output::Wake`].
    Wait,
}

/// A terminal that was welcomed.
#[derive(Debug)]
struct Terminal {
    kind: TerminalType,
    name: String,
    peer: SocketAddr,
    gatherer_id: Option<GathererId>,
    since_ms: i64,
    last_seen_ms: i64,
    heard_at: Instant,
    mailbox: Mailbox,
}

/// See the module's text.
#[derive(Debug)]
pub struct Broker {
    terminals: BTreeMap<ConnId, Terminal>,
    /// Told to go; kept until the shell has closed them.
    leaving: BTreeMap<ConnId, Option<RemoteError>>,
    local: Vec<TerminalView>,
    gatherers: BTreeMap<GathererId, GathererState>,
    /// By command id. Ids and deadlines grow together, so the first one is the next to expire.
    open: BTreeMap<u64, Open>,
    next_command: u64,
    next_sweep: Instant,
    stopping: bool,
    outputs: VecDeque<Output>,
}

impl Broker {
    /// Nobody on line.
    pub fn new(now: Now) -> Self {
        Self {
            terminals: BTreeMap::new(),
            leaving: BTreeMap::new(),
            local: Vec::new(),
            gatherers: BTreeMap::new(),
            open: BTreeMap::new(),
            next_command: 1,
            next_sweep: now.at + SWEEP_EVERY,
            stopping: false,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing that should happen; `None` when everything is said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Broker::tick`] wants to be called.
    pub fn poll_timeout(&self) -> Instant {
        let reply = self.open.first_key_value().map(|(_, open)| open.deadline);
        reply.map_or(self.next_sweep, |at| at.min(self.next_sweep))
    }

    /// What the shell does next with `conn`.
    pub fn next(&mut self, conn: ConnId) -> Next {
        match self.terminals.get_mut(&conn) {
            Some(terminal) => terminal.mailbox.pop().map_or(Next::Wait, Next::Message),
            None => Next::Close(self.leaving.remove(&conn).flatten()),
        }
    }

    /// A hello was admitted: welcomes the terminal and puts it on line. A gatherer's older connection is replaced.
    pub fn login(&mut self, now: Now, conn: ConnId, who: Identity, version: u16, peer: SocketAddr) {
        if self.stopping {
            self.leaving.insert(conn, Some(RemoteError::new(ErrorCode::Stopping, "the relay is stopping")));
            self.outputs.push_back(Output::Wake(conn));
            return;
        }
        if let Some(id) = who.gatherer_id {
            let older = self.gatherers.entry(id).or_default().conn;
            if let Some(older) = older {
                let error =
                    RemoteError::new(ErrorCode::Replaced, "another connection of this gatherer took over");
                self.leave(older, Some(error));
            }
            let state = self.gatherers.entry(id).or_default();
            state.conn = Some(conn);
            state.version = state.version.max(who.state_version);
            self.outputs.push_back(Output::Gatherer(id));
        }
        let mut mailbox = Mailbox::default();
        mailbox.push(RelayMessage::Welcome {
            version,
            lease_s: who.terminal.lease_s(),
            report_every_s: who.terminal.report_every_s(),
            server_time_ms: now.wall_ms,
        });
        let terminal = Terminal {
            kind: who.terminal,
            name: who.name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect(),
            peer,
            gatherer_id: who.gatherer_id,
            since_ms: now.wall_ms,
            last_seen_ms: now.wall_ms,
            heard_at: now.at,
            mailbox,
        };
        self.terminals.insert(conn, terminal);
        self.outputs.extend([Output::Wake(conn), Output::Changed]);
    }

    /// A message of a terminal that is on line. Every message renews its lease.
    pub fn message(&mut self, now: Now, conn: ConnId, message: ClientMessage) {
        let Some(terminal) = self.terminals.get_mut(&conn) else { return };
        terminal.heard_at = now.at;
        terminal.last_seen_ms = now.wall_ms;
        let (kind, gatherer_id) = (terminal.kind, terminal.gatherer_id);
        match message {
            ClientMessage::Hello(_) => {
                self.refuse(conn, RemoteError::new(ErrorCode::BadMessage, "hello was said before"))
            }
            ClientMessage::Report(report) => self.reported(now, conn, gatherer_id, report),
            ClientMessage::Send { id, to, command } => match kind {
                TerminalType::Site | TerminalType::Live => {
                    self.ask(now, Asker::Terminal { conn, id, to, wanted: None }, to, command)
                }
                TerminalType::Gatherer | TerminalType::Player => {
                    let error = RemoteError::new(ErrorCode::Forbidden, "this terminal may not send commands");
                    self.settle(Asker::Terminal { conn, id, to, wanted: None }, Err(error));
                }
            },
            ClientMessage::Reply { id, outcome } if kind == TerminalType::Gatherer => {
                self.replied(conn, id, outcome)
            }
            ClientMessage::Reply { .. } => {
                self.refuse(conn, RemoteError::new(ErrorCode::Forbidden, "only a gatherer replies"))
            }
            ClientMessage::Bye => self.leave(conn, None),
        }
    }

    /// Ends a connection with a named error.
    pub fn refuse(&mut self, conn: ConnId, error: RemoteError) {
        self.leave(conn, Some(error));
    }

    /// The shell has closed the connection, or lost it.
    pub fn closed(&mut self, conn: ConnId) {
        self.leave(conn, None);
        self.leaving.remove(&conn);
    }

    /// Expires replies and leases.
    pub fn tick(&mut self, now: Now) {
        self.expire_replies(now);
        if now.at < self.next_sweep {
            return;
        }
        self.next_sweep = now.at + SWEEP_EVERY;
        let lease = |t: &Terminal| Duration::from_secs(t.kind.lease_s().into());
        let silent: Vec<(ConnId, u32)> = self
            .terminals
            .iter()
            .filter(|(_, t)| now.at.saturating_duration_since(t.heard_at) > lease(t))
            .map(|(conn, t)| (*conn, t.kind.lease_s()))
            .collect();
        for (conn, lease_s) in silent {
            self.leave(conn, Some(RemoteError::new(ErrorCode::Timeout, format!("silent for {lease_s} s"))));
        }
    }

    /// Sends everybody away with `stopping`; nobody is let in any more.
    pub fn stop(&mut self) {
        self.stopping = true;
        let all: Vec<ConnId> = self.terminals.keys().copied().collect();
        for conn in all {
            self.leave(conn, Some(RemoteError::new(ErrorCode::Stopping, "the relay is stopping")));
        }
    }

    /// Puts a part of this process into the list of terminals.
    pub fn register_local(&mut self, now: Now, terminal: TerminalType, name: &str, addr: SocketAddr) {
        self.local.push(TerminalView {
            terminal,
            name: name.chars().take(NAME_MAX).collect(),
            ip: addr.ip(),
            port: addr.port(),
            since_ms: now.wall_ms,
            last_seen_ms: now.wall_ms,
            gatherer_id: None,
        });
        self.outputs.push_back(Output::Changed);
    }

    /// Everybody on line: parts of this process first, then by the time of login.
    pub fn terminals(&self, now: Now) -> Vec<TerminalView> {
        let local = self.local.iter().map(|t| TerminalView { last_seen_ms: now.wall_ms, ..t.clone() });
        let remote = self.terminals.values().map(|t| TerminalView {
            terminal: t.kind,
            name: t.name.clone(),
            ip: t.peer.ip(),
            port: t.peer.port(),
            since_ms: t.since_ms,
            last_seen_ms: t.last_seen_ms,
            gatherer_id: t.gatherer_id,
        });
        local.chain(remote).collect()
    }

    /// Takes a terminal off line; a gatherer's open commands fail with `offline`.
    fn leave(&mut self, conn: ConnId, error: Option<RemoteError>) {
        let Some(terminal) = self.terminals.remove(&conn) else { return };
        let stopping = error.as_ref().is_some_and(|e| e.code == ErrorCode::Stopping);
        self.leaving.insert(conn, error);
        if let Some(id) = terminal.gatherer_id {
            if let Some(state) = self.gatherers.get_mut(&id).filter(|s| s.conn == Some(conn)) {
                state.conn = None;
            }
            let why = if stopping { ErrorCode::Stopping } else { ErrorCode::Offline };
            self.fail_open(conn, RemoteError::new(why, format!("gatherer {id} left before it replied")));
            self.outputs.push_back(Output::Gatherer(id));
        }
        for state in self.gatherers.values_mut() {
            state.disown(conn);
        }
        self.outputs.extend([Output::Wake(conn), Output::Changed]);
    }

    /// Puts a message into a terminal's mailbox. `false`: not on line, or full.
    fn post(&mut self, conn: ConnId, message: RelayMessage) -> bool {
        let posted = self.terminals.get_mut(&conn).is_some_and(|t| t.mailbox.push(message));
        if posted {
            self.outputs.push_back(Output::Wake(conn));
        }
        posted
    }
}
