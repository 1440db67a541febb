//! Real ffmpeg publishes; real ffmpeg, ffprobe and a WebSocket read.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use futures_util::StreamExt;
use media::format::flv::{FlvItem, FlvReader};
use support::*;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_and_aac_are_read_over_flv_rtmp_and_hls_without_an_error() {
    let server = server(quick()).await;
    let _push = push_h264(server.rtmp, "live1", 1);
    let info = server.live("live1").await;
    assert_eq!((info.video_codec, info.audio_codec, info.width), (Some("H.264"), Some("AAC"), 320));
    let (flv, hls) = (server.flv_url("live1", "a"), server.hls_url("live1", "b"));
    let rtmp = format!("rtmp://{}/live/live1?token=play-c", server.rtmp);
    tokio::join!(decodes("ffmpeg", &flv), decodes("ffmpeg", &rtmp), decodes("ffmpeg", &hls));
    assert_eq!(codecs(&flv).await, ["aac", "h264"]);
    assert_eq!(codecs(&hls).await, ["aac", "h264"]);
    let info = server.live("live1").await;
    assert!(info.in_bytes > 10_000 && info.out_bytes > info.in_bytes, "{info:?}");
    assert_eq!(info.viewers_hls, 1, "{:?}", server.handle.viewers("live1"));

    let (status, text) = server.request("GET", "/live/live1.flv?text&token=play-a").await;
    assert_eq!(status, 200);
    assert!(text.starts_with("# H.264 320x180"), "{text}");
    assert!(text.contains("video") && text.contains(" key"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hevc_over_enhanced_rtmp_comes_out_as_enhanced_flv_and_as_hvc1_in_hls() {
    let server = server(quick()).await;
    let _push = push_hevc(server.rtmp, "live2");
    let info = server.live("live2").await;
    assert_eq!((info.video_codec, info.audio_codec, info.height), (Some("H.265"), Some("AAC"), 180));
    let mut client = server.flv("live2", "a").await;
    let frame = client.frame().await.unwrap();
    assert!(frame.body[0] & 0x80 != 0 && frame.body[1..5] == *b"hvc1");
    let ffmpeg9 = ffmpeg9();
    let (flv, hls) = (server.flv_url("live2", "a"), server.hls_url("live2", "b"));
    let rtmp = format!("rtmp://{}/live/live2?token=play-c", server.rtmp);
    let ffmpeg9 = ffmpeg9.to_str().unwrap();
    tokio::join!(decodes(ffmpeg9, &flv), decodes(ffmpeg9, &rtmp), decodes("ffmpeg", &hls));
    assert_eq!(codecs(&hls).await, ["aac", "hevc"]);
    let args = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "stream=codec_tag_string",
        "-of",
        "csv=p=0",
        &hls,
    ];
    assert!(String::from_utf8_lossy(&run("ffprobe", &args).await.stdout).contains("hvc1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_gets_the_same_tags_and_a_foreign_page_gets_none() {
    let server = server(quick()).await;
    let _push = push_h264(server.rtmp, "live3", 1);
    server.live("live3").await;
    let url = format!("ws://{}/live/live3.flv?token=play-w", server.http);
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    let (mut reader, mut frames) = (FlvReader::new(), 0);
    while frames < 40 {
        let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() else { panic!("not binary") };
        reader.push(&bytes);
        while let Some(item) = reader.next().unwrap() {
            frames += usize::from(matches!(item, FlvItem::Tag(tag) if is_frame(&tag)));
        }
    }
    assert_eq!(server.handle.stream("live3").unwrap().viewers_ws, 1);

    let mut foreign = url.into_client_request().unwrap();
    foreign.headers_mut().insert("origin", "http://evil.example".parse().unwrap());
    let refused = tokio_tungstenite::connect_async(foreign).await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hls_is_made_only_while_somebody_asks_and_its_addresses_carry_the_token() {
    let mut config = quick();
    config.times.lease = std::time::Duration::from_secs(2);
    let server = server(config).await;
    let _push = push_h264(server.rtmp, "live4", 1);
    server.live("live4").await;
    let path = "/live/live4.m3u8?token=play-h";
    let (status, playlist) = server.request("GET", path).await;
    assert_eq!(status, 200, "{playlist}");
    assert!(playlist.contains("#EXT-X-MAP:URI=\"live4/init-"), "{playlist}");
    let part = playlist.lines().find(|l| l.contains(".m4s")).unwrap();
    assert!(part.ends_with("?token=play-h"), "{playlist}");
    assert_eq!(server.request("GET", &format!("/live/{part}")).await.0, 200);
    let stranger = part.replace("play-h", "nobody");
    assert_eq!(server.request("GET", &format!("/live/{stranger}")).await.0, 403);
    until("HLS to end with its lease", LIMIT, || {
        (server.handle.stream("live4").unwrap().viewers_hls == 0).then_some(())
    })
    .await;
}
