//! `kill -9` of the gatherer again and again, in the middle of recording, recovering and uploading.

use crate::archive::{Dice, drained, repeats, slices};
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, now_ms, probe::probe};
use yunlubo_tests::{check_slice, missing, places};

/// A GOP of the clip, ms.
const GOP_MS: i64 = 1000;
/// What the two clocks of this test and of the gatherer may differ, and the disk may take, ms.
const SLACK_MS: i64 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_costs_more_than_one_gop() {
    let mut dice = Dice::new();
    let kills = repeats(6);
    let mut system = System::start(Options::default()).await;
    let clip = Clip { seconds: 120, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.set_gatherer(&[("slice_min", "1"), ("overlap_keyframes", "1")]).await;
    system.running(channel).await;
    let length = Duration::from_secs(20 + 6 * kills as u64);
    system.plan(channel, Duration::from_secs(2), length).await;
    system.recording(channel).await;
    // (when the process was up, when it was killed)
    let mut lives: Vec<(i64, i64)> = Vec::new();
    let mut up_ms = now_ms();
    for n in 0..kills {
        // Every third is killed in the middle of recovering and uploading what the one before left.
        let life = if n % 3 == 2 { dice.between(50, 1500) } else { dice.between(2500, 7000) };
        tokio::time::sleep(life).await;
        lives.push((up_ms, now_ms()));
        system.gatherer().kill().await;
        system.start_gatherer().await;
        up_ms = now_ms();
    }
    drained(&system, length + Duration::from_secs(60)).await;

    let source = probe(&clip);
    let found = slices(&system).await;
    let probes: Vec<_> = found.iter().map(|s| check_slice(&s.path, &["h264", "aac"])).collect();
    for (slice, frames) in found.iter().zip(places(&source, &probes)) {
        assert_eq!(missing(source.frames.len(), &[frames]).0, 0, "a hole inside {slice:?}");
    }
    let mut worst_ms = 0;
    for (n, (up_ms, killed_ms)) in lives.iter().enumerate() {
        let since_ms = if n == 0 { 0 } else { lives[n - 1].1 };
        let during = found.iter().filter(|s| (since_ms..*killed_ms).contains(&s.started_at_ms));
        let kept_ms = during.map(|s| s.started_at_ms + s.duration_ms).max();
        // Without a slice nothing was whole yet: it cannot have run for long.
        let lost_ms = killed_ms - kept_ms.unwrap_or(*up_ms);
        println!("life {n}: {} ms, lost {lost_ms} ms, slice: {}", killed_ms - up_ms, kept_ms.is_some());
        worst_ms = worst_ms.max(lost_ms);
        let start_ms = if kept_ms.is_some() { 0 } else { 2 * GOP_MS };
        assert!(lost_ms <= GOP_MS + SLACK_MS + start_ms, "kill {n} cost {lost_ms} ms: {:?}", found);
    }
    println!("{kills} kills, {} slices, worst loss {worst_ms} ms", found.len());
}
