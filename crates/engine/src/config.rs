//! What the engine is told at its start, and the clock it reads.

use chasm_protocol::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the engine. All have been validated.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folder of the database, the journal and the quarantine. Its lock is the caller's.
    pub data_dir: PathBuf,
    /// Longest time that an event waits in the buffer before the store gets it.
    pub flush_interval: Duration,
    /// A flush starts at once when this many events wait.
    pub flush_events: usize,
    /// Memory that accepted events may take until the store has them; more waits at the sender.
    pub buffer_bytes: usize,
    /// Events that may wait in the journal alone, once half of `buffer_bytes` is in use. Beyond, senders wait.
    pub backlog_events: usize,
    /// Size at which the journal begins a new segment.
    pub segment_bytes: u64,
    /// Time between the loss of a connection and the interruption of its sessions.
    pub grace: Duration,
    /// Silence after which a session is interrupted.
    pub silence: Duration,
}

impl EngineConfig {
    /// The defaults, for this data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            flush_interval: Duration::from_secs(1),
            flush_events: 8_000,
            buffer_bytes: 48 * 1024 * 1024,
            backlog_events: 400_000,
            segment_bytes: 32 * 1024 * 1024,
            grace: Duration::from_secs(2),
            silence: Duration::from_secs(30 * 60),
        }
    }
}

/// Where the time comes from; tests pass their own.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}
