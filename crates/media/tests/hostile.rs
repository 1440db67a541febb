//! Bytes from the network and from disks are hostile: nothing panics, nothing allocates what was only announced.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod clips;

use bytes::Bytes;
use clips::{AAC, H264_B, H265};
use media::Error;
use media::codec::{aac, h264, hevc, nal};
use media::format::flv::{FlvItem, FlvKind, FlvReader, FlvTracks};
use media::format::mp4::{Mp4Reader, recover};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Small real files: progressive and fragmented, H.264 and H.265, with sound.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let fragmented: &[&str] = &["-movflags", "frag_keyframe+empty_moov"];
    let sets: [&[&[&str]]; 4] =
        [&[H264_B, AAC], &[H265, AAC], &[H264_B, AAC, fragmented], &[H265, AAC, fragmented]];
    let make = |(index, set): (usize, &&[&[&str]])| {
        std::fs::read(clips::make(dir.path(), &format!("{index}.mp4"), set)).unwrap()
    };
    sets.iter().enumerate().map(make).collect()
});

fn read_everything(file: &[u8]) {
    if let Ok(reader) = Mp4Reader::open(file) {
        let _ = reader.duration();
        for sample in reader.samples().iter().take(500) {
            let _ = reader.read(sample);
        }
    }
    let _ = recover(&file);
}

fn parse_everything(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let _ = h264::parse_avcc(data);
    let _ = h264::track_from_avcc(bytes.clone(), 1000);
    let _ = h264::parse_sps(data);
    let _ = hevc::parse_hvcc(data);
    let _ = hevc::track_from_hvcc(bytes.clone(), 1000);
    let _ = hevc::parse_sps(data);
    let _ = (h264::codec_string(data), hevc::codec_string(data), aac::codec_string(data));
    let _ = (h264::is_keyframe(data), hevc::is_keyframe(data));
    let _ = (aac::parse_config(data), aac::strip_adts(data));
    let _ = nal::annex_b_to_avcc(data);
    let _ = nal::avcc_to_annex_b(data);
    for length_size in 0..6 {
        let _ = nal::normalise_avcc(&bytes, length_size, h264::is_parameter_set);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic_a_codec_parser(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        parse_everything(&data);
        for head in [&[0x67][..], &[0x42, 0x01], &[1, 77, 0, 31, 255, 225]] {
            parse_everything(&[head, &data].concat());
        }
    }

    #[test]
    fn random_bytes_never_panic_the_flv_parsers(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        head in proptest::sample::select(vec![0x17u8, 0x27, 0x1c, 0x90, 0x91, 0x93, 0x96, 0x97, 0xaf, 0x9f]),
    ) {
        let mut tracks = FlvTracks::new();
        let sps = [0x67, 77, 64, 31, 236, 160, 40, 2, 221, 128, 181, 1, 1, 1, 64, 0, 0, 3, 0, 64];
        let header = h264::build_avcc(&[Bytes::copy_from_slice(&sps)], &[Bytes::from_static(&[0x68, 0xef])]).unwrap();
        let header = Bytes::from([&[0x17, 0, 0, 0, 0], &header[..]].concat());
        prop_assert_eq!(tracks.push(FlvKind::Video, 0, &header).unwrap().len(), 1);
        for fourcc in [&b""[..], b"hvc1", b"avc1", b"mp4a"] {
            let body = Bytes::from([&[head], fourcc, &data].concat());
            let _ = tracks.push(FlvKind::Video, 7, &body);
            let _ = tracks.push(FlvKind::Audio, u32::MAX, &body);
        }
        let mut reader = FlvReader::new();
        reader.push(&[&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &data].concat());
        while let Ok(Some(item)) = reader.next() {
            if let FlvItem::Tag(tag) = item {
                let _ = tracks.push(tag.kind, tag.timestamp_ms, &tag.body);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic_the_mp4_reader(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_everything(&data);
        read_everything(&[&b"\0\0\0\x20ftypisom\0\0\x02\0isomiso6mp41mp42\0\0\x01\x90moov"[..], &data].concat());
    }

    #[test]
    fn flipped_bytes_in_the_headers_of_real_files_never_panic(
        which in 0usize..4,
        flips in proptest::collection::vec((any::<u32>(), any::<u8>()), 1..6),
    ) {
        let mut file = FILES[which].clone();
        // Where the tables are: the whole of moov, at the end of a progressive file and in front of a fragmented one.
        let moov = file.windows(4).position(|four| four == b"moov").unwrap();
        let size = u32::from_be_bytes(file[moov - 4..moov].try_into().unwrap()) as usize;
        for (at, value) in flips {
            let len = file.len();
            let at = if which < 2 { moov - 4 + at as usize % size } else { at as usize % (size * 3).min(len) };
            file[at] = value;
        }
        read_everything(&file);
    }

    #[test]
    fn real_files_cut_anywhere_are_an_error_or_shorter(which in 0usize..4, share in 0.0f64..1.0) {
        let file = &FILES[which];
        let cut = &file[..(file.len() as f64 * share) as usize];
        match Mp4Reader::open(cut) {
            Ok(reader) => prop_assert!(reader.is_fragmented(), "a cut progressive file was accepted"),
            Err(error) => prop_assert!(matches!(error, Error::Damaged(_) | Error::NotMp4), "{error}"),
        }
    }
}

#[test]
fn what_is_no_video_file_is_refused_by_name() {
    let text = b"This is a text file that somebody called lesson.mp4.\n".repeat(100);
    assert_eq!(Mp4Reader::open(&text[..]).unwrap_err(), Error::NotMp4);
    assert_eq!(Mp4Reader::open(&b""[..]).unwrap_err(), Error::NotMp4);
    assert_eq!(Mp4Reader::open(&[0u8; 5000][..]).unwrap_err(), Error::NotMp4);
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str, codecs: &[&[&str]]| {
        Mp4Reader::open(std::fs::File::open(clips::make(dir.path(), name, codecs)).unwrap()).map(|_| ())
    };
    assert_eq!(open("sound.mp4", &[&["-vn"], AAC]), Err(Error::NoVideo));
    assert_eq!(open("old.mp4", &[&["-c:v", "mpeg4"], AAC]), Err(Error::UnsupportedCodec("mp4v".into())));
    let mp3: &[&str] = &["-c:a", "libmp3lame"];
    let path = clips::make(dir.path(), "mp3.mp4", &[H264_B, mp3]);
    let reader = Mp4Reader::open(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!((reader.tracks().len(), reader.unsupported()), (1, &["mp4a".to_owned()][..]));
}
