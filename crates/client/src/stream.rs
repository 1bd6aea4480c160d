//! A stream of events to the recorder over one WebSocket after another.
//!
//! Owns what was handed over until it is acknowledged; it is kept in memory only, bounded by the window, for senders that
//! have their source still (an import, a demo). With an outbox on disk: [`Recorder`](crate::Recorder). Never reorders, never drops.
//! Invariant: `finish` answers only when every event is on disk, refused by name, or the recorder is gone for good.

mod actor;
pub(crate) mod backoff;
pub(crate) mod identify;
mod ledger;
pub(crate) mod link;
pub(crate) mod report;

pub use chasm_protocol::frame::ResumePoint;
pub use report::{Refused, Report, Warned};

use crate::{ClientError, Endpoint};
use actor::Actor;
use chasm_protocol::Timestamp;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How a stream behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name and version of the program, as the recorder shows it.
    pub client: String,
    /// The sessions it carries: `hello` asks what of them is on disk.
    pub sessions: Vec<String>,
    /// Most events that are not acknowledged.
    pub window: usize,
    /// Most bytes of these; one event is always taken.
    pub window_bytes: usize,
    /// How long a recorder that is gone, or refuses for reasons of its own (disk full), is waited for. A pause is waited
    /// for without end: it is the user's.
    pub give_up_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: concat!("chasm-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            sessions: Vec::new(),
            window: 256,
            window_bytes: 16 * 1024 * 1024,
            give_up_after: Duration::from_secs(30),
        }
    }
}

/// Where a stream stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub connected: bool,
    /// The user paused recording: events are kept and wait.
    pub paused: bool,
    pub sent: u64,
    pub acked: u64,
    pub recorded: u64,
    pub duplicates: u64,
}

/// A stream to the recorder. Dropping it ends the stream without waiting for acks.
pub struct Stream {
    events: mpsc::Sender<String>,
    progress: watch::Receiver<Progress>,
    resume: BTreeMap<String, ResumePoint>,
    task: Option<Task>,
}

/// Ends with its owner.
struct Task(JoinHandle<Result<Report, ClientError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Stream {
    /// Connects and says `hello`. Fails where nobody answers now.
    pub async fn connect(endpoint: Endpoint, options: Options) -> Result<Self, ClientError> {
        let (actor, mut link) = Actor::connect(endpoint, options).await?;
        let resume = std::mem::take(&mut link.resume);
        let (events, inbox) = mpsc::channel(1);
        let progress = actor.progress();
        let task = Task(tokio::spawn(actor.run(link, inbox)));
        Ok(Self { events, progress, resume, task: Some(task) })
    }

    /// What the recorder had of the sessions of [`Options::sessions`] when the stream began.
    pub fn resume_points(&self) -> &BTreeMap<String, ResumePoint> {
        &self.resume
    }

    /// Hands over one event as JSON. Waits while the window is full. An event without `event_id`, `timestamp` and `seq` gets
    /// an `event_id` and the present time, so that a resend is known as one.
    pub async fn send(&mut self, raw: String) -> Result<(), ClientError> {
        let event = identify::identified(raw, || uuid::Uuid::now_v7().to_string(), now());
        if self.events.send(event).await.is_ok() {
            return Ok(());
        }
        // The task is over: its result says why. A second call has only the bare fact.
        match self.task.take() {
            Some(task) => Err(outcome(task).await.err().unwrap_or_else(ended)),
            None => Err(ended()),
        }
    }

    /// Where the stream stands now.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Changes of [`Stream::progress`], for a display beside the stream.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits until every event is on disk or refused, and says goodbye.
    pub async fn finish(mut self) -> Result<Report, ClientError> {
        let task = self.task.take();
        drop(self.events);
        match task {
            Some(task) => outcome(task).await,
            None => Err(ended()),
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("progress", &*self.progress.borrow()).finish_non_exhaustive()
    }
}

async fn outcome(mut task: Task) -> Result<Report, ClientError> {
    (&mut task.0).await.unwrap_or_else(|_| Err(ended()))
}

fn ended() -> ClientError {
    ClientError::Gone { url: String::new(), why: "the stream has ended".into(), unacked: 0 }
}

/// The time by this machine's clock, in microseconds.
pub(crate) fn precise_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or_default())
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default()).unwrap_or_default()
}
