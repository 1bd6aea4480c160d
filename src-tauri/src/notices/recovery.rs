//! What the start found interrupted, how much of it is back, and what a recovery brought.
//!
//! Never decides when it is told. Invariant: it follows a bounded number of sessions.

use super::note::{Face, Note, Switch};
use super::words::{self, count, is};
use super::{HOLD, HOLD_RESULT, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// Sessions that are followed by name; more are only counted.
pub const SESSIONS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub struct Recovery {
    /// What the start found interrupted.
    interrupted: u64,
    /// Those of them that are known by name and still wait.
    waiting: BTreeSet<String>,
    back: BTreeMap<String, Back>,
    replayed_records: u64,
    clean_stop: bool,
    result: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Back {
    replayed: u64,
    missing: u64,
}

/// What recoveries brought that are told together.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    sessions: u64,
    messages: u64,
    incomplete: u64,
    /// Sessions that still wait.
    left: u64,
}

impl Recovery {
    pub fn at_start(replayed_records: u64, interrupted: u64, clean_stop: bool) -> Self {
        Self { interrupted, replayed_records, clean_stop, ..Self::default() }
    }

    /// Names the sessions that the start interrupted.
    pub fn follow(&mut self, sessions: impl Iterator<Item = String>) {
        self.waiting.extend(sessions.take(SESSIONS_MAX));
    }

    /// Whether it was waiting.
    pub fn returned(&mut self, session: &str, replayed: u64, missing: u64) -> bool {
        let known = self.waiting.remove(session) || self.back.contains_key(session);
        if known {
            self.back.insert(session.to_owned(), Back { replayed, missing });
        }
        known
    }

    /// It was ended or deleted: it waits no more. Says whether it was waiting.
    pub fn settled(&mut self, session: &str) -> bool {
        let was = self.waiting.remove(session);
        self.interrupted = self.interrupted.saturating_sub(u64::from(was));
        was
    }

    pub fn recovered(&mut self, ids: &[String]) {
        ids.iter().for_each(|id| {
            self.waiting.remove(id);
        });
    }

    /// Counts a recovery; `left` sessions still wait after it.
    pub fn add_result(&mut self, sessions: u64, messages: u64, incomplete: u64, left: u64) {
        let sum = self.result.get_or_insert_default();
        sum.sessions = sum.sessions.saturating_add(sessions);
        sum.messages = sum.messages.saturating_add(messages);
        sum.incomplete = sum.incomplete.saturating_add(incomplete);
        sum.left = left;
    }

    pub fn standing(&mut self, standing: &Standing) {
        if let Some(back) = self.back.get_mut(&standing.session_id) {
            back.replayed = back.replayed.max(standing.replayed);
            back.missing = standing.missing;
        }
    }

    pub fn asks(&self) -> impl Iterator<Item = &str> {
        self.back.keys().map(String::as_str)
    }

    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    pub fn face(&self) -> Option<Face> {
        if let Some(outcome) = &self.result {
            let note = outcome.note();
            return Some(Face { note, switch: Switch::Recovered, over: Some(HOLD_RESULT), silent: None });
        }
        if self.interrupted == 0 {
            return None;
        }
        let over = self.back.len() as u64 >= self.interrupted;
        Some(Face {
            note: self.start_note(),
            switch: Switch::Recovered,
            over: over.then_some(HOLD),
            // after a crash people should hear of it, even where all is well again
            silent: self.clean_stop.then_some(Switch::Recovered),
        })
    }

    fn start_note(&self) -> Note {
        let all = self.interrupted;
        let title =
            format!("{} {} interrupted", count(all, "session"), if all == 1 { "was" } else { "were" });
        let first = match (self.replayed_records, self.clean_stop) {
            (0, true) => String::from("live when the recorder stopped"),
            (0, false) => String::from("what was acknowledged is safe"),
            (records, _) => format!("{} brought back from the journal", count(records, "record")),
        };
        let mut parts = vec![first];
        let back = self.back.len() as u64;
        if back == 0 {
            parts.push(String::from("review to recover"));
        } else {
            let who = if back >= all && all > 1 { String::from("all") } else { back.to_string() };
            parts.push(format!("{who} {} recording again", if who == "all" { "are" } else { is(back) }));
            let sum = self.back.values().fold((0_u64, 0_u64), |sum, one| {
                (sum.0.saturating_add(one.replayed), sum.1.saturating_add(one.missing))
            });
            parts.push(words::replayed(sum.0, sum.1));
        }
        Note::new(title, parts.join(" · "), "/recovery")
    }
}

impl Outcome {
    fn note(&self) -> Note {
        let title = match self.left {
            0 => format!("Recovered {}", count(self.sessions, "session")),
            left => format!("Recovered {} of {} sessions", self.sessions, self.sessions.saturating_add(left)),
        };
        let messages = count(self.messages, "message");
        let body = match self.incomplete {
            0 => format!("{messages}, nothing missing"),
            n => format!("{messages} · {} {} incomplete", count(n, "session"), is(n)),
        };
        Note::new(title, body, "/recovery")
    }
}
