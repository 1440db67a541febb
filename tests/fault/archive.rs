//! Everything that is on the site, with what the site says of it.

use std::path::PathBuf;
use std::time::Duration;
use testkit::{System, now_ms, wait_for};
use yunlubo_tests::{Slice, download, lessons};

/// All slices of the site by lesson and time, downloaded.
pub async fn slices(system: &System) -> Vec<Slice> {
    let mut found = Vec::new();
    for lesson in lessons(system).await {
        found.extend(download(system, &lesson).await);
    }
    found.sort_by_key(|slice| (slice.lesson.clone(), slice.started_at_ms));
    found
}

/// Recordings that lie in the gatherer's spool.
pub fn spooled(system: &System) -> Vec<PathBuf> {
    system.first_gatherer().spooled()
}

/// Waits until nothing is recorded and the spool is empty: all is on the site.
pub async fn drained(system: &System, limit: Duration) {
    wait_for("everything to be on the site", limit, || async {
        system.first_gatherer().drained().then_some(())
    })
    .await;
}

/// Random numbers that can be had again: the seed is printed, and read from `YUNLUBO_SEED`.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        let given = std::env::var("YUNLUBO_SEED").ok().and_then(|s| s.parse().ok());
        let seed = given.unwrap_or(now_ms() as u64);
        println!("YUNLUBO_SEED={seed}");
        Self(seed)
    }

    /// From `low` up to `high` ms.
    pub fn between(&mut self, low: u64, high: u64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(low + (self.0 >> 33) % (high - low))
    }
}

/// How often a fault is repeated: `YUNLUBO_FAULTS`, or `usual` to keep the suite short.
pub fn repeats(usual: usize) -> usize {
    std::env::var("YUNLUBO_FAULTS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}
