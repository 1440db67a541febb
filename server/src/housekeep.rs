//! Small standing tasks that join rooms: newer states to the relay, expired sessions, files nobody refers to.

use base::{Tasks, now_ms};
use model::GathererId;
use std::collections::HashMap;
use std::time::Duration;
use tracing::{info, warn};

/// How often state versions are compared. The site tells the relay at once; this is for changes by other processes
/// (`yunlubo demo-seed`, a second site on the same database).
const STATES_EVERY: Duration = Duration::from_secs(5);
/// How often expired sessions are removed.
const SESSIONS_EVERY: Duration = Duration::from_secs(3600);

/// How often files that no row names any more are removed: a deleted recording should be gone when the admin looks.
const OBJECTS_EVERY: Duration = Duration::from_secs(5);
/// Most of them in one round, so that a large clean-up leaves the disk to recordings in between.
const OBJECTS_A_ROUND: i64 = 200;

/// Starts them all.
pub fn start(db: &db::Db, relay: &relay::Handle, storage: &storage::Storage, tasks: &Tasks) {
    tasks.spawn("state versions", states(db.clone(), relay.clone(), tasks.clone()));
    tasks.spawn("expired sessions", sessions(db.clone(), tasks.clone()));
    tasks.spawn("doomed objects", objects(db.clone(), storage.clone(), tasks.clone()));
}

/// `false` when it is time to stop.
async fn pause(tasks: &Tasks, time: Duration) -> bool {
    tasks.token().run_until_cancelled(tokio::time::sleep(time)).await.is_some()
}

async fn states(db: db::Db, relay: relay::Handle, tasks: Tasks) {
    let mut known: HashMap<GathererId, i64> = HashMap::new();
    while pause(&tasks, STATES_EVERY).await {
        match db.state_versions().await {
            Ok(all) => {
                for (id, version) in newer(&mut known, all) {
                    relay.state_changed(id, version);
                }
            }
            Err(e) => warn!(error = %e, "State versions could not be read: {e}"),
        }
    }
}

/// Whose version is new or above the known one. Telling a gatherer what it knows costs it one request answered by 304.
fn newer(known: &mut HashMap<GathererId, i64>, all: Vec<(GathererId, i64)>) -> Vec<(GathererId, i64)> {
    let rises =
        |(id, version): &(GathererId, i64)| known.insert(*id, *version).is_none_or(|old| old < *version);
    all.into_iter().filter(rises).collect()
}

async fn sessions(db: db::Db, tasks: Tasks) {
    while pause(&tasks, SESSIONS_EVERY).await {
        match db.purge_sessions(now_ms()).await {
            Ok(count) => info!(count, "Removed {count} expired sessions"),
            Err(e) => warn!(error = %e, "Expired sessions could not be removed: {e}"),
        }
    }
}

async fn objects(db: db::Db, storage: storage::Storage, tasks: Tasks) {
    loop {
        match remove_doomed(&db, &storage).await {
            Ok(0) => {}
            Ok(count) => info!(count, "Removed {count} files that nothing refers to"),
            Err(e) => warn!(error = %e, "Files that nothing refers to could not be looked up: {e}"),
        }
        if !pause(&tasks, OBJECTS_EVERY).await {
            return;
        }
    }
}

/// Removes files of deleted recordings; one that cannot be removed stays on the list.
async fn remove_doomed(db: &db::Db, storage: &storage::Storage) -> db::Result<usize> {
    let mut gone = Vec::new();
    for object in db.doomed_objects(OBJECTS_A_ROUND).await? {
        // What is no id names no file.
        let removed = match storage::ObjectId::parse(&object) {
            Some(id) => storage.volume().delete(&id).await.map(|_| ()),
            None => Ok(()),
        };
        match removed {
            Ok(()) => gone.push(object),
            Err(e) => warn!(object.id = %object, error = %e, "Object `{object}` could not be removed: {e}"),
        }
    }
    if !gone.is_empty() {
        db.objects_gone(&gone).await?;
    }
    Ok(gone.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_when_it_is_new_or_rose() {
        let mut known = HashMap::new();
        let all = |a, b| vec![(GathererId(1), a), (GathererId(2), b)];
        assert_eq!(newer(&mut known, all(3, 3)), all(3, 3));
        assert_eq!(newer(&mut known, all(3, 4)), [(GathererId(2), 4)]);
        assert_eq!(newer(&mut known, all(3, 4)), []);
    }
}
