//! The JSON of events that a session makes.
//!
//! Owns the shapes that go out. Never sends. Invariant: each event has an `event_id`, a `timestamp` and a `seq`, so that it may be
//! sent any number of times.

use chasm_protocol::{Content, Role, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// An event on its way out.
#[derive(Debug, Serialize)]
pub struct Outgoing<'a, D> {
    pub session_id: &'a str,
    pub event_type: &'a str,
    pub event_id: String,
    pub timestamp: Timestamp,
    pub seq: u64,
    pub data: &'a D,
}

/// What is known of a session when it begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionStart {
    /// What a list shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who answers, such as `anthropic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Which model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The folder that is worked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The program that the chat is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub editor: Option<String>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// A message with all that may be said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Content,
    /// A known one replaces that message; `None`: a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Which model wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// It is still streaming.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<bool>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Message {
    /// Plain text.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: Content::Text(text.into()),
            message_id: None,
            model: None,
            parent_id: None,
            partial: None,
            metadata: None,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Delta<'a> {
    pub message_id: &'a str,
    pub delta: &'a str,
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// What its result names; `None`: a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// What it is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// The message that calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ToolResult {
    /// The call that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// It failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// The tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
}

/// What of a session changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionUpdate {
    /// Its new title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its new model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize)]
pub struct SessionEnd<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}
