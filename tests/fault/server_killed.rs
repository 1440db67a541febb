//! The server dies in the middle of a lesson and stays away: nothing is lost, uploads go on where they broke off.

use std::time::Duration;
use testkit::{Options, System, fixture::Clip, probe::probe};
use yunlubo_tests::{check_slice, lessons, missing, places, slices};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_for_a_minute_costs_no_frame() {
    let mut system = System::start(Options::default()).await;
    let clip =
        Clip { seconds: 40, kbps: 2000, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.set_gatherer(&[("slice_min", "1")]).await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(5), Duration::from_secs(170)).await;
    system.recording(channel).await;
    // The first slice is closed and on its way, or nearly so, when the lights go out.
    testkit::wait_for("the first slice to close", Duration::from_secs(90), || async {
        let uploads = &system.gatherer_status()["upload_waiting"];
        (uploads.as_u64() > Some(0) || !lessons(&system).await.is_empty()).then_some(())
    })
    .await;
    system.server().kill().await;
    let away = Duration::from_secs(60);
    tokio::time::sleep(away).await; // the fault itself
    assert!(system.gatherer().alive());
    assert_eq!(system.channel_status(channel)["recording"], true, "it records on without the server");
    system.start_server().await;

    let paths = slices(&system, 3, Duration::from_secs(170), system.dir()).await;
    let found: Vec<_> = paths.iter().map(|p| check_slice(p, &["h264", "aac"])).collect();
    let source = probe(&clip);
    assert_eq!(missing(source.frames.len(), &places(&source, &found)), (0, 0), "frames missing or doubled");
    let frames: usize = found.iter().map(|f| f.frames.len()).sum();
    assert!(
        (170 * 25 - 50..=170 * 25 + 50).contains(&frames),
        "{frames} frames of a lesson of 170 s at 25 a second"
    );
}
