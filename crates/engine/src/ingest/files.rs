//! What an editor's file says of a session, on its way to the store; and the mark that a session is recovered.
//!
//! Never reads a file: that is done before it comes here. Invariant: it is no sign of life of the session, and no session
//! begins with it.

use super::{Ingest, WaitingSnapshot};
use crate::EngineError;
use crate::codec::Record;
use crate::pending::{Pending, What};
use chasm_protocol::api::{RecoveryReport, SkippedSession, SnapshotAnswer};
use chasm_protocol::session::{Recovery, SnapshotBody};
use chasm_protocol::{SessionId, Timestamp};
use chasm_store::SessionPk;

/// What a file says of one session.
#[derive(Debug)]
pub struct FileRecord {
    pub session: SessionId,
    /// When the file was changed last.
    pub taken_at: Timestamp,
    /// JSON of a `FileSource`.
    pub source: String,
    /// JSON of a `SnapshotBody`.
    pub body: String,
}

/// Some sessions of a recovery, with what was found of each.
#[derive(Debug, Default)]
pub struct RecoveryStep {
    /// The report that earlier steps made.
    pub report: Option<u64>,
    pub entries: Vec<(SessionId, SessionPk, Recovery)>,
    /// All that were skipped so far.
    pub skipped: Vec<SkippedSession>,
}

impl Ingest {
    /// Answers when it is merged in the store.
    pub(super) async fn editor_file(
        &mut self,
        file: FileRecord,
        weight: usize,
        reply: tokio::sync::oneshot::Sender<Result<SnapshotAnswer, EngineError>>,
    ) {
        match self.record_file(file, weight).await {
            Ok((lsn, answer)) => self.snapshots.push(WaitingSnapshot { lsn, answer, reply }),
            Err(error) => {
                self.budget.give(weight);
                let _ = reply.send(Err(error));
            }
        }
    }

    async fn record_file(
        &mut self,
        file: FileRecord,
        weight: usize,
    ) -> Result<(u64, SnapshotAnswer), EngineError> {
        if let Some(refusal) = self.refusal.clone() {
            return Err(refusal.into());
        }
        let FileRecord { session, taken_at, source, body } = file;
        self.sessions.load(std::iter::once(&session)).await?;
        // Deleted while its file was read: nothing of it may come back.
        if self.sessions.get(&session).is_none_or(|tracked| !tracked.exists) {
            return Err(EngineError::NoSuchSession(session.to_string()));
        }
        let unreadable = |e: serde_json::Error| EngineError::BadRequest(e.to_string());
        let parsed: SnapshotBody = serde_json::from_str(&body).map_err(unreadable)?;
        let from = serde_json::from_str(&source).map_err(unreadable)?;
        let now = self.now();
        let record = Record::EditorFile {
            received_at: now,
            taken_at,
            session: session.clone(),
            source: &source,
            body: &body,
        };
        let lsn = self.append(&record)?;
        self.sessions.entry(&session, now).last_lsn = lsn;
        let answer = SnapshotAnswer {
            session_id: session.to_string(),
            stored: true,
            messages: parsed.messages.len() as u64,
            added: 0,
        };
        let hash = parsed.hash();
        let body = Box::new(parsed);
        let what = What::Snapshot { received_at: now, taken_at, hash, body, file: Some(from) };
        self.keep(vec![Pending { lsn, session, weight, what }], weight);
        Ok((lsn, answer))
    }

    /// Marks sessions as recovered. Waits for the store only where it does not have all of them yet.
    pub(super) async fn mark_recovered(&mut self, step: RecoveryStep) -> Result<RecoveryReport, EngineError> {
        let on_the_way =
            |(id, ..): &(SessionId, _, _)| self.sessions.get(id).is_some_and(|tracked| tracked.last_lsn != 0);
        if step.entries.iter().any(on_the_way) {
            self.settle_and_flush().await?;
        }
        let at = self.now();
        let (ids, entries): (Vec<_>, Vec<_>) =
            step.entries.into_iter().map(|(id, pk, recovery)| (id, (pk, recovery))).unzip();
        let report = self.store.mark_recovered(step.report, entries, at, step.skipped).await?;
        for id in ids.iter().filter(|id| report.recovered.iter().any(|r| r.session_id == id.as_str())) {
            if let Some(tracked) = self.sessions.get_mut(id) {
                tracked.recover();
            }
        }
        Ok(report)
    }
}
