//! What all handles of a client share: the queue of what waits, the numbers of sessions, the clock, and what is known of it all.
//!
//! Owns these; locks are held for a write or a read of the outbox, never while something is waited for. Never talks to the
//! recorder. Invariant: time and number of an event are given under the same lock as its place in the outbox, so all three have
//! one order.

use super::error::RecordError;
use super::event::Outgoing;
use super::session::Inner;
use super::settings::{Mode, Settings};
use super::state::{Connection, State};
use crate::outbox::{Adopted, Kind, PAYLOAD_MAX, Queue};
use crate::stream::report::{Refused, Report, Warned};
use chasm_protocol::{Limits, Timestamp, limits, parse_event};
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, watch};

/// Sessions that are remembered before those that are over and acknowledged are forgotten.
const SESSIONS_KEPT: usize = 4_096;
/// Ended sessions that wait for their last snapshot.
const DUE_MAX: usize = 64;

pub struct Desk {
    pub settings: Settings,
    drawer: Mutex<Drawer>,
    state: watch::Sender<State>,
    report: Mutex<Report>,
    /// There is something new to send.
    pub wake: Notify,
    /// A session has ended and wants its last snapshot.
    pub snapshot_due: Notify,
    /// Largest frame that the recorder takes.
    frame_bytes: AtomicUsize,
}

struct Drawer {
    /// `None` once the client is closed.
    queue: Option<Queue>,
    home: PathBuf,
    sessions: HashMap<String, Numbering>,
    due: Vec<Arc<Inner>>,
    last_time: Timestamp,
}

/// How far a session's events are numbered.
#[derive(Default)]
struct Numbering {
    last_seq: u64,
    /// Number of its last event in this process's outbox.
    last_number: u64,
    handle: Weak<Inner>,
}

impl Desk {
    pub fn open(settings: Settings) -> Result<Self, RecordError> {
        let outboxes = settings.outboxes()?;
        let failed = |source| RecordError::Outbox { path: outboxes.clone(), source };
        let name = settings.outbox_name()?;
        let (queue, adopted) = Queue::open(&outboxes, &name, settings.outbox.max_bytes).map_err(failed)?;
        let mut drawer = Drawer {
            home: queue.home().to_owned(),
            queue: Some(queue),
            sessions: HashMap::new(),
            due: Vec::new(),
            last_time: Timestamp::default(),
        };
        drawer.know(&adopted);
        let desk = Self {
            settings,
            drawer: Mutex::new(drawer),
            state: watch::Sender::new(State::default()),
            report: Mutex::default(),
            wake: Notify::new(),
            snapshot_due: Notify::new(),
            frame_bytes: AtomicUsize::new(Limits::default().frame_bytes),
        };
        desk.tell(&desk.drawer());
        Ok(desk)
    }

    /// Gives an event its time and number and writes it into the outbox.
    pub fn hand_over<D: Serialize>(
        &self,
        session: &str,
        event_type: &str,
        data: &D,
    ) -> Result<Timestamp, RecordError> {
        let mut drawer = self.drawer();
        let timestamp = drawer.now();
        let seq = drawer.sessions.get(session).map_or(0, |n| n.last_seq) + 1;
        let event_id = uuid::Uuid::now_v7().to_string();
        let event = Outgoing { session_id: session, event_type, event_id, timestamp, seq, data };
        let raw = json(&event)?;
        self.check_size(raw.len())?;
        parse_event(&raw, &Limits { frame_bytes: usize::MAX, ..Limits::default() })?;
        self.append(&mut drawer, Kind::Event, &raw, session, Some(seq))?;
        Ok(timestamp)
    }

    /// Writes an event or a snapshot request as it is; answers its number in this process.
    pub fn hand_over_raw(&self, kind: Kind, raw: &str, session: &str) -> Result<u64, RecordError> {
        self.check_size(raw.len())?;
        self.append(&mut self.drawer(), kind, raw, session, None)
    }

    fn append(
        &self,
        drawer: &mut Drawer,
        kind: Kind,
        raw: &str,
        session: &str,
        seq: Option<u64>,
    ) -> Result<u64, RecordError> {
        let queue = drawer.queue.as_mut().ok_or(RecordError::Ended)?;
        let number = match queue.append(kind, raw) {
            Ok(Some(number)) => number,
            Ok(None) => {
                return Err(RecordError::OutboxFull { folder: drawer.home.clone(), limit: queue.limit() });
            }
            Err(source) => return Err(RecordError::Outbox { path: drawer.home.clone(), source }),
        };
        match drawer.sessions.get_mut(session) {
            Some(numbering) => {
                numbering.last_seq = seq.unwrap_or(numbering.last_seq);
                numbering.last_number = number;
            }
            None => {
                drawer.forget_the_past();
                let numbering =
                    Numbering { last_seq: seq.unwrap_or(0), last_number: number, ..Numbering::default() };
                drawer.sessions.insert(session.to_owned(), numbering);
            }
        }
        self.tell(drawer);
        self.wake.notify_one();
        Ok(number)
    }

    fn check_size(&self, bytes: usize) -> Result<(), RecordError> {
        let limit = self.frame_bytes();
        if bytes > limit { Err(RecordError::TooLarge { bytes, limit }) } else { Ok(()) }
    }

    /// Takes a handle's session into the books.
    pub fn enter(&self, inner: &Arc<Inner>, last_seq: u64) {
        let mut drawer = self.drawer();
        drawer.forget_the_past();
        let numbering = drawer.sessions.entry(inner.id.to_string()).or_default();
        numbering.last_seq = numbering.last_seq.max(last_seq);
        numbering.handle = Arc::downgrade(inner);
    }

    /// The handle of a session that is open, and whether anything is known of its numbers.
    pub fn known(&self, session: &str) -> (Option<Arc<Inner>>, bool) {
        let drawer = self.drawer();
        let numbering = drawer.sessions.get(session);
        (numbering.and_then(|n| n.handle.upgrade()), numbering.is_some())
    }

    /// Sessions that have something waiting or are open: what `hello` names.
    pub fn open_sessions(&self) -> Vec<String> {
        let drawer = self.drawer();
        let acked = drawer.queue.as_ref().map_or(0, |queue| queue.own_numbers().1);
        let mut open: Vec<String> = drawer
            .sessions
            .iter()
            .filter(|(_, n)| n.last_number > acked || n.handle.upgrade().is_some_and(|s| !s.has_ended()))
            .map(|(id, _)| id.clone())
            .collect();
        open.truncate(limits::HELLO_SESSIONS);
        open
    }

    /// Sessions that may have something new for a snapshot.
    pub fn for_snapshots(&self) -> Vec<Arc<Inner>> {
        let mut drawer = self.drawer();
        let mut found = std::mem::take(&mut drawer.due);
        for numbering in drawer.sessions.values() {
            let handle = numbering.handle.upgrade();
            found.extend(handle.filter(|one| !found.iter().any(|other| Arc::ptr_eq(other, one))));
        }
        found
    }

    /// Keeps an ended session until its last snapshot is taken.
    pub fn snapshot_at_end(&self, inner: &Arc<Inner>) {
        self.snapshot_later(inner);
        self.snapshot_due.notify_one();
    }

    pub fn snapshot_later(&self, inner: &Arc<Inner>) {
        let mut drawer = self.drawer();
        let known = drawer.due.iter().any(|other| Arc::ptr_eq(other, inner));
        if !known && drawer.due.len() < DUE_MAX {
            drawer.due.push(inner.clone());
        }
    }

    /// Something with the queue; `None` once the client is closed.
    pub fn with_queue<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> Option<T> {
        let mut drawer = self.drawer();
        let done = drawer.queue.as_mut().map(act);
        self.tell(&drawer);
        done
    }

    /// Adopts what processes have left that are gone by now.
    pub fn adopt(&self) -> std::io::Result<()> {
        let mut drawer = self.drawer();
        let Some(queue) = drawer.queue.as_mut() else { return Ok(()) };
        let adopted = queue.adopt()?;
        drawer.know(&adopted);
        self.tell(&drawer);
        drop(drawer);
        if adopted.events > 0 {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Ends it; answers the queue where this is the first time.
    pub fn close(&self) -> Option<Queue> {
        self.drawer().queue.take()
    }

    pub fn home(&self) -> PathBuf {
        self.drawer().home.clone()
    }

    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub fn connected(&self, connection: Connection, paused: bool) {
        self.state.send_modify(|state| {
            state.connection = connection;
            state.paused = paused;
            state.trouble = None;
        });
    }

    pub fn away(&self, why: &str) {
        self.state.send_modify(|state| {
            state.connection = Connection::Away;
            state.trouble = Some(why.to_owned());
        });
    }

    pub fn paused(&self, paused: bool) {
        self.state.send_modify(|state| state.paused = paused);
    }

    pub fn trouble(&self, why: &str) {
        tracing::warn!(why, "the outbox is in trouble");
        self.state.send_modify(|state| state.trouble = Some(why.to_owned()));
    }

    pub fn grew_too_large(&self) {
        self.state.send_modify(|state| state.without_snapshots += 1);
    }

    pub fn frame_bytes(&self) -> usize {
        self.frame_bytes.load(Ordering::Relaxed)
    }

    pub fn set_frame_bytes(&self, limit: usize) {
        self.frame_bytes.store(limit.min(PAYLOAD_MAX), Ordering::Relaxed);
    }

    pub fn takes_snapshots(&self) -> bool {
        self.settings.mode != Mode::Live
    }

    /// What became of the events so far.
    pub fn report(&self) -> Report {
        let mut report = self.in_report(|report| report.clone());
        let (sent, acked) = self.with_queue(|queue| queue.own_numbers()).unwrap_or_default();
        (report.sent, report.acked) = (sent, acked);
        report
    }

    pub fn in_report<T>(&self, act: impl FnOnce(&mut Report) -> T) -> T {
        act(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn note_refusal(&self, refused: Refused) {
        self.in_report(|report| report.refuse(refused));
        self.state.send_modify(|state| state.refused += 1);
    }

    pub fn note_warning(&self, warned: Warned) {
        self.in_report(|report| report.warn(warned));
    }

    fn tell(&self, drawer: &Drawer) {
        let Some(queue) = &drawer.queue else { return };
        let (events, bytes) = queue.waiting();
        let damaged = queue.damaged();
        self.state.send_if_modified(|state| {
            let before = (state.waiting_events, state.waiting_bytes, state.damaged);
            (state.waiting_events, state.waiting_bytes, state.damaged) = (events, bytes, damaged);
            before != (events, bytes, damaged)
        });
    }

    fn drawer(&self) -> MutexGuard<'_, Drawer> {
        self.drawer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawer {
    /// The time, never before that of the last event.
    fn now(&mut self) -> Timestamp {
        self.last_time = self.last_time.max(crate::stream::precise_now());
        self.last_time
    }

    fn know(&mut self, adopted: &Adopted) {
        for (session, seq) in &adopted.sessions {
            let numbering = self.sessions.entry(session.clone()).or_default();
            numbering.last_seq = numbering.last_seq.max(*seq);
            // until all that was adopted is sent, it is one that waits
            numbering.last_number = numbering.last_number.max(1);
        }
    }

    fn forget_the_past(&mut self) {
        if self.sessions.len() < SESSIONS_KEPT {
            return;
        }
        let acked = self.queue.as_ref().map_or(0, |queue| queue.own_numbers().1);
        self.sessions.retain(|_, n| n.last_number > acked || n.handle.strong_count() > 0);
    }
}

pub fn json(value: &impl Serialize) -> Result<String, RecordError> {
    serde_json::to_string(value)
        .map_err(|e| RecordError::Invalid { code: "bad_json".into(), message: e.to_string() })
}
