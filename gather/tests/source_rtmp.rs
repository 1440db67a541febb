//! RTMP pull from a server of our own protocol room, fed by ffmpeg.
#![allow(clippy::unwrap_used, reason = "a test")]

mod watched;

use media::TrackKind;
use media::format::flv::{FlvItem, FlvKind, FlvReader, FlvTag};
use relay_proto::{ChannelCause, ChannelPhase};
use rtmp_proto::{ChunkOnce, Limits, Output, ServerConn, ServerEvent};
use std::path::Path;
use std::time::Duration;
use testkit::fixture::{Clip, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use watched::{Watched, rtsp, settings};

fn tags(dir: &Path, clip: &Clip) -> Vec<FlvTag> {
    let (clip, flv) = (clip.make(dir, "a.mp4"), dir.join("a.flv"));
    run(std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(clip)
        .args(["-c", "copy"])
        .arg(&flv));
    let mut reader = FlvReader::new();
    reader.push(&std::fs::read(flv).unwrap());
    let items = std::iter::from_fn(|| reader.next().unwrap());
    items.filter_map(|item| if let FlvItem::Tag(tag) = item { Some(tag) } else { None }).collect()
}

/// Plays the tags at their pace to whoever asks for `live/good`, then hangs up; refuses any other stream.
async fn serve(listener: TcpListener, tags: Vec<FlvTag>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(play(socket, tags.clone()));
    }
}

async fn play(mut socket: TcpStream, tags: Vec<FlvTag>) {
    let mut conn = ServerConn::new(Limits::default()).unwrap();
    let mut buffer = vec![0; 4096];
    let mut plays = false;
    while !plays {
        while let Some(output) = conn.poll() {
            match output {
                Output::Send(bytes) => socket.write_all(&bytes).await.unwrap(),
                Output::Event(ServerEvent::PlayRequested { stream, .. }) if stream != "good" => {
                    conn.refuse("no such stream");
                }
                Output::Event(ServerEvent::PlayRequested { .. }) => {
                    conn.accept().unwrap();
                    plays = true;
                }
                Output::Event(ServerEvent::ConnectRequested { .. }) => conn.accept().unwrap(),
                Output::Event(_) => {}
            }
        }
        if !plays {
            match socket.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => conn.input(&buffer[..count]).unwrap(),
            }
        }
    }
    let (mut due, mut last_ms) =
        (tokio::time::Instant::now(), tags.first().map_or(0, |tag| tag.timestamp_ms));
    for tag in tags {
        due += Duration::from_millis(tag.timestamp_ms.saturating_sub(last_ms).into());
        last_ms = tag.timestamp_ms;
        tokio::time::sleep_until(due).await;
        let bytes = match tag.kind {
            FlvKind::Video => ChunkOnce::video(tag.timestamp_ms, &tag.body),
            FlvKind::Audio => ChunkOnce::audio(tag.timestamp_ms, &tag.body),
            FlvKind::Script => ChunkOnce::data(0, &tag.body),
        };
        if socket.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn channel(dir: &Path, tags: Vec<FlvTag>) -> Watched {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve(listener, tags));
    Watched::start(rtsp(format!("rtmp://127.0.0.1:{port}/live/good")), dir)
}

#[tokio::test]
async fn a_stream_is_pulled_and_pulled_again_when_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let tags = tags(dir.path(), &Clip { seconds: 3, ..Clip::default() });
    let mut channel = channel(dir.path(), tags).await;
    let seen = channel.collect(5.0).await;
    seen.assert_times_rise();
    assert!(seen.packets[0].packet.starts_gop());
    assert_eq!((seen.losses, seen.tracks[0].len()), (1, 2), "3 s, a loss, then again");
    assert!(seen.of(TrackKind::Audio).count() > 100);
    let status = channel.status();
    assert_eq!((status.video_codec.as_str(), status.audio_codec.as_str()), ("H.264", "AAC"));
}

#[tokio::test]
async fn another_picture_size_on_another_clock_goes_on_at_its_keyframe() {
    let dir = tempfile::tempdir().unwrap();
    let small = Clip { seconds: 2, size: "320x180", ..Clip::default() };
    let mut all = tags(dir.path(), &Clip { seconds: 2, ..Clip::default() });
    // The first clock is ten minutes on: the second clip steps back by that.
    all.iter_mut().for_each(|tag| tag.timestamp_ms += 600_000);
    all.extend(tags(dir.path(), &small));
    let mut channel = channel(dir.path(), all).await;
    let seen = channel.collect(3.5).await;
    seen.assert_times_rise();
    assert_eq!(seen.losses, 0);
    let widths: Vec<u16> = seen.tracks.iter().map(|tracks| tracks[0].width).collect();
    assert_eq!(widths, [640, 320]);
    assert!(seen.longest_step_s(TrackKind::Video) < 0.2, "{}", seen.longest_step_s(TrackKind::Video));
}

#[tokio::test]
async fn sound_that_begins_late_joins_at_a_keyframe() {
    let dir = tempfile::tempdir().unwrap();
    let mut late = tags(dir.path(), &Clip { seconds: 4, ..Clip::default() });
    late.retain(|tag| tag.kind != FlvKind::Audio || tag.timestamp_ms > 1700 || tag.body[1] == 0);
    let mut channel = channel(dir.path(), late).await;
    let seen = channel.collect(3.5).await;
    let counts: Vec<usize> = seen.tracks.iter().map(|tracks| tracks.len()).collect();
    assert_eq!(counts, [1, 2]);
    let (video, audio) = (seen.span_s(TrackKind::Video), seen.span_s(TrackKind::Audio));
    assert!((audio.0 - video.0 - 2.0).abs() < 0.1, "at the keyframe of 2 s: {video:?} {audio:?}");
    assert!(seen.longest_step_s(TrackKind::Video) < 0.06, "no picture is lost for it");
}

#[tokio::test]
async fn refusals_have_their_causes() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(serve(listener, Vec::new()));
    let cases = [
        (format!("rtmp://127.0.0.1:{port}/live/bad"), ChannelCause::NoSuchStream),
        ("rtmp://127.0.0.1:1/live/x".to_owned(), ChannelCause::Unreachable),
        (format!("rtmp://127.0.0.1:{port}/nothing"), ChannelCause::AddressRefused),
        (format!("rtmp://127.0.0.1:{port}/live/good"), ChannelCause::Lost),
    ];
    for (url, cause) in cases {
        let channel = Watched::start_with(rtsp(url.clone()), settings(dir.path(), false));
        let status = channel.until(ChannelPhase::Failed, Duration::from_secs(15)).await;
        assert_eq!(status.cause, Some(cause), "{url}: {}", status.detail);
    }
}
