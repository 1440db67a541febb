//! Who may publish and watch, and what the others are told.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::io::Read;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ffmpeg_is_refused(server: &Server, query: &str, why: &str) {
    let mut push = push_to(&format!("rtmp://{}/live/live1{query}", server.rtmp));
    let status = until("ffmpeg to give up", LIMIT, || push.0.try_wait().unwrap()).await;
    let mut said = String::new();
    push.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!status.success() && said.contains(why), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_without_or_with_a_wrong_token_is_told_why() {
    let server = server(quick()).await;
    ffmpeg_is_refused(&server, "", "the address carries no token").await;
    ffmpeg_is_refused(&server, "?token=forged", "the token is not valid").await;
    assert!(server.handle.streams().is_empty());
}

#[tokio::test]
async fn a_viewer_without_a_right_gets_a_named_error_in_both_languages() {
    let server = server(quick()).await;
    let cases = [
        ("/live/live1.flv", 401, "no_token"),
        ("/live/live1.flv?token=forged", 403, "bad_token"),
        ("/live/live1.m3u8?token=old-a", 403, "expired"),
        ("/live/live1/5.m4s?token=forged", 403, "bad_token"),
        ("/live/li%2Fve.flv?token=play-a", 404, "no_channel"),
        ("/live/live1.mp4?token=play-a", 404, "no_channel"),
    ];
    for (path, status, code) in cases {
        let (got, body) = server.request("GET", path).await;
        assert_eq!(got, status, "{path}: {body}");
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(json["code"], code, "{path}");
        assert!(!json["message_zh"].as_str().unwrap().is_ascii() && json["message_en"].is_string());
    }
    assert_eq!(server.starter.starts.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_two_publishers_the_newer_wins() {
    let server = server(quick()).await;
    let mut old = Publisher::connect(server.rtmp, "live1", 5).await.unwrap();
    old.headers(0).await;
    old.frame(0, true, 1000).await;
    server.live("live1").await;
    let refused = Publisher::connect(server.rtmp, "live1", 4).await.err();
    assert_eq!(refused.as_deref(), Some("a newer publisher has this stream"));
    let mut viewer = server.flv("live1", "a").await;
    assert_eq!(viewer.frame().await.unwrap().body[0], 0x17);
    let mut new = Publisher::connect(server.rtmp, "live1", 6).await.unwrap();
    assert!(old.is_closed().await);
    new.headers(90_000).await;
    new.frame(90_000, true, 2000).await;
    let frame = viewer.frame().await.unwrap();
    assert_eq!(frame.body.len(), 2009, "the viewer goes on with the new publisher");
    assert!(frame.timestamp_ms < 5000, "its time goes on: {}", frame.timestamp_ms);
}

#[tokio::test]
async fn an_expired_token_goes_on_working_while_its_viewer_is_there() {
    let mut config = quick();
    config.times.lease = std::time::Duration::from_secs(1);
    let server = server(config).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
    // The gate lets this token in once, and says that it expires at once.
    let mut heartbeat = tokio::time::interval(std::time::Duration::from_millis(200));
    for _ in 0..10 {
        heartbeat.tick().await;
        let (status, body) = server.request("POST", "/live/live1/lease?token=once-x").await;
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(server.handle.stream("live1").unwrap().leases, 1);
    until("the lease to end", LIMIT, || (server.handle.stream("live1")?.leases == 0).then_some(())).await;
    let (status, body) = server.request("POST", "/live/live1/lease?token=once-x").await;
    assert_eq!(status, 403, "{body}");
}

#[tokio::test]
async fn a_viewer_whose_right_is_taken_away_sees_no_more() {
    let server = server(quick()).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
    let mut viewer = server.flv("live1", "pupil").await;
    viewer.frame().await.unwrap();
    REVOKED.lock().unwrap().push("pupil".into());
    assert!(viewer.frame().await.is_none());
    let (status, body) = server.request("POST", "/live/live1/lease?token=play-pupil").await;
    assert_eq!((status, body.contains("forbidden")), (403, true), "{body}");
}

#[tokio::test]
async fn hostile_bytes_close_their_connection_and_no_other() {
    let server = server(quick()).await;
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    let mut hello = vec![3u8];
    hello.resize(1 + 1536 * 2, 0);
    let cases: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &[&hello[..], &[0x44; 64]].concat(), // no previous header
        &[&hello[..], &[4, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]].concat(), // 16 MiB message
        &[&hello[..], &[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]].concat(), // chunk size 2^31
    ];
    for (i, bytes) in cases.iter().enumerate() {
        let mut socket = TcpStream::connect(server.rtmp).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        let closed =
            tokio::time::timeout(std::time::Duration::from_secs(5), socket.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "case {i} was not closed");
    }
    publisher.headers(0).await;
    publisher.frame(0, true, 1000).await;
    server.live("live1").await;
}

#[tokio::test]
async fn who_asks_for_nothing_or_sends_nothing_is_closed() {
    let mut config = quick();
    config.handshake_timeout = std::time::Duration::from_millis(300);
    config.publisher_idle = std::time::Duration::from_millis(500);
    let server = server(config).await;
    let mut silent = TcpStream::connect(server.rtmp).await.unwrap();
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), silent.read(&mut [0; 10])).await;
    assert_eq!(read.unwrap().unwrap(), 0);
    let mut publisher = Publisher::connect(server.rtmp, "live1", 1).await.unwrap();
    assert!(publisher.is_closed().await);
}
