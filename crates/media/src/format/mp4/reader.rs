//! Reading an MP4 file: progressive or fragmented, ours or anybody's.

use super::moov::{Movie, Trak, parse_moov};
use super::{
    FileBox, MAX_MOOF_BYTES, MAX_MOOV_BYTES, MAX_SAMPLES, ReadAt, file_box, file_size, moof, read_exact_at,
    read_payload, stbl,
};
use crate::codec::{h264, hevc, nal};
use crate::error::{Error, Result};
use crate::{DecoderConfig, MediaTime, Packet, Track, TrackKind};
use bytes::Bytes;

/// Largest sample read: an 8K keyframe is far smaller.
const MAX_SAMPLE_BYTES: u32 = 64 << 20;
/// At most this many top-level boxes are walked; 12 h of fragments of half a second are 172 800.
const MAX_TOP_BOXES: usize = 500_000;

/// Where a packet is in the file, and everything about it but its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The track it belongs to.
    pub kind: TrackKind,
    /// Decoding time on the movie's timeline, in the track's timescale. May be negative: an edit list lets the first
    /// *picture* start at 0, and with B-frames it is decoded before.
    pub dts: MediaTime,
    /// How long it lasts, in ticks of `dts.timescale`.
    pub duration: u32,
    /// pts − dts, in ticks of `dts.timescale`.
    pub composition_offset: i32,
    /// A decoder can start here. Always true for audio.
    pub key: bool,
    /// Where its bytes are in the file.
    pub offset: u64,
    /// How many bytes it has.
    pub size_bytes: u32,
}

/// A parsed file: all samples of one video and at most one audio track, in dts order. The bytes stay in the file.
#[derive(Debug)]
pub struct Mp4Reader<R> {
    file: R,
    tracks: Vec<Track>,
    samples: Vec<Sample>,
    length_size: u8,
    unsupported: Vec<String>,
    is_fragmented: bool,
}

impl<R: ReadAt> Mp4Reader<R> {
    /// Reads the tables. Errors: [`NotMp4`](Error::NotMp4), [`NoVideo`](Error::NoVideo),
    /// [`UnsupportedCodec`](Error::UnsupportedCodec) (its video is neither H.264 nor H.265), [`Damaged`](Error::Damaged)
    /// (cut or contradictory), [`Io`](Error::Io). An audio track that is not AAC is left out (see
    /// [`unsupported`](Self::unsupported)). A fragmented file cut in its last fragment is read up to there.
    pub fn open(file: R) -> Result<Self> {
        let file_bytes = file_size(&file)?;
        let layout = Layout::walk(&file, file_bytes)?;
        let moov = read_payload(&file, &layout.moov, MAX_MOOV_BYTES)?;
        let movie = parse_moov(&moov)?;
        let traks = chosen(&movie)?;
        let (mut samples, is_fragmented) = (Vec::new(), movie.is_fragmented && !layout.moofs.is_empty());
        for (index, trak) in traks.iter().enumerate() {
            // A fragmented file may have its first samples in `moov`.
            let raw = stbl::samples(trak.stbl, trak.length_size > 0, file_bytes)?;
            samples.extend(raw.into_iter().map(|raw| (index, raw)));
        }
        if is_fragmented {
            read_fragments(&file, &layout, &traks, file_bytes, &mut samples)?;
        }
        if samples.iter().any(|(_, raw)| raw.size > MAX_SAMPLE_BYTES) {
            return Err(Error::Damaged("a sample of more than 64 MiB"));
        }
        let mut samples: Vec<Sample> =
            samples.into_iter().map(|(index, raw)| sample(traks[index], raw)).collect();
        if !samples.iter().any(|sample| sample.kind == TrackKind::Video) {
            return Err(Error::Damaged("the video track has no samples"));
        }
        samples.sort_by_key(|sample| (sample.dts, sample.kind));
        let (tracks, length_size) = (traks.iter().map(|t| t.track.clone()).collect(), traks[0].length_size);
        Ok(Self { file, tracks, samples, length_size, unsupported: movie.unsupported, is_fragmented })
    }

    /// The video track, then the audio track if there is one that we can read.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// All samples in dts order, both kinds interleaved.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Codecs of tracks that were left out, as their four characters.
    pub fn unsupported(&self) -> &[String] {
        &self.unsupported
    }

    /// Whether the samples are in fragments (a recording that was never finalised, or a DASH/HLS file).
    pub fn is_fragmented(&self) -> bool {
        self.is_fragmented
    }

    /// From 0 to the end of the last picture or sound; for a loop, the time to add for the next round.
    pub fn duration(&self) -> MediaTime {
        let ends = self.samples.iter().map(|s| {
            MediaTime::new(
                s.dts.ticks + i64::from(s.composition_offset.max(0)) + i64::from(s.duration),
                s.dts.timescale,
            )
        });
        ends.max().unwrap_or(MediaTime::from_ms(0))
    }

    /// Reads the packet of a sample: NAL lengths widened to 4 bytes, parameter sets left out.
    pub fn read(&self, sample: &Sample) -> Result<Packet> {
        let mut data = vec![0; sample.size_bytes as usize];
        read_exact_at(&self.file, sample.offset, &mut data)?;
        let mut data = Bytes::from(data);
        if sample.kind == TrackKind::Video && !data.is_empty() {
            let is_hevc = self.tracks.iter().any(|track| matches!(track.config, DecoderConfig::Hevc(_)));
            let is_set = if is_hevc { hevc::is_parameter_set } else { h264::is_parameter_set };
            data = nal::normalise_avcc(&data, self.length_size, is_set)
                .map_err(|_| Error::Damaged("a video sample does not consist of NAL units"))?;
        }
        let Sample { kind, dts, composition_offset, key, .. } = *sample;
        Ok(Packet { kind, dts, composition_offset, key, data })
    }

    /// Gives the file back.
    pub fn into_inner(self) -> R {
        self.file
    }
}

/// The first readable video track and the first readable audio track.
fn chosen<'m, 'a>(movie: &'m Movie<'a>) -> Result<Vec<&'m Trak<'a>>> {
    let first = |kind| movie.traks.iter().find(|trak| trak.track.kind() == kind);
    match (first(TrackKind::Video), movie.unsupported.first()) {
        (Some(video), _) => Ok(std::iter::once(video).chain(first(TrackKind::Audio)).collect()),
        (None, Some(name)) if movie.has_video => Err(Error::UnsupportedCodec(name.clone())),
        (None, _) => Err(Error::NoVideo),
    }
}

fn sample(trak: &Trak<'_>, raw: moof::RawSample) -> Sample {
    Sample {
        kind: trak.track.kind(),
        dts: MediaTime::new(raw.dts + trak.shift_ticks, trak.track.timescale),
        duration: raw.duration,
        composition_offset: raw.composition_offset,
        key: raw.key,
        offset: raw.offset,
        size_bytes: raw.size,
    }
}

fn read_fragments(
    file: &impl ReadAt,
    layout: &Layout,
    traks: &[&Trak<'_>],
    file_bytes: u64,
    samples: &mut Vec<(usize, moof::RawSample)>,
) -> Result<()> {
    let mut next_dts = vec![0; traks.len()];
    for found in &layout.moofs {
        let payload = read_payload(file, found, MAX_MOOF_BYTES)?;
        let budget = MAX_SAMPLES.saturating_sub(samples.len());
        let runs = moof::parse_moof(&payload, found.offset, traks, &mut next_dts, budget)?;
        let mut all = runs.iter().flat_map(|run| &run.samples);
        if all.any(|raw| raw.offset.saturating_add(u64::from(raw.size)) > file_bytes) {
            return Ok(()); // the last fragment is not whole
        }
        samples.extend(runs.iter().flat_map(|run| run.samples.iter().map(|&raw| (run.trak, raw))));
    }
    Ok(())
}

/// The top-level boxes that matter.
struct Layout {
    moov: FileBox,
    moofs: Vec<FileBox>,
}

impl Layout {
    fn walk(file: &impl ReadAt, file_bytes: u64) -> Result<Self> {
        let (mut at, mut moov, mut moofs) = (0, None, Vec::new());
        let mut is_cut = true;
        for index in 0..MAX_TOP_BOXES {
            let Some(found) = file_box(file, at, file_bytes)? else {
                is_cut = at < file_bytes;
                break;
            };
            // `ftyp` comes first by §4.3; old QuickTime files have none.
            if index == 0
                && !matches!(&found.kind, b"ftyp" | b"moov" | b"mdat" | b"free" | b"wide" | b"skip" | b"styp")
            {
                return Err(Error::NotMp4);
            }
            match &found.kind {
                b"moov" => moov = moov.or(Some(found)),
                b"moof" => moofs.push(found),
                _ => {}
            }
            at = found.end();
        }
        match moov {
            Some(moov) => Ok(Self { moov, moofs }),
            None if at == 0 => Err(not_mp4_or_cut(file, file_bytes)?),
            None if is_cut => Err(Error::Damaged("the file is cut: it ends before its moov box")),
            None => Err(Error::Damaged("the file has no moov box")),
        }
    }
}

/// Not even the first box is whole: either it is no MP4, or next to nothing of one.
fn not_mp4_or_cut(file: &impl ReadAt, file_bytes: u64) -> Result<Error> {
    let mut head = [0; 8];
    if file_bytes >= 8 {
        read_exact_at(file, 0, &mut head)?;
    }
    let known = matches!(&head[4..], b"ftyp" | b"moov" | b"mdat");
    Ok(if known { Error::Damaged("the file is cut in its first box") } else { Error::NotMp4 })
}
