//! Child processes that never outlive the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A child with its output in a file; killed when dropped.
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, both outputs appended to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Self {
        let out = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| {
                panic!("cannot start {name} ({command:?}): {e}. `./test.sh` installs what tests need")
            });
        Self { child, name: name.to_owned(), log: log.to_owned() }
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_else(|| panic!("{} has ended:\n{}", self.name, self.output()))
    }

    /// Everything it has written.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    /// SIGTERM, and waits for a good end; the exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        if let Some(pid) = self.child.id() {
            signal(pid, libc::SIGTERM);
        }
        match tokio::time::timeout(std::time::Duration::from_secs(20), self.child.wait()).await {
            Ok(status) => status.unwrap().code(),
            Err(_) => panic!("{} did not stop within 20 s of SIGTERM:\n{}", self.name, self.output()),
        }
    }
}

/// Sends a signal to a process this test started.
#[allow(unsafe_code, reason = "kill(2) has no safe wrapper in std")]
pub fn signal(pid: u32, signal: i32) {
    // SAFETY: kill has no memory effects; the pid is a child of ours that was not reaped yet.
    unsafe { libc::kill(pid as i32, signal) };
}

/// A binary of this workspace, beside the running test's own.
pub fn binary(name: &str) -> PathBuf {
    let mut dir = std::env::current_exe().unwrap();
    dir.pop();
    if dir.ends_with("deps") {
        dir.pop();
    }
    let path = dir.join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --workspace` first", path.display());
    path
}

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent).unwrap().to_owned()
}
