//! Pauses between tries: 1 → 30 s, doubling, with full jitter so that a school's cameras and gatherers do not all
//! come back in the same second after a power cut.

use std::time::Duration;

/// Ceiling of the first pause.
pub const FIRST: Duration = Duration::from_secs(1);
/// Ceiling that is never exceeded.
pub const LAST: Duration = Duration::from_secs(30);
/// No pause is shorter: full jitter may draw 0, and a refused connection would then be tried in a tight loop.
pub const FLOOR: Duration = Duration::from_millis(100);

/// Counts failed tries and says how long to wait before the next one.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    last: Duration,
    tries: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(FIRST, LAST)
    }
}

impl Backoff {
    /// Pauses whose ceiling doubles from `first` to `last`.
    pub fn new(first: Duration, last: Duration) -> Self {
        Self { first, last, tries: 0 }
    }

    /// The pause before the next try, drawn evenly between [`FLOOR`] and the ceiling; the ceiling then doubles.
    #[expect(clippy::should_implement_trait, reason = "an endless counter with `reset`, not a sequence")]
    pub fn next(&mut self) -> Duration {
        // Without randomness the full ceiling is used: a longer pause harms nobody.
        self.next_at(getrandom::u32().map_or(1.0, |r| f64::from(r) / f64::from(u32::MAX)))
    }

    /// As [`Backoff::next`] with the random number given, 0.0–1.0.
    pub fn next_at(&mut self, random: f64) -> Duration {
        let ceiling = self.ceiling();
        self.tries = self.tries.saturating_add(1);
        ceiling.mul_f64(random.clamp(0.0, 1.0)).max(FLOOR.min(ceiling))
    }

    /// The longest that the next pause can be.
    pub fn ceiling(&self) -> Duration {
        self.first.saturating_mul(2u32.saturating_pow(self.tries.min(31))).min(self.last)
    }

    /// Failed tries since the last success.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// It worked: the next pause is short again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_to_30_s_and_starts_again_after_a_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..7).map(|_| backoff.next_at(1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.next_at(1.0), FIRST);
    }

    #[test]
    fn a_thousand_tries_later_it_still_waits_at_most_30_s() {
        let mut backoff = Backoff::default();
        assert!((0..1000).all(|_| (FLOOR..=LAST).contains(&backoff.next())));
    }

    #[test]
    fn jitter_never_gives_a_tight_loop() {
        assert_eq!(Backoff::default().next_at(0.0), FLOOR);
    }
}
