//! How a [`Recorder`](super::Recorder) behaves.
//!
//! Owns the defaults. Never reads the environment but for the data folder. Invariant: every bound has a number.

use crate::{ClientError, Endpoint, discover};
use std::path::PathBuf;
use std::time::Duration;

/// How events go to the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Events over the WebSocket as they happen.
    Live,
    /// Events over REST, some at a time, and snapshots. No connection stays open, so the recorder does not see a client that
    /// goes away before its half hour of silence is over.
    Batch,
    /// Events over the WebSocket, and snapshots beside them: what an event lost would say is in the next snapshot.
    #[default]
    Hybrid,
}

/// Where and how long events are kept until they are acknowledged.
#[derive(Debug, Clone)]
pub struct OutboxSettings {
    /// The folder of all outboxes; `None`: `outbox` in the data folder.
    pub folder: Option<PathBuf>,
    /// Most bytes on disk, of this process and of those of the same client that it goes on for. Beyond it a call that hands
    /// over an event fails with [`RecordError::OutboxFull`](super::RecordError::OutboxFull).
    pub max_bytes: u64,
    /// How often what waits is synced to the disk. Each event is written before its call returns, so a process that is killed
    /// loses none; a power cut may lose those of the last interval that the recorder had not acknowledged either.
    /// [`Recorder::flush`](super::Recorder::flush) syncs at once.
    pub sync_every: Duration,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self { folder: None, max_bytes: 256 * 1024 * 1024, sync_every: Duration::from_millis(500) }
    }
}

/// All settings; the defaults are good for most programs, but name yours in `client`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name and version of the program, such as `my-editor/1.2`. What one process of this name leaves behind, the next one sends.
    pub client: String,
    /// The recorder's address, such as `http://127.0.0.1:8787`; `None`: what the data folder says, asked before each connection.
    pub server: Option<String>,
    /// The recorder's data folder; `None`: `CHASM_DATA_DIR`, else the platform's own.
    pub data_dir: Option<PathBuf>,
    pub outbox: OutboxSettings,
    pub mode: Mode,
    /// Time between two snapshots of a session that changes.
    pub snapshot_every: Duration,
    /// Most bytes of a session's messages that are kept in memory for its snapshots. Beyond it there are no more snapshots of
    /// that session, and [`State::without_snapshots`](super::State::without_snapshots) counts it; its events go on.
    pub picture_bytes: usize,
    /// Most events that are sent and not acknowledged.
    pub window: usize,
    /// Most bytes of these; one event is always sent.
    pub window_bytes: usize,
    /// Longest wait between two tries to connect. The first is 0.2 s, each other twice as long, half of it by chance.
    pub retry_longest: Duration,
    /// How long the recorder may be silent while events wait for their ack, before it is asked whether it is there; twice
    /// that, and the connection is given up.
    pub answer_wait: Duration,
    /// How often the WebSocket is tried again while REST works and it does not.
    pub websocket_again: Duration,
    /// How long [`Recorder::close`](super::Recorder::close) waits for acks.
    pub close_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client: concat!("chasm-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            server: None,
            data_dir: None,
            outbox: OutboxSettings::default(),
            mode: Mode::default(),
            snapshot_every: Duration::from_secs(30),
            picture_bytes: 4 * 1024 * 1024,
            window: 256,
            window_bytes: 16 * 1024 * 1024,
            retry_longest: Duration::from_secs(10),
            answer_wait: Duration::from_secs(15),
            websocket_again: Duration::from_secs(60),
            close_wait: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// The defaults for a program of this name.
    pub fn for_client(client: impl Into<String>) -> Self {
        Self { client: client.into(), ..Self::default() }
    }

    /// Where the recorder is now.
    pub(super) fn endpoint(&self) -> Result<Endpoint, ClientError> {
        match (self.data_folder(), &self.server) {
            (Ok(folder), server) => Endpoint::discover(server.as_deref(), &folder),
            (Err(_), Some(server)) => Endpoint::at(server),
            (Err(error), None) => Err(error),
        }
    }

    /// What the folder of the outboxes is named after. `chasm/0.2` and `chasm/0.1` are the same client; what is meant for a recorder
    /// that was named is never sent to another one.
    pub(super) fn outbox_name(&self) -> Result<String, ClientError> {
        let client = self.client.split('/').next().unwrap_or_default();
        Ok(match &self.server {
            Some(server) => format!("{client}@{}", Endpoint::at(server)?.url.trim_start_matches("http://")),
            None => client.to_owned(),
        })
    }

    pub(super) fn outboxes(&self) -> Result<PathBuf, ClientError> {
        match &self.outbox.folder {
            Some(folder) => Ok(folder.clone()),
            None => Ok(self.data_folder()?.join("outbox")),
        }
    }

    fn data_folder(&self) -> Result<PathBuf, ClientError> {
        discover::data_dir(self.data_dir.as_deref())
    }
}
