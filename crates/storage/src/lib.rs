//! Tracker and storage: resumable upload (tus 1.0), safe placement, range serving by signed address, truth about space.
//!
//! The wire is docs/storage.md. Nothing outside chooses a path: objects and uploads have random ids made here, and only
//! a parsed [`ObjectId`] becomes a file name.

mod error;
mod id;
mod janitor;
mod limits;
mod lock;
mod range;
mod receive;
mod serve;
mod sniff;
mod tus;
mod upload;
mod volume;

pub use error::StorageError;
pub use id::ObjectId;
pub use limits::Limits;
pub use sniff::Kind;
pub use volume::{Space, Volume};

use model::grant::Signer;
use std::sync::Arc;

/// What every function here answers.
pub type Result<T> = std::result::Result<T, StorageError>;

/// The storage room: a volume, the site's signer, the limits. Clones share everything.
#[derive(Debug, Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    volume: Volume,
    signer: Signer,
    limits: Limits,
    locks: lock::Locks,
}

impl Storage {
    /// Storage on a volume. `signer` is the site's: it verifies who uploads and reads, and signs receipts.
    pub fn new(volume: Volume, signer: Signer, limits: Limits) -> Self {
        Self { inner: Arc::new(Inner { volume, signer, limits, locks: lock::Locks::default() }) }
    }

    /// The volume: for status pages and for removing objects.
    pub fn volume(&self) -> &Volume {
        &self.inner.volume
    }

    /// The limits it was made with.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    fn locks(&self) -> &lock::Locks {
        &self.inner.locks
    }
}

/// `/upload`, `/upload/{id}` and `/object/{id}`: for a listener of its own or under the site's.
pub fn router(storage: Storage) -> axum::Router {
    tus::router(storage.clone()).merge(serve::router(storage))
}
