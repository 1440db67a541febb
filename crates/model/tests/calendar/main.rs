//! Calendar and timetable by example: a small school, and what a person expects of it.

#![allow(missing_docs, clippy::unwrap_used, reason = "in a test a panic is the report")]

mod attack;
mod changes;
mod checks;
mod conflicts;
mod conventions;
mod holidays;
mod merge;
mod recording;
mod school;
