//! What keeps the house in order: arrows, doors, sizes, names. ARCHITECTURE.md says why.
#![allow(clippy::unwrap_used, reason = "a test")]

mod arrows;
mod files;
