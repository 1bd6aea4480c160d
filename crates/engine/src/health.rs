//! How the recorder is: recording, paused or degraded, since when, and why.
//!
//! The one owner of it: ingest, flusher and pause tell it what they know, status and metrics read it. Never decides what is
//! refused. Invariant: `since` moves when, and only when, the value of `status` does.

use crate::problem::Problem;
use chasm_protocol::Timestamp;
use chasm_protocol::status::Health;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A pause, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Its end, where it has one.
    pub until: Option<Timestamp>,
    /// When it was set.
    pub since: Timestamp,
}

/// How it is at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub status: Health,
    pub since: Timestamp,
    pub problem: Option<Problem>,
    pub pause: Option<Pause>,
}

#[derive(Debug)]
pub struct HealthRecord(Mutex<State>);

#[derive(Debug)]
struct State {
    status: Health,
    since: Timestamp,
    journal: Option<Problem>,
    store: Option<Problem>,
    stopping: bool,
    pause: Option<Pause>,
}

impl State {
    fn status(&self) -> Health {
        match (self.journal.is_some() || self.store.is_some() || self.stopping, self.pause) {
            (true, _) => Health::Degraded,
            (false, Some(_)) => Health::Paused,
            (false, None) => Health::Recording,
        }
    }
}

impl HealthRecord {
    pub const fn new(now: Timestamp) -> Self {
        let (journal, store, pause) = (None, None, None);
        Self(Mutex::new(State {
            status: Health::Recording,
            since: now,
            journal,
            store,
            stopping: false,
            pause,
        }))
    }

    /// The start is done: from now on events are taken, or a pause goes on that an earlier run had.
    pub fn begin(&self, pause: Option<Pause>, now: Timestamp) {
        self.change(now, |state| {
            state.pause = pause;
            if state.status == Health::Recording {
                state.since = now;
            }
        });
        // The pause did not begin with this run.
        let mut state = self.state();
        if let (Health::Paused, Some(pause)) = (state.status, state.pause) {
            state.since = pause.since;
        }
    }

    /// What keeps the journal from taking events; `None`: nothing.
    pub fn journal(&self, problem: Option<Problem>, now: Timestamp) {
        self.change(now, |state| state.journal = problem);
    }

    /// What keeps the store from being written; `None`: nothing.
    pub fn store(&self, problem: Option<Problem>, now: Timestamp) {
        self.change(now, |state| state.store = problem);
    }

    pub fn stopping(&self, now: Timestamp) {
        self.change(now, |state| state.stopping = true);
    }

    pub fn pause(&self, pause: Option<Pause>, now: Timestamp) {
        self.change(now, |state| state.pause = pause);
    }

    pub fn now(&self) -> Condition {
        let state = self.state();
        let stopping = || state.stopping.then(Problem::stopping);
        Condition {
            status: state.status,
            since: state.since,
            problem: state.journal.clone().or_else(|| state.store.clone()).or_else(stopping),
            pause: state.pause,
        }
    }

    fn change(&self, now: Timestamp, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let status = state.status();
        if status != state.status {
            (state.status, state.since) = (status, now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause {
    /// As it is kept over a restart: its end or `open`, and when it was set.
    pub fn to_text(self) -> String {
        let until = self.until.map_or_else(|| String::from("open"), |t| t.to_string());
        format!("{until} {}", self.since)
    }

    /// Reads it again. An earlier version kept no time of its setting: then it is `now`.
    pub fn from_text(text: &str, now: Timestamp) -> Self {
        let (until, since) = text.split_once(' ').unwrap_or((text, ""));
        Self { until: Timestamp::parse(until).ok(), since: Timestamp::parse(since).unwrap_or(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flush::StoreTrouble;
    use proptest::prelude::*;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_micros(n * 1_000)
    }

    fn trouble() -> Option<Problem> {
        Some(Problem::of_store(&StoreTrouble { disk_full: true, message: String::from("no room") }))
    }

    fn pause(n: i64) -> Option<Pause> {
        Some(Pause { until: None, since: at(n) })
    }

    #[test]
    fn since_is_when_the_status_began() {
        let health = HealthRecord::new(at(0));
        let is = |status, since: i64| {
            let now = health.now();
            assert_eq!((now.status, now.since), (status, at(since)));
        };
        health.begin(None, at(1));
        is(Health::Recording, 1);
        health.pause(pause(2), at(2));
        health.pause(Some(Pause { until: Some(at(99)), since: at(2) }), at(3));
        is(Health::Paused, 2);
        health.store(trouble(), at(4));
        health.journal(trouble(), at(5));
        is(Health::Degraded, 4);
        health.store(None, at(6));
        is(Health::Degraded, 4);
        health.journal(None, at(7));
        is(Health::Paused, 7);
        health.pause(None, at(8));
        health.journal(None, at(9));
        is(Health::Recording, 8);
        health.stopping(at(10));
        health.stopping(at(11));
        is(Health::Degraded, 10);
        assert!(health.now().problem.is_some());
    }

    #[test]
    fn a_pause_that_a_restart_finds_began_when_it_was_set() {
        let health = HealthRecord::new(at(50));
        health.begin(pause(7), at(60));
        let now = health.now();
        assert_eq!((now.status, now.since, now.pause), (Health::Paused, at(7), pause(7)));
        let health = HealthRecord::new(at(50));
        health.store(trouble(), at(55));
        health.begin(pause(7), at(60));
        assert_eq!((health.now().status, health.now().since), (Health::Degraded, at(55)));
    }

    proptest! {
        #[test]
        fn a_pause_is_read_as_it_was_kept(until in prop::option::of(0_i64..1 << 40), since in 0_i64..1 << 40) {
            let pause = Pause { until: until.map(at), since: at(since) };
            prop_assert_eq!(Pause::from_text(&pause.to_text(), at(5)), pause);
            let before = pause.until.map_or_else(|| String::from("open"), |t| t.to_string());
            prop_assert_eq!(Pause::from_text(&before, at(5)), Pause { since: at(5), ..pause });
        }

        #[test]
        fn since_moves_with_the_status_alone(steps in prop::collection::vec(0_u8..8, 1..40)) {
            let health = HealthRecord::new(at(0));
            let mut last = (Health::Recording, at(0));
            for (n, step) in steps.into_iter().enumerate() {
                let now = at(i64::try_from(n).unwrap() + 1);
                match step {
                    0 => health.journal(trouble(), now),
                    1 => health.journal(None, now),
                    2 => health.store(trouble(), now),
                    3 => health.store(None, now),
                    4 | 5 => health.pause(Some(Pause { until: None, since: now }), now),
                    _ => health.pause(None, now),
                }
                let is = health.now();
                let since = if is.status == last.0 { last.1 } else { now };
                prop_assert_eq!(is.since, since);
                prop_assert_eq!(is.status == Health::Degraded, is.problem.is_some());
                last = (is.status, is.since);
            }
        }
    }
}
