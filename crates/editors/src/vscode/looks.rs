//! Telling the family's files from others by how they begin.
//!
//! Never reads on: the beginning must do.

use crate::jsonl::{Lines, Shape, salvage};
use serde_json::Value;

/// What a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    Log,
    Whole,
    Transcript,
}

/// Lines of the beginning that are looked at; the first one tells unless it is damaged.
const LINES: usize = 8;

/// Bytes of a line without an end that are looked at in any case.
const SHORT: usize = 4096;

/// How lines of logs and transcripts begin.
const SHAPE: Shape = Shape {
    starts: &["{\"kind\"", "{\"type\""],
    is_line: |value| is_operation(value) || is_told(value),
    is_beginning: |value| is_operation(value) || is_told(value),
};

/// What a file is that begins with these bytes.
pub fn looks_like(beginning: &[u8]) -> Option<Looks> {
    let text = String::from_utf8_lossy(beginning.get(..64 * 1024).unwrap_or(beginning));
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') && !text.starts_with('\u{0}') {
        return None;
    }
    of_lines(beginning).or_else(|| is_session(text).then_some(Looks::Whole))
}

fn of_lines(beginning: &[u8]) -> Option<Looks> {
    let mut lines = Lines::new(beginning);
    for _ in 0..LINES {
        let line = lines.next_line().ok()??;
        // a whole session stands on one line, which is too long to be looked at for repairs
        let begins_as_line = SHAPE.starts.iter().any(|start| line.bytes.starts_with(start.as_bytes()));
        if !line.ended && !begins_as_line && line.bytes.len() > SHORT {
            return None;
        }
        for found in salvage::read_line(&line.bytes, &SHAPE).found {
            if is_told(&found.value) {
                return Some(Looks::Transcript);
            }
            if is_operation(&found.value) {
                return Some(Looks::Log);
            }
        }
    }
    None
}

/// An operation of a session's log.
fn is_operation(value: &Value) -> bool {
    let session = |state: &Value| state.get("requests").is_some() || state.get("sessionId").is_some();
    match value.get("kind").and_then(Value::as_u64) {
        Some(0) => value.get("v").is_some_and(session),
        Some(1..=3) => value.get("k").is_some_and(Value::is_array),
        _ => false,
    }
}

/// A line of a transcript of Copilot in the editor; its command line writes the same style under another name.
fn is_told(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let producer = value.get("data").and_then(|data| data.get("producer")).and_then(Value::as_str);
    match text("type") {
        Some("session.start") => producer == Some("copilot-agent"),
        _ => false,
    }
}

/// Whether the names that an object begins with are those of a session.
fn is_session(text: &str) -> bool {
    let names = names(text);
    let has = |name: &str| names.contains(&name);
    let speakers = has("responderUsername") || has("requesterUsername");
    let session = has("sessionId") || has("creationDate");
    let turns = || text.contains("\"requestId\"") || text.contains("\"message\"");
    speakers || (has("requests") && (session || turns()))
}

/// The names of the fields of an object, as far as its text goes.
fn names(text: &str) -> Vec<&str> {
    let (mut names, mut depth) = (Vec::new(), 0_usize);
    let (mut string, mut last) = (None, None);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (string, c) {
            (Some(_), '\\') => drop(chars.next()),
            (Some(from), '"') => (string, last) = (None, text.get(from..at)),
            (Some(_), _) => {}
            (None, '"') => string = Some(at + 1),
            (None, ':') if depth == 1 => names.extend(last.take()),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_what_they_are() {
        let looks = |text: &str| looks_like(text.as_bytes());
        assert_eq!(looks(r#"{"kind":0,"v":{"version":3,"requests":[]}}"#), Some(Looks::Log));
        assert_eq!(looks("{\"kind\":1,\"k\":[\"customTitle\"],\"v\":\"x\"}\n"), Some(Looks::Log));
        assert_eq!(looks("\0\0\0\n{\"kind\":2,\"k\":[\"requests\"],\"v\":[]}\n"), Some(Looks::Log));
        assert_eq!(
            looks("\u{feff}{\n  \"responderUsername\": \"GitHub Copilot\",\n  \"requests\": ["),
            Some(Looks::Whole)
        );
        assert_eq!(looks(r#"{"requests":[{"a:\"b\"":{"x":1},"requestId":"r"#), Some(Looks::Whole));
        let told = r#"{"type":"session.start","data":{"sessionId":"a","producer":"copilot-agent"}}"#;
        assert_eq!(looks(told), Some(Looks::Transcript));
        for other in [
            r#"{"type":"session.start","data":{"sessionId":"a","producer":"copilot-cli"}}"#,
            r#"{"type":"user","message":{"content":"hi"},"sessionId":"a"}"#,
            r#"{"kind":0}"#,
            r#"{"sessionId":"x","projectHash":"y","messages":[]}"#,
            r#"{"exportedAt":"x","totalPrompts":1,"prompts":[]}"#,
            r#"{"log":{"requests":[{"requestId":1,"sessionId":2}]}}"#,
            r#"{"text":"{\"requests\":[],\"sessionId\":1}"}"#,
            "[1]",
            "",
        ] {
            assert_eq!(looks(other), None, "{other}");
        }
    }
}
