//! On-demand live: nothing is pushed before the first viewer, the picture moves, and the push ends with the last one.

use std::time::Duration;
use testkit::{Browser, Camera, Options, System, fixture::Clip};

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_pushed_only_while_somebody_watches() {
    let system = System::start(Options::default()).await;
    let camera = Camera::start(system.dir(), 0, &[]).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let file = system.file_channel(&clip, "一班").await;
    let pull = system.pull_channel(&camera.url("/h264_aac"), "二班").await;
    let browser = Browser::start().await;

    for channel in [file, pull] {
        system.running(channel).await;
        assert_eq!(
            system.channel_status(channel)["pushing"],
            false,
            "nothing is pushed before the first viewer"
        );
        for via in ["flv", "hls"] {
            let page = browser.page(1280, 800).await;
            system.sign_in(&page).await;
            page.go(&system.url(&format!("/watch/{channel}?via={via}"))).await;
            page.plays(5.0, Duration::from_secs(40)).await;
            let engine = page.eval("document.querySelector('#player').dataset.engine").await;
            assert_eq!(engine, via);
            assert_eq!(system.channel_status(channel)["pushing"], true);
            assert_eq!(page.errors(), Vec::<String>::new());
            page.close().await;
        }
        let took = system.not_pushed(channel, Duration::from_secs(20)).await;
        println!("channel {channel}: the push stopped {took:?} after its tab was closed");
    }

    let page = browser.page(390, 844).await;
    system.sign_in(&page).await;
    page.go(&system.url(&format!("/watch/{file}?via=hls"))).await;
    page.plays(1.0, Duration::from_secs(40)).await;
    system.pushed(file).await;
    browser.kill_renderers().await;
    let took = system.not_pushed(file, Duration::from_secs(42)).await;
    println!("the push stopped {took:?} after its tab was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_player_chooses_flv_and_survives_a_restart_of_the_gatherer() {
    let mut system = System::start(Options::default()).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    let browser = Browser::start().await;
    let page = browser.page(1280, 800).await;
    system.log_in(&page).await;
    page.go(&system.url("/watch")).await;
    page.follow(&format!("a[href='/watch/{channel}']")).await;
    page.plays(2.0, Duration::from_secs(30)).await;
    assert_eq!(page.eval("document.querySelector('#player').dataset.engine").await, "flv");

    system.gatherer().kill().await;
    system.start_gatherer().await;
    page.plays(2.0, Duration::from_secs(60)).await;
}
