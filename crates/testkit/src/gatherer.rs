//! A gatherer as the process that users run, in a data directory of its own.

use crate::process::{Process, binary};
use crate::wait::wait_for;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// How long it may take to be there on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// It ends with this value.
pub struct Gatherer {
    dir: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Gatherer {
    /// Nothing runs yet; `media/` of its directory is made for MP4 files that may be channels.
    pub fn new(dir: PathBuf, log: PathBuf) -> Self {
        std::fs::create_dir_all(dir.join("media")).unwrap();
        Self { dir, log, process: None }
    }

    /// Its data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Enrols it with a join code.
    pub async fn enrol(&self, site: &str, code: &str) {
        let out = Command::new(binary("yunlubo-gather"))
            .args(["enroll", "--site", site, "--code", code, "--data"])
            .arg(&self.dir)
            .output()
            .await
            .unwrap();
        assert!(
            out.status.success(),
            "enroll: {}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }

    /// Starts it and waits until it says it is running.
    pub async fn start(&mut self) {
        let mut command = Command::new(binary("yunlubo-gather"));
        command.arg("run").arg("--data").arg(&self.dir);
        let _ = std::fs::remove_file(self.dir.join("status.json"));
        self.process = Some(Process::start("yunlubo-gather", command, &self.log));
        wait_for("the gatherer's status", START_LIMIT, || async { (!self.status().is_null()).then_some(()) })
            .await;
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    /// Its `status.json`, at most two seconds old; null while there is none.
    pub fn status(&self) -> Value {
        read(&self.dir.join("status.json"))
    }

    /// What its status says of a channel; null when it has none of that id.
    pub fn channel(&self, channel: i64) -> Value {
        let status = self.status();
        let channels = status["channels"].as_array().cloned().unwrap_or_default();
        channels.into_iter().find(|c| c["channel_id"] == channel).unwrap_or(Value::Null)
    }

    /// The plan it keeps on disk: keys of what its channels will record, with repetitions where a lesson is cut in two.
    pub fn planned(&self) -> Vec<String> {
        let state = read(&self.dir.join("state.json"));
        let lessons = state["lessons"].as_array().cloned().unwrap_or_default();
        lessons.iter().filter_map(|lesson| lesson["key"].as_str().map(str::to_owned)).collect()
    }

    /// Recordings that lie in its spool.
    pub fn spooled(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.dir.join("spool")).into_iter().flatten().flatten();
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "mp4")).collect()
    }

    /// Whether nothing is recorded and nothing waits: all is on the site.
    pub fn drained(&self) -> bool {
        let status = self.status();
        let quiet =
            status["channels"].as_array().is_some_and(|all| all.iter().all(|c| c["recording"] == false));
        quiet && status["upload_waiting"] == 0 && self.spooled().is_empty()
    }

    /// Everything it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_default()).unwrap_or(Value::Null)
}
