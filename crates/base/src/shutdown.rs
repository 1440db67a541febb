//! Stopping: one token for a process, and every task has a name so that one that will not stop can be named.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// Named tasks under one shutdown token. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    token: CancellationToken,
    tracker: TaskTracker,
    running: Arc<Running>,
}

/// Names of tasks that have not ended. A std Mutex: held for a map operation only, never across an await.
#[derive(Debug, Default)]
struct Running {
    next: AtomicU64,
    tasks: Mutex<BTreeMap<u64, (String, Option<AbortHandle>)>>,
}

impl Running {
    fn tasks(&self) -> MutexGuard<'_, BTreeMap<u64, (String, Option<AbortHandle>)>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a name off the list when its task ends, also when it panics or is aborted.
struct Named {
    id: u64,
    running: Arc<Running>,
}

impl Drop for Named {
    fn drop(&mut self) {
        let ended = self.running.tasks().remove(&self.id);
        if let (true, Some((name, _))) = (std::thread::panicking(), ended) {
            error!(task = name, "Task `{name}` panicked");
        }
    }
}

impl Tasks {
    /// No tasks yet, under a token of their own.
    pub fn new() -> Self {
        Self::default()
    }

    /// No tasks yet, stopped when `token` is cancelled.
    pub fn under(token: CancellationToken) -> Self {
        Self { token, ..Self::default() }
    }

    /// The token: tasks wait on `token().cancelled()` and then finish by themselves.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Starts a task under a name, e.g. `relay sweep`. It should end soon after the token is cancelled.
    pub fn spawn<F>(&self, name: impl Into<String>, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let id = self.running.next.fetch_add(1, Ordering::Relaxed);
        self.running.tasks().insert(id, (name.into(), None));
        let named = Named { id, running: self.running.clone() };
        let handle = self.tracker.spawn(async move {
            let _named = named;
            task.await
        });
        // A task that has ended already has taken itself off the list.
        if let Some(row) = self.running.tasks().get_mut(&id) {
            row.1 = Some(handle.abort_handle());
        }
        handle
    }

    /// Names of the tasks that run now.
    pub fn running(&self) -> Vec<String> {
        self.running.tasks().values().map(|(name, _)| name.clone()).collect()
    }

    /// Cancels the token and waits for every task, at most `deadline`. The names of those that still ran then are
    /// logged and returned, and they are aborted.
    pub async fn stop_all(&self, deadline: Duration) -> Vec<String> {
        self.token.cancel();
        self.tracker.close();
        if tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok() {
            return Vec::new();
        }
        let mut late = Vec::new();
        for (name, handle) in self.running.tasks().values() {
            late.push(name.clone());
            if let Some(handle) = handle {
                handle.abort();
            }
        }
        let after_ms = deadline.as_millis() as u64;
        warn!(tasks = ?late, after_ms, "{} tasks had not stopped after {after_ms} ms and were aborted", late.len());
        late
    }
}

/// Cancels `token` at SIGTERM or SIGINT. Must be called inside a runtime; a second signal ends the process at once.
pub fn on_signals(token: CancellationToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let name = tokio::select! { _ = term.recv() => "SIGTERM", _ = int.recv() => "SIGINT" };
        info!(signal = name, "Stopping after {name}");
        token.cancel();
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        warn!("Second signal: ending at once");
        std::process::exit(130);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_will_not_stop_is_named_and_aborted() {
        let tasks = Tasks::new();
        let token = tasks.token().clone();
        tasks.spawn("well behaved", async move { token.cancelled().await });
        let deaf = tasks.spawn("deaf", std::future::pending::<()>());
        assert_eq!(tasks.running(), ["well behaved", "deaf"]);
        assert_eq!(tasks.stop_all(Duration::from_secs(5)).await, ["deaf"]);
        assert!(deaf.await.is_err_and(|e| e.is_cancelled()));
        assert!(tasks.running().is_empty());
    }

    #[tokio::test]
    async fn a_panic_takes_its_name_off_the_list() {
        let tasks = Tasks::new();
        assert!(tasks.spawn("bad", async { panic!("as planned") }).await.is_err());
        assert!(tasks.running().is_empty());
        assert!(tasks.stop_all(Duration::from_secs(5)).await.is_empty());
    }
}
