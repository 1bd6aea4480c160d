//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubling waits with jitter, so that clients of a recorder that came back do not all knock at once.
#[derive(Debug)]
pub struct Backoff {
    tries: u32,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl Backoff {
    pub fn up_to(longest: Duration) -> Self {
        Self { tries: 0, longest }
    }

    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// The next wait: half of it fixed, half by chance.
    pub fn next_wait(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.tries.min(10)).min(self.longest);
        self.tries += 1;
        let chance = getrandom::u32().unwrap_or(u32::MAX / 2);
        full / 2 + (full / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit() {
        let mut backoff = Backoff::default();
        let first = backoff.next_wait();
        assert!(first >= FIRST / 2 && first <= FIRST);
        for _ in 0..40 {
            assert!(backoff.next_wait() <= LONGEST);
        }
        assert!(backoff.next_wait() >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }
}
