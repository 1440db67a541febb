//! Challenges of gatherers' logins, each good for one login: a recorded login cannot be played again.

use std::collections::HashMap;
use std::sync::Mutex;

/// A challenge works this long (protocol.md §5).
pub const LIFE_MS: i64 = 60_000;
/// Spent challenges remembered; more logins a minute than this are refused.
const SPENT_MAX: usize = 10_000;

/// The challenges spent within their life.
#[derive(Debug, Default)]
pub struct Nonces {
    // A plain mutex: nothing is awaited while it is held.
    spent: Mutex<HashMap<String, i64>>,
}

impl Nonces {
    /// Uses up `nonce`; `false` when it was used before.
    pub fn spend(&self, nonce: &str, now_ms: i64) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(|e| e.into_inner());
        if spent.len() >= SPENT_MAX {
            spent.retain(|_, at_ms| now_ms - *at_ms <= LIFE_MS);
        }
        spent.len() < SPENT_MAX && spent.insert(nonce.to_owned(), now_ms).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once() {
        let nonces = Nonces::default();
        assert!(nonces.spend("a", 0));
        assert!(!nonces.spend("a", 1));
        assert!(nonces.spend("b", 1));
    }
}
