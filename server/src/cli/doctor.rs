//! `doctor` 体检: one line a check, ✔ or ✘ with what to do next.

use super::lang::Lang;
use super::probe::{self, Found};
use super::say;
use crate::config::Config;
use crate::ports::Ports;
use std::path::Path;
use std::process::ExitCode;

/// Runs every check; 1 when one failed.
pub(super) async fn run(named: Option<&Path>, data: &Path) -> ExitCode {
    let l = Lang::of_terminal();
    let mut failed = 0;
    let mut tell = |what: (&str, &str), found: Found| {
        let what = l.pick(what.0, what.1);
        match found {
            Ok(detail) => say(&format!("✔ {what}: {detail}")),
            Err(next) => {
                failed += 1;
                say(&format!("✘ {what}: {next}"));
            }
        }
    };
    let config = match Config::find(named, data) {
        Ok(config) => {
            tell(("配置", "configuration"), Ok(l.pick("正确", "right").to_owned()));
            config
        }
        Err(e) => {
            tell(("配置", "configuration"), Err(e.to_string()));
            Config::default()
        }
    };
    let writable = probe::writable(l, data);
    let usable = writable.is_ok();
    tell(("数据目录", "data directory"), writable);
    if usable {
        tell(("密钥", "secret"), probe::secret(l, data));
        tell(("写盘速度", "disk sync"), probe::sync_speed(l, data));
        tell(("数据库", "database"), probe::database(l, &config, data).await);
    }
    let volume = config.volume(data);
    let there = if volume.exists() { volume.as_path() } else { data };
    tell(("录像磁盘", "recording disk"), probe::disk(l, there, config.storage.reserve_percent));
    tell(("时钟", "clock"), probe::clock(l));
    tell(("文件句柄", "open files"), probe::open_files(l));
    let running = Ports::read(data);
    for (key, name, addr) in config.listeners() {
        let what = format!("{key} {addr}");
        tell((&what, &what), probe::port(l, addr, running.map(|ports| bound(&ports, name))).await);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn bound(ports: &Ports, name: &str) -> u16 {
    match name {
        "site" => ports.site,
        "rtmp" => ports.rtmp,
        "live_http" => ports.live_http,
        "relay" => ports.relay,
        "storage" => ports.storage,
        _ => ports.tracker,
    }
}
