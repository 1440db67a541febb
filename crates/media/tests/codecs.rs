//! Codec parsers against what real encoders write.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod clips;

use bytes::Bytes;
use clips::{AAC, H264, H264_B, H265, SILENT, make, packets_of, run};
use media::codec::{aac, g711, h264, hevc, nal};
use media::{DecoderConfig, TrackKind};
use std::path::Path;

/// Parameter sets of an Annex B file: all units of a type, each once.
fn sets(data: &[u8], kind: fn(&[u8]) -> u8, wanted: u8) -> Vec<Bytes> {
    let mut found: Vec<Bytes> = Vec::new();
    for unit in nal::annex_b_nals(data).filter(|unit| kind(unit) == wanted) {
        if !found.iter().any(|known| known == unit) {
            found.push(Bytes::copy_from_slice(unit));
        }
    }
    found
}

/// The MP4 copied to an Annex B file.
fn annex_b(dir: &Path, from: &Path, name: &str) -> Vec<u8> {
    let to = dir.join(name);
    let output = run(
        "ffmpeg",
        &["-v", "error", "-i", from.to_str().unwrap(), "-an", "-c", "copy", to.to_str().unwrap()],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(to).unwrap()
}

#[test]
fn avcc_from_an_annex_b_stream_equals_what_ffmpeg_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let profiles: [&[&str]; 3] =
        [&["-profile:v", "baseline"], &["-profile:v", "high"], &["-pix_fmt", "yuv444p"]];
    for profile in profiles {
        let source = make(dir.path(), "in.mp4", &[H264, profile, SILENT]);
        let (tracks, _) = packets_of(&source);
        let stream = annex_b(dir.path(), &source, "out.h264");
        let built = h264::track(&sets(&stream, h264::nal_type, 7), &sets(&stream, h264::nal_type, 8), 90_000)
            .unwrap();
        assert_eq!(built.config, tracks[0].config, "{profile:?}");
        assert_eq!((built.width, built.height), (320, 180));
        std::fs::remove_file(dir.path().join("out.h264")).unwrap();
    }
}

#[test]
fn hvcc_from_an_annex_b_stream_says_the_same_as_ffmpegs() {
    let dir = tempfile::tempdir().unwrap();
    for (name, depth) in [("8.mp4", "yuv420p"), ("10.mp4", "yuv420p10le")] {
        let source = make(dir.path(), name, &[H265, &["-pix_fmt", depth], SILENT]);
        let (tracks, packets) = packets_of(&source);
        let stream = annex_b(dir.path(), &source, &format!("{depth}.h265"));
        let [vps, sps, pps] = [32, 33, 34].map(|wanted| sets(&stream, hevc::nal_type, wanted));
        let built = hevc::track(&vps, &sps, &pps, 90_000).unwrap();
        let (DecoderConfig::Hevc(ours), DecoderConfig::Hevc(theirs)) = (&built.config, &tracks[0].config)
        else {
            panic!()
        };
        let (our_sets, their_sets) = (hevc::parse_hvcc(ours).unwrap(), hevc::parse_hvcc(theirs).unwrap());
        assert_eq!(
            (our_sets.vps, our_sets.sps, our_sets.pps),
            (their_sets.vps, their_sets.sps, their_sets.pps)
        );
        assert_eq!(ours[..13], theirs[..13], "profile, tier, level");
        assert_eq!(ours[16..19], theirs[16..19], "chroma format and bit depths");
        assert_eq!(built.codec_string().unwrap(), tracks[0].codec_string().unwrap());
        assert_eq!((built.width, built.height), (320, 180));
        let keys: Vec<_> =
            packets.iter().map(|packet| (packet.key, hevc::is_keyframe(&packet.data))).collect();
        assert!(keys.iter().all(|(flag, seen)| flag == seen), "{keys:?}");
    }
}

#[test]
fn picture_sizes_that_need_cropping_are_read_from_the_sps() {
    let dir = tempfile::tempdir().unwrap();
    let interlaced: &[&str] = &["-flags", "+ildct+ilme", "-x264opts", "tff=1"];
    for (index, size) in [(640, 360), (322, 182), (1920, 1080), (130, 98)].into_iter().enumerate() {
        let scale = format!("scale={}:{}", size.0, size.1);
        let scaled: &[&str] = &["-vf", &scale, "-t", "0.2"];
        for (kind, codec) in [H264_B, H265].into_iter().enumerate() {
            let path = make(dir.path(), &format!("{index}-{kind}.mp4"), &[codec, scaled, SILENT]);
            let track = packets_of(&path).0.remove(0);
            assert_eq!((track.width, track.height), size, "{}", track.codec_name());
        }
        if size.1 % 4 != 0 {
            continue; // x264 refuses such field pictures
        }
        let path = make(dir.path(), &format!("{index}-fields.mp4"), &[H264, interlaced, scaled, SILENT]);
        let track = packets_of(&path).0.remove(0);
        assert_eq!((track.width, track.height), size, "fields");
    }
}

#[test]
fn adts_frames_are_the_samples_of_the_mp4() {
    let dir = tempfile::tempdir().unwrap();
    let source = make(dir.path(), "in.mp4", &[H264, AAC]);
    let (tracks, packets) = packets_of(&source);
    let to = dir.path().join("out.aac");
    let args = ["-v", "error", "-i", source.to_str().unwrap(), "-vn", "-c", "copy", to.to_str().unwrap()];
    assert!(run("ffmpeg", &args).status.success());
    let stream = std::fs::read(to).unwrap();
    let (mut rest, mut frames) = (&stream[..], Vec::new());
    while !rest.is_empty() {
        let (frame, next) = aac::strip_adts(rest).unwrap();
        assert_eq!((frame.sample_rate, frame.channel_configuration), (44_100, 2));
        frames.push(Bytes::copy_from_slice(frame.data));
        rest = next;
    }
    let samples: Vec<_> =
        packets.into_iter().filter(|p| p.kind == TrackKind::Audio).map(|p| p.data).collect();
    assert_eq!(frames, samples);
    assert_eq!((tracks[1].sample_rate, tracks[1].channels), (44_100, 2));
    assert_eq!(tracks[1].codec_string().unwrap(), "mp4a.40.2");
}

#[test]
fn g711_decodes_every_byte_as_ffmpeg_does() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<u8> = (0..=255).collect();
    let path = dir.path().join("all.raw");
    std::fs::write(&path, &all).unwrap();
    let decode = |format: &str| -> Vec<i16> {
        let args =
            ["-v", "error", "-f", format, "-ar", "8000", "-i", path.to_str().unwrap(), "-f", "s16le", "-"];
        run("ffmpeg", &args).stdout.chunks(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect()
    };
    assert_eq!(g711::a_law_to_pcm(&all), decode("alaw"));
    assert_eq!(g711::mu_law_to_pcm(&all), decode("mulaw"));
}
