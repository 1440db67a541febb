//! AAC: `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1) and ADTS (§1.A.3.2).

use super::bits::BitReader;
use crate::error::{Result, malformed, truncated};
use crate::{DecoderConfig, Track};
use bytes::Bytes;

/// `samplingFrequencyIndex` (§1.6.3.3, table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Object type of AAC LC.
pub const AAC_LC: u8 = 2;

/// What we need of an `AudioSpecificConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AacConfig {
    /// Audio object type of the core: 2 is LC. With explicit SBR (5) or PS (29) this is the core below it.
    pub object_type: u8,
    /// Samples per second of the core, 1..=192 000. With SBR the decoder's output has twice as many.
    pub sample_rate: u32,
    /// Channels; 0 when the stream itself says (a program config element).
    pub channels: u8,
    /// Samples of the core in one frame: 1024 or 960.
    pub samples_per_frame: u32,
    /// The object type written first: 5 or 29 for HE-AAC, else as `object_type`. The RFC 6381 string names it.
    pub signalled_type: u8,
}

/// Reads an `AudioSpecificConfig`.
pub fn parse_config(data: &[u8]) -> Result<AacConfig> {
    const WHAT: &str = "AudioSpecificConfig";
    let mut bits = BitReader::new(data, WHAT);
    let signalled_type = object_type(&mut bits)?;
    let sample_rate = frequency(&mut bits)?;
    let channels = bits.bits(4)? as u8;
    let mut core_type = signalled_type;
    if matches!(signalled_type, 5 | 29) {
        frequency(&mut bits)?; // extensionSamplingFrequency: the output's
        core_type = object_type(&mut bits)?;
    }
    if !matches!(core_type, 1..=4 | 6 | 17 | 23 | 39 | 42) {
        return Err(malformed(WHAT, "audio object type is not AAC"));
    }
    if channels > 7 {
        return Err(malformed(WHAT, "channelConfiguration above 7"));
    }
    let short = matches!(core_type, 1..=4 | 6 | 17) && bits.flag().unwrap_or(false);
    Ok(AacConfig {
        object_type: core_type,
        sample_rate,
        channels: if channels == 7 { 8 } else { channels },
        samples_per_frame: if short { 960 } else { 1024 },
        signalled_type,
    })
}

fn object_type(bits: &mut BitReader<'_>) -> Result<u8> {
    Ok(match bits.bits(5)? {
        31 => 32 + bits.bits(6)? as u8,
        kind => kind as u8,
    })
}

fn frequency(bits: &mut BitReader<'_>) -> Result<u32> {
    let rate = match bits.bits(4)? {
        15 => bits.bits(24)?,
        index => SAMPLE_RATES.get(index as usize).copied().unwrap_or(0),
    };
    match rate {
        1..=192_000 => Ok(rate),
        _ => Err(malformed("AudioSpecificConfig", "sampling frequency")),
    }
}

/// Writes an `AudioSpecificConfig` of AAC LC: `sample_rate` 1..=192 000, `channels` 1..=6 or 8.
pub fn build_config(sample_rate: u32, channels: u8) -> Result<Bytes> {
    const WHAT: &str = "AudioSpecificConfig";
    let configuration = match channels {
        1..=6 => u64::from(channels),
        8 => 7,
        _ => return Err(malformed(WHAT, "channel count")),
    };
    if !(1..=192_000).contains(&sample_rate) {
        return Err(malformed(WHAT, "sampling frequency"));
    }
    Ok(match SAMPLE_RATES.iter().position(|&rate| rate == sample_rate) {
        Some(index) => {
            let bits = u16::from(AAC_LC) << 11 | (index as u16) << 7 | (configuration as u16) << 3;
            Bytes::copy_from_slice(&bits.to_be_bytes())
        }
        None => {
            let bits = u64::from(AAC_LC) << 35 | 15 << 31 | u64::from(sample_rate) << 7 | configuration << 3;
            Bytes::copy_from_slice(&bits.to_be_bytes()[3..])
        }
    })
}

/// RFC 6381 string of an `AudioSpecificConfig`, as `mp4a.40.2`.
pub fn codec_string(config: &[u8]) -> Result<String> {
    Ok(format!("mp4a.40.{}", parse_config(config)?.signalled_type))
}

/// A track from an `AudioSpecificConfig`. `timescale` 0 means "the sample rate".
pub fn track(config: Bytes, timescale: u32) -> Result<Track> {
    let info = parse_config(&config)?;
    Ok(Track {
        config: DecoderConfig::Aac(config),
        timescale: if timescale == 0 { info.sample_rate } else { timescale },
        width: 0,
        height: 0,
        sample_rate: info.sample_rate,
        channels: info.channels,
    })
}

/// One frame of an ADTS stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdtsFrame<'a> {
    /// Samples per second.
    pub sample_rate: u32,
    /// `channel_configuration`, 0..=7 (7 means 8 channels).
    pub channel_configuration: u8,
    /// `AudioSpecificConfig` that says the same.
    pub config: [u8; 2],
    /// The raw AAC frame, without header and CRC.
    pub data: &'a [u8],
}

/// Cuts the first ADTS frame off `data`: the frame and what follows it.
pub fn strip_adts(data: &[u8]) -> Result<(AdtsFrame<'_>, &[u8])> {
    const WHAT: &str = "ADTS frame";
    let head = data.get(..7).ok_or(truncated(WHAT))?;
    if head[0] != 0xff || head[1] & 0xf6 != 0xf0 {
        return Err(malformed(WHAT, "no syncword"));
    }
    let header_bytes = if head[1] & 1 == 1 { 7 } else { 9 };
    let object_type = (head[2] >> 6) + 1;
    let index = head[2] >> 2 & 0xf;
    let channel_configuration = (head[2] & 1) << 2 | head[3] >> 6;
    let sample_rate = *SAMPLE_RATES.get(usize::from(index)).ok_or(malformed(WHAT, "sampling frequency"))?;
    let frame_bytes = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5]) >> 5;
    if frame_bytes < header_bytes {
        return Err(malformed(WHAT, "frame shorter than its header"));
    }
    if head[6] & 3 != 0 {
        return Err(malformed(WHAT, "more than one raw data block"));
    }
    let (frame, rest) = data.split_at_checked(frame_bytes).ok_or(truncated(WHAT))?;
    let bits = u16::from(object_type) << 11 | u16::from(index) << 7 | u16::from(channel_configuration) << 3;
    Ok((
        AdtsFrame {
            sample_rate,
            channel_configuration,
            config: bits.to_be_bytes(),
            data: &frame[header_bytes..],
        },
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_round_trips_for_every_table_rate_and_an_odd_one() {
        for rate in SAMPLE_RATES.into_iter().chain([12_345]) {
            for channels in [1, 2, 6, 8] {
                let info = parse_config(&build_config(rate, channels).unwrap()).unwrap();
                assert_eq!((info.sample_rate, info.channels, info.object_type), (rate, channels, AAC_LC));
            }
        }
        assert_eq!(build_config(44_100, 2).unwrap(), &[0x12, 0x10][..]);
        assert_eq!(codec_string(&[0x12, 0x10]).unwrap(), "mp4a.40.2");
        assert!(build_config(0, 2).is_err() && build_config(48_000, 7).is_err());
    }

    #[test]
    fn he_aac_names_its_core_rate() {
        // AOT 5, 24 kHz core, stereo, 48 kHz output, core AOT 2 (ffmpeg -profile:a aac_he).
        let info = parse_config(&[0x2b, 0x11, 0x88, 0x00]).unwrap();
        assert_eq!((info.sample_rate, info.object_type, info.signalled_type), (24_000, 2, 5));
    }

    #[test]
    fn strips_adts_and_says_the_config() {
        let frame = [0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 0xde, 0xad, 0xff];
        let (adts, rest) = strip_adts(&frame).unwrap();
        assert_eq!((adts.sample_rate, adts.channel_configuration, adts.data), (44_100, 2, &[0xde, 0xad][..]));
        assert_eq!((adts.config, rest), ([0x12, 0x10], &[0xff][..]));
        for cut in 0..9 {
            assert!(strip_adts(&frame[..cut]).is_err());
        }
    }
}
