//! Writing one fragment: `moof` and `mdat` (§8.8).

use super::boxes::BoxWriter;
use crate::TrackKind;
use bytes::Bytes;

/// A sample on its way into a fragment, times in the track's timescale from the start of the timeline.
#[derive(Debug, Clone)]
pub(super) struct FragmentSample {
    pub dts: i64,
    pub composition_offset: i32,
    pub key: bool,
    pub data: Bytes,
}

/// The samples of one track in a fragment, in dts order, at least one.
pub(super) struct FragmentRun<'a> {
    /// `track_ID`.
    pub id: u32,
    pub kind: TrackKind,
    pub samples: &'a [FragmentSample],
    /// Duration of the last sample.
    pub last_delta: u32,
}

/// `sample_depends_on` 2: a sync sample (§8.8.3.1).
const FLAGS_SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` 1 and `sample_is_non_sync_sample`.
const FLAGS_NON_SYNC: u32 = 0x0101_0000;

/// A written fragment, and where each run's samples begin in it.
pub(super) struct Fragment {
    pub bytes: Vec<u8>,
    pub run_offsets: Vec<usize>,
}

/// Writes a fragment. Samples of a run lie one behind the other in `mdat`, the runs in the order given.
pub(super) fn write_fragment(sequence: u32, runs: &[FragmentRun<'_>]) -> Fragment {
    let payload: usize = runs.iter().flat_map(|run| run.samples).map(|sample| sample.data.len()).sum();
    let mut w = BoxWriter { out: Vec::with_capacity(payload + 4096) };
    let mut patches = Vec::new();
    w.boxed(b"moof", |w| {
        w.full(b"mfhd", 0, 0, |w| w.u32(sequence));
        for run in runs {
            w.boxed(b"traf", |w| patches.push(write_traf(w, run)));
        }
    });
    let large = payload as u64 + 8 > u64::from(u32::MAX);
    w.u32(if large { 1 } else { payload as u32 + 8 });
    w.bytes(b"mdat");
    if large {
        w.u64(payload as u64 + 16);
    }
    let mut run_offsets = Vec::new();
    for (run, at) in runs.iter().zip(patches) {
        let offset = w.out.len();
        run_offsets.push(offset);
        w.out[at..at + 4].copy_from_slice(&(offset as u32).to_be_bytes());
        run.samples.iter().for_each(|sample| w.bytes(&sample.data));
    }
    Fragment { bytes: w.out, run_offsets }
}

/// Writes `tfhd tfdt trun`; returns where the data offset of the `trun` has to be filled in.
fn write_traf(w: &mut BoxWriter, run: &FragmentRun<'_>) -> usize {
    let is_video = run.kind == TrackKind::Video;
    // default-base-is-moof, default-sample-flags-present
    w.full(b"tfhd", 0, 0x2_0020, |w| {
        w.u32(run.id);
        w.u32(if is_video { FLAGS_NON_SYNC } else { FLAGS_SYNC });
    });
    let first_dts = run.samples.first().map_or(0, |sample| sample.dts.max(0) as u64);
    w.full(b"tfdt", 1, 0, |w| w.u64(first_dts));
    // data offset, durations, sizes; for video flags and composition offsets
    let mut data_offset_at = 0;
    w.full(b"trun", 1, if is_video { 0xf01 } else { 0x301 }, |w| {
        w.u32(run.samples.len() as u32);
        data_offset_at = w.out.len();
        w.u32(0);
        for (index, sample) in run.samples.iter().enumerate() {
            let delta = run.samples.get(index + 1).map(|next| (next.dts - sample.dts) as u32);
            w.u32(delta.unwrap_or(run.last_delta));
            w.u32(sample.data.len() as u32);
            if is_video {
                w.u32(if sample.key { FLAGS_SYNC } else { FLAGS_NON_SYNC });
                w.i32(sample.composition_offset);
            }
        }
    });
    data_offset_at
}
