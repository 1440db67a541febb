//! Stored files as pages see them: signed addresses that expire. Their removal is not done here: whoever drops the last
//! row that names a file notes it in the same transaction (`db`), and the server's housekeeping removes it.

use crate::session::Visitor;
use crate::state::AppState;
use model::grant::Right;

/// Stills change address every so often, so that a browser may keep them until then.
const STILL_MS: i64 = 10 * 60_000;
/// A recording's address lasts a long lesson with pauses; the player asks for a new one when it has run out.
const FILE_MS: i64 = 4 * 3_600_000;

/// Address of a still for this visitor. The same for some minutes, so that it is fetched once.
pub fn still(state: &AppState, visitor: &Visitor, object_id: &str) -> String {
    let now_ms = state.now_ms();
    address(state, visitor, object_id, now_ms - now_ms.rem_euclid(STILL_MS) + 2 * STILL_MS)
}

/// Address of a recorded file for this visitor.
pub fn file(state: &AppState, visitor: &Visitor, object_id: &str) -> String {
    address(state, visitor, object_id, state.now_ms() + FILE_MS)
}

fn address(state: &AppState, visitor: &Visitor, object_id: &str, until_ms: i64) -> String {
    let subject = visitor.user.as_ref().map_or_else(|| "guest".to_owned(), |u| format!("u{}", u.id));
    let token = state.signer.sign(Right::Read, object_id, &subject, until_ms);
    format!("/object/{object_id}?token={token}")
}

/// Tells the log what a deletion left to the housekeeping.
pub async fn remove(_: &AppState, objects: impl IntoIterator<Item = String>) {
    let count = objects.into_iter().count();
    if count > 0 {
        tracing::info!(objects = count, "{count} stored objects wait for their removal");
    }
}
