//! A disk that fills up while a lesson is recorded and the site is away: what was recorded is kept, uploads go on as soon
//! as the site is back, and recording goes on by itself when there is room.

use crate::archive::{drained, slices};
use std::process::Command;
use std::time::Duration;
use testkit::{Options, System, fixture::Clip, fixture::run, probe::probe, wait_for};
use yunlubo_tests::{check_slice, missing, places};

/// A small file system of its own, gone with the test.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path, mib: u32) -> Self {
        std::fs::create_dir_all(at).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "small-disk"]).arg(at));
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let disk = SmallDisk::mount(&system.gather_dir(), 110);
    std::fs::create_dir_all(system.gather_dir().join("media")).unwrap();
    system.enrol().await;
    system.start_gatherer().await;
    let clip = Clip { seconds: 8, kbps: 16_000, size: "1280x720", ..Clip::default() };
    let clip = clip.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(3), Duration::from_secs(90)).await;
    system.recording(channel).await;
    system.server().kill().await;
    wait_for("the disk to be full", Duration::from_secs(100), || async {
        (system.channel_status(channel)["recording"] == false).then_some(())
    })
    .await;
    println!("{}", system.channel_status(channel)["detail"]);
    // The worst moment: it must come up again on the full disk.
    system.gatherer().kill().await;
    system.start_gatherer().await;
    system.start_server().await;
    wait_for("recording to go on by itself", Duration::from_secs(60), || async {
        (system.channel_status(channel)["recording"] == true).then_some(())
    })
    .await;
    drained(&system, Duration::from_secs(200)).await;
    let source = probe(&clip);
    let found = slices(&system).await;
    let probes: Vec<_> = found.iter().map(|s| check_slice(&s.path, &["h264", "aac"])).collect();
    for frames in places(&source, &probes) {
        assert_eq!(missing(source.frames.len(), &[frames]).0, 0, "a hole inside a slice");
    }
    println!("{} slices: {:?} ms", found.len(), found.iter().map(|s| s.duration_ms).collect::<Vec<_>>());
    drop(disk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(dir.path(), 100);
    let volume = format!("{:?}", dir.path());
    let config = vec![("storage", "volume", volume), ("storage", "reserve_percent", "0".into())];
    let system = System::start(Options { config, ..Options::default() }).await;
    let clip = Clip { seconds: 31, kbps: 6000, size: "1280x720", ..Clip::default() };
    let clip = clip.make(&system.gather_dir().join("media"), "a.mp4");
    let channels = [system.file_channel(&clip, "一班").await, system.file_channel(&clip, "二班").await];
    for channel in channels {
        system.running(channel).await;
        system.plan(channel, Duration::from_secs(3), Duration::from_secs(31)).await;
        system.recording(channel).await;
    }
    // Room for one file of 25 MB: two are begun, both find room, and the disk is full in the middle of them.
    let in_the_way = dir.path().join("in-the-way");
    std::fs::write(&in_the_way, vec![0; 62 << 20]).unwrap();
    wait_for("the gatherer to say that storage is full", Duration::from_secs(90), || async {
        let error = system.gatherer_status()["upload_error"].as_str().unwrap_or_default().to_owned();
        error.contains("full").then_some(error)
    })
    .await;
    println!("{}", system.gatherer_status()["upload_error"]);
    std::fs::remove_file(&in_the_way).unwrap();
    drained(&system, Duration::from_secs(60)).await;
    let found = slices(&system).await;
    let probes: Vec<_> = found.iter().map(|s| check_slice(&s.path, &["h264", "aac"])).collect();
    assert_eq!(found.len(), 2);
    let source = probe(&clip);
    for frames in places(&source, &probes) {
        assert_eq!(missing(source.frames.len(), &[frames]), (0, 0));
    }
    drop(disk);
}
