//! What can keep the server from starting.

use crate::config::ConfigError;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server did not start, or a command did not work.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file or directory of the data directory cannot be used.
    #[error("cannot {doing} {path}: {source}")]
    File {
        /// What was tried, e.g. `write`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A listener could not be bound.
    #[error("cannot listen on {addr} ({key}): {source}. {advice}")]
    Listen {
        /// The configuration's key.
        key: &'static str,
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
        /// What to do now.
        advice: String,
    },
    /// The secret is there but is not one.
    #[error(
        "{path} must hold 32 bytes and has {found}: put back the original from a backup, or remove it (all open logins and play addresses then end)"
    )]
    Secret {
        /// Where.
        path: PathBuf,
        /// Its size, bytes.
        found: usize,
    },
    /// No randomness for the secret.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] db::DbError),
    /// The storage volume cannot be used.
    #[error("cannot use {path} for recordings ([storage] volume): {source}")]
    Storage {
        /// Its directory.
        path: PathBuf,
        /// What storage said.
        source: storage::StorageError,
    },
    /// A set of roles that cannot run by itself.
    #[error("{0}")]
    Roles(String),
    /// The log could not be set up.
    #[error(transparent)]
    Log(#[from] base::log::LogError),
    /// A command was refused; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
}

/// What functions here answer.
pub type Result<T> = std::result::Result<T, ServerError>;

/// A failed file operation.
pub(crate) fn file(
    doing: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(std::io::Error) -> ServerError {
    let path = path.into();
    move |source| ServerError::File { doing, path, source }
}
