//! What happened in a session, in the order to read it: messages, tool calls, interruptions.
//!
//! Invariant: everything the session has is in it, once.

use chasm_protocol::session::{Interruption, Message, SessionDetail, ToolCall};
use chasm_protocol::{Role, Timestamp};

pub(super) enum Item<'a> {
    Message(&'a Message),
    ToolCall(&'a ToolCall),
    Interruption(&'a Interruption),
}

impl Item<'_> {
    fn at(&self) -> Option<Timestamp> {
        match self {
            Item::Message(message) => message.timestamp,
            Item::ToolCall(call) => call.timestamp,
            Item::Interruption(interruption) => Some(interruption.since),
        }
    }
}

/// Messages and calls by their places; an interruption before the first of them that came after it.
pub(super) fn timeline(session: &SessionDetail) -> Vec<Item<'_>> {
    let messages = session.messages.iter().map(|m| (m.position, Item::Message(m)));
    let calls = session.tool_calls.iter().map(|c| (c.position, Item::ToolCall(c)));
    let mut placed: Vec<(u64, Item<'_>)> = messages.chain(calls).collect();
    placed.sort_by_key(|(position, _)| *position);
    let mut items: Vec<Item<'_>> = placed.into_iter().map(|(_, item)| item).collect();
    for interruption in &session.interruptions {
        let after = |item: &Item<'_>| item.at().is_some_and(|at| at > interruption.since);
        let place = items.iter().position(after).unwrap_or(items.len());
        items.insert(place, Item::Interruption(interruption));
    }
    items
}

/// Facts about the session for the head of the file: name and value.
pub(super) fn facts(session: &SessionDetail) -> Vec<(&'static str, String)> {
    let s = &session.summary;
    let mut facts = vec![("Session", s.session_id.clone()), ("State", s.state.to_string())];
    let optional = [
        ("Provider", &s.provider),
        ("Model", &s.model),
        ("Workspace", &s.workspace),
        ("Editor", &s.editor),
        ("End", &session.end_reason),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    facts.push(("Started", s.started_at.to_string()));
    facts.push(("Last event", s.last_event_at.to_string()));
    if !s.tags.is_empty() {
        facts.push(("Tags", s.tags.join(", ")));
    }
    if !session.missing.is_empty() {
        let holes: Vec<String> = session.missing.iter().map(hole).collect();
        facts.push(("Missing events", holes.join(", ")));
    }
    if let Some(expected) = session.expected_messages.filter(|n| *n != session.messages.len() as u64) {
        facts.push((
            "Messages the client had",
            format!("{expected}, {} are recorded", session.messages.len()),
        ));
    }
    for recovery in &session.recoveries {
        let sources: Vec<&str> = recovery.evidence.iter().map(|e| e.source.as_str()).collect();
        facts.push(("Recovered", format!("{} from {}", recovery.at, sources.join(", "))));
    }
    facts
}

pub(super) fn interruption(i: &Interruption) -> String {
    let end = match i.until {
        Some(until) => format!("until {until}, {} events were replayed", i.replayed),
        None => String::from("its events did not come again"),
    };
    format!("Interrupted ({}) since {}, {end}", i.reason, i.since)
}

pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "User",
        Role::Assistant => "Assistant",
        Role::System => "System",
        Role::Tool => "Tool",
    }
}

/// What is to be said of a message besides its text.
pub(super) fn remarks(message: &Message) -> Vec<String> {
    let mut remarks: Vec<String> = message.timestamp.iter().map(ToString::to_string).collect();
    remarks.extend(message.model.clone());
    if message.partial {
        remarks.push(String::from("incomplete"));
    }
    if message.origin != chasm_protocol::session::Origin::Event {
        remarks.push(format!("from {}", message.origin));
    }
    if let Some(by) = message.completed_by {
        remarks.push(format!("completed by {by}"));
    }
    remarks
}

pub(super) fn call_heading(call: &ToolCall) -> (&str, &'static str) {
    let name = if call.name.is_empty() { "(name unknown)" } else { &call.name };
    let state = match (call.finished, call.is_error) {
        (false, _) => "no result",
        (true, true) => "failed",
        (true, false) => "done",
    };
    (name, state)
}

/// A value as readable text: strings as they are, the rest as JSON.
pub(super) fn value_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// The parts of a content that are no text, as JSON.
pub(super) fn other_parts(content: &chasm_protocol::Content) -> Option<String> {
    let chasm_protocol::Content::Parts(parts) = content else { return None };
    let has_text = |p: &&serde_json::Value| !p.is_string() && p.get("text").is_none_or(|t| !t.is_string());
    let others: Vec<_> = parts.iter().filter(has_text).collect();
    if others.is_empty() { None } else { serde_json::to_string_pretty(&others).ok() }
}

fn hole(hole: &(u64, u64)) -> String {
    match hole {
        (from, to) if from == to => format!("seq {from}"),
        (from, to) => format!("seq {from} to {to}"),
    }
}
