//! A real RTSP camera: GStreamer's RTSP server as a child (`camera/rtsp_camera.py`).

use crate::process::{Process, repository};
use crate::wait::wait_for;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

/// A running camera. Mounts: see the head of `rtsp_camera.py`.
pub struct Camera {
    process: Process,
    port: u16,
}

impl Camera {
    /// Starts one on `port` (0 = any free port); `extra` arguments go to the script.
    pub async fn start(dir: &Path, port: u16, extra: &[&str]) -> Self {
        let log = dir.join(format!(
            "camera-{}.log",
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
        ));
        let mut command = Command::new("/usr/bin/python3");
        command
            .arg(repository().join("crates/testkit/camera/rtsp_camera.py"))
            .args(["--port", &port.to_string()])
            .args(extra);
        let mut process = Process::start("RTSP camera", command, &log);
        let port = wait_for("the camera to listen", Duration::from_secs(20), || {
            assert!(process.alive(), "the camera ended:\n{}", process.output());
            let line = process.output().lines().find_map(|l| l.strip_prefix("ready ")?.trim().parse().ok());
            async move { line }
        })
        .await;
        Self { process, port }
    }

    /// The address of one of its mounts, e.g. `/h264_aac`.
    pub fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}{mount}", self.port)
    }

    /// Its port, to start another one in its place.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Freezes it (SIGSTOP): connections stay open, nothing comes any more.
    pub fn pause(&self) {
        crate::process::signal(self.process.pid(), libc::SIGSTOP);
    }

    /// Pulls its plug.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }
}
