//! A real PostgreSQL: one server a test binary, one database a test, gone with the binary.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Starting takes about 2 s here; a loaded machine may need far longer.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// A running server.
pub struct Server {
    /// Holds data and socket.
    dir: PathBuf,
    bin: PathBuf,
    databases: AtomicU32,
    /// The watcher stops the server and removes `dir` when this end closes, however the test binary ends.
    _watcher: std::process::Child,
}

/// The server of this test binary; started by the first caller.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.dir.display())
    }

    /// Makes an empty database: its address.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(self.bin.join("createdb"));
        create.arg("-h").arg(&self.dir).args(["-U", "postgres", "-T", "template0", &name]);
        crate::fixture::run(&mut create);
        self.url(&name)
    }
}

fn start() -> Server {
    let bin = programs();
    let dir = tempfile::Builder::new().prefix("yunlubo-pg-").tempdir().unwrap().keep();
    let data = dir.join("data");
    std::fs::create_dir(&data).unwrap();
    let user = ordinary_user();
    if let Some((uid, gid)) = user {
        chown(&dir, Some(uid), Some(gid)).unwrap();
        chown(&data, Some(uid), Some(gid)).unwrap();
    }
    let made = as_user(user, &bin.join("initdb"))
        .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    let server = as_user(user, &bin.join("postgres"));
    let mut command: Vec<_> = vec![server.get_program().to_owned()];
    command.extend(server.get_args().map(ToOwned::to_owned));
    let log = std::fs::File::create(dir.join("log")).unwrap();
    // SIGQUIT ends at once without writing anything: nobody needs these data again.
    let watcher = Command::new("sh")
        .arg("-c")
        .arg(r#"dir=$1; shift; "$@" & cat >/dev/null; kill -QUIT $!; wait; rm -rf "$dir""#)
        .arg("sh")
        .arg(&dir)
        .args(command)
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(&dir)
        .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"])
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let server = Server { dir, bin: bin.clone(), databases: AtomicU32::new(0), _watcher: watcher };
    wait_until_it_answers(&server, &bin);
    server
}

fn wait_until_it_answers(server: &Server, bin: &Path) {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let asked =
            Command::new(bin.join("pg_isready")).arg("-q").arg("-h").arg(&server.dir).status().unwrap();
        if asked.success() {
            return;
        }
        let log = || std::fs::read_to_string(server.dir.join("log")).unwrap_or_default();
        assert!(Instant::now() < deadline, "PostgreSQL did not start: {}", log());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The newest installed PostgreSQL, or the one `YUNLUBO_POSTGRES_BIN` names.
fn programs() -> PathBuf {
    if let Some(bin) = std::env::var_os("YUNLUBO_POSTGRES_BIN") {
        return bin.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|v| v.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    found.sort();
    found.pop().expect("PostgreSQL is not installed: ./test.sh installs it (apt-get install postgresql)")
}

/// PostgreSQL refuses to run as root: then another user's ids.
fn ordinary_user() -> Option<(u32, u32)> {
    let id = |args: &[&str]| {
        let out = Command::new("id").args(args).output().ok()?;
        String::from_utf8(out.stdout).ok()?.trim().parse::<u32>().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = |name| Some((id(&["-u", name])?, id(&["-g", name])?));
    Some(user("postgres").or_else(|| user("nobody")).expect("neither user postgres nor nobody exists"))
}

fn as_user(user: Option<(u32, u32)>, program: &Path) -> Command {
    let Some((uid, gid)) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups").arg(program);
    command.current_dir("/");
    command
}
