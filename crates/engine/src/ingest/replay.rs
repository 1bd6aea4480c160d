//! Replay at start: journal records that the store does not have go the way of new ones, without being written again.
//!
//! Invariant: a record is replayed under the number it has; what was a duplicate stays one.

use super::flushing::FlushLink;
use super::record::{Known, classify, enter, pending_event};
use super::sessions::Sessions;
use crate::codec::Record;
use crate::flush::{Done, Job, Records, STORED_LIMITS, Trouble};
use crate::pending::{Pending, What};
use crate::{Clock, StartError};
use chasm_protocol::session::{InterruptionReason, SnapshotBody};
use chasm_protocol::{ConnectionId, Identity, Parsed, SessionId, Timestamp, parse_event};
use chasm_store::{EventRowKind, Store};
use std::sync::Arc;
use tokio::sync::watch;

/// A journal record, read.
#[derive(Debug)]
pub struct Replayed {
    pub lsn: u64,
    pub session: SessionId,
    what: ReplayedWhat,
}

#[derive(Debug)]
enum ReplayedWhat {
    Event { received_at: Timestamp, connection: ConnectionId, kind: EventRowKind, parsed: Box<Parsed> },
    Snapshot { received_at: Timestamp, taken_at: Timestamp, body: Box<SnapshotBody> },
    Interrupted { reason: InterruptionReason, since: Timestamp },
    Resumed { at: Timestamp },
}

impl Replayed {
    /// Reads a record; the error says what is wrong with it.
    pub fn read(lsn: u64, bytes: &[u8]) -> Result<Self, String> {
        match crate::codec::decode(bytes).map_err(|e| e.to_string())? {
            Record::Event { received_at, connection, kind, raw } => {
                let parsed = parse_event(raw, &STORED_LIMITS).map_err(|refusal| refusal.message)?;
                let session = parsed.event.session_id.clone();
                let what = ReplayedWhat::Event { received_at, connection, kind, parsed: Box::new(parsed) };
                Ok(Self { lsn, session, what })
            }
            Record::Snapshot { received_at, taken_at, session, body } => {
                let body = serde_json::from_str(body).map_err(|e| format!("snapshot: {e}"))?;
                Ok(Self { lsn, session, what: ReplayedWhat::Snapshot { received_at, taken_at, body } })
            }
            Record::Interrupted { reason, since, session, .. } => {
                Ok(Self { lsn, session, what: ReplayedWhat::Interrupted { reason, since } })
            }
            Record::Resumed { at, session } => Ok(Self { lsn, session, what: ReplayedWhat::Resumed { at } }),
        }
    }

    /// The record as it goes to the store. It was told from duplicates when it was written.
    pub fn into_pending(self) -> Pending {
        let Self { lsn, session, what } = self;
        let what = match what {
            ReplayedWhat::Event { received_at, connection, kind, parsed } => {
                let beside = |id| Identity::of_conflict(id, parsed.content);
                let identity = match kind {
                    EventRowKind::Conflict => parsed.event.event_id.as_ref().map(beside),
                    _ => parsed.identity,
                };
                What::Event(Box::new(pending_event(*parsed, identity, kind, lsn, received_at, connection)))
            }
            ReplayedWhat::Snapshot { received_at, taken_at, body } => {
                What::Snapshot { received_at, taken_at, hash: body.hash(), body }
            }
            ReplayedWhat::Interrupted { reason, since } => What::Interrupted { reason, since },
            ReplayedWhat::Resumed { at } => What::Resumed { at },
        };
        Pending { lsn, session, weight: 0, what }
    }

    /// About what it takes in memory.
    pub fn weight(&self) -> usize {
        match &self.what {
            ReplayedWhat::Event { parsed, .. } => super::command::weight(parsed),
            ReplayedWhat::Snapshot { body, .. } => {
                body.messages.iter().map(|m| m.content.weight() + 200).sum()
            }
            ReplayedWhat::Interrupted { .. } | ReplayedWhat::Resumed { .. } => 100,
        }
    }
}

/// Bytes that wait for the flusher at most, about.
const WAITING_MAX: usize = 12 * 1024 * 1024;
/// Records of one transaction.
const BATCH: usize = 8_000;

/// The replay of one start.
pub struct Replay {
    sessions: Sessions,
    flush: FlushLink,
    buffer: Vec<Pending>,
    weight: usize,
    applied: u64,
    clock: Arc<dyn Clock>,
}

impl Replay {
    pub fn new(store: Store, flush: FlushLink, clock: Arc<dyn Clock>) -> Self {
        Self { sessions: Sessions::new(store), flush, buffer: Vec::new(), weight: 0, applied: 0, clock }
    }

    /// Takes a run of records in, and flushes when enough have come.
    pub async fn take(&mut self, records: Vec<Replayed>) -> Result<(), StartError> {
        let failed = |e: crate::RecordError| StartError::Replay(e.to_string());
        self.sessions.load(records.iter().map(|r| &r.session)).await.map_err(failed)?;
        let events = records.iter().filter_map(|r| match &r.what {
            ReplayedWhat::Event { parsed, .. } => Some(&**parsed),
            _ => None,
        });
        self.sessions.look_up(events).await.map_err(failed)?;
        for record in records {
            self.weight += record.weight();
            self.enter(record);
        }
        if self.buffer.len() >= BATCH || self.weight >= WAITING_MAX {
            self.hand_over().await?;
        }
        Ok(())
    }

    /// Flushes what is left; gives the flusher back, and the last record that the store has now.
    pub async fn finish(mut self) -> Result<(FlushLink, u64), StartError> {
        while !self.buffer.is_empty() || self.flush.is_busy() {
            self.hand_over().await?;
        }
        Ok((self.flush, self.applied))
    }

    /// Gives the flusher what waits once it is done with the job before: reading and writing go on side by side.
    async fn hand_over(&mut self) -> Result<(), StartError> {
        if self.flush.is_busy() {
            let trouble = self.flush.trouble.clone();
            let done = tokio::select! {
                done = self.flush.done() => done,
                message = lasting_trouble(trouble) => return Err(StartError::Replay(message)),
            };
            let done = done.ok_or_else(|| StartError::Replay(String::from("the flusher ended")))?;
            self.flushed(&done);
        }
        if let Some(last) = self.buffer.last() {
            let applied = last.lsn;
            let records = Records::Held { records: std::mem::take(&mut self.buffer), applied };
            self.flush.start(Job { records, at: self.clock.now() });
            self.weight = 0;
        }
        Ok(())
    }

    fn flushed(&mut self, done: &Done) {
        self.flush.end();
        self.applied = self.applied.max(done.applied);
        for effect in &done.effects {
            if let Some(tracked) = self.sessions.get_mut(&effect.session) {
                tracked.flushed(effect.pk, effect.last_lsn);
            }
        }
        self.sessions.sweep(self.applied);
    }

    fn enter(&mut self, record: Replayed) {
        let Replayed { lsn, session, what } = record;
        let what = match what {
            ReplayedWhat::Event { received_at, connection, kind, parsed } => {
                let tracked = self.sessions.entry(&session, received_at);
                let identity = match classify(&parsed, tracked) {
                    Known::Duplicate => return,
                    Known::Conflict(identity) => Some(identity),
                    Known::New(identity, _) => identity,
                };
                What::Event(Box::new(enter(*parsed, identity, kind, lsn, received_at, connection, tracked)))
            }
            ReplayedWhat::Snapshot { received_at, taken_at, body } => {
                let hash = body.hash();
                let tracked = self.sessions.entry(&session, received_at);
                (tracked.exists, tracked.last_lsn) = (true, lsn);
                What::Snapshot { received_at, taken_at, hash, body }
            }
            ReplayedWhat::Interrupted { reason, since } => What::Interrupted { reason, since },
            ReplayedWhat::Resumed { at } => What::Resumed { at },
        };
        self.buffer.push(Pending { lsn, session, weight: 0, what });
    }
}

/// Resolves with its message once the store has been in trouble for a while.
async fn lasting_trouble(mut trouble: watch::Receiver<Trouble>) -> String {
    loop {
        if trouble.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(TROUBLE_LASTS).await;
        if let Some(now) = trouble.borrow().clone() {
            return now.message;
        }
    }
}

/// A store that cannot be written for so long ends the start.
const TROUBLE_LASTS: std::time::Duration = std::time::Duration::from_secs(3);
