//! Push on demand with a gatherer that is an ffmpeg.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use live::StartError;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_viewers_at_once_cause_one_start_and_the_last_one_to_leave_a_stop() {
    let server = server(quick()).await;
    *server.starter.rtmp.lock().unwrap() = Some(server.rtmp);
    let viewers = (0..10).map(|i| {
        let server = &server;
        async move {
            let mut client = server.flv("live1", &format!("v{i}")).await;
            for _ in 0..10 {
                client.frame().await.unwrap();
            }
            client
        }
    });
    let viewers = futures_util::future::join_all(viewers).await;
    assert_eq!(server.starter.starts.load(SeqCst), 1);
    assert_eq!(server.handle.stream("live1").unwrap().viewers_flv, 10);
    drop(viewers);
    let left = Instant::now();
    until("the stop", LIMIT, || (server.starter.stops.load(SeqCst) == 1).then_some(())).await;
    assert!(left.elapsed() >= Duration::from_millis(900), "the linger of 1 s was kept");
    until("the stream to be silent", LIMIT, || (!server.handle.stream("live1")?.publishing).then_some(()))
        .await;
    assert_eq!(server.starter.starts.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hls_viewer_of_a_silent_stream_is_held_until_the_first_segment() {
    let server = server(quick()).await;
    *server.starter.rtmp.lock().unwrap() = Some(server.rtmp);
    let (status, playlist) = server.request("GET", "/live/live1.m3u8?token=play-h").await;
    assert_eq!(status, 200, "{playlist}");
    assert!(playlist.contains(".m4s"), "{playlist}");
    assert_eq!(server.starter.starts.load(SeqCst), 1);
    // It says goodbye: the push stops after the linger, not after the lease.
    server.request("POST", "/live/live1/leave?token=play-h").await;
    let left = Instant::now();
    until("the stop", LIMIT, || (server.starter.stops.load(SeqCst) == 1).then_some(())).await;
    assert!(left.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn all_held_viewers_get_the_gatherers_reason() {
    let server = server(quick()).await;
    *server.starter.answer.lock().unwrap() =
        Some(StartError::ChannelDown { cause: "401 Unauthorized".into() });
    let paths: Vec<_> = (0..3).map(|i| format!("/live/live1.flv?token=play-{i}")).collect();
    let began = Instant::now();
    for (status, body) in futures_util::future::join_all(paths.iter().map(|p| server.request("GET", p))).await
    {
        assert_eq!(status, 503);
        assert!(body.contains("channel_down") && body.contains("401 Unauthorized"), "{body}");
    }
    assert!(began.elapsed() < Duration::from_secs(2));
    *server.starter.answer.lock().unwrap() = Some(StartError::Offline);
    let (status, body) = server.request("GET", "/live/live1.m3u8?token=play-h").await;
    assert_eq!(status, 503);
    let (_, lease) = server.request("POST", "/live/live1/lease?token=play-h").await;
    assert!(lease.contains("\"code\":\"offline\""), "a page that asks later is told too: {lease}");
    assert!(body.contains("offline") && body.contains("当前通道处于离线状态，无法播放！"), "{body}");
}

#[tokio::test]
async fn a_viewer_who_gives_up_while_the_stream_starts_calls_it_back() {
    let mut config = quick();
    config.times.linger = Duration::from_millis(200);
    let server = server(config).await;
    let request = server.open("GET", "/live/live1.flv?token=play-a").await;
    until("the start", LIMIT, || (server.starter.starts.load(SeqCst) == 1).then_some(())).await;
    drop(request);
    let left = Instant::now();
    until("the stop", LIMIT, || (server.starter.stops.load(SeqCst) == 1).then_some(())).await;
    assert!(left.elapsed() < Duration::from_secs(5), "long before the start deadline");
}

#[tokio::test]
async fn a_start_without_a_picture_ends_with_a_timeout() {
    let mut config = quick();
    config.times.start_timeout = Duration::from_millis(500);
    let server = server(config).await;
    let (status, body) = server.request("GET", "/live/live1.flv?token=play-a").await;
    assert_eq!((status, body.contains("timeout")), (503, true), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_stay_connected_over_a_short_outage_of_the_publisher() {
    let mut config = quick();
    config.times.linger = Duration::from_secs(10);
    let server = server(config).await;
    let mut first = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    first.headers(0).await;
    first.frame(0, true, 1000).await;
    server.live("live1").await;
    let mut viewer = server.flv("live1", "a").await;
    let before = viewer.frame().await.unwrap().timestamp_ms;
    drop(first);
    until("the outage", LIMIT, || (!server.handle.stream("live1")?.publishing).then_some(())).await;
    let mut second = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    second.headers(500_000).await;
    second.frame(500_000, true, 3000).await;
    let after = viewer.frame().await.unwrap();
    assert_eq!((after.body.len(), after.timestamp_ms), (3009, before + 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_viewer_skips_or_is_dropped_while_the_others_get_every_frame() {
    let mut config = quick();
    config.viewer_stuck = Duration::from_secs(1);
    let server = server(config).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
    let mut good = server.flv("live1", "good").await;
    let mut slow = server.flv("live1", "slow").await;
    slow.frame().await.unwrap();
    let read = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = read.clone();
    let reading = tokio::spawn(async move {
        let mut times = Vec::new();
        while times.len() < 300 {
            let Some(frame) = good.frame().await else { break };
            times.push(frame.timestamp_ms);
            counter.fetch_add(1, SeqCst);
        }
        times
    });
    // 300 frames, 60 MB: more than a socket holds. `slow` takes nothing; `good` keeps up, whatever this machine does.
    for i in 1..300 {
        until("the good viewer", LIMIT, || (read.load(SeqCst) + 5 > i).then_some(())).await;
        publisher.frame(i * 40, i % 25 == 0, 200_000).await;
    }
    let times = reading.await.unwrap();
    assert_eq!(times.len(), 300);
    assert!(times.windows(2).all(|w| w[1] == w[0] + 40), "the good viewer missed a frame");
    // Reading again, the slow one finds a gap that ends at a keyframe.
    let mut last = slow.frame().await.unwrap();
    let skipped = loop {
        let Some(frame) = slow.frame().await else { break None };
        if frame.timestamp_ms > last.timestamp_ms + 40 {
            break Some(frame);
        }
        last = frame;
    };
    assert!(skipped.is_none_or(|frame| frame.body[0] == 0x17), "a gap must end at a keyframe");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_takes_no_byte_does_not_keep_the_stream_alive() {
    let mut config = quick();
    config.viewer_stuck = Duration::from_secs(1);
    let server = server(config).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
    let mut stuck = server.flv("live1", "stuck").await;
    stuck.frame().await.unwrap();
    for i in 1..200 {
        publisher.frame(i * 40, i % 25 == 0, 200_000).await;
    }
    until("the stop", LIMIT, || (server.starter.stops.load(SeqCst) == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_the_server_ends_every_task_and_connection() {
    let server = server(quick()).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
    let mut viewer = server.flv("live1", "a").await;
    viewer.frame().await.unwrap();
    let began = Instant::now();
    server.handle.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(viewer.frame().await.is_none());
    assert!(publisher.is_closed().await);
}
