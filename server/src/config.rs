//! The one configuration file, `yunlubo.toml`. The comments of [`DEFAULT_TOML`] are its manual; tests keep both equal.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The file that `config write` writes: every key with its default and what it means.
pub const DEFAULT_TOML: &str = include_str!("../default.toml");

/// Name of the file in the data directory, read when `--config` is not given.
pub const FILE: &str = "yunlubo.toml";

/// Name of the embedded database in the data directory.
pub const SQLITE_FILE: &str = "yunlubo.db";

/// Everything that can be configured. A key that is left out has its default; an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The site.
    pub site: Site,
    /// The live server.
    pub live: Live,
    /// The relay.
    pub relay: Relay,
    /// Storage.
    pub storage: Storage,
    /// The tracker's old port.
    pub tracker: Tracker,
    /// The database.
    pub database: Database,
    /// The log.
    pub log: Log,
}

/// `[site]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// Where the site listens.
    pub listen: SocketAddr,
    /// Address by which people reach it; empty when unknown.
    pub public_url: String,
    /// IANA zone of a new site.
    pub time_zone: String,
    /// Most connections at once.
    pub connections: usize,
}

/// `[live]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Live {
    /// RTMP.
    pub rtmp_listen: SocketAddr,
    /// HTTP-FLV, WS-FLV, HLS.
    pub http_listen: SocketAddr,
    /// How long viewers are held while a push starts, s.
    pub start_timeout_s: u64,
    /// How long a push goes on without viewers, s.
    pub linger_s: u64,
    /// How long a page lives without a heartbeat, s.
    pub lease_s: u64,
    /// Most viewers of one channel.
    pub viewers_per_stream: usize,
    /// Most HTTP connections at once.
    pub connections: usize,
}

/// `[relay]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Relay {
    /// Where terminals log in.
    pub listen: SocketAddr,
    /// Most terminals at once.
    pub connections: usize,
}

/// `[storage]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Where gatherers upload.
    pub listen: SocketAddr,
    /// Where recordings are kept; empty = `DATA/storage`.
    pub volume: PathBuf,
    /// Percent of the disk that is kept free.
    pub reserve_percent: u8,
    /// Most connections at once.
    pub connections: usize,
}

/// `[tracker]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tracker {
    /// Serves what storage serves.
    pub listen: SocketAddr,
}

/// `[database]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Empty = SQLite in the data directory.
    pub url: String,
    /// Most connections.
    pub connections: u32,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Text or JSON lines.
    pub format: LogFormat,
    /// In `tracing`'s words.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For collectors.
    Json,
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], port))
}

impl Default for Site {
    fn default() -> Self {
        let time_zone = "Asia/Shanghai".to_owned();
        Self { listen: any(80), public_url: String::new(), time_zone, connections: 4096 }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            rtmp_listen: any(1935),
            http_listen: any(8080),
            start_timeout_s: 10,
            linger_s: 8,
            lease_s: 30,
            viewers_per_stream: 10_000,
            connections: 4096,
        }
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self { listen: any(21001), connections: 4096 }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self { listen: any(23000), volume: PathBuf::new(), reserve_percent: 10, connections: 1024 }
    }
}

impl Default for Tracker {
    fn default() -> Self {
        Self { listen: any(22122) }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: String::new(), connections: 8 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("无法读取配置文件。 Cannot read the configuration {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong kind; the text names line and key.
    #[error(
        "配置文件有误，所有键及其默认值见 yunlubo config write。 The configuration {path} has an error; `yunlubo config write` writes \
         every key with its default.\n{text}"
    )]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, key and what was expected.
        text: String,
    },
    /// A value outside its limits.
    #[error(
        "配置文件有误，数值超出范围。 The configuration {path} has an error: {key} = {value} must be {limits}"
    )]
    Value {
        /// Which file.
        path: PathBuf,
        /// `section.key`.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        limits: &'static str,
    },
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads a file's text; `path` is for the error.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let parse = |e: toml::de::Error| ConfigError::Parse { path: path.to_owned(), text: shown(&e) };
        let config: Self = toml::from_str(text).map_err(parse)?;
        config.check().map_err(|(key, value, limits)| ConfigError::Value {
            path: path.to_owned(),
            key,
            value,
            limits,
        })?;
        Ok(config)
    }

    /// The file named on the command line, else the one in the data directory, else the defaults.
    pub fn find(named: Option<&Path>, data_dir: &Path) -> Result<Self, ConfigError> {
        let in_data_dir = data_dir.join(FILE);
        match named {
            Some(path) => Self::read(path),
            None if in_data_dir.exists() => Self::read(&in_data_dir),
            None => Ok(Self::default()),
        }
    }

    /// Where the database is, with the data directory filled in.
    pub fn database_url(&self, data_dir: &Path) -> String {
        match self.database.url.as_str() {
            "" => format!("sqlite://{}?mode=rwc", data_dir.join(SQLITE_FILE).display()),
            url => url.to_owned(),
        }
    }

    /// Where recordings are kept, with the data directory filled in.
    pub fn volume(&self, data_dir: &Path) -> PathBuf {
        match self.storage.volume.as_os_str().is_empty() {
            true => data_dir.join("storage"),
            false => self.storage.volume.clone(),
        }
    }

    /// Every listener: its key, name in `ports.json`, and address.
    pub fn listeners(&self) -> [(&'static str, &'static str, SocketAddr); 6] {
        [
            ("site.listen", "site", self.site.listen),
            ("live.rtmp_listen", "rtmp", self.live.rtmp_listen),
            ("live.http_listen", "live_http", self.live.http_listen),
            ("relay.listen", "relay", self.relay.listen),
            ("storage.listen", "storage", self.storage.listen),
            ("tracker.listen", "tracker", self.tracker.listen),
        ]
    }

    fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        let within = |key, value: u64, min: u64, max: u64, limits| match (min..=max).contains(&value) {
            true => Ok(()),
            false => Err((key, value.to_string(), limits)),
        };
        let at_least_one = |key, value: usize| within(key, value as u64, 1, 100_000, "1–100000");
        within("live.start_timeout_s", self.live.start_timeout_s, 1, 60, "1–60")?;
        within("live.linger_s", self.live.linger_s, 0, 600, "0–600")?;
        within("live.lease_s", self.live.lease_s, 20, 300, "20–300")?;
        within("storage.reserve_percent", self.storage.reserve_percent.into(), 0, 90, "0–90")?;
        within("database.connections", self.database.connections.into(), 2, 100, "2–100")?;
        at_least_one("site.connections", self.site.connections)?;
        at_least_one("live.connections", self.live.connections)?;
        at_least_one("live.viewers_per_stream", self.live.viewers_per_stream)?;
        at_least_one("relay.connections", self.relay.connections)?;
        at_least_one("storage.connections", self.storage.connections)?;
        let url = &self.site.public_url;
        if !(url.is_empty() || url.starts_with("http://") || url.starts_with("https://")) {
            return Err(("site.public_url", url.clone(), "empty, http://… or https://…"));
        }
        let url = &self.database.url;
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !(url.is_empty() || known.iter().any(|k| url.starts_with(k))) {
            return Err((
                "database.url",
                base::log::redact_url(url),
                "empty, sqlite://… or postgres://user:password@host/name",
            ));
        }
        Ok(())
    }
}

/// The error with the line it is in, as `toml` draws it, without the database's password.
fn shown(error: &toml::de::Error) -> String {
    error.to_string().lines().map(base::log::redact_url).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("yunlubo.toml"), text).map_err(|e| e.to_string())
    }

    /// `section.key` of every value.
    fn keys(table: &toml::Table) -> Vec<String> {
        let inner = |(section, value): (&String, &toml::Value)| {
            let section = section.clone();
            let table = value.as_table().cloned().unwrap_or_default();
            table.keys().map(|key| format!("{section}.{key}")).collect::<Vec<_>>()
        };
        table.iter().flat_map(inner).collect()
    }

    #[test]
    fn the_written_file_is_the_default_and_names_every_key() {
        assert_eq!(parse(DEFAULT_TOML).unwrap(), Config::default());
        let written: toml::Table = toml::from_str(DEFAULT_TOML).unwrap();
        let all = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(keys(&written), keys(&all));
    }

    #[test]
    fn every_key_is_explained_in_both_languages() {
        for line in DEFAULT_TOML.lines().filter(|l| l.contains(" = ") && !l.starts_with('#')) {
            let before = DEFAULT_TOML.split(&format!("\n{line}")).next().unwrap();
            let comments: Vec<&str> = before.lines().rev().take_while(|l| l.starts_with('#')).collect();
            let text = comments.concat();
            assert!(text.chars().any(|c| c > '\u{4E00}'), "{line} lacks Chinese");
            assert!(text.chars().filter(char::is_ascii_alphabetic).count() > 10, "{line} lacks English");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = parse("[site]\nlisten = \"0.0.0.0:80\"\nlisten_adress = 1\n").unwrap_err();
        assert!(error.contains("line 3") && error.contains("listen_adress"), "{error}");
        let error = parse("[webcam]\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("webcam"), "{error}");
    }

    #[test]
    fn a_value_outside_its_limits_is_named_with_them() {
        let error = parse("[live]\nlease_s = 5\n").unwrap_err();
        assert!(error.contains("live.lease_s = 5 must be 20–300"), "{error}");
        assert!(parse("[site]\nlisten = \"80\"\n").unwrap_err().contains("listen"));
        let error = parse("[database]\nurl = \"mysql://root:secret@db/x\"\n").unwrap_err();
        assert!(error.contains("postgres://") && !error.contains("secret"), "{error}");
        let error = parse("[database]\nurl = \"postgres://root:secret@db/x\" x\n").unwrap_err();
        assert!(error.contains("line 2") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn port_0_is_allowed_everywhere() {
        let text =
            "[site]\nlisten=\"127.0.0.1:0\"\n[live]\nrtmp_listen=\"[::1]:0\"\nhttp_listen=\"127.0.0.1:0\"";
        assert_eq!(parse(text).unwrap().live.rtmp_listen.port(), 0);
    }
}
