//! Reading the sample tables of a progressive file (§8.6.1, §8.6.2, §8.7).

use super::MAX_SAMPLES;
use super::fields::{Fields, find, need};
use super::moof::RawSample;
use crate::error::{Error, Result};

/// All samples of one track, in decode order, dts from 0. `file_bytes` bounds what the tables may claim.
pub(super) fn samples(stbl: &[u8], is_video: bool, file_bytes: u64) -> Result<Vec<RawSample>> {
    let mut out = sizes(stbl, file_bytes)?;
    times(stbl, &mut out)?;
    offsets(stbl, &mut out, file_bytes)?;
    if let (Some(stss), true) = (find(stbl, b"stss")?, is_video) {
        out.iter_mut().for_each(|sample| sample.key = false);
        let mut fields = Fields::new(stss);
        fields.version_flags()?;
        for _ in 0..fields.count(4)? {
            let number = fields.u32()? as usize;
            let sample = number.checked_sub(1).and_then(|index| out.get_mut(index));
            sample.ok_or(Error::Damaged("stss names a sample that is not there"))?.key = true;
        }
    }
    Ok(out)
}

fn sizes(stbl: &[u8], file_bytes: u64) -> Result<Vec<RawSample>> {
    let mut fields = Fields::new(need(stbl, b"stsz", "no stsz box (or stz2, which is not read)")?);
    fields.version_flags()?;
    let constant = fields.u32()?;
    let count = if constant == 0 { fields.count(4)? } else { fields.u32()? as usize };
    if count > MAX_SAMPLES {
        return Err(Error::Damaged("more samples than we read"));
    }
    if (count as u64).saturating_mul(u64::from(constant)) > file_bytes {
        return Err(Error::Damaged("the samples are larger than the file"));
    }
    let blank =
        RawSample { dts: 0, duration: 0, composition_offset: 0, key: true, offset: 0, size: constant };
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        out.push(RawSample { size: if constant == 0 { fields.u32()? } else { constant }, ..blank });
    }
    Ok(out)
}

fn times(stbl: &[u8], out: &mut [RawSample]) -> Result<()> {
    let mut fields = Fields::new(need(stbl, b"stts", "no stts box")?);
    fields.version_flags()?;
    let (mut dts, mut at) = (0i64, 0usize);
    for _ in 0..fields.count(8)? {
        let (count, delta) = (fields.u32()? as usize, fields.u32()?);
        // Some writers let the last run be longer than the track.
        for sample in out.iter_mut().skip(at).take(count) {
            (sample.dts, sample.duration) = (dts, delta);
            dts += i64::from(delta);
        }
        at = at.saturating_add(count).min(out.len());
    }
    if at < out.len() {
        return Err(Error::Damaged("stts has fewer samples than stsz"));
    }
    let Some(ctts) = find(stbl, b"ctts")? else { return Ok(()) };
    let mut fields = Fields::new(ctts);
    fields.version_flags()?;
    let mut at = 0usize;
    for _ in 0..fields.count(8)? {
        // Version 0 is unsigned by the letter; writers use negative values in it all the same.
        let (count, offset) = (fields.u32()? as usize, fields.i32()?);
        out.iter_mut().skip(at).take(count).for_each(|sample| sample.composition_offset = offset);
        at = at.saturating_add(count).min(out.len());
    }
    Ok(())
}

fn offsets(stbl: &[u8], out: &mut [RawSample], file_bytes: u64) -> Result<()> {
    let (table, is_64) = match find(stbl, b"stco")? {
        Some(table) => (table, false),
        None => (need(stbl, b"co64", "no stco or co64 box")?, true),
    };
    let mut chunks = Fields::new(table);
    chunks.version_flags()?;
    let chunk_count = chunks.count(if is_64 { 8 } else { 4 })?;
    let mut fields = Fields::new(need(stbl, b"stsc", "no stsc box")?);
    fields.version_flags()?;
    let runs = (0..fields.count(12)?)
        .map(|_| {
            let run = (fields.u32()? as usize, fields.u32()? as usize);
            fields.u32()?;
            Ok(run)
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut run, mut at) = (0, 0);
    for chunk in 1..=chunk_count {
        let mut offset = chunks.uint(is_64)?;
        while runs.get(run + 1).is_some_and(|&(first, _)| first <= chunk) {
            run += 1;
        }
        let samples = runs.get(run).filter(|&&(first, _)| first <= chunk).map_or(0, |&(_, samples)| samples);
        for sample in out.iter_mut().skip(at).take(samples) {
            sample.offset = offset;
            offset = offset.saturating_add(u64::from(sample.size));
        }
        if offset > file_bytes {
            return Err(Error::Damaged("a sample lies beyond the end of the file"));
        }
        at = at.saturating_add(samples).min(out.len());
    }
    if at < out.len() {
        return Err(Error::Damaged("the chunks hold fewer samples than stsz"));
    }
    Ok(())
}
