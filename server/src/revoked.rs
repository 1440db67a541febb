//! Rights that were taken away while somebody watches: accounts removed or disabled, a site closed to guests. The live
//! server asks every few seconds whether a viewer may go on; a play grant alone would work as long as its page is open.

use base::Tasks;
use model::UserId;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tracing::warn;

/// How often accounts and settings are looked at: a removed viewer sees a few seconds more.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Who lost the right to watch since this process started. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Revoked {
    // A std lock: asked on network tasks, nothing is awaited under it.
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Accounts seen in good standing once. Ids are never used again.
    active: HashSet<UserId>,
    /// Those that are no longer.
    ended: HashSet<UserId>,
    /// Whether guests might watch when it was last looked.
    open: bool,
    /// Whether they might once and may no longer.
    closed: bool,
}

impl Revoked {
    /// Whether the right of `viewer` was taken away. Viewers are named by the site: `u<account>.<random>`, or `guest.…`.
    pub fn has(&self, viewer: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let who = viewer.split('.').next().unwrap_or_default();
        match who.strip_prefix('u').and_then(|id| id.parse().ok()) {
            Some(id) => known.ended.contains(&UserId(id)),
            None => known.closed && who == "guest",
        }
    }

    /// What stands in the database now. Only what was seen to end has ended: an account that is newer than the last
    /// look may watch at once.
    fn look(&self, active: Vec<UserId>, open: bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let now: HashSet<UserId> = active.into_iter().collect();
        let gone: Vec<UserId> = known.active.difference(&now).copied().collect();
        known.ended.extend(gone);
        known.ended.retain(|id| !now.contains(id));
        known.closed = !open && (known.open || known.closed);
        (known.active, known.open) = (now, open);
    }

    /// Looks until the server stops.
    pub async fn watch(self, db: db::Db, tasks: Tasks) {
        loop {
            match (db.active_users().await, db.settings().await) {
                (Ok(active), Ok(settings)) => self.look(active, settings.openness().live),
                (Err(e), _) | (_, Err(e)) => warn!(error = %e, "Rights of viewers were not looked at: {e}"),
            }
            if tasks.token().run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_removed_or_shut_out_no_longer_watches() {
        let revoked = Revoked::default();
        assert!(!revoked.has("u1.a") && !revoked.has("guest.a"), "nothing is known yet");
        revoked.look(vec![UserId(1), UserId(2)], true);
        revoked.look(vec![UserId(1)], true);
        assert!(revoked.has("u2.a") && !revoked.has("u1.a") && !revoked.has("guest.a"));
        assert!(!revoked.has("u3.a"), "newer than the last look");
        revoked.look(vec![UserId(1), UserId(2)], false);
        assert!(!revoked.has("u2.a"), "allowed again");
        assert!(revoked.has("guest.a"));
        revoked.look(vec![], false);
        assert!(revoked.has("guest.a") && revoked.has("u1.a"));
        revoked.look(vec![], true);
        assert!(!revoked.has("guest.a"));
    }
}
