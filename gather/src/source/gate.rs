//! Which tracks a channel has, decided from what comes and not from what was announced.
//!
//! A camera may announce sound that never comes, and then a player waits for it for ever; or its sound begins seconds
//! late. So the first keyframe waits up to a second for the first sound, and everything that changes later (sound that
//! appears, another picture size) takes effect at a keyframe, where a decoder and a recording can begin anew (R7).

use crate::channel::Intake;
use crate::feed::Received;
use media::{Packet, Track, TrackKind};
use std::time::Duration;

/// How long the first keyframe waits for the first sound.
const AUDIO_WITHIN: Duration = Duration::from_secs(1);
/// Packets held meanwhile: 1 s at 60 pictures and 100 sound frames, doubled.
const MAX_HELD: usize = 320;

/// What leaves the gate, in order.
#[derive(Debug)]
pub(super) enum Passed {
    Tracks(Vec<Track>),
    Packet(Packet, Received),
}

/// Pure: packets in, tracks and packets out.
#[derive(Debug)]
pub(super) struct Gate {
    video: Option<Track>,
    audio: Option<Track>,
    /// Sound has really come.
    hears: bool,
    /// Sound may come: without it nothing waits.
    expects_audio: bool,
    told: Vec<Track>,
    held: Vec<(Packet, Received)>,
    /// Video is dropped up to the next keyframe.
    wants_key: bool,
    is_open: bool,
}

impl Gate {
    pub fn new(expects_audio: bool) -> Self {
        Self {
            video: None,
            audio: None,
            hears: false,
            expects_audio,
            told: Vec::new(),
            held: Vec::new(),
            wants_key: true,
            is_open: false,
        }
    }

    /// The decoder configuration of the packets to come.
    pub fn track(&mut self, track: Track) {
        let slot = if track.kind() == TrackKind::Video { &mut self.video } else { &mut self.audio };
        if slot.as_ref() != Some(&track) {
            // A picture of a new configuration cannot follow one of the old.
            self.wants_key |= track.kind() == TrackKind::Video;
            *slot = Some(track);
        }
    }

    /// Pictures were lost: what refers to them is of no use (R8).
    pub fn lost_video(&mut self) {
        self.wants_key = true;
    }

    pub fn push(&mut self, packet: Packet, received: Received) -> Vec<Passed> {
        match packet.kind {
            TrackKind::Video => self.push_video(packet, received),
            TrackKind::Audio => self.push_audio(packet, received),
        }
    }

    fn push_video(&mut self, packet: Packet, received: Received) -> Vec<Passed> {
        if self.video.is_none() || (self.wants_key && !packet.key) {
            return Vec::new();
        }
        self.wants_key = false;
        if !self.is_open {
            self.held.push((packet, received));
            return self.open_if_due(received);
        }
        let mut out = Vec::new();
        if packet.key {
            self.tell(&mut out);
        }
        out.push(Passed::Packet(packet, received));
        out
    }

    fn push_audio(&mut self, packet: Packet, received: Received) -> Vec<Passed> {
        if self.audio.is_none() {
            return Vec::new();
        }
        self.hears = true;
        if self.is_open {
            let is_told = self.audio.as_ref().is_some_and(|audio| self.told.contains(audio));
            return if is_told { vec![Passed::Packet(packet, received)] } else { Vec::new() };
        }
        if self.held.is_empty() {
            return Vec::new(); // sound before the first picture
        }
        self.held.push((packet, received));
        self.open_if_due(received)
    }

    fn open_if_due(&mut self, now: Received) -> Vec<Passed> {
        let Some((_, first)) = self.held.first() else { return Vec::new() };
        let waited = now.instant.saturating_duration_since(first.instant);
        let is_due =
            self.hears || !self.expects_audio || waited >= AUDIO_WITHIN || self.held.len() >= MAX_HELD;
        let mut out = Vec::new();
        if is_due {
            self.is_open = true;
            self.tell(&mut out);
            out.extend(self.held.drain(..).map(|(packet, received)| Passed::Packet(packet, received)));
        }
        out
    }

    fn tell(&mut self, out: &mut Vec<Passed>) {
        let audio = self.audio.iter().filter(|_| self.hears);
        let tracks: Vec<Track> = self.video.iter().chain(audio).cloned().collect();
        if tracks != self.told {
            self.told.clone_from(&tracks);
            out.push(Passed::Tracks(tracks));
        }
    }
}

/// Writes what passed into the intake.
pub(super) fn deliver(passed: Vec<Passed>, intake: &mut Intake, audio_name: &str) {
    for item in passed {
        match item {
            Passed::Tracks(tracks) => intake.tracks(tracks, audio_name),
            Passed::Packet(packet, received) => intake.packet_received(packet, received),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use media::{DecoderConfig, MediaTime};
    use std::time::Instant;

    fn track(config: DecoderConfig) -> Track {
        Track { config, timescale: 1000, width: 0, height: 0, sample_rate: 0, channels: 0 }
    }

    fn h264(name: &'static str) -> Track {
        track(DecoderConfig::H264(Bytes::from_static(name.as_bytes())))
    }

    /// Script: `K` keyframe, `v` other picture, `a` sound; `V`/`W` new video config, `A` audio config; a blank is 0.5 s.
    #[track_caller]
    fn check(expects_audio: bool, script: &str, expect: &str) {
        let (mut gate, zero, mut ms, mut got) = (Gate::new(expects_audio), Instant::now(), 0, String::new());
        for step in script.chars() {
            ms += if step == ' ' { 500 } else { 1 };
            let (kind, key) = match step {
                'K' => (TrackKind::Video, true),
                'v' => (TrackKind::Video, false),
                'a' => (TrackKind::Audio, true),
                'V' => {
                    gate.track(h264("V"));
                    continue;
                }
                'W' => {
                    gate.track(h264("W"));
                    continue;
                }
                'A' => {
                    gate.track(track(DecoderConfig::Aac(Bytes::from_static(b"A"))));
                    continue;
                }
                'x' => {
                    gate.lost_video();
                    continue;
                }
                _ => continue,
            };
            let data = Bytes::new();
            let packet = Packet { kind, dts: MediaTime::from_ms(ms), composition_offset: 0, key, data };
            let received = Received { at_ms: ms, instant: zero + Duration::from_millis(ms as u64) };
            for passed in gate.push(packet, received) {
                match passed {
                    Passed::Tracks(tracks) => got.push_str(&format!("[{}]", tracks.len())),
                    Passed::Packet(packet, _) => got.push(match (packet.kind, packet.key) {
                        (TrackKind::Audio, _) => 'a',
                        (_, true) => 'K',
                        _ => 'v',
                    }),
                }
            }
        }
        assert_eq!(got, expect, "{script}");
    }

    #[test]
    fn nothing_passes_before_a_keyframe() {
        check(false, "vVvKv", "[1]Kv");
        check(true, "VAavaKva", "[2]Kva");
    }

    #[test]
    fn the_first_keyframe_waits_a_second_for_sound() {
        check(true, "VAKva", "[2]Kva");
        check(true, "VAKv v ", "");
        check(true, "VAKv v v", "[1]Kvvv");
    }

    #[test]
    fn late_sound_begins_at_a_keyframe() {
        check(true, "VKv  vAaavaKava", "[1]Kvvv[2]Kava");
    }

    #[test]
    fn a_new_picture_begins_at_a_keyframe_and_so_does_what_follows_a_loss() {
        check(false, "VKvWvvKv", "[1]Kv[1]Kv");
        check(true, "VAKaxvvaKv", "[2]KaaKv");
    }
}
