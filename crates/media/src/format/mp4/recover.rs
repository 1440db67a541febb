//! Finishing the file of a writer that was killed.

use super::finalise::{Finalised, Head, finalise};
use super::moof::{Run, parse_moof};
use super::moov::{Trak, parse_moov};
use super::table::SampleTable;
use super::{
    FileBox, MAX_MOOF_BYTES, MAX_MOOV_BYTES, MAX_SAMPLES, ReadAt, file_box, file_size, read_exact_at,
    read_payload,
};
use crate::error::{Error, Result};
use crate::{Track, TrackKind};

/// What has to be done with a file found open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// There is no whole fragment in it: nothing can be saved.
    Nothing,
    /// It was finalised; nothing has to be done.
    AlreadyFinished,
    /// Truncate it to `truncate_to`, then apply the operations as after [`HybridWriter::finalise`](super::HybridWriter::finalise).
    Finish {
        /// The end of the last whole fragment.
        truncate_to: u64,
        /// The operations, and what the file then is.
        finalised: Finalised,
    },
}

/// Looks at a file that a [`HybridWriter`](super::HybridWriter) wrote until it was killed at any byte. All whole fragments are kept.
/// The video of the last fragment is checked for being NAL units, since after a power cut its bytes may be zeros.
/// [`Error::Damaged`] or [`Error::NotMp4`]: it is not a file of ours.
pub fn recover(file: &impl ReadAt) -> Result<Recovery> {
    let file_bytes = file_size(file)?;
    let Some(ftyp) = file_box(file, 0, file_bytes)? else { return Ok(Recovery::Nothing) };
    if &ftyp.kind != b"ftyp" || ftyp.end() != Head::MOOV_AT {
        return Err(Error::NotMp4);
    }
    let Some(second) = file_box(file, ftyp.end(), file_bytes)? else { return Ok(Recovery::Nothing) };
    match &second.kind {
        b"free" => return finished(file, &second, file_bytes),
        b"moov" => {}
        _ => return Err(Error::Damaged("not a recording of this program: no moov behind ftyp")),
    }
    let moov = read_payload(file, &second, MAX_MOOV_BYTES)?;
    let movie = parse_moov(&moov)?;
    if !movie.is_fragmented {
        return Ok(Recovery::AlreadyFinished);
    }
    let Some(free) = file_box(file, second.end(), file_bytes)? else { return Ok(Recovery::Nothing) };
    if &free.kind != b"free" || free.size_bytes < 64 {
        return Err(Error::Damaged("not a recording of this program: no reserved head"));
    }
    let head = Head { moov_bytes: second.size_bytes, head_bytes: free.end() };
    let traks: Vec<&Trak<'_>> = movie.traks.iter().collect();
    let (tables, end) = whole_fragments(file, file_bytes, head.head_bytes, &traks)?;
    if tables.iter().all(|(_, table)| table.len() == 0) {
        return Ok(Recovery::Nothing);
    }
    Ok(Recovery::Finish { truncate_to: end, finalised: finalise(&tables, head, end)? })
}

/// The head begins with `free`: it was finalised, `moov` follows it or is at the end.
fn finished(file: &impl ReadAt, free: &FileBox, file_bytes: u64) -> Result<Recovery> {
    let mut at = free.end();
    while let Some(found) = file_box(file, at, file_bytes)? {
        if &found.kind == b"moov" {
            return Ok(Recovery::AlreadyFinished);
        }
        at = found.end();
    }
    Err(Error::Damaged("finalised, but its moov box is gone"))
}

/// The sample tables of all fragments that are whole, and where the last of them ends.
fn whole_fragments(
    file: &impl ReadAt,
    file_bytes: u64,
    head_bytes: u64,
    traks: &[&Trak<'_>],
) -> Result<(Vec<(Track, SampleTable)>, u64)> {
    let mut tables: Vec<_> =
        traks.iter().map(|trak| (trak.track.clone(), SampleTable::new(&trak.track))).collect();
    let (mut end, mut next_dts) = (head_bytes, vec![0; traks.len()]);
    while let Some((runs, next)) = fragment(file, end, file_bytes, traks, &mut next_dts, &tables)? {
        let is_last = file_box(file, next, file_bytes)?.is_none_or(|found| &found.kind != b"moof");
        if is_last && !video_is_nal_units(file, &runs, traks)? {
            break;
        }
        for run in &runs {
            let table = &mut tables[run.trak].1;
            if let Some(first) = run.samples.first() {
                table.begin_chunk(first.offset);
            }
            for raw in &run.samples {
                table.append(raw.dts, raw.composition_offset, raw.size, raw.key);
            }
        }
        end = next;
    }
    Ok((tables, end))
}

/// The fragment at `at` and where it ends; `None` when it is not there, not whole, or not sane.
fn fragment(
    file: &impl ReadAt,
    at: u64,
    file_bytes: u64,
    traks: &[&Trak<'_>],
    next_dts: &mut [i64],
    tables: &[(Track, SampleTable)],
) -> Result<Option<(Vec<Run>, u64)>> {
    let Some(moof) = file_box(file, at, file_bytes)?.filter(|found| &found.kind == b"moof") else {
        return Ok(None);
    };
    let mdat = file_box(file, moof.end(), file_bytes)?.filter(|found| &found.kind == b"mdat");
    let Some(mdat) = mdat else { return Ok(None) };
    if moof.size_bytes > MAX_MOOF_BYTES {
        return Ok(None);
    }
    let payload = read_payload(file, &moof, MAX_MOOF_BYTES)?;
    let budget = MAX_SAMPLES.saturating_sub(tables.iter().map(|(_, table)| table.len()).sum());
    let Ok(runs) = parse_moof(&payload, at, traks, next_dts, budget) else { return Ok(None) };
    let inside = mdat.offset + mdat.header_bytes..=mdat.end();
    let sane = runs.iter().all(|run| {
        let last = tables[run.trak].1.last_dts();
        let rising = run.samples.windows(2).all(|pair| pair[0].dts < pair[1].dts);
        rising
            && run.samples.first().is_some_and(|first| last.is_none_or(|last| first.dts > last))
            && run.samples.iter().all(|raw| {
                inside.contains(&raw.offset)
                    && inside.contains(&raw.offset.saturating_add(u64::from(raw.size)))
            })
    });
    Ok((sane && !runs.is_empty()).then_some((runs, mdat.end())))
}

/// Whether the lengths inside each video sample add up to it.
fn video_is_nal_units(file: &impl ReadAt, runs: &[Run], traks: &[&Trak<'_>]) -> Result<bool> {
    let video = runs.iter().filter(|run| traks[run.trak].track.kind() == TrackKind::Video);
    for raw in video.flat_map(|run| &run.samples) {
        let (mut at, end) = (raw.offset, raw.offset + u64::from(raw.size));
        while at < end {
            let mut length = [0; 4];
            if end - at < 4 {
                return Ok(false);
            }
            read_exact_at(file, at, &mut length)?;
            let length = u64::from(u32::from_be_bytes(length));
            if length == 0 || length > end - at - 4 {
                return Ok(false);
            }
            at += 4 + length;
        }
    }
    Ok(true)
}
