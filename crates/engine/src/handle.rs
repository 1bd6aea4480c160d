//! The engine as its callers see it: a cheap handle; every call is a message to the task that owns the matter.
//!
//! Invariant: what is handed over under a ticket is answered: recorded once on disk, or refused.

use crate::budget::Budget;
use crate::deltas::DeltaReader;
use crate::flush::{BacklogReader, Trouble};
use crate::health::Pause;
use crate::ingest::{Command, FileRecord, RecoveryStep, Submission, micros};
use crate::shared::Shared;
use crate::start::{self, Started};
use crate::trash::keep_trash;
use crate::{Clock, EngineConfig, EngineError, RecordError, StartError};
use chasm_journal::{Journal, Media};
use chasm_protocol::api::{RecoveryReport, SnapshotAnswer, SnapshotRequest};
use chasm_protocol::frame::{Hello, ResumePoint};
use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::status::{ConnectionStatus, Status};
use chasm_protocol::{ConnectionId, LifecycleEvent, Parsed, SessionId, Timestamp};
use chasm_store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// What became of one accepted event. It is on disk in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Recorded,
    /// The same event is on disk already.
    Duplicate,
    /// Recorded beside another event of the same `event_id`, which stands.
    Conflict,
}

/// Resolves when the events of one submission are on disk: one outcome an event, in order. A ticket may resolve before an
/// earlier one of its connection.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<Vec<Outcome>, RecordError>>);

impl Future for Ticket {
    type Output = Result<Vec<Outcome>, RecordError>;
    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(|r| r.unwrap_or(Err(RecordError::ShuttingDown)))
    }
}

/// Until when recording is paused; `None` inside: until it is resumed.
pub type PauseUntil = Option<Timestamp>;

/// Commands that wait for the ingest task; what they carry is bounded by the budget.
const MAILBOX: usize = 1024;
/// How long a sender waits for room while the store cannot be written, before it is told so.
const TROUBLE_PATIENCE: Duration = Duration::from_secs(2);

/// A WebSocket connection. Dropping it tells the engine that it is gone.
pub struct Connection {
    id: ConnectionId,
    engine: Engine,
}

impl Connection {
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Says who the client is and which sessions it carries; answers what of them is on disk.
    pub async fn hello(&self, hello: Hello) -> Result<BTreeMap<String, ResumePoint>, EngineError> {
        let sessions = hello.sessions.clone();
        self.engine.ask(|reply| Command::Hello { id: self.id, hello, reply }).await??;
        self.engine.resume_points(&sessions).await
    }

    /// Hands events over. Waits while the buffer is full (backpressure), not for the disk: the ticket does.
    pub async fn submit(&self, events: Vec<Parsed>) -> Result<Ticket, RecordError> {
        self.engine.submit(self.id, true, events).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // An error only says that the engine has ended before.
        let _ = self.engine.0.gone.send(self.id);
    }
}

pub(crate) struct Inner {
    shared: Arc<Shared>,
    store: Store,
    journal: Journal,
    backlog: BacklogReader,
    budget: Arc<Budget>,
    trouble: watch::Receiver<Trouble>,
    config: EngineConfig,
    mailbox: mpsc::Sender<Command>,
    gone: mpsc::UnboundedSender<ConnectionId>,
    next_connection: AtomicU64,
    pause: watch::Sender<Option<PauseUntil>>,
    /// Says that the trash is another.
    trash: watch::Sender<()>,
}

/// Handle of a running engine; cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

impl Engine {
    /// Recovery first (database, journal, unfinished sessions), then the tasks. The caller holds the folder's lock.
    pub async fn start(
        config: EngineConfig,
        clock: Arc<dyn Clock>,
        version: &str,
    ) -> Result<Self, StartError> {
        let media = start::disk(&config.data_dir)?;
        Self::start_on(config, clock, version, media).await
    }

    /// As [`Engine::start`], with the journal on this disk: for tests that break it.
    pub async fn start_on(
        config: EngineConfig,
        clock: Arc<dyn Clock>,
        version: &str,
        media: Arc<dyn Media>,
    ) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::new(clock, version));
        let Started { ingest, store, journal, backlog, budget, trouble } =
            start::start(&config, &shared, media).await?;
        let kept = read_pause(&store, shared.clock.now()).await?;
        let pause = kept.map(|pause| pause.until);
        let (mailbox, commands) = mpsc::channel(MAILBOX);
        let (gone, leaving) = mpsc::unbounded_channel();
        shared.health.begin(kept, shared.clock.now());
        tokio::spawn(ingest.run(commands, leaving));
        let engine = Self(Arc::new(Inner {
            shared,
            store,
            journal,
            backlog,
            budget,
            trouble,
            config,
            mailbox,
            gone,
            next_connection: AtomicU64::new(1),
            pause: watch::channel(pause).0,
            trash: watch::channel(()).0,
        }));
        tokio::spawn(end_pauses(Arc::downgrade(&engine.0), engine.0.pause.subscribe()));
        tokio::spawn(keep_trash(Arc::downgrade(&engine.0), engine.0.trash.subscribe()));
        Ok(engine)
    }

    /// Stops taking, flushes, checkpoints, marks the stop as clean. Idempotent.
    pub async fn shutdown(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.0.mailbox.send(Command::Shutdown { reply }).await.is_ok() {
            let _ = stopped.await;
            if let Err(error) = self.0.store.close().await {
                tracing::warn!(%error, "the database is not closed well");
            }
        }
    }

    /// A new WebSocket connection.
    pub async fn connect(&self, client: Option<String>) -> Result<Connection, RecordError> {
        let id = self.next_connection();
        let sent = self.0.mailbox.send(Command::Connect { id, client }).await;
        sent.map_err(|_| RecordError::ShuttingDown)?;
        Ok(Connection { id, engine: self.clone() })
    }

    /// One REST request: resolves when the events are on disk.
    pub async fn record(&self, events: Vec<Parsed>) -> Result<Vec<Outcome>, RecordError> {
        self.submit(self.next_connection(), false, events).await?.await
    }

    /// Hands events over that no connection carries. Waits while the buffer is full, not for the disk: the ticket does.
    pub(crate) async fn hand_over(&self, events: Vec<Parsed>) -> Result<Ticket, RecordError> {
        self.submit(self.next_connection(), false, events).await
    }

    /// Resolves when the snapshot is merged in the store.
    pub async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotAnswer, EngineError> {
        self.refuse_if_paused()?;
        let messages = request.snapshot.messages.iter().map(|m| m.content.weight() + 256).sum::<usize>();
        let weight = self.take(messages * 2 + 1024).await?;
        self.ask(|reply| Command::Snapshot { request: Box::new(request), weight, reply }).await?
    }

    /// Has what an editor's file says merged into its session.
    pub(crate) async fn take_file(&self, file: FileRecord) -> Result<(), EngineError> {
        let weight = self.take(file.body.len() * 2 + 1024).await?;
        let file = Box::new(file);
        self.ask(|reply| Command::EditorFile { file, weight, reply }).await?.map(drop)
    }

    pub(crate) async fn mark_recovered(&self, step: RecoveryStep) -> Result<RecoveryReport, EngineError> {
        let step = Box::new(step);
        self.ask(|reply| Command::Recover { step, reply }).await?
    }

    /// Tells of something that happened outside of the engine, now.
    pub fn tell(&self, event: LifecycleEvent) {
        self.0.shared.hub.tell(self.0.shared.clock.now(), event);
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.0.shared.clock.now()
    }

    /// Counts events that were refused before they came here.
    pub fn count_rejected(&self, events: u64) {
        self.0.shared.rejected.fetch_add(events, Relaxed);
    }

    pub async fn pause(&self, minutes: Option<u32>) -> Result<Status, EngineError> {
        let now = self.0.shared.clock.now();
        let until = minutes.map(|m| now.plus_micros(micros(Duration::from_secs(u64::from(m) * 60))));
        let health = &self.0.shared.health;
        let pause = Pause { until, since: health.now().pause.map_or(now, |before| before.since) };
        self.0.store.put_meta(start::PAUSE, Some(&pause.to_text())).await?;
        health.pause(Some(pause), now);
        self.0.pause.send_replace(Some(until));
        self.0.shared.hub.tell(now, LifecycleEvent::Paused { until });
        Ok(self.status().await)
    }

    pub async fn resume(&self) -> Result<Status, EngineError> {
        self.end_pause().await?;
        Ok(self.status().await)
    }

    /// Tries out the way of every event, from the mailbox to the synced journal, with a record that says nothing. Works while
    /// recording is paused. Answers the journal's last durable record.
    pub async fn probe(&self) -> Result<u64, RecordError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.mailbox.send(Command::Probe { reply }).await;
        sent.map_err(|_| RecordError::ShuttingDown)?;
        Ticket(answer).await?;
        Ok(self.0.shared.durable_lsn())
    }

    /// `Some(until)` while paused; changes are sent to WebSocket clients as `paused` and `resumed`.
    pub fn paused(&self) -> watch::Receiver<Option<PauseUntil>> {
        self.0.pause.subscribe()
    }

    /// Lifecycle events and changed sessions, from now on.
    pub fn live(&self) -> broadcast::Receiver<LiveEvent> {
        self.0.shared.hub.subscribe()
    }

    /// The texts that stream into these sessions, from now on.
    pub fn deltas(&self, sessions: Vec<SessionId>) -> DeltaReader {
        self.0.shared.deltas.watch(sessions)
    }

    /// Resolves when the engine takes nothing more.
    pub(crate) async fn ended(&self) {
        self.0.mailbox.closed().await;
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn backlog(&self) -> &BacklogReader {
        &self.0.backlog
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(crate) fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    pub(crate) fn trouble(&self) -> Trouble {
        self.0.trouble.borrow().clone()
    }

    /// Tells ingest what a session is called from now on, so that it can tell others.
    pub(crate) async fn retitled(&self, id: &SessionId, title: Option<String>) {
        // An error only says that the engine has ended.
        let _ = self.0.mailbox.send(Command::Retitle { id: id.clone(), title }).await;
    }

    pub(crate) async fn presence(&self) -> Vec<ConnectionStatus> {
        self.ask(|reply| Command::Presence { reply }).await.unwrap_or_default()
    }

    /// Waits until the store has all that is durable.
    pub(crate) async fn flushed(&self) -> Result<(), EngineError> {
        match self.0.shared.buffered() {
            (0, _) => Ok(()),
            _ => self.ask(|reply| Command::Flush { reply }).await,
        }
    }

    fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.0.next_connection.fetch_add(1, Relaxed))
    }

    /// Has the times of the trash looked at.
    pub(crate) fn note_trash(&self) {
        self.0.trash.send_replace(());
    }

    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.0.mailbox.send(command(reply)).await.map_err(|_| EngineError::ShuttingDown)?;
        answer.await.map_err(|_| EngineError::ShuttingDown)
    }

    fn refuse_if_paused(&self) -> Result<(), RecordError> {
        match *self.0.pause.borrow() {
            Some(until) => Err(RecordError::Paused(until)),
            None => Ok(()),
        }
    }

    async fn submit(
        &self,
        connection: ConnectionId,
        lasting: bool,
        events: Vec<Parsed>,
    ) -> Result<Ticket, RecordError> {
        self.refuse_if_paused()?;
        let weight = self.take(events.iter().map(crate::ingest::weight).sum()).await?;
        let (reply, answer) = oneshot::channel();
        let submission = Submission { connection, lasting, events, weight, reply };
        let sent = self.0.mailbox.send(Command::Submit(submission)).await;
        sent.map_err(|_| RecordError::ShuttingDown)?;
        Ok(Ticket(answer))
    }

    /// Room in the buffer. Where the store cannot be written there will be none soon, and the sender is told.
    async fn take(&self, bytes: usize) -> Result<usize, RecordError> {
        let mut trouble = self.0.trouble.clone();
        tokio::select! {
            biased;
            taken = self.0.budget.take(bytes) => Ok(taken),
            message = async {
                if trouble.wait_for(Option::is_some).await.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(TROUBLE_PATIENCE).await;
                trouble.borrow().clone()
            } => Err(match message {
                Some(trouble) if trouble.disk_full => RecordError::StorageFull(trouble.message),
                Some(trouble) => RecordError::NotRecording(trouble.message),
                None => RecordError::NotRecording(String::from("the database is slow: send again")),
            }),
        }
    }

    async fn end_pause(&self) -> Result<(), EngineError> {
        self.0.store.put_meta(start::PAUSE, None).await?;
        let now = self.0.shared.clock.now();
        self.0.shared.health.pause(None, now);
        if self.0.pause.send_replace(None).is_some() {
            self.0.shared.hub.tell(now, LifecycleEvent::Resumed);
        }
        Ok(())
    }
}

async fn read_pause(store: &Store, now: Timestamp) -> Result<Option<Pause>, StartError> {
    let text = store.get_meta(start::PAUSE).await?;
    Ok(text.map(|text| Pause::from_text(&text, now)))
}

/// Ends pauses whose time is over.
async fn end_pauses(engine: std::sync::Weak<Inner>, mut pause: watch::Receiver<Option<PauseUntil>>) {
    loop {
        let until = *pause.borrow_and_update();
        let Some(now) = engine.upgrade().map(|inner| inner.shared.clock.now()) else { return };
        match until {
            Some(Some(until)) => {
                let wait = Duration::from_micros(
                    until.as_micros().saturating_sub(now.as_micros()).max(0).cast_unsigned(),
                );
                tokio::select! {
                    changed = pause.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(wait.min(Duration::from_secs(30))) => {
                        let Some(inner) = engine.upgrade() else { return };
                        if inner.shared.clock.now() >= until && Engine(inner).end_pause().await.is_err() {
                            tokio::time::sleep(Duration::from_secs(1)).await;
                        }
                    }
                }
            }
            _ => {
                if pause.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}
