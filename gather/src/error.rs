//! What can go wrong in a gatherer, said so that the person at the machine knows the next step.

use relay_proto::site::SiteError;
use std::io;
use std::path::{Path, PathBuf};

/// `Result` with this room's [`GatherError`].
pub type Result<T> = std::result::Result<T, GatherError>;

/// Every error of the gatherer outside its sources. Texts that a person meets at the command line are Chinese first.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A file operation failed.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done, e.g. `writing`.
        doing: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The data directory takes no files (R-GAT-02).
    #[error(
        "数据目录 {0} 不能写入（{source}）。请修改目录权限，或用 --data 指定其他目录。\n\
         The data directory {0} cannot be written ({source}). Change its permissions, or name another with --data.",
        path.display()
    )]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another gatherer works on this data directory.
    #[error(
        "另一个采集端进程正在使用数据目录 {0}。请先停止它，或用 --data 指定其他目录。\n\
         Another gatherer is running on the data directory {0}. Stop it first, or name another with --data.",
        path.display()
    )]
    AlreadyRunning {
        /// The directory.
        path: PathBuf,
    },
    /// There is no configuration yet.
    #[error(
        "{0} 不存在：本机尚未加入网站。请在网站「采集端管理」生成加入码，然后运行：\n\
         yunlubo-gather enroll --site http://网站地址 --code 加入码 --data {1}\n\
         {0} does not exist: this machine has not joined a site. Make a join code on the site, then run the command above.",
        path.display(), data.display()
    )]
    NotEnrolled {
        /// The missing file.
        path: PathBuf,
        /// The data directory.
        data: PathBuf,
    },
    /// A configuration file cannot be used.
    #[error(
        "配置文件 {0} 有误：{why}。请改正后重新启动。\n\
         The file {0} cannot be used: {why}. Correct it and start again.",
        path.display()
    )]
    Config {
        /// The file.
        path: PathBuf,
        /// The field and what is wrong with it, English.
        why: String,
    },
    /// The site could not be asked.
    #[error("cannot reach the site at {url}: {why}")]
    Unreachable {
        /// Address without query.
        url: String,
        /// What the transport said.
        why: String,
    },
    /// The site answered with a refusal.
    #[error("the site refused ({status} {}): {} / {}", error.code, error.message_zh, error.message_en)]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its named error.
        error: SiteError,
    },
    /// The site's or storage's answer is none of the protocol.
    #[error("{url} gave an answer that is not of this protocol: {why}")]
    BadAnswer {
        /// Address without query.
        url: String,
        /// What was wrong.
        why: String,
    },
    /// The relay could not be reached or broke off.
    #[error("relay {url}: {why}")]
    Relay {
        /// Its address.
        url: String,
        /// What happened.
        why: String,
    },
    /// The ledger did not do what was asked.
    #[error("ledger: {doing}: {source}")]
    Ledger {
        /// What was being done.
        doing: &'static str,
        /// What the driver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Media that cannot be written or recovered.
    #[error("slice {slice_id}: {doing}: {source}")]
    Media {
        /// Which slice.
        slice_id: String,
        /// What was being done.
        doing: &'static str,
        /// What was wrong with it.
        source: media::Error,
    },
    /// A slice's file or row is not what it should be.
    #[error("slice {slice_id}: {why}")]
    Slice {
        /// Which slice.
        slice_id: String,
        /// What is wrong, English.
        why: String,
    },
    /// Storage has no room; the file waits here.
    #[error("storage is full: the file waits on this machine. Make room on the site")]
    StorageFull,
    /// Something of the system is missing: randomness, a runtime, signals.
    #[error("{doing}: {why}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        why: String,
    },
}

impl GatherError {
    /// For `map_err`: an operation on a path failed.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether the site said that the grant or the gatherer is not valid (any more).
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// The site's error code, if it refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { error, .. } => Some(&error.code),
            _ => None,
        }
    }
}
