//! Messages that wait for a terminal to read them.

use relay_proto::RelayMessage;
use std::collections::VecDeque;

/// Most messages that wait for one terminal (protocol.md §4). With messages of at most 64 KiB that is 4 MiB.
pub const QUEUE_MAX: usize = 64;

/// A bounded queue.
#[derive(Debug, Default)]
pub(super) struct Mailbox(VecDeque<RelayMessage>);

impl Mailbox {
    /// `false`: full, the message was not taken.
    pub(super) fn push(&mut self, message: RelayMessage) -> bool {
        let room = !self.is_full();
        if room {
            self.0.push_back(message);
        }
        room
    }

    pub(super) fn pop(&mut self) -> Option<RelayMessage> {
        self.0.pop_front()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= QUEUE_MAX
    }
}
