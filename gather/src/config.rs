//! `DIR/gather.toml`: the little that is kept on the machine itself. Everything else comes from the site (R-GAT-04).

use crate::address::AddressRules;
use crate::disk;
use crate::error::{GatherError, Result};
use model::GathererId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use url::Url;

/// Most uploads at a time.
pub const UPLOADS_MAX: usize = 8;

/// The file. Its doc comments are its manual; a key that is not listed here is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// 网站地址: base address of the site, `http://` or `https://`. Written by `enroll`; to move to another site run
    /// `enroll` again with its address and a join code of it.
    pub site: String,
    /// The id that the site gave. Written by `enroll`.
    pub gatherer_id: GathererId,
    /// The name that the site gave. Written by `enroll`; the site's newest name is shown once it was fetched.
    #[serde(default)]
    pub name: String,
    /// Directories for recordings and snapshots on their way; the one with the most free space is used. Default:
    /// `spool` in the data directory.
    #[serde(default)]
    pub spool_dirs: Vec<PathBuf>,
    /// Directories whose `.mp4` files may be played as a channel (文件模式). Default: `media` in the data directory and
    /// `/srv/media`.
    #[serde(default)]
    pub media_dirs: Vec<PathBuf>,
    /// Whether sources on this machine itself (127.0.0.1) may be pulled.
    #[serde(default = "default_loopback")]
    pub allow_loopback: bool,
    /// Files uploaded at the same time, 1–8.
    #[serde(default = "default_uploads")]
    pub uploads: usize,
    /// Log filter, e.g. `info` or `info,gather=debug`.
    #[serde(default = "default_log")]
    pub log: String,
}

fn default_loopback() -> bool {
    true
}

fn default_uploads() -> usize {
    2
}

fn default_log() -> String {
    "info".to_owned()
}

impl Config {
    /// The configuration that enrolment writes.
    pub fn new(site: &Url, gatherer_id: GathererId, name: &str) -> Self {
        Self {
            site: site.to_string(),
            gatherer_id,
            name: name.to_owned(),
            spool_dirs: Vec::new(),
            media_dirs: Vec::new(),
            allow_loopback: default_loopback(),
            uploads: default_uploads(),
            log: default_log(),
        }
    }

    /// Where it lies in a data directory.
    pub fn path(data: &Path) -> PathBuf {
        data.join("gather.toml")
    }

    /// Reads and checks `data/gather.toml`.
    pub fn load(data: &Path) -> Result<Self> {
        let path = Self::path(data);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(GatherError::NotEnrolled { path, data: data.to_owned() });
            }
            Err(source) => return Err(GatherError::Io { doing: "reading", path, source }),
        };
        let wrong = |why: String| GatherError::Config { path: path.clone(), why };
        let config: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string().trim_end().to_owned()))?;
        site_address(&config.site).map_err(|why| wrong(format!("`site`: {why}")))?;
        if !(1..=UPLOADS_MAX).contains(&config.uploads) {
            return Err(wrong(format!("`uploads` is {}, but must be 1–{UPLOADS_MAX}", config.uploads)));
        }
        for (field, dirs) in [("spool_dirs", &config.spool_dirs), ("media_dirs", &config.media_dirs)] {
            if let Some(dir) = dirs.iter().find(|dir| !dir.is_absolute()) {
                return Err(wrong(format!("`{field}`: {} is not an absolute path", dir.display())));
            }
        }
        Ok(config)
    }

    /// Writes `data/gather.toml` in one step.
    pub fn save(&self, data: &Path) -> Result<()> {
        let path = Self::path(data);
        let text = toml::to_string(self)
            .map_err(|e| GatherError::Config { path: path.clone(), why: e.to_string() })?;
        let head = "# 采集端配置 / configuration of the gatherer. The manual: yunlubo-gather run --help\n";
        disk::write_atomic(&path, format!("{head}{text}").as_bytes(), 0o644)
    }

    /// The site's base address.
    pub fn site_url(&self) -> Result<Url> {
        let wrong = |why| GatherError::Config { path: "gather.toml".into(), why: format!("`site`: {why}") };
        site_address(&self.site).map_err(wrong)
    }

    /// What this gatherer may open as a source.
    pub fn address_rules(&self, data: &Path) -> AddressRules {
        let defaults = AddressRules::new(data);
        let media_dirs =
            if self.media_dirs.is_empty() { defaults.media_dirs } else { self.media_dirs.clone() };
        AddressRules { media_dirs, allow_loopback: self.allow_loopback }
    }

    /// The directories for files on their way, made if they do not exist.
    pub fn spools(&self, data: &Path) -> Result<Vec<PathBuf>> {
        let dirs =
            if self.spool_dirs.is_empty() { vec![data.join("spool")] } else { self.spool_dirs.clone() };
        dirs.iter().try_for_each(|dir| disk::prepare_dir(dir))?;
        Ok(dirs)
    }
}

/// Reads a site address: `http(s)://host[:port][/path]`, without user, query or fragment; ends in `/` afterwards.
pub fn site_address(text: &str) -> std::result::Result<Url, String> {
    let text = text.trim();
    let mut url =
        Url::parse(text).map_err(|_| format!("`{text}` is not an address such as http://10.0.0.5"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(format!("`{text}` must begin with http:// or https:// and name a host"));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("give only http(s)://host:port, without user, ? or #".to_owned());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gather.toml"), text).unwrap();
        Config::load(dir.path())
    }

    #[test]
    fn what_enrolment_writes_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let site = site_address("http://10.0.0.5:8080").unwrap();
        let config = Config::new(&site, GathererId(7), "一号教学楼");
        config.save(dir.path()).unwrap();
        assert_eq!(Config::load(dir.path()).unwrap(), config);
        assert_eq!(config.site, "http://10.0.0.5:8080/");
        assert_eq!(config.spools(dir.path()).unwrap(), [dir.path().join("spool")]);
    }

    #[track_caller]
    fn check(text: &str, names: &str) {
        let error = load(text).unwrap_err().to_string();
        assert!(error.contains("gather.toml") && error.contains(names), "{error}");
    }

    #[test]
    fn every_mistake_names_file_and_field() {
        check("site = 'http://a'\ngatherer_id = 1\nspoool_dirs = []", "spoool_dirs");
        check("gatherer_id = 1", "site");
        check("site = 'ftp://a'\ngatherer_id = 1", "site");
        check("site = 'http://u:p@a'\ngatherer_id = 1", "site");
        check("site = 'http://a'\ngatherer_id = 1\nuploads = 99", "uploads");
        check("site = 'http://a'\ngatherer_id = 1\nspool_dirs = ['spool']", "spool_dirs");
        check("site = ", "line 1");
    }

    #[test]
    fn a_missing_file_says_how_to_enrol() {
        let dir = tempfile::tempdir().unwrap();
        let error = Config::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("yunlubo-gather enroll") && error.contains("加入码"), "{error}");
    }
}
