//! What a version of a turn says that another one does not.
//!
//! Never compares how things are laid out: files of several ages put the same words in other places. Invariant: a version is
//! dropped only if each of its texts stands in the other one.

use super::turns::{SessionHead, Turn};
use super::write::write_turns;
use crate::jsonl::Out;
use crate::{EventDraft, ReadReport};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The data of the events that keep what `poorer` says and `richer` does not; `None` where there is nothing.
pub fn more(head: &SessionHead, poorer: &Turn, richer: &Turn) -> Option<Value> {
    let (poor, rich) = (events(head, poorer), events(head, richer));
    let known: String =
        rich.iter().flat_map(texts).map(|text| squeezed(&text)).collect::<Vec<_>>().join("\n");
    let says_more = |event: &&EventDraft| texts(event).iter().any(|text| !known.contains(&squeezed(text)));
    let said: Vec<Value> = poor
        .iter()
        .filter(says_more)
        .map(|e| json!({ "event_type": e.event_type, "data": e.data }))
        .collect();
    (!said.is_empty()).then_some(Value::Array(said))
}

fn events(head: &SessionHead, turn: &Turn) -> VecDeque<EventDraft> {
    let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
    write_turns(head, std::slice::from_ref(turn), &mut Out { events: &mut events, report: &mut report });
    events.retain(|event| !event.event_type.starts_with("session_"));
    events
}

/// What people would read of an event.
fn texts(event: &EventDraft) -> Vec<String> {
    let mut texts = Vec::new();
    for key in ["content", "output", "arguments"] {
        if let Some(value) = event.data.get(key) {
            gather(value, &mut texts);
        }
    }
    texts
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => {
            fields.iter().filter(|(key, _)| *key != "type").for_each(|(_, item)| gather(item, texts));
        }
        _ => {}
    }
}

/// A text without what differs from file to file: blanks.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
