//! The command line: `enroll`, `run`, `status`. Texts are Chinese first; every error says what to do next.

use crate::agent::status::StatusFile;
use crate::agent::{Agent, Ended, this_machine};
use crate::config::{Config, site_address};
use crate::disk;
use crate::error::{GatherError, Result};
use crate::identity::Identity;
use crate::site;
use crate::state::StateFile;
use base::{CancellationToken, log, shutdown};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// 采集端：拉取摄像机和文件，按录像表录像并上传，有人观看时推送直播。
/// The gatherer: pulls cameras and files, records by the timetable, uploads, and pushes live while somebody watches.
#[derive(Debug, Parser)]
#[command(name = "yunlubo-gather", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// 加入网站：生成本机密钥并使用加入码。Join a site: makes this machine's key and spends a join code.
    Enroll {
        /// 网站地址，例如 http://10.0.0.5. The site's address.
        #[arg(long)]
        site: String,
        /// 网站「采集端管理」生成的加入码。The join code that the site's admin made.
        #[arg(long)]
        code: String,
        #[command(flatten)]
        place: Place,
    },
    /// 运行采集端。Run the gatherer.
    #[command(after_long_help = CONFIG_HELP)]
    Run {
        /// 日志为 JSON。Log as JSON lines.
        #[arg(long)]
        log_json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// 查看运行状态。Show link, channels, recording, upload queue and disk.
    Status {
        /// 输出 JSON。Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
struct Place {
    /// 数据目录。The data directory.
    #[arg(long = "data", value_name = "DIR", default_value = "/var/lib/yunlubo/gather")]
    data: PathBuf,
}

const CONFIG_HELP: &str = "\
DIR/gather.toml (written by `enroll`; an unknown key is an error)
  site            网站地址；改换网站请重新 enroll。The site; to move, enroll again.
  gatherer_id     网站分配的编号。The id the site gave.
  name            网站分配的名称。The name the site gave.
  spool_dirs      录像与截图的暂存目录，用剩余空间最大的。Default [\"DIR/spool\"]; the one with most free space is used.
  media_dirs      文件模式可用的目录。Where MP4 channels may lie. Default [\"DIR/media\", \"/srv/media\"].
  allow_loopback  是否允许拉取本机的源。Whether sources on this machine may be pulled. Default true.
  uploads         同时上传的文件数。Files uploaded at a time, 1-8. Default 2.
  log             日志级别。Log filter, e.g. \"info\" or \"info,gather=debug\". Default \"info\".
Changes of gather.toml are noticed within 2 s.";

/// Runs the program and says how it ended: 0 well, 1 an error that is explained on stderr, 2 wrong arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Verb::Enroll { site, code, place } => enroll(&site, &code, &place.data),
        Verb::Run { log_json, place } => run(&place.data, log_json),
        Verb::Status { json, place } => status(&place.data, json),
    };
    match done {
        Ok(text) => {
            // Nobody reads any more: no reason to fail.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", explained(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its next step, Chinese first.
fn explained(error: &GatherError) -> String {
    match error {
        GatherError::Refused { error, .. } => format!("{}\n{}", error.message_zh, error.message_en),
        GatherError::Unreachable { url, why } => format!(
            "无法连接网站 {url}（{why}）。请检查网址、端口和网络，确认网站已启动。\n\
             Cannot reach the site at {url} ({why}). Check address, port and network, and that the site is running."
        ),
        GatherError::BadAnswer { url, why } => format!(
            "{url} 的回应不是云录播网站（{why}）。请检查 --site 的地址和端口。\n\
             {url} does not answer like a Yunlubo site ({why}). Check address and port in --site."
        ),
        GatherError::Io { path, source, .. } => format!(
            "读写 {0} 失败：{source}。请检查权限和磁盘。\n{error}. Check permissions and disk.",
            path.display()
        ),
        other => other.to_string(),
    }
}

fn runtime() -> Result<Runtime> {
    Runtime::new().map_err(|e| GatherError::System { doing: "starting the runtime", why: e.to_string() })
}

fn enroll(address: &str, code: &str, data: &Path) -> Result<String> {
    let base = site_address(address).map_err(|why| GatherError::Config { path: "--site".into(), why })?;
    disk::prepare_dir(data)?;
    let identity = Identity::generate()?;
    let machine = this_machine(&base);
    let reply = runtime()?.block_on(site::enrol(&base, code.trim(), &identity, machine))?;
    // What a person set on this machine is kept; the rest is the new site's.
    let mut config = Config::new(&base, reply.gatherer_id, &reply.name);
    if let Ok(old) = Config::load(data) {
        config = Config { site: config.site, gatherer_id: config.gatherer_id, name: config.name, ..old };
    }
    identity.save(data)?;
    StateFile::in_dir(data).remove();
    config.save(data)?;
    let next = match disk::is_locked(data) {
        true => {
            "正在运行的采集端将在 2 秒内切换到新网站。The running gatherer follows within 2 s.".to_owned()
        }
        false => format!("启动 start: yunlubo-gather run --data {}", data.display()),
    };
    let (name, id) = (&reply.name, reply.gatherer_id);
    Ok(format!(
        "已加入 {base}，名称「{name}」，编号 {id}。\nJoined {base} as “{name}”, gatherer {id}.\n{next}\n"
    ))
}

fn run(data: &Path, log_json: bool) -> Result<String> {
    disk::prepare_dir(data)?;
    let _lock = disk::lock_dir(data)?;
    let first = Agent::load(data)?;
    let format = if log_json { log::Format::Json } else { log::Format::Text };
    let bad_filter =
        |e: log::LogError| GatherError::Config { path: Config::path(data), why: format!("`log`: {e}") };
    log::init(format, &first.config().log).map_err(bad_filter)?;
    runtime()?.block_on(async {
        let token = CancellationToken::new();
        let signals =
            |e: std::io::Error| GatherError::System { doing: "listening for signals", why: e.to_string() };
        shutdown::on_signals(token.clone()).map_err(signals)?;
        let mut agent = first;
        loop {
            match agent.run(token.clone()).await? {
                Ended::Stopped => return Ok(String::new()),
                Ended::ConfigChanged => agent = Agent::load(data)?,
            }
        }
    })
}

fn status(data: &Path, json: bool) -> Result<String> {
    let config = Config::load(data)?;
    let running = disk::is_locked(data);
    let found = StatusFile::load(data)?;
    match (found, json) {
        (Some(status), true) => {
            let mut value = serde_json::to_value(&status).unwrap_or_default();
            value["running"] = running.into();
            Ok(format!("{value:#}\n"))
        }
        (Some(status), false) => Ok(status.table(running, base::now_ms())),
        (None, true) => Ok(format!("{}\n", serde_json::json!({ "running": running, "site": config.site }))),
        (None, false) => Ok(format!(
            "采集端还没有运行过。启动：yunlubo-gather run --data {0}\nThe gatherer has not run yet. Start: the command above.\n",
            data.display()
        )),
    }
}
