//! Replay at start: what the journal has and the store has not, taken over without being written again.
//!
//! Keeps of each record what ingest has to know (identity, order, state); the records themselves stay in the journal as backlog,
//! which the flusher brings into the store while clients are served. Invariant: a record keeps its number, and what was a
//! duplicate stays one.

use super::Ingest;
use super::flushing::Backlog;
use super::record::{Known, classify, note, pending_event};
use super::sessions::Sessions;
use crate::StartError;
use crate::codec::Record;
use crate::flush::{STORED_LIMITS, Trouble};
use crate::pending::{Pending, What};
use chasm_protocol::session::{FileSource, InterruptionReason, SnapshotBody};
use chasm_protocol::{ConnectionId, Identity, Parsed, SessionId, Timestamp, parse_event};
use chasm_store::{EventRowKind, Store};
use std::collections::HashSet;
use std::time::Duration;
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
    Event {
        received_at: Timestamp,
        connection: ConnectionId,
        kind: EventRowKind,
        parsed: Box<Parsed>,
    },
    Snapshot {
        received_at: Timestamp,
        taken_at: Timestamp,
        body: Box<SnapshotBody>,
        file: Option<FileSource>,
    },
    Interrupted {
        reason: InterruptionReason,
        since: Timestamp,
    },
    Resumed {
        at: Timestamp,
    },
}

impl Replayed {
    /// Reads a record; `None` where it is of no session. The error says what is wrong with it.
    pub fn read(lsn: u64, bytes: &[u8]) -> Result<Option<Self>, String> {
        let (session, what) = match crate::codec::decode(bytes).map_err(|e| e.to_string())? {
            Record::Event { received_at, connection, kind, raw } => {
                let parsed = parse_event(raw, &STORED_LIMITS).map_err(|refusal| refusal.message)?;
                let session = parsed.event.session_id.clone();
                let what = ReplayedWhat::Event { received_at, connection, kind, parsed: Box::new(parsed) };
                (session, what)
            }
            Record::Snapshot { received_at, taken_at, session, body } => {
                let body = serde_json::from_str(body).map_err(|e| format!("snapshot: {e}"))?;
                (session, ReplayedWhat::Snapshot { received_at, taken_at, body, file: None })
            }
            Record::EditorFile { received_at, taken_at, session, source, body } => {
                let body = serde_json::from_str(body).map_err(|e| format!("editor's file: {e}"))?;
                let file = serde_json::from_str(source).map_err(|e| format!("source of a file: {e}"))?;
                (session, ReplayedWhat::Snapshot { received_at, taken_at, body, file: Some(file) })
            }
            Record::Interrupted { reason, since, session, .. } => {
                (session, ReplayedWhat::Interrupted { reason, since })
            }
            Record::Resumed { at, session } => (session, ReplayedWhat::Resumed { at }),
            Record::Probe { .. } => return Ok(None),
        };
        Ok(Some(Self { lsn, session, what }))
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
            ReplayedWhat::Snapshot { received_at, taken_at, body, file } => {
                What::Snapshot { received_at, taken_at, hash: body.hash(), body, file }
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

/// A store that cannot be written for so long ends a start that has to wait for it.
const TROUBLE_LASTS: Duration = Duration::from_secs(3);

/// What a start takes over from the journal.
pub struct Replay {
    sessions: Sessions,
    records: usize,
    last: u64,
    duplicates: HashSet<u64>,
}

impl Replay {
    pub fn new(store: Store) -> Self {
        Self { sessions: Sessions::new(store), records: 0, last: 0, duplicates: HashSet::new() }
    }

    /// Takes a run of records in.
    pub async fn take(&mut self, records: Vec<Replayed>) -> Result<(), StartError> {
        let failed = |e: crate::RecordError| StartError::Replay(e.to_string());
        self.sessions.load(records.iter().map(|r| &r.session)).await.map_err(failed)?;
        let events = records.iter().filter_map(|r| match &r.what {
            ReplayedWhat::Event { parsed, .. } => Some(&**parsed),
            _ => None,
        });
        self.sessions.look_up(events).await.map_err(failed)?;
        for record in records {
            self.note(record);
        }
        Ok(())
    }

    /// Records that the store has under another number: a database that was put together again may.
    pub fn take_duplicates(&mut self) -> HashSet<u64> {
        std::mem::take(&mut self.duplicates)
    }

    fn note(&mut self, record: Replayed) {
        let Replayed { lsn, session, what } = record;
        (self.records, self.last) = (self.records + 1, lsn);
        match what {
            ReplayedWhat::Event { received_at, connection, kind, parsed } => {
                let tracked = self.sessions.entry(&session, received_at);
                let identity = match classify(&parsed, tracked) {
                    Known::Duplicate => {
                        self.duplicates.insert(lsn);
                        return;
                    }
                    Known::Conflict(identity) => Some(identity),
                    Known::New(identity, _) => identity,
                };
                note(&pending_event(*parsed, identity, kind, lsn, received_at, connection), tracked);
            }
            ReplayedWhat::Snapshot { received_at, file: Some(_), .. } => {
                let tracked = self.sessions.entry(&session, received_at);
                (tracked.exists, tracked.last_lsn) = (true, lsn);
            }
            ReplayedWhat::Snapshot { received_at, body, .. } => {
                let tracked = self.sessions.entry(&session, received_at);
                (tracked.exists, tracked.last_lsn, tracked.last_received) = (true, lsn, received_at);
                tracked.last_snapshot = Some(body.hash());
                tracked.fill_title(body.title.as_deref());
            }
            ReplayedWhat::Interrupted { since, .. } => {
                if let Some(tracked) = self.sessions.get_mut(&session) {
                    tracked.interrupt(since);
                    tracked.last_lsn = lsn;
                }
            }
            ReplayedWhat::Resumed { .. } => {
                if let Some(tracked) = self.sessions.get_mut(&session) {
                    tracked.resume();
                    tracked.last_lsn = lsn;
                }
            }
        }
    }
}

impl Ingest {
    /// Goes on with what an earlier run left in the journal, up to record `through`. Only before anything else is recorded.
    pub fn take_over(&mut self, replay: Replay, through: u64, damaged: bool) {
        self.sessions = replay.sessions;
        self.inherited = through;
        if through > self.applied {
            self.backlog = Some(Backlog { through, records: replay.records, damaged });
        }
        self.note_buffer();
    }

    /// Waits until the store has the whole backlog.
    pub async fn bring_in_backlog(&mut self) -> Result<(), StartError> {
        let refused = lasting_trouble(self.flush.trouble.clone());
        tokio::pin!(refused);
        while self.backlog.is_some() {
            if !self.flush.is_busy() {
                self.flush_if_due();
            }
            tokio::select! {
                done = self.flush.done() => match done {
                    Some(done) => self.on_flushed(done),
                    None => return Err(StartError::Replay(String::from("the flusher ended"))),
                },
                message = &mut refused => return Err(StartError::Replay(message)),
            }
        }
        Ok(())
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
