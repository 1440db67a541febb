//! The main job, as people meet it: real processes, a real camera, real Chromium.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the log wants")]

mod bad_input;
mod board;
mod calendar;
mod campus;
mod changes;
mod codecs;
mod delivery;
mod grid;
mod hands;
mod import_page;
mod install;
mod live;
mod pages;
mod painter;
mod postgres;
mod recording;
