//! Uploads over a link that is slow, with a server that is killed in the middle of them, and with answers that get lost.

use crate::archive::{Dice, drained, repeats, slices, spooled};
use crate::proxy::Proxy;
use std::path::PathBuf;
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, probe::probe, wait_for};
use yunlubo_tests::{check_slice, lessons, missing, places};

/// The gatherer's way to the site from now on: it reads its configuration again by itself.
async fn through(system: &System, proxy: &Proxy) {
    let path = system.gather_dir().join("gather.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let there = format!("127.0.0.1:{}", proxy.port);
    std::fs::write(&path, text.replace(&format!("127.0.0.1:{}", system.port("site")), &there)).unwrap();
    wait_for("the gatherer to take the new way", Duration::from_secs(20), || async {
        let status = system.gatherer_status();
        status["site"].as_str().is_some_and(|site| site.contains(&there)).then_some(())
    })
    .await;
}

/// A lesson of 31 s at 12 Mbit/s that is being recorded.
async fn recording(system: &System) -> PathBuf {
    let clip = Clip { seconds: 40, kbps: 12_000, size: "1280x720", ..Clip::default() };
    let clip = clip.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(3), Duration::from_secs(31)).await;
    system.recording(channel).await;
    clip
}

/// Objects of storage that are recordings.
fn objects(system: &System) -> usize {
    let mut find = std::process::Command::new("find");
    let found =
        find.arg(system.dir().join("server/storage/objects")).args(["-type", "f", "-size", "+1M"]).output();
    String::from_utf8_lossy(&found.unwrap().stdout).lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_at_its_offset_however_often_the_server_is_killed() {
    let mut dice = Dice::new();
    let kills = repeats(4);
    let mut system = System::start(Options::default()).await;
    let proxy = Proxy::to(system.port("site")).await;
    through(&system, &proxy).await;
    proxy.slow_down(800_000);
    let clip = recording(&system).await;
    wait_for("the slice to close", Duration::from_secs(80), || async {
        (system.gatherer_status()["upload_waiting"] == 1).then_some(())
    })
    .await;
    let size = spooled(&system)[0].metadata().unwrap().len();
    let before = proxy.up_bytes();
    for _ in 0..kills {
        tokio::time::sleep(dice.between(1500, 4500)).await;
        system.server().kill().await;
        system.start_server().await;
    }
    proxy.slow_down(0);
    drained(&system, Duration::from_secs(60)).await;
    let sent = proxy.up_bytes() - before;
    println!("{kills} kills, a file of {size} bytes, {sent} bytes sent");
    // What was on its way when the server died, in buffers of the link, and questions about the offset.
    assert!(sent < size + kills as u64 * (6 << 20), "{sent} bytes sent for a file of {size}");
    let found = slices(&system).await;
    assert_eq!(found.len(), 1);
    let source = probe(&clip);
    let placed = places(&source, &[check_slice(&found[0].path, &["h264", "aac"])]);
    assert_eq!(missing(source.frames.len(), &placed), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_no_second_recording() {
    let system = System::start(Options::default()).await;
    let proxy = Proxy::to(system.port("site")).await;
    through(&system, &proxy).await;
    proxy.lose_answers(3);
    let clip = recording(&system).await;
    wait_for("the slice to close", Duration::from_secs(80), || async {
        (system.channel_status(1)["recording"] == false).then_some(())
    })
    .await;
    drained(&system, Duration::from_secs(120)).await;
    assert_eq!(lessons(&system).await.len(), 1);
    let found = slices(&system).await;
    assert_eq!((found.len(), objects(&system)), (1, 1), "one row, one object");
    let source = probe(&clip);
    let placed = places(&source, &[check_slice(&found[0].path, &["h264", "aac"])]);
    assert_eq!(missing(source.frames.len(), &placed), (0, 0));
}
