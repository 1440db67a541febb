//! The messages on 21001, sans-io and versioned. `docs/protocol.md` says the same in words; the golden tests keep
//! the JSON from drifting. Also the documents that a gatherer and the site exchange over HTTP ([`site`]).

pub mod message;
pub mod report;
pub mod site;
pub mod terminal;

pub use message::{ClientMessage, Command, ErrorCode, Hello, Outcome, RelayMessage, RemoteError, WireError};
pub use report::{ChannelCause, ChannelPhase, ChannelReport, Report, WantedPush};
pub use terminal::TerminalType;

/// Versions of this protocol that the code speaks, best first.
pub const VERSIONS: &[u16] = &[1];

/// Largest message either way, bytes (R-REL-05: raised from 2 KB in the original after long schedules broke it).
pub const MESSAGE_MAX_BYTES: usize = 64 * 1024;
