//! A journal record on its way to the store.

use chasm_protocol::session::{FileSource, InterruptionReason, SnapshotBody};
use chasm_protocol::{Body, ContentHash, SessionId, Timestamp};
use chasm_store::EventRow;

/// A record that the journal has, or is about to have, and the store has not.
#[derive(Debug)]
pub struct Pending {
    pub lsn: u64,
    pub session: SessionId,
    /// Bytes of the budget to give back once the store has it.
    pub weight: usize,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    Event(Box<PendingEvent>),
    /// A client's snapshot, or what an editor's file says.
    Snapshot {
        received_at: Timestamp,
        taken_at: Timestamp,
        hash: ContentHash,
        body: Box<SnapshotBody>,
        file: Option<FileSource>,
    },
    Interrupted {
        reason: InterruptionReason,
        since: Timestamp,
    },
    Resumed {
        at: Timestamp,
    },
}

#[derive(Debug)]
pub struct PendingEvent {
    pub row: EventRow,
    pub body: Body,
}
