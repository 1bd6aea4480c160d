//! `history.jsonl`: every prompt that was typed, kept when the transcripts are deleted.
//!
//! Owns how Claude Code writes a line of it. Never reads it: see [`PromptList`].

use super::EDITING;
use crate::jsonl::Shape;
use crate::prompts_only::{Glance, PromptList};
use chasm_protocol::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub static HISTORY: PromptList = PromptList {
    editing: EDITING,
    shape: Shape {
        starts: &["{\"display\""],
        is_line: |value| value.get("display").is_some() && value.get("timestamp").is_some(),
        is_beginning: |value| value.get("display").is_some_and(Value::is_string),
    },
    session: "sessionId",
    text: "display",
    time: |value| Timestamp::from_millis(value.get("timestamp")?.as_i64()?).ok(),
    glance,
    titled: true,
    lacks: "the transcript is gone, and with it all answers: only what was typed is left",
};

#[derive(Deserialize)]
struct Prompt<'a> {
    #[serde(rename = "sessionId")]
    session_id: Option<&'a str>,
    project: Option<String>,
    display: Option<String>,
}

fn glance(line: &[u8]) -> Option<Glance> {
    let prompt: Prompt<'_> = serde_json::from_slice(line).ok()?;
    let title = prompt.display.filter(|text| !text.trim().is_empty());
    Some(Glance { session: prompt.session_id?.to_owned(), title, workspace: prompt.project })
}
