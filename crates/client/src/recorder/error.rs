//! Why an event is not in the outbox, in sentences.
//!
//! Invariant: after an error nothing of the call is kept; what was handed over before is.

use chasm_protocol::Refusal;
use std::path::PathBuf;

/// What can go wrong when something is handed over.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The recorder has been away for too long.
    #[error(
        "outbox is full: {} holds {limit} bytes, no more is kept until the recorder takes some of it (is `chasm serve` running?)",
        folder.display()
    )]
    OutboxFull {
        /// The folder of this client's outboxes.
        folder: PathBuf,
        /// Its bound in bytes.
        limit: u64,
    },
    /// No recorder would take it.
    #[error("{bytes} bytes in one event: the recorder takes at most {limit}; send it in parts")]
    TooLarge {
        /// Its size as JSON.
        bytes: usize,
        /// The recorder's limit for one frame.
        limit: usize,
    },
    /// It breaks a rule of the protocol.
    #[error("{message} ({code})")]
    Invalid {
        /// As in the protocol.
        code: String,
        /// Names field and rule.
        message: String,
    },
    /// The outbox cannot be written.
    #[error("the outbox {} cannot be written: {source}", path.display())]
    Outbox {
        /// Its folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The settings lead nowhere.
    #[error(transparent)]
    Settings(#[from] crate::ClientError),
    /// What sends is no more; what was handed over is kept in the outbox.
    #[error("the recorder's client has ended; what was handed over is kept in the outbox")]
    Ended,
}

impl From<Refusal> for RecordError {
    fn from(refusal: Refusal) -> Self {
        Self::Invalid { code: refusal.code.as_str(), message: refusal.message }
    }
}
