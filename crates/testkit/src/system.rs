//! A whole Yunlubo: server and gatherer as the processes that users run, on port 0, in a temp directory.

use crate::gatherer::Gatherer;
use crate::process::{Process, binary};
use crate::site::Site;
use crate::wait::wait_for;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

/// Name and password of the admin that [`System::start`] makes.
pub const ADMIN: (&str, &str) = ("admin", "correct horse battery");
/// How long a process may take to be there on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What differs from the usual system.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Database URL; SQLite in the temp directory by default.
    pub database: Option<String>,
    /// Lines of TOML added to the server's config, each `section.key = value`.
    pub config: Vec<(&'static str, &'static str, String)>,
    /// Leave the gatherer out.
    pub without_gatherer: bool,
    /// Leave the first admin to the test; goes with `without_gatherer`.
    pub unclaimed: bool,
}

/// A running system; everything ends with it.
pub struct System {
    dir: TempDir,
    /// The site as the admin sees it.
    pub admin: Site,
    server: Option<Process>,
    gatherer: Gatherer,
    ports: Value,
}

impl System {
    /// Server, admin and one enrolled, running gatherer.
    pub async fn start(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let gatherer = Gatherer::new(dir.path().join("gather"), dir.path().join("gather.log"));
        std::fs::write(dir.path().join("yunlubo.toml"), config(&options)).unwrap();
        let mut system = Self { dir, admin: Site::new(""), server: None, gatherer, ports: Value::Null };
        system.start_server().await;
        if options.unclaimed {
            return system;
        }
        system.claim().await;
        if !options.without_gatherer {
            system.enrol().await;
            system.start_gatherer().await;
        }
        system
    }

    /// The temp directory: `yunlubo.toml`, `server/`, `gather/`, logs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A bound port by its name in ports.json: `site`, `rtmp`, `live_http`, `relay`, `storage`.
    pub fn port(&self, name: &str) -> u16 {
        self.ports[name].as_u64().unwrap_or_else(|| panic!("no port {name} in {}", self.ports)) as u16
    }

    /// `http://127.0.0.1:<site port><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port("site"))
    }

    /// A visitor without an account.
    pub fn visitor(&self) -> Site {
        Site::new(&self.url(""))
    }

    /// Starts the server; after the first time on the same ports, as a restarted machine would.
    pub async fn start_server(&mut self) {
        let path = self.dir().join("server/ports.json");
        let _ = std::fs::remove_file(&path);
        let mut command = self.yunlubo("serve");
        command.arg("--data").arg(self.dir().join("server"));
        let mut server = Process::start("yunlubo", command, &self.dir().join("server.log"));
        let ports: Value = wait_for("the server's ports.json", START_LIMIT, || {
            assert!(server.alive(), "the server ended:\n{}", server.output());
            let text = std::fs::read_to_string(&path).ok();
            async move { serde_json::from_str(&text?).ok() }
        })
        .await;
        self.server = Some(server);
        if self.ports.is_null() {
            self.ports = ports;
            self.keep_ports();
        }
        wait_for("the site to answer", START_LIMIT, || async {
            self.visitor().get("/login").await.status.lt(&500).then_some(())
        })
        .await;
    }

    /// Writes the bound ports into the config, so that a restart finds its old ones.
    fn keep_ports(&self) {
        let path = self.dir().join("yunlubo.toml");
        let mut text = std::fs::read_to_string(&path).unwrap();
        for name in ["site", "rtmp", "live_http", "relay", "storage", "tracker"] {
            text = text.replace(
                &format!("\"127.0.0.1:0\" # {name}\n"),
                &format!("\"127.0.0.1:{}\" # {name}\n", self.port(name)),
            );
        }
        std::fs::write(path, text).unwrap();
    }

    /// A command of the server's binary with this system's config.
    pub fn yunlubo(&self, command: &str) -> Command {
        let mut c = Command::new(binary("yunlubo"));
        c.arg(command).arg("--config").arg(self.dir().join("yunlubo.toml"));
        c
    }

    /// Runs such a command on this system's data and gives what it printed.
    pub async fn console(&self, command: &str, arguments: &[&str]) -> String {
        let out = self
            .yunlubo(command)
            .arg("--data")
            .arg(self.dir().join("server"))
            .args(arguments)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        assert!(out.status.success(), "yunlubo {command}: {text}\n{}", String::from_utf8_lossy(&out.stderr));
        text
    }

    async fn claim(&mut self) {
        self.admin = self.visitor();
        let code = self.console("setup-code", &[]).await;
        let (name, password) = ADMIN;
        let fields = [("code", code.as_str()), ("name", name), ("password", password), ("again", password)];
        self.admin.get(&format!("/setup?code={code}")).await;
        self.admin.post_ok("/setup", &fields).await;
        assert_eq!(self.admin.get("/admin").await.status, 200, "the first admin sees the admin pages");
    }

    /// Enrols a gatherer in [`System::gather_dir`].
    pub async fn enrol(&self) {
        let code = self.console("join-code", &["--name", "三楼采集端"]).await;
        self.gatherer.enrol(&self.url(""), &code).await;
    }

    /// Enrols and starts another gatherer, of the school with this id. The first one is not counted in `n`.
    pub async fn another_gatherer(&self, n: usize, school: i64) -> Gatherer {
        let (dir, log) = (self.dir().join(format!("gather-{n}")), self.dir().join(format!("gather-{n}.log")));
        let mut gatherer = Gatherer::new(dir, log);
        let (school, name) = (school.to_string(), format!("采集端{n}"));
        let code = self.console("join-code", &["--school", &school, "--name", &name]).await;
        gatherer.enrol(&self.url(""), &code).await;
        gatherer.start().await;
        gatherer
    }

    /// The gatherer's data directory; MP4 files under `media/` may be channels.
    pub fn gather_dir(&self) -> PathBuf {
        self.gatherer.dir().to_owned()
    }

    /// Starts the gatherer and waits until it says it is running.
    pub async fn start_gatherer(&mut self) {
        self.gatherer.start().await;
    }

    /// The gatherer, for what its disk and status say.
    pub fn first_gatherer(&self) -> &Gatherer {
        &self.gatherer
    }

    /// `status.json` of the gatherer; null while there is none.
    pub fn gatherer_status(&self) -> Value {
        self.gatherer.status()
    }

    /// What the gatherer's status says of a channel; null when it has none of that id.
    pub fn channel_status(&self, channel: i64) -> Value {
        self.gatherer.channel(channel)
    }

    /// The server's process.
    pub fn server(&mut self) -> &mut Process {
        self.server.as_mut().unwrap()
    }

    /// The gatherer's process.
    pub fn gatherer(&mut self) -> &mut Process {
        self.gatherer.process()
    }

    /// Everything both wrote, for the message of a failed test.
    pub fn logs(&self) -> String {
        ["server.log", "gather.log"]
            .map(|f| std::fs::read_to_string(self.dir().join(f)).unwrap_or_default())
            .join("\n--- gatherer\n")
    }
}

/// Every listener on loopback and any port; the names are kept as comments so that [`System::keep_ports`] finds them.
fn config(options: &Options) -> String {
    let mut sections: Vec<(&str, Vec<String>)> = vec![
        (
            "site",
            vec![
                "listen = \"127.0.0.1:0\" # site".into(),
                format!("time_zone = \"{}\"", crate::school::noon_zone()),
            ],
        ),
        (
            "live",
            vec![
                "rtmp_listen = \"127.0.0.1:0\" # rtmp".into(),
                "http_listen = \"127.0.0.1:0\" # live_http".into(),
            ],
        ),
        ("relay", vec!["listen = \"127.0.0.1:0\" # relay".into()]),
        ("storage", vec!["listen = \"127.0.0.1:0\" # storage".into()]),
        ("tracker", vec!["listen = \"127.0.0.1:0\" # tracker".into()]),
    ];
    let mut set = |section: &'static str, line: String| match sections.iter_mut().find(|(s, _)| *s == section)
    {
        Some((_, lines)) => lines.push(line),
        None => sections.push((section, vec![line])),
    };
    if let Some(url) = &options.database {
        set("database", format!("url = {}", Value::from(url.as_str())));
    }
    // The test machine's disk is not the subject.
    if !options.config.iter().any(|(section, key, _)| (*section, *key) == ("storage", "reserve_percent")) {
        set("storage", "reserve_percent = 0".to_owned());
    }
    for (section, key, value) in &options.config {
        set(section, format!("{key} = {value}"));
    }
    sections.iter().map(|(section, lines)| format!("[{section}]\n{}\n", lines.join("\n"))).collect()
}
