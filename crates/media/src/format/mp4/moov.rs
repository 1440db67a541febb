//! Reading `moov`: tracks, their decoder configs, edits and defaults for fragments.

use super::MOVIE_TIMESCALE;
use super::fields::{Fields, boxes, find, need};
use crate::codec::{aac, h264, hevc};
use crate::error::{Error, Result};
use crate::{MediaTime, Track};
use bytes::Bytes;

/// A `moov`, its tables still in place.
#[derive(Debug)]
pub(super) struct Movie<'a> {
    pub traks: Vec<Trak<'a>>,
    /// It has an `mvex`: samples may be in fragments.
    pub is_fragmented: bool,
    /// Codecs of tracks we cannot read, `video` first.
    pub unsupported: Vec<String>,
    /// Whether there is any video track at all.
    pub has_video: bool,
}

/// One readable track.
#[derive(Debug)]
pub(super) struct Trak<'a> {
    pub id: u32,
    pub track: Track,
    /// Bytes of each NAL length in the samples; 0 for audio.
    pub length_size: u8,
    /// To be added to a dts so that all tracks share one timeline.
    pub shift_ticks: i64,
    pub stbl: &'a [u8],
    pub defaults: Defaults,
}

/// `trex` (§8.8.3): what a fragment does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub duration: u32,
    pub size: u32,
    pub flags: u32,
}

/// At most this many tracks are looked at.
const MAX_TRACKS: usize = 64;

/// Reads the content of a `moov` box.
pub(super) fn parse_moov(moov: &[u8]) -> Result<Movie<'_>> {
    let mut header = Fields::new(need(moov, b"mvhd", "no mvhd box")?);
    let (version, _) = header.version_flags()?;
    header.take(if version == 1 { 16 } else { 8 })?;
    let timescale = match header.u32()? {
        0 => MOVIE_TIMESCALE,
        timescale => timescale,
    };
    let mvex = find(moov, b"mvex")?;
    let (mut traks, mut has_video) = (Vec::new(), false);
    let (mut video_names, mut other_names) = (Vec::new(), Vec::new());
    for item in boxes(moov).take(MAX_TRACKS) {
        let (kind, content) = item?;
        if &kind != b"trak" {
            continue;
        }
        match parse_trak(content, timescale)? {
            Parsed::Readable(mut trak) => {
                has_video |= trak.length_size > 0;
                trak.defaults = defaults(mvex.unwrap_or(&[]), trak.id)?;
                traks.push(*trak);
            }
            Parsed::Video(name) => {
                has_video = true;
                video_names.push(name);
            }
            Parsed::Other(name) => other_names.push(name),
        }
    }
    video_names.append(&mut other_names);
    Ok(Movie { traks, is_fragmented: mvex.is_some(), unsupported: video_names, has_video })
}

enum Parsed<'a> {
    Readable(Box<Trak<'a>>),
    Video(String),
    Other(String),
}

fn parse_trak(trak: &[u8], movie_timescale: u32) -> Result<Parsed<'_>> {
    let mut tkhd = Fields::new(need(trak, b"tkhd", "no tkhd box")?);
    let (version, _) = tkhd.version_flags()?;
    tkhd.take(if version == 1 { 16 } else { 8 })?;
    let id = tkhd.u32()?;
    let mdia = need(trak, b"mdia", "no mdia box")?;
    let mut mdhd = Fields::new(need(mdia, b"mdhd", "no mdhd box")?);
    let (version, _) = mdhd.version_flags()?;
    mdhd.take(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32()?;
    if timescale == 0 {
        return Err(Error::Damaged("a track has timescale 0"));
    }
    let mut hdlr = Fields::new(need(mdia, b"hdlr", "no hdlr box")?);
    hdlr.take(8)?;
    let handler = hdlr.take(4)?;
    if handler != b"vide" && handler != b"soun" {
        return Ok(Parsed::Other(String::from_utf8_lossy(handler).into_owned()));
    }
    let stbl = need(need(mdia, b"minf", "no minf box")?, b"stbl", "no stbl box")?;
    let mut stsd = Fields::new(need(stbl, b"stsd", "no stsd box")?);
    stsd.take(8)?;
    let Some(entry) = boxes(stsd.rest).next() else { return Err(Error::Damaged("no sample description")) };
    let (kind, entry) = entry?;
    let name =
        || kind.iter().map(|&b| if b.is_ascii_graphic() { b as char } else { '?' }).collect::<String>();
    let read = match (&kind, handler) {
        (b"avc1" | b"avc3" | b"hvc1" | b"hev1", b"vide") => Some(visual(&kind, entry, timescale)?),
        (b"mp4a", b"soun") => sound(entry, timescale)?.map(|track| (track, 0)),
        _ => None,
    };
    let Some((track, length_size)) = read else {
        return Ok(if handler == b"vide" { Parsed::Video(name()) } else { Parsed::Other(name()) });
    };
    let shift_ticks = shift(trak, movie_timescale, timescale)?;
    let defaults = Defaults::default();
    Ok(Parsed::Readable(Box::new(Trak { id, track, length_size, shift_ticks, stbl, defaults })))
}

fn visual(kind: &[u8; 4], entry: &[u8], timescale: u32) -> Result<(Track, u8)> {
    let mut fields = Fields::new(entry);
    fields.take(78)?; // SampleEntry and VisualSampleEntry (§12.1.3)
    let bad = |_| Error::Damaged("the decoder configuration of the video");
    if kind[0] == b'a' {
        let avcc = Bytes::copy_from_slice(need(fields.rest, b"avcC", "no avcC box")?);
        let length_size = h264::parse_avcc(&avcc).map_err(bad)?.length_size;
        Ok((h264::track_from_avcc(avcc, timescale).map_err(bad)?, length_size))
    } else {
        let hvcc = Bytes::copy_from_slice(need(fields.rest, b"hvcC", "no hvcC box")?);
        let length_size = hevc::parse_hvcc(&hvcc).map_err(bad)?.length_size;
        Ok((hevc::track_from_hvcc(hvcc, timescale).map_err(bad)?, length_size))
    }
}

/// `None` when it is not AAC (MP3 in `mp4a`, for one).
fn sound(entry: &[u8], timescale: u32) -> Result<Option<Track>> {
    let mut fields = Fields::new(entry);
    fields.take(8)?;
    let version = fields.u16()?;
    fields.take(18)?;
    // QuickTime sound sample descriptions are longer, and may hide `esds` in `wave`.
    fields.take(match version {
        1 => 16,
        2 => 36,
        _ => 0,
    })?;
    let esds = match find(fields.rest, b"esds")? {
        Some(esds) => Some(esds),
        None => match find(fields.rest, b"wave")? {
            Some(wave) => find(wave, b"esds")?,
            None => None,
        },
    };
    let Some(config) = esds.map(specific_info).transpose()?.flatten() else { return Ok(None) };
    Ok(aac::track(Bytes::copy_from_slice(config), timescale).ok())
}

/// The `DecoderSpecificInfo` of an AAC `ES_Descriptor` (ISO/IEC 14496-1 §7.2.6).
fn specific_info(esds: &[u8]) -> Result<Option<&[u8]>> {
    let mut fields = Fields::new(esds);
    fields.version_flags()?;
    let mut es = Fields::new(descriptor(&mut fields, 3)?);
    es.u16()?;
    let flags = es.u8()?;
    es.take(if flags & 0x80 != 0 { 2 } else { 0 })?;
    let url_bytes = if flags & 0x40 != 0 { usize::from(es.u8()?) } else { 0 };
    es.take(url_bytes + if flags & 0x20 != 0 { 2 } else { 0 })?;
    let mut decoder = Fields::new(descriptor(&mut es, 4)?);
    if !matches!(decoder.u8()?, 0x40 | 0x66..=0x68) {
        return Ok(None);
    }
    decoder.take(12)?;
    Ok(Some(descriptor(&mut decoder, 5)?))
}

fn descriptor<'a>(fields: &mut Fields<'a>, tag: u8) -> Result<&'a [u8]> {
    if fields.u8()? != tag {
        return Err(Error::Damaged("the esds box of the audio"));
    }
    let mut len = 0;
    for _ in 0..4 {
        let byte = fields.u8()?;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    fields.take(len)
}

/// What the edit list (§8.6.6) does to decode times: leading empty edits delay, the first real one takes off its media
/// time. Further edits are not followed.
fn shift(trak: &[u8], movie_timescale: u32, timescale: u32) -> Result<i64> {
    let Some(edts) = find(trak, b"edts")? else { return Ok(0) };
    let Some(elst) = find(edts, b"elst")? else { return Ok(0) };
    let mut fields = Fields::new(elst);
    let (version, _) = fields.version_flags()?;
    let is_64 = version == 1;
    let mut delay = 0i64;
    for _ in 0..fields.count(if is_64 { 20 } else { 12 })? {
        let duration = fields.uint(is_64)?;
        let media_time = if is_64 { fields.u64()? as i64 } else { i64::from(fields.i32()?) };
        fields.u32()?;
        if media_time >= 0 {
            return Ok((delay - media_time).clamp(-MAX_SHIFT, MAX_SHIFT));
        }
        let duration = MediaTime::new(duration.min(i64::MAX as u64) as i64, movie_timescale);
        delay = delay.saturating_add(duration.rescale(timescale).ticks.clamp(0, MAX_SHIFT));
    }
    Ok(delay.clamp(-MAX_SHIFT, MAX_SHIFT))
}

/// Edits beyond this many ticks are nonsense, and sums stay far from overflow.
const MAX_SHIFT: i64 = 1 << 50;

fn defaults(mvex: &[u8], id: u32) -> Result<Defaults> {
    for item in boxes(mvex) {
        let (kind, content) = item?;
        let mut fields = Fields::new(content);
        if &kind != b"trex" {
            continue;
        }
        fields.version_flags()?;
        if fields.u32()? == id {
            fields.u32()?;
            return Ok(Defaults { duration: fields.u32()?, size: fields.u32()?, flags: fields.u32()? });
        }
    }
    Ok(Defaults::default())
}
