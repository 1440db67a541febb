//! HLS from memory, made only while somebody asks for it.
//!
//! The first playlist request starts a task that reads the ring from its oldest keyframe, so the first playlist has
//! segments at once when the stream is warm. It ends when no HLS viewer was heard of for a lease.

use crate::ring::Content;
use crate::stream::{Stream, lock};
use base::Tasks;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tracing::{info, warn};

pub(crate) enum Part {
    Init(u32),
    Segment(u64),
}
impl Part {
    pub(crate) fn from_file(_f: &str) -> Option<Self> {
        None
    }
}
pub(crate) struct Hls {
    viewers: Mutex<HashMap<String, Instant>>,
}
impl Hls {
    pub(crate) fn viewers(&self) -> Vec<String> {
        lock(&self.viewers).keys().cloned().collect()
    }
    pub(crate) fn leave(&self, viewer: &str) {
        lock(&self.viewers).remove(viewer);
    }
    pub(crate) async fn playlist(&self, _n: &str, _t: &str) -> Option<String> {
        None
    }
    pub(crate) fn part(&self, _p: Part) -> Option<Bytes> {
        None
    }
}
pub(crate) fn of(_s: &Arc<Stream>, _t: &Tasks, _v: &str) -> Arc<Hls> {
    Arc::new(Hls { viewers: Default::default() })
}
