//! An event as read from an editor's file, ready to be sent.
//!
//! Owns its JSON form. Never invents an identity: `event_id` is derived from the file, so that a second reading gives the
//! same one.

use crate::ids;
use chasm_protocol::{Limits, Timestamp, json, parse_event};
use serde::Serialize;
use serde_json::{Map, Value};

/// Deepest nesting that `data` may have: the recorder allows 64 with the event around it, so two are kept back.
const DATA_DEPTH: usize = 62;

/// The type of an event that no known type fits.
const ODD: &str = "editor.odd";

/// One event. No `seq`: the file is merged with what other sources say of the same session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDraft {
    pub session_id: String,
    pub event_type: String,
    pub event_id: String,
    pub timestamp: Timestamp,
    pub data: Map<String, Value>,
}

impl EventDraft {
    /// The event as JSON, however deep it is nested.
    pub fn to_json_as_it_is(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The event as the protocol has it. What is nested too deep for it stands as a JSON string in its place.
    pub fn to_json(&self) -> String {
        let text = self.to_json_as_it_is();
        if json::depth(&text) <= DATA_DEPTH {
            return text;
        }
        let mut flat = self.clone();
        flat.data.values_mut().for_each(|value| fold_deep(value, DATA_DEPTH - 1));
        serde_json::to_string(&flat).unwrap_or_default()
    }

    /// The event in a form that the recorder takes in any case. Where its fields are of no shape that the protocol knows, all of
    /// it stands under a type of its own: a reader that met something unheard of loses nothing by it.
    pub fn to_accepted_json(&self) -> String {
        let text = self.to_json();
        if parse_event(&text, &Limits::default()).is_ok() {
            return text;
        }
        let said = [
            ("event_type".to_owned(), Value::String(self.event_type.clone())),
            ("event_id".to_owned(), Value::String(self.event_id.clone())),
            ("data".to_owned(), Value::Object(self.data.clone())),
        ];
        let odd = Self {
            session_id: ids::session_id("editor", &self.session_id),
            event_type: ODD.to_owned(),
            event_id: ids::versioned("odd", &Map::from_iter(said.clone())),
            timestamp: self.timestamp,
            data: Map::from_iter(said),
        };
        odd.to_json()
    }
}

/// Replaces each array or object that stands below `room` levels by its JSON text.
fn fold_deep(value: &mut Value, room: usize) {
    if room == 0 && (value.is_array() || value.is_object()) {
        *value = Value::String(value.to_string());
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fold_deep(item, room - 1)),
        Value::Object(fields) => fields.values_mut().for_each(|item| fold_deep(item, room - 1)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_becomes_text() {
        let deep: Value = serde_json::from_str(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).unwrap();
        let draft = EventDraft {
            session_id: "s".into(),
            event_type: "x".into(),
            event_id: "e".into(),
            timestamp: Timestamp::from_micros(0),
            data: [("deep".to_owned(), deep)].into_iter().collect(),
        };
        let json = draft.to_json();
        assert!(json.contains("\"[[["), "{json}");
        assert!(parse_event(&json, &Limits::default()).is_ok());
    }

    #[test]
    fn what_the_protocol_does_not_know_is_kept_whole() {
        let odd = |session: &str, kind: &str, data: Value| {
            let draft = EventDraft {
                session_id: session.into(),
                event_type: kind.into(),
                event_id: "e".into(),
                timestamp: Timestamp::from_micros(0),
                data: data.as_object().cloned().unwrap(),
            };
            let json = draft.to_accepted_json();
            let parsed = parse_event(&json, &Limits::default()).unwrap();
            (parsed.event.event_type.to_string(), json)
        };
        let good = odd("s", "message", serde_json::json!({"role": "user", "content": "hi"}));
        assert_eq!(good.0, "message");
        let (kind, json) =
            odd("s", "message", serde_json::json!({"role": "user", "content": null, "kept": "words"}));
        assert!(kind == ODD && json.contains("words"), "{json}");
        assert_eq!(odd(&"x".repeat(999), "No Type!", serde_json::json!({})).0, ODD);
    }
}
