//! Everything that is on the site, with what the site says of it.

use std::path::PathBuf;
use std::time::Duration;
use testkit::{System, now_ms, wait_for};
use yunlubo_tests::lessons;

/// A slice as the site has it.
#[derive(Debug)]
pub struct Slice {
    pub lesson: String,
    pub started_at_ms: i64,
    pub duration_ms: i64,
    pub overlap_ms: i64,
    pub path: PathBuf,
}

/// All slices of the site by lesson and time, downloaded.
pub async fn slices(system: &System) -> Vec<Slice> {
    let mut found = Vec::new();
    for lesson in lessons(system).await {
        let answer = system.admin.get(&format!("{lesson}/files")).await;
        let list: Vec<serde_json::Value> = serde_json::from_str(&answer.body).unwrap();
        for file in list {
            let number = |key: &str| file[key].as_i64().unwrap();
            let path = system.dir().join(format!("on-the-site-{}.mp4", found.len()));
            let response = reqwest::get(system.url(file["url"].as_str().unwrap())).await.unwrap();
            assert_eq!(response.status().as_u16(), 200, "{file}");
            std::fs::write(&path, response.bytes().await.unwrap()).unwrap();
            found.push(Slice {
                lesson: lesson.clone(),
                started_at_ms: number("started_at_ms"),
                duration_ms: number("duration_ms"),
                overlap_ms: number("overlap_ms"),
                path,
            });
        }
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
