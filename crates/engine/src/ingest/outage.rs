//! When the journal takes nothing: refuse, remember, go on by itself.
//!
//! Invariant: after an outage ingest knows only what the store knows: nothing that was not made durable is remembered as
//! recorded, so that what was refused and is sent again is recorded.

use super::Ingest;
use crate::RecordError;
use crate::problem::Problem;
use chasm_journal::{Durable, ResumeError, State as JournalState};
use chasm_protocol::LifecycleEvent;
use std::time::{Duration, Instant};

/// Time between two tries to go on.
const RETRY: Duration = Duration::from_millis(500);

impl Ingest {
    /// The journal stalled, was poisoned or closed: nothing behind `through` is or will be durable.
    pub(super) fn on_outage(&mut self, durable: &Durable) {
        let refusal = match &durable.state {
            JournalState::Open => return,
            JournalState::Stalled(fault) if fault.is_full() => RecordError::StorageFull(fault.to_string()),
            JournalState::Stalled(fault) => RecordError::NotRecording(fault.to_string()),
            JournalState::Poisoned(fault) => RecordError::NotRecording(format!(
                "{fault}; what is on disk is only known after a restart: restart the recorder"
            )),
            JournalState::Closed => RecordError::ShuttingDown,
        };
        self.start_outage(refusal);
    }

    pub(super) fn start_outage(&mut self, refusal: RecordError) {
        let durable = self.shared.durable_lsn();
        let kept = self.buffer.partition_point(|record| record.lsn <= durable);
        let dropped: usize = self.buffer.drain(kept..).map(|record| record.weight).sum();
        self.buffered_weight -= dropped;
        self.budget.give(dropped);
        self.cut_backlog(durable);
        self.probed = self.probed.min(durable);
        let inheriting = self.inheriting.drain(..).map(|(_, waiting)| waiting);
        for waiting in self.waiting.drain(..).chain(inheriting) {
            let _ = waiting.reply.send(Err(refusal.clone()));
        }
        for waiting in self.snapshots.extract_if(.., |s| s.lsn > durable) {
            let _ = waiting.reply.send(Err(refusal.clone().into()));
        }
        self.untold.clear();
        self.untold_deltas.clear();
        self.note_buffer();
        if refusal == RecordError::ShuttingDown {
            self.refusal = Some(refusal);
            return;
        }
        let now = self.now();
        tracing::error!(error = %refusal, "recording stopped");
        let restart_needed = matches!(self.durable.borrow().state, JournalState::Poisoned(_));
        let problem = Problem::of_journal(&refusal, restart_needed);
        let (reason, message) = (problem.reason(), problem.message.clone());
        self.shared.health.journal(Some(problem), now);
        self.shared.hub.tell(now, LifecycleEvent::RecordingStopped { reason, message });
        self.outage_since = Some(now);
        self.refusal = Some(refusal);
        self.last_sweep = Instant::now();
    }

    /// Goes on once the store has all that is durable and the journal takes records again.
    pub(super) async fn end_outage_if_possible(&mut self) {
        self.release_readers_in_trouble();
        let Some(since) = self.outage_since else { return };
        let waits = !self.buffer.is_empty() || self.backlog.is_some() || self.flush.is_busy();
        if waits || self.last_sweep.elapsed() < RETRY {
            return;
        }
        self.last_sweep = Instant::now();
        match self.journal.resume().await {
            Ok(next) => {
                self.sessions.clear();
                self.last_lsn = next.0.saturating_sub(1);
                self.durable.mark_unchanged();
                self.refusal = None;
                self.outage_since = None;
                let now = self.now();
                self.shared.health.journal(None, now);
                self.shared.hub.tell(now, LifecycleEvent::RecordingResumed { stopped_at: since });
            }
            Err(ResumeError::NoRoom { free, needed }) => {
                let (refusal, problem) = Problem::of_room(free, needed);
                self.refusal = Some(refusal);
                self.shared.health.journal(Some(problem), self.shared.clock.now());
            }
            Err(error) => tracing::debug!(%error, "still not recording"),
        }
    }

    /// Keeps what is held in memory bounded.
    pub(super) fn sweep(&mut self) {
        if self.outage_since.is_none() && self.last_sweep.elapsed() >= Duration::from_secs(5) {
            self.last_sweep = Instant::now();
            self.sessions.sweep(self.applied);
        }
    }
}
