//! What each type of event does to a session.

use super::items::preview;
use super::workset::{FoldEvent, Workset};
use chasm_protocol::event::{
    MessageBody, MessageDelta, SessionStart, SessionUpdate, ToolCallBody, ToolResultBody,
};
use chasm_protocol::session::{OrderKey, Origin, SessionRecord, SnapshotBody};
use chasm_protocol::{Body, Content, Identity, ItemKey, Message, Role, SessionId, Timestamp, ToolCall};
use serde_json::{Map, Value};

impl Workset {
    /// Folds one event in. Events have to come in the order of their keys.
    pub fn apply(&mut self, event: FoldEvent) {
        let at = event.key.at;
        let record = self.record.get_or_insert_with(|| empty_record(self.id.clone(), at));
        if event.conflict {
            record.conflicts += 1;
            return;
        }
        if record.events == 0 {
            record.started_at = at;
        }
        record.events += 1;
        record.last_event_at = at;
        record.last_key = event.key.clone();
        record.ended_at = None;
        record.end_reason = None;
        record.expected_messages = None;
        let place = Place { item: event.touches(), identity: event.identity, at };
        match event.body {
            Body::SessionStart(start) => start_session(record, start),
            Body::SessionUpdate(update) => update_session(record, update),
            Body::SessionEnd(end) => {
                record.ended_at = Some(at);
                record.end_reason = end.reason;
                record.expected_messages = end.message_count;
            }
            Body::Message(message) => self.message(place, message),
            Body::MessageDelta(delta) => self.delta(place, delta),
            Body::ToolCall(call) => self.tool_call(place, call),
            Body::ToolResult(result) => self.tool_result(place, result),
            Body::Heartbeat | Body::Other => {}
        }
    }

    fn next_position(&mut self, kind: fn(&mut SessionRecord) -> &mut u64) -> u64 {
        let Some(record) = &mut self.record else { return 0 };
        record.positions += 1;
        *kind(record) += 1;
        record.positions
    }

    fn message(&mut self, place: Place, body: MessageBody) {
        let key = place.key();
        let known = self.messages.contains_key(&key);
        let position = if known { 0 } else { self.next_position(|r| &mut r.messages) };
        if let Some(record) = &mut self.record {
            if record.preview.is_none() && body.role == Role::User {
                record.preview = preview(&body.content.text());
            }
            if record.model.is_none() {
                record.model.clone_from(&body.model);
            }
        }
        let message = self
            .messages
            .entry(key)
            .or_insert_with(|| new_message(key, position, body.role, body.message_id, place.at));
        message.role = body.role;
        message.content = body.content;
        message.partial = body.partial.unwrap_or(false);
        overwrite(&mut message.model, body.model);
        overwrite(&mut message.parent_id, body.parent_id);
        extend(&mut message.metadata, body.metadata);
        self.changed.insert(key);
    }

    fn delta(&mut self, place: Place, body: MessageDelta) {
        let key = place.key();
        let known = self.messages.contains_key(&key);
        let position = if known { 0 } else { self.next_position(|r| &mut r.messages) };
        let message = self.messages.entry(key).or_insert_with(|| {
            let role = body.role.unwrap_or(Role::Assistant);
            let mut message = new_message(key, position, role, Some(body.message_id), place.at);
            message.partial = true;
            message
        });
        message.content.push_str(&body.delta);
        self.changed.insert(key);
    }

    fn tool_call(&mut self, place: Place, body: ToolCallBody) {
        let key = place.key();
        let call = self.call_entry(key, place.at);
        call.name = body.name;
        overwrite(&mut call.call_id, body.call_id);
        overwrite(&mut call.message_id, body.message_id);
        overwrite(&mut call.arguments, body.arguments);
        let open = !call.finished;
        if open && !self.open_calls.contains(&key) {
            self.open_calls.push(key);
        }
    }

    fn tool_result(&mut self, place: Place, body: ToolResultBody) {
        let open = || self.open_call(body.name.as_deref());
        let key = place.item.or_else(open).unwrap_or_else(|| place.key());
        let call = self.call_entry(key, place.at);
        if call.name.is_empty() {
            call.name = body.name.unwrap_or_default();
        }
        overwrite(&mut call.call_id, body.call_id);
        overwrite(&mut call.output, body.output);
        overwrite(&mut call.duration_ms, body.duration_ms);
        call.is_error = body.is_error.unwrap_or(false);
        call.finished = true;
        call.finished_at = Some(place.at);
        self.open_calls.retain(|open| *open != key);
    }

    /// The call with this key, made where it does not exist; marked as changed.
    fn call_entry(&mut self, key: ItemKey, at: Timestamp) -> &mut ToolCall {
        let known = self.calls.contains_key(&key);
        let position = if known { 0 } else { self.next_position(|r| &mut r.tool_calls) };
        self.changed.insert(key);
        self.calls.entry(key).or_insert_with(|| new_call(key, position, at))
    }

    /// The latest open call, of this name where one is given.
    fn open_call(&self, name: Option<&str>) -> Option<ItemKey> {
        self.open_calls.iter().rev().copied().find(|key| match (self.calls.get(key), name) {
            (Some(call), Some(name)) => call.name == name,
            (Some(_), None) => true,
            (None, _) => false,
        })
    }
}

/// Where an event's content goes.
#[derive(Clone, Copy)]
struct Place {
    /// The item with an id of its own.
    item: Option<ItemKey>,
    identity: Identity,
    at: Timestamp,
}

impl Place {
    /// The item it names, else one that is named after it.
    fn key(self) -> ItemKey {
        self.item.unwrap_or_else(|| ItemKey::of_event(self.identity))
    }
}

/// A session of which nothing is known but that it exists.
pub(super) fn empty_record(id: SessionId, at: Timestamp) -> SessionRecord {
    SessionRecord {
        id,
        title: None,
        provider: None,
        model: None,
        workspace: None,
        editor: None,
        metadata: Map::new(),
        started_at: at,
        last_event_at: at,
        ended_at: None,
        end_reason: None,
        expected_messages: None,
        events: 0,
        messages: 0,
        tool_calls: 0,
        conflicts: 0,
        preview: None,
        last_key: OrderKey { at: Timestamp::from_micros(i64::MIN), seq: 0, event_id: "".into(), lsn: 0 },
        positions: 0,
    }
}

/// What events left open, a snapshot may say.
pub(super) fn fill_from_snapshot(record: &mut SessionRecord, body: &SnapshotBody) {
    let fields = [
        (&mut record.title, &body.title),
        (&mut record.provider, &body.provider),
        (&mut record.model, &body.model),
        (&mut record.workspace, &body.workspace),
        (&mut record.editor, &body.editor),
    ];
    for (slot, value) in fields {
        if slot.is_none() {
            slot.clone_from(value);
        }
    }
}

fn start_session(record: &mut SessionRecord, start: SessionStart) {
    overwrite(&mut record.title, start.title);
    overwrite(&mut record.provider, start.provider);
    overwrite(&mut record.model, start.model);
    overwrite(&mut record.workspace, start.workspace);
    overwrite(&mut record.editor, start.editor);
    extend(&mut record.metadata, start.metadata);
}

fn update_session(record: &mut SessionRecord, update: SessionUpdate) {
    overwrite(&mut record.title, update.title);
    overwrite(&mut record.model, update.model);
    extend(&mut record.metadata, update.metadata);
}

fn overwrite<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

fn extend(map: &mut Map<String, Value>, more: Option<Map<String, Value>>) {
    map.extend(more.into_iter().flatten());
}

fn new_message(
    key: ItemKey,
    position: u64,
    role: Role,
    message_id: Option<String>,
    at: Timestamp,
) -> Message {
    Message {
        key,
        position,
        message_id,
        role,
        content: Content::default(),
        model: None,
        parent_id: None,
        partial: false,
        timestamp: Some(at),
        metadata: Map::new(),
        origin: Origin::Event,
        completed_by: None,
        aliases: Vec::new(),
        versions: Vec::new(),
    }
}

fn new_call(key: ItemKey, position: u64, at: Timestamp) -> ToolCall {
    ToolCall {
        key,
        position,
        call_id: None,
        message_id: None,
        name: String::new(),
        arguments: None,
        output: None,
        finished: false,
        is_error: false,
        duration_ms: None,
        timestamp: Some(at),
        finished_at: None,
        origin: Origin::Event,
    }
}
