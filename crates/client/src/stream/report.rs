//! What became of the events of one stream.

use serde::Serialize;
use std::collections::BTreeMap;

/// Refusals and warnings that are kept one by one; more are only counted.
const LISTED: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events that were handed over.
    pub sent: u64,
    /// Events that are done with: on disk, or refused.
    pub acked: u64,
    /// On disk for the first time. Where an ack was lost with its connection, some of these stand under `duplicates`.
    pub recorded: u64,
    /// On disk before.
    pub duplicates: u64,
    pub refused: Vec<Refused>,
    /// All refusals, the unlisted too.
    pub refused_count: u64,
    pub warnings: Vec<Warned>,
    /// All warnings by code, the unlisted too.
    pub warning_counts: BTreeMap<String, u64>,
    /// Events sent more than once, because a connection was lost or the recorder could not take them.
    pub resent: u64,
    pub reconnects: u64,
}

/// An event that is not recorded, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Which one, in the order of hand-over, from 1.
    pub event: u64,
    pub event_id: Option<String>,
    pub code: String,
    pub message: String,
}

/// An event that is recorded, with a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warned {
    pub event: u64,
    pub event_id: Option<String>,
    pub code: String,
    pub message: String,
}

impl Report {
    pub(crate) fn refuse(&mut self, refused: Refused) {
        self.refused_count += 1;
        if self.refused.len() < LISTED {
            self.refused.push(refused);
        }
    }

    pub(crate) fn warn(&mut self, warned: Warned) {
        *self.warning_counts.entry(warned.code.clone()).or_default() += 1;
        if self.warnings.len() < LISTED {
            self.warnings.push(warned);
        }
    }
}
