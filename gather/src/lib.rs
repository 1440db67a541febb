//! 采集端: pulls cameras and files, pushes them on demand, records by the timetable and uploads.
//!
//! ```text
//! source → feed (ring) ─┬→ recorder → writer → ledger → upload → site
//!                       ├→ push (when somebody watches)
//!                       └→ snapshot
//! ```
//! The agent holds the cached desired state against what runs; it needs no server to record.

pub mod address;
pub mod agent;
pub mod channel;
pub mod cli;
pub mod config;
pub mod disk;
pub mod error;
pub mod feed;
pub mod ffmpeg;
pub mod identity;
pub mod link;
pub mod push;
pub mod record;
pub mod site;
pub mod snapshot;
pub mod source;
pub mod state;
pub mod upload;

pub use error::{GatherError, Result};
