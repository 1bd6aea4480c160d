//! What can still be read of a damaged database goes into a new one.
//!
//! Owns the retelling: events first, as they are, then what else is known of each session, which is folded anew. Never writes
//! the damaged file. Holds one run of events or one session in memory at a time.

use crate::EngineError;
use crate::doctor::refold;
use chasm_protocol::session::{SnapshotBody, State};
use chasm_protocol::{Limits, SessionId, Timestamp, parse_event};
use chasm_store::{
    Damaged, DamagedSession, EventRow, FlushBatch, ItemsWrite, SessionPk, SessionWrite, SnapshotRow,
    SnapshotsWrite, Store,
};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What was read back.
#[derive(Debug, Default, Clone, Copy)]
pub struct Salvaged {
    pub sessions: u64,
    pub events: u64,
    /// Nothing had to be passed over.
    pub complete: bool,
}

/// Reads what the damaged database at `from` still gives into `into`, which is empty.
pub async fn salvage(from: &Path, into: &Store) -> Result<Salvaged, EngineError> {
    let damaged = Damaged::open(from)?;
    let (sessions, all) = damaged.sessions().await;
    let mut done = Salvaged { complete: all, ..Salvaged::default() };
    let mut names: HashMap<SessionPk, SessionId> = sessions.iter().map(|s| (s.pk, s.id.clone())).collect();
    let mut applied = damaged.applied_lsn().await;
    let mut next = Some(0);
    while let Some(lsn) = next {
        let run = damaged.events_from(lsn).await;
        done.complete &= !run.passed_over;
        done.events += run.events.len() as u64;
        applied = run.events.last().map_or(applied, |(_, event)| applied.max(event.lsn));
        next = run.next;
        into.apply(&batch_of(run.events, &mut names, applied)).await?;
    }
    for session in sessions {
        done.complete &= rest_of(&damaged, &session, into, applied).await?;
    }
    damaged.close().await;
    for id in into.session_ids().await? {
        done.sessions += 1;
        refold(into, &id).await?;
    }
    Ok(done)
}

fn batch_of(
    events: Vec<(SessionPk, EventRow)>,
    names: &mut HashMap<SessionPk, SessionId>,
    applied_lsn: u64,
) -> FlushBatch {
    let mut by_session: BTreeMap<SessionPk, Vec<EventRow>> = BTreeMap::new();
    for (pk, event) in events {
        by_session.entry(pk).or_default().push(event);
    }
    let mut batch = FlushBatch { applied_lsn, ..FlushBatch::default() };
    for (pk, events) in by_session {
        // An event says itself which session it is of, should the session's own row be lost.
        let said =
            |event: &EventRow| Some(parse_event(&event.raw, &Limits::default()).ok()?.event.session_id);
        let Some(id) = names.get(&pk).cloned().or_else(|| events.iter().find_map(said)) else { continue };
        names.insert(pk, id.clone());
        batch.sessions.push(write(pk, &id, events, SnapshotsWrite::default()));
    }
    batch
}

fn write(pk: SessionPk, id: &SessionId, events: Vec<EventRow>, snapshots: SnapshotsWrite) -> SessionWrite {
    let last_received_at = events.iter().map(|e| e.received_at).max();
    let first = events.first().map_or(Timestamp::default(), |e| e.at);
    let mut record = crate::fold::unknown_record(id);
    (record.started_at, record.last_event_at) = (first, first);
    SessionWrite {
        pk,
        record,
        state: State::Recording,
        last_received_at: last_received_at.unwrap_or_default(),
        has_snapshots: !snapshots.new.is_empty() || snapshots.base.is_some(),
        events,
        items: ItemsWrite::Upsert { messages: Vec::new(), tool_calls: Vec::new() },
        interruptions: Vec::new(),
        snapshots,
    }
}

/// Snapshots, interruptions and what the user set. False where a part of it cannot be read.
async fn rest_of(
    damaged: &Damaged,
    session: &DamagedSession,
    into: &Store,
    applied_lsn: u64,
) -> Result<bool, EngineError> {
    let mut complete = true;
    let (base, new): (Option<SnapshotBody>, Vec<SnapshotRow>) =
        damaged.snapshots(session.pk).await.unwrap_or_else(|_| {
            complete = false;
            Default::default()
        });
    let interruptions = damaged.interruptions(session.pk).await.unwrap_or_else(|_| {
        complete = false;
        Vec::new()
    });
    let stored = into.load_sessions(std::slice::from_ref(&session.id)).await?.pop();
    if stored.is_some() || base.is_some() || !new.is_empty() {
        let snapshots = SnapshotsWrite { new, base, removed: Vec::new() };
        let mut write = write(session.pk, &session.id, Vec::new(), snapshots);
        write.last_received_at = stored.map_or(write.last_received_at, |s| s.last_received_at);
        if interruptions.last().is_some_and(|i| i.until.is_none()) {
            write.state = State::Interrupted;
        }
        write.interruptions = interruptions;
        into.apply(&FlushBatch { applied_lsn, sessions: vec![write], notices: Vec::new() }).await?;
        into.patch_session(&session.id, &session.patch).await?;
        if let Some((at, purge_at)) = session.trashed {
            into.trash(std::slice::from_ref(&session.id), at, purge_at).await?;
        }
    }
    Ok(complete)
}
