//! What every part of the engine may look at without asking the ingest task: clock, live stream, counters, health.
//!
//! Invariant: `durable_lsn` and the time of the last durable write move only when the journal has synced.

use crate::Clock;
use crate::deltas::Deltas;
use crate::handle::Outcome;
use crate::health::HealthRecord;
use crate::hub::Hub;
use crate::rates::Ring;
use chasm_protocol::Timestamp;
use chasm_protocol::status::{FollowStatus, StartReport};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

pub struct Shared {
    pub clock: Arc<dyn Clock>,
    pub hub: Arc<Hub>,
    pub health: Arc<HealthRecord>,
    pub rates: Ring,
    pub deltas: Arc<Deltas>,
    pub started_at: Timestamp,
    pub version: String,
    pub start_report: Mutex<Option<StartReport>>,
    follow: Mutex<FollowStatus>,
    durable_lsn: AtomicU64,
    last_durable: AtomicI64,
    applied_lsn: AtomicU64,
    last_flush: AtomicI64,
    buffered: AtomicUsize,
    buffered_bytes: AtomicUsize,
    recorded: AtomicU64,
    duplicates: AtomicU64,
    pub rejected: AtomicU64,
}

impl Shared {
    pub fn new(clock: Arc<dyn Clock>, version: &str) -> Self {
        Self {
            started_at: clock.now(),
            health: Arc::new(HealthRecord::new(clock.now())),
            rates: Ring::new(),
            clock,
            hub: Arc::new(Hub::new()),
            deltas: Arc::default(),
            version: version.to_owned(),
            start_report: Mutex::default(),
            follow: Mutex::default(),
            durable_lsn: AtomicU64::new(0),
            last_durable: AtomicI64::new(0),
            applied_lsn: AtomicU64::new(0),
            last_flush: AtomicI64::new(0),
            buffered: AtomicUsize::new(0),
            buffered_bytes: AtomicUsize::new(0),
            recorded: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    /// How the following of editors' files stands.
    pub fn follow(&self) -> FollowStatus {
        self.follow.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn note_follow(&self, status: FollowStatus) {
        *self.follow.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    pub fn durable_lsn(&self) -> u64 {
        self.durable_lsn.load(Relaxed)
    }

    pub fn note_durable(&self, lsn: u64, at: Timestamp) {
        self.durable_lsn.store(lsn, Relaxed);
        self.last_durable.store(at.as_micros(), Relaxed);
    }

    /// What an earlier run made durable is no write of this one.
    pub fn note_durable_silently(&self, lsn: u64) {
        self.durable_lsn.store(lsn, Relaxed);
    }

    pub fn last_durable(&self) -> Option<Timestamp> {
        time(&self.last_durable)
    }

    pub fn note_flush(&self, applied: u64, at: Timestamp) {
        self.applied_lsn.store(applied, Relaxed);
        self.last_flush.store(at.as_micros(), Relaxed);
    }

    pub fn applied_lsn(&self) -> u64 {
        self.applied_lsn.load(Relaxed)
    }

    pub fn last_flush(&self) -> Option<Timestamp> {
        time(&self.last_flush)
    }

    pub fn note_buffer(&self, records: usize, bytes: usize) {
        self.buffered.store(records, Relaxed);
        self.buffered_bytes.store(bytes, Relaxed);
    }

    /// Records that the journal has and the store has not.
    pub fn buffered(&self) -> (usize, usize) {
        (self.buffered.load(Relaxed), self.buffered_bytes.load(Relaxed))
    }

    pub fn count(&self, outcomes: &[Outcome]) {
        let duplicates = outcomes.iter().filter(|o| **o == Outcome::Duplicate).count() as u64;
        self.duplicates.fetch_add(duplicates, Relaxed);
        let recorded = outcomes.len() as u64 - duplicates;
        self.recorded.fetch_add(recorded, Relaxed);
        self.rates.count_events(recorded, self.clock.now());
    }

    /// Events recorded, duplicates, events refused.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.recorded.load(Relaxed), self.duplicates.load(Relaxed), self.rejected.load(Relaxed))
    }
}

fn time(micros: &AtomicI64) -> Option<Timestamp> {
    Some(micros.load(Relaxed)).filter(|m| *m != 0).map(Timestamp::from_micros)
}
