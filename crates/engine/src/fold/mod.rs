//! From events and snapshots to a session: pure functions, no clock, no I/O.
//!
//! Owns what a session *is*. Editors' files are merged as snapshots are.
//! Invariant: the result depends on the set of events and snapshots, not on how they arrived;
//! folding on from a stored state gives the same as folding everything, as long as no event is late.

mod align;
mod apply;
mod items;
mod merge;
mod workset;

pub use items::{Item, Items};
pub use merge::{Source, as_snapshot, merge, merge_bodies};
pub use workset::{FoldEvent, Workset, answers_open_call, touches};

use chasm_protocol::session::{SessionRecord, SnapshotBody};
use chasm_protocol::{Message, SessionId, Timestamp, ToolCall};

/// A session, folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    pub record: SessionRecord,
    pub messages: Vec<Message>,
    pub tool_calls: Vec<ToolCall>,
}

/// A snapshot with the time at which its client took it, or an editor's file with the time of its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenSnapshot {
    pub taken_at: Timestamp,
    pub body: SnapshotBody,
    pub source: Source,
}

/// The record of a session of which nothing but its name is known.
pub fn unknown_record(id: &SessionId) -> SessionRecord {
    apply::empty_record(id.clone(), Timestamp::default())
}

/// Folds everything that is known of one session. Events and snapshots may come in any order; `base` is the folded rest of
/// older snapshots. `None` where there is nothing at all.
pub fn fold(
    id: &SessionId,
    mut events: Vec<FoldEvent>,
    base: Option<&SnapshotBody>,
    mut snapshots: Vec<TakenSnapshot>,
) -> Option<Folded> {
    events.sort_by(|a, b| a.key.cmp(&b.key));
    // Editors' files come last: what a client said itself decides first.
    snapshots.sort_by(|a, b| {
        let by_time = (a.source, a.taken_at).cmp(&(b.source, b.taken_at));
        by_time.then_with(|| a.body.hash().0.cmp(&b.body.hash().0))
    });
    let mut workset = Workset::new(id.clone());
    events.into_iter().for_each(|event| workset.apply(event));
    let first_taken = snapshots.iter().map(|s| s.taken_at).min();
    let last_taken = snapshots.iter().map(|s| s.taken_at).max();
    let (record, mut items) = workset.into_items();
    let mut record = match (record, first_taken) {
        (Some(record), _) => record,
        (None, Some(at)) => apply::empty_record(id.clone(), at),
        (None, None) if base.is_some() => unknown_record(id),
        (None, None) => return None,
    };
    let base = base.map(|body| (body, Source::Snapshot));
    for (body, source) in base.into_iter().chain(snapshots.iter().map(|s| (&s.body, s.source))) {
        merge(&mut items, body, source);
        apply::fill_from_snapshot(&mut record, body);
    }
    if record.events == 0 {
        record.last_event_at = last_taken.unwrap_or(record.last_event_at);
    }
    let (messages, tool_calls) = items.finish(&mut record);
    Some(Folded { record, messages, tool_calls })
}

#[cfg(test)]
mod tests;
