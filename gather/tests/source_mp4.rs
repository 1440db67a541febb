//! File channels: real files of ffmpeg, in a loop.
#![allow(clippy::unwrap_used, reason = "a test")]

mod watched;

use media::TrackKind;
use model::channel::Source;
use relay_proto::{ChannelCause, ChannelPhase};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::fixture::{Clip, run};
use watched::{Watched, settings};

fn file(path: &Path) -> Source {
    Source::File { path: path.to_str().unwrap().to_owned() }
}

#[tokio::test]
async fn a_file_loops_in_real_time_with_times_that_rise() {
    let dir = tempfile::tempdir().unwrap();
    let media = dir.path().join("media");
    std::fs::create_dir(&media).unwrap();
    let clip = Clip { seconds: 2, ..Clip::default() }.make(&media, "课.mp4");
    let started = Instant::now();
    let mut channel = Watched::start(file(&clip), dir.path());
    let seen = channel.collect(7.0).await; // more than three rounds
    let took = started.elapsed().as_secs_f64();
    assert!((6.5..9.0).contains(&took), "7 s of media took {took} s");
    seen.assert_times_rise();
    assert!(seen.packets[0].packet.starts_gop());
    assert_eq!(seen.losses, 0);
    let hole = seen.longest_step_s(TrackKind::Video);
    assert!(hole < 0.1, "a hole of {hole} s between rounds");
    assert!(seen.longest_step_s(TrackKind::Audio) < 0.1);
    let status = channel.status();
    assert_eq!(
        (status.width, status.video_codec.as_str(), status.audio_codec.as_str()),
        (640, "H.264", "AAC")
    );
}

#[tokio::test]
async fn b_frames_and_h265_keep_rising_over_rounds() {
    let dir = tempfile::tempdir().unwrap();
    let media = dir.path().join("media");
    std::fs::create_dir(&media).unwrap();
    let clip = media.join("b.mp4");
    run(Command::new("ffmpeg")
        .args(
            "-v error -f lavfi -i testsrc2=size=320x180:rate=25 -t 1 -c:v libx265 -preset ultrafast"
                .split(' '),
        )
        .args(["-x265-params", "log-level=error:bframes=3:keyint=25"])
        .arg(&clip));
    let mut channel = Watched::start(file(&clip), dir.path());
    let seen = channel.collect(3.0).await;
    seen.assert_times_rise();
    assert!(seen.packets.iter().any(|fed| fed.packet.composition_offset != 0));
    assert!(seen.longest_step_s(TrackKind::Video) < 0.2);
}

#[tokio::test]
async fn each_bad_file_has_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let media = dir.path().join("media");
    std::fs::create_dir(&media).unwrap();
    std::fs::write(media.join("text.mp4"), "not a film at all, only some words in a file").unwrap();
    std::fs::write(media.join("empty.mp4"), "").unwrap();
    run(Command::new("ffmpeg")
        .args("-v error -f lavfi -i testsrc2=size=320x180:rate=25 -t 1 -c:v mpeg4".split(' '))
        .arg(media.join("old.mp4")));
    run(Command::new("ffmpeg")
        .args("-v error -f lavfi -i sine -t 1 -c:a aac".split(' '))
        .arg(media.join("sound.mp4")));
    let cases = [
        ("text.mp4", ChannelCause::NotMp4),
        ("empty.mp4", ChannelCause::NotMp4),
        ("sound.mp4", ChannelCause::NotMp4),
        ("old.mp4", ChannelCause::UnsupportedCodec),
        ("none.mp4", ChannelCause::FileMissing),
        ("../key.mp4", ChannelCause::AddressRefused),
    ];
    for (name, cause) in cases {
        let channel = Watched::start_with(file(&media.join(name)), settings(dir.path(), false));
        let status = channel.until(ChannelPhase::Failed, Duration::from_secs(5)).await;
        assert_eq!(status.cause, Some(cause), "{name}: {}", status.detail);
    }
}

#[tokio::test]
async fn reconnect_asks_again_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let media = dir.path().join("media");
    std::fs::create_dir(&media).unwrap();
    let channel = Watched::start_with(file(&media.join("late.mp4")), settings(dir.path(), false));
    channel.until(ChannelPhase::Failed, Duration::from_secs(5)).await;
    Clip { seconds: 1, ..Clip::default() }.make(&media, "late.mp4");
    channel.handle.reconnect();
    channel.until(ChannelPhase::Running, Duration::from_secs(5)).await;
}
