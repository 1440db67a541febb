//! Kill, cut, fill: what the promises say of each is counted in frames, not in durations.
#![allow(clippy::unwrap_used, reason = "a test")]

mod gatherer_killed;
mod server_killed;
