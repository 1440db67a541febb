//! The messages themselves: JSON objects with a `kind`.

use crate::report::{ChannelCause, Report, WantedPush};
use crate::{MESSAGE_MAX_BYTES, TerminalType};
use model::{ChannelId, GathererId};
use serde::{Deserialize, Serialize};

/// From a terminal to the relay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message; nothing else is heard before it was answered with `welcome`.
    Hello(Hello),
    /// Renews the lease; a gatherer says its state in it.
    Report(Report),
    /// Types 1 and 3 only: a command for a gatherer.
    Send {
        /// Chosen by the sender; the reply carries it.
        id: u64,
        /// The gatherer.
        to: GathererId,
        /// What it should do.
        command: Command,
    },
    /// A gatherer's answer to a command.
    Reply {
        /// The command's id.
        id: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// Leaving in good order.
    Bye,
}

/// Who is there, and by what right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Versions the terminal speaks.
    pub versions: Vec<u16>,
    /// 1 site, 2 gatherer, 3 live server, 4 player.
    pub terminal: TerminalType,
    /// A grant of the site (gatherer, component or play), see protocol.md §3.
    pub grant: String,
    /// Shown in 中转客户端; at most 80 characters are kept.
    #[serde(default)]
    pub name: String,
}

/// From the relay to a terminal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RelayMessage {
    /// Logged in.
    Welcome {
        /// The version both will speak.
        version: u16,
        /// Silence after which the relay drops the terminal, s.
        lease_s: u32,
        /// How often to report, s.
        report_every_s: u32,
        /// The relay's wall clock, Unix ms.
        server_time_ms: i64,
    },
    /// The last message before the relay closes.
    Refused {
        /// Why.
        error: RemoteError,
    },
    /// Do this, and reply with the id.
    Command {
        /// To be repeated in the reply.
        id: u64,
        /// What to do.
        command: Command,
    },
    /// The answer to a `send`.
    Reply {
        /// The id of the `send`.
        id: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// The answer to a `report`.
    ReportAck {
        /// The relay's wall clock, Unix ms.
        server_time_ms: i64,
        /// Version of the desired state that the site holds for this gatherer; newer than its own → fetch it.
        state_version: i64,
        /// Every push that is wanted now; what is not listed is not wanted (R-LIV-03).
        wanted: Vec<WantedPush>,
    },
}

/// What a gatherer can be told. There is no shell, no free path, no other verb.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Command {
    /// Push this channel now.
    PushStart(WantedPush),
    /// Nobody watches any more.
    PushStop {
        /// Which channel.
        channel_id: ChannelId,
    },
    /// The desired state has this version now: fetch it.
    StateChanged {
        /// The new version.
        version: i64,
    },
    /// 断开重连: close the source and open it again at once.
    Reconnect {
        /// Which channel.
        channel_id: ChannelId,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done, or under way.
    Done,
    /// Not done.
    Failed(RemoteError),
}

/// A named error with a sentence for logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct RemoteError {
    /// Which.
    pub code: ErrorCode,
    /// English, for the log and the admin.
    pub message: String,
    /// For `channel_down`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ChannelCause>,
}

impl RemoteError {
    /// An error without a channel's cause.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }
}

/// Every error on this wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not a message of this protocol.
    BadMessage,
    /// Longer than 64 KiB.
    TooLarge,
    /// The first message was not `hello`, or it did not come within 10 s.
    HelloExpected,
    /// No version in common.
    Version,
    /// The grant is missing, forged, expired, of another right, or the gatherer was removed.
    Unauthorized,
    /// This terminal type may not send that.
    Forbidden,
    /// Another connection of the same gatherer took over.
    Replaced,
    /// The gatherer is not connected.
    Offline,
    /// No reply within the time limit.
    Timeout,
    /// The terminal's queue is full.
    Busy,
    /// The gatherer has no such channel.
    NoChannel,
    /// The channel has no picture; see `cause`.
    ChannelDown,
    /// The relay is stopping.
    Stopping,
}

/// A frame that is not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`MESSAGE_MAX_BYTES`].
    #[error("a message of {0} bytes is larger than 65536")]
    TooLarge(usize),
    /// Not JSON, or not of this protocol.
    #[error("not a message of this protocol: {0}")]
    Bad(String),
}

/// Reads one text frame.
pub fn decode<T: serde::de::DeserializeOwned>(frame: &str) -> Result<T, WireError> {
    if frame.len() > MESSAGE_MAX_BYTES {
        return Err(WireError::TooLarge(frame.len()));
    }
    serde_json::from_str(frame).map_err(|e| WireError::Bad(e.to_string()))
}

/// Writes one text frame.
pub fn encode<T: Serialize>(message: &T) -> Result<String, WireError> {
    let text = serde_json::to_string(message).map_err(|e| WireError::Bad(e.to_string()))?;
    if text.len() > MESSAGE_MAX_BYTES { Err(WireError::TooLarge(text.len())) } else { Ok(text) }
}
