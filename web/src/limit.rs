//! Guessing passwords is slow: failed logins are counted by account and by address (appendix B of the security study).

use std::collections::HashMap;
use std::sync::Mutex;

/// Failures allowed in a minute.
pub const PER_MINUTE: usize = 5;
/// Failures allowed in an hour.
pub const PER_HOUR: usize = 20;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
/// Accounts and addresses remembered; when full, the one whose last failure is oldest is forgotten.
const KEYS_MAX: usize = 10_000;

/// Counts failed logins in memory. A restart forgets them; a guesser cannot restart us.
#[derive(Debug, Default)]
pub struct LoginLimiter {
    // A plain mutex: nothing is awaited while it is held and the sections are tiny.
    failures: Mutex<HashMap<String, Vec<i64>>>,
}

impl LoginLimiter {
    /// Asks and counts in one step, before the password is looked at, so that parallel guesses are counted too: `None` =
    /// go on (and [`LoginLimiter::forgive`] when it was right), else milliseconds to wait.
    pub fn try_now(&self, keys: &[String], now_ms: i64) -> Option<i64> {
        let mut failures = self.failures.lock().unwrap_or_else(|e| e.into_inner());
        let wait = keys.iter().filter_map(|key| wait_ms(failures.get(key)?, now_ms)).max();
        if wait.is_none() {
            count(&mut failures, keys, now_ms);
        }
        wait
    }

    #[cfg(test)]
    fn wait_ms(&self, keys: &[String], now_ms: i64) -> Option<i64> {
        let failures = self.failures.lock().unwrap_or_else(|e| e.into_inner());
        keys.iter().filter_map(|key| wait_ms(failures.get(key)?, now_ms)).max()
    }

    #[cfg(test)]
    fn count(&self, keys: &[String], now_ms: i64) {
        count(&mut self.failures.lock().unwrap(), keys, now_ms);
    }

    /// Takes the last try back: it was the right password.
    pub fn forgive(&self, keys: &[String]) {
        let mut failures = self.failures.lock().unwrap_or_else(|e| e.into_inner());
        for key in keys {
            if failures.get_mut(key).is_some_and(|times| times.pop().is_some() && times.is_empty()) {
                failures.remove(key);
            }
        }
    }
}

fn count(failures: &mut HashMap<String, Vec<i64>>, keys: &[String], now_ms: i64) {
    for key in keys {
        if failures.len() >= KEYS_MAX && !failures.contains_key(key) {
            forget_oldest(failures);
        }
        let times = failures.entry(key.clone()).or_default();
        times.retain(|t| now_ms - t < HOUR_MS);
        if times.len() < PER_HOUR {
            times.push(now_ms);
        }
    }
}

fn wait_ms(times: &[i64], now_ms: i64) -> Option<i64> {
    let until = |span_ms: i64, allowed: usize| {
        let recent: Vec<i64> = times.iter().copied().filter(|t| now_ms - t < span_ms).collect();
        let blocking = recent.len().checked_sub(allowed)?;
        Some(recent[blocking] + span_ms - now_ms)
    };
    until(MINUTE_MS, PER_MINUTE).max(until(HOUR_MS, PER_HOUR))
}

fn forget_oldest(failures: &mut HashMap<String, Vec<i64>>) {
    let oldest =
        failures.iter().min_by_key(|(_, times)| times.last().copied().unwrap_or(0)).map(|(k, _)| k.clone());
    if let Some(key) = oldest {
        failures.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_a_minute_and_twenty_an_hour() {
        let limiter = LoginLimiter::default();
        let key = ["ip:10.0.0.1".to_owned()];
        for i in 0..5 {
            assert_eq!(limiter.wait_ms(&key, i), None);
            limiter.count(&key, i);
        }
        assert_eq!(limiter.wait_ms(&key, 10), Some(MINUTE_MS - 10));
        assert_eq!(limiter.wait_ms(&key, MINUTE_MS), None);
        for i in 1..16 {
            limiter.count(&key, i * MINUTE_MS);
        }
        assert_eq!(limiter.wait_ms(&key, 30 * MINUTE_MS), Some(30 * MINUTE_MS));
        assert_eq!(limiter.wait_ms(&["ip:10.0.0.2".to_owned()], 10), None);
    }

    #[test]
    fn a_right_password_takes_its_own_try_back_only() {
        let limiter = LoginLimiter::default();
        let key = ["name:a".to_owned()];
        for i in 0..5 {
            limiter.count(&key, i);
        }
        limiter.forgive(&key);
        assert_eq!(limiter.wait_ms(&key, 10), None);
        limiter.count(&key, 10);
        assert!(limiter.wait_ms(&key, 11).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = LoginLimiter::default();
        for i in 0..(KEYS_MAX as i64 + 50) {
            limiter.count(&[format!("ip:{i}")], i);
        }
        assert_eq!(limiter.failures.lock().unwrap().len(), KEYS_MAX);
    }
}
