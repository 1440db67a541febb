//! Waiting on conditions, never on sleeps; the clock.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often a condition is asked.
const POLL: Duration = Duration::from_millis(50);

/// The wall clock, Unix ms.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Asks `condition` until it gives `Some`, at most `limit`; panics with `what` after that.
#[track_caller]
pub fn wait_for<T, F, Fut>(
    what: &str,
    limit: Duration,
    mut condition: F,
) -> impl Future<Output = T> + use<T, F, Fut>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let what = what.to_owned();
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            assert!(started.elapsed() < limit, "{caller}: waited {limit:?} in vain for {what}");
            tokio::time::sleep(POLL).await;
        }
    }
}
