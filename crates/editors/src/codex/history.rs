//! `history.jsonl`: every prompt that was typed, kept when rollouts are deleted.
//!
//! Owns how Codex writes a line of it. Never reads it: see [`PromptList`].

use super::EDITING;
use crate::jsonl::Shape;
use crate::prompts_only::{Glance, PromptList};
use crate::sheet::first_line;
use chasm_protocol::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub static HISTORY: PromptList = PromptList {
    editing: EDITING,
    shape: Shape {
        starts: &["{\"session_id\"", "{\"text\"", "{\"ts\""],
        is_line: |value| value.get("session_id").is_some() && value.get("text").is_some(),
        is_beginning: |value| value.get("session_id").is_some_and(Value::is_string),
    },
    session: "session_id",
    text: "text",
    time: |value| Timestamp::from_millis(value.get("ts")?.as_i64()?.checked_mul(1000)?).ok(),
    glance,
    titled: false,
    lacks: "the rollout is gone, and with it all answers: only what was typed is left",
};

#[derive(Deserialize)]
struct Prompt {
    session_id: Option<String>,
    text: Option<String>,
}

fn glance(line: &[u8]) -> Option<Glance> {
    let prompt: Prompt = serde_json::from_slice(line).ok()?;
    let title = prompt.text.as_deref().and_then(first_line);
    Some(Glance { session: prompt.session_id?, title, workspace: None })
}
