//! Acts on whole sessions that nothing may run beside: recover, shut down.
//!
//! Invariant: each of them starts from a store that has every durable record.

use super::{Command, Ingest};
use crate::{EngineError, RecordError};
use chasm_journal::Lsn;
use chasm_protocol::api::{RecoveryReport, SkippedSession};
use chasm_protocol::session::{Evidence, Origin, Recovery, State};
use chasm_protocol::{LifecycleEvent, SessionId};
use chasm_store::{SessionPk, StoredSession};
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest time that a stop waits for the store; the journal keeps what it does not get.
const STOP_FLUSH: Duration = Duration::from_millis(1200);

impl Ingest {
    pub(super) async fn settle_and_flush(&mut self) -> Result<(), EngineError> {
        self.settle().await;
        if self.flush_all().await {
            return Ok(());
        }
        let trouble = self.flush.trouble.borrow().clone();
        let message = trouble.map_or_else(|| String::from("the database is too slow"), |t| t.message);
        Err(RecordError::NotRecording(message).into())
    }

    /// Recovers these sessions, or all interrupted ones.
    pub(super) async fn recover(
        &mut self,
        ids: Option<Vec<SessionId>>,
    ) -> Result<RecoveryReport, EngineError> {
        self.settle_and_flush().await?;
        let (chosen, skipped) = self.choose(ids).await?;
        let mut entries = Vec::with_capacity(chosen.len());
        let (mut messages, mut incomplete) = (0, 0);
        for stored in &chosen {
            let recovery = self.take_stock(stored).await?;
            messages += recovery.from_events + recovery.from_snapshots + recovery.from_editor_files;
            incomplete += u64::from(recovery.partial > 0 || !recovery.missing.is_empty());
            entries.push((stored.pk, recovery));
        }
        let at = self.now();
        let report = self.store.mark_recovered(entries, at, skipped).await?;
        for stored in &chosen {
            if let Some(tracked) = self.sessions.get_mut(&stored.record.id) {
                tracked.recover();
            }
        }
        let session_ids: Vec<String> = chosen.iter().map(|s| s.record.id.to_string()).collect();
        if !session_ids.is_empty() {
            let sessions = session_ids.len() as u64;
            self.shared.hub.changed(session_ids.clone());
            let event = LifecycleEvent::Recovered { sessions, messages, incomplete, session_ids };
            self.shared.hub.tell(at, event);
        }
        Ok(report)
    }

    async fn choose(
        &self,
        ids: Option<Vec<SessionId>>,
    ) -> Result<(Vec<StoredSession>, Vec<SkippedSession>), EngineError> {
        let Some(ids) = ids else {
            let all = self.store.recovery_candidates().await?;
            return Ok((all.into_iter().map(|c| c.session).collect(), Vec::new()));
        };
        let found = self.store.load_sessions(&ids).await?;
        let mut skipped: Vec<SkippedSession> = ids
            .iter()
            .filter(|id| !found.iter().any(|s| s.record.id == **id))
            .map(|id| SkippedSession { session_id: id.to_string(), reason: String::from("no such session") })
            .collect();
        let (trashed, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|s| self.shared.hub.is_hidden(s.record.id.as_str()));
        skipped.extend(trashed.into_iter().map(|s| SkippedSession {
            session_id: s.record.id.to_string(),
            reason: String::from("it is in the trash"),
        }));
        let (interrupted, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|s| s.state == State::Interrupted);
        skipped.extend(others.into_iter().map(|s| SkippedSession {
            session_id: s.record.id.to_string(),
            reason: format!("it is {}, not interrupted", s.state),
        }));
        Ok((interrupted, skipped))
    }

    /// What a session was put together from, and what it still lacks.
    async fn take_stock(&self, stored: &StoredSession) -> Result<Recovery, EngineError> {
        let (messages, calls) = self.store.items(stored.pk).await?;
        let from = |origin| messages.iter().filter(|m| m.origin == origin).count() as u64;
        let (_, missing) = chasm_store::missing(&self.store.seqs(stored.pk).await?);
        Ok(Recovery {
            at: self.shared.clock.now(),
            reason: stored.last_interruption.as_ref().map(|i| i.reason),
            from_events: from(Origin::Event),
            from_snapshots: from(Origin::Snapshot),
            from_editor_files: from(Origin::EditorFile),
            completed: messages.iter().filter(|m| m.completed_by.is_some()).count() as u64,
            partial: messages.iter().filter(|m| m.partial).count() as u64,
            open_tool_calls: calls.iter().filter(|c| !c.finished).count() as u64,
            missing,
            evidence: self.evidence(stored.pk, stored.record.events, from(Origin::Event)).await?,
        })
    }

    async fn evidence(
        &self,
        pk: SessionPk,
        events: u64,
        messages: u64,
    ) -> Result<Vec<Evidence>, EngineError> {
        let source = format!("{events} recorded events");
        let mut evidence = vec![Evidence { origin: Origin::Event, source, messages }];
        let (_, snapshots) = self.store.snapshots(pk).await?;
        evidence.extend(snapshots.iter().map(|s| Evidence {
            origin: Origin::Snapshot,
            source: format!("snapshot of {}", s.taken_at),
            messages: s.body.messages.len() as u64,
        }));
        Ok(evidence)
    }

    /// Stops taking, makes everything durable, answers, flushes, marks the stop as clean.
    pub(super) async fn shut_down(&mut self, mailbox: &mut mpsc::Receiver<Command>) {
        mailbox.close();
        while let Some(command) = mailbox.recv().await {
            self.turn_away(command);
        }
        self.settle().await;
        let sound = self.refusal.is_none();
        // What the flush has no time for stays in the journal: that is no less clean.
        self.flush_within(STOP_FLUSH).await;
        self.refusal = Some(RecordError::ShuttingDown);
        if sound {
            let now = self.now();
            let notices = self.shared.hub.take_unsaved();
            if let Err(error) = self.store.add_notices(notices).await {
                tracing::warn!(%error, "the last notices are not kept");
            }
            let _ = self.journal.purge(Lsn(self.applied)).await;
            if let Err(error) = self.store.put_meta(crate::start::CLEAN_STOP, Some(&now.to_string())).await {
                tracing::warn!(%error, "the stop is not marked as clean");
            }
        }
        self.journal.clone().close().await;
    }

    fn turn_away(&self, command: Command) {
        match command {
            Command::Submit(submission) => self.refuse(submission, RecordError::ShuttingDown),
            // Dropping the reply says the same.
            _ => drop(command),
        }
    }
}
