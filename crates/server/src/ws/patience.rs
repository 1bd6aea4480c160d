//! How long a peer may keep us waiting.
//!
//! Only time in which we wanted to read and nothing came counts, so that neither backpressure nor a full budget is held against
//! a peer. Invariant: a message that has begun costs us at most [`STALL`], plus a second for every [`RATE`] bytes of it.

use std::time::{Duration, Instant};

/// Waiting that a message may cost in all.
const STALL: Duration = Duration::from_secs(30);
/// Bytes that earn a second more.
const RATE: u64 = 16 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Patience {
    waiting_since: Option<Instant>,
    /// Waiting that the message under way has cost.
    waited: Duration,
    /// What came of it.
    bytes: u64,
}

impl Patience {
    /// Nothing is there to read.
    pub fn waiting(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// We do not want to read now.
    pub fn not_waiting(&mut self) {
        self.waiting_since = None;
    }

    /// Bytes came; `partial`: in the middle of a message.
    pub fn got(&mut self, bytes: usize, partial: bool) {
        let waited = self.waiting_since.take().map(|since| since.elapsed()).unwrap_or_default();
        if partial {
            self.waited += waited;
        } else {
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        self.bytes += bytes as u64;
    }

    pub fn end_of_message(&mut self) {
        *self = Self::default();
    }

    /// How long nothing at all has come.
    pub fn silence(&self, now: Instant) -> Duration {
        self.waiting_since.map(|since| now.saturating_duration_since(since)).unwrap_or_default()
    }

    /// The message under way has cost too much waiting.
    pub fn is_over(&self, now: Instant) -> bool {
        let earned = Duration::from_secs(self.bytes / RATE);
        self.waited + self.silence(now) > STALL + earned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_does_not_go_on_is_given_up() {
        let now = Instant::now();
        let later = |secs| now + Duration::from_secs(secs);
        let mut patience = Patience::default();
        patience.got(10, false);
        patience.waiting(now);
        assert!(!patience.is_over(later(30)));
        assert!(patience.is_over(later(31)));
        patience.got(RATE as usize * 5, true);
        patience.waiting(now);
        assert!(!patience.is_over(later(34)));
        assert!(patience.is_over(later(36)));
        patience.end_of_message();
        patience.waiting(now);
        assert!(!patience.is_over(later(30)));
        assert_eq!(patience.silence(later(60)), Duration::from_secs(60));
    }
}
