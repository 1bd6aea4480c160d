//! The rows of one session in one flush: fold, merge, count.
//!
//! Pure: no clock, no I/O. Invariant: what is written of a session is the fold of its events and snapshots, whether it was
//! folded on or anew.

use super::prepare::{AtHand, Group, Mark, Whole};
use crate::fold::{
    FoldEvent, Folded, Item, Source, TakenSnapshot, Workset, fold, merge_bodies, unknown_record,
};
use crate::pending::PendingEvent;
use chasm_protocol::session::{SessionRecord, SnapshotBody, State};
use chasm_protocol::{Limits, SessionId, Timestamp, limits, parse_event};
use chasm_store::{
    EventRow, EventRowKind, InterruptionRow, ItemsWrite, SessionPk, SessionWrite, SnapshotRow,
    SnapshotsWrite, StoredSession,
};

/// What a flush did to one session.
#[derive(Debug)]
pub struct Effect {
    pub session: SessionId,
    pub pk: SessionPk,
    /// The session's last record in this batch.
    pub last_lsn: u64,
    /// It came back from an interruption in this batch.
    pub resumed: Option<Resumption>,
    /// For each snapshot's record: how many messages it added.
    pub added: Vec<(u64, u64)>,
}

#[derive(Debug, Clone)]
pub struct Resumption {
    pub since: Timestamp,
    pub replayed: u64,
    pub missing: u64,
    pub title: Option<String>,
}

/// Stored text was accepted under the limits of its time: reading it back knows none but the parser's own.
pub const STORED_LIMITS: Limits = Limits { frame_bytes: usize::MAX, batch_events: usize::MAX, nesting: 120 };

pub(super) fn write_session(
    id: &SessionId,
    group: Group,
    at_hand: Option<AtHand>,
    next_pk: &mut i64,
) -> (SessionWrite, Effect) {
    let (mut stored, items, whole) = match at_hand {
        Some(AtHand { stored, items, whole }) => (Some(stored), items, whole),
        None => (None, Vec::new(), None),
    };
    let pk = stored.as_ref().map_or_else(|| next(next_pk), |s| s.pk);
    let last_received_at = last_received(&group, stored.as_ref());
    let (interruptions, resumed) = interruptions(&group, stored.as_ref());
    let has_snapshots = stored.as_ref().is_some_and(|s| s.has_snapshots) || !group.snapshots.is_empty();
    let before = stored.as_ref().map(|s| s.state);
    let Group { events, snapshots, marks, last_lsn } = group;
    let (rows, new): (Vec<EventRow>, Vec<Option<FoldEvent>>) = events.into_iter().map(part).unzip();
    let new: Vec<FoldEvent> = new.into_iter().flatten().collect();
    let (record, items, added, snapshots) = if whole.is_none() && snapshots.is_empty() {
        let folded = fold_on(id, stored.take().map(|s| s.record), items, new);
        let items = ItemsWrite::Upsert { messages: folded.messages, tool_calls: folded.tool_calls };
        (folded.record, items, Vec::new(), SnapshotsWrite::default())
    } else {
        let (folded, added, snapshots) = fold_anew(id, whole, new, &snapshots);
        let items = ItemsWrite::Replace { messages: folded.messages, tool_calls: folded.tool_calls };
        (folded.record, items, added, snapshots)
    };
    let state = state_after(before, &record, &marks);
    let effect = Effect { session: id.clone(), pk, last_lsn, resumed, added };
    let write = SessionWrite {
        pk,
        record,
        state,
        last_received_at,
        has_snapshots,
        events: rows,
        items,
        interruptions,
        snapshots,
    };
    (write, effect)
}

fn next(pk: &mut i64) -> SessionPk {
    *pk += 1;
    SessionPk(*pk - 1)
}

/// Folds new events onto what is stored; the lists hold only what changed.
fn fold_on(
    id: &SessionId,
    record: Option<SessionRecord>,
    items: Vec<Item>,
    mut events: Vec<FoldEvent>,
) -> Folded {
    let mut workset = record.map_or_else(|| Workset::new(id.clone()), Workset::resume);
    items.into_iter().for_each(|item| workset.load(item));
    events.sort_by(|a, b| a.key.cmp(&b.key));
    events.into_iter().for_each(|event| workset.apply(event));
    let (record, changes) = workset.into_changes();
    let (messages, tool_calls) = changes.into_lists();
    Folded { record: record.unwrap_or_else(|| unknown_record(id)), messages, tool_calls }
}

/// Folds everything there is, old and new; says what each new snapshot added. A recovery's preview is this too.
pub fn fold_anew(
    id: &SessionId,
    whole: Option<Whole>,
    new: Vec<FoldEvent>,
    new_snapshots: &[SnapshotRow],
) -> (Folded, Vec<(u64, u64)>, SnapshotsWrite) {
    let whole = whole.unwrap_or_default();
    let mut events: Vec<FoldEvent> = whole.events.iter().filter_map(stored_fold_event).collect();
    events.extend(new);
    let (mut rows, mut base) = (whole.snapshots, whole.base);
    let had_base = base.is_some();
    let count = |base: Option<&SnapshotBody>, rows: &[SnapshotRow]| {
        fold(id, events.clone(), base, rows.iter().cloned().map(taken).collect())
    };
    let mut added = Vec::new();
    // Only a client wants to know what its snapshot added.
    let wanted = new_snapshots.iter().any(|s| s.file.is_none());
    let mut before = if wanted { messages(count(base.as_ref(), &rows).as_ref()) } else { 0 };
    for snapshot in new_snapshots {
        rows.push(snapshot.clone());
        if wanted {
            let now = messages(count(base.as_ref(), &rows).as_ref());
            added.push((snapshot.lsn, now.saturating_sub(before)));
            before = now;
        }
    }
    let mut removed = drop_oldest(&mut rows, &mut base);
    let base_changed = !removed.is_empty() || !had_base;
    removed.extend(join_files(&mut rows));
    let is_new = |row: &&SnapshotRow| new_snapshots.iter().any(|new| new.lsn == row.lsn);
    let new = rows.iter().filter(is_new).cloned().collect();
    let folded = fold(id, events, base.as_ref(), rows.into_iter().map(taken).collect());
    let empty = || Folded { record: unknown_record(id), messages: Vec::new(), tool_calls: Vec::new() };
    let write = SnapshotsWrite { new, base: base.filter(|_| base_changed), removed };
    (folded.unwrap_or_else(empty), added, write)
}

fn messages(folded: Option<&Folded>) -> u64 {
    folded.map_or(0, |f| f.messages.len() as u64)
}

/// A stored snapshot or file as the fold sees it.
pub fn taken(row: SnapshotRow) -> TakenSnapshot {
    let source = if row.file.is_some() { Source::EditorFile } else { Source::Snapshot };
    TakenSnapshot { taken_at: row.taken_at, body: row.body, source }
}

/// Merges the oldest snapshots into the base until few enough are left; says which.
fn drop_oldest(rows: &mut Vec<SnapshotRow>, base: &mut Option<SnapshotBody>) -> Vec<u64> {
    let mut removed = Vec::new();
    rows.sort_by_key(|row| (row.file.is_some(), row.taken_at, row.lsn));
    while rows.iter().filter(|row| row.file.is_none()).count() > limits::SNAPSHOTS_KEPT {
        let oldest = rows.remove(0);
        removed.push(oldest.lsn);
        *base = Some(merge_bodies(base.take(), oldest.body, Source::Snapshot));
    }
    removed
}

/// One row a file: what it said before goes into what it says now, so that a file that was cut takes nothing away. Says
/// which rows are gone.
fn join_files(rows: &mut Vec<SnapshotRow>) -> Vec<u64> {
    let mut removed = Vec::new();
    rows.sort_by_key(|row| row.lsn);
    let mut joined: Vec<SnapshotRow> = Vec::with_capacity(rows.len());
    for mut row in rows.drain(..) {
        if let Some(at) = joined.iter().position(|known| row.file.is_some() && known.file == row.file) {
            let older = joined.remove(at);
            removed.push(older.lsn);
            row.body = merge_bodies(Some(older.body), row.body, Source::EditorFile);
        }
        joined.push(row);
    }
    *rows = joined;
    removed
}

fn last_received(group: &Group, stored: Option<&StoredSession>) -> Timestamp {
    let events = group.events.iter().map(|e| e.row.received_at);
    // A file that a recovery reads is no sign of life.
    let snapshots = group.snapshots.iter().filter(|s| s.file.is_none()).map(|s| s.received_at);
    let all = events.chain(snapshots).chain(stored.map(|s| s.last_received_at));
    all.max().unwrap_or_default()
}

fn state_after(before: Option<State>, record: &SessionRecord, marks: &[Mark]) -> State {
    if record.ended_at.is_some() {
        return State::Completed;
    }
    let before = match before {
        Some(State::Completed) | None => State::Recording,
        Some(state) => state,
    };
    marks.iter().fold(before, |_, mark| match mark {
        Mark::Interrupted(_) => State::Interrupted,
        Mark::Resumed { .. } => State::Recording,
    })
}

/// The interruptions that this batch begins, ends or counts on, and the last one that ended in it.
fn interruptions(
    group: &Group,
    stored: Option<&StoredSession>,
) -> (Vec<InterruptionRow>, Option<Resumption>) {
    let known = stored.and_then(|s| s.last_interruption.clone());
    let known_lsn = known.as_ref().map(|row| row.lsn);
    let mut rows: Vec<InterruptionRow> = known.clone().into_iter().collect();
    let mut ended = None;
    for mark in &group.marks {
        match mark {
            Mark::Interrupted(row) => rows.push(row.clone()),
            Mark::Resumed { lsn, at } => {
                if let Some(open) = rows.last_mut().filter(|row| row.until.is_none()) {
                    (open.until, open.resumed_lsn) = (Some(*at), Some(*lsn));
                    ended = Some(open.lsn);
                }
            }
        }
    }
    for event in &group.events {
        count_replayed(&mut rows, &event.row);
    }
    let resumed = ended.and_then(|lsn| rows.iter().find(|row| row.lsn == lsn)).map(|row| Resumption {
        since: row.since,
        replayed: row.replayed,
        missing: 0,
        title: None,
    });
    rows.retain(|row| Some(row.lsn) != known_lsn || known.as_ref() != Some(row));
    (rows, resumed)
}

/// An event that happened before its session came back, and came after it, was replayed.
fn count_replayed(rows: &mut [InterruptionRow], event: &EventRow) {
    let before = rows.iter_mut().rev().find(|row| row.lsn < event.lsn);
    if let Some(row) = before
        && event.at_is_clients
        && row.until.is_some_and(|until| event.at < until)
    {
        row.replayed += 1;
    }
}

/// Parts an event into what is stored and what is folded; a silent one is only stored.
fn part(event: PendingEvent) -> (EventRow, Option<FoldEvent>) {
    let PendingEvent { row, body } = event;
    let folded = (row.kind != EventRowKind::Silent).then(|| FoldEvent {
        key: row.order_key(),
        identity: row.identity,
        body,
        conflict: row.kind == EventRowKind::Conflict,
    });
    (row, folded)
}

/// A stored event, read again. `None` for one that the fold does not see, or cannot read any more.
pub fn stored_fold_event(row: &EventRow) -> Option<FoldEvent> {
    if row.kind == EventRowKind::Silent {
        return None;
    }
    let body = match parse_event(&row.raw, &STORED_LIMITS) {
        Ok(parsed) => parsed.event.body,
        Err(refusal) => {
            tracing::error!(lsn = row.lsn, code = %refusal.code, "a stored event cannot be read again");
            chasm_protocol::Body::Other
        }
    };
    let conflict = row.kind == EventRowKind::Conflict;
    Some(FoldEvent { key: row.order_key(), identity: row.identity, body, conflict })
}
