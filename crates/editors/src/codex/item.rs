//! One line of a rollout, as far as it can be understood.
//!
//! Owns where things stand in a line, in the envelope of today and in the bare lines of the oldest files. Never trusts a type:
//! a field of another type is as good as absent.

use crate::jsonl::Shape;
use crate::sheet::{text, without};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};

/// How the lines of a rollout look.
pub const SHAPE: Shape = Shape {
    starts: &[
        "{\"timestamp\"",
        "{\"type\"",
        "{\"payload\"",
        "{\"ordinal\"",
        "{\"created_at\"",
        "{\"id\"",
        "{\"record_type\"",
    ],
    // items within a line have a `type` too
    is_line: |value| {
        let has = |key: &str| value.get(key).is_some();
        (has("type") && has("payload")) || has("created_at") || has("record_type")
    },
    is_beginning: |value| value.as_object().is_some_and(|fields| !fields.is_empty()),
};

pub struct Item {
    /// The whole line.
    pub line: Map<String, Value>,
    /// The end of the line is missing.
    pub cut: bool,
}

impl Item {
    pub fn timestamp(&self) -> Option<Timestamp> {
        match self.line.get("timestamp").or_else(|| self.line.get("created_at"))? {
            Value::String(text) => Timestamp::parse(text).ok(),
            Value::Number(ms) => Timestamp::from_millis(ms.as_i64()?).ok(),
            _ => None,
        }
    }

    /// What the line says, without its envelope.
    pub fn payload(&self) -> &Map<String, Value> {
        self.line.get("payload").and_then(Value::as_object).unwrap_or(&self.line)
    }

    fn is_bare(&self) -> bool {
        !self.line.get("payload").is_some_and(Value::is_object)
    }

    /// What sort of line it is. The oldest files have no envelope: their lines are items, behind a first one about the session.
    pub fn kind(&self) -> &str {
        let has = |key: &str| self.line.contains_key(key);
        match text(&self.line, "type") {
            Some(kind) if !self.is_bare() => kind,
            Some("session_meta" | "turn_context" | "event_msg" | "compacted" | "world_state") => "untyped",
            Some(_) => "response_item",
            None if has("role") => "response_item",
            None if is_bare_meta(&self.line) => "session_meta",
            None if has("record_type") => "state",
            None => "untyped",
        }
    }

    /// What sort of item or event the payload is.
    pub fn sort(&self) -> &str {
        let payload = self.payload();
        let role = if payload.contains_key("role") { "message" } else { "untyped" };
        text(payload, "type").unwrap_or(role)
    }

    /// The line without these fields of its payload.
    pub fn rest(&self, known: &[&str]) -> Value {
        if self.is_bare() {
            return without(&self.line, known).unwrap_or_default();
        }
        let mut rest = self.line.clone();
        rest.insert("payload".into(), without(self.payload(), known).unwrap_or_else(|| json!({})));
        Value::Object(rest)
    }
}

/// The first line of the oldest files.
fn is_bare_meta(line: &Map<String, Value>) -> bool {
    let has = |key: &str| line.contains_key(key);
    has("id") && has("timestamp") && (has("instructions") || has("git") || has("cwd"))
}

/// A line that no other program's file has.
pub fn is_codex(value: &Value) -> bool {
    let Some(line) = value.as_object() else { return false };
    let is_envelope = line.get("payload").is_some_and(Value::is_object) && line.contains_key("timestamp");
    match text(line, "type") {
        Some(_) => is_envelope,
        None => is_bare_meta(line) && !line.contains_key("sessionId"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(json: &str) -> Item {
        Item { line: serde_json::from_str(json).unwrap(), cut: false }
    }

    #[test]
    fn lines_of_all_ages_are_told_apart() {
        let sorts = |json: &str| {
            let item = item(json);
            (item.kind().to_owned(), item.sort().to_owned())
        };
        let of = |kind: &str, sort: &str| (kind.to_owned(), sort.to_owned());
        let new = r#"{"timestamp":"t","type":"event_msg","payload":{"type":"token_count"}}"#;
        assert_eq!(sorts(new), of("event_msg", "token_count"));
        assert_eq!(
            sorts(r#"{"type":"response_item","payload":{"role":"user"}}"#),
            of("response_item", "message")
        );
        assert_eq!(sorts(r#"{"id":"x","timestamp":"t","instructions":null}"#), of("session_meta", "untyped"));
        assert_eq!(sorts(r#"{"type":"reasoning","summary":[]}"#), of("response_item", "reasoning"));
        assert_eq!(sorts(r#"{"record_type":"state"}"#), of("state", "untyped"));
        assert_eq!(sorts(r#"{"type":"session_meta"}"#), of("untyped", "session_meta"));
        assert_eq!(item(new).rest(&["type"])["payload"], json!({}));
    }

    #[test]
    fn the_lines_of_others_are_no_codex() {
        let is = |json: &str| is_codex(&serde_json::from_str(json).unwrap());
        assert!(is(r#"{"timestamp":"t","type":"session_meta","payload":{}}"#));
        assert!(is(r#"{"id":"x","timestamp":"t","git":{}}"#));
        for other in [
            r#"{"type":"user","message":{"content":"x"},"timestamp":"t"}"#,
            r#"{"type":"session.start","data":{},"id":"1","timestamp":"t"}"#,
            r#"{"kind":0,"v":{}}"#,
            r#"{"id":"a","timestamp":"t","type":"user","content":"x"}"#,
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
