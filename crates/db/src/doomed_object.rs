//! Objects no row refers to any more and that storage must still remove.

use crate::read::{get, rows, run, sql};
use crate::{Db, Result};
use sqlx::AnyConnection;

texts! {
    DOOM = "INSERT INTO doomed_object (object_id, doomed_at_ms) VALUES ($1, $2) ON CONFLICT (object_id) DO NOTHING";
    LIST = "SELECT object_id FROM doomed_object d
        WHERE NOT EXISTS (SELECT 1 FROM slice s WHERE s.object_id = d.object_id)
        AND NOT EXISTS (SELECT 1 FROM slice s WHERE s.still_object_id = d.object_id)
        AND NOT EXISTS (SELECT 1 FROM snapshot p WHERE p.object_id = d.object_id)
        ORDER BY doomed_at_ms, object_id LIMIT $1";
    GONE = "DELETE FROM doomed_object WHERE object_id = $1";
}

/// Notes objects for removal within the transaction that drops the last row naming them.
pub(crate) async fn doom(conn: &mut AnyConnection, objects: &[String], now_ms: i64) -> Result<()> {
    for id in objects {
        run(conn, "noting an object for removal", sql(DOOM).bind(id.as_str()).bind(now_ms)).await?;
    }
    Ok(())
}

/// Takes an object off the list, within the transaction that adds a row naming it again.
pub(crate) async fn spare(conn: &mut AnyConnection, object: &str) -> Result<()> {
    run(conn, "keeping an object", sql(GONE).bind(object)).await.map(|_| ())
}

impl Db {
    /// At most `limit` objects that wait for removal, oldest first. Asked at start and now and then, it heals what a
    /// crash between the deletion of rows and that of files left behind.
    ///
    /// Never one that a row still names: a gatherer that reports the file of a recording as a snapshot, and then a newer
    /// snapshot, must not have the recording removed.
    pub async fn doomed_objects(&self, limit: i64) -> Result<Vec<String>> {
        const DOING: &str = "listing objects to remove";
        let mut c = self.read(DOING).await?;
        rows(&mut c, DOING, sql(LIST).bind(limit), |r| get(r, "object_id")).await
    }

    /// Storage confirmed that these objects are gone (or never were).
    pub async fn objects_gone(&self, objects: &[String]) -> Result<()> {
        const DOING: &str = "forgetting removed objects";
        let mut w = self.write(DOING).await?;
        for id in objects {
            run(w.conn(), DOING, sql(GONE).bind(id.as_str())).await?;
        }
        w.commit(DOING).await
    }
}
