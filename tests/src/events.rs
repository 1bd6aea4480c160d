//! Events for tests: what they say follows from session and number alone, so that what comes back can be held against it.

use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
pub const EPOCH_MS: u64 = 1_767_225_600_000;

/// Message `n` of a session (from 1): a second after the one before, with every field of identity and order.
pub fn message(session: &str, n: u64) -> Value {
    json!({
        "session_id": session,
        "event_type": "message",
        "event_id": format!("e{n}"),
        "seq": n,
        "timestamp": EPOCH_MS + n * 1_000,
        "data": {"role": role(n), "content": content(session, n), "message_id": format!("m{n}")},
    })
}

pub fn content(session: &str, n: u64) -> String {
    format!("message {n} of {session}: the quick brown fox — «日本語» 🦀")
}

pub fn role(n: u64) -> &'static str {
    if n % 2 == 1 { "user" } else { "assistant" }
}

pub fn start(session: &str, title: &str) -> Value {
    json!({"session_id": session, "event_type": "session_start", "event_id": "start", "timestamp": EPOCH_MS,
        "data": {"title": title, "provider": "test", "model": "m-1", "workspace": "/home/ada/fox", "editor": "vim"}})
}

pub fn end(session: &str, at_message: u64) -> Value {
    json!({"session_id": session, "event_type": "session_end", "event_id": "end",
        "timestamp": EPOCH_MS + at_message * 1_000 + 500, "data": {"reason": "done"}})
}

/// The event ids of the answers to «events» or of plain events, in order.
pub fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|e| e.get("event").unwrap_or(e)["event_id"].as_str().unwrap_or("?")).collect()
}
