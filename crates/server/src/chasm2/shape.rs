//! The shapes of 2.0.0 on the wire, and ours for them.
//!
//! Pure: text in, events or a refusal out. Invariant: every field that came is in what is recorded, under our name where we have
//! one and under its own where we have none; an event of an unknown type is kept whole as `chasm2.<type>`.

use super::trail::Nature;
use chasm_protocol::api::SnapshotRequest;
use chasm_protocol::{Body, ErrorCode, Limits, Parsed, Refusal, json as text_of, parse_event};
use serde_json::{Map, Value, json};

/// What one event of theirs is for us.
#[derive(Debug)]
pub(crate) enum Said {
    Event(Box<Event>),
    Snapshot(Box<SnapshotRequest>),
    /// Only says that the client is there, for a session or for none.
    Heartbeat(Option<Box<Parsed>>),
}

/// An event to be recorded; its identity is not decided yet.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub parsed: Parsed,
    /// What 2.0.0 answers to an event of this type.
    pub status: &'static str,
}

/// Why an event, or a whole request, is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub error: ErrorCode,
    pub message: String,
    /// The name that 2.0.0 has for it, where it is another.
    theirs: Option<&'static str>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.message)
    }
}

impl Refused {
    pub fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Self { error, message: message.into(), theirs: None }
    }

    pub(super) fn named(self, theirs: &'static str) -> Self {
        Self { theirs: Some(theirs), ..self }
    }

    /// The code as it is sent.
    pub fn code(&self) -> String {
        self.theirs.map_or_else(|| self.error.as_str(), str::to_owned)
    }
}

/// Their form of an error.
pub(crate) fn error(code: &str, message: &str) -> Value {
    json!({"type": "error", "event_id": null, "code": code, "message": message})
}

/// Their form of «it is recorded».
pub(super) fn ack(event_id: &str, session_id: &str, status: &str) -> Value {
    json!({"type": "ack", "event_id": event_id, "session_id": session_id, "status": status})
}

/// The list of a batch: `{"events":[…]}`, checked for what would make it dear.
pub(crate) fn read_batch(text: &str, limits: &Limits) -> Result<Vec<Value>, Refused> {
    batch(read(text, limits)?, limits)
}

pub(super) fn batch(value: Value, limits: &Limits) -> Result<Vec<Value>, Refused> {
    match value {
        Value::Object(mut fields) => match fields.remove("events") {
            Some(Value::Array(events)) => checked(events, limits),
            Some(_) => Err(Refused::new(ErrorCode::InvalidField, "`events` has to be a list of events")),
            None => Err(Refused::new(ErrorCode::MissingField, "`events` is missing: {\"events\":[…]}")),
        },
        _ => Err(Refused::new(ErrorCode::BadJson, "an object is needed: {\"events\":[…]}")),
    }
}

/// The body of `POST /recording/snapshot`: one `session_snapshot`.
pub(crate) fn read_snapshot(text: &str, limits: &Limits) -> Result<SnapshotRequest, Refused> {
    match event(read(text, limits)?, limits, |_, _| None)? {
        Said::Snapshot(request) => Ok(*request),
        _ => {
            let message = "a `session_snapshot` is needed here: other events go to /recording/events";
            Err(Refused::new(ErrorCode::BadRequest, message).named("invalid_event"))
        }
    }
}

fn checked(events: Vec<Value>, limits: &Limits) -> Result<Vec<Value>, Refused> {
    if events.len() > limits.batch_events {
        let message =
            format!("{} events in one batch: at most {} are allowed", events.len(), limits.batch_events);
        return Err(Refused::new(ErrorCode::BatchTooLarge, message));
    }
    Ok(events)
}

/// Reads JSON within the limits.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Value, Refused> {
    // the list and the object around an event are theirs
    let most = limits.nesting + 2;
    let depth = text_of::depth(text);
    if depth > most {
        let message = format!("it is nested {depth} deep: at most {most} are allowed");
        return Err(Refused::new(ErrorCode::TooDeep, message));
    }
    let bad = |e: &serde_json::Error| Refused::new(ErrorCode::BadJson, format!("not JSON: {e}"));
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => match text_of::replace_lone_surrogates(text) {
            Some(fixed) => serde_json::from_str(&fixed).map_err(|e| bad(&e)),
            None => Err(bad(&error)),
        },
    }
}

/// One event of theirs. `role_of` knows who wrote a message, which an update does not say.
pub(super) fn event(
    value: Value,
    limits: &Limits,
    role_of: impl Fn(&str, &str) -> Option<String>,
) -> Result<Said, Refused> {
    let Value::Object(mut fields) = value else {
        return Err(Refused::new(ErrorCode::BadJson, "an event is an object with a `type`"));
    };
    let Some(kind) = fields.get("type").and_then(Value::as_str).map(str::to_owned) else {
        let message = "`type` is missing: an event says what it is, such as \"message_add\"";
        return Err(Refused::new(ErrorCode::MissingField, message));
    };
    let session = fields.get("session_id").cloned().unwrap_or(Value::Null);
    if kind == "heartbeat" && session.is_null() {
        return Ok(Said::Heartbeat(None));
    }
    let whole = fields.clone();
    fields.retain(|name, value| !value.is_null() && name != "type" && name != "session_id");
    let known = match kind.as_str() {
        "session_snapshot" => return snapshot(session, fields).map(|s| Said::Snapshot(Box::new(s))),
        "heartbeat" => ("heartbeat", Map::new(), "heartbeat"),
        "session_start" => ("session_start", start(fields), "session_started"),
        "session_end" => ("session_end", end(fields), "session_ended"),
        "session_update" => ("session_update", with_metadata(fields), "session_updated"),
        "message_add" => ("message", message(fields), "message_added"),
        "message_update" => {
            let role = |id: &str| role_of(session.as_str().unwrap_or_default(), id);
            ("message", update(fields, role), "message_updated")
        }
        "message_append" => ("message_delta", append(fields), "message_appended"),
        _ => ("", whole, "recorded"),
    };
    let (event_type, data, status) = known;
    let event_type = if event_type.is_empty() { foreign(&kind) } else { event_type.to_owned() };
    let text = json!({"session_id": session, "event_type": event_type, "data": data}).to_string();
    let parsed = parse_event(&text, limits).map_err(|refusal| of_theirs(refusal, &kind))?;
    if kind == "heartbeat" {
        return Ok(Said::Heartbeat(Some(Box::new(parsed))));
    }
    Ok(Said::Event(Box::new(Event { parsed, status })))
}

/// What saying an event again means.
pub(super) fn nature(body: &Body) -> Nature {
    match body {
        Body::SessionStart(_) => Nature::Start,
        // an update says whether it is the last one
        Body::Message(message) if message.message_id.is_some() && message.partial.is_none() => Nature::Add,
        Body::MessageDelta(_) => Nature::Append,
        _ => Nature::Other,
    }
}

/// Our type for one that only they have.
fn foreign(kind: &str) -> String {
    const MOST: usize = 48;
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.' => c,
        _ => '_',
    };
    format!("chasm2.{}", kind.chars().take(MOST).map(plain).collect::<String>())
}

/// The refusal names our fields: here are theirs.
fn of_theirs(refusal: Refusal, kind: &str) -> Refused {
    let shown: String = kind.chars().take(64).collect();
    let message = match refusal.message.split_once(" event: ") {
        Some((_, what)) => format!("{shown}: {}", what.replace("`delta`", "`content_delta`")),
        None => format!("{shown}: {}", refusal.message),
    };
    Refused::new(refusal.code, message)
}

fn start(mut data: Map<String, Value>) -> Map<String, Value> {
    let folder = data.remove("workspace_path");
    let id = data.get("workspace_id").cloned();
    if let Some(workspace) = folder.or(id) {
        data.insert(String::from("workspace"), workspace);
    }
    with_metadata(data)
}

fn end(mut data: Map<String, Value>) -> Map<String, Value> {
    // they count with a sign; what is below zero says nothing
    if let Some(count) = data.remove("final_message_count").filter(Value::is_u64) {
        data.insert(String::from("message_count"), count);
    }
    data
}

fn message(mut data: Map<String, Value>) -> Map<String, Value> {
    name_role(&mut data);
    with_metadata(data)
}

fn update(mut data: Map<String, Value>, role_of: impl Fn(&str) -> Option<String>) -> Map<String, Value> {
    let complete = data.remove("is_complete").and_then(|v| v.as_bool()).unwrap_or(true);
    data.insert(String::from("partial"), json!(!complete));
    if !data.contains_key("role") {
        let known = data.get("message_id").and_then(Value::as_str).and_then(role_of);
        // what streams in is an answer
        data.insert(String::from("role"), json!(known.as_deref().unwrap_or("assistant")));
    }
    message(data)
}

fn append(mut data: Map<String, Value>) -> Map<String, Value> {
    if let Some(delta) = data.remove("content_delta") {
        data.insert(String::from("delta"), delta);
    }
    data
}

/// Their roles are any text. One that we do not have is kept beside the nearest that we have.
fn name_role(data: &mut Map<String, Value>) {
    let Some(said) = data.get("role").and_then(Value::as_str).map(str::to_owned) else { return };
    let ours = match said.to_ascii_lowercase().as_str() {
        "user" | "human" => "user",
        "assistant" | "ai" | "bot" | "model" => "assistant",
        "tool" | "function" => "tool",
        _ => "system",
    };
    if ours != said {
        data.insert(String::from("chasm2_role"), json!(said));
        data.insert(String::from("role"), json!(ours));
    }
}

/// Ours is an object; what is none is kept within one.
fn with_metadata(mut data: Map<String, Value>) -> Map<String, Value> {
    if let Some(other) = data.get_mut("metadata").filter(|v| !v.is_object()) {
        *other = json!({"value": other.take()});
    }
    data
}

/// A session as the client sees it.
fn snapshot(session: Value, mut fields: Map<String, Value>) -> Result<SnapshotRequest, Refused> {
    if let Some(folder) = fields.remove("workspace_path") {
        fields.insert(String::from("workspace"), folder);
    }
    for message in fields.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(message) = message.as_object_mut() {
            message.retain(|_, value| !value.is_null());
            if let Some(at) = message.remove("created_at") {
                message.insert(String::from("timestamp"), at);
            }
            name_role(message);
        }
    }
    let request = json!({"session_id": session, "snapshot": fields});
    serde_json::from_value(request).map_err(|error| {
        let what = error.to_string();
        let missing = what.starts_with("missing field");
        let code = if missing { ErrorCode::MissingField } else { ErrorCode::InvalidField };
        Refused::new(code, format!("session_snapshot: {what}"))
    })
}

#[cfg(test)]
mod tests;
