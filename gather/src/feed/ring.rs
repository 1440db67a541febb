//! The ring itself: slots, where keyframes are, how far each reader is.

use super::timeline::Timeline;
use super::{Fed, FeedBounds, FeedItem, Received, Start};
use media::{Packet, Track};
use relay_proto::ChannelCause;
use std::collections::VecDeque;
use std::sync::Arc;

enum Slot {
    /// With the tracks in force, so that a reader may start anywhere.
    Packet(Arc<Fed>, Arc<[Track]>),
    Lost(ChannelCause),
}

impl Slot {
    fn size_bytes(&self) -> usize {
        match self {
            Slot::Packet(fed, _) => fed.packet.data.len(),
            Slot::Lost(_) => 0,
        }
    }
}

struct Reader {
    id: u64,
    /// The slot it gets next.
    at: u64,
    /// The tracks it was told.
    tracks: Option<Arc<[Track]>>,
    /// Nothing but a keyframe helps it now.
    wants_keyframe: bool,
}

/// Slots are counted from the first one ever (`first` + index).
pub(super) struct Ring {
    bounds: FeedBounds,
    slots: VecDeque<Slot>,
    first: u64,
    bytes: usize,
    /// Keyframes a new reader may start at.
    keyframes: VecDeque<u64>,
    /// Bytes from the oldest of `keyframes` on.
    start_bytes: usize,
    tracks: Arc<[Track]>,
    timeline: Timeline,
    readers: Vec<Reader>,
    next_id: u64,
    closed: bool,
}

impl Ring {
    pub fn new(bounds: FeedBounds) -> Self {
        Self {
            bounds,
            slots: VecDeque::new(),
            first: 0,
            bytes: 0,
            keyframes: VecDeque::new(),
            start_bytes: 0,
            tracks: Arc::from([]),
            timeline: Timeline::default(),
            readers: Vec::new(),
            next_id: 0,
            closed: false,
        }
    }

    pub fn set_tracks(&mut self, tracks: Vec<Track>) {
        if *self.tracks != tracks[..] {
            self.tracks = tracks.into();
        }
    }

    fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    pub fn push(&mut self, packet: Packet, received: Received) {
        let packet = self.timeline.place(packet, received.instant);
        if packet.starts_gop() {
            self.keyframes.push_back(self.end());
        }
        if !self.keyframes.is_empty() {
            self.start_bytes += packet.data.len();
        }
        self.bytes += packet.data.len();
        let fed = Arc::new(Fed { packet, received_at_ms: received.at_ms });
        self.slots.push_back(Slot::Packet(fed, self.tracks.clone()));
        self.trim();
    }

    pub fn lost(&mut self, cause: ChannelCause) {
        self.timeline.restart();
        self.keyframes.clear();
        self.start_bytes = 0;
        self.slots.push_back(Slot::Lost(cause));
        self.trim();
    }

    pub fn close(&mut self) {
        self.closed = true;
    }

    pub fn add_reader(&mut self, start: Start) -> u64 {
        let back = match start {
            Start::Now => None,
            Start::LastKeyframe => Some(1),
            Start::Back { gops } => Some(gops.max(1)),
        };
        let kept =
            back.and_then(|back| self.keyframes.get(self.keyframes.len().saturating_sub(back))).copied();
        let id = self.next_id;
        self.next_id += 1;
        let at = kept.unwrap_or(self.end());
        self.readers.push(Reader { id, at, tracks: None, wants_keyframe: back.is_some() });
        id
    }

    pub fn remove_reader(&mut self, id: u64) {
        self.readers.retain(|reader| reader.id != id);
        self.trim();
    }

    pub fn take(&mut self, id: u64) -> Option<FeedItem> {
        let reader = self.readers.iter_mut().find(|reader| reader.id == id)?;
        if reader.at < self.first {
            // To the keyframe it can go on from; when none is kept, to the next one to come.
            let starts_gop = |slot: &Slot| matches!(slot, Slot::Packet(fed, _) if fed.packet.starts_gop());
            let resume = self.slots.iter().position(starts_gop).map_or(self.first, |i| self.first + i as u64);
            let packets = resume - reader.at;
            (reader.at, reader.wants_keyframe) = (resume, true);
            return Some(FeedItem::Skipped { packets });
        }
        loop {
            let Some(slot) = self.slots.get((reader.at - self.first) as usize) else {
                return self.closed.then_some(FeedItem::Closed);
            };
            let (fed, tracks) = match slot {
                Slot::Lost(cause) => {
                    reader.at += 1;
                    return Some(FeedItem::Lost(*cause));
                }
                Slot::Packet(fed, tracks) => (fed, tracks),
            };
            if reader.wants_keyframe && !fed.packet.starts_gop() {
                reader.at += 1;
                continue;
            }
            reader.wants_keyframe = false;
            if reader.tracks.as_ref().is_none_or(|told| !Arc::ptr_eq(told, tracks)) {
                reader.tracks = Some(tracks.clone());
                return Some(FeedItem::Tracks(tracks.clone()));
            }
            reader.at += 1;
            return Some(FeedItem::Packet(fed.clone()));
        }
    }

    /// Lets go of what neither a new reader nor a reader within its lag needs.
    fn trim(&mut self) {
        while let Some(&oldest) = self.keyframes.front() {
            let packets = (self.end() - oldest) as usize;
            let fits = self.keyframes.len() <= self.bounds.gops
                && packets <= self.bounds.packets
                && self.start_bytes <= self.bounds.bytes;
            if fits {
                break;
            }
            self.keyframes.pop_front();
            let next = self.keyframes.front().copied().unwrap_or(self.end());
            let (from, to) = ((oldest - self.first) as usize, (next - self.first) as usize);
            self.start_bytes -= self.slots.range(from..to).map(Slot::size_bytes).sum::<usize>();
        }
        let start = self.keyframes.front().copied().unwrap_or(self.end());
        let slowest = self.readers.iter().map(|reader| reader.at).min().unwrap_or(u64::MAX);
        while !self.slots.is_empty() {
            let needed = slowest <= self.first || start <= self.first;
            let over = self.slots.len() > self.bounds.lag_packets || self.bytes > self.bounds.lag_bytes;
            if needed && !(over && start > self.first) {
                break;
            }
            if let Some(slot) = self.slots.pop_front() {
                self.bytes -= slot.size_bytes();
                self.first += 1;
            }
        }
    }
}
