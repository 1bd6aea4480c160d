//! How a session stands at the end of its files: the `session_end` that an import gives it, or that it waits for an answer.
//!
//! Owns no reader: it looks at the events that pass by. Never keeps texts: 8 bytes a message and a call. Invariant: the same
//! events give the same `session_end`.

use crate::{EventDraft, ids};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What passed by of the sessions of one file.
#[derive(Debug, Default)]
pub struct Endings(BTreeMap<String, Ending>);

#[derive(Debug, Default)]
struct Ending {
    latest: Option<Timestamp>,
    last_id: String,
    messages: HashSet<u64>,
    open_calls: HashSet<u64>,
    waits: bool,
}

impl Endings {
    /// Looks at an event on its way.
    pub fn note(&mut self, event: &EventDraft) {
        if !self.0.contains_key(&event.session_id) {
            self.0.insert(event.session_id.clone(), Ending::default());
        }
        if let Some(ending) = self.0.get_mut(&event.session_id) {
            ending.note(event);
        }
    }

    pub fn sessions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether the last thing in this session is a question without an answer, an unfinished answer, or a tool that has not answered.
    pub fn is_unfinished(&self, session_id: &str) -> bool {
        self.0.get(session_id).is_some_and(|ending| ending.waits || !ending.open_calls.is_empty())
    }

    /// The `session_end` of each session, at the time of its last event.
    pub fn drafts(&self, reason: &str) -> impl Iterator<Item = EventDraft> {
        self.0.iter().map(move |(session_id, ending)| ending.draft(session_id, reason))
    }
}

/// For sets of this process: nothing of it is kept.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Ending {
    fn note(&mut self, event: &EventDraft) {
        let text = |key: &str| event.data.get(key).and_then(Value::as_str);
        if self.latest.is_none_or(|latest| latest <= event.timestamp) {
            self.latest = Some(event.timestamp);
            self.last_id.clone_from(&event.event_id);
        }
        match event.event_type.as_str() {
            "message" => {
                self.messages.insert(hash(text("message_id").unwrap_or(&event.event_id)));
                let partial = event.data.get("partial").and_then(Value::as_bool).unwrap_or(false);
                match text("role") {
                    Some("user") => self.waits = true,
                    Some("assistant") => self.waits = partial,
                    _ => {}
                }
            }
            "tool_call" => {
                self.waits = false;
                self.open_calls.extend(text("call_id").map(hash));
            }
            "tool_result" => {
                text("call_id").map(|id| self.open_calls.remove(&hash(id)));
            }
            _ => {}
        }
    }

    fn draft(&self, session_id: &str, reason: &str) -> EventDraft {
        let mut data = Map::new();
        data.insert("reason".into(), json!(reason));
        data.insert("message_count".into(), json!(self.messages.len()));
        // `~` sorts behind every other id: the end follows the last event, at its own time.
        let name = format!("~end-{:016x}", ids::hash(&self.last_id));
        EventDraft {
            session_id: session_id.to_owned(),
            event_type: "session_end".into(),
            event_id: ids::versioned(&name, &data),
            timestamp: self.latest.unwrap_or_default(),
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, at: i64, data: Value) -> EventDraft {
        EventDraft {
            session_id: "s".into(),
            event_type: kind.into(),
            event_id: format!("e{at}"),
            timestamp: Timestamp::from_micros(at),
            data: data.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_session_waits_for_answers_and_tools() {
        let mut endings = Endings::default();
        let mut say = |kind: &str, at: i64, data: Value| {
            endings.note(&event(kind, at, data));
            endings.is_unfinished("s")
        };
        assert!(say("message", 1, json!({"role":"user","message_id":"m1"})));
        assert!(say("message", 2, json!({"role":"assistant","message_id":"m2","partial":true})));
        assert!(!say("message", 3, json!({"role":"assistant","message_id":"m2"})));
        assert!(say("tool_call", 4, json!({"call_id":"c","name":"x"})));
        assert!(!say("tool_result", 5, json!({"call_id":"c"})));
        assert!(!say("message", 6, json!({"role":"system"})));
        let end: Vec<_> = endings.drafts("imported").collect();
        assert_eq!(end.len(), 1);
        assert_eq!((end[0].timestamp, &end[0].data["message_count"]), (Timestamp::from_micros(6), &json!(3)));
        assert!(end[0].event_id.starts_with("~end-"));
        assert_eq!(end, endings.drafts("imported").collect::<Vec<_>>());
        assert!(!endings.is_unfinished("other"));
    }
}
