//! What can go wrong, in words for people; the server maps each to one status and code.

use chasm_protocol::{ErrorCode, Timestamp};

/// Why events were not recorded. Nothing of them is on disk, or will be answered as if.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    #[error("recording is paused{}: keep the events and send them when it is resumed", until(.0))]
    Paused(Option<Timestamp>),
    #[error("the disk is full: free some room, recording goes on by itself ({0})")]
    StorageFull(String),
    #[error("nothing can be recorded: {0}")]
    NotRecording(String),
    #[error("the recorder is stopping: send again when it is back")]
    ShuttingDown,
}

fn until(end: &Option<Timestamp>) -> String {
    end.map(|t| format!(" until {t}")).unwrap_or_default()
}

impl RecordError {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Paused(_) => ErrorCode::Paused,
            Self::StorageFull(_) => ErrorCode::StorageFull,
            Self::NotRecording(_) => ErrorCode::NotRecording,
            Self::ShuttingDown => ErrorCode::ShuttingDown,
        }
    }
}

/// Why something could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("no session {0:?}")]
    NoSuchSession(String),
    /// The request makes no sense; the message says why.
    #[error("{0}")]
    BadRequest(String),
    #[error("the recorder is stopping")]
    ShuttingDown,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the database: {0}")]
    Store(String),
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Other(String),
}
