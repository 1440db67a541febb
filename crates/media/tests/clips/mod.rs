//! Real clips, made by the real ffmpeg in a temp dir, and judges that are not ours: ffmpeg and ffprobe.
#![allow(dead_code, reason = "every test file uses a part")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use media::format::mp4::{Mp4Reader, WriteOp};
use media::{Packet, Track};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Arguments for the picture: 6 s, 25 fps, a keyframe a second.
pub const H264: &[&str] = &["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"];
pub const H264_B: &[&str] = &["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25"];
pub const H265: &[&str] = &[
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none:keyint=25:bframes=2",
    "-tag:v",
    "hvc1",
];
/// … and for the sound.
pub const AAC: &[&str] = &["-c:a", "aac", "-ar", "44100", "-ac", "2"];
pub const SILENT: &[&str] = &["-an"];

#[track_caller]
pub fn run(program: &str, args: &[&str]) -> Output {
    let output = Command::new(program).args(args).output();
    output.unwrap_or_else(|error| panic!("cannot start {program}: {error}; ./test.sh installs it"))
}

/// Makes `name` in `dir` of 6 s test picture and tone with the codec arguments.
#[track_caller]
pub fn make(dir: &Path, name: &str, codecs: &[&[&str]]) -> PathBuf {
    let path = dir.join(name);
    let mut args = vec!["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=6"];
    args.extend(["-f", "lavfi", "-i", "sine=frequency=440:duration=6", "-pix_fmt", "yuv420p"]);
    codecs.iter().for_each(|codec| args.extend_from_slice(codec));
    args.push(path.to_str().unwrap());
    let output = run("ffmpeg", &args);
    assert!(output.status.success(), "ffmpeg {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    path
}

/// Tracks and packets of an MP4 file.
#[track_caller]
pub fn packets_of(path: &Path) -> (Vec<Track>, Vec<Packet>) {
    let reader = Mp4Reader::open(std::fs::File::open(path).unwrap()).unwrap();
    let packets = reader.samples().iter().map(|sample| reader.read(sample).unwrap()).collect();
    (reader.tracks().to_vec(), packets)
}

pub fn apply(file: &mut Vec<u8>, ops: &[WriteOp]) {
    for op in ops {
        let at = op.offset as usize;
        if file.len() < at + op.bytes.len() {
            file.resize(at + op.bytes.len(), 0);
        }
        file[at..at + op.bytes.len()].copy_from_slice(&op.bytes);
    }
}

/// Decodes everything: what ffmpeg complains about, which should be nothing.
#[track_caller]
pub fn decode_errors(path: &Path) -> String {
    decode_errors_with("ffmpeg", path)
}

#[track_caller]
pub fn decode_errors_with(ffmpeg: &str, path: &Path) -> String {
    let output = run(ffmpeg, &["-v", "error", "-xerror", "-i", path.to_str().unwrap(), "-f", "null", "-"]);
    let status = if output.status.success() { "" } else { "failed " };
    format!("{status}{}", String::from_utf8_lossy(&output.stderr))
}

/// One `-show_entries` of ffprobe as lines of `key=value`.
#[track_caller]
pub fn probe(path: &Path, stream: &str, entries: &str) -> Vec<String> {
    let path = path.to_str().unwrap();
    let args = ["-v", "error", "-count_packets", "-select_streams", stream, "-show_entries", entries];
    let output = run("ffprobe", &[&args[..], &["-of", "default=nw=1", path]].concat());
    assert!(output.status.success(), "ffprobe {path}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A number out of [`probe`].
#[track_caller]
pub fn probe_number(path: &Path, stream: &str, entry: &str) -> f64 {
    let lines = probe(path, stream, &format!("stream={entry}"));
    let value = lines.iter().find_map(|line| line.strip_prefix(&format!("{entry}=")));
    value.unwrap_or_else(|| panic!("no {entry} in {lines:?}")).parse().unwrap()
}

/// The dts of every packet of a stream, in seconds.
#[track_caller]
pub fn packet_times(path: &Path, stream: &str, field: &str) -> Vec<f64> {
    let lines = probe(path, stream, &format!("packet={field}"));
    let prefix = format!("{field}=");
    lines.iter().filter_map(|line| line.strip_prefix(&prefix)?.parse().ok()).collect()
}
