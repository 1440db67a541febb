//! Promise P8, the floor: the server on one core and 2 GB, ten rooms recording and uploading, twenty viewers.
//!
//! ```text
//! cargo run --release -p yunlubo-bench --bin floor [SECONDS=180]      (as root, with cgroup v1 cpu and memory)
//! ```
//!
//! The server's process alone is put into a control group of one core (cfs quota 100 %) and 2 GB. Ten channels loop a file of
//! ~1 Mbit/s and are recorded in slices of a minute; two viewers watch each over HTTP-FLV. Afterwards every slice is fetched
//! and every frame counted.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made should stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use testkit::{Options, System, fixture::Clip, probe::probe, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use yunlubo_bench::{cpu_s, row, rss_mb};
use yunlubo_tests::{files, lessons, missing, places};

const ROOMS: usize = 10;
const VIEWERS_A_ROOM: usize = 2;

#[tokio::main]
async fn main() {
    let seconds: u64 = std::env::args().nth(1).map_or(180, |n| n.parse().unwrap());
    let mut system = System::start(Options::default()).await;
    let group = Group::new(system.server().pid());
    system.set_gatherer(&[("slice_min", "1")]).await;
    let clip = Clip { seconds: 40, kbps: 1000, ..Clip::default() };
    let clip = clip.make(&system.gather_dir().join("media"), "a.mp4");
    let mut channels = Vec::new();
    for n in 0..ROOMS {
        channels.push(system.file_channel(&clip, &format!("{} 班", n + 1)).await);
    }
    for channel in &channels {
        system.running(*channel).await;
        system.plan(*channel, Duration::from_secs(10), Duration::from_secs(seconds)).await;
    }
    let cut_off = Arc::new(AtomicU64::new(0));
    let bytes = Arc::new(AtomicU64::new(0));
    for channel in &channels {
        for _ in 0..VIEWERS_A_ROOM {
            let path = system.play(*channel).await["urls"]["flv"].as_str().unwrap().to_owned();
            tokio::spawn(watch(system.port("site"), path, bytes.clone(), cut_off.clone()));
        }
    }
    system.recording(channels[0]).await;
    let pid = system.server().pid();
    let (cpu, started) = (cpu_s(pid), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (cpu, rss, wall) = (cpu_s(pid) - cpu, rss_mb(pid), started.elapsed().as_secs_f64());
    let (watched, lost_viewers) = (bytes.load(Ordering::Relaxed), cut_off.load(Ordering::Relaxed));

    let (frames, lost, slices) = count(&system, &clip, channels.len(), seconds).await;
    println!(
        "| rooms | viewers | server CPU % of its core | RSS MB | throttled periods | viewers cut off | Mbit/s to viewers | slices | frames | frames missing |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    row(&[
        ROOMS.to_string(),
        (ROOMS * VIEWERS_A_ROOM).to_string(),
        format!("{:.0}", 100.0 * cpu / wall),
        format!("{rss:.0}"),
        group.throttled(),
        lost_viewers.to_string(),
        format!("{:.1}", watched as f64 * 8.0 / wall / 1e6),
        slices.to_string(),
        frames.to_string(),
        lost.to_string(),
    ]);
}

/// Reads one FLV stream until it ends, which it should not.
async fn watch(port: u16, path: String, bytes: Arc<AtomicU64>, cut_off: Arc<AtomicU64>) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n) = socket.read(&mut buffer).await {
        if n == 0 {
            break;
        }
        bytes.fetch_add(n as u64, Ordering::Relaxed);
    }
    cut_off.fetch_add(1, Ordering::Relaxed);
}

/// Waits for every lesson to be complete on the site; frames, frames missing, slices.
async fn count(system: &System, clip: &std::path::Path, rooms: usize, seconds: u64) -> (usize, usize, usize) {
    let source = probe(clip);
    wait_for("all uploads", Duration::from_secs(120), || async {
        let status = system.gatherer_status();
        let done = status["upload_waiting"] == 0 && lessons(system).await.len() == rooms;
        done.then_some(())
    })
    .await;
    let (mut frames, mut lost, mut slices) = (0, 0, 0);
    for lesson in lessons(system).await {
        let mut found = Vec::new();
        for (n, url) in files(system, &lesson).await.iter().enumerate() {
            let path = system.dir().join(format!("check-{n}.mp4"));
            std::fs::write(&path, system.admin.bytes(url).await).unwrap();
            found.push(probe(&path));
        }
        let whole: usize = found.iter().map(|f| f.frames.len()).sum();
        // A lesson shorter than its range by more than its first and last GOP would be a loss at its ends.
        lost += ((seconds as usize - 2) * 25).saturating_sub(whole);
        lost += missing(source.frames.len(), &places(&source, &found)).0;
        frames += whole;
        slices += found.len();
    }
    (frames, lost, slices)
}

/// A control group for one process; the empty group stays behind for the next run.
struct Group;

const CPU: &str = "/sys/fs/cgroup/cpu/yunlubo-floor";
const MEMORY: &str = "/sys/fs/cgroup/memory/yunlubo-floor";

impl Group {
    fn new(pid: u32) -> Self {
        let set = |file: String, value: &str| {
            std::fs::write(&file, value)
                .unwrap_or_else(|e| panic!("{file}: {e} (run as root, with cgroup v1)"));
        };
        for dir in [CPU, MEMORY] {
            std::fs::create_dir_all(dir).unwrap();
        }
        set(format!("{CPU}/cpu.cfs_period_us"), "100000");
        set(format!("{CPU}/cpu.cfs_quota_us"), "100000");
        set(format!("{MEMORY}/memory.limit_in_bytes"), &(2u64 << 30).to_string());
        for dir in [CPU, MEMORY] {
            set(format!("{dir}/cgroup.procs"), &pid.to_string());
        }
        Self
    }

    fn throttled(&self) -> String {
        let text = std::fs::read_to_string(format!("{CPU}/cpu.stat")).unwrap_or_default();
        text.lines().find_map(|l| l.strip_prefix("nr_throttled ")).unwrap_or("?").to_owned()
    }
}
