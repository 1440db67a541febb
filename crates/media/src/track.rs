//! What a decoder must know before the first packet.

use bytes::Bytes;

/// Picture or sound. At most one track of each in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    /// H.264 or H.265.
    Video,
    /// AAC; G.711 has become AAC before it is a track.
    Audio,
}

/// The decoder configuration of a track. In FLV it is the body of the sequence header; in MP4 the box payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecoderConfig {
    /// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3.1), the payload of `avcC`.
    H264(Bytes),
    /// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §8.3.3.1), the payload of `hvcC`.
    Hevc(Bytes),
    /// `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1).
    Aac(Bytes),
}

/// One track of a channel: its kind follows from its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// How to decode it.
    pub config: DecoderConfig,
    /// Ticks per second of the packets' times.
    pub timescale: u32,
    /// Coded width in pixels; 0 for audio or while unknown.
    pub width: u16,
    /// Coded height in pixels; 0 for audio or while unknown.
    pub height: u16,
    /// Audio samples per second; 0 for video.
    pub sample_rate: u32,
    /// Audio channels; 0 for video.
    pub channels: u8,
}

impl Track {
    /// Picture or sound.
    pub fn kind(&self) -> TrackKind {
        match self.config {
            DecoderConfig::H264(_) | DecoderConfig::Hevc(_) => TrackKind::Video,
            DecoderConfig::Aac(_) => TrackKind::Audio,
        }
    }

    /// A short name for people and logs: `H.264`, `H.265`, `AAC`.
    pub fn codec_name(&self) -> &'static str {
        match self.config {
            DecoderConfig::H264(_) => "H.264",
            DecoderConfig::Hevc(_) => "H.265",
            DecoderConfig::Aac(_) => "AAC",
        }
    }

    /// The RFC 6381 string that MSE and `EXT-X-STREAM-INF` want: `avc1.4D401F`, `hvc1.1.6.L93.B0`, `mp4a.40.2`.
    pub fn codec_string(&self) -> crate::Result<String> {
        match &self.config {
            DecoderConfig::H264(avcc) => crate::codec::h264::codec_string(avcc),
            DecoderConfig::Hevc(hvcc) => crate::codec::hevc::codec_string(hvcc),
            DecoderConfig::Aac(config) => crate::codec::aac::codec_string(config),
        }
    }
}
