//! Cameras that speak G.711 and H.265: recorded with sound; the live page plays, or says what this browser lacks.

use std::time::Duration;
use testkit::{Browser, Camera, Options, System};
use yunlubo_tests::{check_slice, slices};

async fn record_and_watch(mount: &str, codecs: &[&str]) -> (System, String) {
    let system = System::start(Options::default()).await;
    let camera = Camera::start(system.dir(), 0, &[]).await;
    let channel = system.pull_channel(&camera.url(mount), "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(4), Duration::from_secs(40)).await;
    system.recording(channel).await;

    let browser = Browser::start().await;
    let page = browser.page(1280, 800).await;
    system.sign_in(&page).await;
    page.go(&system.url(&format!("/watch/{channel}"))).await;
    page.until_within(
        "document.querySelector('video')?.currentTime > 3 || ['error','unsupported','waiting'].includes(document.querySelector('#player').dataset.state)",
        Duration::from_secs(40),
    )
    .await;
    let said = page.eval("document.querySelector('video')?.currentTime > 3 ? 'plays' : document.querySelector('#player').innerText").await;

    let paths = slices(&system, 1, Duration::from_secs(80), system.dir()).await;
    for path in &paths {
        check_slice(path, codecs);
    }
    (system, said.as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_with_mu_law_sound_is_recorded_with_sound_and_plays() {
    let (_, said) = record_and_watch("/h264_pcmu", &["h264", "aac"]).await;
    assert_eq!(said, "plays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_with_h265_is_recorded_and_plays_or_says_what_is_lacking() {
    let (_, said) = record_and_watch("/h265_pcma", &["hevc", "aac"]).await;
    assert!(said == "plays" || said.contains("H.265"), "{said}");
    println!("H.265 in this Chromium: {said}");
}
