//! The times of a session's events while its lines are read.
//!
//! Invariant: the timestamps of events rise with the order of their lines of one time, because the recorder orders by time and
//! editors often write several lines at one.

use chasm_protocol::Timestamp;
use std::collections::VecDeque;

/// Times whose number of events is remembered; lines of parallel tools go back and forth between a few.
const REMEMBERED: usize = 32;

#[derive(Debug)]
pub struct Times {
    /// Of the latest event so far.
    pub latest: Timestamp,
    now: Timestamp,
    recent: VecDeque<(Timestamp, i64)>,
}

impl Times {
    pub fn new(first_at: Timestamp) -> Self {
        Self { latest: first_at, now: first_at, recent: VecDeque::new() }
    }

    /// The time of the next event of a line: the line's own, else that of the line before; the n-th event of one time is n
    /// microseconds later.
    pub fn stamp(&mut self, line_time: Option<Timestamp>) -> Timestamp {
        self.now = line_time.unwrap_or(self.now);
        let now = self.now;
        let nth = match self.recent.iter_mut().find(|(at, _)| *at == now) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                if self.recent.len() == REMEMBERED {
                    self.recent.pop_front();
                }
                self.recent.push_back((now, 0));
                0
            }
        };
        let stamp = now.plus_micros(nth);
        self.latest = self.latest.max(stamp);
        stamp
    }
}

/// The time of a file, as far as milliseconds go.
pub fn of_file(modified: Option<std::time::SystemTime>) -> Timestamp {
    let since = modified.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_is_spread_and_absent_times_follow() {
        let at = |ms: i64, us: i64| Timestamp::from_micros(ms * 1000 + us);
        let mut times = Times::new(at(5, 0));
        assert_eq!(times.stamp(None), at(5, 0));
        assert_eq!(times.stamp(Some(at(5, 0))), at(5, 1));
        assert_eq!(times.stamp(Some(at(9, 0))), at(9, 0));
        assert_eq!(times.stamp(Some(at(5, 0))), at(5, 2));
        assert_eq!(times.stamp(None), at(5, 3));
        assert_eq!(times.latest, at(9, 0));
    }
}
