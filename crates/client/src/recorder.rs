//! The client for programs that record: an outbox on disk, and a task that carries it to the recorder.
//!
//! ```no_run
//! # async fn example() -> Result<(), chasm_client::RecordError> {
//! use chasm_client::recorder::{Recorder, SessionStart, Settings};
//! use chasm_protocol::Role;
//!
//! let recorder = Recorder::connect(Settings::for_client("my-editor/1.2")).await?;
//! let start = SessionStart { title: Some("Fix the build".into()), ..SessionStart::default() };
//! let session = recorder.session(None, start).await?;
//! session.message(Role::User, "Why does it fail?")?;
//! session.end(None)?;
//! recorder.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! **What survives.** When a call that hands over an event returns, the event is in the outbox's file: the end of the process, `kill -9`
//! included, loses nothing. A power cut may lose what was handed over within the last [`OutboxSettings::sync_every`] and not
//! acknowledged yet; [`Recorder::flush`] syncs at once. What a process leaves behind, the next one of the same client name sends.
//!
//! **In order, at least once, recorded once.** Events are sent in the order of the calls and leave the outbox with their ack only. After
//! a lost connection all that was sent without an ack goes again, a window at most; each event has an `event_id`, so the recorder
//! records it once. (What `resume` says is used to go on numbering. It is not used to leave events out: where two processes write one
//! session, the same `seq` may be two events.)
//!
//! Owns the tasks. Never waits where an event is handed over. Invariant: an event that was handed over is acknowledged, set aside as
//! refused with its reason, or in the outbox.

mod carrier;
mod desk;
mod error;
mod event;
mod keeper;
mod picture;
mod session;
mod settings;
mod snapshots;
mod state;

pub use crate::stream::report::{Refused, Report, Warned};
pub use error::RecordError;
pub use event::{Message, SessionStart, SessionUpdate, ToolCall, ToolResult};
pub use session::Session;
pub use settings::{Mode, OutboxSettings, Settings};
pub use state::{Connection, Left, State};

use crate::outbox::Kind;
use crate::stream::identify;
use carrier::{Ask, Carrier};
use chasm_protocol::SessionId;
use desk::Desk;
use session::Inner;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// How long a session that goes on waits for the recorder to say how far it is numbered.
const RESUME_WAIT: Duration = Duration::from_secs(2);
const ASKS: usize = 16;

/// A recording client. Dropping it leaves what waits to the next process of this client; [`Recorder::close`] waits a little.
pub struct Recorder {
    desk: Arc<Desk>,
    asks: mpsc::Sender<Ask>,
    tasks: Vec<AbortHandle>,
}

impl Recorder {
    /// Opens the outbox and begins to look for the recorder. Succeeds while none is there: events wait in the outbox. Fails where the
    /// outbox cannot be made. Needs a tokio runtime.
    pub async fn connect(settings: Settings) -> Result<Self, RecordError> {
        // What others left behind is read through: not on the runtime's threads.
        let opened = tokio::task::spawn_blocking(move || Desk::open(settings)).await;
        let desk = Arc::new(opened.map_err(|_| RecordError::Ended)??);
        let (asks, inbox) = mpsc::channel(ASKS);
        let mut tasks = vec![
            tokio::spawn(Carrier::new(desk.clone(), inbox).run()).abort_handle(),
            tokio::spawn(keeper::keep(desk.clone())).abort_handle(),
        ];
        if desk.takes_snapshots() {
            tasks.push(tokio::spawn(snapshots::take(desk.clone())).abort_handle());
        }
        Ok(Self { desk, asks, tasks })
    }

    /// Begins a session, or goes on with one. `None` makes a new id. A session that was recorded before is numbered on from where
    /// it was; where the recorder does not answer within 2 s, from what the outbox knows.
    pub async fn session(&self, id: Option<SessionId>, start: SessionStart) -> Result<Session, RecordError> {
        let session = match id {
            Some(id) => self.known_session(id).await?,
            None => {
                let id = SessionId::new(uuid::Uuid::now_v7().to_string()).map_err(|e| {
                    RecordError::Invalid { code: "invalid_field".into(), message: e.to_string() }
                })?;
                self.enter(id, 0, true)
            }
        };
        session.start(&start)?;
        Ok(session)
    }

    async fn known_session(&self, id: SessionId) -> Result<Session, RecordError> {
        let (handle, is_numbered) = self.desk.known(id.as_str());
        if let Some(inner) = handle {
            return Ok(Session::new(inner, self.desk.clone()));
        }
        let last_seq = tokio::time::timeout(RESUME_WAIT, self.ask(&id)).await.ok().flatten();
        Ok(self.enter(id, last_seq.unwrap_or(0), !is_numbered && last_seq == Some(0)))
    }

    fn enter(&self, id: SessionId, last_seq: u64, fresh: bool) -> Session {
        let inner = Arc::new(Inner::new(id, self.desk.settings.picture_bytes, fresh));
        self.desk.enter(&inner, last_seq);
        Session::new(inner, self.desk.clone())
    }

    /// Highest `seq` of a session that the recorder has; `None` where it cannot be asked.
    async fn ask(&self, id: &SessionId) -> Option<u64> {
        let mut state = self.watch();
        let known =
            state.wait_for(|state| state.is_connected() || state.trouble.is_some()).await.ok()?.clone();
        if known.connection != Connection::WebSocket {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { session: id.to_string(), answer }).await.ok()?;
        answered.await.ok()
    }

    /// Hands over an event as JSON, for what has its own `event_id`, `timestamp` and `seq`; without any of them it gets an
    /// `event_id` and the present time. Answers its number among the events of this process, from 1: see [`Refused::event`].
    /// Its fields are the recorder's to judge.
    pub fn record(&self, raw: &str) -> Result<u64, RecordError> {
        let raw =
            identify::identified(raw.to_owned(), || uuid::Uuid::now_v7().to_string(), crate::stream::now());
        let session = session_of(&raw).unwrap_or_default();
        self.desk.hand_over_raw(Kind::Event, &raw, &session)
    }

    /// Waits until all that was handed over before is on the recorder's disk or set aside as refused. Syncs the outbox first; an error
    /// says that this failed. Waits without end where the recorder stays away.
    pub async fn flush(&self) -> Result<(), RecordError> {
        let mut state = self.watch();
        let target = self.desk.with_queue(|queue| queue.own_numbers().0).ok_or(RecordError::Ended)?;
        keeper::sync(&self.desk).await?;
        loop {
            state.borrow_and_update();
            let done = self.desk.with_queue(|queue| queue.is_done_to(target)).ok_or(RecordError::Ended)?;
            if done {
                return Ok(());
            }
            state.changed().await.map_err(|_| RecordError::Ended)?;
        }
    }

    /// Where it stands now.
    pub fn state(&self) -> State {
        self.desk.state()
    }

    /// Changes of [`Recorder::state`].
    pub fn watch(&self) -> watch::Receiver<State> {
        self.desk.watch()
    }

    /// What became of the events that were handed over; refusals and warnings one by one up to 1,000.
    pub fn report(&self) -> Report {
        self.desk.report()
    }

    /// The folder of this client's outboxes; beside them are `refused.jsonl` and `damaged`.
    pub fn outboxes(&self) -> std::path::PathBuf {
        self.desk.home()
    }

    /// Waits for acks for [`Settings::close_wait`], not at all while nobody answers, takes last snapshots, and ends. What is left
    /// is for the next process of this client.
    pub async fn close(self) -> Left {
        let wait = self.desk.settings.close_wait;
        let mut state = self.watch();
        let nobody = async {
            // A client that was just opened has not been refused yet.
            let _ = state.wait_for(|state| !state.is_connected() && state.trouble.is_some()).await;
        };
        tokio::select! {
            _ = self.flush() => {}
            () = nobody => {}
            () = tokio::time::sleep(wait) => {}
        }
        if self.desk.takes_snapshots() && self.state().is_connected() {
            let _ = tokio::time::timeout(wait, snapshots::take_all(&self.desk)).await;
        }
        if let Err(error) = keeper::sync(&self.desk).await {
            tracing::warn!(%error, "the outbox is not synced");
        }
        let events = self.desk.with_queue(|queue| queue.waiting().0).unwrap_or(0);
        Left { events, folder: self.desk.home() }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        if let Some(queue) = self.desk.close() {
            queue.leave();
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("state", &self.state()).finish_non_exhaustive()
    }
}

fn session_of(raw: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        session_id: String,
    }
    serde_json::from_str::<Named>(raw).ok().map(|named| named.session_id)
}
