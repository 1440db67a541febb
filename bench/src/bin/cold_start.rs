//! Promise P1: click on the live list → first decoded picture in Chromium.
//!
//! ```text
//! cargo run --release -p yunlubo-bench --bin cold_start [TRIES=20]
//! ```
//!
//! Needs `cargo build --release --workspace --bins`, Chromium and the RTSP camera of testkit. Cold: the channel runs at
//! the gatherer and is not pushed. Warm: another viewer keeps the push alive. Time runs from the click to the first
//! `requestVideoFrameCallback` on the live page: page load, player, relay, RTMP push and decoding are all in it.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made should stop")]

use std::time::Duration;
use testkit::{Browser, Camera, Options, Page, System, fixture::Clip, wait_for};
use yunlubo_bench::{quantile, row};

#[tokio::main]
async fn main() {
    let tries = std::env::args().nth(1).map_or(20usize, |n| n.parse().unwrap());
    let options = Options { config: vec![("live", "linger_s", "1".into())], ..Options::default() };
    let system = System::start(options).await;
    let camera = Camera::start(system.dir(), 0, &[]).await;
    let clip = Clip { seconds: 30, size: "1280x720", kbps: 1500, ..Clip::default() };
    let file = system.file_channel(&clip.make(&system.gather_dir().join("media"), "a.mp4"), "一班").await;
    let pull = system.pull_channel(&camera.url("/h264_aac"), "二班").await;
    for channel in [file, pull] {
        system.running(channel).await;
    }
    let browser = Browser::start().await;
    let page = browser.page(1280, 800).await;
    system.sign_in(&page).await;
    page.on_every_document(FIRST_FRAME).await;

    println!("| source | start | tries | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|---|");
    for (name, channel) in [("MP4 file", file), ("RTSP H.264", pull)] {
        let (mut cold, before) = (Vec::new(), pushes(&system, channel));
        for _ in 0..tries {
            system.not_pushed(channel, Duration::from_secs(30)).await;
            cold.push(click(&system, &page, channel).await);
            // The status is written every 2 s: without this the next try might find the push of this one.
            system.pushed(channel).await;
            page.go("about:blank").await;
        }
        assert_eq!(
            pushes(&system, channel) - before,
            tries,
            "a cold try found a push that was there already"
        );
        report(name, "cold", &cold);
        // In a browser of its own: a tab behind another one shows no frames.
        let elsewhere = Browser::start().await;
        let other = elsewhere.page(1280, 800).await;
        system.sign_in(&other).await;
        other.go(&system.url(&format!("/watch/{channel}"))).await;
        other.plays(1.0, Duration::from_secs(20)).await;
        let mut warm = Vec::new();
        for _ in 0..tries {
            warm.push(click(&system, &page, channel).await);
            page.go("about:blank").await;
        }
        other.close().await;
        report(name, "warm", &warm);
    }
}

/// Notes the wall time of the first picture of the first video that comes into the document.
const FIRST_FRAME: &str = "(() => { const seen = new WeakSet(); const look = () => { const v = document.querySelector('video'); \
     if (v && !seen.has(v)) { seen.add(v); v.requestVideoFrameCallback(() => { window.__first = Date.now() }) } }; \
     new MutationObserver(look).observe(document, {childList: true, subtree: true}); look() })()";

async fn click(system: &System, page: &Page, channel: i64) -> f64 {
    page.go(&system.url("/watch")).await;
    let card = format!("a[href='/watch/{channel}']");
    page.until(&format!("!!document.querySelector(\"{card}\")")).await;
    let started = page.eval("Date.now()").await.as_f64().unwrap();
    page.click(&card).await;
    wait_for("the first picture", Duration::from_secs(20), || async {
        page.try_eval("window.__first || null").await.ok()?.as_f64()
    })
    .await
        - started
}

/// How often the gatherer has begun to push a channel: what proves that a cold try was cold.
fn pushes(system: &System, channel: i64) -> usize {
    system.logs().matches(&format!("Pushing channel {channel} to ")).count()
}

fn report(name: &str, start: &str, ms: &[f64]) {
    let max = ms.iter().copied().fold(0.0, f64::max);
    let cells = [quantile(ms, 0.5), quantile(ms, 0.95), max].map(|v| format!("{v:.0}"));
    row(&[
        name.to_owned(),
        start.to_owned(),
        ms.len().to_string(),
        cells[0].clone(),
        cells[1].clone(),
        cells[2].clone(),
    ]);
}
