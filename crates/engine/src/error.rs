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
    #[error("what changed since that revision is not known any more: read all of it again")]
    RevisionGone,
    /// The session is gone from the database, but not yet from every file. The same call again goes on with it.
    #[error("the session is deleted from the database, but not yet from {left}: {why}. Delete it again")]
    HalfDeleted { left: &'static str, why: String },
    #[error("no file {0:?} lies in quarantine")]
    NotInQuarantine(String),
    #[error("cannot delete {name}: {source}")]
    File { name: String, source: std::io::Error },
    #[error("the recorder is stopping")]
    ShuttingDown,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the database: {0}")]
    Store(#[from] chasm_store::StoreError),
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data folder {folder}: {source}")]
    Folder { folder: std::path::PathBuf, source: std::io::Error },
    #[error(transparent)]
    Database(#[from] chasm_store::OpenError),
    #[error("cannot set the damaged database aside: {0}")]
    SetAside(chasm_store::StoreError),
    #[error("the database: {0}")]
    Store(#[from] chasm_store::StoreError),
    #[error(transparent)]
    Journal(#[from] chasm_journal::OpenError),
    #[error("the journal cannot be replayed: {0}")]
    Replay(String),
    #[error("unfinished sessions cannot be marked as interrupted: {0}")]
    Mark(crate::RecordError),
}
