//! Every behaviour of `db`, once on SQLite and once on PostgreSQL.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that meets an error has failed")]
#![allow(clippy::print_stdout, reason = "a test that measures says what it measured")]

/// Writes one test as two: `name::sqlite` and `name::postgres`, each with an empty, migrated and seeded database.
macro_rules! on_both {
    ($(async fn $name:ident($db:ident: Db) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every body names something of its file")]
            use super::*;

            async fn check($db: db::Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let dir = tempfile::tempdir().unwrap();
                let db = $crate::sqlite_in(dir.path()).await;
                check(db.clone()).await;
                db.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let url = testkit::postgres::server().database();
                let db = $crate::ready(&url).await;
                check(db.clone()).await;
                db.close().await;
            }
        }
    )*};
}

mod accounts;
mod basics;
mod changes;
mod classes;
mod imports;
mod plans;
mod recordings;
mod remembered;
mod samples;
mod timetables;
mod whole;

/// A moment: 2026-11-20 08:00 in Shanghai.
const NOW_MS: i64 = 1_795_132_800_000;

async fn ready(url: &str) -> db::Db {
    let db = db::Db::open(url, 8).await.unwrap();
    db.migrate().await.unwrap();
    db.seed(NOW_MS).await.unwrap();
    db
}

async fn sqlite_in(dir: &std::path::Path) -> db::Db {
    ready(&format!("sqlite://{}?mode=rwc", dir.join("site.db").display())).await
}
