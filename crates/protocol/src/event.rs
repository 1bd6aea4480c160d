//! An event: what a client says happened in a session, parsed and checked.
//!
//! Owns the shapes of every `event_type`. Invariant: an [`Event`] keeps its text as it was received (`raw`), so nothing
//! that a newer client adds is lost.

use crate::{EventId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// One accepted event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub session_id: SessionId,
    pub event_type: EventType,
    pub event_id: Option<EventId>,
    /// When it happened, by the client's clock.
    pub timestamp: Option<Timestamp>,
    /// The client's own counter within the session, from 1.
    pub seq: Option<u64>,
    pub body: Body,
    /// The JSON object as it was received, byte for byte.
    pub raw: Box<str>,
}

/// The name of an event type: `[a-z][a-z0-9_.]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct EventType(Box<str>);

impl EventType {
    /// `None` where the name is not well formed.
    pub fn new(name: &str) -> Option<Self> {
        let (first, rest) = name.split_at_checked(1)?;
        let tail = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
        let good = first.bytes().all(|b| b.is_ascii_lowercase())
            && rest.bytes().all(tail)
            && name.len() <= crate::limits::EVENT_TYPE_BYTES;
        good.then(|| Self(name.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an event says, by its type. Fields that are not listed here stay in [`Event::raw`].
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    SessionStart(SessionStart),
    Message(MessageBody),
    MessageDelta(MessageDelta),
    ToolCall(ToolCallBody),
    ToolResult(ToolResultBody),
    SessionUpdate(SessionUpdate),
    SessionEnd(SessionEnd),
    Heartbeat,
    /// Any other well-formed type, kept verbatim.
    Other,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SessionStart {
    pub title: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub workspace: Option<String>,
    pub editor: Option<String>,
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MessageBody {
    pub role: Role,
    pub content: Content,
    pub message_id: Option<String>,
    pub model: Option<String>,
    pub parent_id: Option<String>,
    /// The message is still streaming.
    #[serde(default)]
    pub partial: Option<bool>,
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MessageDelta {
    pub message_id: String,
    pub delta: String,
    pub role: Option<Role>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ToolCallBody {
    pub name: String,
    pub call_id: Option<String>,
    pub arguments: Option<Value>,
    pub message_id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ToolResultBody {
    pub call_id: Option<String>,
    pub output: Option<Value>,
    pub is_error: Option<bool>,
    pub name: Option<String>,
    pub duration_ms: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SessionUpdate {
    pub title: Option<String>,
    pub model: Option<String>,
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct SessionEnd {
    pub reason: Option<String>,
    /// How many messages the client believes the session has.
    pub message_count: Option<u64>,
}

/// Who speaks. The numbers are stored and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    User = 1,
    Assistant = 2,
    System = 3,
    Tool = 4,
}

impl Role {
    pub const fn number(self) -> i64 {
        self as i64
    }

    pub const fn from_number(n: i64) -> Option<Self> {
        match n {
            1 => Some(Self::User),
            2 => Some(Self::Assistant),
            3 => Some(Self::System),
            4 => Some(Self::Tool),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Tool => "tool",
        }
    }
}

/// The content of a message: a string, or an array of parts in the client's own shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Content {
    Text(String),
    Parts(Vec<Value>),
}

impl Content {
    /// The readable text: the string itself, or the text of all text parts, parted by a blank line.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Parts(parts) => {
                let texts: Vec<&str> = parts.iter().filter_map(part_text).collect();
                texts.join("\n\n").into()
            }
        }
    }

    /// Appends streamed text; to an array of parts it goes into the last text part, or a new one.
    pub fn push_str(&mut self, delta: &str) {
        match self {
            Self::Text(text) => text.push_str(delta),
            Self::Parts(parts) => match parts.last_mut().and_then(|p| p.get_mut("text")) {
                Some(Value::String(text)) => text.push_str(delta),
                _ => parts.push(serde_json::json!({"type": "text", "text": delta})),
            },
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Parts(parts) => parts.is_empty(),
        }
    }

    /// Bytes that this content takes in memory, roughly.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Parts(parts) => parts.iter().map(json_weight).sum(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

fn part_text(part: &Value) -> Option<&str> {
    match part {
        Value::String(text) => Some(text),
        Value::Object(fields) => fields.get("text").and_then(Value::as_str),
        _ => None,
    }
}

fn json_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 24 + text.len(),
        Value::Array(items) => 24 + items.iter().map(json_weight).sum::<usize>(),
        Value::Object(fields) => {
            24 + fields.iter().map(|(k, v)| 32 + k.len() + json_weight(v)).sum::<usize>()
        }
        _ => 16,
    }
}
