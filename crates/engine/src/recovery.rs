//! Recovery: what needs it and what it would bring, and the run that does it, session by session.
//!
//! Owns the order of a run. Reads files and folds off the ingest task, which gets short steps in between events. Invariant: a
//! session is marked as recovered after everything found for it is in the store, and a run that is cut short leaves the
//! sessions it has not come to as they were.

mod look;

use crate::editors::Listing;
use crate::ingest::RecoveryStep;
use crate::start::Layout;
use crate::{Engine, EngineError, quarantine};
use chasm_editors::Roots;
use chasm_protocol::api::{
    RecoveryCandidate, RecoveryOverview, RecoveryReport, RecoveryRequest, ReportPage, SkippedSession,
};
use chasm_protocol::lifecycle::Operation;
use chasm_protocol::session::{Evidence, Origin, Recovery, SessionSummary, State};
use chasm_protocol::{LifecycleEvent, SessionId};
use chasm_store::{StoredCandidate, StoredSession};
use look::{Allowance, Look};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Reports of past recoveries that an overview holds.
const REPORTS: u32 = 50;
/// Sessions that are marked in one transaction, and the longest time until they are.
const STEP: usize = 16;
const STEP_TIME: Duration = Duration::from_millis(250);

impl Engine {
    /// What needs recovery, and what was recovered. With `files`, editors' files are read to say what recovering would bring.
    /// Changes nothing.
    pub async fn recovery(&self, files: Option<&Roots>) -> Result<RecoveryOverview, EngineError> {
        self.flushed().await?;
        let live = self.live_sessions().await;
        let candidates = self.store().recovery_candidates().await?;
        let listing = match files {
            Some(roots) if !candidates.is_empty() => Some(Listing::of(roots).await),
            _ => None,
        };
        let (mut interrupted, mut allowance) = (Vec::new(), Allowance::of_preview());
        for candidate in candidates {
            let look = match &listing {
                Some(listing) => self.look(&candidate.session, listing, &mut allowance).await?,
                None => Look::default(),
            };
            interrupted.push(self.candidate(candidate, look, &live).await?);
        }
        Ok(RecoveryOverview {
            interrupted,
            reports: self.store().reports(None, REPORTS).await?.reports,
            last_start: self.start_report().await,
            quarantine: quarantine::list(&Layout::of(&self.config().data_dir).quarantine),
        })
    }

    /// Past recoveries, the latest first.
    pub async fn recovery_reports(
        &self,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ReportPage, EngineError> {
        self.store().reports(cursor, limit).await.map_err(crate::reads::cursor_or_store)
    }

    async fn candidate(
        &self,
        c: StoredCandidate,
        look: Look,
        live: &HashSet<String>,
    ) -> Result<RecoveryCandidate, EngineError> {
        let only_in_snapshots = match c.session.has_snapshots {
            true => {
                let (messages, _) = self.store().items(c.session.pk).await?;
                messages.iter().filter(|m| m.origin == Origin::Snapshot).count() as u64
            }
            false => 0,
        };
        let live = live.contains(&c.summary.session_id);
        let after = look.after.unwrap_or(look::After {
            messages: c.summary.messages,
            partial: c.partial_messages,
            open_tool_calls: c.open_tool_calls,
            ..look::After::default()
        });
        Ok(RecoveryCandidate {
            session: SessionSummary { live, ..c.summary },
            interruption: c.session.last_interruption.map(|row| row.unplaced()),
            snapshots: c.snapshots,
            last_snapshot_at: c.last_snapshot_at,
            only_in_snapshots,
            partial_messages: c.partial_messages,
            open_tool_calls: c.open_tool_calls,
            still_missing: c.missing.clone(),
            missing: c.missing,
            messages_after: after.messages,
            added: after.added,
            completed: after.completed,
            still_partial: after.partial,
            still_open_tool_calls: after.open_tool_calls,
            editor_files: look.files,
            unavailable: look.unavailable,
        })
    }

    /// Puts interrupted sessions together from what is at hand, editors' files too, and marks them as recovered. Goes on when
    /// the one who asked does not wait.
    pub async fn recover(
        &self,
        request: RecoveryRequest,
        roots: &Roots,
    ) -> Result<RecoveryReport, EngineError> {
        let (engine, roots) = (self.clone(), roots.clone());
        let run = tokio::spawn(async move { engine.run_recovery(request, &roots).await });
        run.await.unwrap_or(Err(EngineError::ShuttingDown))
    }

    async fn run_recovery(
        &self,
        request: RecoveryRequest,
        roots: &Roots,
    ) -> Result<RecoveryReport, EngineError> {
        self.flushed().await?;
        let (chosen, skipped) = self.choose(request.session_ids).await?;
        let listing = match chosen.is_empty() {
            true => None,
            false => Some(Listing::of(roots).await),
        };
        let at = self.shared().clock.now();
        let report = RecoveryReport { report_id: 0, at, recovered: Vec::new(), skipped };
        let mut run = Run {
            engine: self,
            report,
            step: RecoveryStep::default(),
            begun: Instant::now(),
            done: 0,
            total: chosen.len() as u64,
        };
        run.tell_progress(None);
        let mut ended = Ok(());
        for stored in chosen {
            ended = run.session(stored, listing.as_ref()).await;
            if ended.is_err() {
                break;
            }
        }
        let marked = run.mark().await;
        // What is done is told, whatever ended the run.
        run.tell();
        ended.and(marked)?;
        let mut report = run.report;
        self.store().add_titles(&mut report.skipped).await?;
        Ok(report)
    }

    async fn choose(
        &self,
        ids: Option<Vec<SessionId>>,
    ) -> Result<(Vec<StoredSession>, Vec<SkippedSession>), EngineError> {
        let Some(ids) = ids else {
            let all = self.store().recovery_candidates().await?;
            return Ok((all.into_iter().map(|c| c.session).collect(), Vec::new()));
        };
        let skip = |id: &SessionId, reason: String| SkippedSession {
            session_id: id.to_string(),
            title: None,
            reason,
        };
        let found = self.store().load_sessions(&ids).await?;
        let mut skipped: Vec<SkippedSession> = ids
            .iter()
            .filter(|id| !found.iter().any(|s| s.record.id == **id))
            .map(|id| skip(id, String::from("no such session")))
            .collect();
        let (trashed, found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|s| self.shared().hub.is_hidden(s.record.id.as_str()));
        skipped.extend(trashed.iter().map(|s| skip(&s.record.id, String::from("it is in the trash"))));
        let (interrupted, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|s| s.state == State::Interrupted);
        skipped.extend(
            others.into_iter().map(|s| skip(&s.record.id, format!("it is {}, not interrupted", s.state))),
        );
        Ok((interrupted, skipped))
    }

    /// What a session was put together from, and what it still lacks.
    async fn take_stock(&self, stored: &StoredSession, look: &Look) -> Result<Recovery, EngineError> {
        let (messages, calls) = self.store().items(stored.pk).await?;
        let from = |origin| messages.iter().filter(|m| m.origin == origin).count() as u64;
        let (_, missing) = chasm_store::missing(&self.store().seqs(stored.pk).await?);
        Ok(Recovery {
            at: self.shared().clock.now(),
            reason: stored.last_interruption.as_ref().map(|i| i.reason),
            from_events: from(Origin::Event),
            from_snapshots: from(Origin::Snapshot),
            from_editor_files: from(Origin::EditorFile),
            completed: messages.iter().filter(|m| m.completed_by.is_some()).count() as u64,
            partial: messages.iter().filter(|m| m.partial).count() as u64,
            open_tool_calls: calls.iter().filter(|c| !c.finished).count() as u64,
            missing,
            evidence: self.evidence(stored, from(Origin::Event), look).await?,
        })
    }

    async fn evidence(
        &self,
        stored: &StoredSession,
        from_events: u64,
        look: &Look,
    ) -> Result<Vec<Evidence>, EngineError> {
        let source = format!("{} recorded events", stored.record.events);
        let mut evidence = vec![Evidence { origin: Origin::Event, source, messages: from_events }];
        let (_, rows) = self.store().snapshots(stored.pk).await?;
        let mut gone = Vec::new();
        for row in rows {
            let messages = row.body.messages.len() as u64;
            match row.file {
                None => {
                    let source = format!("snapshot of {}", row.taken_at);
                    evidence.push(Evidence { origin: Origin::Snapshot, source, messages });
                }
                // What was read of it in an earlier recovery is kept.
                Some(file) if !look.files.iter().any(|seen| seen.readable && seen.path == file.path) => {
                    let source = format!("{}, as it was on {}", file.path, row.taken_at);
                    gone.push(Evidence { origin: Origin::EditorFile, source, messages });
                }
                Some(_) => {}
            }
        }
        evidence.extend(look.evidence());
        evidence.extend(gone);
        Ok(evidence)
    }
}

/// One run, as far as it has come.
struct Run<'a> {
    engine: &'a Engine,
    report: RecoveryReport,
    step: RecoveryStep,
    begun: Instant,
    done: u64,
    total: u64,
}

impl Run<'_> {
    async fn session(&mut self, stored: StoredSession, listing: Option<&Listing>) -> Result<(), EngineError> {
        let mut look = match listing {
            Some(listing) => self.engine.look(&stored, listing, &mut Allowance::of_recovery()).await?,
            None => Look::default(),
        };
        for record in std::mem::take(&mut look.records) {
            match self.engine.take_file(record).await {
                // Deleted meanwhile: marking it will find that out.
                Ok(()) | Err(EngineError::NoSuchSession(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let recovery = self.engine.take_stock(&stored, &look).await?;
        self.step.entries.push((stored.record.id, stored.pk, recovery));
        if self.step.entries.len() >= STEP || self.begun.elapsed() >= STEP_TIME {
            self.mark().await?;
        }
        Ok(())
    }

    /// Marks what is ready, as one step.
    async fn mark(&mut self) -> Result<(), EngineError> {
        let mut step = std::mem::take(&mut self.step);
        self.begun = Instant::now();
        if step.entries.is_empty() {
            return Ok(());
        }
        let (count, last) = (step.entries.len() as u64, step.entries.last().map(|(id, ..)| id.to_string()));
        step.report = Some(self.report.report_id).filter(|id| *id != 0);
        step.skipped.clone_from(&self.report.skipped);
        let marked = self.engine.mark_recovered(step).await?;
        if self.report.report_id == 0 {
            (self.report.report_id, self.report.at) = (marked.report_id, marked.at);
        }
        let ids: Vec<String> = marked.recovered.iter().map(|r| r.session_id.clone()).collect();
        self.report.recovered.extend(marked.recovered);
        self.report.skipped = marked.skipped;
        if !ids.is_empty() {
            self.engine.shared().hub.changed(ids);
        }
        self.done += count;
        self.tell_progress(last);
        Ok(())
    }

    fn tell_progress(&self, session_id: Option<String>) {
        if self.total > 0 {
            self.engine.shared().hub.progress(Operation::Recovery, self.done, self.total, session_id);
        }
    }

    /// Tells what was recovered.
    fn tell(&self) {
        let recovered = &self.report.recovered;
        if recovered.is_empty() {
            return;
        }
        let messages = |r: &Recovery| r.from_events + r.from_snapshots + r.from_editor_files;
        let lacks = |r: &Recovery| r.partial > 0 || !r.missing.is_empty();
        let event = LifecycleEvent::Recovered {
            sessions: recovered.len() as u64,
            messages: recovered.iter().map(|r| messages(&r.recovery)).sum(),
            incomplete: recovered.iter().filter(|r| lacks(&r.recovery)).count() as u64,
            session_ids: recovered.iter().map(|r| r.session_id.clone()).collect(),
        };
        self.engine.shared().hub.tell(self.engine.shared().clock.now(), event);
    }
}
