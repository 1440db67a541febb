//! Behaviour of [`Ring`].

use super::*;
use media::format::flv::{FlvItem, FlvReader};
use media::{DecoderConfig, MediaTime};

fn track(kind: TrackKind) -> Track {
    let config = match kind {
        TrackKind::Video => DecoderConfig::H264(Bytes::from_static(b"avcc")),
        TrackKind::Audio => DecoderConfig::Aac(Bytes::from_static(&[0x12, 0x10])),
    };
    Track { config, timescale: 1000, width: 64, height: 36, sample_rate: 44_100, channels: 2 }
}

fn packet(kind: TrackKind, ms: i64, key: bool, len: usize) -> Packet {
    let data = Bytes::from(vec![ms as u8; len]);
    Packet { kind, dts: MediaTime::from_ms(ms), composition_offset: 0, key, data }
}

/// A ready stream: GOPs of 1 s at 25/s, `seconds` of them.
fn ring(seconds: i64, limits: RingLimits) -> Ring {
    let mut ring = Ring::new(limits);
    ring.begin();
    ring.set_track(track(TrackKind::Video));
    ring.set_track(track(TrackKind::Audio));
    feed(&mut ring, 0, seconds);
    ring
}

fn feed(ring: &mut Ring, from_s: i64, to_s: i64) {
    for i in from_s * 25..to_s * 25 {
        ring.push(packet(TrackKind::Video, i * 40, i % 25 == 0, 1000));
        ring.push(packet(TrackKind::Audio, i * 40 + 5, true, 100));
    }
}

/// Times of the video tags in FLV bytes, and whether sequence headers came first.
fn video_times(bytes: &[u8]) -> (Vec<u32>, usize) {
    let mut reader = FlvReader::new();
    if !bytes.starts_with(b"FLV") {
        reader.push(&flv::file_header(true, true));
    }
    reader.push(bytes);
    let (mut times, mut headers) = (Vec::new(), 0);
    while let Some(item) = reader.next().unwrap() {
        match item {
            FlvItem::Tag(tag) if tag.kind == FlvKind::Video && tag.body[1] == 0 => headers += 1,
            FlvItem::Tag(tag) if tag.kind == FlvKind::Video => times.push(tag.timestamp_ms),
            _ => {}
        }
    }
    (times, headers)
}

fn bytes(take: Take) -> Bytes {
    match take {
        Take::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_viewer_starts_with_headers_at_the_last_keyframe_and_misses_nothing() {
    let mut ring = ring(5, RingLimits::default());
    let (mut cursor, first) = ring.join(Wire::Flv).unwrap();
    let (times, headers) = video_times(&first);
    assert_eq!((times.len(), times[0], headers), (25, 4040, 1));
    assert_eq!(ring.take(&mut cursor, Instant::now()), Take::Wait);
    feed(&mut ring, 5, 6);
    let (times, headers) = video_times(&bytes(ring.take(&mut cursor, Instant::now())));
    assert_eq!((times.len(), times[0], headers), (25, 5040, 0));
}

#[test]
fn nobody_can_join_before_a_keyframe_and_both_tracks_or_half_a_second() {
    let mut ring = Ring::new(RingLimits::default());
    ring.begin();
    ring.set_track(track(TrackKind::Video));
    ring.push(packet(TrackKind::Video, 0, true, 10));
    assert!(ring.join(Wire::Flv).is_none(), "audio may still come");
    ring.push(packet(TrackKind::Video, 520, false, 10));
    let (_, first) = ring.join(Wire::Flv).unwrap();
    assert_eq!(first[4], 1, "the header says video only");
    ring.begin();
    assert!(ring.join(Wire::Flv).is_none(), "a new publication begins anew");
    ring.announce(true, false);
    ring.set_track(track(TrackKind::Video));
    ring.push(packet(TrackKind::Video, 0, true, 10));
    assert!(ring.join(Wire::Flv).is_some(), "metadata says that there is no audio");
}

#[test]
fn viewers_at_the_same_place_share_one_buffer() {
    let mut ring = ring(2, RingLimits::default());
    let mut cursors: Vec<_> = (0..3).map(|_| ring.join(Wire::Flv).unwrap().0).collect();
    feed(&mut ring, 2, 3);
    let got: Vec<_> = cursors.iter_mut().map(|c| bytes(ring.take(c, Instant::now()))).collect();
    assert!(got.iter().all(|b| b.as_ptr() == got[0].as_ptr() && b.len() == got[0].len()));
}

#[test]
fn a_slow_viewer_skips_to_the_newest_keyframe_and_gets_headers_again() {
    let mut ring = ring(1, RingLimits { gops: 10, ..RingLimits::default() });
    let now = Instant::now();
    let (mut slow, _) = ring.join(Wire::Flv).unwrap();
    feed(&mut ring, 1, 4);
    assert_eq!(video_times(&bytes(ring.take(&mut slow, now))).0[0], 1040, "3 s behind is allowed");
    feed(&mut ring, 4, 9);
    let (times, headers) = video_times(&bytes(ring.take(&mut slow, now)));
    assert_eq!((times[0], headers), (8040, 1));
}

#[test]
fn a_viewer_that_skips_three_times_in_30_s_is_dropped_and_a_rare_one_is_not() {
    let mut ring = ring(1, RingLimits::default());
    let start = Instant::now();
    for (pause_s, ends) in [(40, false), (5, true)] {
        let (mut slow, _) = ring.join(Wire::Flv).unwrap();
        let last = (1..=3).map(|i| {
            let from = ring.clock.last_in.unwrap() / 1000 + 1;
            feed(&mut ring, from, from + 6);
            ring.take(&mut slow, start + Duration::from_secs(pause_s * i))
        });
        assert_eq!(last.last() == Some(Take::TooSlow), ends, "every {pause_s} s");
    }
}

#[test]
fn two_mebibytes_behind_is_too_much_even_within_4_s() {
    let mut ring = ring(1, RingLimits::default());
    let (mut slow, _) = ring.join(Wire::Rtmp).unwrap();
    for i in 25..30 {
        ring.push(packet(TrackKind::Video, i * 40, false, 500_000));
    }
    assert_eq!(
        ring.take(&mut slow, Instant::now()),
        Take::Wait,
        "there is no newer keyframe: it waits for one"
    );
    ring.push(packet(TrackKind::Video, 1200, true, 1000));
    let got = bytes(ring.take(&mut slow, Instant::now()));
    assert!(got.len() < 2000, "{}", got.len());
}

#[test]
fn memory_is_bounded_by_gops_tags_and_bytes() {
    let limits = RingLimits { gops: 2, tags: 1000, bytes: 1 << 20, ..RingLimits::default() };
    let mut r = ring(10, limits);
    assert_eq!(r.keys.len(), 2);
    assert!(r.entries.len() <= 100);
    for i in 0..3000 {
        r.push(packet(TrackKind::Video, 10_000 + i, false, 2000));
    }
    assert!(r.entries.len() <= 1000 && r.bytes <= 1 << 20);
    assert!(r.join(Wire::Flv).is_none(), "nothing to start from in an endless GOP");
}

#[test]
fn time_goes_on_over_a_new_publisher_and_over_jumps() {
    let mut ring = ring(2, RingLimits::default());
    let last = ring.clock.last_out;
    let (mut viewer, _) = ring.join(Wire::Flv).unwrap();
    ring.begin();
    ring.set_track(track(TrackKind::Video));
    ring.push(packet(TrackKind::Video, 77_000_000, true, 10));
    ring.push(packet(TrackKind::Video, 77_000_040, false, 10));
    ring.push(packet(TrackKind::Video, 3, false, 10));
    let (times, headers) = video_times(&bytes(ring.take(&mut viewer, Instant::now())));
    let last = last as u32;
    assert_eq!((times, headers), (vec![last + 40, last + 80, last + 120], 1));
}

#[test]
fn hls_follows_from_the_oldest_keyframe() {
    let mut ring = ring(5, RingLimits::default());
    let follow = ring.follow(None).unwrap();
    assert_eq!((follow.entries[0].ts_ms, follow.tracks.len()), (2040, 2));
    feed(&mut ring, 5, 6);
    let more = ring.follow(Some(follow.next)).unwrap();
    assert_eq!((more.entries.len(), more.entries[0].ts_ms, more.lost), (50, 5040, false));
    feed(&mut ring, 6, 20);
    assert!(ring.follow(Some(more.next)).unwrap().lost);
}
