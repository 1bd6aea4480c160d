//! What the ingest task is asked to do.

use crate::handle::Outcome;
use crate::{EngineError, RecordError};
use chasm_protocol::api::{RecoveryReport, SnapshotAnswer, SnapshotRequest};
use chasm_protocol::frame::Hello;
use chasm_protocol::status::ConnectionStatus;
use chasm_protocol::{ConnectionId, Parsed, SessionId};
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
    Delete {
        id: SessionId,
        reply: Reply<Result<(), EngineError>>,
    },
    Recover {
        ids: Option<Vec<SessionId>>,
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
