//! Kill, cut, fill: what the promises say of each is counted in frames, not in durations.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the log wants")]

mod archive;
mod bad_link;
mod disk_full;
mod gatherer_killed;
mod lesson_disturbed;
mod many_kills;
mod overlap;
mod proxy;
mod server_killed;
