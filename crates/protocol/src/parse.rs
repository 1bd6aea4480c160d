//! From bytes to events: the one place where input is checked.
//!
//! Owns the reading of a frame or body (one event, an array, a control frame) and of one event. Never panics and never
//! allocates more than the input is long, times a small factor. Invariant: what is refused says which field and which rule.

use crate::event::{Body, EventType};
use crate::frame::{ClientFrame, Control};
use crate::identity::{self, ContentHash, Identity};
use crate::{ErrorCode, Event, EventId, Limits, SessionId, Timestamp, WarningCode, json, limits};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An accepted event with what dedupe needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub event: Event,
    /// `None` where the event has neither `event_id`, `timestamp` nor `seq`: every such event is a new one.
    pub identity: Option<Identity>,
    pub content: ContentHash,
    pub warning: Option<WarningCode>,
}

/// Why an event or a frame was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: ErrorCode,
    pub message: String,
    /// The event's own id, where it could be read.
    pub event_id: Option<String>,
    /// The event's session, where it could be read.
    pub session_id: Option<String>,
}

impl Refusal {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), event_id: None, session_id: None }
    }
}

/// Reads one text frame: events (each accepted or refused on its own), or a control frame.
/// The whole frame is refused where it is not JSON or breaks a limit.
pub fn parse_frame(text: &str, limits: &Limits) -> Result<ClientFrame, Refusal> {
    check_size(text, limits)?;
    match text.trim_start().as_bytes().first() {
        Some(b'[') => parse_batch(text, limits).map(ClientFrame::Events),
        Some(b'{') => parse_object(text, limits),
        _ => {
            serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|e| bad_json(&e))?;
            Err(Refusal::new(ErrorCode::BadJson, "a frame is one event object or an array of them"))
        }
    }
}

/// Reads the body of `POST /api/recording/events`: one event, an array of events, or `{"events":[…]}`.
pub fn parse_events_body(text: &str, limits: &Limits) -> Result<Vec<Result<Parsed, Refusal>>, Refusal> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        events: Option<&'a RawValue>,
        #[serde(default)]
        event_type: Option<serde::de::IgnoredAny>,
    }
    check_size(text, limits)?;
    match text.trim_start().as_bytes().first() {
        Some(b'[') => parse_batch(text, limits),
        Some(b'{') => match serde_json::from_str::<Wrapper<'_>>(text) {
            Ok(Wrapper { events: Some(events), event_type: None }) => parse_batch(events.get(), limits),
            _ => {
                check_syntax(text)?;
                Ok(vec![parse_event(text, limits)])
            }
        },
        _ => {
            check_syntax(text)?;
            Err(Refusal::new(
                ErrorCode::BadJson,
                "the body is one event object, an array of them, or {\"events\":[…]}",
            ))
        }
    }
}

/// Reads one event object.
pub fn parse_event(raw: &str, limits: &Limits) -> Result<Parsed, Refusal> {
    let depth = json::depth(raw);
    if depth > limits.nesting {
        return Err(Refusal::new(
            ErrorCode::TooDeep,
            format!("the event is nested {depth} deep: at most {} are allowed", limits.nesting),
        ));
    }
    match read_event(raw, raw) {
        Err(refusal) if refusal.code == ErrorCode::BadJson => match json::replace_lone_surrogates(raw) {
            Some(fixed) => read_event(&fixed, raw).map(|mut parsed| {
                parsed.warning.get_or_insert(WarningCode::ReplacedSurrogate);
                parsed
            }),
            None => Err(refusal),
        },
        other => other,
    }
}

/// The fields that every event may have.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    session_id: Option<Field<'a>>,
    #[serde(borrow)]
    event_type: Option<Field<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    event_id: Option<Field<'a>>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
}

/// A field that should be a string: borrowed where it has no escapes, kept as raw JSON where it is something else.
struct Field<'a>(&'a RawValue);

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(d).map(Field)
    }
}

impl<'a> Field<'a> {
    /// The string, or `None` where the field is `null`.
    fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        let raw = self.0.get();
        let plain = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).filter(|r| !r.contains('\\'));
        if let Some(text) = plain {
            return Ok(Some(Cow::Borrowed(text)));
        }
        match serde_json::from_str::<Value>(raw).map_err(|e| bad_json(&e))? {
            Value::String(text) => Ok(Some(Cow::Owned(text))),
            Value::Null => Ok(None),
            other => Err(wrong_type(name, "a string", &other)),
        }
    }
}

/// `text` is `raw`, or `raw` with its lone surrogates replaced.
fn read_event(text: &str, raw: &str) -> Result<Parsed, Refusal> {
    if !text.trim_start().starts_with('{') {
        check_syntax(text)?;
        return Err(Refusal::new(ErrorCode::BadJson, "an event is a JSON object"));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|e| bad_json(&e))?;
    let event_id = envelope.event_id.as_ref().map(|f| f.text("event_id")).transpose()?.flatten();
    let session_id = envelope.session_id.as_ref().map(|f| f.text("session_id")).transpose();
    build(&envelope, event_id.as_deref(), raw).map_err(|mut refusal| {
        refusal.event_id = event_id.map(|id| id.chars().take(limits::EVENT_ID_BYTES).collect());
        refusal.session_id =
            session_id.ok().flatten().flatten().map(|id| id.chars().take(limits::SESSION_ID_BYTES).collect());
        refusal
    })
}

fn build(envelope: &Envelope<'_>, event_id: Option<&str>, raw: &str) -> Result<Parsed, Refusal> {
    let session_id = match envelope.session_id.as_ref().map(|f| f.text("session_id")).transpose()?.flatten() {
        Some(id) => SessionId::new(id).map_err(|e| invalid(e.to_string()))?,
        None => return Err(missing("session_id", "every event names its conversation")),
    };
    let event_type = match envelope.event_type.as_ref().map(|f| f.text("event_type")).transpose()?.flatten() {
        Some(name) => EventType::new(&name).ok_or_else(|| bad_event_type(&name))?,
        None => return Err(missing("event_type", "such as \"message\"")),
    };
    let event_id = event_id.map(EventId::new).transpose().map_err(|e| invalid(e.to_string()))?;
    let timestamp = read_timestamp(envelope.timestamp)?;
    let seq = read_seq(envelope.seq)?;
    let data = match envelope.data {
        Some(data) => serde_json::from_str::<Value>(data.get()).map_err(|e| bad_json(&e))?,
        None => Value::Null,
    };
    if !matches!(data, Value::Object(_) | Value::Null) {
        return Err(wrong_type("data", "an object", &data));
    }
    let content = identity::content_hash(event_type.as_str(), timestamp, seq, &data);
    let body = read_body(&event_type, data)?;
    let warning = matches!(body, Body::Other).then_some(WarningCode::UnknownEventType);
    let event = Event { session_id, event_type, event_id, timestamp, seq, body, raw: raw.into() };
    Ok(Parsed { identity: identity::identity(&event, content), event, content, warning })
}

fn read_body(event_type: &EventType, data: Value) -> Result<Body, Refusal> {
    Ok(match event_type.as_str() {
        "session_start" => Body::SessionStart(fields(event_type, data, true)?),
        "message" => Body::Message(fields(event_type, data, false)?),
        "message_delta" => Body::MessageDelta(fields(event_type, data, false)?),
        "tool_call" => Body::ToolCall(fields(event_type, data, false)?),
        "tool_result" => Body::ToolResult(fields(event_type, data, true)?),
        "session_update" => Body::SessionUpdate(fields(event_type, data, true)?),
        "session_end" => Body::SessionEnd(fields(event_type, data, true)?),
        "heartbeat" => Body::Heartbeat,
        _ => Body::Other,
    })
}

fn fields<T: serde::de::DeserializeOwned>(of: &EventType, data: Value, optional: bool) -> Result<T, Refusal> {
    let data = match data {
        Value::Null if optional => Value::Object(serde_json::Map::new()),
        Value::Null => return Err(missing("data", &format!("a {of} event needs it"))),
        other => other,
    };
    T::deserialize(data).map_err(|e| {
        let what = e.to_string();
        let code =
            if what.starts_with("missing field") { ErrorCode::MissingField } else { ErrorCode::InvalidField };
        Refusal::new(code, format!("`data` of the {of} event: {what}"))
    })
}

fn read_timestamp(raw: Option<&RawValue>) -> Result<Option<Timestamp>, Refusal> {
    let Some(raw) = raw.filter(|r| r.get() != "null") else { return Ok(None) };
    serde_json::from_str(raw.get())
        .map(Some)
        .map_err(|e| invalid(format!("`timestamp`: {}", without_position(&e))))
}

fn read_seq(raw: Option<&RawValue>) -> Result<Option<u64>, Refusal> {
    let Some(raw) = raw.filter(|r| r.get() != "null") else { return Ok(None) };
    match serde_json::from_str::<u64>(raw.get()) {
        Ok(n) if (1..=limits::SEQ_MAX).contains(&n) => Ok(Some(n)),
        _ => Err(invalid(format!("`seq` is {}: it is an integer from 1 on", cut(raw.get(), 40)))),
    }
}

fn parse_batch(text: &str, limits: &Limits) -> Result<Vec<Result<Parsed, Refusal>>, Refusal> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| bad_json(&e))?;
    if items.len() > limits.batch_events {
        let message =
            format!("{} events in one batch: at most {} are allowed", items.len(), limits.batch_events);
        return Err(Refusal::new(ErrorCode::BatchTooLarge, message));
    }
    Ok(items.into_iter().map(|item| parse_event(item.get(), limits)).collect())
}

/// An object is an event, unless it has a `type` and no `event_type`: then it is a control frame.
fn parse_object(text: &str, limits: &Limits) -> Result<ClientFrame, Refusal> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<Cow<'a, str>>,
        event_type: Option<serde::de::IgnoredAny>,
    }
    let event = parse_event(text, limits);
    if event.is_err()
        && let Ok(Kind { kind: Some(kind), event_type: None }) = serde_json::from_str::<Kind<'_>>(text)
    {
        return Ok(match Control::read(&kind, text) {
            Ok(control) => ClientFrame::Control(control),
            Err(refusal) => ClientFrame::RefusedControl(refusal),
        });
    }
    if event.is_err() {
        check_syntax(text)?;
    }
    Ok(ClientFrame::Events(vec![event]))
}

fn check_size(text: &str, limits: &Limits) -> Result<(), Refusal> {
    if text.len() <= limits.frame_bytes {
        return Ok(());
    }
    let message = format!("{} bytes in one frame: at most {} are allowed", text.len(), limits.frame_bytes);
    Err(Refusal::new(ErrorCode::TooLarge, message))
}

fn check_syntax(text: &str) -> Result<(), Refusal> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).map(|_| ()).map_err(|e| bad_json(&e))
}

fn bad_json(error: &serde_json::Error) -> Refusal {
    Refusal::new(ErrorCode::BadJson, format!("not JSON: {error}"))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidField, message)
}

fn missing(field: &str, hint: &str) -> Refusal {
    Refusal::new(ErrorCode::MissingField, format!("`{field}` is missing: {hint}"))
}

fn wrong_type(field: &str, wanted: &str, got: &Value) -> Refusal {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    invalid(format!("`{field}` is {got}: it has to be {wanted}"))
}

fn bad_event_type(name: &str) -> Refusal {
    let shown = cut(name, 80);
    invalid(format!(
        "`event_type` {shown:?} is not a name: a-z first, then up to 63 of a-z, 0-9, `_` and `.`"
    ))
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// serde_json ends its messages with «at line 1 column 2», which means nothing for a part of a frame.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;
