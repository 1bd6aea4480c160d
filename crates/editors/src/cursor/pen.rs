//! Writes the events of one session.
//!
//! Owns their times and ids. Invariant: times rise in the order of writing, however the times of what is written jump.

use super::Product;
use crate::ids::{self, hash};
use crate::times::Times;
use crate::{Each, EventDraft, ReadReport};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

pub struct Pen<'a> {
    session_id: String,
    times: Times,
    at: Timestamp,
    used: HashSet<u64>,
    pub report: &'a mut ReadReport,
    each: Each<'a>,
    /// The one who takes the events wants no more.
    pub ended: bool,
}

/// What a session begins with, besides what every one of Cursor's has.
#[derive(Debug, Default)]
pub struct Start {
    pub title: Option<String>,
    pub model: Option<String>,
    pub workspace: Option<String>,
    /// Under `metadata.cursor`.
    pub about: Map<String, Value>,
}

impl<'a> Pen<'a> {
    pub fn new(session_id: &str, first_at: Timestamp, report: &'a mut ReadReport, each: Each<'a>) -> Self {
        report.sessions.push(session_id.to_owned());
        Self {
            session_id: session_id.to_owned(),
            times: Times::new(first_at),
            at: first_at,
            used: HashSet::new(),
            report,
            each,
            ended: false,
        }
    }

    pub fn start(&mut self, product: Product, start: Start) {
        let mut data = Map::new();
        let mut put =
            |key: &str, value: Option<String>| data.extend(value.map(|v| (key.to_owned(), json!(v))));
        put("title", start.title);
        put("model", start.model);
        put("workspace", start.workspace);
        data.insert("provider".into(), json!(product.id));
        data.insert("editor".into(), json!(product.name));
        data.insert("metadata".into(), json!({ "cursor": start.about }));
        // `!` sorts before every other id: the start precedes the first event, at its own time
        let id = format!("!start-{:016x}", hash(&Value::Object(data.clone()).to_string()));
        self.give("session_start", id, self.at, data);
    }

    /// An event of a thing that may be rewritten.
    pub fn push(&mut self, event_type: &str, name: &str, at: Option<Timestamp>, data: Map<String, Value>) {
        let id = ids::versioned(name, &data);
        self.push_once(event_type, id, at, data);
    }

    /// An event whose id stays whatever it says.
    pub fn push_once(
        &mut self,
        event_type: &str,
        id: String,
        at: Option<Timestamp>,
        data: Map<String, Value>,
    ) {
        // what Cursor notes of an earlier time further down stands there, and so comes after what is above it
        self.at = at.map_or(self.at, |at| at.max(self.at));
        let stamp = self.times.stamp(Some(self.at));
        self.give(event_type, id, stamp, data);
    }

    fn give(&mut self, event_type: &str, event_id: String, timestamp: Timestamp, data: Map<String, Value>) {
        if self.ended || !self.used.insert(hash(&event_id)) {
            return;
        }
        self.report.events += 1;
        let event = EventDraft {
            session_id: self.session_id.clone(),
            event_type: event_type.to_owned(),
            event_id,
            timestamp,
            data,
        };
        self.ended = (self.each)(event).is_break();
    }
}
