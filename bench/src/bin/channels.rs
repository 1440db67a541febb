//! CPU and memory of a gatherer per recorded channel, with nobody watching.
//!
//! ```text
//! cargo run --release -p yunlubo-bench --bin channels [CHANNELS…=1 8 32]
//! ```
//!
//! Each channel plays one 640x360 25 fps H.264 + AAC file of ~1 Mbit/s in a loop and is recorded in slices of a minute,
//! which are uploaded to a server on the same machine. 60 s are measured after 30 s of settling.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made should stop")]

use std::time::Duration;
use testkit::{Options, System, fixture::Clip};
use yunlubo_bench::{cpu_s, row, rss_mb};

#[tokio::main]
async fn main() {
    let counts: Vec<u32> = std::env::args().skip(1).map(|n| n.parse().unwrap()).collect();
    let counts = if counts.is_empty() { vec![1, 8, 32] } else { counts };
    println!(
        "| channels | gatherer CPU % of a core | per channel | gatherer RSS MB | per channel above the first MB | server CPU % |"
    );
    println!("|---|---|---|---|---|---|");
    let mut base = None;
    for count in counts {
        let mut system = System::start(Options::default()).await;
        system.set_gatherer(&[("slice_min", "1")]).await;
        let clip = Clip { seconds: 20, kbps: 1000, ..Clip::default() };
        let clip = clip.make(&system.gather_dir().join("media"), "a.mp4");
        let mut last = 0;
        for n in 0..count {
            last = system.file_channel(&clip, &format!("{n} 班")).await;
            system.record_now(last, Duration::from_secs(600)).await;
        }
        system.recording(last).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let (gather, server) = (system.gatherer().pid(), system.server().pid());
        let before = (cpu_s(gather), cpu_s(server));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let used = (cpu_s(gather) - before.0, cpu_s(server) - before.1);
        let rss = rss_mb(gather);
        let base_rss = *base.get_or_insert(rss);
        let percent = 100.0 * used.0 / 60.0;
        row(&[
            count.to_string(),
            format!("{percent:.1}"),
            format!("{:.2}", percent / f64::from(count)),
            format!("{rss:.0}"),
            format!("{:.1}", (rss - base_rss) / f64::from(count.max(2) - 1)),
            format!("{:.1}", 100.0 * used.1 / 60.0),
        ]);
    }
}
