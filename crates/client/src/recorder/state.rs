//! What a client can show of itself.
//!
//! Owns no truth: each field is told by who knows it. Invariant: `waiting_events` is 0 only when all is acknowledged.

/// How the recorder is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// Not at all: events are kept.
    #[default]
    Away,
    /// Over the WebSocket.
    WebSocket,
    /// Over REST, because the WebSocket does not get through, or because of [`Mode::Batch`](super::Mode::Batch).
    Rest,
}

/// Where a client stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// How the recorder is reached.
    pub connection: Connection,
    /// The user paused recording: events are kept and wait.
    pub paused: bool,
    /// Events and explicit snapshots in the outbox that are not acknowledged, those of earlier processes too.
    pub waiting_events: u64,
    /// Their bytes on disk.
    pub waiting_bytes: u64,
    /// Events that the recorder refused for good; they are in `refused.jsonl` beside the outboxes.
    pub refused: u64,
    /// Damaged pieces of outboxes, which are in `damaged` beside them.
    pub damaged: u64,
    /// Sessions that grew too large for snapshots.
    pub without_snapshots: u64,
    /// Why the last try to connect or to send failed; `None` once one did not.
    pub trouble: Option<String>,
}

impl State {
    /// Whether a recorder is there.
    pub fn is_connected(&self) -> bool {
        self.connection != Connection::Away
    }
}

/// What is left when a client is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Events that are not acknowledged; the next process of this client sends them.
    pub events: u64,
    /// The folder they are in.
    pub folder: std::path::PathBuf,
}
