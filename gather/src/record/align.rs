//! Puts sound beside the picture it belongs to, pure.
//!
//! Sound often arrives later than its picture: a camera packs 20–100 ms of it, and G.711 waits in the AAC encoder for a
//! frame of 64 ms (measured: 180 ms behind). Cut by arrival, every slice would end with a picture without sound. So packets
//! are handed on in the order of their decoding times, and sound counts as received when its picture was.

use media::{Packet, TrackKind};
use std::collections::VecDeque;

/// One track waits for the other at most this much media; beyond it the other is silent, not late.
pub const HOLD_MS: i64 = 500;

/// A packet and when it was received, Unix ms.
pub type Received = (Packet, i64);

/// The packets of one channel that wait for the other track.
#[derive(Debug, Default)]
pub struct Aligner {
    both: bool,
    video: VecDeque<Received>,
    audio: VecDeque<Received>,
    picture_at_ms: Option<i64>,
}

impl Aligner {
    /// What the channel carries from now on. Only with sound **and** picture does anything wait.
    pub fn expect(&mut self, both: bool) {
        self.both = both;
        self.picture_at_ms = None;
    }

    /// The next packet as it came.
    pub fn push(&mut self, packet: Packet, received_at_ms: i64) {
        match packet.kind {
            TrackKind::Video => self.video.push_back((packet, received_at_ms)),
            TrackKind::Audio => self.audio.push_back((packet, received_at_ms)),
        }
    }

    /// The next packet in order of decoding time, when it is sure that none before it will come.
    pub fn poll(&mut self) -> Option<Received> {
        match (self.video.front(), self.audio.front()) {
            (Some(_), Some(_)) => self.earliest(),
            (Some(_), None) if !self.both || waits_too_long(&self.video) => self.earliest(),
            (None, Some(_)) if !self.both || waits_too_long(&self.audio) => self.earliest(),
            _ => None,
        }
    }

    /// The next packet, whether the other track has caught up or not: the stream ends here.
    pub fn earliest(&mut self) -> Option<Received> {
        let video_first = match (self.video.front(), self.audio.front()) {
            (Some((video, _)), Some((audio, _))) => video.dts <= audio.dts,
            (video, _) => video.is_some(),
        };
        if video_first {
            let next = self.video.pop_front()?;
            self.picture_at_ms = Some(next.1);
            return Some(next);
        }
        let (packet, received_at_ms) = self.audio.pop_front()?;
        let with_picture = self.picture_at_ms.map_or(received_at_ms, |at| at.min(received_at_ms));
        Some((packet, with_picture))
    }
}

fn waits_too_long(queue: &VecDeque<Received>) -> bool {
    match (queue.front(), queue.back()) {
        (Some((first, _)), Some((last, _))) => (last.dts - first.dts).as_ms() > HOLD_MS,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::MediaTime;

    fn packet(kind: TrackKind, ms: i64) -> Packet {
        let data = Vec::new().into();
        Packet { kind, dts: MediaTime::from_ms(ms), composition_offset: 0, key: false, data }
    }

    /// Feeds `v40@100` (video of media time 40 received at 100) and so on; what comes out, in the same letters.
    #[track_caller]
    fn check(input: &str, during: &str, at_end: &str) {
        let mut aligner = Aligner::default();
        aligner.expect(true);
        let show = |(p, at): Received| {
            format!("{}{}@{at}", if p.kind == TrackKind::Video { "v" } else { "a" }, p.dts.as_ms())
        };
        let mut out = Vec::new();
        for word in input.split_whitespace() {
            let kind = if word.starts_with('v') { TrackKind::Video } else { TrackKind::Audio };
            let (ms, at) = word[1..].split_once('@').unwrap();
            aligner.push(packet(kind, ms.parse().unwrap()), at.parse().unwrap());
            out.extend(std::iter::from_fn(|| aligner.poll()).map(show));
        }
        assert_eq!(out.join(" "), during);
        let rest: Vec<String> = std::iter::from_fn(|| aligner.earliest()).map(show).collect();
        assert_eq!(rest.join(" "), at_end);
    }

    #[test]
    fn late_sound_counts_as_received_with_its_picture() {
        check("v0@0 v40@40 v80@80 a0@180 a64@190", "v0@0 a0@0 v40@40 a64@40", "v80@80");
    }

    #[test]
    fn sound_that_has_stopped_holds_no_picture_for_long() {
        check("a0@0 v0@0 v250@250 v500@500 v751@751", "v0@0 a0@0 v250@250", "v500@500 v751@751");
    }

    #[test]
    fn a_silent_channel_waits_for_nothing() {
        let mut aligner = Aligner::default();
        aligner.expect(false);
        aligner.push(packet(TrackKind::Video, 0), 7);
        assert_eq!(aligner.poll().map(|(_, at)| at), Some(7));
    }
}
