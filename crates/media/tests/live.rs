//! Live formats, judged by ffmpeg: FLV both ways, HLS segments.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod clips;

use bytes::Bytes;
use clips::{AAC, H264, H264_B, H265, SILENT, decode_errors, decode_errors_with, packets_of, probe_number};
use media::format::flv::{self, Event, FlvItem, FlvKind, FlvReader, FlvTracks};
use media::format::hls::{Segmenter, SegmenterLimits};
use media::{DecoderConfig, MediaTime, Packet, Track, TrackKind};
use std::path::Path;

/// Our FLV of tracks and packets, as HTTP-FLV sends it.
fn flv_of(tracks: &[Track], packets: &[Packet]) -> Vec<u8> {
    let has = |kind| tracks.iter().any(|track| track.kind() == kind);
    let mut out = flv::file_header(has(TrackKind::Video), has(TrackKind::Audio)).to_vec();
    out.extend_from_slice(&flv::tag(FlvKind::Script, 0, &flv::metadata_body(tracks)));
    for track in tracks {
        out.extend_from_slice(&flv::tag(track.kind().into(), 0, &flv::sequence_header_body(track)));
    }
    for packet in packets {
        let track = tracks.iter().find(|track| track.kind() == packet.kind).unwrap();
        out.extend_from_slice(&packet.flv_tag(track));
    }
    out
}

/// Tracks and packets of FLV bytes fed in parts of `step`.
fn read_flv(bytes: &[u8], step: usize) -> (Vec<Track>, Vec<Packet>) {
    let (mut reader, mut demuxer, mut packets) = (FlvReader::new(), FlvTracks::new(), Vec::new());
    for part in bytes.chunks(step) {
        reader.push(part);
        while let Some(item) = reader.next().unwrap() {
            let FlvItem::Tag(tag) = item else { continue };
            for event in demuxer.push(tag.kind, tag.timestamp_ms, &tag.body).unwrap() {
                if let Event::Packet(packet) = event {
                    packets.push(packet);
                }
            }
        }
    }
    (demuxer.tracks(), packets)
}

/// A clip whose times are not below zero, as a publisher sends it.
fn clip(dir: &Path, name: &str, codecs: &[&[&str]]) -> (Vec<Track>, Vec<Packet>) {
    let (tracks, mut packets) = packets_of(&clips::make(dir, name, codecs));
    packets.iter_mut().for_each(|packet| packet.dts = packet.dts + MediaTime::from_ms(1000));
    (tracks, packets)
}

#[test]
fn ffmpeg_reads_our_flv_of_h264_with_b_frames() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = clip(dir.path(), "in.mp4", &[H264_B, AAC]);
    let path = dir.path().join("out.flv");
    std::fs::write(&path, flv_of(&tracks, &packets)).unwrap();
    assert_eq!(decode_errors(&path), "");
    assert_eq!(probe_number(&path, "v", "nb_read_packets"), 150.0);
    assert_eq!(probe_number(&path, "v", "width"), 320.0);
    assert_eq!(clips::probe(&path, "a", "stream=codec_name"), ["codec_name=aac"]);
}

#[test]
fn a_new_ffmpeg_reads_our_enhanced_flv_of_h265_and_we_read_its() {
    let ffmpeg9 = testkit::fixture::ffmpeg9().to_string_lossy().into_owned();
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = clip(dir.path(), "in.mp4", &[H265, AAC]);
    let ours = dir.path().join("ours.flv");
    std::fs::write(&ours, flv_of(&tracks, &packets)).unwrap();
    assert_eq!(decode_errors_with(&ffmpeg9, &ours), "");

    let theirs = dir.path().join("theirs.flv");
    let paths = [dir.path().join("in.mp4"), theirs.clone()];
    let [from, to] = paths.each_ref().map(|path| path.to_str().unwrap());
    let output = clips::run(&ffmpeg9, &["-v", "error", "-i", from, "-c", "copy", to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (their_tracks, their_packets) = read_flv(&std::fs::read(&theirs).unwrap(), 4096);
    let video = |packets: &[Packet]| -> Vec<(bool, Bytes)> {
        let video = packets.iter().filter(|packet| packet.kind == TrackKind::Video);
        video.map(|packet| (packet.key, packet.data.clone())).collect()
    };
    assert_eq!(video(&their_packets), video(&packets));
    assert_eq!((their_tracks[0].width, their_tracks[0].height), (320, 180));
    assert!(matches!(their_tracks[0].config, DecoderConfig::Hevc(_)));
    assert_eq!(their_tracks[0].codec_string().unwrap(), tracks[0].codec_string().unwrap());
}

#[test]
fn we_read_the_flv_that_ffmpeg_writes_as_the_mp4_it_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264_B, AAC]));
    let paths = [dir.path().join("in.mp4"), dir.path().join("out.flv")];
    let [from, to] = paths.each_ref().map(|path| path.to_str().unwrap());
    assert!(clips::run("ffmpeg", &["-v", "error", "-i", from, "-c", "copy", to]).status.success());
    let (flv_tracks, flv_packets) = read_flv(&std::fs::read(&paths[1]).unwrap(), 777);
    assert_eq!(
        flv_tracks.iter().map(|t| &t.config).collect::<Vec<_>>(),
        tracks.iter().map(|t| &t.config).collect::<Vec<_>>()
    );
    let first = flv_packets.iter().find(|p| p.kind == TrackKind::Video).unwrap().dts;
    let times = |packets: &[Packet], zero: MediaTime| -> Vec<(i64, i64, bool)> {
        let video = packets.iter().filter(|packet| packet.kind == TrackKind::Video);
        video.map(|p| ((p.dts - zero).as_ms(), (p.pts() - zero).as_ms(), p.key)).collect()
    };
    let zero = packets.iter().find(|p| p.kind == TrackKind::Video).unwrap().dts;
    assert_eq!(times(&flv_packets, first), times(&packets, zero));
}

#[test]
fn flv_round_trips_in_our_own_hands() {
    let dir = tempfile::tempdir().unwrap();
    for (name, video) in [("b.mp4", H264_B), ("h265.mp4", H265)] {
        let (tracks, packets) = clip(dir.path(), name, &[video, AAC]);
        let (again_tracks, again) = read_flv(&flv_of(&tracks, &packets), 1000);
        let config = |tracks: &[Track]| tracks.iter().map(|track| track.config.clone()).collect::<Vec<_>>();
        assert_eq!(config(&again_tracks), config(&tracks));
        assert_eq!(again.len(), packets.len());
        for (again, packet) in again.iter().zip(&packets) {
            assert_eq!((again.kind, again.key, &again.data), (packet.kind, packet.key, &packet.data));
            assert_eq!(again.dts.as_ms(), packet.dts.as_ms());
            assert_eq!(again.pts().as_ms(), packet.pts().as_ms());
        }
    }
}

/// Segments of a clip: the init segment, and all of them in a row.
#[track_caller]
fn segments_of(tracks: &[Track], packets: &[Packet]) -> (Segmenter, Vec<u8>) {
    let mut segmenter = Segmenter::new(SegmenterLimits { window: 100, ..SegmenterLimits::default() });
    segmenter.set_tracks(tracks);
    let _ = packets.iter().filter(|packet| segmenter.push(packet)).count();
    segmenter.restart(); // the end of the stream: the last segment comes out
    let mut bytes = segmenter.init(1).unwrap().to_vec();
    segmenter.window().for_each(|segment| bytes.extend_from_slice(&segment.bytes));
    (segmenter, bytes)
}

#[test]
fn hls_segments_in_a_row_decode_with_continuous_times() {
    let dir = tempfile::tempdir().unwrap();
    for (name, codecs) in
        [("b.mp4", [H264_B, AAC]), ("h265.mp4", [H265, AAC]), ("silent.mp4", [H264, SILENT])]
    {
        let (tracks, packets) = clip(dir.path(), name, &codecs);
        let (segmenter, bytes) = segments_of(&tracks, &packets);
        let durations: Vec<_> = segmenter.window().map(|segment| segment.duration.as_ms()).collect();
        assert_eq!(durations, [1000, 1000, 1000, 2000, 1000], "{name}");
        let path = dir.path().join("row.mp4");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(decode_errors(&path), "", "{name}");
        assert_eq!(probe_number(&path, "v", "nb_read_packets"), 150.0);
        let dts = clips::packet_times(&path, "v", "dts_time");
        for pair in dts.windows(2) {
            assert!((pair[1] - pair[0] - 0.04).abs() < 0.001, "{name}: {pair:?}");
        }
        // The last segment alone, behind the init segment, knows where it is on the timeline.
        let last = segmenter.window().last().unwrap();
        let alone = [&segmenter.init(1).unwrap()[..], &last.bytes].concat();
        std::fs::write(&path, alone).unwrap();
        let dts = clips::packet_times(&path, "v", "dts_time");
        assert!((dts[0] - 5.0).abs() < 0.001, "{name}: {dts:?}");
    }
}

#[test]
fn ffmpeg_plays_our_hls_playlist() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = clip(dir.path(), "in.mp4", &[H264_B, AAC]);
    let (segmenter, _) = segments_of(&tracks, &packets);
    std::fs::write(dir.path().join("init1.mp4"), segmenter.init(1).unwrap()).unwrap();
    for segment in segmenter.window() {
        std::fs::write(dir.path().join(format!("{}.m4s", segment.sequence)), &segment.bytes).unwrap();
    }
    let text = segmenter.playlist(|n| format!("{n}.m4s"), |v| format!("init{v}.mp4"), |_| None, true);
    let path = dir.path().join("live.m3u8");
    std::fs::write(&path, text).unwrap();
    assert_eq!(decode_errors(&path), "");
    assert_eq!(probe_number(&path, "v", "nb_read_packets"), 150.0);
}
