//! RTSP sources against a real GStreamer server.
#![allow(clippy::unwrap_used, reason = "a test")]

mod watched;

use gather::ffmpeg::decode_still;
use media::{Packet, TrackKind};
use model::channel::{Source, Transport};
use relay_proto::{ChannelCause, ChannelPhase};
use std::time::Duration;
use testkit::Camera;
use watched::{Seen, Watched, channel, login, rtsp, settings};

const START: Duration = Duration::from_secs(20);

async fn seen(mount: &str, seconds: f64) -> (Watched, Seen) {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::start(dir.path(), 0, &[]).await;
    let mut channel = Watched::start(rtsp(camera.url(mount)), dir.path());
    let seen = channel.collect(seconds).await;
    seen.assert_times_rise();
    assert!(seen.packets[0].packet.starts_gop(), "the first packet is a keyframe");
    assert!(seen.longest_step_s(TrackKind::Video) < 0.2, "no picture is missing");
    (channel, seen)
}

/// Sound and picture cover the same time, and frames of sound follow each other without a hole.
#[track_caller]
fn assert_in_step(seen: &Seen) {
    let (video, audio) = (seen.span_s(TrackKind::Video), seen.span_s(TrackKind::Audio));
    assert!((video.0 - audio.0).abs() < 0.3 && (video.1 - audio.1).abs() < 0.3, "{video:?} {audio:?}");
    assert!(seen.longest_step_s(TrackKind::Audio) < 0.1);
}

fn still(seen: &Seen) -> gather::ffmpeg::Still {
    let packets: Vec<Packet> = seen.packets.iter().map(|fed| fed.packet.clone()).collect();
    decode_still(&seen.tracks[0], &packets).unwrap()
}

#[tokio::test]
async fn h264_and_aac_pass_as_they_are() {
    let (channel, seen) = seen("/h264_aac", 4.0).await;
    let status = channel.status();
    assert_eq!((status.video_codec.as_str(), status.audio_codec.as_str()), ("H.264", "AAC"));
    assert_eq!((status.width, status.height, status.cause), (640, 360, None));
    assert_eq!(seen.tracks.len(), 1, "the tracks never changed");
    assert_eq!(seen.tracks[0][1].sample_rate, 44_100);
    assert!(seen.keyframes() >= 4);
    assert_in_step(&seen);
    let bytes: usize = seen.packets.iter().map(|fed| fed.packet.data.len()).sum();
    let kbps = bytes as f64 * 8.0 / 4.0 / 1000.0;
    let shown = f64::from(channel.status().receive_kbps);
    assert!((shown - kbps).abs() < kbps * 0.5, "shown {shown}, came {kbps}");
}

#[tokio::test]
async fn h265_and_a_law_become_h265_and_aac() {
    let (channel, seen) = seen("/h265_pcma", 4.0).await;
    let status = channel.status();
    assert_eq!((status.video_codec.as_str(), status.audio_codec.as_str()), ("H.265", "AAC (G.711)"));
    assert_eq!((seen.tracks[0][1].sample_rate, seen.tracks[0][1].channels), (16_000, 1));
    assert_in_step(&seen);
    let still = still(&seen);
    assert_eq!((still.width, still.height), (640, 360));
    assert!(still.jpeg.starts_with(b"\xff\xd8") && still.jpeg.len() > 2000);
}

#[tokio::test]
async fn mu_law_becomes_aac_that_decodes_to_the_tone() {
    let (_channel, seen) = seen("/h264_pcmu", 3.0).await;
    assert_in_step(&seen);
    assert!(still(&seen).jpeg.starts_with(b"\xff\xd8"));
    // As FLV into ffmpeg: the level of the tone survives, silence would be -91 dB.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.flv");
    let track = seen.tracks[0].iter().find(|track| track.kind() == TrackKind::Audio).unwrap();
    let mut flv = media::format::flv::file_header(false, true).to_vec();
    let header = media::format::flv::sequence_header_body(track);
    flv.extend_from_slice(&media::format::flv::tag(media::format::flv::FlvKind::Audio, 0, &header));
    seen.of(TrackKind::Audio).for_each(|fed| flv.extend_from_slice(&fed.packet.flv_tag(track)));
    std::fs::write(&path, flv).unwrap();
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-i"]).arg(&path).args(["-af", "volumedetect", "-f", "null", "-"]);
    let out = String::from_utf8(ffmpeg.output().unwrap().stderr).unwrap();
    let mean = out.split("mean_volume: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(mean.parse::<f64>().unwrap() > -20.0, "{out}");
}

#[tokio::test]
async fn a_camera_without_sound_runs_without_sound() {
    let (channel, seen) = seen("/h264", 2.0).await;
    assert_eq!((seen.tracks[0].len(), channel.status().audio_codec.as_str()), (1, ""));
}

#[tokio::test]
async fn other_sound_is_left_out_and_said() {
    let (channel, seen) = seen("/h264_opus", 2.0).await;
    assert_eq!(seen.tracks[0].len(), 1);
    assert!(channel.status().detail.contains("opus"), "{:?}", channel.status());
}

#[tokio::test]
async fn udp_works_by_setting() {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::start(dir.path(), 0, &[]).await;
    let (user, password) = (String::new(), String::new());
    let source = Source::Pull { url: camera.url("/h264_aac"), user, password, transport: Transport::Udp };
    let mut channel = Watched::start(source, dir.path());
    let seen = channel.collect(3.0).await;
    seen.assert_times_rise();
    assert_in_step(&seen);
}

#[tokio::test]
async fn each_refusal_has_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::start(dir.path(), 0, &[]).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cases = [
        (login(camera.url("/auth"), "user", "wrong"), ChannelCause::WrongPassword),
        (rtsp(camera.url("/auth")), ChannelCause::WrongPassword),
        (rtsp(camera.url("/nothing")), ChannelCause::NoSuchStream),
        (rtsp(camera.url("/vp8")), ChannelCause::UnsupportedCodec),
        (rtsp(format!("rtsp://127.0.0.1:{taken}/x")), ChannelCause::Unreachable),
        (rtsp("rtsp://169.254.169.254/x".into()), ChannelCause::AddressRefused),
        (rtsp("http://127.0.0.1/x".into()), ChannelCause::AddressRefused),
    ];
    for (source, cause) in cases {
        let shown = format!("{source:?}");
        // Without 自动重连 it stays as it is.
        let channel = Watched::start_with(source, settings(dir.path(), false));
        let status = channel.until(ChannelPhase::Failed, START).await;
        assert_eq!(status.cause, Some(cause), "{shown}: {}", status.detail);
        assert!(!status.detail.is_empty() && !status.detail.contains("wrong"), "{}", status.detail);
    }
}

#[tokio::test]
async fn the_right_password_opens_and_a_corrected_one_is_tried_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let camera = Camera::start(dir.path(), 0, &[]).await;
    let channel_ = Watched::start(login(camera.url("/auth"), "user", "wrong"), dir.path());
    let status = channel_.until(ChannelPhase::Waiting, START).await;
    assert_eq!(status.cause, Some(ChannelCause::WrongPassword));
    let right = channel(login(camera.url("/auth"), "user", "pass"));
    channel_.handle.update(right, settings(dir.path(), true));
    channel_.until(ChannelPhase::Running, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_killed_camera_is_waited_for_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut camera = Camera::start(dir.path(), 0, &[]).await;
    let mut channel = Watched::start(rtsp(camera.url("/h264_aac")), dir.path());
    let before = channel.collect(1.0).await;
    camera.kill().await;
    let status = channel.until(ChannelPhase::Waiting, Duration::from_secs(12)).await;
    assert!(matches!(status.cause, Some(ChannelCause::Lost | ChannelCause::Unreachable)), "{status:?}");
    let _camera = Camera::start(dir.path(), camera.port(), &[]).await;
    channel.until(ChannelPhase::Running, Duration::from_secs(35)).await;
    let after = channel.collect(2.0).await;
    assert_eq!(after.losses, 1);
    after.assert_times_rise();
    assert!(after.span_s(TrackKind::Video).0 > before.span_s(TrackKind::Video).1, "time goes on");
}

#[tokio::test]
async fn a_camera_that_falls_silent_is_noticed_within_ten_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let mut camera = Camera::start(dir.path(), 0, &[]).await;
    let mut channel = Watched::start(rtsp(camera.url("/h264")), dir.path());
    channel.collect(0.5).await;
    camera.pause();
    let status = channel.until(ChannelPhase::Waiting, Duration::from_secs(13)).await;
    assert_eq!(status.cause, Some(ChannelCause::NoFrames));
    camera.kill().await;
}

#[tokio::test]
async fn a_stopped_channel_lets_go_of_the_camera() {
    let (channel_, _) = seen("/h264", 0.5).await;
    let source = rtsp("rtsp://127.0.0.1:1/x".into());
    let off = model::channel::Channel { enabled: false, ..channel(source) };
    let dir = tempfile::tempdir().unwrap();
    channel_.handle.update(off, settings(dir.path(), true));
    channel_.until(ChannelPhase::Stopped, Duration::from_secs(5)).await;
    channel_.handle.stop().await;
    assert!(channel_.tasks.running().is_empty());
}
