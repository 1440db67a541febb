//! Kill, cut, fill: what the promises say of each is counted in frames, not in durations.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the log wants")]

mod gatherer_killed;
mod server_killed;
