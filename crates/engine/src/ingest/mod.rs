//! The ingest task: the one owner of sessions in use, of presence and of the buffer.
//!
//! Owns the way of an event from its parsed form to the journal, and the hand-over of durable records to the flusher.
//! Never writes the store itself, except for the rare whole-session acts (delete, recover) that it serialises.
//! Invariant: a ticket resolves as recorded only when the journal has synced its records.

mod acts;
mod command;
mod erase;
mod files;
mod flushing;
mod outage;
mod presence;
mod record;
mod replay;
mod sessions;

pub use command::{Command, Erasing, Submission, weight};
pub use files::{FileRecord, RecoveryStep};
use flushing::Backlog;
pub use flushing::FlushLink;
pub use presence::micros;
pub use replay::{Replay, Replayed};

use crate::budget::Budget;
use crate::handle::Outcome;
use crate::pending::Pending;
use crate::shared::Shared;
use crate::{EngineConfig, EngineError, RecordError};
use chasm_journal::{Durable, Journal};
use chasm_protocol::api::SnapshotAnswer;
use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::{ConnectionId, LifecycleEvent, SessionId, Timestamp};
use chasm_store::Store;
use presence::Presence;
use sessions::Sessions;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// How often timers are looked at.
const TICK: Duration = Duration::from_millis(200);
/// Commands taken from the mailbox at a time.
const TAKE: usize = 128;
/// No more is taken while this much waits for the disk: the journal would refuse it.
const JOURNAL_WAITING_MAX: usize = 8 * 1024 * 1024;

/// A submission whose records are on the way to the disk.
struct Waiting {
    lsn: u64,
    outcomes: Vec<Outcome>,
    reply: oneshot::Sender<Result<Vec<Outcome>, RecordError>>,
}

/// A snapshot whose effect is known once it is in the store.
struct WaitingSnapshot {
    lsn: u64,
    answer: SnapshotAnswer,
    reply: oneshot::Sender<Result<SnapshotAnswer, EngineError>>,
}

pub struct Ingest {
    config: EngineConfig,
    shared: Arc<Shared>,
    store: Store,
    journal: Journal,
    durable: watch::Receiver<Durable>,
    budget: Arc<Budget>,
    sessions: Sessions,
    presence: Presence,
    /// Records that the flusher does not have yet, in order.
    buffer: VecDeque<Pending>,
    buffered_weight: usize,
    /// Records that wait in the journal alone, behind those in the buffer.
    backlog: Option<Backlog>,
    waiting: VecDeque<Waiting>,
    /// Duplicates of what an earlier run left in the journal: answered when the store has that.
    inheriting: Vec<(u64, Waiting)>,
    /// The last record that was taken over from an earlier run.
    inherited: u64,
    snapshots: Vec<WaitingSnapshot>,
    /// Readers that wait until the store has everything up to a record.
    readers: Vec<(u64, oneshot::Sender<()>)>,
    /// What is told once the record that it rests on is durable.
    untold: VecDeque<(u64, Timestamp, LifecycleEvent)>,
    /// Texts for those who watch a session, until their record is durable.
    untold_deltas: VecDeque<(u64, SessionId, LiveEvent)>,
    flush: FlushLink,
    last_flush: Instant,
    /// Why nothing is taken; `None` while all is well.
    refusal: Option<RecordError>,
    outage_since: Option<Timestamp>,
    last_time: Timestamp,
    last_lsn: u64,
    /// The last record that has nothing for the store.
    probed: u64,
    applied: u64,
    last_sweep: Instant,
}

impl Ingest {
    pub fn new(
        config: EngineConfig,
        shared: Arc<Shared>,
        store: Store,
        journal: Journal,
        budget: Arc<Budget>,
        flush: FlushLink,
        applied: u64,
    ) -> Self {
        let durable = journal.durable();
        let last_lsn = journal.stats().last_lsn.0;
        Self {
            sessions: Sessions::new(store.clone()),
            presence: Presence::default(),
            buffer: VecDeque::new(),
            buffered_weight: 0,
            backlog: None,
            waiting: VecDeque::new(),
            inheriting: Vec::new(),
            inherited: 0,
            snapshots: Vec::new(),
            readers: Vec::new(),
            untold: VecDeque::new(),
            untold_deltas: VecDeque::new(),
            last_flush: Instant::now(),
            refusal: None,
            outage_since: None,
            last_time: Timestamp::default(),
            last_sweep: Instant::now(),
            config,
            shared,
            store,
            journal,
            durable,
            budget,
            flush,
            last_lsn,
            probed: 0,
            applied,
        }
    }

    /// Runs until it is told to shut down.
    pub async fn run(
        mut self,
        mut mailbox: mpsc::Receiver<Command>,
        mut gone: mpsc::UnboundedReceiver<ConnectionId>,
    ) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut inbox = Vec::with_capacity(TAKE);
        loop {
            let room = self.journal.stats().pending_bytes < JOURNAL_WAITING_MAX && self.backlog_has_room();
            tokio::select! {
                biased;
                changed = self.durable.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.on_durable();
                }
                Some(done) = self.flush.done() => self.on_flushed(done),
                Some(id) = gone.recv() => self.on_gone(id),
                _ = tick.tick() => self.on_tick().await,
                taken = mailbox.recv_many(&mut inbox, TAKE), if room => {
                    if taken == 0 {
                        return;
                    }
                    if let Some(reply) = self.handle_all(&mut inbox).await {
                        self.shut_down(&mut mailbox).await;
                        let _ = reply.send(());
                        return;
                    }
                }
            }
            self.flush_if_due();
        }
    }

    /// Handles commands in order; runs of submissions share one batch of the journal. Says if it has to shut down.
    async fn handle_all(&mut self, inbox: &mut Vec<Command>) -> Option<oneshot::Sender<()>> {
        let mut submissions = Vec::new();
        for command in inbox.drain(..) {
            match command {
                Command::Submit(submission) => submissions.push(submission),
                other => {
                    self.record(std::mem::take(&mut submissions)).await;
                    if let Some(reply) = self.handle(other).await {
                        return Some(reply);
                    }
                }
            }
        }
        self.record(submissions).await;
        None
    }

    async fn handle(&mut self, command: Command) -> Option<oneshot::Sender<()>> {
        match command {
            Command::Submit(submission) => self.record(vec![submission]).await,
            Command::Connect { id, client } => self.on_connect(id, client),
            Command::Hello { id, hello, reply } => {
                let _ = reply.send(self.hello(id, hello).await);
            }
            Command::Snapshot { request, weight, reply } => self.snapshot(*request, weight, reply).await,
            Command::Flush { reply } => self.add_reader(reply),
            Command::Probe { reply } => self.probe(reply),
            Command::Presence { reply } => {
                let _ = reply.send(self.presence.status());
            }
            Command::Erase(erasing) => self.on_erase(erasing).await,
            Command::EditorFile { file, weight, reply } => self.editor_file(*file, weight, reply).await,
            Command::Recover { step, reply } => {
                let _ = reply.send(self.mark_recovered(*step).await);
            }
            Command::Retitle { id, title } => self.sessions.retitle(&id, title),
            Command::Shutdown { reply } => return Some(reply),
        }
        None
    }

    /// The time, never going back and never the same twice: so that order of arrival and order of time agree.
    fn now(&mut self) -> Timestamp {
        self.last_time = self.shared.clock.now().max(self.last_time.plus_micros(1));
        self.last_time
    }

    fn tell_when_durable(&mut self, lsn: u64, at: Timestamp, event: LifecycleEvent) {
        self.untold.push_back((lsn, at, event));
    }

    /// Gives answers that waited for the disk.
    fn on_durable(&mut self) {
        let durable = self.durable.borrow_and_update().clone();
        let through = durable.through.0;
        if through > self.shared.durable_lsn() {
            self.shared.note_durable(through, self.shared.clock.now());
            self.shared.rates.note_syncs(self.journal.stats().syncs, self.shared.clock.now());
        }
        while self.waiting.front().is_some_and(|w| w.lsn <= through) {
            if let Some(done) = self.waiting.pop_front() {
                self.answer(done);
            }
        }
        self.answer_inheriting();
        while self.untold.front().is_some_and(|(lsn, ..)| *lsn <= through) {
            if let Some((_, at, event)) = self.untold.pop_front() {
                self.shared.hub.tell(at, event);
            }
        }
        while self.untold_deltas.front().is_some_and(|(lsn, ..)| *lsn <= through) {
            if let Some((_, session, delta)) = self.untold_deltas.pop_front() {
                self.shared.deltas.tell(&session, delta);
            }
        }
        if !matches!(durable.state, chasm_journal::State::Open) && self.refusal.is_none() {
            self.on_outage(&durable);
        }
    }

    fn answer(&self, done: Waiting) {
        self.shared.count(&done.outcomes);
        let _ = done.reply.send(Ok(done.outcomes));
    }

    /// What an earlier run wrote may be no more than the page cache's memory of a failed sync, so that a second sync proves
    /// nothing; the store's own does.
    fn answer_inheriting(&mut self) {
        let (applied, durable) = (self.applied, self.shared.durable_lsn());
        let ready = |(lsn, waiting): &mut (u64, Waiting)| *lsn <= applied && waiting.lsn <= durable;
        for (_, done) in self.inheriting.extract_if(.., ready).collect::<Vec<_>>() {
            self.answer(done);
        }
    }

    async fn on_tick(&mut self) {
        self.shared.rates.note_syncs(self.journal.stats().syncs, self.shared.clock.now());
        self.end_outage_if_possible().await;
        self.interrupt_what_is_gone().await;
        self.sweep();
    }

    fn session_ids(ids: &[SessionId]) -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    }
}
