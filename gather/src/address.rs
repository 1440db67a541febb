//! What this gatherer opens, checked here and not only on the site: the gatherer stands inside the school's network.
//!
//! Pull addresses are `rtsp://` and `rtmp://` only. A name is resolved once, every address it has is checked, and the
//! checked address is the one connected to, so that a name that changes its mind leads nowhere. Files lie under
//! directories of the gatherer's own configuration, symbolic links followed first.

use model::channel::{check_file_path, check_pull_address};
use relay_proto::ChannelCause;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// A resolver that has not answered by then will not.
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);
/// Metadata services of clouds outside the link-local range: Alibaba Cloud; AWS over IPv6.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Why an address or a path is not opened.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not `rtsp://` or `rtmp://` with a host, or with a password inside.
    #[error("pull address refused: it must be rtsp://host… or rtmp://host… without user and password")]
    Address,
    /// Leads to a place that no camera is at.
    #[error("pull address refused: {host} is {ip}, which this gatherer never connects to")]
    Place {
        /// The host of the address.
        host: String,
        /// What it resolved to.
        ip: IpAddr,
    },
    /// The name has no address.
    #[error("resolving {host}: {source}")]
    Resolve {
        /// The host of the address.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Not an absolute `.mp4` path, or outside the media directories.
    #[error("file refused: {0} is not an .mp4 under one of this gatherer's media directories")]
    Path(PathBuf),
    /// No such file, or it may not be read.
    #[error("opening {path}: {source}")]
    File {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl AddressError {
    /// The cause the site shows.
    pub fn cause(&self) -> ChannelCause {
        match self {
            Self::Address | Self::Place { .. } | Self::Path(_) => ChannelCause::AddressRefused,
            Self::Resolve { .. } => ChannelCause::Unreachable,
            Self::File { .. } => ChannelCause::FileMissing,
        }
    }
}

/// The gatherer's own rules. From its local configuration, never from the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRules {
    /// Directories whose `.mp4` files may be played.
    pub media_dirs: Vec<PathBuf>,
    /// Whether `127.0.0.0/8` and `::1` may be pulled from. On by default: re-streamers such as go2rtc run beside the
    /// gatherer, and what listens on its loopback is under the same administrator.
    pub allow_loopback: bool,
}

impl AddressRules {
    /// The defaults: `DATA/media` and `/srv/media`, loopback allowed. Not all of the data directory: it holds the key
    /// and recordings that wait for upload.
    pub fn new(data_dir: &Path) -> Self {
        Self { media_dirs: vec![data_dir.join("media"), PathBuf::from("/srv/media")], allow_loopback: true }
    }

    /// Checks a pull address and resolves its host: the address to speak of, and the checked places to connect to.
    ///
    /// # Errors
    /// [`AddressError::Address`], [`AddressError::Place`] when any address of the name is forbidden,
    /// [`AddressError::Resolve`].
    pub async fn pull(&self, address: &str) -> Result<(Url, Vec<SocketAddr>), AddressError> {
        check_pull_address("url", address).map_err(|_| AddressError::Address)?;
        let url = Url::parse(address.trim()).map_err(|_| AddressError::Address)?;
        let default_port = match url.scheme() {
            "rtsp" => 554,
            "rtmp" => 1935,
            _ => return Err(AddressError::Address),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Address);
        }
        let port = url.port().unwrap_or(default_port);
        let resolve = |source| AddressError::Resolve { host: host.clone(), source };
        let lookup = tokio::net::lookup_host((host.as_str(), port));
        let found = tokio::time::timeout(RESOLVE_WITHIN, lookup).await;
        let found = found.map_err(|_| resolve(io::ErrorKind::TimedOut.into()))?.map_err(resolve)?;
        let places: Vec<SocketAddr> = found.collect();
        if let Some(bad) = places.iter().find(|place| self.is_forbidden(place.ip())) {
            return Err(AddressError::Place { host, ip: bad.ip() });
        }
        if places.is_empty() {
            return Err(resolve(io::ErrorKind::NotFound.into()));
        }
        Ok((url, places))
    }

    /// Whether no camera is ever there.
    fn is_forbidden(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical(); // ::ffff:127.0.0.1 is 127.0.0.1
        let special = match ip {
            IpAddr::V4(v4) => {
                v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0 || v4 == METADATA_V4
            }
            IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == METADATA_V6,
        };
        special || ip.is_multicast() || ip.is_unspecified() || (ip.is_loopback() && !self.allow_loopback)
    }

    /// Checks a path and follows its links: the file to open. Touches the disk; call it where blocking is allowed.
    ///
    /// # Errors
    /// [`AddressError::Path`], [`AddressError::File`].
    pub fn file(&self, path: &str) -> Result<PathBuf, AddressError> {
        let refused = || AddressError::Path(PathBuf::from(path));
        check_file_path("path", path).map_err(|_| refused())?;
        // Where it claims to be is checked before the disk is asked, so that no answer tells what exists elsewhere.
        let claimed = Path::new(path.trim());
        let dirs: Vec<PathBuf> = self.media_dirs.iter().filter_map(|dir| dir.canonicalize().ok()).collect();
        if !self.media_dirs.iter().chain(&dirs).any(|dir| claimed.starts_with(dir)) {
            return Err(refused());
        }
        let missing = |source| AddressError::File { path: PathBuf::from(path), source };
        let real = claimed.canonicalize().map_err(missing)?;
        if !dirs.iter().any(|dir| real.starts_with(dir)) {
            return Err(refused());
        }
        if !real.metadata().map_err(missing)?.is_file() {
            return Err(missing(io::Error::other("not a regular file")));
        }
        Ok(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, allow_loopback: bool, expect: Result<&str, ChannelCause>) {
        let rules = AddressRules { allow_loopback, ..AddressRules::new(Path::new("/nowhere")) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let got = runtime.block_on(rules.pull(address)).map(|(_, places)| places[0].to_string());
        assert_eq!(got.map_err(|e| e.cause()), expect.map(str::to_owned), "{address}");
    }

    #[test]
    fn leads_to_cameras_and_to_nothing_else() {
        const REFUSED: Result<&str, ChannelCause> = Err(ChannelCause::AddressRefused);
        check("rtsp://10.0.0.2/a", false, Ok("10.0.0.2:554"));
        check("rtmp://192.168.1.9/live/a", false, Ok("192.168.1.9:1935"));
        check("rtsp://127.0.0.1:8554/a", true, Ok("127.0.0.1:8554"));
        for bad in [
            "http://10.0.0.2/a",
            "file:///etc/passwd",
            "concat:a|b",
            "rtsp://admin:x@10.0.0.2/a",
            "rtsp://169.254.169.254/latest",
            "rtsp://[::ffff:169.254.169.254]/a",
            "rtsp://[fe80::1]/a",
            "rtsp://100.100.100.200/a",
            "rtsp://[fd00:ec2::254]/a",
            "rtsp://0.0.0.0/a",
            "rtsp://224.0.0.1/a",
            "rtsp://255.255.255.255/a",
        ] {
            check(bad, true, REFUSED);
        }
        for loopback in [
            "rtsp://127.0.0.1/a",
            "rtsp://2130706433/a",
            "rtsp://0x7f.1/a",
            "rtsp://[::1]/a",
            "rtsp://[::ffff:127.0.0.1]/a",
            "rtmp://localhost/a/b",
        ] {
            check(loopback, false, REFUSED);
        }
    }

    #[test]
    fn files_lie_under_the_media_directories_whatever_links_say() {
        let dir = tempfile::tempdir().unwrap();
        let rules = AddressRules::new(dir.path());
        let media = dir.path().join("media");
        std::fs::create_dir(&media).unwrap();
        std::fs::write(media.join("课.mp4"), b"x").unwrap();
        std::fs::write(dir.path().join("key.mp4"), b"x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("key.mp4"), media.join("link.mp4")).unwrap();
        std::fs::create_dir(media.join("dir.mp4")).unwrap();
        let cause = |path: PathBuf| rules.file(path.to_str().unwrap()).map_err(|e| e.cause()).err();
        assert_eq!(cause(media.join("课.mp4")), None);
        assert_eq!(cause(media.join("none.mp4")), Some(ChannelCause::FileMissing));
        assert_eq!(cause(media.join("dir.mp4")), Some(ChannelCause::FileMissing));
        for bad in
            [media.join("link.mp4"), dir.path().join("key.mp4"), "/etc/shadow".into(), "\\\\h\\a.mp4".into()]
        {
            assert_eq!(cause(bad.clone()), Some(ChannelCause::AddressRefused), "{bad:?}");
        }
    }
}
