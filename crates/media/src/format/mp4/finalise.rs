//! From fragments to a standard file, by writing only into the reserved head (or behind the end).
//!
//! ```text
//! open:      ftyp | moov (fragmented) | free ……………………………………… | moof mdat | moof mdat | …
//! finalised: ftyp | free              | moov | free | mdat (64-bit) ………………………………………… to the end
//! ```
//! The new `moov` is written inside the payload of the open file's `free`, so nothing a reader of the open file sees
//! has changed; then 8 bytes turn the old `moov` into a `free`. They lie in one sector: a crash leaves either file.

use super::boxes::{BoxWriter, Edit, FTYP, TrackPart, write_moov};
use super::{MOVIE_TIMESCALE, WriteOp, table::SampleTable};
use crate::error::{Error, Result};
use crate::{MediaTime, Track, TrackKind};

/// Size and type of `mdat` with a 64-bit size: the last bytes of the head.
pub(super) const MDAT_HEADER_BYTES: u64 = 16;

/// What finalising asks the caller to do, and what the file then is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finalised {
    /// In order. Before the **last** one the caller calls `fdatasync`, and again after it: the last one (8 bytes inside
    /// a sector) is the switch from the open to the finished file.
    pub ops: Vec<WriteOp>,
    /// Duration of the movie: the later end of picture and sound.
    pub duration_ms: u64,
    /// Size of the file once all is written.
    pub size_bytes: u64,
    /// Video frames.
    pub video_frames: u64,
    /// Audio frames.
    pub audio_frames: u64,
    /// When the picture ends on the timeline; 0 without.
    pub video_end_ms: u64,
    /// When the sound ends on the timeline; 0 without.
    pub audio_end_ms: u64,
    /// `moov` is in front. False only when the recording outgrew the head: `moov` is then the last box.
    pub faststart: bool,
}

/// Where the parts of the head of an open file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Size of the fragmented `moov`, which starts behind `ftyp`.
    pub moov_bytes: u64,
    /// Where the first fragment starts.
    pub head_bytes: u64,
}

impl Head {
    pub const MOOV_AT: u64 = FTYP.len() as u64;

    /// Where the payload of `free` starts, which is where the new `moov` goes.
    pub fn room_at(&self) -> u64 {
        Self::MOOV_AT + self.moov_bytes + 8
    }
}

/// The operations that finish a file of whole fragments which ends at `end`.
pub(super) fn finalise(tracks: &[(Track, SampleTable)], head: Head, end: u64) -> Result<Finalised> {
    let used: Vec<_> = tracks.iter().filter(|(_, table)| table.len() > 0).collect();
    if used.is_empty() {
        return Err(Error::Misuse("nothing was recorded: there is no file to finalise"));
    }
    let parts = placed(&used);
    let mut w = BoxWriter::default();
    write_moov(&mut w, &parts);
    let end_ms = |kind| {
        let part = parts.iter().find(|part: &&TrackPart<'_>| part.track.kind() == kind);
        part.map_or(0, |part| MediaTime::new(part.duration as i64, MOVIE_TIMESCALE).as_ms() as u64)
    };
    let frames = |kind| {
        used.iter().filter(|(track, _)| track.kind() == kind).map(|(_, table)| table.len() as u64).sum()
    };
    let (video_end_ms, audio_end_ms) = (end_ms(TrackKind::Video), end_ms(TrackKind::Audio));
    let moov_bytes = w.out.len() as u64;
    let mdat_at = head.head_bytes - MDAT_HEADER_BYTES;
    let room = mdat_at.saturating_sub(head.room_at());
    let faststart = moov_bytes == room || moov_bytes + 8 <= room;
    let mdat = mdat_header(end - mdat_at);
    let (mut ops, old_moov_bytes) = if faststart {
        let filler = room - moov_bytes;
        if filler > 0 {
            w.u32(filler as u32);
            w.bytes(b"free");
            w.zeros(filler as usize - 8);
        }
        w.bytes(&mdat);
        (vec![WriteOp { offset: head.room_at(), bytes: w.out.into() }], head.moov_bytes + 8)
    } else {
        let mdat_op = WriteOp { offset: mdat_at, bytes: mdat.to_vec().into() };
        (vec![WriteOp { offset: end, bytes: w.out.into() }, mdat_op], mdat_at - Head::MOOV_AT)
    };
    let mut switch = BoxWriter::default();
    switch.u32(old_moov_bytes as u32);
    switch.bytes(b"free");
    ops.push(WriteOp { offset: Head::MOOV_AT, bytes: switch.out.into() });
    Ok(Finalised {
        ops,
        duration_ms: video_end_ms.max(audio_end_ms),
        size_bytes: if faststart { end } else { end + moov_bytes },
        video_frames: frames(TrackKind::Video),
        audio_frames: frames(TrackKind::Audio),
        video_end_ms,
        audio_end_ms,
        faststart,
    })
}

fn mdat_header(size_bytes: u64) -> [u8; 16] {
    let mut header = *b"\0\0\0\x01mdat\0\0\0\0\0\0\0\0";
    header[8..].copy_from_slice(&size_bytes.to_be_bytes());
    header
}

/// Puts the tracks on one timeline: it starts with the first picture or sound presented; a track that starts later gets
/// an empty edit, and the composition offset of the first picture (B-frames) is taken off (§8.6.6).
fn placed<'a>(used: &[&'a (Track, SampleTable)]) -> Vec<TrackPart<'a>> {
    let starts: Vec<MediaTime> = used
        .iter()
        .map(|(track, table)| {
            let (dts, offset) = table.first().unwrap_or((0, 0));
            MediaTime::new(dts + i64::from(offset.max(0)), track.timescale)
        })
        .collect();
    let zero = starts.iter().min().copied().unwrap_or(MediaTime::from_ms(0));
    let place = |((track, table), start): (&&'a (Track, SampleTable), &MediaTime)| {
        let media_time = u64::from(table.first().map_or(0, |(_, offset)| offset.max(0)) as u32);
        let played = table.duration().saturating_sub(media_time);
        let in_movie = |ticks: u64| {
            let time = MediaTime::new(ticks.min(i64::MAX as u64) as i64, track.timescale);
            time.rescale(MOVIE_TIMESCALE).ticks.max(0) as u64
        };
        let delay = (*start - zero).rescale(MOVIE_TIMESCALE).ticks.max(0) as u64;
        let mut edits = Vec::new();
        if delay > 0 {
            edits.push(Edit { duration: delay, media_time: None });
        }
        if delay > 0 || media_time > 0 {
            edits.push(Edit { duration: in_movie(played), media_time: Some(media_time) });
        }
        TrackPart { track, table: Some(table), edits, duration: delay + in_movie(played) }
    };
    used.iter().zip(&starts).map(place).collect()
}
