//! 通道截图: the newest picture of each channel.

use crate::doomed_object::doom;
use crate::read::{ReadResult, get, row, run, run_or, sql};
use crate::state::unknown;
use crate::{Db, Result};
use model::ChannelId;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

texts! {
    GET = "SELECT channel_id, object_id, taken_at_ms FROM snapshot WHERE channel_id = $1";
    PUT = "INSERT INTO snapshot (channel_id, object_id, taken_at_ms) VALUES ($1, $2, $3)
        ON CONFLICT (channel_id) DO UPDATE SET object_id = excluded.object_id, taken_at_ms = excluded.taken_at_ms";
    DELETE = "DELETE FROM snapshot WHERE channel_id = $1";
}

/// The newest picture of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose picture.
    pub channel_id: ChannelId,
    /// The JPEG in storage.
    pub object_id: String,
    /// When it was taken, Unix ms.
    pub taken_at_ms: i64,
}

fn read(r: &AnyRow) -> ReadResult<Snapshot> {
    Ok(Snapshot {
        channel_id: ChannelId(get(r, "channel_id")?),
        object_id: get(r, "object_id")?,
        taken_at_ms: get(r, "taken_at_ms")?,
    })
}

async fn load(conn: &mut AnyConnection, id: ChannelId) -> Result<Option<Snapshot>> {
    row(conn, "reading a snapshot", sql(GET).bind(id.0), read).await
}

/// Removes a channel's snapshot: its object.
pub(crate) async fn delete(conn: &mut AnyConnection, id: ChannelId, now_ms: i64) -> Result<Option<String>> {
    let Some(old) = load(conn, id).await? else { return Ok(None) };
    run(conn, "removing a snapshot", sql(DELETE).bind(id.0)).await?;
    doom(conn, std::slice::from_ref(&old.object_id), now_ms).await?;
    Ok(Some(old.object_id))
}

impl Db {
    /// The newest picture of a channel, if one was taken.
    pub async fn snapshot(&self, id: ChannelId) -> Result<Option<Snapshot>> {
        let mut c = self.read("reading a snapshot").await?;
        load(&mut c, id).await
    }

    /// Keeps a newer picture. Gives the object that nothing names any more, to be removed from storage: the one
    /// replaced, or the new one when a newer picture is there already. Asking again with the same picture gives none.
    pub async fn put_snapshot(&self, new: &Snapshot, now_ms: i64) -> Result<Option<String>> {
        const DOING: &str = "keeping a snapshot";
        let mut w = self.write(DOING).await?;
        let old = load(w.conn(), new.channel_id).await?;
        let unneeded = match old {
            Some(old) if old.object_id == new.object_id => return Ok(None),
            Some(old) if old.taken_at_ms > new.taken_at_ms => Some(new.object_id.clone()),
            old => {
                let put = sql(PUT).bind(new.channel_id.0).bind(new.object_id.as_str()).bind(new.taken_at_ms);
                run_or(w.conn(), put, unknown("channel_id", DOING)).await?;
                old.map(|old| old.object_id)
            }
        };
        doom(w.conn(), unneeded.as_slice(), now_ms).await?;
        w.commit(DOING).await?;
        Ok(unneeded)
    }
}
