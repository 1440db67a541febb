//! The sample table of one track, built sample by sample in the form it is written: a lesson costs 4–12 bytes a sample.

use super::boxes::BoxWriter;
use crate::{Track, TrackKind};

/// `stbl` in the making. Times are in the track's timescale, counted from the start of the recording.
#[derive(Debug, Clone)]
pub(super) struct SampleTable {
    /// Duration of a sample until two are known.
    default_delta: u32,
    first: Option<(i64, i32)>,
    last_dts: i64,
    /// (count, delta): all samples but the last.
    deltas: Vec<(u32, u32)>,
    offsets: Vec<(u32, i32)>,
    sizes: Vec<u32>,
    /// 1-based sample numbers.
    keys: Vec<u32>,
    /// (file offset, samples).
    chunks: Vec<(u64, u32)>,
    is_video: bool,
}

fn run_length<T: PartialEq>(runs: &mut Vec<(u32, T)>, value: T) {
    match runs.last_mut() {
        Some((count, last)) if *last == value => *count += 1,
        _ => runs.push((1, value)),
    }
}

impl SampleTable {
    pub fn new(track: &Track) -> Self {
        let is_video = track.kind() == TrackKind::Video;
        let default_delta = if is_video {
            track.timescale / 25
        } else {
            (u64::from(track.timescale) * 1024 / u64::from(track.sample_rate.max(1))).min(u64::from(u32::MAX))
                as u32
        };
        Self {
            default_delta: default_delta.max(1),
            first: None,
            last_dts: 0,
            deltas: Vec::new(),
            offsets: Vec::new(),
            sizes: Vec::new(),
            keys: Vec::new(),
            chunks: Vec::new(),
            is_video,
        }
    }

    /// Following samples lie one behind the other from `offset`.
    pub fn begin_chunk(&mut self, offset: u64) {
        self.chunks.push((offset, 0));
    }

    /// The next sample; `dts` above the last one's, a chunk begun.
    pub fn append(&mut self, dts: i64, composition_offset: i32, size_bytes: u32, key: bool) {
        if self.first.is_none() {
            self.first = Some((dts, composition_offset));
        } else {
            run_length(&mut self.deltas, (dts - self.last_dts).clamp(0, i64::from(u32::MAX)) as u32);
        }
        self.last_dts = dts;
        run_length(&mut self.offsets, composition_offset);
        self.sizes.push(size_bytes);
        if key {
            self.keys.push(self.sizes.len() as u32);
        }
        if let Some((_, samples)) = self.chunks.last_mut() {
            *samples += 1;
        }
    }

    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// (dts, composition offset) of the first sample.
    pub fn first(&self) -> Option<(i64, i32)> {
        self.first
    }

    /// dts of the last sample.
    pub fn last_dts(&self) -> Option<i64> {
        self.first.map(|_| self.last_dts)
    }

    /// How long the last sample lasts: as the one before it.
    pub fn last_delta(&self) -> u32 {
        self.deltas.last().map_or(self.default_delta, |&(_, delta)| delta.max(1))
    }

    /// From the first sample's dts to the end of the last.
    pub fn duration(&self) -> u64 {
        match self.first {
            Some((first, _)) => (self.last_dts - first) as u64 + u64::from(self.last_delta()),
            None => 0,
        }
    }

    /// `stts stss ctts stsc stsz co64` (§8.6.1, §8.6.2, §8.7).
    pub fn write(&self, w: &mut BoxWriter) {
        let mut deltas = self.deltas.clone();
        if !self.sizes.is_empty() {
            run_length(&mut deltas, self.last_delta());
        }
        w.full(b"stts", 0, 0, |w| {
            w.u32(deltas.len() as u32);
            for (count, delta) in deltas {
                w.u32(count);
                w.u32(delta);
            }
        });
        if self.is_video {
            w.full(b"stss", 0, 0, |w| {
                w.u32(self.keys.len() as u32);
                self.keys.iter().for_each(|&key| w.u32(key));
            });
        }
        if self.offsets.iter().any(|&(_, offset)| offset != 0) {
            w.full(b"ctts", 1, 0, |w| {
                w.u32(self.offsets.len() as u32);
                for &(count, offset) in &self.offsets {
                    w.u32(count);
                    w.i32(offset);
                }
            });
        }
        self.write_chunks(w);
    }

    fn write_chunks(&self, w: &mut BoxWriter) {
        let mut runs: Vec<(u32, u32)> = Vec::new(); // (first chunk, samples per chunk)
        for (index, &(_, samples)) in self.chunks.iter().enumerate() {
            if runs.last().is_none_or(|&(_, last)| last != samples) {
                runs.push((index as u32 + 1, samples));
            }
        }
        w.full(b"stsc", 0, 0, |w| {
            w.u32(runs.len() as u32);
            for (first, samples) in runs {
                w.u32(first);
                w.u32(samples);
                w.u32(1); // sample_description_index
            }
        });
        w.full(b"stsz", 0, 0, |w| {
            w.u32(0);
            w.u32(self.sizes.len() as u32);
            self.sizes.iter().for_each(|&size| w.u32(size));
        });
        let is_large = self.chunks.last().is_some_and(|&(offset, _)| offset > u64::from(u32::MAX));
        w.full(if is_large { b"co64" } else { b"stco" }, 0, 0, |w| {
            w.u32(self.chunks.len() as u32);
            for &(offset, _) in &self.chunks {
                if is_large { w.u64(offset) } else { w.u32(offset as u32) }
            }
        });
    }

    /// The tables of a track whose samples are all in fragments.
    pub fn write_empty(w: &mut BoxWriter) {
        w.full(b"stts", 0, 0, |w| w.u32(0));
        w.full(b"stsc", 0, 0, |w| w.u32(0));
        w.full(b"stsz", 0, 0, |w| w.zeros(8));
        w.full(b"stco", 0, 0, |w| w.u32(0));
    }
}
