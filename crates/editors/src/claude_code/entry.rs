//! One line of a transcript as an object: its common fields and its blocks.
//!
//! Owns where things stand in a line. Never trusts a type: a field of another type is as good as absent.

use crate::ids::first_bytes;
use crate::jsonl::Shape;
use chasm_protocol::Timestamp;
use serde_json::{Map, Value};

/// Line types that only Claude Code writes, or that are told by a second field.
const KINDS: [&str; 14] = [
    "user",
    "assistant",
    "system",
    "summary",
    "progress",
    "attachment",
    "queue-operation",
    "file-history-snapshot",
    "custom-title",
    "ai-title",
    "agent-name",
    "last-prompt",
    "permission-mode",
    "mode",
];

/// How the lines of a transcript look.
pub const SHAPE: Shape = Shape {
    starts: &[
        "{\"parentUuid\"",
        "{\"type\"",
        "{\"uuid\"",
        "{\"sessionId\"",
        "{\"timestamp\"",
        "{\"isSidechain\"",
    ],
    // blocks within a line have a `type` too
    is_line: |value| {
        let has = |key: &str| value.get(key).is_some();
        has("type") && ["uuid", "sessionId", "timestamp", "message", "leafUuid"].iter().any(|k| has(k))
    },
    is_beginning: |value| value.get("type").is_some_and(Value::is_string),
};

pub struct Entry {
    pub fields: Map<String, Value>,
    /// The end of the line is missing.
    pub cut: bool,
}

impl Entry {
    pub fn kind(&self) -> &str {
        self.text("type").unwrap_or("untyped")
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    pub fn is(&self, key: &str) -> bool {
        self.fields.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn timestamp(&self) -> Option<Timestamp> {
        match self.fields.get("timestamp")? {
            Value::String(text) => Timestamp::parse(text).ok(),
            Value::Number(ms) => Timestamp::from_millis(ms.as_i64()?).ok(),
            _ => None,
        }
    }

    pub fn message(&self, key: &str) -> Option<&str> {
        self.fields.get("message")?.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// Its content as blocks; a string is one block. `None` where there is nothing to show.
    pub fn blocks(&self) -> Option<Blocks<'_>> {
        match self.fields.get("message")?.get("content")? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(Blocks::Text(text)),
            Value::Array(items) if items.is_empty() => None,
            Value::Array(items) => Some(Blocks::Parts(items)),
            _ => None,
        }
    }

    /// The line without its content: what else it says.
    pub fn envelope(&self) -> Value {
        let bare = |(key, value): (&String, &Value)| match value {
            // the content may be long: it is not copied first to be dropped then
            Value::Object(message) if key == "message" => {
                let rest = message.iter().filter(|(key, _)| *key != "content");
                (key.clone(), Value::Object(rest.map(|(key, value)| (key.clone(), value.clone())).collect()))
            }
            other => (key.clone(), other.clone()),
        };
        Value::Object(self.fields.iter().map(bare).collect())
    }

    /// A hash of what the line says, the session that it is filed under left out: a resumed session copies lines.
    pub fn content_hash(&self) -> u64 {
        let mut said = Vec::new();
        for (key, value) in &self.fields {
            if key != "sessionId" && key != "session_id" {
                said.extend_from_slice(key.as_bytes());
                // writing to memory does not fail
                let _ = serde_json::to_writer(&mut said, value);
            }
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&said);
        first_bytes(&hasher)
    }
}

pub enum Blocks<'a> {
    Text(&'a str),
    Parts(&'a [Value]),
}

/// A line that no other program's file has.
pub fn is_claude_code(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    match value.get("type").and_then(Value::as_str) {
        Some("user" | "assistant") => value.get("message").is_some_and(|m| m.get("content").is_some()),
        Some("summary") => has("leafUuid"),
        Some(kind) => {
            KINDS.contains(&kind)
                && (has("sessionId") || has("parentUuid") || has("messageId"))
                && !has("payload")
        }
        None => false,
    }
}

pub fn block_type(block: &Value) -> Option<&str> {
    block.get("type").and_then(Value::as_str)
}
