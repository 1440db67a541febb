//! Push on demand to a real RTMP server: ffmpeg as listener.
#![allow(clippy::unwrap_used, reason = "a test")]

mod watched;

use gather::push::PushSet;
use model::ChannelId;
use model::channel::Source;
use relay_proto::{ChannelPhase, WantedPush};
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::fixture::{Clip, ffmpeg9};
use testkit::probe::{decodes, probe};
use testkit::{Process, wait_for};
use tokio::process::Command;
use watched::Watched;

const CHANNEL: ChannelId = ChannelId(7);

struct Listener {
    process: Process,
    port: u16,
    out: PathBuf,
}

/// ffmpeg takes one publication and writes it into an FLV file; it ends when the publication does.
fn start_listener(program: &Path, dir: &Path, port: u16) -> Listener {
    let out = dir.join(format!("{port}.flv"));
    let mut command = Command::new(program);
    command.args(["-v", "error", "-y", "-listen", "1", "-f", "flv", "-i"]);
    command.arg(format!("rtmp://127.0.0.1:{port}/live/live7")).args(["-c", "copy", "-f", "flv"]).arg(&out);
    let process = Process::start("RTMP listener", command, &dir.join("listener.log"));
    Listener { process, port, out }
}

/// One that listens already, on a free port.
async fn listen(program: &Path, dir: &Path) -> Listener {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = start_listener(program, dir, port);
    wait_for("ffmpeg to listen", Duration::from_secs(10), || {
        let hex = format!(":{port:04X} 00000000:0000 0A");
        let listens = std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&hex);
        async move { listens.then_some(()) }
    })
    .await;
    listener
}

fn wanted(port: u16, epoch: u64) -> WantedPush {
    WantedPush { channel_id: CHANNEL, url: format!("rtmp://-:{port}/live/live7?token=t"), epoch }
}

async fn file_channel(dir: &Path, clip: Clip) -> (Watched, PathBuf) {
    let media = dir.join("media");
    std::fs::create_dir_all(&media).unwrap();
    let path = clip.make(&media, "clip.mp4");
    let channel = Watched::start(Source::File { path: path.to_str().unwrap().into() }, dir);
    channel.until(ChannelPhase::Running, Duration::from_secs(5)).await;
    (channel, path)
}

/// Pushes for some seconds, stops, and gives back what arrived.
async fn push(clip: Clip, program: &Path) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (mut channel, source) = file_channel(dir.path(), clip).await;
    channel.collect(1.5).await; // something to burst from
    let mut listener = listen(program, dir.path()).await;
    let mut set = PushSet::new(channel.tasks.clone(), "127.0.0.1");
    let feed = channel.handle.feed().clone();
    set.start(&wanted(listener.port, 1), feed.clone()).unwrap();
    wait_for("the push", Duration::from_secs(10), || {
        let publishing = set.status(CHANNEL).is_some_and(|status| status.publishing);
        async move { publishing.then_some(()) }
    })
    .await;
    let bytes = channel.collect(3.0).await;
    assert!(!bytes.packets.is_empty());
    assert!(set.status(CHANNEL).unwrap().send_kbps > 100);
    set.start(&wanted(listener.port, 1), feed).unwrap();
    assert!(set.want(&[], |_| None).is_empty());
    wait_for("the listener to end", Duration::from_secs(10), || {
        let over = !listener.process.alive();
        async move { over.then_some(()) }
    })
    .await;
    (dir, listener.out, source)
}

#[tokio::test]
async fn a_push_starts_at_a_keyframe_from_zero_and_loses_nothing() {
    let (_dir, out, source) = push(Clip { seconds: 10, ..Clip::default() }, Path::new("ffmpeg")).await;
    let (got, source) = (probe(&out), probe(&source));
    assert_eq!(got.codecs, ["h264", "aac"]);
    assert!(got.keys[0] && got.video_s.0 < 0.1, "{:?}", got.video_s);
    assert!(got.frames.len() >= 75, "{} frames", got.frames.len());
    let times_rise = got.dts_s.windows(2).all(|pair| pair[1] - pair[0] < 0.06 && pair[1] > pair[0]);
    assert!(times_rise, "{:?}", got.dts_s);
    let at = source.frames.iter().position(|frame| *frame == got.frames[0]).expect("a frame of the clip");
    let same = source.frames[at..].iter().zip(&got.frames).filter(|(a, b)| a == b).count();
    assert_eq!(same, got.frames.len().min(source.frames.len() - at), "every frame as it was");
    assert!((got.audio_s.unwrap().1 - got.video_s.1).abs() < 0.3);
    decodes(&out);
}

#[tokio::test]
async fn h265_goes_as_enhanced_rtmp() {
    let clip = Clip { encoder: "libx265", size: "320x180", ..Clip::default() };
    let (_dir, out, _) = push(clip, &ffmpeg9()).await;
    let mut ask = std::process::Command::new(ffmpeg9());
    ask.args(["-hide_banner", "-xerror", "-i"]).arg(&out).args(["-f", "null", "-"]);
    let said = ask.output().unwrap();
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && text.contains("Video: hevc") && text.contains("Audio: aac"), "{text}");
}

#[tokio::test]
async fn a_broken_connection_is_taken_up_again_while_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let (channel, _) = file_channel(dir.path(), Clip { seconds: 4, ..Clip::default() }).await;
    let mut first = listen(Path::new("ffmpeg"), dir.path()).await;
    let mut set = PushSet::new(channel.tasks.clone(), "127.0.0.1");
    let feed = channel.handle.feed().clone();
    set.start(&wanted(first.port, 1), feed.clone()).unwrap();
    let grown = |path: PathBuf| async move {
        std::fs::metadata(path).ok().filter(|file| file.len() > 100_000).map(|_| ())
    };
    wait_for("bytes", Duration::from_secs(10), || grown(first.out.clone())).await;
    first.process.kill().await;
    std::fs::remove_file(&first.out).unwrap();
    wait_for("the break to be seen", Duration::from_secs(5), || {
        let broke = set.status(CHANNEL).is_some_and(|status| !status.error.is_empty());
        async move { broke.then_some(()) }
    })
    .await;
    // Tried again so soon that it may never be seen listening.
    let second = start_listener(Path::new("ffmpeg"), dir.path(), first.port);
    wait_for("bytes again", Duration::from_secs(10), || grown(second.out.clone())).await;
    assert!(set.status(CHANNEL).unwrap().publishing);
}
