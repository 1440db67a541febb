//! Reading `moof` (§8.8): samples of one fragment.

use super::MAX_SAMPLES;
use super::fields::{Fields, boxes, need};
use super::moov::{Defaults, Trak};
use crate::error::{Error, Result};

/// A sample as the file says, dts in the track's timescale before any edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawSample {
    pub dts: i64,
    pub duration: u32,
    pub composition_offset: i32,
    pub key: bool,
    pub offset: u64,
    pub size: u32,
}

/// The samples of one `trun` of a known track.
#[derive(Debug)]
pub(super) struct Run {
    /// Index into the `traks` given.
    pub trak: usize,
    pub samples: Vec<RawSample>,
}

/// Reads the content of a `moof` whose box starts at `moof_at`. `next_dts` (one for each trak) carries decode times over
/// fragments without `tfdt`. At most `budget` samples.
pub(super) fn parse_moof(
    moof: &[u8],
    moof_at: u64,
    traks: &[&Trak<'_>],
    next_dts: &mut [i64],
    budget: usize,
) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut left = budget.min(MAX_SAMPLES);
    for item in boxes(moof) {
        let (kind, traf) = item?;
        if &kind != b"traf" {
            continue;
        }
        let mut header = Fields::new(need(traf, b"tfhd", "no tfhd box")?);
        let (_, flags) = header.version_flags()?;
        let id = header.u32()?;
        let Some(index) = traks.iter().position(|trak| trak.id == id) else { continue };
        let base = if flags & 1 != 0 { header.u64()? } else { moof_at };
        header.take(if flags & 2 != 0 { 4 } else { 0 })?;
        let mut defaults = traks[index].defaults;
        for (bit, field) in
            [(0x8, &mut defaults.duration), (0x10, &mut defaults.size), (0x20, &mut defaults.flags)]
        {
            if flags & bit != 0 {
                *field = header.u32()?;
            }
        }
        let mut cursor = Cursor { dts: next_dts[index], base, next_offset: base };
        for item in boxes(traf) {
            let (kind, content) = item?;
            let mut fields = Fields::new(content);
            match &kind {
                b"tfdt" => {
                    let (version, _) = fields.version_flags()?;
                    let dts = i64::try_from(fields.uint(version == 1)?).ok();
                    let dts = dts.filter(|&dts| dts < 1 << 60);
                    cursor.dts = dts.ok_or(Error::Damaged("a decode time beyond 2^60"))?;
                }
                b"trun" => {
                    let is_video = traks[index].length_size > 0;
                    let samples = parse_trun(fields, defaults, is_video, &mut cursor, &mut left)?;
                    runs.push(Run { trak: index, samples });
                }
                _ => {}
            }
        }
        next_dts[index] = cursor.dts;
    }
    Ok(runs)
}

struct Cursor {
    dts: i64,
    base: u64,
    next_offset: u64,
}

fn parse_trun(
    mut fields: Fields<'_>,
    defaults: Defaults,
    is_video: bool,
    cursor: &mut Cursor,
    left: &mut usize,
) -> Result<Vec<RawSample>> {
    let (_, flags) = fields.version_flags()?;
    let count = fields.u32()? as usize;
    let damaged = Error::Damaged("a trun box");
    if flags & 1 != 0 {
        let offset = cursor.base.checked_add_signed(i64::from(fields.i32()?));
        cursor.next_offset = offset.ok_or(damaged.clone())?;
    }
    let first_flags = if flags & 4 != 0 { Some(fields.u32()?) } else { None };
    let entry_bytes = [0x100, 0x200, 0x400, 0x800].iter().filter(|&bit| flags & bit != 0).count() * 4;
    // Entries of no bytes are possible by defaults only; the budget bounds them.
    if count > *left || count.checked_mul(entry_bytes).is_none_or(|bytes| bytes > fields.rest.len()) {
        return Err(damaged);
    }
    *left -= count;
    let mut samples = Vec::with_capacity(if entry_bytes == 0 { 0 } else { count });
    for index in 0..count {
        let mut field = |bit: u32, default: u32| if flags & bit != 0 { fields.u32() } else { Ok(default) };
        let duration = field(0x100, defaults.duration)?;
        let size = field(0x200, defaults.size)?;
        let default_flags = first_flags.filter(|_| index == 0).unwrap_or(defaults.flags);
        let sample_flags = field(0x400, default_flags)?;
        let composition_offset = field(0x800, 0)? as i32;
        let key = !is_video || sample_flags & 0x1_0000 == 0;
        let offset = cursor.next_offset;
        samples.push(RawSample { dts: cursor.dts, duration, composition_offset, key, offset, size });
        cursor.next_offset = offset.saturating_add(u64::from(size));
        cursor.dts = cursor.dts.saturating_add(i64::from(duration));
    }
    Ok(samples)
}
