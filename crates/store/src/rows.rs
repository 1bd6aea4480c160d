//! What goes into the store and comes out of it, as plain values: no SQLite type leaves this crate.
//!
//! Invariant: a [`FlushBatch`] is applied as a whole together with its `applied_lsn`, or not at all.

use chasm_protocol::event::EventType;
use chasm_protocol::identity::{ContentHash, Identity};
use chasm_protocol::session::{
    FileSource, Interruption, InterruptionReason, OrderKey, SessionRecord, SnapshotBody, State,
};
use chasm_protocol::{ConnectionId, LifecycleEvent, Message, Timestamp, ToolCall};

/// Names a session within one store; given by the engine, counted up, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionPk(pub i64);

/// One flush: applied in one transaction.
#[derive(Debug, Default)]
pub struct FlushBatch {
    /// Every journal record up to this one is in the store once this batch is.
    pub applied_lsn: u64,
    pub sessions: Vec<SessionWrite>,
    pub notices: Vec<(Timestamp, LifecycleEvent)>,
}

/// Everything that one flush writes of one session.
#[derive(Debug)]
pub struct SessionWrite {
    pub pk: SessionPk,
    pub record: SessionRecord,
    pub state: State,
    /// Time by the recorder's clock when its last event came.
    pub last_received_at: Timestamp,
    /// It has snapshots or what an editor's file said: its items are a merge.
    pub has_snapshots: bool,
    /// New events; none of them is in the store yet.
    pub events: Vec<EventRow>,
    pub items: ItemsWrite,
    /// New or changed ones, by `lsn`.
    pub interruptions: Vec<InterruptionRow>,
    pub snapshots: SnapshotsWrite,
}

/// How messages and tool calls are written.
#[derive(Debug)]
pub enum ItemsWrite {
    /// These are new or changed (by `key`); all others stay.
    Upsert { messages: Vec<Message>, tool_calls: Vec<ToolCall> },
    /// These are all there are: the session was folded anew. Rows that did not change are left alone.
    Replace { messages: Vec<Message>, tool_calls: Vec<ToolCall> },
}

#[derive(Debug, Default)]
pub struct SnapshotsWrite {
    pub new: Vec<SnapshotRow>,
    /// Replaces the folded rest of older snapshots, and removes these rows, which it holds now.
    pub base: Option<SnapshotBody>,
    pub removed: Vec<u64>,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    pub lsn: u64,
    pub identity: Identity,
    pub content: ContentHash,
    pub event_type: EventType,
    /// Client's time, else time of receipt.
    pub at: Timestamp,
    /// The client gave `at`.
    pub at_is_clients: bool,
    /// 0 where the client gave none.
    pub seq: u64,
    pub event_id: Option<Box<str>>,
    pub received_at: Timestamp,
    pub connection: ConnectionId,
    pub kind: EventRowKind,
    /// The event as the client sent it.
    pub raw: Box<str>,
}

/// The numbers are stored and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventRowKind {
    /// Known type, folded.
    Folded = 1,
    /// Unknown type: shown as «other».
    Other = 2,
    /// Its `event_id` was taken: kept beside the first one, not folded.
    Conflict = 3,
    /// A heartbeat that has a `seq`: kept so that no hole is seen, shown and counted nowhere.
    Silent = 4,
}

impl EventRow {
    pub fn order_key(&self) -> OrderKey {
        OrderKey {
            at: self.at,
            seq: self.seq,
            event_id: self.event_id.clone().unwrap_or_default(),
            lsn: self.lsn,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptionRow {
    /// Journal record that began it: names it within its session.
    pub lsn: u64,
    pub reason: InterruptionReason,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// Journal record that ended it.
    pub resumed_lsn: Option<u64>,
    pub replayed: u64,
}

impl InterruptionRow {
    /// As it is shown, without its place among the items.
    pub const fn unplaced(&self) -> Interruption {
        Interruption {
            reason: self.reason,
            since: self.since,
            until: self.until,
            replayed: self.replayed,
            before_position: None,
            replayed_positions: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRow {
    /// Journal record that brought it: names it.
    pub lsn: u64,
    pub taken_at: Timestamp,
    pub received_at: Timestamp,
    /// Of what came, even where `body` has more since.
    pub hash: ContentHash,
    pub body: SnapshotBody,
    /// The editor's file that says this; absent for a client's own snapshot.
    pub file: Option<FileSource>,
}

/// A session's row, without its lists.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    pub pk: SessionPk,
    pub record: SessionRecord,
    pub state: State,
    pub last_received_at: Timestamp,
    pub has_snapshots: bool,
    /// The interruption with the highest `lsn`.
    pub last_interruption: Option<InterruptionRow>,
}
