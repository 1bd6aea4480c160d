//! `chasm doctor`: checks a data folder that no recorder uses, and mends what can be mended.
//!
//! Owns the comparison of every session with the fold of its events. Never touches a folder whose lock someone else holds:
//! the caller has it. Invariant: without `repair` nothing is changed.

use crate::flush::{stored_fold_event, taken};
use crate::fold::{FoldEvent, Folded, fold};
use crate::start::Layout;
use crate::{EngineConfig, EngineError, StartError};
use chasm_journal::{JournalSettings, Lsn};
use chasm_protocol::session::{SessionRecord, State};
use chasm_protocol::{Message, SessionId, ToolCall};
use chasm_store::{FlushBatch, ItemsWrite, OpenError, SessionWrite, SnapshotsWrite, Store, StoredSession};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct DoctorReport {
    pub sessions: u64,
    pub events: u64,
    pub journal_records: u64,
    /// Journal records that the database does not have yet: the next start replays them.
    pub unapplied_records: u64,
    pub quarantined_files: u64,
    /// What is wrong, each in one sentence.
    pub problems: Vec<String>,
    /// What was mended, each in one sentence.
    pub repaired: Vec<String>,
    /// Worth knowing, and nothing wrong.
    pub notes: Vec<String>,
}

/// How far a check has come: sessions checked, sessions in all.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Checks database and journal, and folds every session again. With `repair`, damage in the journal is set aside and its
/// records replayed, a damaged database is read back into a new one, and sessions that differ from their fold are replaced.
pub async fn check(
    data_dir: &Path,
    repair: bool,
    progress: Progress<'_>,
) -> Result<DoctorReport, StartError> {
    let layout = Layout::of(data_dir);
    let mut report = DoctorReport::default();
    if !layout.database.exists() && !layout.journal.exists() {
        report.notes.push(format!("nothing was ever recorded in {}", data_dir.display()));
        return Ok(report);
    }
    let sound = check_files(data_dir, &layout, &mut report).await?;
    if repair && !sound {
        mend_by_starting(data_dir, &mut report).await?;
    }
    if let Ok((store, _)) = Store::open(&layout.database).await {
        match fold_again(&store, repair, progress, &mut report).await {
            // Said already, where the files were looked at; what can be read of it is for the repair to find out.
            Err(EngineError::Store(error)) if error.is_corrupt() && !sound => {}
            folded => folded.map_err(as_start)?,
        }
        store.close().await?;
    }
    report.quarantined_files = crate::quarantine::list(&layout.quarantine).len() as u64;
    Ok(report)
}

fn as_start(error: EngineError) -> StartError {
    StartError::Replay(error.to_string())
}

/// Looks at database and journal; true where a start would find nothing to mend.
async fn check_files(
    data_dir: &Path,
    layout: &Layout,
    report: &mut DoctorReport,
) -> Result<bool, StartError> {
    let before = report.problems.len();
    let mut applied = 0;
    match Store::open(&layout.database).await {
        Ok((store, opened)) => {
            applied = opened.applied_lsn;
            match store.integrity().await {
                Ok(found) => report.problems.extend(found.into_iter().map(|p| format!("database: {p}"))),
                Err(error) if error.is_corrupt() => report.problems.push(format!("database: {error}")),
                Err(error) => return Err(error.into()),
            }
            store.close().await?;
        }
        Err(OpenError::Corrupt { what, .. }) => report.problems.push(format!("database: damaged: {what}")),
        Err(error) => return Err(error.into()),
    }
    let media = crate::start::disk(data_dir)?;
    let found = chasm_journal::inspect(&*media, &JournalSettings::default(), Lsn(applied))?;
    report.journal_records = found.records;
    report.unapplied_records = found.replayed;
    report.problems.extend(found.damage.iter().filter(|d| !d.known).map(|d| format!("journal: {d}")));
    report.problems.extend(found.gaps.iter().map(|g| format!("journal: {g}")));
    report.notes.extend(
        found
            .torn_tail
            .iter()
            .map(|t| format!("journal: {t}: a crash cut off a record that was not acknowledged")),
    );
    Ok(report.problems.len() == before)
}

/// A start is the repair of files: it sets damage aside, reads back what it can, and replays.
async fn mend_by_starting(data_dir: &Path, report: &mut DoctorReport) -> Result<(), StartError> {
    let clock = Arc::new(crate::SystemClock);
    let engine = crate::Engine::start(EngineConfig::new(data_dir), clock, env!("CARGO_PKG_VERSION")).await?;
    let status = engine.status().await;
    engine.shutdown().await;
    if let Some(start) = status.last_recovery {
        report.repaired.extend(start.database_note);
        report.repaired.extend(start.damage.iter().map(|d| match &d.quarantined_as {
            Some(name) => format!("{}: {} bytes set aside as quarantine/{name}", d.what, d.bytes),
            None => d.what.clone(),
        }));
        if start.replayed_records > 0 {
            report.repaired.push(format!("{} journal records replayed", start.replayed_records));
        }
    }
    Ok(())
}

async fn fold_again(
    store: &Store,
    repair: bool,
    progress: Progress<'_>,
    report: &mut DoctorReport,
) -> Result<(), EngineError> {
    let ids = store.session_ids().await?;
    for (id, n) in ids.iter().zip(1..) {
        if let Some(stored) = store.load_sessions(std::slice::from_ref(id)).await?.pop() {
            check_session(store, id, stored, repair, report).await?;
        }
        progress(n, ids.len() as u64);
    }
    Ok(())
}

async fn check_session(
    store: &Store,
    id: &SessionId,
    stored: StoredSession,
    repair: bool,
    report: &mut DoctorReport,
) -> Result<(), EngineError> {
    report.sessions += 1;
    let (folded, events) = fold_stored(store, &stored).await?;
    report.events += events;
    let Some(folded) = folded else {
        report.problems.push(format!("session {id:?}: it has neither events nor snapshots"));
        return Ok(());
    };
    let (messages, tool_calls) = store.items(stored.pk).await?;
    let Some(what) = difference(&stored.record, &messages, &tool_calls, &folded) else { return Ok(()) };
    report.problems.push(format!("session {id:?}: {what} differ from what its events say"));
    if repair {
        replace(store, stored, folded).await?;
        report.repaired.push(format!("session {id:?}: folded anew from its events"));
    }
    Ok(())
}

/// Folds a session anew from its stored events and snapshots, and writes the result.
pub(crate) async fn refold(store: &Store, id: &SessionId) -> Result<(), EngineError> {
    if let Some(stored) = store.load_sessions(std::slice::from_ref(id)).await?.pop()
        && let (Some(folded), _) = fold_stored(store, &stored).await?
    {
        replace(store, stored, folded).await?;
    }
    Ok(())
}

/// The fold of what is stored of a session, and how many events that is.
async fn fold_stored(store: &Store, stored: &StoredSession) -> Result<(Option<Folded>, u64), EngineError> {
    let rows = store.events(stored.pk).await?;
    let events: Vec<FoldEvent> = rows.iter().filter_map(stored_fold_event).collect();
    let (base, snapshots) = store.snapshots(stored.pk).await?;
    let taken = snapshots.into_iter().map(taken).collect();
    Ok((fold(&stored.record.id, events, base.as_ref(), taken), rows.len() as u64))
}

fn difference(
    record: &SessionRecord,
    messages: &[Message],
    calls: &[ToolCall],
    folded: &Folded,
) -> Option<&'static str> {
    if messages != folded.messages {
        Some("its messages")
    } else if calls != folded.tool_calls {
        Some("its tool calls")
    } else if *record != folded.record {
        Some("its title, counts or times")
    } else {
        None
    }
}

async fn replace(store: &Store, stored: StoredSession, folded: Folded) -> Result<(), EngineError> {
    let applied_lsn = store.applied_lsn().await?;
    let state = match (folded.record.ended_at, stored.state) {
        (Some(_), _) => State::Completed,
        (None, State::Completed) => State::Recording,
        (None, state) => state,
    };
    let write = SessionWrite {
        pk: stored.pk,
        record: folded.record,
        state,
        last_received_at: stored.last_received_at,
        has_snapshots: stored.has_snapshots,
        events: Vec::new(),
        items: ItemsWrite::Replace { messages: folded.messages, tool_calls: folded.tool_calls },
        interruptions: Vec::new(),
        snapshots: SnapshotsWrite::default(),
    };
    store.apply(&FlushBatch { applied_lsn, sessions: vec![write], notices: Vec::new() }).await?;
    Ok(())
}
