//! The state of one session while its file is read: its clock, its messages, its title.
//!
//! Invariant: the timestamps of a session's events rise with the order of their lines of one millisecond, because the
//! recorder orders by time and Claude Code often writes several lines at one.

use super::messages::OpenMessages;
use chasm_protocol::Timestamp;
use std::collections::VecDeque;

/// Times whose number of events is remembered; lines of parallel tools go back and forth between a few.
const REMEMBERED: usize = 32;

pub struct Track {
    pub session_id: String,
    pub open: OpenMessages,
    pub title: TitleRank,
    pub messages: u64,
    pub last_key: String,
    pub latest: Timestamp,
    now: Timestamp,
    recent: VecDeque<(Timestamp, i64)>,
}

/// Which kind of line gave the title; a lower one does not replace a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TitleRank {
    FirstPrompt,
    Summary,
    Generated,
    Custom,
}

impl Track {
    pub fn new(session_id: String, first_at: Timestamp) -> Self {
        Self {
            session_id,
            open: OpenMessages::default(),
            title: TitleRank::FirstPrompt,
            messages: 0,
            last_key: String::new(),
            latest: first_at,
            now: first_at,
            recent: VecDeque::new(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_is_spread_and_absent_times_follow() {
        let at = |ms: i64, us: i64| Timestamp::from_micros(ms * 1000 + us);
        let mut track = Track::new("s".into(), at(5, 0));
        assert_eq!(track.stamp(None), at(5, 0));
        assert_eq!(track.stamp(Some(at(5, 0))), at(5, 1));
        assert_eq!(track.stamp(Some(at(9, 0))), at(9, 0));
        assert_eq!(track.stamp(Some(at(5, 0))), at(5, 2));
        assert_eq!(track.stamp(None), at(5, 3));
        assert_eq!(track.latest, at(9, 0));
    }
}
