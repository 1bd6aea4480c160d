//! From journal records to the rows of one transaction: load what they touch, fold, say what changed.
//!
//! Reads the store, writes nothing. Invariant: until it succeeds it leaves the records where they were.

use crate::fold::{
    FoldEvent, Folded, Item, TakenSnapshot, Workset, answers_open_call, fold, merge_into_base, touches,
    unknown_record,
};
use crate::pending::{Pending, PendingEvent, What};
use chasm_protocol::session::{SessionRecord, SnapshotBody, State};
use chasm_protocol::{ItemKey, Limits, SessionId, Timestamp, limits, parse_event};
use chasm_store::{
    EventRow, EventRowKind, FlushBatch, InterruptionRow, ItemsWrite, SessionPk, SessionWrite, SnapshotRow,
    SnapshotsWrite, Store, StoreError, StoredSession,
};
use std::collections::HashMap;

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

#[derive(Debug, Clone, Copy)]
pub struct Resumption {
    pub since: Timestamp,
    pub replayed: u64,
    pub missing: u64,
}

/// Stored text was accepted under the limits of its time: reading it back knows none but the parser's own.
pub const STORED_LIMITS: Limits = Limits { frame_bytes: usize::MAX, batch_events: usize::MAX, nesting: 120 };

/// The records of one session, in order of their numbers.
#[derive(Default)]
struct Group {
    events: Vec<PendingEvent>,
    snapshots: Vec<SnapshotRow>,
    marks: Vec<Mark>,
    last_lsn: u64,
}

enum Mark {
    Interrupted(InterruptionRow),
    Resumed { lsn: u64, at: Timestamp },
}

/// Makes one transaction of the records. They are taken out of `records` only once nothing can fail any more.
pub async fn prepare(
    store: &Store,
    records: &mut Option<Vec<Pending>>,
    next_pk: &mut i64,
    applied: u64,
) -> Result<(FlushBatch, Vec<Effect>), StoreError> {
    let loaded = Loaded::read(store, records.as_deref().unwrap_or_default()).await?;
    let mut batch = FlushBatch { applied_lsn: applied, ..FlushBatch::default() };
    let mut effects = Vec::new();
    let (order, mut groups) = group(records.take().unwrap_or_default());
    for id in order {
        let (Some(group), at_hand) = (groups.remove(&id), loaded.of(&id)) else { continue };
        let (write, effect) = write_session(&id, group, at_hand, next_pk);
        batch.sessions.push(write);
        effects.push(effect);
    }
    Ok((batch, effects))
}

fn group(records: Vec<Pending>) -> (Vec<SessionId>, HashMap<SessionId, Group>) {
    let mut order = Vec::new();
    let mut groups: HashMap<SessionId, Group> = HashMap::new();
    for Pending { lsn, session, what, .. } in records {
        let group = match groups.get_mut(&session) {
            Some(group) => group,
            None => {
                order.push(session.clone());
                groups.entry(session).or_default()
            }
        };
        group.last_lsn = lsn;
        match what {
            What::Event(event) => group.events.push(*event),
            What::Snapshot { received_at, taken_at, hash, body } => {
                group.snapshots.push(SnapshotRow { lsn, taken_at, received_at, hash, body: *body });
            }
            What::Interrupted { reason, since } => {
                let row = InterruptionRow { lsn, reason, since, until: None, resumed_lsn: None, replayed: 0 };
                group.marks.push(Mark::Interrupted(row));
            }
            What::Resumed { at } => group.marks.push(Mark::Resumed { lsn, at }),
        }
    }
    (order, groups)
}

/// What the store has of the sessions in a batch.
#[derive(Default)]
struct Loaded {
    sessions: HashMap<SessionId, AtHand>,
}

struct AtHand {
    stored: StoredSession,
    /// Items that the batch touches, open calls first.
    items: Vec<Item>,
    /// All there is, where the session has to be folded anew.
    whole: Option<Whole>,
}

struct Whole {
    events: Vec<EventRow>,
    base: Option<SnapshotBody>,
    snapshots: Vec<SnapshotRow>,
}

impl Loaded {
    fn of(&self, id: &SessionId) -> Option<&AtHand> {
        self.sessions.get(id)
    }

    async fn read(store: &Store, records: &[Pending]) -> Result<Self, StoreError> {
        let mut by_session: HashMap<&SessionId, Vec<&Pending>> = HashMap::new();
        for record in records {
            by_session.entry(&record.session).or_default().push(record);
        }
        let ids: Vec<SessionId> = by_session.keys().map(|id| (*id).clone()).collect();
        let mut loaded = Self::default();
        let mut wanted: Vec<(SessionPk, ItemKey)> = Vec::new();
        for stored in store.load_sessions(&ids).await? {
            let records = by_session.get(&stored.record.id).map(Vec::as_slice).unwrap_or_default();
            let mut at_hand = AtHand { items: Vec::new(), whole: None, stored };
            if must_fold_anew(&at_hand.stored, records) {
                at_hand.whole = Some(Whole::read(store, at_hand.stored.pk).await?);
            } else {
                touched(&at_hand, records, &mut wanted);
                if events_of(records).any(|e| answers_open_call(&e.body)) {
                    at_hand
                        .items
                        .extend(store.open_calls(at_hand.stored.pk).await?.into_iter().map(Item::ToolCall));
                }
            }
            loaded.sessions.insert(at_hand.stored.record.id.clone(), at_hand);
        }
        loaded.load_touched(store, &wanted).await?;
        Ok(loaded)
    }

    async fn load_touched(
        &mut self,
        store: &Store,
        wanted: &[(SessionPk, ItemKey)],
    ) -> Result<(), StoreError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let mut by_pk: HashMap<SessionPk, Vec<Item>> = HashMap::new();
        for (pk, item) in store.load_items(wanted).await? {
            let item = match item {
                chasm_store::Item::Message(message) => Item::Message(message),
                chasm_store::Item::ToolCall(call) => Item::ToolCall(call),
            };
            by_pk.entry(pk).or_default().push(item);
        }
        for at_hand in self.sessions.values_mut() {
            at_hand.items.extend(by_pk.remove(&at_hand.stored.pk).unwrap_or_default());
        }
        Ok(())
    }
}

impl Whole {
    async fn read(store: &Store, pk: SessionPk) -> Result<Self, StoreError> {
        let events = store.events(pk).await?;
        let (base, snapshots) = store.snapshots(pk).await?;
        Ok(Self { events, base, snapshots })
    }
}

fn events_of<'a>(records: &'a [&'a Pending]) -> impl Iterator<Item = &'a PendingEvent> {
    records.iter().filter_map(|record| match &record.what {
        What::Event(event) if is_folded(event.row.kind) => Some(event.as_ref()),
        _ => None,
    })
}

const fn is_folded(kind: EventRowKind) -> bool {
    matches!(kind, EventRowKind::Folded | EventRowKind::Other)
}

/// A late event, or anything at all in a session that is a merge, cannot be folded on.
fn must_fold_anew(stored: &StoredSession, records: &[&Pending]) -> bool {
    let snapshot = records.iter().any(|r| matches!(r.what, What::Snapshot { .. }));
    let mut events = events_of(records).peekable();
    snapshot
        || (stored.has_snapshots && events.peek().is_some())
        || events.any(|event| event.row.order_key() < stored.record.last_key)
}

fn touched(at_hand: &AtHand, records: &[&Pending], wanted: &mut Vec<(SessionPk, ItemKey)>) {
    let pk = at_hand.stored.pk;
    let start = wanted.len();
    wanted.extend(events_of(records).filter_map(|e| touches(&e.body)).map(|key| (pk, key)));
    if let Some(mine) = wanted.get_mut(start..) {
        mine.sort_unstable();
    }
    wanted.dedup();
}

fn fold_event(event: &PendingEvent) -> FoldEvent {
    FoldEvent {
        key: event.row.order_key(),
        identity: event.row.identity,
        body: event.body.clone(),
        conflict: event.row.kind == EventRowKind::Conflict,
    }
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

fn write_session(
    id: &SessionId,
    group: Group,
    at_hand: Option<&AtHand>,
    next_pk: &mut i64,
) -> (SessionWrite, Effect) {
    let stored = at_hand.map(|a| &a.stored);
    let pk = stored.map_or_else(
        || {
            let pk = SessionPk(*next_pk);
            *next_pk += 1;
            pk
        },
        |s| s.pk,
    );
    let last_received_at = last_received(&group, stored);
    let (interruptions, resumed) = interruptions(&group, stored);
    let new_fold = || group.events.iter().filter(|e| e.row.kind != EventRowKind::Silent).map(fold_event);
    let (folded, items_anew, added, snapshots) = match (at_hand, group.snapshots.is_empty()) {
        (Some(AtHand { whole: None, .. }) | None, true) => {
            let folded = fold_on(id, at_hand, new_fold());
            (folded, false, Vec::new(), SnapshotsWrite::default())
        }
        _ => {
            let whole = at_hand.and_then(|a| a.whole.as_ref());
            let (folded, added, snapshots) = fold_anew(id, whole, new_fold().collect(), &group.snapshots);
            (folded, true, added, snapshots)
        }
    };
    let record = folded.record;
    let state = state_after(stored, &record, &group.marks);
    let items = if items_anew {
        ItemsWrite::Replace { messages: folded.messages, tool_calls: folded.tool_calls }
    } else {
        ItemsWrite::Upsert { messages: folded.messages, tool_calls: folded.tool_calls }
    };
    let has_snapshots = stored.is_some_and(|s| s.has_snapshots) || !group.snapshots.is_empty();
    let effect = Effect { session: id.clone(), pk, last_lsn: group.last_lsn, resumed, added };
    let events = group.events.into_iter().map(|e| e.row).collect();
    let write = SessionWrite {
        pk,
        record,
        state,
        last_received_at,
        has_snapshots,
        events,
        items,
        interruptions,
        snapshots,
    };
    (write, effect)
}

/// Folds new events onto what is stored; the lists hold only what changed.
fn fold_on(id: &SessionId, at_hand: Option<&AtHand>, events: impl Iterator<Item = FoldEvent>) -> Folded {
    let mut workset = match at_hand {
        Some(at_hand) => {
            let mut workset = Workset::resume(at_hand.stored.record.clone());
            at_hand.items.iter().for_each(|item| workset.load(item.clone()));
            workset
        }
        None => Workset::new(id.clone()),
    };
    let mut events: Vec<FoldEvent> = events.collect();
    events.sort_by(|a, b| a.key.cmp(&b.key));
    events.iter().for_each(|event| workset.apply(event));
    let (record, changes) = workset.into_changes();
    let (messages, tool_calls) = changes.into_lists();
    Folded { record: record.unwrap_or_else(|| unknown_record(id)), messages, tool_calls }
}

/// Folds everything there is, old and new; says what each new snapshot added.
fn fold_anew(
    id: &SessionId,
    whole: Option<&Whole>,
    new: Vec<FoldEvent>,
    new_snapshots: &[SnapshotRow],
) -> (Folded, Vec<(u64, u64)>, SnapshotsWrite) {
    let mut events: Vec<FoldEvent> =
        whole.into_iter().flat_map(|w| &w.events).filter_map(stored_fold_event).collect();
    events.extend(new);
    let mut rows: Vec<SnapshotRow> = whole.map(|w| w.snapshots.clone()).unwrap_or_default();
    let mut base = whole.and_then(|w| w.base.clone());
    let had_base = base.is_some();
    let count = |base: Option<&SnapshotBody>, rows: &[SnapshotRow]| {
        fold(id, events.clone(), base, rows.iter().map(taken).collect())
    };
    let mut added = Vec::new();
    let mut before =
        if new_snapshots.is_empty() { 0 } else { messages(count(base.as_ref(), &rows).as_ref()) };
    for snapshot in new_snapshots {
        rows.push(snapshot.clone());
        let now = messages(count(base.as_ref(), &rows).as_ref());
        added.push((snapshot.lsn, now.saturating_sub(before)));
        before = now;
    }
    let removed = drop_oldest(&mut rows, &mut base);
    let folded = fold(id, events.clone(), base.as_ref(), rows.iter().map(taken).collect());
    let new = new_snapshots.iter().filter(|s| !removed.contains(&s.lsn)).cloned().collect();
    let changed_base = if removed.is_empty() && had_base { None } else { base };
    let empty = || Folded { record: unknown_record(id), messages: Vec::new(), tool_calls: Vec::new() };
    (folded.unwrap_or_else(empty), added, SnapshotsWrite { new, base: changed_base, removed })
}

fn messages(folded: Option<&Folded>) -> u64 {
    folded.map_or(0, |f| f.messages.len() as u64)
}

fn taken(row: &SnapshotRow) -> TakenSnapshot {
    TakenSnapshot { taken_at: row.taken_at, body: row.body.clone() }
}

/// Merges the oldest snapshots into the base until few enough are left; says which.
fn drop_oldest(rows: &mut Vec<SnapshotRow>, base: &mut Option<SnapshotBody>) -> Vec<u64> {
    let mut removed = Vec::new();
    rows.sort_by_key(|row| (row.taken_at, row.lsn));
    while rows.len() > limits::SNAPSHOTS_KEPT {
        let oldest = rows.remove(0);
        removed.push(oldest.lsn);
        *base = Some(merge_into_base(base.take(), oldest.body));
    }
    removed
}

fn last_received(group: &Group, stored: Option<&StoredSession>) -> Timestamp {
    let events = group.events.iter().map(|e| e.row.received_at);
    let all =
        events.chain(group.snapshots.iter().map(|s| s.received_at)).chain(stored.map(|s| s.last_received_at));
    all.max().unwrap_or_default()
}

fn state_after(stored: Option<&StoredSession>, record: &SessionRecord, marks: &[Mark]) -> State {
    if record.ended_at.is_some() {
        return State::Completed;
    }
    let before = match stored.map(|s| s.state) {
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
