//! Media made by ffmpeg for a test: small, countable, always the same.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How a clip is made.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Seconds.
    pub seconds: u32,
    /// Frames per second.
    pub fps: u32,
    /// Frames from keyframe to keyframe.
    pub gop: u32,
    /// Picture size, e.g. `640x360`.
    pub size: &'static str,
    /// `libx264` or `libx265`.
    pub encoder: &'static str,
    /// With AAC sound.
    pub sound: bool,
    /// Video bitrate, Kbit/s.
    pub kbps: u32,
}

impl Default for Clip {
    fn default() -> Self {
        Self { seconds: 10, fps: 25, gop: 25, size: "640x360", encoder: "libx264", sound: true, kbps: 600 }
    }
}

impl Clip {
    /// Writes the clip as an MP4 into `dir`; every frame shows a running time, so all packets differ.
    pub fn make(&self, dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(name);
        let gop = self.gop.to_string();
        let mut c = Command::new("ffmpeg");
        c.args(["-v", "error", "-y", "-f", "lavfi", "-i"])
            .arg(format!("testsrc2=size={}:rate={}", self.size, self.fps));
        if self.sound {
            c.args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]);
        }
        c.args([
            "-t",
            &self.seconds.to_string(),
            "-c:v",
            self.encoder,
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ]);
        c.args(["-bf", "0", "-g", &gop, "-keyint_min", &gop, "-sc_threshold", "0"]);
        c.args([
            "-b:v",
            &format!("{}k", self.kbps),
            "-maxrate",
            &format!("{}k", self.kbps),
            "-bufsize",
            &format!("{}k", self.kbps),
        ]);
        if self.encoder == "libx265" {
            c.args([
                "-tag:v",
                "hvc1",
                "-x265-params",
                &format!("log-level=error:keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:open-gop=0"),
            ]);
        }
        if self.sound {
            c.args(["-c:a", "aac", "-b:a", "64k", "-ac", "1"]);
        }
        run(c.args(["-movflags", "+faststart"]).arg(&path));
        path
    }
}

/// Runs a tool to its end; panics with its output when it fails.
pub fn run(command: &mut Command) -> String {
    let out =
        command.output().unwrap_or_else(|e| panic!("{command:?}: {e}. `./test.sh` installs what tests need"));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{command:?}\n{text}\n{}", String::from_utf8_lossy(&out.stderr));
    text
}

/// The static ffmpeg of the Python package imageio-ffmpeg: it speaks enhanced RTMP, Debian's does not.
pub fn ffmpeg9() -> PathBuf {
    if let Ok(path) = std::env::var("YUNLUBO_FFMPEG9") {
        return path.into();
    }
    let python = crate::process::repository().join("target/test-tools/env/bin/python");
    let ask = Command::new(&python)
        .args(["-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"])
        .output();
    match ask {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).trim().into(),
        _ => panic!(
            "no ffmpeg 9 beside {}: `./test.sh --tools` installs it, or set YUNLUBO_FFMPEG9",
            python.display()
        ),
    }
}
