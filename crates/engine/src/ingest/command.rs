//! What the ingest task is asked to do.

use super::files::{FileRecord, RecoveryStep};
use crate::handle::Outcome;
use crate::purge::Purge;
use crate::{EngineError, RecordError};
use chasm_protocol::api::{RecoveryReport, SnapshotAnswer, SnapshotRequest};
use chasm_protocol::frame::Hello;
use chasm_protocol::status::ConnectionStatus;
use chasm_protocol::{ConnectionId, Parsed, SessionId, Timestamp};
use chasm_store::{InTrash, SessionPk};
use tokio::sync::oneshot;

type Reply<T> = oneshot::Sender<T>;

pub enum Command {
    Submit(Submission),
    Connect {
        id: ConnectionId,
        client: Option<String>,
    },
    Hello {
        id: ConnectionId,
        hello: Hello,
        reply: Reply<Result<(), EngineError>>,
    },
    Snapshot {
        request: Box<SnapshotRequest>,
        weight: usize,
        reply: Reply<Result<SnapshotAnswer, EngineError>>,
    },
    /// Answered when every durable record is in the store, or cannot be got there for now.
    Flush {
        reply: Reply<()>,
    },
    /// Tries out the way to the disk; answered when a record that says nothing is durable.
    Probe {
        reply: Reply<Result<Vec<Outcome>, RecordError>>,
    },
    Presence {
        reply: Reply<Vec<ConnectionStatus>>,
    },
    Erase(Erasing),
    /// Answered when what the file says is merged in the store.
    EditorFile {
        file: Box<FileRecord>,
        weight: usize,
        reply: Reply<Result<SnapshotAnswer, EngineError>>,
    },
    Recover {
        step: Box<RecoveryStep>,
        reply: Reply<Result<RecoveryReport, EngineError>>,
    },
    /// The user calls a session something else.
    Retitle {
        id: SessionId,
        title: Option<String>,
    },
    Shutdown {
        reply: Reply<()>,
    },
}

/// What makes sessions go out of sight and come back, and the steps of deleting for good.
pub enum Erasing {
    Trash {
        ids: Vec<SessionId>,
        at: Timestamp,
        until: Timestamp,
        reply: Reply<Result<Vec<InTrash>, EngineError>>,
    },
    /// Says which were in the trash.
    Restore { ids: Vec<SessionId>, reply: Reply<Result<Vec<SessionId>, EngineError>> },
    /// Takes sessions out of sight; says which.
    Begin { which: Purge, reply: Reply<Result<Vec<(SessionPk, SessionId)>, EngineError>> },
    /// Deletes what is left of these; says of which there was something.
    Rest { sessions: Vec<SessionPk>, anew: bool, reply: Reply<Result<Vec<SessionId>, EngineError>> },
    /// Empties the journal of all that is in the store.
    Journal { reply: Reply<Result<(), EngineError>> },
}

/// Events of one connection or request.
pub struct Submission {
    pub connection: ConnectionId,
    /// It is a connection that lasts and carries its sessions, not a single request.
    pub lasting: bool,
    pub events: Vec<Parsed>,
    /// Bytes taken from the budget for them.
    pub weight: usize,
    pub reply: Reply<Result<Vec<Outcome>, RecordError>>,
}

/// What an event takes in memory on its way, about: its text twice (as received and as parsed) and the parts around it.
pub fn weight(event: &Parsed) -> usize {
    event.event.raw.len() * 2 + 320
}
