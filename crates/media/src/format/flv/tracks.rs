//! Messages of one publisher → tracks and packets.

use super::{AudioBody, FlvKind, VideoBody, parse_audio, parse_video};
use crate::codec::{aac, h264, hevc, nal};
use crate::error::Result;
use crate::{DecoderConfig, MediaTime, Packet, Track, TrackKind};
use bytes::Bytes;

/// 32-bit millisecond timestamps → a line that goes on past 2^32 (49.7 days). Each value is taken as the one nearest to
/// the last, so small steps back stay steps back.
#[derive(Debug, Clone, Default)]
pub struct TimestampUnwrapper {
    last_ms: Option<i64>,
}

impl TimestampUnwrapper {
    /// The next timestamp, unwrapped.
    pub fn unwrap(&mut self, timestamp_ms: u32) -> i64 {
        let last = self.last_ms.unwrap_or(i64::from(timestamp_ms));
        let step = timestamp_ms.wrapping_sub(last as u32) as i32;
        let now = last + i64::from(step);
        self.last_ms = Some(now);
        now
    }
}

/// What a message meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A track began or its decoder config changed. Not repeated when a sequence header repeats itself.
    Track(Track),
    /// One packet, timescale 1000, parameter sets left out, keyframe flag taken from the NAL units.
    Packet(Packet),
    /// The publisher said that this track ends.
    End(TrackKind),
}

/// The demultiplexer of a publication: fed RTMP messages or FLV tags, gives [`Event`]s.
#[derive(Debug, Clone, Default)]
pub struct FlvTracks {
    clock: TimestampUnwrapper,
    video: Option<VideoState>,
    audio: Option<Track>,
}

#[derive(Debug, Clone)]
struct VideoState {
    /// The sequence header as it came, to notice repeats.
    header: DecoderConfig,
    track: Track,
    length_size: u8,
}

impl FlvTracks {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tracks known so far, video first.
    pub fn tracks(&self) -> Vec<Track> {
        self.video.iter().map(|video| &video.track).chain(&self.audio).cloned().collect()
    }

    /// One message. An error concerns this message only: the caller may go on (and count) or hang up
    /// ([`UnsupportedCodec`](crate::Error::UnsupportedCodec) will not get better). Packets before their sequence header
    /// are dropped. At most two events.
    pub fn push(&mut self, kind: FlvKind, timestamp_ms: u32, body: &Bytes) -> Result<Vec<Event>> {
        match kind {
            FlvKind::Video => match parse_video(body)? {
                VideoBody::SequenceHeader(config) => self.video_header(config),
                VideoBody::Frame { composition_ms, data, .. } => {
                    self.video_frame(timestamp_ms, composition_ms, &data)
                }
                VideoBody::EndOfSequence => Ok(vec![Event::End(TrackKind::Video)]),
                VideoBody::Ignored => Ok(Vec::new()),
            },
            FlvKind::Audio => match parse_audio(body)? {
                AudioBody::SequenceHeader(DecoderConfig::Aac(config)) => self.audio_header(config),
                AudioBody::Frame(data) if self.audio.is_some() => {
                    let dts = MediaTime::from_ms(self.clock.unwrap(timestamp_ms));
                    let kind = TrackKind::Audio;
                    Ok(vec![Event::Packet(Packet { kind, dts, composition_offset: 0, key: true, data })])
                }
                _ => Ok(Vec::new()),
            },
            FlvKind::Script => Ok(Vec::new()),
        }
    }

    fn video_header(&mut self, header: DecoderConfig) -> Result<Vec<Event>> {
        if self.video.as_ref().is_some_and(|video| video.header == header) {
            return Ok(Vec::new());
        }
        let (track, length_size) = match &header {
            DecoderConfig::Hevc(hvcc) => {
                (hevc::track_from_hvcc(hvcc.clone(), 1000)?, hevc::parse_hvcc(hvcc)?.length_size)
            }
            DecoderConfig::H264(avcc) | DecoderConfig::Aac(avcc) => {
                (h264::track_from_avcc(avcc.clone(), 1000)?, h264::parse_avcc(avcc)?.length_size)
            }
        };
        let is_new = self.video.as_ref().is_none_or(|video| video.track != track);
        self.video = Some(VideoState { header, track: track.clone(), length_size });
        Ok(if is_new { vec![Event::Track(track)] } else { Vec::new() })
    }

    fn audio_header(&mut self, config: Bytes) -> Result<Vec<Event>> {
        let track = aac::track(config, 1000)?;
        if self.audio.as_ref() == Some(&track) {
            return Ok(Vec::new());
        }
        self.audio = Some(track.clone());
        Ok(vec![Event::Track(track)])
    }

    fn video_frame(&mut self, timestamp_ms: u32, composition_ms: i32, data: &Bytes) -> Result<Vec<Event>> {
        let Some(video) = &mut self.video else { return Ok(Vec::new()) };
        let is_hevc = matches!(video.track.config, DecoderConfig::Hevc(_));
        let is_set = if is_hevc { hevc::is_parameter_set } else { h264::is_parameter_set };
        let normal = nal::normalise_avcc(data, video.length_size, is_set)?;
        let key = if is_hevc { hevc::is_keyframe(&normal) } else { h264::is_keyframe(&normal) };
        let mut events = Vec::new();
        // Encoders may change the picture by parameter sets in front of a keyframe, without a new sequence header.
        if key && normal.len() != data.len() {
            let changed = in_band_track(data, video.length_size, is_hevc).filter(|track| {
                let size = (track.width, track.height);
                !same_sets(&track.config, &video.track.config)
                    || size != (video.track.width, video.track.height)
            });
            if let Some(track) = changed {
                video.track = track.clone();
                events.push(Event::Track(track));
            }
        }
        if normal.is_empty() {
            return Ok(events);
        }
        let dts = MediaTime::from_ms(self.clock.unwrap(timestamp_ms));
        let kind = TrackKind::Video;
        events.push(Event::Packet(Packet {
            kind,
            dts,
            composition_offset: composition_ms,
            key,
            data: normal,
        }));
        Ok(events)
    }
}

/// The track that the parameter sets inside an access unit describe, when they are complete and sane.
fn in_band_track(data: &Bytes, length_size: u8, is_hevc: bool) -> Option<Track> {
    let sets = |wanted: u8| -> Vec<Bytes> {
        let kind = if is_hevc { hevc::nal_type } else { h264::nal_type };
        let units = nal::avcc_nals(data, length_size).flatten().filter(|unit| kind(unit) == wanted);
        units.map(Bytes::copy_from_slice).collect()
    };
    if is_hevc {
        hevc::track(&sets(hevc::NAL_VPS), &sets(hevc::NAL_SPS), &sets(hevc::NAL_PPS), 1000).ok()
    } else {
        h264::track(&sets(h264::NAL_SPS), &sets(h264::NAL_PPS), 1000).ok()
    }
}

/// Whether two configs hold the same SPS and PPS (their other bytes may differ by writer).
fn same_sets(a: &DecoderConfig, b: &DecoderConfig) -> bool {
    match (a, b) {
        (DecoderConfig::H264(a), DecoderConfig::H264(b)) => {
            matches!((h264::parse_avcc(a), h264::parse_avcc(b)), (Ok(a), Ok(b)) if a.sps == b.sps && a.pps == b.pps)
        }
        (DecoderConfig::Hevc(a), DecoderConfig::Hevc(b)) => {
            matches!((hevc::parse_hvcc(a), hevc::parse_hvcc(b)), (Ok(a), Ok(b)) if a.sps == b.sps && a.pps == b.pps)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_go_on_past_32_bits_and_step_back() {
        let mut clock = TimestampUnwrapper::default();
        let times: Vec<_> = [u32::MAX - 9, u32::MAX, 30, 20].map(|ms| clock.unwrap(ms)).into();
        let base = i64::from(u32::MAX);
        assert_eq!(times, [base - 9, base, base + 31, base + 21]);
    }

    #[test]
    fn packets_before_their_sequence_header_are_dropped() {
        let mut tracks = FlvTracks::new();
        let body = Bytes::from_static(&[0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65]);
        assert_eq!(tracks.push(FlvKind::Video, 0, &body).unwrap(), []);
        assert_eq!(tracks.push(FlvKind::Audio, 0, &Bytes::from_static(&[0xaf, 1, 7])).unwrap(), []);
        let header = Bytes::from_static(&[0xaf, 0, 0x12, 0x10]);
        assert!(matches!(tracks.push(FlvKind::Audio, 0, &header).unwrap()[..], [Event::Track(_)]));
        assert_eq!(tracks.push(FlvKind::Audio, 0, &header).unwrap(), [], "a repeated header says nothing");
        assert_eq!(tracks.push(FlvKind::Audio, 5, &Bytes::from_static(&[0xaf, 1, 7])).unwrap().len(), 1);
    }
}
