//! The gatherer is killed in the middle of a slice: after its restart the part is on the site and opens.

use std::time::Duration;
use testkit::{Options, System, fixture::Clip, probe::probe};
use yunlubo_tests::{check_slice, missing, places, slices};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gatherer_loses_at_most_one_gop_and_what_it_slept_through() {
    let mut system = System::start(Options::default()).await;
    let clip = Clip { seconds: 120, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(3), Duration::from_secs(60)).await;
    system.recording(channel).await;
    // Somewhere in the middle of a slice and of a GOP.
    tokio::time::sleep(Duration::from_millis(15_400)).await;
    system.gatherer().kill().await;
    let held = recorded_bytes(&system);
    assert!(held > 0, "an open slice lies in the spool");
    system.start_gatherer().await;

    let paths = slices(&system, 2, Duration::from_secs(100), system.dir()).await;
    let found: Vec<_> = paths.iter().map(|p| check_slice(p, &["h264", "aac"])).collect();
    let source = probe(&clip);
    let placed = places(&source, &found);
    assert_eq!(missing(source.frames.len(), &placed[..1]).0, 0, "the part before the kill has no hole");
    // 15.4 s were recorded; the GOP being received when it was killed may be lost: one second of 25 frames.
    let kept = found[0].frames.len() as f64 / 25.0;
    assert!(kept >= 15.4 - 1.0 - 0.5, "{kept} s are kept of at least 15.4 s");
    // The file source starts from its beginning after the restart, so the clip's first frame is there again.
    assert!(placed[1][0] <= 25, "recording went on at once after the restart");
    let page = system.admin.get("/admin/recordings").await.body;
    assert!(page.contains("恢复"), "the site says that a slice was recovered");
}

fn recorded_bytes(system: &System) -> u64 {
    fn sum(dir: &std::path::Path) -> u64 {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .map(|e| if e.path().is_dir() { sum(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) })
            .sum()
    }
    sum(&system.gather_dir().join("spool"))
}
