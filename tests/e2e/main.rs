//! The main job, as people meet it: real processes, a real camera, real Chromium.
#![allow(clippy::unwrap_used, reason = "a test")]

mod bad_input;
mod codecs;
mod live;
mod pages;
mod postgres;
mod recording;
