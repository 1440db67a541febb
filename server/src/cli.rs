//! The command line. Results go to stdout, everything else to stderr, so that scripts can read codes and tables.

mod accounts;
mod codes;
mod demo;
mod doctor;
mod lang;
mod probe;

use crate::config::{Config, DEFAULT_TOML, FILE, LogFormat};
use crate::error::{Result, ServerError, file};
use crate::roles::{Role, Roles};
use base::log::Format;
use base::{CancellationToken, now_ms};
use clap::{Parser, Subcommand};
pub(crate) use codes::current_setup_code;
use lang::Lang;
use model::{GathererId, SchoolId};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// 云录播服务器 · Yunlubo server
#[derive(Debug, Parser)]
#[command(name = "yunlubo", version)]
struct Cli {
    /// 配置文件 · configuration file (default: DIR/yunlubo.toml if there is one)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// 数据目录 · data directory
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/yunlubo/server")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务 · run the server until SIGTERM
    Serve {
        /// 只运行这些角色 · run only these roles
        #[arg(long, value_enum, num_args = 1.., value_delimiter = ',')]
        only: Vec<Role>,
    },
    /// 建立或升级数据库 · make or upgrade the database
    Migrate,
    /// 配置文件 · the configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// 用户 · accounts
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// 显示一次性设置码，用它创建第一个管理员 · print the one-time code that makes the first admin
    SetupCode,
    /// 生成采集端加入码 · make a join code for a gatherer
    JoinCode {
        /// 学校编号，默认第一所 · id of its school (default: the first)
        #[arg(long)]
        school: Option<SchoolId>,
        /// 采集端名称 · name of the gatherer to come
        #[arg(long)]
        name: String,
    },
    /// 添加两个演示通道 · add the two demo channels
    DemoSeed {
        /// 采集端上的 MP4 文件 · an MP4 file on the gatherer
        #[arg(long)]
        file: String,
        /// 摄像机地址 · address of a camera
        #[arg(long)]
        rtsp: String,
        /// 采集端编号，默认第一个 · id of the gatherer (default: the first)
        #[arg(long)]
        gatherer: Option<GathererId>,
    },
    /// 体检 · check this machine; ends with 1 when something is wrong
    Doctor,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// 检查 · check it
    Check,
    /// 显示生效的全部配置 · print everything that is in effect
    Print,
    /// 写出带说明的默认配置，不覆盖已有文件 · write the default with its manual; never over an existing file
    Write,
}

/// Runs the command line; the exit code is 0, 1 for a failure, or 2 for a wrong call.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return fail(&format!("cannot start a runtime: {e}")),
    };
    let code = match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(e) => fail(&e.to_string()),
    };
    // A blocking task that hangs (a dead disk) must not keep the process.
    runtime.shutdown_background();
    code
}

fn fail(text: &str) -> ExitCode {
    hint(&format!("{} {text}", Lang::of_terminal().pick("错误：", "error:")));
    ExitCode::FAILURE
}

/// One line to stdout. Nothing can be done when nobody reads it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line to stderr.
fn hint(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn dispatch(cli: Cli) -> Result<ExitCode> {
    let (named, data) = (cli.config.as_deref(), cli.data.as_path());
    match cli.command {
        Command::Config(command) => return configure(command, named, data),
        Command::Doctor => return Ok(doctor::run(named, data).await),
        Command::Serve { only } => {
            serve(Config::find(named, data)?, data, Roles::of(&only)?).await?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let config = Config::find(named, data)?;
    let db = open(&config, data).await?;
    let done = match cli.command {
        Command::User(command) => accounts::run(&db, data, command).await,
        Command::SetupCode => codes::setup_code(&db, data).await,
        Command::JoinCode { school, name } => codes::join_code(&db, school, &name).await,
        Command::DemoSeed { file, rtsp, gatherer } => demo::seed(&db, &file, &rtsp, gatherer).await,
        Command::Migrate => {
            hint(Lang::of_terminal().pick("数据库已是最新。", "The database is up to date."));
            Ok(())
        }
        Command::Config(_) | Command::Doctor | Command::Serve { .. } => Ok(()),
    };
    db.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// The database of `data`, up to date: every command may be the first.
async fn open(config: &Config, data: &Path) -> Result<db::Db> {
    crate::run::make_data_dir(data)?;
    crate::run::open_database(config, data, now_ms()).await
}

async fn serve(config: Config, data: &Path, roles: Roles) -> Result<()> {
    let format = match config.log.format {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    base::log::init(format, &config.log.filter)?;
    let shutdown = CancellationToken::new();
    base::shutdown::on_signals(shutdown.clone()).map_err(file("listen to signals for", data))?;
    let running = crate::run::run_roles(config, data, roles, shutdown).await?;
    running.wait().await;
    Ok(())
}

fn configure(command: ConfigCommand, named: Option<&Path>, data: &Path) -> Result<ExitCode> {
    let l = Lang::of_terminal();
    match command {
        ConfigCommand::Check => {
            Config::find(named, data)?;
            hint(l.pick("配置正确。", "The configuration is right."));
        }
        ConfigCommand::Print => {
            let mut config = Config::find(named, data)?;
            config.database.url = base::log::redact_url(&config.database.url);
            let text = toml::to_string(&config).map_err(|e| ServerError::Refused(e.to_string()))?;
            say(text.trim_end());
        }
        ConfigCommand::Write => {
            let path = named.map_or_else(|| data.join(FILE), Path::to_owned);
            if named.is_none() {
                crate::run::make_data_dir(data)?;
            }
            if path.exists() {
                let text = l.pick("已存在，不会覆盖", "exists already and is not overwritten");
                return Err(ServerError::Refused(format!("{}: {text}", path.display())));
            }
            let mut out = std::fs::File::create_new(&path).map_err(file("write", &path))?;
            out.write_all(DEFAULT_TOML.as_bytes()).map_err(file("write", &path))?;
            hint(&format!("{} {}", l.pick("已写入", "Written:"), path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_may_stand_behind_the_command() {
        let cli =
            Cli::parse_from(["yunlubo", "serve", "--config", "a.toml", "--data", "/d", "--only", "storage"]);
        assert_eq!((cli.config, cli.data), (Some("a.toml".into()), "/d".into()));
        assert!(matches!(cli.command, Command::Serve { only } if only == [Role::Storage]));
    }
}
