//! fMP4 for live HLS: an init segment, and media segments whose decode times go on across segments.

use super::boxes::{BoxWriter, FTYP, TrackPart, write_moov};
use super::fragment::{FragmentRun, FragmentSample, write_fragment};
use super::table::SampleTable;
use crate::{MediaTime, Packet, Track};
use bytes::Bytes;

/// `ftyp` and a `moov` without samples (HLS: the target of `EXT-X-MAP`). Track ids are 1, 2, … in the order given.
pub fn init_segment(tracks: &[Track]) -> Bytes {
    let mut w = BoxWriter { out: FTYP.to_vec() };
    write_moov(&mut w, &empty_parts(tracks));
    w.out.into()
}

pub(super) fn empty_parts(tracks: &[Track]) -> Vec<TrackPart<'_>> {
    tracks.iter().map(|track| TrackPart { track, table: None, edits: Vec::new(), duration: 0 }).collect()
}

/// One media segment: `styp moof mdat`.
///
/// `packets` are of both kinds, each kind in dts order; kinds without a track and packets before `base` are left out.
/// `base` is the media time the timeline counts from: the same for every segment of an init segment, so that the 64-bit
/// `tfdt` (§8.8.12) continues. `end` is the dts of the packet that follows (the next keyframe), which gives the last
/// video frame its exact duration; `None`: as the frame before. `sequence` counts up from 1.
pub fn segment(
    tracks: &[Track],
    packets: &[Packet],
    sequence: u32,
    base: MediaTime,
    end: Option<MediaTime>,
) -> Bytes {
    let mut runs = Vec::new();
    for (index, track) in tracks.iter().enumerate() {
        let samples = rebased(track, packets, base);
        let Some(last) = samples.last().map(|sample| sample.dts) else { continue };
        let mut last_delta = match samples.len().checked_sub(2) {
            Some(before) => (last - samples[before].dts) as u32,
            None => SampleTable::new(track).last_delta(),
        };
        let end = end.map(|end| (end - base).rescale(track.timescale).ticks - last);
        if let (Some(span @ 1..), crate::TrackKind::Video) = (end, track.kind()) {
            last_delta = span.min(i64::from(u32::MAX)) as u32;
        }
        runs.push((index as u32 + 1, track.kind(), samples, last_delta));
    }
    let mut w = BoxWriter::default();
    w.boxed(b"styp", |w| w.bytes(b"msdh\0\0\0\0msdhiso6"));
    let runs: Vec<_> = runs
        .iter()
        .map(|(id, kind, samples, last_delta)| FragmentRun {
            id: *id,
            kind: *kind,
            samples,
            last_delta: *last_delta,
        })
        .collect();
    w.bytes(&write_fragment(sequence, &runs).bytes);
    w.out.into()
}

/// The packets of a track as samples that count from `base`, dts strictly rising.
fn rebased(track: &Track, packets: &[Packet], base: MediaTime) -> Vec<FragmentSample> {
    let base = base.rescale(track.timescale).ticks;
    let mut samples: Vec<FragmentSample> = Vec::new();
    for packet in packets.iter().filter(|packet| packet.kind == track.kind()) {
        let pts = packet.pts().rescale(track.timescale).ticks - base;
        let mut dts = packet.dts.rescale(track.timescale).ticks - base;
        if dts < 0 {
            continue;
        }
        if let Some(last) = samples.last() {
            dts = dts.max(last.dts + 1);
        }
        let composition_offset = (pts - dts) as i32;
        samples.push(FragmentSample { dts, composition_offset, key: packet.key, data: packet.data.clone() });
    }
    samples
}
