//! What every running part needs and no part owns: the clock, pauses between tries, stopping, the log.
//!
//! A closed list. Something new goes into the room that needs it, not here. Nothing of ours is imported.

pub mod backoff;
pub mod clock;
pub mod log;
pub mod shutdown;

pub use backoff::Backoff;
pub use clock::{Clock, now_ms};
pub use shutdown::Tasks;
pub use tokio_util::sync::CancellationToken;
