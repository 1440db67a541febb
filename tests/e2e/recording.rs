//! Timetable to VOD: slices of a minute with one keyframe of overlap, on the site within seconds, played and sought.

use std::time::Duration;
use testkit::{Browser, Options, System, fixture::Clip, probe::probe};
use yunlubo_tests::{check_slice, lessons, missing, places, slices};

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_becomes_slices_on_the_site() {
    let system = System::start(Options::default()).await;
    let clip = Clip { seconds: 40, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.set_gatherer(&[("slice_min", "1"), ("overlap_keyframes", "1")]).await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(8), Duration::from_secs(150)).await;

    // Two whole minutes and the rest up to the bell; all on the site within 10 s of it.
    let paths = slices(&system, 3, Duration::from_secs(8 + 150 + 10), system.dir()).await;
    assert_eq!(paths.len(), 3);
    let found: Vec<_> = paths.iter().map(|p| check_slice(p, &["h264", "aac"])).collect();
    let source = probe(&clip);
    let (lost, repeated) = missing(source.frames.len(), &places(&source, &found));
    assert_eq!(lost, 0, "frames missing in or between slices");
    assert_eq!(repeated, 2 * 25, "one GOP of 25 frames is repeated at each of two seams");
    for whole in &found[..2] {
        let seconds = whole.frames.len() as f64 / 25.0;
        assert!(
            (59.0..=62.1).contains(&seconds),
            "a slice of a minute, ± one GOP and the overlap, has {seconds} s"
        );
    }

    let lesson = lessons(&system).await.remove(0);
    let page = system.admin.get(&lesson).await.body;
    for expected in ["语文", "王老师", "一班"] {
        assert!(page.contains(expected), "the VOD page names {expected}");
    }
    let home = system.admin.get("/").await.body;
    assert!(home.contains("/object/"), "the lesson has a still on the home page");

    let browser = Browser::start().await;
    let page = browser.page(1280, 800).await;
    system.sign_in(&page).await;
    page.go(&system.url(&lesson)).await;
    page.plays(3.0, Duration::from_secs(30)).await;
    page.eval("document.querySelector('video').currentTime = 40").await;
    page.until("document.querySelector('video').currentTime > 41 && document.querySelector('video').currentTime < 60").await;
    assert_eq!(page.errors(), Vec::<String>::new());
    // The next slice follows by itself.
    page.eval("document.querySelector('video').currentTime = document.querySelector('video').duration - 1")
        .await;
    page.until("document.querySelector('video').currentTime < 30 && !document.querySelector('video').paused")
        .await;
    page.plays(2.0, Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lessons_that_touch_are_both_complete() {
    let system = System::start(Options::default()).await;
    let clip = Clip { seconds: 40, ..Clip::default() }.make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    let bell = system.plan(channel, Duration::from_secs(6), Duration::from_secs(35)).await;
    system.plan_at(channel, bell, bell + 35).await;
    let found = testkit::wait_for("both lessons on the site", Duration::from_secs(120), || async {
        let found = lessons(&system).await;
        (found.len() == 2).then_some(found)
    })
    .await;
    let mut frames = Vec::new();
    for lesson in found.iter().rev() {
        for url in yunlubo_tests::files(&system, lesson).await {
            let path = system.dir().join(format!("l{}.mp4", frames.len()));
            std::fs::write(&path, reqwest::get(system.url(&url)).await.unwrap().bytes().await.unwrap())
                .unwrap();
            frames.push(check_slice(&path, &["h264", "aac"]));
        }
    }
    let source = probe(&clip);
    assert_eq!(missing(source.frames.len(), &places(&source, &frames)).0, 0, "frames missing at the bell");
}
