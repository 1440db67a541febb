//! 点击: an opened channel or lesson counts once per viewer and half hour (R-LIV-08 without its inflation).

use std::collections::HashMap;
use std::sync::Mutex;

/// The same viewer counts again after this long.
pub const AGAIN_MS: i64 = 30 * 60_000;
/// Views remembered; when full, those that may count again are dropped, else nothing new is counted.
const VIEWS_MAX: usize = 50_000;

/// Who opened what lately.
#[derive(Debug, Default)]
pub struct Clicks {
    // A plain mutex: nothing is awaited while it is held.
    seen: Mutex<HashMap<(String, String), i64>>,
}

impl Clicks {
    /// Whether `viewer` opened `what` lately, so that another opening would not count.
    pub fn has(&self, viewer: &str, what: &str, now_ms: i64) -> bool {
        let seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
        seen.get(&(viewer.to_owned(), what.to_owned())).is_some_and(|at_ms| now_ms - at_ms < AGAIN_MS)
    }

    /// Whether this opening of `what` by `viewer` counts.
    pub fn counts(&self, viewer: &str, what: &str, now_ms: i64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
        if seen.len() >= VIEWS_MAX {
            seen.retain(|_, at_ms| now_ms - *at_ms < AGAIN_MS);
        }
        let key = (viewer.to_owned(), what.to_owned());
        match seen.get(&key) {
            Some(at_ms) if now_ms - at_ms < AGAIN_MS => false,
            None if seen.len() >= VIEWS_MAX => false,
            _ => {
                seen.insert(key, now_ms);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_is_no_second_click() {
        let clicks = Clicks::default();
        assert!(clicks.counts("a", "live1", 0));
        assert!(!clicks.counts("a", "live1", AGAIN_MS - 1));
        assert!(clicks.counts("b", "live1", 1));
        assert!(clicks.counts("a", "live2", 1));
        assert!(clicks.counts("a", "live1", AGAIN_MS));
    }
}
