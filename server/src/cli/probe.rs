//! What `doctor` measures. Each check answers what it found, or what to do.

use super::lang::Lang;
use crate::config::Config;
use crate::ports;
use base::now_ms;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

/// Good news with detail, or the next step.
pub(super) type Found = Result<String, String>;

/// Files written by the speed check; each is one GOP's `fdatasync` of a recording.
const SYNCS: u32 = 20;
/// A database commit waits for a sync; slower than this and ten uploading rooms queue up behind each other.
const SYNC_SLOW: Duration = Duration::from_millis(100);
/// 2026-01-01: a clock before the program was written is wrong.
const CLOCK_MIN_MS: i64 = 1_767_225_600_000;
/// A viewer, a gatherer and a file take one each.
const FILES_MIN: u64 = 4096;

pub(super) fn writable(l: Lang, data: &Path) -> Found {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    let tried = crate::run::make_data_dir(data)
        .map_err(|e| e.to_string())
        .and_then(|()| std::fs::write(&path, b"x").map_err(|e| e.to_string()));
    // Left over only when it could not be written.
    let _ = std::fs::remove_file(&path);
    match tried {
        Ok(()) => Ok(format!("{} {}", data.display(), l.pick("可写", "is writable"))),
        Err(e) => Err(format!(
            "{}: {e}. {}",
            data.display(),
            l.pick(
                "用 --data 指定目录，或把它交给运行服务的用户",
                "Name one with --data, or give it to the service's user"
            )
        )),
    }
}

pub(super) fn secret(l: Lang, data: &Path) -> Found {
    let path = data.join(crate::secret::FILE);
    if !path.exists() {
        return Ok(l.pick("首次启动时生成", "will be made at the first start").to_owned());
    }
    crate::secret::signer(data).map(|_| path.display().to_string()).map_err(|e| e.to_string())
}

pub(super) fn sync_speed(l: Lang, data: &Path) -> Found {
    let path = data.join(format!(".doctor-sync-{}", std::process::id()));
    let measured = (|| {
        let mut file = std::fs::File::create(&path)?;
        let mut slowest = Duration::ZERO;
        let began = Instant::now();
        for _ in 0..SYNCS {
            let one = Instant::now();
            file.write_all(&[0u8; 4096])?;
            file.sync_data()?;
            slowest = slowest.max(one.elapsed());
        }
        Ok::<_, std::io::Error>((began.elapsed() / SYNCS, slowest))
    })();
    let _ = std::fs::remove_file(&path);
    let (mean, slowest) = measured.map_err(|e| e.to_string())?;
    let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1000.0);
    let figures =
        format!("{} {}, {} {}", l.pick("平均", "mean"), ms(mean), l.pick("最慢", "slowest"), ms(slowest));
    match mean <= SYNC_SLOW {
        true => Ok(figures),
        false => Err(format!(
            "{figures}. {}",
            l.pick("太慢：数据目录请放在 SSD 上", "Too slow: put the data directory on an SSD")
        )),
    }
}

/// Free space by `df` (POSIX format: size, used, available in KiB).
pub(super) fn disk(l: Lang, path: &Path, reserve_percent: u8) -> Found {
    let out = Command::new("df").arg("-Pk").arg(path).output().map_err(|e| format!("df: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let (size, free) =
        df_numbers(&text).ok_or_else(|| format!("df: {}", String::from_utf8_lossy(&out.stderr)))?;
    let percent = free * 100 / size.max(1);
    let gib = free as f64 / 1_048_576.0;
    let figures = format!("{}: {gib:.1} GiB, {percent}% {}", path.display(), l.pick("空闲", "free"));
    match percent > u64::from(reserve_percent) {
        true => Ok(figures),
        false => Err(format!(
            "{figures}. {} {reserve_percent}%",
            l.pick(
                "上传会被拒绝：删除旧录像、换大磁盘，或调低 storage.reserve_percent，目前",
                "Uploads are refused: remove old recordings, use a larger disk, or lower storage.reserve_percent, now"
            )
        )),
    }
}

fn df_numbers(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().nth(1)?;
    let columns: Vec<&str> = line.split_whitespace().collect();
    Some((columns.get(1)?.parse().ok()?, columns.get(3)?.parse().ok()?))
}

pub(super) fn clock(l: Lang) -> Found {
    let now_ms = now_ms();
    match now_ms >= CLOCK_MIN_MS {
        true => Ok(l
            .pick(
                "正常（与时间服务器的偏差请用 timedatectl 查看）",
                "plausible (see timedatectl for its offset)",
            )
            .to_owned()),
        false => Err(l
            .pick("早于 2026 年：执行 timedatectl set-ntp true", "Before 2026: run timedatectl set-ntp true")
            .to_owned()),
    }
}

pub(super) fn open_files(l: Lang) -> Found {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or("");
    // `unlimited` does not parse and is enough.
    let soft = line.split_whitespace().nth(3).and_then(|n| n.parse::<u64>().ok()).unwrap_or(u64::MAX);
    match soft >= FILES_MIN {
        true => Ok(soft.to_string()),
        // The service raises it by itself; this is about starting by hand.
        false => Ok(format!(
            "{soft}. {}",
            l.pick("手动启动时请先执行 ulimit -n 65536", "When started by hand, run ulimit -n 65536 first")
        )),
    }
}

pub(super) async fn database(l: Lang, config: &Config, data: &Path) -> Found {
    let url = config.database_url(data);
    let sqlite_file = data.join(crate::config::SQLITE_FILE);
    if config.database.url.is_empty() && !sqlite_file.exists() {
        return Ok(l.pick("首次启动时建立 (SQLite)", "will be made at the first start (SQLite)").to_owned());
    }
    let next = l.pick("检查 [database] url 和数据库服务", "Check [database] url and the database service");
    let db = db::Db::open(&url, 2).await.map_err(|e| format!("{e}. {next}"))?;
    let answered = db.check().await;
    db.close().await;
    answered.map_err(|e| format!("{e}. {next}"))?;
    let kind = match url.starts_with("sqlite:") {
        true => l.pick("可用，SQLite ≥ 3.51.3", "reachable, SQLite ≥ 3.51.3"),
        false => l.pick("可用，PostgreSQL", "reachable, PostgreSQL"),
    };
    Ok(kind.to_owned())
}

/// A port is right when it is free, or when the server that runs on this data directory has it.
pub(super) async fn port(l: Lang, addr: SocketAddr, ours: Option<u16>) -> Found {
    if let Some(port) = ours.filter(|port| *port != 0 && (addr.port() == 0 || addr.port() == *port)) {
        let ip = if addr.ip().is_unspecified() { [127, 0, 0, 1].into() } else { addr.ip() };
        if TcpStream::connect((ip, port)).await.is_ok() {
            return Ok(format!("{} {port}", l.pick("服务正在监听", "the server is listening on")));
        }
    }
    match TcpListener::bind(addr).await {
        Ok(_) => Ok(l.pick("空闲", "free").to_owned()),
        Err(e) => Err(ports::advice(e.kind(), addr)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 1000 300 700 30% /\n";
        assert_eq!(df_numbers(text), Some((1000, 700)));
        assert_eq!(df_numbers(""), None);
    }

    #[tokio::test]
    async fn an_occupied_port_is_wrong_unless_it_is_ours() {
        let l = Lang::of_terminal();
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = taken.local_addr().unwrap();
        assert!(port(l, addr, None).await.unwrap_err().contains("is taken"));
        assert!(port(l, addr, Some(addr.port())).await.is_ok());
        assert!(port(l, "127.0.0.1:0".parse().unwrap(), None).await.is_ok());
    }
}
