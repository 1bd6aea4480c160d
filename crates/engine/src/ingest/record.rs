//! Recording: dedupe, number, journal, buffer.
//!
//! Invariant: a submission's records go into the journal in one batch, all or none.

use super::{Ingest, Submission, Waiting, WaitingSnapshot};
use crate::codec::Record;
use crate::deltas::{Deltas, live_delta};
use crate::handle::Outcome;
use crate::pending::{Pending, PendingEvent, What};
use crate::tracked::Tracked;
use crate::{EngineError, RecordError};
use chasm_journal::{AppendError, Batch};
use chasm_protocol::api::{SnapshotAnswer, SnapshotRequest};
use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::session::State;
use chasm_protocol::{Body, ConnectionId, Event, Identity, LifecycleEvent, Parsed, SessionId, Timestamp};
use chasm_store::{EventRow, EventRowKind};
use tokio::sync::oneshot;

/// Longest event that fits a journal record.
const RECORD_MAX: usize = 200 * 1024 * 1024;

impl Ingest {
    /// Records submissions and answers them once they are on disk.
    pub(super) async fn record(&mut self, submissions: Vec<Submission>) {
        if submissions.is_empty() {
            return;
        }
        let loaded = match self.refusal.clone() {
            Some(refusal) => Err(refusal),
            None => self.load_for(&submissions).await,
        };
        if let Err(error) = loaded {
            return submissions.into_iter().for_each(|s| self.refuse(s, error.clone()));
        }
        for submission in submissions {
            let carried = self.presence.sessions_to_note(&submission, self.shared.clock.now());
            self.record_one(submission);
            self.note_carried(carried);
        }
    }

    async fn load_for(&mut self, submissions: &[Submission]) -> Result<(), RecordError> {
        let events = || submissions.iter().flat_map(|s| &s.events);
        self.sessions.load(events().map(|p| &p.event.session_id)).await?;
        self.sessions.look_up(events()).await
    }

    pub(super) fn refuse(&self, submission: Submission, error: RecordError) {
        self.budget.give(submission.weight);
        let _ = submission.reply.send(Err(error));
    }

    fn record_one(&mut self, submission: Submission) {
        let Submission { connection, events, weight, reply, .. } = submission;
        if let Some(big) = events.iter().find(|p| p.event.raw.len() > RECORD_MAX) {
            let message = format!("an event of {} bytes is more than the journal takes", big.event.raw.len());
            self.budget.give(weight);
            let _ = reply.send(Err(RecordError::NotRecording(message)));
            return;
        }
        let journal = self.journal.clone();
        let batch = match journal.batch() {
            Ok(batch) => batch,
            Err(error) => {
                self.budget.give(weight);
                let _ = reply.send(Err(append_refusal(&error)));
                return;
            }
        };
        let shared = self.shared.clone();
        let mut pass = Pass {
            batch,
            connection,
            records: Vec::new(),
            news: Vec::new(),
            wait_for: 0,
            watched: &shared.deltas,
            deltas: Vec::new(),
        };
        let mut outcomes = Vec::with_capacity(events.len());
        for parsed in events {
            let now = self.now();
            let tracked = self.sessions.entry(&parsed.event.session_id, now);
            match pass.accept(parsed, tracked, now) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    // Nothing of the batch is in the journal, but sessions have taken a part of it into account.
                    drop(pass);
                    self.budget.give(weight);
                    let refusal = append_refusal(&error);
                    let _ = reply.send(Err(refusal.clone()));
                    self.start_outage(refusal);
                    return;
                }
            }
        }
        let Pass { batch, records, news, wait_for, deltas, .. } = pass;
        let last = batch.commit().map(|appended| appended.last.0);
        self.last_lsn = last.unwrap_or(self.last_lsn);
        self.keep(records, weight);
        for (lsn, at, event) in news {
            self.tell_when_durable(lsn, at, event);
        }
        self.untold_deltas.extend(deltas);
        let lsn = last.unwrap_or(0).max(wait_for).max(self.waiting.back().map_or(0, |w| w.lsn));
        let waiting = Waiting { lsn, outcomes, reply };
        match wait_for.min(self.inherited) {
            inherited if inherited > self.applied => self.inheriting.push((inherited, waiting)),
            _ => self.waiting.push_back(waiting),
        }
        self.answer_what_is_durable();
    }

    /// A submission of duplicates alone may have nothing to wait for.
    fn answer_what_is_durable(&mut self) {
        if self.waiting.front().is_some_and(|w| w.lsn <= self.shared.durable_lsn()) {
            self.on_durable();
        }
    }

    /// Records a snapshot; answered once it is merged in the store.
    pub(super) async fn snapshot(
        &mut self,
        request: SnapshotRequest,
        weight: usize,
        reply: oneshot::Sender<Result<SnapshotAnswer, EngineError>>,
    ) {
        match self.record_snapshot(request, weight).await {
            Ok((lsn, answer)) if lsn > self.applied => {
                self.budget.give(if answer.stored { 0 } else { weight });
                self.snapshots.push(WaitingSnapshot { lsn, answer, reply });
            }
            Ok((_, answer)) => {
                self.budget.give(weight);
                let _ = reply.send(Ok(answer));
            }
            Err(error) => {
                self.budget.give(weight);
                let _ = reply.send(Err(error));
            }
        }
    }

    async fn record_snapshot(
        &mut self,
        request: SnapshotRequest,
        weight: usize,
    ) -> Result<(u64, SnapshotAnswer), EngineError> {
        if let Some(refusal) = self.refusal.clone() {
            return Err(refusal.into());
        }
        let SnapshotRequest { session_id, taken_at, snapshot } = request;
        self.sessions.load(std::iter::once(&session_id)).await?;
        let hash = snapshot.hash();
        let mut answer = SnapshotAnswer {
            session_id: session_id.to_string(),
            stored: false,
            messages: snapshot.messages.len() as u64,
            added: 0,
        };
        if self.last_snapshot(&session_id).await? == Some(hash) {
            // It may still be on its way itself.
            return Ok((self.sessions.get(&session_id).map_or(0, |tracked| tracked.last_lsn), answer));
        }
        let now = self.now();
        let taken_at = taken_at.unwrap_or(now);
        let body = serde_json::to_string(&snapshot).map_err(|e| EngineError::BadRequest(e.to_string()))?;
        let record =
            Record::Snapshot { received_at: now, taken_at, session: session_id.clone(), body: &body };
        let lsn = self.append(&record)?;
        let tracked = self.sessions.entry(&session_id, now);
        let started = !std::mem::replace(&mut tracked.exists, true);
        tracked.fill_title(snapshot.title.as_deref());
        (tracked.last_lsn, tracked.last_received, tracked.last_snapshot) = (lsn, now, Some(hash));
        if started {
            let event =
                LifecycleEvent::Started { session_id: session_id.to_string(), title: tracked.title() };
            self.tell_when_durable(lsn, now, event);
        }
        let what = What::Snapshot { received_at: now, taken_at, hash, body: Box::new(snapshot), file: None };
        self.keep(vec![Pending { lsn, session: session_id, weight, what }], weight);
        answer.stored = true;
        Ok((lsn, answer))
    }

    async fn last_snapshot(
        &self,
        id: &SessionId,
    ) -> Result<Option<chasm_protocol::ContentHash>, EngineError> {
        let Some(tracked) = self.sessions.get(id) else { return Ok(None) };
        match (tracked.last_snapshot, tracked.pk) {
            (Some(hash), _) => Ok(Some(hash)),
            (None, Some(pk)) => Ok(self.store.last_snapshot_hash(pk).await?),
            (None, None) => Ok(None),
        }
    }

    /// Sends a record that says nothing down the way of all others.
    pub(super) fn probe(&mut self, reply: oneshot::Sender<Result<Vec<Outcome>, RecordError>>) {
        let at = self.now();
        let appended = match self.refusal.clone() {
            Some(refusal) => Err(refusal),
            None => self.append(&Record::Probe { at }),
        };
        let lsn = match appended {
            Ok(lsn) => lsn,
            Err(error) => return drop(reply.send(Err(error))),
        };
        self.probed = lsn;
        if let Some(backlog) = &mut self.backlog {
            (backlog.through, backlog.records) = (lsn, backlog.records + 1);
        }
        self.waiting.push_back(Waiting { lsn, outcomes: Vec::new(), reply });
    }

    /// Appends one record of the engine's own.
    pub(super) fn append(&mut self, record: &Record<'_>) -> Result<u64, RecordError> {
        let mut batch = self.journal.batch().map_err(|e| append_refusal(&e))?;
        let lsn = push(&mut batch, record).map_err(|e| append_refusal(&e))?;
        batch.commit();
        self.last_lsn = lsn;
        Ok(lsn)
    }
}

/// One submission on its way into one batch.
struct Pass<'a> {
    batch: Batch<'a>,
    connection: ConnectionId,
    records: Vec<Pending>,
    news: Vec<(u64, Timestamp, LifecycleEvent)>,
    /// The last record that a duplicate's original may be waiting in.
    wait_for: u64,
    watched: &'a Deltas,
    /// Texts that someone watches.
    deltas: Vec<(u64, SessionId, LiveEvent)>,
}

impl Pass<'_> {
    fn accept(
        &mut self,
        parsed: Parsed,
        tracked: &mut Tracked,
        now: Timestamp,
    ) -> Result<Outcome, AppendError> {
        let heartbeat = matches!(parsed.event.body, Body::Heartbeat);
        if heartbeat && (parsed.event.seq.is_none() || !tracked.exists) {
            return self.heartbeat(&parsed.event.session_id, tracked, now);
        }
        let (identity, kind) = match classify(&parsed, tracked) {
            Known::Duplicate => {
                self.wait_for = self.wait_for.max(tracked.last_lsn);
                tracked.last_received = now;
                return Ok(Outcome::Duplicate);
            }
            Known::Conflict(identity) => (Some(identity), EventRowKind::Conflict),
            Known::New(identity, kind) => (identity, kind),
        };
        self.resume(&parsed.event.session_id, tracked, now)?;
        let raw = &parsed.event.raw;
        let record = Record::Event { received_at: now, connection: self.connection, kind, raw };
        let lsn = push(&mut self.batch, &record)?;
        let session = parsed.event.session_id.clone();
        if let Body::MessageDelta(delta) = &parsed.event.body
            && kind == EventRowKind::Folded
            && self.watched.is_watched(&session)
        {
            let at = parsed.event.timestamp.unwrap_or(now);
            self.deltas.push((lsn, session.clone(), live_delta(&session, delta, at)));
        }
        let weight = super::command::weight(&parsed);
        let before = tracked.exists.then(|| tracked.state());
        let event = enter(parsed, identity, kind, lsn, now, self.connection, tracked);
        self.tell_change(before, tracked, &session, lsn, now);
        self.records.push(Pending { lsn, session, weight, what: What::Event(Box::new(event)) });
        Ok(if kind == EventRowKind::Conflict { Outcome::Conflict } else { Outcome::Recorded })
    }

    /// A sign of life: nothing is stored, unless an interrupted session comes back by it. (One with a `seq` is stored, so that
    /// no hole is seen; but it starts no session.)
    fn heartbeat(
        &mut self,
        session: &SessionId,
        tracked: &mut Tracked,
        now: Timestamp,
    ) -> Result<Outcome, AppendError> {
        if tracked.exists {
            tracked.last_received = now;
            if tracked.state() == State::Interrupted {
                self.resume(session, tracked, now)?;
            }
        }
        Ok(Outcome::Recorded)
    }

    /// Puts down that an interrupted or recovered session goes on.
    fn resume(
        &mut self,
        session: &SessionId,
        tracked: &mut Tracked,
        now: Timestamp,
    ) -> Result<(), AppendError> {
        if tracked.needs_resume() {
            let lsn = push(&mut self.batch, &Record::Resumed { at: now, session: session.clone() })?;
            tracked.resume();
            tracked.last_lsn = lsn;
            let what = What::Resumed { at: now };
            self.records.push(Pending { lsn, session: session.clone(), weight: 0, what });
        }
        Ok(())
    }

    fn tell_change(
        &mut self,
        before: Option<State>,
        tracked: &Tracked,
        session: &SessionId,
        lsn: u64,
        at: Timestamp,
    ) {
        let (after, session_id, title) = (tracked.state(), || session.to_string(), || tracked.title());
        if before.is_none() || (before == Some(State::Completed) && after == State::Recording) {
            self.news.push((lsn, at, LifecycleEvent::Started { session_id: session_id(), title: title() }));
        }
        if before != Some(State::Completed) && after == State::Completed {
            self.news.push((lsn, at, LifecycleEvent::Completed { session_id: session_id(), title: title() }));
        }
    }
}

/// What is known of an event that has just come.
pub(super) enum Known {
    Duplicate,
    /// Its id was taken by other content; this is its identity beside it.
    Conflict(Identity),
    New(Option<Identity>, EventRowKind),
}

pub(super) fn classify(parsed: &Parsed, tracked: &Tracked) -> Known {
    if let Some(identity) = parsed.identity
        && let Some(content) = tracked.seen.get(&identity)
    {
        let Some(event_id) = parsed.event.event_id.as_ref().filter(|_| content != parsed.content) else {
            return Known::Duplicate;
        };
        let beside = Identity::of_conflict(event_id, parsed.content);
        return if tracked.seen.get(&beside).is_some() { Known::Duplicate } else { Known::Conflict(beside) };
    }
    let kind = match parsed.event.body {
        Body::Heartbeat => EventRowKind::Silent,
        Body::Other => EventRowKind::Other,
        _ => EventRowKind::Folded,
    };
    Known::New(parsed.identity, kind)
}

/// Takes an event that the journal has into account, and makes the row that the store will get.
fn enter(
    parsed: Parsed,
    identity: Option<Identity>,
    kind: EventRowKind,
    lsn: u64,
    received_at: Timestamp,
    connection: ConnectionId,
    tracked: &mut Tracked,
) -> PendingEvent {
    let event = pending_event(parsed, identity, kind, lsn, received_at, connection);
    note(&event, tracked);
    event
}

/// Takes the row of a journalled event into account.
pub(super) fn note(event: &PendingEvent, tracked: &mut Tracked) {
    let row = &event.row;
    tracked.exists = true;
    tracked.last_lsn = row.lsn;
    tracked.last_received = row.received_at;
    tracked.seen.insert(row.identity, row.content, row.lsn);
    if matches!(row.kind, EventRowKind::Folded | EventRowKind::Other) {
        tracked.note_title(&event.body, &row.order_key());
        tracked.note_order(row.order_key(), matches!(event.body, Body::SessionEnd(_)));
    }
}

/// The row that the store will get.
pub(super) fn pending_event(
    parsed: Parsed,
    identity: Option<Identity>,
    kind: EventRowKind,
    lsn: u64,
    received_at: Timestamp,
    connection: ConnectionId,
) -> PendingEvent {
    let Parsed { event, content, .. } = parsed;
    let Event { event_type, event_id, timestamp, seq, body, raw, .. } = event;
    let row = EventRow {
        lsn,
        identity: identity.unwrap_or_else(|| Identity::of_lsn(lsn)),
        content,
        event_type,
        at: timestamp.unwrap_or(received_at),
        at_is_clients: timestamp.is_some(),
        seq: seq.unwrap_or(0),
        event_id: event_id.map(|id| id.as_str().into()),
        received_at,
        connection,
        kind,
        raw,
    };
    PendingEvent { row, body }
}

fn push(batch: &mut Batch<'_>, record: &Record<'_>) -> Result<u64, AppendError> {
    batch.push(|out| record.encode(&mut |bytes| out.extend_from_slice(bytes))).map(|lsn| lsn.0)
}

/// What a refusal of the journal means for the sender.
pub(super) fn append_refusal(error: &AppendError) -> RecordError {
    match error {
        AppendError::Stalled(fault) if fault.is_full() => RecordError::StorageFull(fault.to_string()),
        AppendError::Closed => RecordError::ShuttingDown,
        other => RecordError::NotRecording(other.to_string()),
    }
}
