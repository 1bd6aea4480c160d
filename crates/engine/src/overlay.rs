//! Reading through: a session as it will be once the store can be written again.
//!
//! Used only while the store refuses writes: then the journal has acknowledged events that the store has not, and a reader
//! must not be told that they do not exist. Writes nothing. Invariant: what it shows is what the flush will write.

use crate::flush::prepare;
use crate::{Engine, EngineError, RecordError};
use chasm_protocol::SessionId;
use chasm_protocol::session::{Hole, Interruption, SessionDetail, SessionSummary, StoredEvent};
use chasm_store::{EventRow, EventRowKind, InterruptionRow, ItemsWrite, SessionWrite};
use std::collections::BTreeMap;

/// What the journal has of this session and the store has not; `None` where that is nothing.
pub async fn unwritten(engine: &Engine, id: &SessionId) -> Result<Option<SessionWrite>, EngineError> {
    let (after, through) = (engine.shared().applied_lsn(), engine.shared().durable_lsn());
    let (mut at, mut records) = (after, Vec::new());
    while at < through {
        let found = engine.backlog().read(at, through, false).map_err(RecordError::NotRecording)?;
        if found.applied <= at {
            break;
        }
        at = found.applied;
        records.extend(found.records.into_iter().filter(|record| record.session == *id));
    }
    if records.is_empty() {
        return Ok(None);
    }
    // A session that the store has not gets a key that no stored one has; it is never written.
    let (mut batch, _) = prepare(engine.store(), &mut Some(records), &mut -1, at).await?;
    // The store can be written again, and may have these: then it is the one to ask.
    if engine.shared().applied_lsn() != after {
        return Ok(None);
    }
    Ok(batch.sessions.pop())
}

/// The session with what is unwritten of it.
pub async fn detail(
    engine: &Engine,
    stored: Option<SessionDetail>,
    write: SessionWrite,
) -> Result<SessionDetail, EngineError> {
    let mut rows: BTreeMap<u64, InterruptionRow> = BTreeMap::new();
    let known = engine.store().interruptions(write.pk).await?;
    rows.extend(known.into_iter().chain(write.interruptions.iter().cloned()).map(|row| (row.lsn, row)));
    let interruptions: Vec<Interruption> = rows.into_values().map(|row| row.unplaced()).collect();
    let mut seqs = engine.store().seqs(write.pk).await?;
    seqs.extend(write.events.iter().map(|e| e.seq).filter(|seq| *seq > 0));
    seqs.sort_unstable();
    seqs.dedup();
    let summary = summary(stored.as_ref(), &write, interruptions.len() as u64);
    let purge_at = stored.as_ref().and_then(|s| s.purge_at);
    let missing = chasm_store::missing(&seqs).1;
    let holes = missing.iter().map(|(from, to)| unplaced(*from, *to)).collect();
    // The store's own: what is written next has a higher one.
    let revision = stored.as_ref().map_or(0, |s| s.revision);
    let (mut messages, mut tool_calls, mut conflicts, mut other, recoveries) = match stored {
        Some(s) => (s.messages, s.tool_calls, s.conflicts, s.other, s.recoveries),
        None => Default::default(),
    };
    match write.items {
        ItemsWrite::Replace { messages: all, tool_calls: calls } => (messages, tool_calls) = (all, calls),
        ItemsWrite::Upsert { messages: new, tool_calls: calls } => {
            messages.retain(|m| !new.iter().any(|n| n.key == m.key));
            messages.extend(new);
            tool_calls.retain(|c| !calls.iter().any(|n| n.key == c.key));
            tool_calls.extend(calls);
        }
    }
    messages.sort_by_key(|m| m.position);
    tool_calls.sort_by_key(|c| c.position);
    let of_kind = |kind| write.events.iter().filter(move |e| e.kind == kind).map(stored_event);
    conflicts.extend(of_kind(EventRowKind::Conflict));
    other.extend(of_kind(EventRowKind::Other));
    Ok(SessionDetail {
        summary,
        metadata: write.record.metadata,
        end_reason: write.record.end_reason,
        expected_messages: write.record.expected_messages,
        messages,
        tool_calls,
        interruptions,
        missing,
        recoveries,
        revision,
        items: write.record.positions,
        other_count: other.len() as u64,
        conflict_count: conflicts.len() as u64,
        holes,
        conflicts,
        other,
        purge_at,
    })
}

/// A hole whose place is not known before its session is written.
const fn unplaced(from: u64, to: u64) -> Hole {
    Hole { from, to, after: None, before: None, before_position: None }
}

fn summary(stored: Option<&SessionDetail>, write: &SessionWrite, interruptions: u64) -> SessionSummary {
    let record = write.record.clone();
    let stored = stored.map(|s| &s.summary);
    SessionSummary {
        session_id: record.id.to_string(),
        title: stored.and_then(|s| s.title.clone()).or(record.title),
        preview: record.preview,
        state: write.state,
        provider: record.provider,
        model: record.model,
        workspace: record.workspace,
        editor: record.editor,
        started_at: record.started_at,
        last_event_at: record.last_event_at,
        ended_at: record.ended_at,
        events: record.events,
        messages: record.messages,
        tool_calls: record.tool_calls,
        interruptions,
        starred: stored.is_some_and(|s| s.starred),
        tags: stored.map(|s| s.tags.clone()).unwrap_or_default(),
        live: false,
        hits: None,
    }
}

/// An event as the events page shows it.
pub fn stored_event(row: &EventRow) -> StoredEvent {
    StoredEvent {
        lsn: row.lsn,
        received_at: row.received_at,
        conflict: row.kind == EventRowKind::Conflict,
        event: serde_json::from_str(&row.raw).unwrap_or_default(),
    }
}

/// The unwritten events that a page shows, in their order.
pub fn shown_events(mut write: SessionWrite) -> Vec<StoredEvent> {
    write.events.sort_by_key(EventRow::order_key);
    write.events.iter().filter(|e| e.kind != EventRowKind::Silent).map(stored_event).collect()
}
