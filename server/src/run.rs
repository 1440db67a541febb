//! Builds every room in order, opens the doors, and closes them again.

use crate::config::{Config, SQLITE_FILE};
use crate::error::{Result, ServerError, file};
use crate::gate::{LiveGate, RelayGate};
use crate::ports::{self, Ports};
use crate::revoked::Revoked;
use crate::roles::Roles;
use crate::starter::RelayStarter;
use crate::{housekeep, http, secret};
use axum::Router;
use base::{CancellationToken, Tasks, now_ms};
use model::grant::Signer;
use relay::relay_proto::TerminalType;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tracing::{info, warn};

/// Every task has ended within this after SIGTERM, or is aborted; uploads in flight keep the bytes that were written.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// Name of the file that one server a data directory holds locked.
const LOCK: &str = "lock";

/// A server that is up.
pub struct Running {
    /// What it listens on.
    pub ports: Ports,
    tasks: Tasks,
    live: Option<live::Handle>,
    db: Option<db::Db>,
    data_dir: PathBuf,
    /// Held until the end: a second server on these files would break what both promise.
    _lock: std::fs::File,
}

impl Running {
    /// Waits until the shutdown token given to [`run`] is cancelled and everything has stopped, which takes at most
    /// 10 s.
    pub async fn wait(self) {
        self.tasks.token().cancelled().await;
        // Whoever waits for the next start must not read these.
        let _ = std::fs::remove_file(self.data_dir.join(ports::FILE));
        let live = async {
            if let Some(live) = &self.live {
                live.stop().await;
            }
        };
        let (late, ()) = tokio::join!(self.tasks.stop_all(STOP_WITHIN), live);
        if let Some(db) = &self.db
            && tokio::time::timeout(Duration::from_secs(1), db.close()).await.is_err()
        {
            warn!("The database did not close within 1 s; nothing that was promised is lost");
        }
        info!(late = late.len(), "Stopped");
    }
}

/// Starts the whole server on `data_dir`; it stops when `shutdown` is cancelled.
pub async fn run(config: Config, data_dir: &Path, shutdown: CancellationToken) -> Result<Running> {
    run_roles(config, data_dir, Roles::All, shutdown).await
}

/// As [`run`], with the parts that `roles` names.
pub async fn run_roles(
    config: Config,
    data_dir: &Path,
    roles: Roles,
    shutdown: CancellationToken,
) -> Result<Running> {
    make_data_dir(data_dir)?;
    let lock = lock(data_dir)?;
    // A start that fails half way takes its tasks with it.
    let tasks = Tasks::under(shutdown.child_token());
    let undo = tasks.token().clone().drop_guard();
    let _ = std::fs::remove_file(data_dir.join(ports::FILE));
    let signer = secret::signer(data_dir)?;
    let doors = Doors::bind(&config, roles).await?;
    let ports = doors.ports()?;
    let storage = open_storage(&config, data_dir, &signer, &tasks)?;
    let (live, db) = match roles {
        Roles::Storage => {
            doors.open_storage(&config, storage::router(storage), &tasks);
            (None, None)
        }
        Roles::All => {
            let db = open_database(&config, data_dir, now_ms()).await?;
            let rooms = Rooms { db: db.clone(), storage, signer, ports, data_dir: data_dir.to_owned() };
            (Some(rooms.open(&config, doors, &tasks).await?), Some(db))
        }
    };
    ports.write(data_dir)?;
    undo.disarm();
    info!(site = ports.site, rtmp = ports.rtmp, relay = ports.relay, storage = ports.storage, "Ready");
    Ok(Running { ports, tasks, live, db, data_dir: data_dir.to_owned(), _lock: lock })
}

/// Makes the data directory, closed to other users.
pub(crate) fn make_data_dir(data_dir: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(file("make", data_dir))
}

/// Makes the database's file readable by its owner only: it holds camera passwords. SQLite gives its WAL the same mode.
fn keep_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let held = options.append(true).create(true).mode(0o600).open(path).map_err(file("open", path))?;
    held.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(file("protect", path))
}

fn lock(data_dir: &Path) -> Result<std::fs::File> {
    let path = data_dir.join(LOCK);
    let held = std::fs::File::create(&path).map_err(file("make", &path))?;
    match held.try_lock() {
        Ok(()) => Ok(held),
        Err(std::fs::TryLockError::WouldBlock) => Err(ServerError::Refused(format!(
            "已有一个 yunlubo serve 在使用 {dir}：先停止它，或用 --data 指定另一个目录。 Another `yunlubo serve` uses {dir}: stop \
             it, or name another directory with --data.",
            dir = data_dir.display()
        ))),
        Err(std::fs::TryLockError::Error(e)) => Err(file("lock", path)(e)),
    }
}

/// Opens and migrates the database; a new site gets its seeds and the configured time zone.
pub(crate) async fn open_database(config: &Config, data_dir: &Path, now_ms: i64) -> Result<db::Db> {
    if config.database.url.is_empty() {
        keep_private(&data_dir.join(SQLITE_FILE))?;
    }
    let db = db::Db::open(&config.database_url(data_dir), config.database.connections).await?;
    db.migrate().await?;
    let is_new = db.settings().await?.site_tag.is_empty();
    db.seed(now_ms).await?;
    if is_new {
        let mut settings = db.settings().await?;
        settings.time_zone = config.site.time_zone.clone();
        db.save_settings(&settings).await?;
    }
    Ok(db)
}

fn open_storage(
    config: &Config,
    data_dir: &Path,
    signer: &Signer,
    tasks: &Tasks,
) -> Result<storage::Storage> {
    let path = config.volume(data_dir);
    let volume =
        storage::Volume::open(&path).map_err(|source| ServerError::Storage { path: path.clone(), source })?;
    let limits =
        storage::Limits { reserve_percent: config.storage.reserve_percent, ..storage::Limits::default() };
    let storage = storage::Storage::new(volume, signer.clone(), limits);
    tasks.spawn("storage janitor", storage.clone().run_janitor(tasks.token().clone().cancelled_owned()));
    Ok(storage)
}

/// The listeners of the parts that run here.
struct Doors {
    site: Option<TcpListener>,
    rtmp: Option<TcpListener>,
    live_http: Option<TcpListener>,
    relay: Option<TcpListener>,
    storage: TcpListener,
    tracker: TcpListener,
}

impl Doors {
    /// Binds all before anything is built: a taken port is told at once and nothing has to be undone.
    async fn bind(config: &Config, roles: Roles) -> Result<Self> {
        let all = roles == Roles::All;
        let when =
            |key, addr| async move { if all { ports::bind(key, addr).await.map(Some) } else { Ok(None) } };
        Ok(Self {
            site: when("site.listen", config.site.listen).await?,
            rtmp: when("live.rtmp_listen", config.live.rtmp_listen).await?,
            live_http: when("live.http_listen", config.live.http_listen).await?,
            relay: when("relay.listen", config.relay.listen).await?,
            storage: ports::bind("storage.listen", config.storage.listen).await?,
            tracker: ports::bind("tracker.listen", config.tracker.listen).await?,
        })
    }

    fn ports(&self) -> Result<Ports> {
        let of = |listener: &TcpListener| {
            listener
                .local_addr()
                .map(|a| a.port())
                .map_err(|e| ServerError::Refused(format!("a listener has no address: {e}")))
        };
        let maybe = |listener: &Option<TcpListener>| listener.as_ref().map_or(Ok(0), of);
        Ok(Ports {
            site: maybe(&self.site)?,
            rtmp: maybe(&self.rtmp)?,
            live_http: maybe(&self.live_http)?,
            relay: maybe(&self.relay)?,
            storage: of(&self.storage)?,
            tracker: of(&self.tracker)?,
        })
    }

    fn open_storage(self, config: &Config, app: Router, tasks: &Tasks) {
        let connections = config.storage.connections;
        let tracker = http::serve("tracker", self.tracker, app.clone(), connections, tasks.clone());
        tasks.spawn("tracker listener", tracker);
        let storage = http::serve("storage", self.storage, app, connections, tasks.clone());
        tasks.spawn("storage listener", storage);
    }
}

/// What the rooms are built from.
struct Rooms {
    db: db::Db,
    storage: storage::Storage,
    signer: Signer,
    ports: Ports,
    data_dir: PathBuf,
}

impl Rooms {
    /// Relay, then live server, then site; each gets what it asks through, then the listeners are served.
    async fn open(self, config: &Config, mut doors: Doors, tasks: &Tasks) -> Result<live::Handle> {
        let Self { db, storage, signer, ports, data_dir } = self;
        let gate = Arc::new(RelayGate::new(signer.clone(), db.clone(), tasks));
        let limits =
            relay::connection::Limits { connections: config.relay.connections, ..Default::default() };
        let relay = relay::start(gate, tasks, limits);
        let revoked = Revoked::default();
        tasks.spawn("viewers' rights", revoked.clone().watch(db.clone(), tasks.clone()));
        let starter = RelayStarter::new(db.clone(), relay.clone(), signer.clone(), ports.rtmp);
        let live = live::start(
            live_config(config),
            Arc::new(LiveGate::new(signer.clone(), revoked)),
            Arc::new(starter),
            doors.rtmp.take(),
            tasks.token().clone(),
        );
        relay.register_local(TerminalType::Site, "网站 site", at(config.site.listen, ports.site));
        relay.register_local(TerminalType::Live, "直播服务器 live", at(config.live.rtmp_listen, ports.rtmp));
        housekeep::start(&db, &relay, &storage, tasks);

        let site = web::SiteConfig {
            public_url: config.site.public_url.clone(),
            relay_port: ports.relay,
            storage_port: ports.storage,
            tracker_port: ports.tracker,
            ..web::SiteConfig::new(data_dir.clone())
        };
        let mut state = web::AppState::new(db.clone(), relay.clone(), live.clone(), signer, site);
        state.storage = Some(storage.clone());
        state.boards = Arc::new(web::pages::admin::today::watch::Boards::under(tasks.token().clone()));
        let (live_app, relay_app) = (live::http::router(live.clone()), relay::router(relay));
        let storage_app = storage::router(storage);
        let one_port =
            web::router(state).merge(live_app.clone()).merge(relay_app.clone()).merge(storage_app.clone());
        let listen = |name: &'static str, door: Option<TcpListener>, app: Router, connections: usize| {
            if let Some(door) = door {
                tasks.spawn(
                    format!("{name} listener"),
                    http::serve(name, door, app, connections, tasks.clone()),
                );
            }
        };
        listen("live", doors.live_http.take(), live_app, config.live.connections);
        listen("relay", doors.relay.take(), relay_app, config.relay.connections);
        listen("site", doors.site.take(), one_port, config.site.connections);
        doors.open_storage(config, storage_app, tasks);
        if !db.is_claimed().await? {
            let path = data_dir.join(web::setup::FILE);
            crate::cli::current_setup_code(&data_dir, now_ms()).map(|_| ())?;
            info!(
                "This site has no admin yet: open /setup with the code in `{}` (yunlubo setup-code)",
                path.display()
            );
        }
        Ok(live)
    }
}

/// An address with the port that was bound.
fn at(listen: SocketAddr, port: u16) -> SocketAddr {
    SocketAddr::new(listen.ip(), port)
}

fn live_config(config: &Config) -> live::Config {
    let seconds = Duration::from_secs;
    live::Config {
        times: live::DemandTimes {
            start_timeout: seconds(config.live.start_timeout_s),
            linger: seconds(config.live.linger_s),
            lease: seconds(config.live.lease_s),
        },
        viewers_per_stream: config.live.viewers_per_stream,
        ..live::Config::default()
    }
}
