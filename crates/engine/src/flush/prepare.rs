//! From journal records to the rows of one transaction: load what they touch, fold, say what changed.
//!
//! Reads the store, writes nothing. Invariant: until it succeeds it leaves the records where they were.

use super::write::{Effect, write_session};
use crate::fold::{Item, answers_open_call, touches};
use crate::pending::{Pending, PendingEvent, What};
use chasm_protocol::session::SnapshotBody;
use chasm_protocol::{ItemKey, SessionId, Timestamp};
use chasm_store::{
    EventRow, EventRowKind, FlushBatch, InterruptionRow, SessionPk, SnapshotRow, Store, StoreError,
    StoredSession,
};
use std::collections::HashMap;

/// The records of one session, in order of their numbers.
#[derive(Default)]
pub(super) struct Group {
    pub(super) events: Vec<PendingEvent>,
    pub(super) snapshots: Vec<SnapshotRow>,
    pub(super) marks: Vec<Mark>,
    pub(super) last_lsn: u64,
}

pub(super) enum Mark {
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
    let mut loaded = Loaded::read(store, records.as_deref().unwrap_or_default()).await?;
    let mut batch = FlushBatch { applied_lsn: applied, ..FlushBatch::default() };
    let mut effects = Vec::new();
    let (order, mut groups) = group(records.take().unwrap_or_default());
    for id in order {
        let (Some(group), at_hand) = (groups.remove(&id), loaded.sessions.remove(&id)) else { continue };
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
            What::Snapshot { received_at, taken_at, hash, body, file } => {
                group.snapshots.push(SnapshotRow { lsn, taken_at, received_at, hash, body: *body, file });
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

pub(super) struct AtHand {
    pub(super) stored: StoredSession,
    /// Items that the batch touches, open calls first.
    pub(super) items: Vec<Item>,
    /// All there is, where the session has to be folded anew.
    pub(super) whole: Option<Whole>,
}

#[derive(Default, Clone)]
pub struct Whole {
    pub events: Vec<EventRow>,
    pub base: Option<SnapshotBody>,
    pub snapshots: Vec<SnapshotRow>,
}

impl Loaded {
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
    pub async fn read(store: &Store, pk: SessionPk) -> Result<Self, StoreError> {
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
