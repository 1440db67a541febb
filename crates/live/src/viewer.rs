//! A viewer over a connection: its seat in the stream and its cursor in the ring.

use crate::ask::{Refused, StartError};
use crate::on_demand::Event;
use crate::ring::{Cursor, Take, Wire};
use crate::stream::{Stream, lock};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tracing::info;

/// How somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewerKind {
    /// HTTP-FLV.
    Flv,
    /// FLV over WebSocket.
    Ws,
    /// RTMP.
    Rtmp,
    /// HLS.
    Hls,
}

/// What the stream knows of a connected viewer.
#[derive(Debug)]
pub(crate) struct Seat {
    pub id: u64,
    pub kind: ViewerKind,
    pub viewer: String,
    pub since_ms: i64,
    pub out_bytes: AtomicU64,
    /// Ms after `began` when it last took bytes.
    took_ms: AtomicU64,
    began: Instant,
    /// It has taken everything and waits for more: not its fault.
    waits: AtomicBool,
    /// It must end at the next chance.
    pub gone: AtomicBool,
}

impl Seat {
    fn took(&self, bytes: usize) {
        self.out_bytes.fetch_add(bytes as u64, Relaxed);
        self.took_ms.store(self.began.elapsed().as_millis() as u64, Relaxed);
        self.waits.store(false, Relaxed);
    }

    pub(crate) fn is_stuck(&self, now: Instant, limit: Duration) -> bool {
        let took = self.began + Duration::from_millis(self.took_ms.load(Relaxed));
        !self.waits.load(Relaxed) && !self.gone.load(Relaxed) && now.saturating_duration_since(took) > limit
    }
}

/// Holds a seat; counts as a viewer until dropped.
pub(crate) struct Viewer {
    stream: Arc<Stream>,
    seat: Arc<Seat>,
    flushed: watch::Receiver<u64>,
    failures: u64,
    cursor: Option<Cursor>,
    wire: Wire,
}

/// Why a viewer cannot be seated or started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoShow {
    Refused(Refused),
    Start(StartError),
}

impl Viewer {
    /// Takes a seat, which starts the stream if it must, and waits for it.
    pub(crate) async fn open(stream: Arc<Stream>, kind: ViewerKind, viewer: String) -> Result<Self, NoShow> {
        let mut seated = Self::sit(stream, kind, viewer).map_err(NoShow::Refused)?;
        // Only a viewer that was released is stuck when it takes nothing.
        let waited = seated.stream.wait_live(seated.failures).await;
        seated.flushed.borrow_and_update();
        waited.map_err(NoShow::Start)?;
        seated.seat.took(0);
        Ok(seated)
    }

    fn sit(stream: Arc<Stream>, kind: ViewerKind, viewer: String) -> Result<Self, Refused> {
        let seat = Arc::new(Seat {
            id: stream.new_id(),
            kind,
            viewer,
            since_ms: base::now_ms(),
            out_bytes: AtomicU64::new(0),
            took_ms: AtomicU64::new(0),
            began: Instant::now(),
            waits: AtomicBool::new(true),
            gone: AtomicBool::new(false),
        });
        {
            let mut seats = lock(&stream.seats);
            if seats.len() >= stream.config.viewers_per_stream {
                return Err(Refused::Busy);
            }
            seats.insert(seat.id, seat.clone());
        }
        let wire = if kind == ViewerKind::Rtmp { Wire::Rtmp } else { Wire::Flv };
        let (flushed, failures) = (stream.flushed.subscribe(), stream.failures());
        stream.event(Event::Joined(seat.id));
        Ok(Self { stream, seat, flushed, failures, cursor: None, wire })
    }

    /// Everything pending, as one buffer; waits until there is something. `None`: the viewer has to go.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.flushed.borrow_and_update();
            if self.must_go() {
                return None;
            }
            let take = {
                let mut ring = lock(&self.stream.ring);
                match &mut self.cursor {
                    Some(cursor) => ring.take(cursor, Instant::now()),
                    None => match ring.join(self.wire) {
                        Some((cursor, bytes)) => {
                            self.cursor = Some(cursor);
                            Take::Bytes(bytes)
                        }
                        None => Take::Wait,
                    },
                }
            };
            match take {
                Take::Bytes(bytes) => {
                    self.seat.took(bytes.len());
                    return Some(bytes);
                }
                Take::TooSlow => {
                    info!(stream = %self.stream.name, viewer = %self.seat.viewer,
                        "Viewer of `{}` is too slow and was dropped", self.stream.name);
                    return None;
                }
                Take::Wait => {
                    self.seat.waits.store(true, Relaxed);
                    self.flushed.changed().await.ok()?;
                }
            }
        }
    }

    fn must_go(&self) -> bool {
        self.seat.gone.load(Relaxed)
            || self.stream.over.load(Relaxed)
            || self.stream.failures() != self.failures
    }

    /// Its bytes as a stream that ends when the viewer has to go.
    pub(crate) fn into_stream(
        self,
    ) -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> {
        futures_util::stream::unfold(self, async |mut viewer| {
            viewer.next().await.map(|bytes| (Ok(bytes), viewer))
        })
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        lock(&self.stream.seats).remove(&self.seat.id);
        self.stream.out_bytes.fetch_add(self.seat.out_bytes.load(Relaxed), Relaxed);
        self.stream.touch_passes(&self.seat.viewer);
        self.stream.event(Event::Left(self.seat.id));
    }
}
