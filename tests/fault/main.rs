//! Kill, cut, fill: what the promises say of each is counted in frames, not in durations.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the log wants")]

mod archive;
mod bad_link;
#[path = "../e2e/campus.rs"]
#[allow(dead_code, reason = "the e2e tests use all of it")]
mod campus;
mod disk_full;
mod gatherer_killed;
mod lesson_disturbed;
mod many_kills;
mod overlap;
mod plan_changed;
mod proxy;
mod server_killed;
