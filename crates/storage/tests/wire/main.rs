//! Storage over real HTTP: what docs/storage.md promises, from the outside.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that meets an error has failed")]

mod disk;
mod reading;
mod server;
mod tuspy;
mod uploading;
