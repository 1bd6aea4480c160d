//! What the journal tells its users: how far it is on disk and in which state it is. Never says more than the disk has confirmed.
//! Invariant: `through` never goes back.

use std::io;
use std::sync::Arc;

use crate::lsn::Lsn;

/// Published once after each sync, and at each change of state.
#[derive(Clone, Debug)]
pub struct Durable {
    /// Every record up to here is on disk, except those in `lost`.
    pub through: Lsn,
    pub state: State,
    /// Numbers given up in stalls since the journal was opened, first and last, ascending. They are never used again.
    pub lost: Arc<[(Lsn, Lsn)]>,
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On disk.
    Durable,
    /// Not yet.
    Waiting,
    /// Never: dropped in a stall, or the journal can no longer say that it is on disk.
    Lost,
}

impl Durable {
    /// What became of `lsn`. Ask this rather than comparing with `through`: a watch keeps only its newest value, so a slow
    /// waiter may miss a stall, and after it `through` passes the numbers that were given up.
    #[must_use]
    pub fn fate(&self, lsn: Lsn) -> Fate {
        if self.lost.iter().any(|(first, last)| (*first..=*last).contains(&lsn)) {
            Fate::Lost
        } else if lsn <= self.through {
            Fate::Durable
        } else if matches!(self.state, State::Open) {
            Fate::Waiting
        } else {
            Fate::Lost
        }
    }
}

/// Whether the journal takes records.
#[derive(Clone, Debug)]
pub enum State {
    Open,
    /// A write failed. Everything behind `through` was dropped; `resume` opens the journal again.
    Stalled(Arc<Fault>),
    /// A sync failed, or the writer died: what is on disk is known only after a restart.
    Poisoned(Arc<Fault>),
    Closed,
}

/// What went wrong, as `segment 12: cannot write at byte 4096: no space left on device`.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct Fault {
    pub doing: String,
    pub source: io::Error,
}

impl Fault {
    pub(crate) fn new(doing: impl Into<String>, source: io::Error) -> Self {
        Self { doing: doing.into(), source }
    }

    /// The disk or the user's share of it is full: room has to be made before `resume` can work.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
