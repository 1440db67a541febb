//! Opening, migrating and closing; transactions of writers.

use crate::error::query;
use crate::migration::migrator;
use crate::{DbError, Result, migration};
use sqlx::AnyConnection;
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Transaction};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

texts! {
    CHECK = "SELECT 1";
    /// Locks the one row of `writer` until the end of the transaction.
    TAKE_TURN = "UPDATE writer SET turns = turns + 1 WHERE writer_id = 1";
}

/// Only SQLite knows this function; it is not among the texts both engines share.
const SQLITE_VERSION: &str = "SELECT sqlite_version()";

/// WAL: readers never wait for the writer. FULL: a committed row survives a power cut (promise P4 rests on it).
/// The busy timeout is for other processes (`yunlubo user`, a backup); inside this one writers queue fairly.
const PRAGMAS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                       PRAGMA busy_timeout=5000";

/// Releases before this one can corrupt a WAL database when two connections checkpoint at once.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
const SQLITE_MIN_TEXT: &str = "3.51.3";

/// SQLite knows no lock around migrations: of two processes one fails where the other was first (each migration is one
/// transaction), and finds it done when it asks again. One try more than there are migrations of a first start.
const MIGRATE_TRIES: u32 = migration::COUNT + 1;

/// How long a caller waits for a free connection before it is told.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The site's database. Clones share one pool.
#[derive(Debug, Clone)]
pub struct Db {
    pool: AnyPool,
    /// Writers of this process queue here instead of polling SQLite's lock; PostgreSQL does not need it and is not
    /// slowed by it: a school writes a few rows a second.
    writer: Arc<Mutex<()>>,
}

/// A reading connection, or one for a single statement.
pub(crate) type Reader = PoolConnection<Any>;

/// A writer's transaction: no other writer on any process runs until it ends. Dropped without
/// [`Write::commit`] it changes nothing.
pub(crate) struct Write {
    // Before the guard, so that the connection is given back first.
    transaction: Transaction<'static, Any>,
    _turn: OwnedMutexGuard<()>,
}

/// One writing statement by itself, in turn with the writers of this process.
pub(crate) struct Single {
    connection: PoolConnection<Any>,
    _turn: OwnedMutexGuard<()>,
}

impl Single {
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Write {
    pub(crate) fn conn(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    pub(crate) async fn commit(self, doing: &'static str) -> Result<()> {
        self.transaction.commit().await.map_err(query(doing))
    }
}

impl Db {
    /// Opens `sqlite://path?mode=rwc` or `postgres://user:password@host/name` with at most `max_connections`.
    ///
    /// Does not migrate: see [`Db::migrate`]. Fails with [`DbError::OldSqlite`] before anything is written when the
    /// linked SQLite is older than 3.51.3.
    pub async fn open(url: &str, max_connections: u32) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let failed = |e: sqlx::Error| DbError::Open { url: redacted(url), source: Box::new(e) };
        let pool = AnyPoolOptions::new()
            .max_connections(max_connections.max(2))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    if connection.backend_name() == "SQLite" {
                        sqlx::raw_sql(PRAGMAS).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await
            .map_err(failed)?;
        let db = Self { pool, writer: Arc::default() };
        db.refuse_old_sqlite().await?;
        Ok(db)
    }

    async fn refuse_old_sqlite(&self) -> Result<()> {
        const DOING: &str = "asking for the SQLite version";
        let mut connection = self.read(DOING).await?;
        if connection.backend_name() != "SQLite" {
            return Ok(());
        }
        let found: String =
            sqlx::query_scalar(SQLITE_VERSION).fetch_one(&mut *connection).await.map_err(query(DOING))?;
        if version(&found) < SQLITE_MIN {
            return Err(DbError::OldSqlite { found, needed: SQLITE_MIN_TEXT });
        }
        Ok(())
    }

    /// Brings the tables up to date. Running it again changes nothing; several processes may call it at once.
    pub async fn migrate(&self) -> Result<()> {
        let _turn = self.writer.lock().await;
        let mut tries_left = MIGRATE_TRIES;
        loop {
            tries_left -= 1;
            match migrator().run(&self.pool).await {
                Err(e) if tries_left == 0 => return Err(DbError::Migrate { source: Box::new(e) }),
                Err(e) => tracing::debug!("Migrating again, another process may have been first: {e}"),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Asks the database for an answer: for health pages.
    pub async fn check(&self) -> Result<()> {
        let mut connection = self.read("checking the database").await?;
        let answer: std::result::Result<i32, _> = sqlx::query_scalar(CHECK).fetch_one(&mut *connection).await;
        answer.map(|_| ()).map_err(query("checking the database"))
    }

    /// Waits for running statements and closes all connections; SQLite's WAL is folded into its file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) async fn read(&self, doing: &'static str) -> Result<Reader> {
        self.pool.acquire().await.map_err(query(doing))
    }

    pub(crate) async fn single(&self, doing: &'static str) -> Result<Single> {
        let turn = self.writer.clone().lock_owned().await;
        let connection = self.pool.acquire().await.map_err(query(doing))?;
        Ok(Single { connection, _turn: turn })
    }

    pub(crate) async fn write(&self, doing: &'static str) -> Result<Write> {
        let turn = self.writer.clone().lock_owned().await;
        let mut transaction = self.pool.begin().await.map_err(query(doing))?;
        sqlx::query(TAKE_TURN).execute(&mut *transaction).await.map_err(query(doing))?;
        Ok(Write { transaction, _turn: turn })
    }

    /// Prepares a text without running it: the test of [`crate::texts`].
    #[doc(hidden)]
    pub async fn prepare(&self, text: &'static str) -> Result<()> {
        use sqlx::{Executor, SqlSafeStr};
        let mut connection = self.read("preparing").await?;
        connection.prepare(text.into_sql_str()).await.map(|_| ()).map_err(query("preparing a statement"))
    }
}

fn version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// A database address for logs: without user, password and options.
fn redacted(url: &str) -> String {
    let url = url.split('?').next().unwrap_or("");
    match (url.split_once("://"), url.rfind('@')) {
        (Some((scheme, _)), Some(at)) => format!("{scheme}://{}", &url[at + 1..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_log() {
        assert_eq!(redacted("postgres://me:se@cret@db:5432/site?sslmode=x"), "postgres://db:5432/site");
        assert_eq!(redacted("sqlite:///var/site.db?mode=rwc"), "sqlite:///var/site.db");
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("3.9.0") < SQLITE_MIN);
        assert!(version("3.51.2") < SQLITE_MIN);
        assert!(version("3.51.3") >= SQLITE_MIN);
        assert!(version("3.100") > SQLITE_MIN);
    }
}
