//! The only file that knows FFmpeg: one keyframe → a JPEG still, and G.711's PCM → AAC.
//!
//! No type of FFmpeg crosses this door. Everything here computes and blocks: call [`decode_still`] on a blocking
//! thread; a sound frame of [`AacEncoder`] takes microseconds.

use bytes::Bytes;
use ff::format::{Pixel, Sample, sample};
use ffmpeg_next as ff;
use media::codec::{aac, h264, hevc, nal};
use media::{DecoderConfig, Packet, Track, TrackKind};
use std::sync::Once;

/// Widest still: a card of the site is 320 CSS pixels, twice that for dense screens.
const STILL_WIDTH_MAX: u32 = 640;
/// Largest picture decoded: 8K, twice. A hostile SPS may claim any size, and decoders allocate what it claims.
const PIXELS_MAX: u32 = 2 * 7680 * 4320;
/// AAC of 8 kHz is not played everywhere; 16 kHz is, and holds all that G.711 has.
const AAC_RATE: u32 = 16_000;
const AAC_BITS_PER_S: usize = 32_000;
/// Samples by which FFmpeg's AAC encoder runs ahead; it gives its packets times that much earlier by itself.
const AAC_FRAME_SAMPLES: usize = 1024;
/// Jitter of RTP times that is no gap, in milliseconds: two usual frames of G.711.
const JITTER_MS: i64 = 40;
/// A longer gap is not filled with silence: the encoder begins anew at the new time.
const FILLED_MS: i64 = 1000;
/// Largest chunk of PCM taken at once: a second, many times an RTP packet.
const PCM_MAX: usize = 48_000;

/// What FFmpeg refused.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// No keyframe of a video track was given.
    #[error("making a still: no keyframe of a video track given")]
    NoKeyframe,
    /// The picture claims an absurd size.
    #[error("making a still: a picture of {width}×{height} is refused")]
    TooLarge {
        /// Pixels, from the parameter sets.
        width: u16,
        /// Pixels.
        height: u16,
    },
    /// The bytes are no H.264 or H.265.
    #[error("making a still: {0}")]
    Media(#[from] media::Error),
    /// The sound's rate is none that telephony sound has.
    #[error("encoding AAC: {0} samples a second is refused")]
    Rate(u32),
    /// FFmpeg's own words.
    #[error("{doing}: {source}")]
    Library {
        /// What was being done.
        doing: &'static str,
        /// What FFmpeg said.
        source: ff::Error,
    },
    /// This FFmpeg was built without a codec that we need.
    #[error("{0}: this FFmpeg has no such codec; install Debian's libavcodec")]
    NoCodec(&'static str),
}

type Result<T> = std::result::Result<T, FfmpegError>;

fn doing(doing: &'static str) -> impl Fn(ff::Error) -> FfmpegError {
    move |source| FfmpegError::Library { doing, source }
}

/// FFmpeg writes to stderr otherwise, past our log.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| ff::util::log::set_level(ff::util::log::Level::Quiet));
}

/// A small picture of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// A baseline JPEG.
    pub jpeg: Bytes,
    /// Pixels, at most 640.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Decodes a still from `packets`: the first video keyframe among them, and what follows it until a picture comes out.
/// Scaled to at most 640 wide. H.264 and H.265. Blocks for tens of milliseconds.
///
/// # Errors
/// [`FfmpegError`]; nothing about the stream is changed by one.
pub fn decode_still(tracks: &[Track], packets: &[Packet]) -> Result<Still> {
    quiet();
    let track =
        tracks.iter().find(|track| track.kind() == TrackKind::Video).ok_or(FfmpegError::NoKeyframe)?;
    let first = packets.iter().position(Packet::starts_gop).ok_or(FfmpegError::NoKeyframe)?;
    let (width, height) = (track.width, track.height);
    if u32::from(width) * u32::from(height) > PIXELS_MAX {
        return Err(FfmpegError::TooLarge { width, height });
    }
    scale_and_encode(&decode(track, &packets[first..])?)
}

fn decode(track: &Track, packets: &[Packet]) -> Result<ff::frame::Video> {
    let failed = doing("decoding a keyframe");
    let (id, name) = match track.config {
        DecoderConfig::Hevc(_) => (ff::codec::Id::HEVC, "decoding H.265"),
        _ => (ff::codec::Id::H264, "decoding H.264"),
    };
    let codec = ff::decoder::find(id).ok_or(FfmpegError::NoCodec(name))?;
    let context = ff::codec::Context::new_with_codec(codec);
    let mut decoder = context.decoder().open_as(codec).and_then(|opened| opened.video()).map_err(&failed)?;
    let mut frame = ff::frame::Video::empty();
    let mut head = parameter_sets(&track.config)?;
    for packet in packets.iter().filter(|packet| packet.kind == TrackKind::Video) {
        head.extend_from_slice(&nal::avcc_to_annex_b(&packet.data)?);
        decoder.send_packet(&ff::Packet::copy(&head)).map_err(&failed)?;
        head.clear();
        if decoder.receive_frame(&mut frame).is_ok() {
            return Ok(frame);
        }
    }
    // With B-frames a decoder holds its pictures back until it is told that no more come.
    decoder.send_eof().map_err(&failed)?;
    decoder.receive_frame(&mut frame).map_err(&failed)?;
    Ok(frame)
}

/// Annex B parameter sets of a decoder configuration.
fn parameter_sets(config: &DecoderConfig) -> Result<Vec<u8>> {
    let units = match config {
        DecoderConfig::H264(avcc) => {
            let config = h264::parse_avcc(avcc)?;
            [config.sps, config.pps].concat()
        }
        DecoderConfig::Hevc(hvcc) => {
            let config = hevc::parse_hvcc(hvcc)?;
            [config.vps, config.sps, config.pps].concat()
        }
        DecoderConfig::Aac(_) => Vec::new(),
    };
    Ok(units.iter().flat_map(|unit| [&[0, 0, 0, 1], &unit[..]].concat()).collect())
}

fn scale_and_encode(picture: &ff::frame::Video) -> Result<Still> {
    let width = picture.width().min(STILL_WIDTH_MAX) & !1;
    let height = (u64::from(picture.height()) * u64::from(width) / u64::from(picture.width().max(1))) as u32;
    let (width, height) = (width.max(2), (height & !1).max(2));
    // JPEG's full range: the J of YUVJ420P.
    let format = Pixel::YUVJ420P;
    let flags = ff::software::scaling::Flags::AREA;
    let (from_width, from_height) = (picture.width(), picture.height());
    let mut scaler = ff::software::scaling::Context::get(
        picture.format(),
        from_width,
        from_height,
        format,
        width,
        height,
        flags,
    )
    .map_err(doing("scaling a still"))?;
    let mut small = ff::frame::Video::new(format, width, height);
    scaler.run(picture, &mut small).map_err(doing("scaling a still"))?;
    small.set_pts(Some(0));

    let failed = doing("encoding a still as JPEG");
    let codec = ff::encoder::find(ff::codec::Id::MJPEG).ok_or(FfmpegError::NoCodec("encoding JPEG"))?;
    let mut encoder = ff::codec::Context::new_with_codec(codec).encoder().video().map_err(&failed)?;
    encoder.set_width(width);
    encoder.set_height(height);
    encoder.set_format(format);
    encoder.set_time_base(ff::Rational(1, 25));
    // Quality by the quantiser: 2 is near perfect, 31 is mud.
    let options = ff::Dictionary::from_iter([("qmin", "3"), ("qmax", "6")]);
    let mut encoder = encoder.open_as_with(codec, options).map_err(&failed)?;
    encoder.send_frame(&small).map_err(&failed)?;
    encoder.send_eof().map_err(&failed)?;
    let mut packet = ff::Packet::empty();
    encoder.receive_packet(&mut packet).map_err(&failed)?;
    let jpeg = Bytes::copy_from_slice(packet.data().unwrap_or_default());
    Ok(Still { jpeg, width, height })
}

/// PCM of one channel → AAC LC of 16 kHz, with times that stay the camera's.
///
/// Times come with every chunk. A gap of up to a second is filled with silence and an overlap is cut, so that sound
/// never drifts from the picture; a longer gap begins a new run at its own time.
pub struct AacEncoder {
    rate: u32,
    track: Track,
    run: Option<Run>,
}

/// From one beginning to the next.
struct Run {
    encoder: ff::encoder::Audio,
    resampler: ff::software::resampling::Context,
    /// When the next sample of input is due, in ticks of the input.
    next_in: i64,
    /// Time of the next sample of `pending`, in ticks of the output.
    next_out: i64,
    pending: Vec<f32>,
}

impl AacEncoder {
    /// An encoder of PCM with `rate` samples a second, 8000..=48 000 (G.711 has 8000).
    ///
    /// # Errors
    /// [`FfmpegError::Rate`]; [`FfmpegError::NoCodec`] on a crippled FFmpeg.
    pub fn new(rate: u32) -> Result<Self> {
        quiet();
        if !(8_000..=48_000).contains(&rate) {
            return Err(FfmpegError::Rate(rate));
        }
        let track = aac::track(aac::build_config(AAC_RATE, 1)?, AAC_RATE)?;
        let mut new = Self { rate, track, run: None };
        new.run = Some(new.begin(0)?); // fails here, not at the first sound
        new.run = None;
        Ok(new)
    }

    /// The track of its frames; their times are in its timescale.
    pub fn track(&self) -> Track {
        self.track.clone()
    }

    /// Takes `pcm` whose first sample belongs at `at` (ticks of the input rate). Frames that are complete come back,
    /// each with the time of its first sample, in ticks of the track's timescale.
    ///
    /// # Errors
    /// [`FfmpegError::Library`]; the encoder begins anew with the next call.
    pub fn encode(&mut self, at: i64, pcm: &[i16]) -> Result<Vec<(i64, Bytes)>> {
        let pcm = &pcm[..pcm.len().min(PCM_MAX)];
        let ticks = |ms: i64| ms * i64::from(self.rate) / 1000;
        let (jitter, filled) = (ticks(JITTER_MS), ticks(FILLED_MS));
        let off = self.run.as_ref().map_or(0, |run| at.saturating_sub(run.next_in));
        let mut run = match self.run.take() {
            Some(run) if off.abs() <= filled => run,
            _ => self.begin(at)?,
        };
        let gap = at.saturating_sub(run.next_in);
        let mut out = Vec::new();
        let mut pcm = pcm;
        if gap > jitter {
            run.resample(&vec![0; gap as usize], self.rate)?;
        } else if gap < -jitter {
            pcm = pcm.get(gap.unsigned_abs() as usize..).unwrap_or_default();
        }
        if !pcm.is_empty() {
            run.resample(pcm, self.rate)?;
        }
        run.encode(&mut out)?;
        self.run = Some(run);
        Ok(out)
    }

    fn begin(&self, at: i64) -> Result<Run> {
        let failed = doing("opening the AAC encoder");
        let mono = ff::ChannelLayout::MONO;
        let format = Sample::F32(sample::Type::Planar);
        let codec = ff::encoder::find(ff::codec::Id::AAC).ok_or(FfmpegError::NoCodec("encoding AAC"))?;
        let mut encoder = ff::codec::Context::new_with_codec(codec).encoder().audio().map_err(&failed)?;
        encoder.set_rate(AAC_RATE as i32);
        encoder.set_format(format);
        encoder.set_channel_layout(mono);
        encoder.set_channels(1);
        encoder.set_bit_rate(AAC_BITS_PER_S);
        encoder.set_time_base(ff::Rational(1, AAC_RATE as i32));
        let encoder = encoder.open_as(codec).map_err(&failed)?;
        let resampler = ff::software::resampling::Context::get(
            Sample::I16(sample::Type::Packed),
            mono,
            self.rate,
            format,
            mono,
            AAC_RATE,
        )
        .map_err(doing("opening the resampler"))?;
        let next_out = (i128::from(at) * i128::from(AAC_RATE) / i128::from(self.rate)) as i64;
        Ok(Run { encoder, resampler, next_in: at, next_out, pending: Vec::new() })
    }
}

impl Run {
    fn resample(&mut self, pcm: &[i16], rate: u32) -> Result<()> {
        let failed = doing("resampling sound");
        let mono = ff::ChannelLayout::MONO;
        let mut input = ff::frame::Audio::new(Sample::I16(sample::Type::Packed), pcm.len(), mono);
        input.set_rate(rate);
        input.plane_mut::<i16>(0)[..pcm.len()].copy_from_slice(pcm);
        // Room for all that can come: the resampler keeps what does not fit.
        let room = pcm.len() * AAC_RATE as usize / rate as usize + 256;
        let mut output = ff::frame::Audio::new(Sample::F32(sample::Type::Planar), room, mono);
        self.resampler.run(&input, &mut output).map_err(&failed)?;
        self.pending.extend_from_slice(output.plane::<f32>(0));
        self.next_in += pcm.len() as i64;
        Ok(())
    }

    fn encode(&mut self, out: &mut Vec<(i64, Bytes)>) -> Result<()> {
        let failed = doing("encoding AAC");
        let whole = self.pending.len() / AAC_FRAME_SAMPLES * AAC_FRAME_SAMPLES;
        for samples in self.pending[..whole].chunks_exact(AAC_FRAME_SAMPLES) {
            let format = Sample::F32(sample::Type::Planar);
            let mut frame = ff::frame::Audio::new(format, AAC_FRAME_SAMPLES, ff::ChannelLayout::MONO);
            frame.set_rate(AAC_RATE);
            frame.set_pts(Some(self.next_out));
            frame.plane_mut::<f32>(0).copy_from_slice(samples);
            self.next_out += AAC_FRAME_SAMPLES as i64;
            self.encoder.send_frame(&frame).map_err(&failed)?;
            let mut packet = ff::Packet::empty();
            while self.encoder.receive_packet(&mut packet).is_ok() {
                if let (Some(at), Some(data)) = (packet.pts(), packet.data()) {
                    out.push((at, Bytes::copy_from_slice(data)));
                }
            }
        }
        self.pending.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(encoder: &mut AacEncoder, at: i64, samples: usize) -> Vec<i64> {
        let tone: Vec<i16> = (0..samples).map(|i| ((i as f64 * 0.35).sin() * 8000.0) as i16).collect();
        encoder.encode(at, &tone).unwrap().into_iter().map(|(at, _)| at).collect()
    }

    #[test]
    fn frames_keep_the_times_of_their_samples() {
        let mut encoder = AacEncoder::new(8000).unwrap();
        let mut all = Vec::new();
        for i in 0..500 {
            all.extend(times(&mut encoder, 8000 + i * 160, 160));
        }
        assert_eq!(all[0], 16_000 - 1024, "the encoder's own delay is in front");
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] == 1024));
        let end = all.last().unwrap() + 1024;
        assert!((16_000 + 160_000 - end) < 3 * 1024, "10 s in, all but the last frames out: {end}");
    }

    #[test]
    fn gaps_are_filled_overlaps_cut_and_jumps_begin_anew() {
        let mut encoder = AacEncoder::new(8000).unwrap();
        let mut all = times(&mut encoder, 0, 8000);
        all.extend(times(&mut encoder, 12_000, 8000)); // 0.5 s missing
        all.extend(times(&mut encoder, 16_000, 8000)); // 0.5 s twice
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] == 1024), "{all:?}");
        assert!((3 * 16_000 - all.last().unwrap()) < 4 * 1024);
        assert_eq!(times(&mut encoder, 800_000, 4000)[0], 1_600_000 - 1024);
    }

    #[test]
    fn an_odd_rate_is_refused() {
        assert!(matches!(AacEncoder::new(400), Err(FfmpegError::Rate(400))));
    }
}
