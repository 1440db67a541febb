//! What is in a file, asked of ffprobe and of the bytes themselves.

use crate::fixture::run;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What ffprobe says of a file.
#[derive(Debug)]
pub struct Probe {
    /// Codec names in order of streams, e.g. `["h264", "aac"]`.
    pub codecs: Vec<String>,
    /// Start and end of the video, s.
    pub video_s: (f64, f64),
    /// Start and end of the sound, s; `None` without sound.
    pub audio_s: Option<(f64, f64)>,
    /// MD5 of each video packet in decoding order.
    pub frames: Vec<String>,
    /// Decoding times of the video packets, s.
    pub dts_s: Vec<f64>,
    /// Which video packets are keyframes.
    pub keys: Vec<bool>,
    /// `moov` stands before `mdat`.
    pub faststart: bool,
}

/// Opens `path` with ffprobe; panics when it does not open.
pub fn probe(path: &Path) -> Probe {
    let json = run(Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams", "-show_packets", "-show_data_hash", "md5"])
        .arg(path));
    let all: Value = serde_json::from_str(&json).unwrap();
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let number = |v: &Value, key: &str| text(v, key).parse::<f64>().unwrap_or(f64::NAN);
    let packets = |kind: &'static str| {
        all["packets"].as_array().unwrap().iter().filter(move |p| p["codec_type"] == kind)
    };
    let span = |kind: &'static str| {
        let mut span: Option<(f64, f64)> = None;
        for p in packets(kind) {
            let (start, end) = (number(p, "pts_time"), number(p, "pts_time") + number(p, "duration_time"));
            span = Some(span.map_or((start, end), |(a, b)| (a.min(start), b.max(end))));
        }
        span
    };
    Probe {
        codecs: all["streams"].as_array().unwrap().iter().map(|s| text(s, "codec_name")).collect(),
        video_s: span("video").unwrap_or((0.0, 0.0)),
        audio_s: span("audio"),
        frames: packets("video").map(|p| text(p, "data_hash")).collect(),
        dts_s: packets("video").map(|p| number(p, "dts_time")).collect(),
        keys: packets("video").map(|p| text(p, "flags").starts_with('K')).collect(),
        faststart: faststart(path),
    }
}

/// Decodes everything; panics when the decoder complains.
pub fn decodes(path: &Path) {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(path)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && complaint.trim().is_empty(),
        "{} does not decode cleanly:\n{complaint}",
        path.display()
    );
}

/// Whether the top-level box `moov` comes before `mdat` (ISO/IEC 14496-12 §4.2).
fn faststart(path: &Path) -> bool {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path).unwrap();
    let (mut at, length) = (0u64, file.metadata().unwrap().len());
    while at + 8 <= length {
        let mut head = [0u8; 16];
        file.seek(SeekFrom::Start(at)).unwrap();
        let got = file.read(&mut head).unwrap();
        match &head[4..8] {
            b"moov" => return true,
            b"mdat" => return false,
            _ => {}
        }
        let size = u64::from(u32::from_be_bytes(head[..4].try_into().unwrap()));
        at += match size {
            0 => return false,
            1 if got == 16 => u64::from_be_bytes(head[8..].try_into().unwrap()),
            _ => size.max(8),
        };
    }
    false
}
