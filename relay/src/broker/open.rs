//! Commands that wait for their reply.

use super::{AskId, Broker, ConnId, Now, Output};
use model::{ChannelId, GathererId};
use relay_proto::{Command, ErrorCode, Outcome, RelayMessage, RemoteError};
use std::time::{Duration, Instant};

/// A command without a reply for so long fails with `timeout` (protocol.md §4).
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(5);
/// Most commands to one gatherer that may wait for replies; more fail with `busy`.
pub const OPEN_MAX: usize = super::QUEUE_MAX;

/// Who wants to know what came of a command.
#[derive(Debug, Clone)]
pub(super) enum Asker {
    /// Somebody in this process.
    Handle(AskId),
    /// A terminal of type 1 or 3.
    Terminal {
        /// Its connection.
        conn: ConnId,
        /// Its id of the `send`.
        id: u64,
        /// The gatherer.
        to: GathererId,
        /// The channel that this `send` made wanted; undone when it fails.
        wanted: Option<ChannelId>,
    },
    /// Nobody; the next report heals what gets lost.
    Nobody,
}

/// One command on its way.
#[derive(Debug)]
pub(super) struct Open {
    asker: Asker,
    /// The gatherer's connection: a reply counts only from there.
    conn: ConnId,
    pub(super) deadline: Instant,
}

impl Broker {
    /// Somebody in this process asks; answered by [`Output::Complete`].
    pub fn command(&mut self, now: Now, ask: AskId, to: GathererId, command: Command) {
        self.ask(now, Asker::Handle(ask), to, command);
    }

    /// The asker has gone away: its answer is of no use.
    pub fn forget(&mut self, ask: AskId) {
        for open in self.open.values_mut() {
            if matches!(open.asker, Asker::Handle(a) if a == ask) {
                open.asker = Asker::Nobody;
            }
        }
    }

    pub(super) fn ask(&mut self, now: Now, mut asker: Asker, to: GathererId, command: Command) {
        let Some(conn) = self.gatherers.get(&to).and_then(|g| g.conn) else {
            let error = RemoteError::new(ErrorCode::Offline, format!("gatherer {to} is not connected"));
            return self.settle(asker, Err(error));
        };
        if let Asker::Terminal { conn: owner, wanted, .. } = &mut asker {
            match &command {
                Command::PushStart(push) => *wanted = self.want_for(to, push.clone(), *owner),
                Command::PushStop { channel_id } => self.unwant(to, *channel_id),
                Command::StateChanged { .. } | Command::Reconnect { .. } => {}
            }
        }
        let waiting = self.open.values().filter(|open| open.conn == conn).count();
        let id = self.next_command;
        if waiting >= OPEN_MAX || !self.post(conn, RelayMessage::Command { id, command }) {
            let error =
                RemoteError::new(ErrorCode::Busy, format!("gatherer {to} has too many messages waiting"));
            return self.settle(asker, Err(error));
        }
        self.next_command += 1;
        if !matches!(asker, Asker::Nobody) {
            self.open.insert(id, Open { asker, conn, deadline: now.at + REPLY_TIMEOUT });
        }
    }

    /// A gatherer's reply; one that nobody waits for any more is ignored.
    pub(super) fn replied(&mut self, conn: ConnId, id: u64, outcome: Outcome) {
        if self.open.get(&id).is_none_or(|open| open.conn != conn) {
            return;
        }
        let Some(open) = self.open.remove(&id) else { return };
        let result = match outcome {
            Outcome::Done => Ok(()),
            Outcome::Failed(error) => Err(error),
        };
        self.settle(open.asker, result);
    }

    pub(super) fn expire_replies(&mut self, now: Now) {
        while self.open.first_key_value().is_some_and(|(_, open)| open.deadline <= now.at) {
            let Some((_, open)) = self.open.pop_first() else { return };
            let error = RemoteError::new(ErrorCode::Timeout, "the gatherer did not reply within 5 s");
            self.settle(open.asker, Err(error));
        }
    }

    /// Fails every command on its way to `conn`.
    pub(super) fn fail_open(&mut self, conn: ConnId, error: RemoteError) {
        let ids: Vec<u64> = self.open.iter().filter(|(_, o)| o.conn == conn).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(open) = self.open.remove(&id) {
                self.settle(open.asker, Err(error.clone()));
            }
        }
    }

    /// Tells the asker. A terminal that does not read its replies is sent away rather than left without an answer.
    pub(super) fn settle(&mut self, asker: Asker, result: Result<(), RemoteError>) {
        match asker {
            Asker::Handle(ask) => self.outputs.push_back(Output::Complete(ask, result)),
            Asker::Nobody => {}
            Asker::Terminal { conn, id, to, wanted } => {
                if let (Err(_), Some(channel)) = (&result, wanted) {
                    self.unwant(to, channel);
                }
                let outcome = result.map_or_else(Outcome::Failed, |()| Outcome::Done);
                if !self.post(conn, RelayMessage::Reply { id, outcome }) {
                    self.refuse(conn, RemoteError::new(ErrorCode::Busy, "too many unread messages"));
                }
            }
        }
    }
}
