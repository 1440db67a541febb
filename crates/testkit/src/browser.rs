//! Headless Chromium over the DevTools protocol: enough of it to click, read, play and look.
//!
//! Own code (~400 lines) because the crates that generate the whole protocol cost minutes of build on two cores, and
//! WebDriver cannot emulate a phone, list renderer processes or see console errors.

mod cdp;
mod dialog;
mod input;
mod page;

use crate::process::Process;
use crate::wait::wait_for;
use cdp::Connection;
pub use input::{Held, Point};
pub use page::Page;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

/// A Chromium of its own, with an empty profile.
pub struct Browser {
    process: Process,
    connection: Arc<Connection>,
    _profile: TempDir,
}

/// Without these Chromium calls home at every start, which a closed network answers slowly.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--mute-audio",
    "--accept-lang=zh-CN",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
];

impl Browser {
    /// Starts Chromium and connects to it.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromium");
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut process = Process::start("chromium", command, &profile.path().join("chromium.log"));
        let address = wait_for("chromium to listen", Duration::from_secs(60), || {
            assert!(process.alive(), "chromium ended:\n{}", process.output());
            let line = process
                .output()
                .lines()
                .find_map(|l| l.strip_prefix("DevTools listening on ").map(str::to_owned));
            async move { line }
        })
        .await;
        let connection = Connection::open(&address).await;
        Self { process, connection, _profile: profile }
    }

    /// A new tab, `width` × `height` CSS pixels; below 600 it is a phone with touch.
    pub async fn page(&self, width: u32, height: u32) -> Page {
        let target = self.connection.call(None, "Target.createTarget", json!({"url": "about:blank"})).await;
        let id = target["targetId"].as_str().unwrap().to_owned();
        let attached = self
            .connection
            .call(None, "Target.attachToTarget", json!({"targetId": id, "flatten": true}))
            .await;
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        Page::open(self.connection.clone(), id, session, width, height).await
    }

    /// `kill -9` on every renderer: what a crashed or killed tab looks like to the network.
    pub async fn kill_renderers(&self) {
        let info = self.connection.call(None, "SystemInfo.getProcessInfo", json!({})).await;
        for process in info["processInfo"].as_array().unwrap() {
            if process["type"] == "renderer" {
                crate::process::signal(process["id"].as_u64().unwrap() as u32, libc::SIGKILL);
            }
        }
    }

    /// `kill -9` on the whole browser.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }
}
