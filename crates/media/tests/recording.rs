//! A slice from the first byte to the finished file, and every way to be killed on the way.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod clips;

use clips::{AAC, H264, H264_B, H265, SILENT, apply, decode_errors, packets_of, probe_number};
use media::format::mp4::{Finalised, HybridWriter, Mp4Reader, Recovery, WriteOp, recover};
use media::{Error, MediaTime, Packet, Track, TrackKind};

/// The open file, where each fragment ends, and what finalising does.
struct Recorded {
    open: Vec<u8>,
    fragment_ends: Vec<usize>,
    finalised: Finalised,
}

#[track_caller]
fn record(tracks: &[Track], packets: &[Packet], expected_s: u32) -> Recorded {
    let mut writer = HybridWriter::new(tracks, expected_s).unwrap();
    let mut open = Vec::new();
    apply(&mut open, &writer.start());
    let mut fragment_ends = vec![open.len()];
    for packet in packets {
        if packet.starts_gop()
            && let Some(ops) = writer.flush_fragment().unwrap()
        {
            apply(&mut open, &ops);
            fragment_ends.push(open.len());
        }
        writer.push(packet).unwrap();
    }
    apply(&mut open, &writer.flush_fragment().unwrap().unwrap_or_default());
    fragment_ends.push(open.len());
    Recorded { open, fragment_ends, finalised: writer.finalise().unwrap() }
}

impl Recorded {
    fn finished(&self) -> Vec<u8> {
        let mut file = self.open.clone();
        apply(&mut file, &self.finalised.ops);
        file
    }
}

fn top_boxes(file: &[u8]) -> Vec<String> {
    let (mut at, mut kinds) = (0, Vec::new());
    while at < file.len() {
        kinds.push(String::from_utf8_lossy(&file[at + 4..at + 8]).into_owned());
        at += match u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) {
            1 => u64::from_be_bytes(file[at + 8..at + 16].try_into().unwrap()) as usize,
            size => size as usize,
        };
    }
    assert_eq!(at, file.len());
    kinds
}

#[track_caller]
fn check_clip(name: &str, codecs: &[&[&str]]) {
    let dir = tempfile::tempdir().unwrap();
    let source = clips::make(dir.path(), name, codecs);
    let (tracks, packets) = packets_of(&source);
    let recorded = record(&tracks, &packets, 60);

    let open = dir.path().join("open.mp4");
    std::fs::write(&open, &recorded.open).unwrap();
    assert_eq!(decode_errors(&open), "", "{name}: the open file plays");

    let file = recorded.finished();
    let done = dir.path().join("done.mp4");
    std::fs::write(&done, &file).unwrap();
    assert!(recorded.finalised.faststart);
    assert_eq!(top_boxes(&file), ["ftyp", "free", "moov", "free", "mdat"]);
    assert_eq!(file.len() as u64, recorded.finalised.size_bytes);
    assert_eq!(decode_errors(&done), "", "{name}: the finished file plays");
    assert_eq!(recorded.finalised.video_frames, 150);
    assert_eq!(probe_number(&done, "v", "nb_frames"), 150.0);
    assert_eq!(probe_number(&done, "v", "nb_read_packets"), 150.0);
    // The encoder's priming makes the sound of ffmpeg's clips start 23 ms before the picture.
    assert!(probe_number(&done, "v", "start_time") < 0.03);
    assert!((recorded.finalised.duration_ms as f64 - 6000.0).abs() < 100.0, "{:?}", recorded.finalised);
    if tracks.len() == 2 {
        let audio = packets.iter().filter(|packet| packet.kind == TrackKind::Audio).count() as f64;
        assert_eq!(probe_number(&done, "a", "nb_read_packets"), audio);
        let ends = recorded.finalised.video_end_ms.abs_diff(recorded.finalised.audio_end_ms);
        assert!(ends <= 100, "{name}: picture and sound end {ends} ms apart");
        let pts = |path, stream| clips::packet_times(path, stream, "pts_time");
        let offset = |path| pts(path, "a")[1] - pts(path, "v")[0];
        assert!((offset(&done) - offset(&source)).abs() < 0.002, "{name}: lip sync as in the source");
    }
    // Our own reader sees the same packets in both forms.
    let bytes =
        |packets: &[Packet]| packets.iter().map(|p| (p.kind, p.key, p.data.clone())).collect::<Vec<_>>();
    for path in [&open, &done] {
        let mut again = packets_of(path).1;
        let mut before = packets.clone();
        for list in [&mut again, &mut before] {
            list.sort_by_key(|packet| packet.kind);
        }
        assert_eq!(bytes(&again), bytes(&before), "{name}");
    }
}

#[test]
fn h264_with_aac_becomes_a_standard_mp4() {
    check_clip("h264.mp4", &[H264, AAC]);
}

#[test]
fn h264_with_b_frames_keeps_its_lip_sync() {
    check_clip("b.mp4", &[H264_B, AAC]);
}

#[test]
fn h265_with_b_frames_becomes_a_standard_mp4() {
    check_clip("h265.mp4", &[H265, AAC]);
}

#[test]
fn video_without_sound_becomes_a_standard_mp4() {
    check_clip("silent.mp4", &[H264_B, SILENT]);
}

#[test]
fn independent_readers_agree_about_frames_and_times() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264_B, AAC]));
    let file = record(&tracks, &packets, 60).finished();
    let reader = mp4::Mp4Reader::read_header(std::io::Cursor::new(&file), file.len() as u64).unwrap();
    assert_eq!(reader.sample_count(1).unwrap(), 150);
    assert_eq!(u64::from(reader.tracks()[&1].width()), 320);

    let (tracks, packets) = packets_of(&clips::make(dir.path(), "h265.mp4", &[H265, AAC]));
    let file = record(&tracks, &packets, 60).finished();
    let mut demuxer = shiguredo_mp4::demux::Mp4FileDemuxer::new();
    while let Some(wanted) = demuxer.required_input() {
        let at = wanted.position as usize;
        let end = wanted.size.map_or(file.len(), |size| (at + size).min(file.len()));
        demuxer.handle_input(shiguredo_mp4::demux::Input { position: wanted.position, data: &file[at..end] });
    }
    let mut samples = 0;
    while let Some(sample) = demuxer.next_sample().unwrap() {
        samples += usize::from(sample.track.kind == shiguredo_mp4::TrackKind::Video);
    }
    assert_eq!(samples, 150);
}

#[test]
fn sound_that_starts_late_keeps_its_offset_and_early_sound_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264, AAC]));
    let is_late = |p: &Packet| p.kind == TrackKind::Video || p.dts >= MediaTime::from_ms(2500);
    let late: Vec<_> = packets.into_iter().filter(is_late).collect();
    let recorded = record(&tracks, &late, 60);
    let path = dir.path().join("late.mp4");
    std::fs::write(&path, recorded.finished()).unwrap();
    assert_eq!(decode_errors(&path), "");
    let start = probe_number(&path, "a", "start_time");
    assert!((2.5..2.53).contains(&start), "sound starts at {start}");
    assert!(recorded.finalised.video_end_ms.abs_diff(recorded.finalised.audio_end_ms) <= 100);
}

#[test]
fn a_recording_that_outgrows_its_head_is_valid_with_moov_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264_B, AAC]));
    // 64 KiB of slack hold about 5000 samples: play the clip 40 times.
    let long: Vec<_> = (0..40i64)
        .flat_map(|round| {
            packets.iter().map(move |p| Packet { dts: p.dts + MediaTime::from_ms(round * 6100), ..p.clone() })
        })
        .collect();
    let recorded = record(&tracks, &long, 0);
    assert!(!recorded.finalised.faststart);
    let file = recorded.finished();
    assert_eq!(top_boxes(&file), ["ftyp", "free", "mdat", "moov"]);
    assert_eq!(file.len() as u64, recorded.finalised.size_bytes);
    let path = dir.path().join("long.mp4");
    std::fs::write(&path, &file).unwrap();
    assert_eq!(decode_errors(&path), "");
    assert_eq!(probe_number(&path, "v", "nb_frames"), 6000.0);
    assert_eq!(recover(&&file[..]).unwrap(), Recovery::AlreadyFinished);
}

/// Cuts a recording at many places: exactly the whole fragments come back, in a file that finalising would have made.
#[test]
fn killed_at_any_byte_all_whole_fragments_are_recovered() {
    let dir = tempfile::tempdir().unwrap();
    for (name, codecs) in [("b.mp4", [H264_B, AAC]), ("h265.mp4", [H265, AAC])] {
        let (tracks, packets) = packets_of(&clips::make(dir.path(), name, &codecs));
        let recorded = record(&tracks, &packets, 60);
        let ends = &recorded.fragment_ends;
        let near = ends.iter().flat_map(|&end| [end.saturating_sub(1), end, end + 1, end + 8, end + 400]);
        let spread = (0..200).map(|step| recorded.open.len() * step / 200);
        for cut in near.chain(spread).filter(|&cut| cut <= recorded.open.len()) {
            let file = &recorded.open[..cut];
            let whole = ends.iter().filter(|&&end| end <= cut).max().copied();
            match (recover(&file).unwrap(), whole) {
                (Recovery::Finish { truncate_to, finalised }, Some(end)) if end > ends[0] => {
                    assert_eq!(truncate_to as usize, end, "cut at {cut}");
                    let mut file = file[..end].to_vec();
                    apply(&mut file, &finalised.ops);
                    let reader = Mp4Reader::open(&file[..]).unwrap();
                    let fragments = ends.iter().position(|&e| e == end).unwrap();
                    let video = reader.samples().iter().filter(|s| s.kind == TrackKind::Video).count();
                    assert_eq!(
                        (video, finalised.video_frames as usize),
                        (25 * fragments, video),
                        "cut at {cut}"
                    );
                }
                (Recovery::Nothing, end) => assert!(end.is_none_or(|end| end == ends[0]), "cut at {cut}"),
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
        // Uncut, recovering gives byte for byte what finalising gives.
        let Recovery::Finish { truncate_to, finalised } = recover(&&recorded.open[..]).unwrap() else {
            panic!()
        };
        assert_eq!((truncate_to as usize, &finalised), (recorded.open.len(), &recorded.finalised));
        // One cut file judged by ffmpeg.
        let cut = ends[4] + 100;
        let Recovery::Finish { truncate_to, finalised } = recover(&&recorded.open[..cut]).unwrap() else {
            panic!()
        };
        let mut file = recorded.open[..truncate_to as usize].to_vec();
        apply(&mut file, &finalised.ops);
        let path = dir.path().join("recovered.mp4");
        std::fs::write(&path, &file).unwrap();
        assert_eq!(decode_errors(&path), "");
        assert_eq!(probe_number(&path, "v", "nb_frames"), 100.0);
        assert!(finalised.video_end_ms.abs_diff(finalised.audio_end_ms) <= 100, "{finalised:?}");
    }
}

#[test]
fn killed_in_the_middle_of_finalising_the_file_is_open_or_finished() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264, AAC]));
    for expected_s in [0, 60] {
        let recorded = record(&tracks, &packets, expected_s);
        let (switch, body) = recorded.finalised.ops.split_last().unwrap();
        let mut half = recorded.open.clone();
        for op in body {
            let half_op = WriteOp { offset: op.offset, bytes: op.bytes.slice(..op.bytes.len() / 2) };
            apply(&mut half, &[half_op]);
        }
        assert!(matches!(recover(&&half[..]).unwrap(), Recovery::Finish { .. }));
        apply(&mut half, body);
        assert!(matches!(recover(&&half[..]).unwrap(), Recovery::Finish { .. }));
        assert_eq!((switch.bytes.len(), switch.offset % 8), (8, 0), "one sector: all or nothing");
        apply(&mut half, std::slice::from_ref(switch));
        assert_eq!(recover(&&half[..]).unwrap(), Recovery::AlreadyFinished);
    }
}

#[test]
fn zeros_after_a_power_cut_are_not_taken_for_a_fragment() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264, AAC]));
    let recorded = record(&tracks, &packets, 60);
    let end = recorded.fragment_ends[recorded.fragment_ends.len() - 2];
    let mut file = recorded.open.clone();
    let half = (end + file.len()) / 2;
    file[half..].fill(0);
    let Recovery::Finish { truncate_to, .. } = recover(&&file[..]).unwrap() else { panic!() };
    assert_eq!(truncate_to as usize, end);
    file[end..].fill(0);
    let Recovery::Finish { truncate_to, .. } = recover(&&file[..]).unwrap() else { panic!() };
    assert_eq!(truncate_to as usize, end);
}

#[test]
fn a_jump_in_time_is_refused_and_a_small_step_back_is_smoothed() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, packets) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264, SILENT]));
    let mut writer = HybridWriter::new(&tracks, 60).unwrap();
    let at = |ms| Packet { dts: MediaTime::from_ms(ms), ..packets[0].clone() };
    for ms in [5_000, 5_040, 5_030, 5_080] {
        writer.push(&at(ms)).unwrap();
    }
    assert!(matches!(writer.push(&at(1_000)), Err(Error::TimeJump { from_ms: 5_080, to_ms: 1_000 })));
    assert!(matches!(writer.push(&at(5_000_000)), Err(Error::TimeJump { .. })));
    assert_eq!(writer.finalise().unwrap().video_frames, 4);
    let empty = HybridWriter::new(&tracks, 60).unwrap();
    assert!(matches!(empty.finalise(), Err(Error::Misuse(_))));
}

/// 30 fps with B-frames and a jittering clock, sound in ms: the largest tables a lesson can have.
#[test]
fn the_worst_lesson_of_45_minutes_fits_its_reserved_head() {
    let dir = tempfile::tempdir().unwrap();
    let (tracks, _) = packets_of(&clips::make(dir.path(), "in.mp4", &[H264_B, AAC, &["-t", "0.5"]]));
    let data = bytes::Bytes::from_static(&[0, 0, 0, 1, 0x41]);
    let packet = |kind, ticks, timescale, composition_offset, key| Packet {
        kind,
        dts: MediaTime::new(ticks, timescale),
        composition_offset,
        key,
        data: data.clone(),
    };
    let tracks =
        [Track { timescale: 90_000, ..tracks[0].clone() }, Track { timescale: 1000, ..tracks[1].clone() }];
    let mut packets = Vec::new();
    for frame in 0..45 * 60 * 30i64 {
        let jitter = frame * 7919 % 601;
        packets.push(packet(
            TrackKind::Video,
            frame * 3000 + jitter,
            90_000,
            (frame % 3) as i32 * 3000,
            frame % 60 == 0,
        ));
    }
    for frame in 0..45 * 60 * 48_000 / 1024i64 {
        packets.push(packet(TrackKind::Audio, frame * 1024 / 48, 1000, 0, true));
    }
    packets.sort_by_key(|packet| packet.dts);
    let recorded = record(&tracks, &packets, 45 * 60);
    assert!(recorded.finalised.faststart);
    let used: usize = recorded.finalised.ops.iter().map(|op| op.bytes.len()).sum();
    assert!(used < 4 << 20, "finalising writes {used} bytes");
    assert_eq!(Mp4Reader::open(&recorded.finished()[..]).unwrap().samples().len(), packets.len());
    let Recovery::Finish { finalised, .. } = recover(&&recorded.open[..]).unwrap() else { panic!() };
    assert_eq!(finalised, recorded.finalised);
}
