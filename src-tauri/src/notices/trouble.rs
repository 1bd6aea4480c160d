//! Damage, and times at which nothing could be recorded.
//!
//! Never decides when it is told. Invariant: one of each is known at a time.

use super::HOLD;
use super::note::{Face, Note, Switch, Urgency};
use super::words::{self, plain};
use chasm_protocol::Timestamp;
use chasm_protocol::lifecycle::StopReason;

/// Longest report of damage that is shown, in characters.
const WHAT_CHARS: usize = 160;

/// Damaged places that are told together.
#[derive(Debug)]
pub struct Damage {
    places: u64,
    /// What the first one is.
    first: String,
    set_aside: bool,
}

impl Damage {
    pub fn new(what: &str, set_aside: bool) -> Self {
        let first = Some(plain(what, WHAT_CHARS)).filter(|what| !what.is_empty());
        Self { places: 1, first: first.unwrap_or_else(|| String::from("the status says where")), set_aside }
    }

    pub const fn add(&mut self, set_aside: bool) {
        self.places += 1;
        self.set_aside |= set_aside;
    }

    pub fn face(&self) -> Face {
        let title = if self.set_aside { "Damaged bytes were set aside" } else { "Damage was found" };
        let body = match self.places {
            1 => self.first.clone(),
            n => format!("{n} places, the first: {}", self.first),
        };
        Face { note: Note::new(title, body, "/status"), switch: Switch::Damage, over: None, silent: None }
    }
}

/// A time at which nothing can be recorded.
#[derive(Debug)]
pub struct Stop {
    reason: StopReason,
    /// How long it was, in microseconds, once it is over.
    lasted: Option<i64>,
}

impl Stop {
    pub const fn new(reason: StopReason) -> Self {
        Self { reason, lasted: None }
    }

    pub const fn resumed(&mut self, stopped_at: Timestamp, at: Timestamp) {
        self.lasted = Some(at.as_micros().saturating_sub(stopped_at.as_micros()));
    }

    pub fn face(&self) -> Face {
        match self.lasted {
            Some(lasted) => {
                let body = format!("stopped for {}", words::span(lasted));
                let note = Note::new("Recording again", body, "/status");
                Face { note, switch: Switch::Recording, over: Some(HOLD), silent: Some(Switch::Recording) }
            }
            None => {
                let (title, body) = stop_words(self.reason);
                let note = Note { urgency: Urgency::Critical, ..Note::new(title, body, "/status") };
                Face { note, switch: Switch::Recording, over: None, silent: None }
            }
        }
    }
}

const fn stop_words(reason: StopReason) -> (&'static str, &'static str) {
    match reason {
        StopReason::DiskFull => (
            "Not recording — disk full",
            "Free some disk space, it goes on by itself · what was acknowledged is safe",
        ),
        StopReason::SyncFailed => (
            "Not recording — the disk failed",
            "Check the disk, then restart Chasm Recorder · what was acknowledged is safe",
        ),
        StopReason::DatabaseFailed => (
            "Not recording — the database cannot be written",
            "It goes on by itself once it can be · what was acknowledged is safe in the journal",
        ),
        StopReason::Unreachable => (
            "Not recording — the recorder does not answer",
            "Restart Chasm Recorder · what was acknowledged is safe",
        ),
    }
}
