//! CPU per HTTP-FLV viewer, delay added by us (P2), memory per viewer.
//!
//! ```text
//! cargo run --release -p yunlubo-bench --bin fanout LOADGEN CLIP.flv [VIEWERS…=20 200 1000]
//! ```
//!
//! LOADGEN is the load generator's binary; without it this says so and measures nothing. The server is pinned to CPU 0,
//! the generator to CPU 1. CLIP.flv: 640x360, 25 fps, 900 kbit/s + AAC 64 kbit/s, GOP 2 s.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made should stop")]

use model::grant::{Right, Signer};
use serde_json::Value;
use std::process::{Command, Stdio};
use testkit::{Options, System};
use yunlubo_bench::row;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [loadgen, clip, counts @ ..] = arguments.as_slice() else {
        println!("nothing measured: give the path of loadgen and of a clip");
        return;
    };
    let counts =
        if counts.is_empty() { vec!["20".into(), "200".into(), "1000".into()] } else { counts.to_vec() };
    println!(
        "| viewers | CPU ms per viewer-minute | user share | delay p50 / p99 ms | join p50 / p99 ms | RSS KB per viewer | delivered % | closed |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for count in counts {
        measure(loadgen, clip, &count).await;
    }
}

async fn measure(loadgen: &str, clip: &str, count: &str) {
    let mut system = System::start(Options { without_gatherer: true, ..Options::default() }).await;
    let pid = system.server().pid();
    let pinned =
        Command::new("taskset").args(["-acp", "0", &pid.to_string()]).stdout(Stdio::null()).status().unwrap();
    assert!(pinned.success());
    let key: [u8; 32] = std::fs::read(system.dir().join("server/secret.key")).unwrap().try_into().unwrap();
    let (signer, far) = (Signer::new(key), i64::MAX);
    let publish = signer.sign(Right::Publish, "live1", "1.1", far);
    let play = signer.sign(Right::Play, "live1", "bench", far);
    let to = format!("rtmp://127.0.0.1:{}/live/live1?token={publish}", system.port("rtmp"));
    let from = format!("http://127.0.0.1:{}/live/live1.flv?token={play}", system.port("live_http"));
    let mut publisher = Command::new("taskset")
        .args(["-c", "1", loadgen, "publish", "--url", &to, "--file", clip, "--secs", "60"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(4));
    let rate = Command::new(loadgen).args(["info", "--file", clip]).output().unwrap();
    let expected =
        String::from_utf8_lossy(&rate.stdout).split_whitespace().nth(5).unwrap().parse::<f64>().unwrap();
    let out = Command::new("taskset")
        .args([
            "-c",
            "1",
            loadgen,
            "view",
            "--url",
            &from,
            "--n",
            count,
            "--pids",
            &pid.to_string(),
            "--secs",
            "20",
        ])
        .args(["--expect-bps", &format!("{expected:.0}")])
        .output()
        .unwrap();
    let _ = publisher.kill();
    let _ = publisher.wait();
    let result: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    let number = |key: &str| result[key].as_f64().unwrap_or(f64::NAN);
    let pair = |a: &str, b: &str| format!("{:.1} / {:.1}", number(a), number(b));
    row(&[
        count.to_owned(),
        format!("{:.1}", number("cpu_s_per_viewer_min") * 1000.0),
        format!("{:.0} %", 100.0 * number("user_s") / (number("user_s") + number("sys_s"))),
        pair("lat_ms_p50", "lat_ms_p99"),
        pair("join_ms_p50", "join_ms_p99"),
        format!("{:.1}", number("rss_kb_per_viewer")),
        format!("{:.1}", number("delivered_pct")),
        format!("{}", result["closed"]),
    ]);
}
