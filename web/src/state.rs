//! What every handler can reach.

use crate::limit::LoginLimiter;
use base::Clock;
use model::grant::Signer;
use std::path::PathBuf;
use std::sync::Arc;

/// What the site was configured with.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// Address by which people reach the site, e.g. `https://video.school.cn`; empty when unknown. With `https` cookies
    /// are marked Secure.
    pub public_url: String,
    /// Where the setup code lies.
    pub data_dir: PathBuf,
    /// Relay address told to gatherers; empty = the site's own host.
    pub relay_host: String,
    /// Relay port told to gatherers; 0 = `/relay` on the site's own port.
    pub relay_port: u16,
    /// Base URL of the storage told to gatherers; empty = the site's own address.
    pub storage_url: String,
    /// Port on which this process serves storage, shown in 组件设置; 0 = only through the site's own.
    pub storage_port: u16,
    /// Port on which this process serves the tracker, shown and tested in 组件设置; 0 = only through the site's own.
    pub tracker_port: u16,
}

impl SiteConfig {
    /// Defaults for a site that keeps its files in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            public_url: String::new(),
            data_dir,
            relay_host: String::new(),
            relay_port: 0,
            storage_url: String::new(),
            storage_port: 0,
            tracker_port: 0,
        }
    }

    /// Whether browsers come over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// What every handler can reach. Clones are cheap and share everything.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub db: db::Db,
    /// Who is on line; carries commands to gatherers.
    pub relay: relay::Handle,
    /// Running streams and their viewers.
    pub live: live::Handle,
    /// The storage of this process, for its free space; `None` when it runs elsewhere.
    pub storage: Option<storage::Storage>,
    /// Signs and verifies grants.
    pub signer: Signer,
    /// Configuration.
    pub site: Arc<SiteConfig>,
    /// Failed logins.
    pub limiter: Arc<LoginLimiter>,
    /// Clicks counted lately (R-LIV-08).
    pub clicks: Arc<crate::api::clicks::Clicks>,
    /// Challenges of gatherers' logins that were used.
    pub nonces: Arc<crate::api::nonces::Nonces>,
    /// Boards of the day that somebody looks at.
    pub boards: Arc<crate::pages::admin::today::watch::Boards>,
    /// Calendar feeds made lately.
    pub shelf: Arc<crate::api::feed::Shelf>,
    /// The clock.
    pub clock: Clock,
}

impl AppState {
    /// Everything with the machine's clock, without a storage of its own.
    pub fn new(
        db: db::Db,
        relay: relay::Handle,
        live: live::Handle,
        signer: Signer,
        site: SiteConfig,
    ) -> Self {
        Self {
            db,
            relay,
            live,
            storage: None,
            signer,
            site: Arc::new(site),
            limiter: Arc::default(),
            clicks: Arc::default(),
            nonces: Arc::default(),
            boards: Arc::default(),
            shelf: Arc::default(),
            clock: Clock::System,
        }
    }

    /// Now, Unix ms.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppState").field("site", &self.site).finish_non_exhaustive()
    }
}
