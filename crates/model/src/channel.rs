//! 通道: one camera stream or MP4 file that a gatherer pulls.

use crate::fault::{Fault, Reason, check_name, check_text};
use crate::{ChannelId, GathererId, GradeId};
use serde::{Deserialize, Serialize};

/// Longest 班级 name (R: §1.11 直播管理).
pub const CLASS_NAME_MAX: u32 = 128;
/// Longest pull address or file path.
pub const ADDRESS_MAX: u32 = 256;
/// Longest camera user name or password.
pub const CREDENTIAL_MAX: u32 = 64;

/// How RTP travels from the camera. TCP is the default: few cameras survive a busy Wi-Fi over UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Interleaved in the RTSP connection.
    #[default]
    Tcp,
    /// RTP over UDP.
    Udp,
}

/// Where a channel's media comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Source {
    /// 文件模式: a standard MP4 on the gatherer, played in a loop.
    File {
        /// Absolute path on the gatherer, ≤ 256 characters.
        path: String,
    },
    /// 拉流模式: `rtsp://` or `rtmp://`.
    Pull {
        /// Address without user and password, ≤ 256 characters.
        url: String,
        /// User name; empty when the camera asks for none.
        #[serde(default)]
        user: String,
        /// Password. Write-only on the site: shown to the gatherer alone.
        #[serde(default)]
        password: String,
        /// RTP transport; ignored for `rtmp://`.
        #[serde(default)]
        transport: Transport,
    },
}

impl Source {
    /// Checks the fields `path`, or `url`, `user`, `password`.
    pub fn check(&self) -> Vec<Fault> {
        match self {
            Source::File { path } => check_file_path("path", path).err().into_iter().collect(),
            Source::Pull { url, user, password, .. } => [
                check_pull_address("url", url).err(),
                check_text("user", user, CREDENTIAL_MAX).err(),
                check_text("password", password, CREDENTIAL_MAX).err(),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }

    /// The 类型 label's code: `file` or `pull`.
    pub fn mode(&self) -> &'static str {
        match self {
            Source::File { .. } => "file",
            Source::Pull { .. } => "pull",
        }
    }

    /// The 数据源 column: path or address, never a password.
    pub fn shown(&self) -> &str {
        match self {
            Source::File { path } => path,
            Source::Pull { url, .. } => url,
        }
    }
}

/// One channel as the site knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id; the live stream is `live<id>`.
    pub id: ChannelId,
    /// The gatherer that pulls it.
    pub gatherer_id: GathererId,
    /// 所在年级.
    pub grade_id: GradeId,
    /// 所在班级, ≤ 128 characters.
    pub class_name: String,
    /// What it pulls.
    pub source: Source,
    /// 启动/停止: whether the gatherer should hold it open.
    pub enabled: bool,
}

/// Checks the 班级 name.
pub fn check_class_name(name: &str) -> Result<String, Fault> {
    check_name("class_name", name, CLASS_NAME_MAX)
}

/// A pull address is `rtsp://host…` or `rtmp://host…` without user and password, ≤ 256 characters.
///
/// Other schemes are refused here and again by the gatherer: `http://`, `file://` or `concat:` have led to
/// reading of local files and to requests into the school's network elsewhere.
pub fn check_pull_address(field: &'static str, url: &str) -> Result<(), Fault> {
    let url = check_name(field, url, ADDRESS_MAX)?;
    let lower = url.to_ascii_lowercase();
    let bad = || Fault::new(field, Reason::BadPullAddress);
    let rest = lower.strip_prefix("rtsp://").or_else(|| lower.strip_prefix("rtmp://")).ok_or_else(bad)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    if authority.contains('@') {
        return Err(Fault::new(field, Reason::PasswordInAddress));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_ok = port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    if host.is_empty() || url.contains(char::is_whitespace) || !port_ok {
        return Err(bad());
    }
    Ok(())
}

/// An absolute path (`/…` or `C:\…`) that ends in `.mp4`, without `..` steps.
pub fn check_file_path(field: &'static str, path: &str) -> Result<(), Fault> {
    let path = check_name(field, path, ADDRESS_MAX)?;
    let drive = path.as_bytes().get(1..3).is_some_and(|b| b == b":\\" || b == b":/");
    let absolute = (path.starts_with('/') && !path.starts_with("//")) || drive;
    let climbs = path.split(['/', '\\']).any(|part| part == "..");
    if !absolute || climbs || !path.to_ascii_lowercase().ends_with(".mp4") {
        return Err(Fault::new(field, Reason::BadFilePath));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(url: &str) -> Option<Reason> {
        check_pull_address("url", url).err().map(|f| f.reason)
    }

    #[test]
    fn takes_rtsp_and_rtmp_only() {
        assert_eq!(reason("rtsp://10.0.0.2:554/Streaming/Channels/101"), None);
        assert_eq!(reason("RTMP://cam/live/a"), None);
        assert_eq!(reason("rtsp://[fe80::1]:554/a"), None);
        for bad in [
            "http://a/b",
            "rtsp://",
            "rtsp:///x",
            "file:///etc/passwd",
            "rtsp://a b/",
            "rtsp://a:0/",
            "rtsp://a:99999/",
        ] {
            assert_eq!(reason(bad), Some(Reason::BadPullAddress), "{bad}");
        }
        assert_eq!(reason("rtsp://admin:admin123@10.0.0.2/"), Some(Reason::PasswordInAddress));
        assert_eq!(reason(""), Some(Reason::Required));
    }

    #[test]
    fn a_file_is_an_absolute_mp4_path() {
        assert!(check_file_path("path", "/data/课程/a.MP4").is_ok());
        assert!(check_file_path("path", "D:\\video\\a.mp4").is_ok());
        for bad in ["a.mp4", "/etc/shadow", "/a/../b.mp4", "\\\\host\\share\\a.mp4", "//host/a.mp4"] {
            assert!(check_file_path("path", bad).is_err(), "{bad}");
        }
    }
}
