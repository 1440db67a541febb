//! Dev-only: a whole system on port 0 in a temp directory, with real parts beside it: ffmpeg, an RTSP camera,
//! PostgreSQL, headless Chromium. Everything started here is ended here, by process id.
#![allow(clippy::unwrap_used, reason = "a test that cannot set its stage should stop where it is")]

pub mod browser;
pub mod camera;
pub mod fixture;
pub mod gatherer;
pub mod postgres;
pub mod probe;
pub mod process;
mod school;
pub mod site;
pub mod socket;
pub mod system;
pub mod timetable;
pub mod wait;

pub use browser::{Browser, Held, Page, Point};
pub use camera::Camera;
pub use gatherer::Gatherer;
pub use process::Process;
pub use school::noon_zone;
pub use site::Site;
pub use system::{Options, System};
pub use wait::{now_ms, wait_for};
