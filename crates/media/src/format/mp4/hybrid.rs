//! The writer of a slice: crash-safe fragments while open, a standard MP4 once finalised.

use super::boxes::{BoxWriter, FTYP, write_moov};
use super::finalise::{Finalised, Head, MDAT_HEADER_BYTES, finalise};
use super::fmp4::empty_parts;
use super::fragment::{FragmentRun, FragmentSample, write_fragment};
use super::{WriteOp, table::SampleTable};
use crate::error::{Error, Result};
use crate::{MediaTime, Packet, Track};
use bytes::Bytes;

/// Head room for each expected second: 30 video and 50 audio samples of 16 bytes.
const ROOM_BYTES_PER_S: u64 = 80 * 16;
/// Head room for headers and short recordings.
const ROOM_SLACK_BYTES: u64 = 64 << 10;
/// Head room at most: a slice is a lesson; beyond this (14 h) `moov` goes to the end.
const ROOM_MAX_BYTES: u64 = 64 << 20;
/// The first fragment starts at a multiple of this.
const ALIGN_BYTES: u64 = 4096;
/// A step back in time up to this is a jittering sender; the packet is moved behind its predecessor.
const MAX_BACK_MS: i64 = 1_000;
/// A step forward beyond this is another recording.
const MAX_FORWARD_MS: i64 = 600_000;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Writes one slice. The caller applies every [`WriteOp`] in order and calls `fdatasync` after [`start`](Self::start)
/// and after each fragment; killed at any moment, the file then [`recover`](super::recover)s to all whole fragments.
///
/// ```text
/// let mut writer = HybridWriter::new(&tracks, 45 * 60)?;
/// apply(writer.start());
/// for packet in packets {
///     if packet.starts_gop() { if let Some(ops) = writer.flush_fragment()? { apply(ops) } }
///     writer.push(&packet)?;
/// }
/// let done = writer.finalise()?;
/// apply(done.ops);               // fdatasync before and after the last op
/// ```
///
/// The file's time starts at 0 with its first packet. Picture and sound keep their distance: whichever starts later
/// gets an edit. The caller sees to it that the first video packet is a keyframe, and starts another file when a track's
/// decoder config changes.
#[derive(Debug)]
pub struct HybridWriter {
    head: Head,
    tracks: Vec<TrackState>,
    /// The media time that becomes 0, known with the first fragment.
    base: Option<MediaTime>,
    sequence: u32,
    end: u64,
}

#[derive(Debug)]
struct TrackState {
    track: Track,
    table: SampleTable,
    /// Absolute times in the track's timescale, not yet rebased.
    pending: Vec<FragmentSample>,
    last_dts: Option<i64>,
}

impl HybridWriter {
    /// For these tracks: at most one of each kind, at least one. `expected_duration_s` sizes the head: about 1.3 kB a
    /// second are reserved, which is plenty at 30 fps; a longer recording stays valid but loses `faststart`.
    pub fn new(tracks: &[Track], expected_duration_s: u32) -> Result<Self> {
        let distinct =
            tracks.first().is_some_and(|first| tracks[1..].iter().all(|t| t.kind() != first.kind()));
        if !distinct || tracks.len() > 2 {
            return Err(Error::Misuse("a recording has one video track, one audio track, or one of each"));
        }
        let moov_bytes = fragmented_moov(tracks).len() as u64;
        let room = (u64::from(expected_duration_s) * ROOM_BYTES_PER_S + ROOM_SLACK_BYTES).min(ROOM_MAX_BYTES);
        let head_bytes = Head::MOOV_AT + moov_bytes + 8 + room + MDAT_HEADER_BYTES;
        let head_bytes = head_bytes.next_multiple_of(ALIGN_BYTES);
        let state = |track: &Track| TrackState {
            track: track.clone(),
            table: SampleTable::new(track),
            pending: Vec::new(),
            last_dts: None,
        };
        Ok(Self {
            head: Head { moov_bytes, head_bytes },
            tracks: tracks.iter().map(state).collect(),
            base: None,
            sequence: 0,
            end: head_bytes,
        })
    }

    /// The head: `ftyp`, a fragmented `moov` and the reserved room, written in full so that finalising needs no space.
    pub fn start(&self) -> Vec<WriteOp> {
        let tracks: Vec<Track> = self.tracks.iter().map(|state| state.track.clone()).collect();
        let mut w = BoxWriter { out: FTYP.to_vec() };
        w.bytes(&fragmented_moov(&tracks));
        w.u32((self.head.head_bytes - w.out.len() as u64) as u32);
        w.bytes(b"free");
        let mut offset = w.out.len() as u64;
        let mut ops = vec![WriteOp { offset: 0, bytes: w.out.into() }];
        while offset < self.head.head_bytes {
            let count = (self.head.head_bytes - offset).min(ZEROS.len() as u64);
            ops.push(WriteOp { offset, bytes: Bytes::from_static(&ZEROS[..count as usize]) });
            offset += count;
        }
        ops
    }

    /// Takes a packet in; nothing is written before the next [`flush_fragment`](Self::flush_fragment). Packets of a
    /// kind have rising dts; a small step back is smoothed (the pts stays). [`Error::TimeJump`]: the packet was refused,
    /// finalise this file and start another. Packets of a kind this file has no track for are an error too.
    pub fn push(&mut self, packet: &Packet) -> Result<()> {
        let base = self.base;
        let state = self.tracks.iter_mut().find(|state| state.track.kind() == packet.kind);
        let state = state.ok_or(Error::Misuse("a packet of a kind that the recording has no track for"))?;
        let timescale = state.track.timescale;
        let pts = packet.pts().rescale(timescale).ticks;
        let mut dts = packet.dts.rescale(timescale).ticks;
        if base.is_some_and(|base| dts < base.rescale(timescale).ticks) {
            return Ok(()); // sound from before the first picture that came late
        }
        if let Some(last) = state.last_dts {
            let ms = |ticks| MediaTime::new(ticks, timescale).as_ms();
            if !(-MAX_BACK_MS..=MAX_FORWARD_MS).contains(&ms(dts - last)) {
                return Err(Error::TimeJump { from_ms: ms(last), to_ms: ms(dts) });
            }
            dts = dts.max(last + 1);
        }
        state.last_dts = Some(dts);
        let composition_offset = (pts - dts).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        let (key, data) = (packet.key, packet.data.clone());
        state.pending.push(FragmentSample { dts, composition_offset, key, data });
        Ok(())
    }

    /// Everything pushed since the last call becomes one fragment; `None` when nothing was pushed. To be called before
    /// a keyframe is pushed, at least every few seconds: what is not flushed is in memory only.
    pub fn flush_fragment(&mut self) -> Result<Option<Vec<WriteOp>>> {
        let firsts = self.tracks.iter().filter_map(|state| {
            state.pending.first().map(|sample| MediaTime::new(sample.dts, state.track.timescale))
        });
        let Some(first) = firsts.min() else { return Ok(None) };
        let base = *self.base.get_or_insert(first);
        for state in &mut self.tracks {
            let base = base.rescale(state.track.timescale).ticks;
            state.pending.iter_mut().for_each(|sample| sample.dts -= base);
            state.pending.retain(|sample| sample.dts >= 0);
        }
        let runs: Vec<_> =
            self.tracks.iter().enumerate().filter_map(|(index, state)| state.run(index)).collect();
        if runs.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        let fragment = write_fragment(self.sequence, &runs);
        let offset = self.end;
        self.end += fragment.bytes.len() as u64;
        let mut run_offsets = fragment.run_offsets.iter();
        for state in self.tracks.iter_mut().filter(|state| !state.pending.is_empty()) {
            let Some(&at) = run_offsets.next() else { break };
            state.table.begin_chunk(offset + at as u64);
            for sample in state.pending.drain(..) {
                let size = sample.data.len() as u32;
                state.table.append(sample.dts, sample.composition_offset, size, sample.key);
            }
        }
        Ok(Some(vec![WriteOp { offset, bytes: fragment.bytes.into() }]))
    }

    /// Flushes what is pending and finishes the file. [`Error::Misuse`] when nothing was ever recorded: remove the file.
    pub fn finalise(mut self) -> Result<Finalised> {
        let pending = self.flush_fragment()?;
        let tables: Vec<_> = self.tracks.into_iter().map(|state| (state.track, state.table)).collect();
        let mut done = finalise(&tables, self.head, self.end)?;
        if let Some(mut ops) = pending {
            ops.append(&mut done.ops);
            done.ops = ops;
        }
        Ok(done)
    }

    /// Bytes of the file so far, the head included.
    pub fn size_bytes(&self) -> u64 {
        self.end
    }

    /// Bytes pushed but not flushed yet.
    pub fn pending_bytes(&self) -> u64 {
        self.tracks.iter().flat_map(|state| &state.pending).map(|sample| sample.data.len() as u64).sum()
    }
}

impl TrackState {
    fn run(&self, index: usize) -> Option<FragmentRun<'_>> {
        let last = self.pending.last()?;
        let last_delta = match self.pending.len().checked_sub(2) {
            Some(before) => (last.dts - self.pending[before].dts) as u32,
            None => self.table.last_delta(),
        };
        Some(FragmentRun {
            id: index as u32 + 1,
            kind: self.track.kind(),
            samples: &self.pending,
            last_delta,
        })
    }
}

fn fragmented_moov(tracks: &[Track]) -> Vec<u8> {
    let mut w = BoxWriter::default();
    write_moov(&mut w, &empty_parts(tracks));
    w.out
}
