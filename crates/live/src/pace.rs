//! How often viewers are served: with every picture while the machine keeps up, less often when it does not.
//!
//! Sends per second decide the cost of a viewer (a send costs about 6 µs whatever it carries), so fewer and larger
//! sends are what a busy server can save. Busy is measured as it is felt: how late this runtime's timers fire.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often lateness is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Mean lateness from which on viewers are served every [`STEPS`].1 ms at most, ms.
const STEPS: [(f64, u64); 2] = [(40.0, 350), (10.0, 100)];
/// Weight of the newest look; the mean follows a change within a second.
const WEIGHT: f64 = 0.2;

/// The pause between two flushes of a stream, shared by all streams.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    pause_ms: AtomicU64,
}

impl Pace {
    /// Zero while the machine keeps up.
    pub(crate) fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms.load(Relaxed))
    }

    /// Watches the runtime; runs until it is dropped.
    pub(crate) async fn watch(&self) {
        let mut mean = Lateness::default();
        loop {
            let due = Instant::now() + LOOK_EVERY;
            tokio::time::sleep_until(due.into()).await;
            let late = Instant::now().saturating_duration_since(due);
            self.pause_ms.store(mean.observe(late.as_secs_f64() * 1000.0), Relaxed);
        }
    }
}

#[derive(Debug, Default)]
struct Lateness {
    mean_ms: f64,
}

impl Lateness {
    /// Takes one measured lateness and gives the pause, ms.
    fn observe(&mut self, late_ms: f64) -> u64 {
        // One long stop (a debugger, a sleeping machine) must not slow the stream for minutes.
        self.mean_ms += WEIGHT * (late_ms.min(1000.0) - self.mean_ms);
        STEPS.iter().find(|(from, _)| self.mean_ms >= *from).map_or(0, |&(_, pause)| pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_lateness_and_goes_away_again() {
        let mut lateness = Lateness::default();
        let mut after = |late_ms, looks| (0..looks).map(|_| lateness.observe(late_ms)).last();
        assert_eq!(after(1.5, 100), Some(0), "timers are never quite on time");
        assert_eq!(after(20.0, 10), Some(100));
        assert_eq!(after(80.0, 10), Some(350));
        assert_eq!(after(1.0, 20), Some(0));
        assert_eq!(after(100_000.0, 1), Some(350));
        assert_eq!(after(1.0, 25), Some(0));
    }
}
