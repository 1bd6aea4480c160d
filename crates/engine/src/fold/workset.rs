//! The part of a session that a run of events touches, and the events' effect on it.
//!
//! Invariant: whoever folds on from a stored state has loaded every item that [`FoldEvent::touches`] names (and all open
//! calls, where [`FoldEvent::needs_open_calls`]), so that «not here» means «does not exist».

use super::items::{Item, Items};
use chasm_protocol::session::{OrderKey, SessionRecord};
use chasm_protocol::{Body, Identity, ItemKey, Message, SessionId, ToolCall};
use std::collections::{HashMap, HashSet};

/// An event as the fold sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldEvent {
    pub key: OrderKey,
    pub identity: Identity,
    pub body: Body,
    pub conflict: bool,
}

impl FoldEvent {
    /// The item with an id of its own that this event may change.
    pub fn touches(&self) -> Option<ItemKey> {
        if self.conflict { None } else { touches(&self.body) }
    }

    /// A result that does not say which call it answers.
    pub fn needs_open_calls(&self) -> bool {
        !self.conflict && answers_open_call(&self.body)
    }
}

/// See [`FoldEvent::touches`].
pub fn touches(body: &Body) -> Option<ItemKey> {
    match body {
        Body::Message(m) => m.message_id.as_deref().map(ItemKey::of_message_id),
        Body::MessageDelta(d) => Some(ItemKey::of_message_id(&d.message_id)),
        Body::ToolCall(c) => c.call_id.as_deref().map(ItemKey::of_call_id),
        Body::ToolResult(r) => r.call_id.as_deref().map(ItemKey::of_call_id),
        _ => None,
    }
}

/// See [`FoldEvent::needs_open_calls`].
pub fn answers_open_call(body: &Body) -> bool {
    matches!(body, Body::ToolResult(r) if r.call_id.is_none())
}

/// A session being folded: its record, and the items at hand.
#[derive(Debug)]
pub struct Workset {
    pub(super) id: SessionId,
    pub(super) record: Option<SessionRecord>,
    pub(super) messages: HashMap<ItemKey, Message>,
    pub(super) calls: HashMap<ItemKey, ToolCall>,
    pub(super) changed: HashSet<ItemKey>,
    /// Calls without a result, in order of their positions.
    pub(super) open_calls: Vec<ItemKey>,
}

impl Workset {
    /// Nothing yet.
    pub fn new(id: SessionId) -> Self {
        Self {
            id,
            record: None,
            messages: HashMap::new(),
            calls: HashMap::new(),
            changed: HashSet::new(),
            open_calls: Vec::new(),
        }
    }

    /// Folds on from a stored record.
    pub fn resume(record: SessionRecord) -> Self {
        Self { record: Some(record.clone()), ..Self::new(record.id) }
    }

    /// Adds a stored item that events may touch. Open calls have to be loaded in the order of their positions.
    pub fn load(&mut self, item: Item) {
        match item {
            Item::Message(message) => {
                self.messages.entry(message.key).or_insert(message);
            }
            Item::ToolCall(call) => {
                if !call.finished && !self.open_calls.contains(&call.key) {
                    self.open_calls.push(call.key);
                }
                self.calls.entry(call.key).or_insert(call);
            }
        }
    }

    /// The order of the last event folded in.
    pub fn last_key(&self) -> Option<&OrderKey> {
        self.record.as_ref().map(|r| &r.last_key)
    }

    /// The record and what changed since `resume`.
    pub fn into_changes(mut self) -> (Option<SessionRecord>, Items) {
        let changed = std::mem::take(&mut self.changed);
        self.messages.retain(|key, _| changed.contains(key));
        self.calls.retain(|key, _| changed.contains(key));
        self.into_items()
    }

    /// The record and every item at hand, in order.
    pub fn into_items(self) -> (Option<SessionRecord>, Items) {
        (self.record, Items::new(self.messages.into_values().collect(), self.calls.into_values().collect()))
    }
}
