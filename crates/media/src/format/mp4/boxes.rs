//! Writing boxes: the frame of a `moov` and its sample entries.

use super::{MOVIE_TIMESCALE, table::SampleTable};
use crate::{DecoderConfig, Track, TrackKind};

/// Boxes nest by closures; sizes are filled in when a box closes.
#[derive(Debug, Default)]
pub(super) struct BoxWriter {
    pub out: Vec<u8>,
}

impl BoxWriter {
    /// `Box` (§4.2): 32-bit size, type, content.
    pub fn boxed(&mut self, kind: &[u8; 4], content: impl FnOnce(&mut Self)) {
        let at = self.out.len();
        self.u32(0);
        self.bytes(kind);
        content(self);
        let size = (self.out.len() - at) as u32;
        self.out[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }

    /// `FullBox`: with version and 24 bits of flags.
    pub fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, content: impl FnOnce(&mut Self)) {
        self.boxed(kind, |w| {
            w.u32(u32::from(version) << 24 | flags);
            content(w);
        });
    }

    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn i32(&mut self, value: i32) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub fn zeros(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, 0);
    }
}

/// `ftyp` (§4.3), 32 bytes, so that the box behind it starts at a multiple of 8.
pub(super) const FTYP: &[u8; 32] = &[
    0, 0, 0, 32, // length
    b'f', b't', b'y', b'p', // type
    b'i', b's', b'o', b'm', // major_brand
    0, 0, 2, 0, // minor_version
    b'i', b's', b'o', b'm', b'i', b's', b'o', b'6', // compatible_brands: iso6 has tfdt
    b'm', b'p', b'4', b'1', b'm', b'p', b'4', b'2',
];

/// The unity matrix of `mvhd` and `tkhd` (§6.2.2).
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// One `elst` entry (§8.6.6): how long (movie timescale), from which media time (`None`: nothing plays).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    pub duration: u64,
    pub media_time: Option<u64>,
}

/// A track as `moov` shows it. Without `table` it is the empty track of a fragmented file.
pub(super) struct TrackPart<'a> {
    pub track: &'a Track,
    pub table: Option<&'a SampleTable>,
    pub edits: Vec<Edit>,
    /// In the movie timescale.
    pub duration: u64,
}

/// `moov` (§8.2.1). Track ids are 1, 2, … in the order given; with no tables at all it gets an `mvex` (§8.8.1).
pub(super) fn write_moov(w: &mut BoxWriter, parts: &[TrackPart<'_>]) {
    let duration = parts.iter().map(|part| part.duration).max().unwrap_or(0);
    w.boxed(b"moov", |w| {
        w.full(b"mvhd", 1, 0, |w| {
            w.zeros(16); // creation_time, modification_time
            w.u32(MOVIE_TIMESCALE);
            w.u64(duration);
            w.u32(0x1_0000); // rate 1.0
            w.u16(0x100); // volume 1.0
            w.zeros(10);
            MATRIX.iter().for_each(|&value| w.u32(value));
            w.zeros(24); // pre_defined
            w.u32(parts.len() as u32 + 1); // next_track_ID
        });
        for (index, part) in parts.iter().enumerate() {
            write_trak(w, index as u32 + 1, part);
        }
        if parts.iter().all(|part| part.table.is_none()) {
            w.boxed(b"mvex", |w| {
                for id in 1..=parts.len() as u32 {
                    w.full(b"trex", 0, 0, |w| [id, 1, 0, 0, 0].into_iter().for_each(|value| w.u32(value)));
                }
            });
        }
    });
}

fn write_trak(w: &mut BoxWriter, id: u32, part: &TrackPart<'_>) {
    let track = part.track;
    let is_video = track.kind() == TrackKind::Video;
    w.boxed(b"trak", |w| {
        w.full(b"tkhd", 1, 3, |w| {
            w.zeros(16); // creation_time, modification_time
            w.u32(id);
            w.u32(0);
            w.u64(part.duration);
            w.zeros(8);
            w.u16(0); // layer
            w.u16(0); // alternate_group
            w.u16(if is_video { 0 } else { 0x100 }); // volume
            w.u16(0);
            MATRIX.iter().for_each(|&value| w.u32(value));
            w.u32(u32::from(track.width) << 16);
            w.u32(u32::from(track.height) << 16);
        });
        if !part.edits.is_empty() {
            w.boxed(b"edts", |w| {
                w.full(b"elst", 1, 0, |w| {
                    w.u32(part.edits.len() as u32);
                    for edit in &part.edits {
                        w.u64(edit.duration);
                        w.u64(edit.media_time.unwrap_or(u64::MAX)); // -1: an empty edit
                        w.u32(0x1_0000); // media_rate 1.0
                    }
                });
            });
        }
        w.boxed(b"mdia", |w| {
            w.full(b"mdhd", 1, 0, |w| {
                w.zeros(16);
                w.u32(track.timescale);
                w.u64(part.table.map_or(0, |table| table.duration()));
                w.u16(0x55c4); // language "und"
                w.u16(0);
            });
            w.full(b"hdlr", 0, 0, |w| {
                w.u32(0);
                w.bytes(if is_video { b"vide" } else { b"soun" });
                w.zeros(12);
                w.bytes(if is_video { b"VideoHandler\0" } else { b"SoundHandler\0" });
            });
            write_minf(w, part);
        });
    });
}

fn write_minf(w: &mut BoxWriter, part: &TrackPart<'_>) {
    w.boxed(b"minf", |w| {
        match part.track.kind() {
            TrackKind::Video => w.full(b"vmhd", 0, 1, |w| w.zeros(8)),
            TrackKind::Audio => w.full(b"smhd", 0, 0, |w| w.zeros(4)),
        }
        w.boxed(b"dinf", |w| {
            w.full(b"dref", 0, 0, |w| {
                w.u32(1);
                w.full(b"url ", 0, 1, |_| {}); // flag 1: the media are in this file
            });
        });
        w.boxed(b"stbl", |w| {
            w.full(b"stsd", 0, 0, |w| {
                w.u32(1);
                write_sample_entry(w, part.track);
            });
            match part.table {
                Some(table) => table.write(w),
                None => SampleTable::write_empty(w),
            }
        });
    });
}

fn write_sample_entry(w: &mut BoxWriter, track: &Track) {
    match &track.config {
        DecoderConfig::H264(avcc) => write_visual(w, b"avc1", b"avcC", avcc, track),
        DecoderConfig::Hevc(hvcc) => write_visual(w, b"hvc1", b"hvcC", hvcc, track),
        DecoderConfig::Aac(config) => w.boxed(b"mp4a", |w| {
            w.zeros(6);
            w.u16(1); // data_reference_index
            w.zeros(8);
            w.u16(u16::from(track.channels.max(1)));
            w.u16(16); // samplesize
            w.zeros(4);
            w.u32(if track.sample_rate <= 0xffff { track.sample_rate << 16 } else { 0 });
            w.full(b"esds", 0, 0, |w| write_es_descriptor(w, config));
        }),
    }
}

/// `VisualSampleEntry` (§12.1.3).
fn write_visual(w: &mut BoxWriter, kind: &[u8; 4], config_kind: &[u8; 4], config: &[u8], track: &Track) {
    w.boxed(kind, |w| {
        w.zeros(6);
        w.u16(1); // data_reference_index
        w.zeros(16);
        w.u16(track.width);
        w.u16(track.height);
        w.u32(0x48_0000); // 72 dpi
        w.u32(0x48_0000);
        w.zeros(4);
        w.u16(1); // frame_count
        w.zeros(32); // compressorname
        w.u16(0x18); // depth
        w.u16(0xffff); // pre_defined -1
        w.boxed(config_kind, |w| w.bytes(config));
    });
}

/// `ES_Descriptor` (ISO/IEC 14496-1 §7.2.6.5) around an `AudioSpecificConfig`.
fn write_es_descriptor(w: &mut BoxWriter, config: &[u8]) {
    let head = |w: &mut BoxWriter, tag: u8, len: usize| {
        let len = len as u32;
        let seven = |shift: u32| (len >> shift & 0x7f) as u8;
        w.bytes(&[tag, 0x80 | seven(21), 0x80 | seven(14), 0x80 | seven(7), seven(0)]);
    };
    let specific = config.len() + 5;
    head(w, 3, 3 + 5 + 13 + specific + 6);
    w.bytes(&[0, 0, 0]); // ES_ID, flags
    head(w, 4, 13 + specific);
    w.bytes(&[0x40, 0x15]); // MPEG-4 audio; audio stream
    w.zeros(11); // bufferSizeDB, maxBitrate, avgBitrate: unknown
    head(w, 5, config.len());
    w.bytes(config);
    head(w, 6, 1);
    w.u8(2); // MP4
}
