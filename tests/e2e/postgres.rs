//! The same walk on PostgreSQL: only the database URL differs.

use std::time::Duration;
use testkit::fixture::Clip;
use testkit::postgres;
use testkit::{Options, System};
use yunlubo_tests::{check_slice, slices};

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_recorded_with_postgresql_as_the_database() {
    let system =
        System::start(Options { database: Some(postgres::server().database()), ..Options::default() }).await;
    let clip = Clip::default().make(&system.gather_dir().join("media"), "a.mp4");
    let channel = system.file_channel(&clip, "一班").await;
    system.running(channel).await;
    system.plan(channel, Duration::from_secs(3), Duration::from_secs(35)).await;
    for path in slices(&system, 1, Duration::from_secs(80), system.dir()).await {
        check_slice(&path, &["h264", "aac"]);
    }
    let embedded = system.dir().join("server/yunlubo.db");
    assert!(!embedded.exists(), "the server kept its rows in SQLite");
}
