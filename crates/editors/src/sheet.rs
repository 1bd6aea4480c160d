//! The events of one session while they are written.
//!
//! Owns ids, times and counts. Never knows a format. Invariant: an id is given once; a thing that is said again in another
//! version keeps the time at which it was first said.

use crate::editor::Each;
use crate::ids::{self, hash};
use crate::jsonl::Out;
use crate::jsonl::salvage::Loss;
use crate::times::Times;
use crate::{EventDraft, ReadReport, jsonl};
use chasm_protocol::{Timestamp, limits};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet, VecDeque};

/// Longest title made from a prompt, in characters.
const TITLE_CHARS: usize = 80;

/// Whose session it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Editing {
    /// `provider` of the session.
    pub id: &'static str,
    /// `editor` of the session.
    pub name: &'static str,
    /// What event types and raw values of this editor stand under.
    pub format: &'static str,
}

pub(crate) struct Sheet {
    pub session_id: String,
    pub editing: Editing,
    times: Times,
    /// Hashes of the ids that were given.
    given: HashSet<u64>,
    /// Hashes of the messages, calls and results that were counted.
    counted: HashSet<u64>,
    /// When a thing was first said, by the hash of its name.
    slots: HashMap<u64, Timestamp>,
    titled: bool,
    model: Option<String>,
}

impl Sheet {
    pub fn new(session_id: String, editing: Editing, first_at: Timestamp) -> Self {
        Self {
            session_id,
            editing,
            times: Times::new(first_at),
            given: HashSet::new(),
            counted: HashSet::new(),
            slots: HashMap::new(),
            titled: false,
            model: None,
        }
    }

    /// The latest time that was given.
    pub fn latest(&self) -> Timestamp {
        self.times.latest
    }

    /// The `session_start`. `about` is the raw rest of what the file says of its session.
    pub fn start(&mut self, workspace: Option<String>, about: Value, at: Timestamp, out: &mut Out<'_>) {
        self.start_titled(None, workspace, about, at, out);
    }

    /// The same of a session whose title is known.
    pub fn start_titled(
        &mut self,
        title: Option<String>,
        workspace: Option<String>,
        about: Value,
        at: Timestamp,
        out: &mut Out<'_>,
    ) {
        let Editing { id, name, format } = self.editing;
        let mut data = fields(json!({ "provider": id, "editor": name, "metadata": { format: about } }));
        data.extend(title.map(|title| ("title".to_owned(), json!(title))));
        data.extend(workspace.map(|path| ("workspace".to_owned(), json!(path))));
        out.report.sessions.push(self.session_id.clone());
        // `!` sorts before every other id: the start precedes the first event, at its own time.
        let id = format!("!start-{:016x}", hash(&json!(data).to_string()));
        self.push("session_start", "", id, at, data, out);
    }

    /// An event of a thing that does not change any more. A name that was given already gets a number.
    pub fn put(
        &mut self,
        kind: &str,
        name: &str,
        at: Option<Timestamp>,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) {
        let timestamp = self.times.stamp(at);
        let mut id = name.to_owned();
        let mut nth = 0;
        while !self.given.insert(hash(&id)) {
            nth += 1;
            id = format!("{name}~{nth}");
        }
        self.push(kind, &id.clone(), id, timestamp, data, out);
    }

    /// An event of a thing that may be said again, in other words. False where it was said in these words already.
    pub fn keep(
        &mut self,
        kind: &str,
        name: &str,
        at: Option<Timestamp>,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) -> bool {
        let id = ids::versioned(name, &data);
        if !self.given.insert(hash(&id)) {
            return false;
        }
        let slot = hash(&format!("{kind}\u{0}{name}"));
        let timestamp = match self.slots.get(&slot) {
            Some(first) => *first,
            None => self.times.stamp(at),
        };
        self.slots.insert(slot, timestamp);
        self.push(kind, name, id, timestamp, data, out);
        true
    }

    /// An event of a thing that may be said again, at this time exactly: what stands beside the talk itself.
    pub fn fix(
        &mut self,
        kind: &str,
        name: &str,
        at: Timestamp,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) {
        let id = ids::versioned(name, &data);
        if self.given.insert(hash(&id)) {
            self.push(kind, name, id, at, data, out);
        }
    }

    /// The title that a session has until it gets a better one: its first prompt.
    pub fn first_title(&mut self, prompt: &str, at: Option<Timestamp>, out: &mut Out<'_>) {
        if !self.titled
            && let Some(title) = first_line(prompt)
        {
            self.titled = true;
            let at = at.unwrap_or(self.times.latest);
            self.fix("session_update", "first-title", at, fields(json!({ "title": title })), out);
        }
    }

    /// Says which model speaks, where that is another one than before.
    pub fn model(&mut self, model: &str, at: Option<Timestamp>, out: &mut Out<'_>) {
        if self.is_new_model(model) {
            let name = format!("model-{:016x}", hash(model));
            let at = at.unwrap_or(self.times.latest);
            self.fix("session_update", &name, at, fields(json!({ "model": model })), out);
        }
    }

    pub fn is_new_model(&mut self, model: &str) -> bool {
        let is_new = !model.is_empty() && self.model.as_deref() != Some(model);
        if is_new {
            self.model = Some(model.to_owned());
        }
        is_new
    }

    /// Texts that could not be read, or not fully, kept as they stand.
    pub fn damaged(&mut self, losses: &[Loss], out: &mut Out<'_>) {
        let kind = format!("{}.damaged", self.editing.format);
        for loss in losses.iter().filter(|loss| !loss.text.is_empty()) {
            let (name, data) = jsonl::damaged(loss);
            self.put(&kind, &format!("{name}:damaged"), None, data, out);
        }
    }

    /// `thing` names what the event is a version of.
    fn push(
        &mut self,
        kind: &str,
        thing: &str,
        event_id: String,
        timestamp: Timestamp,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) {
        self.count(kind, thing, &data, out.report);
        out.push(EventDraft {
            session_id: self.session_id.clone(),
            event_type: kind.to_owned(),
            event_id,
            timestamp,
            data,
        });
    }

    fn count(&mut self, kind: &str, thing: &str, data: &Map<String, Value>, report: &mut ReadReport) {
        let counter = match kind {
            "message" => &mut report.messages,
            "tool_call" => &mut report.tool_calls,
            "tool_result" => &mut report.tool_results,
            _ => return,
        };
        let thing = text(data, "message_id").filter(|_| kind == "message").unwrap_or(thing);
        if self.counted.insert(hash(&format!("{kind}\u{0}{thing}"))) {
            *counter += 1;
            report.answers += u64::from(kind == "message" && text(data, "role") == Some("assistant"));
        }
    }
}

/// Reads a whole session and hands its events over: the frame of a reader whose files are read at once.
pub(crate) fn read_whole(
    each: Each<'_>,
    report: &mut ReadReport,
    read: impl FnOnce(&mut Out<'_>) -> Result<(), crate::ReadError>,
) -> Result<(), crate::ReadError> {
    let mut events = VecDeque::new();
    read(&mut Out { events: &mut events, report })?;
    for event in events {
        if each(event).is_break() {
            break;
        }
    }
    Ok(())
}

/// `<format>.<kind>`, in the protocol's alphabet.
pub(crate) fn side_type(format: &str, kind: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '_' };
    format!("{format}.{}", kind.chars().map(good).collect::<String>())
        .chars()
        .take(limits::EVENT_TYPE_BYTES)
        .collect()
}

/// The first line with anything on it, cut to the length of a title.
pub(crate) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    Some(if cut.len() < line.len() { format!("{}…", cut.trim_end()) } else { cut })
}

/// A message's content: one text alone as a string, else the parts.
pub(crate) fn content(mut parts: Vec<Value>) -> Value {
    if let [Value::Object(only)] = parts.as_slice()
        && only.len() == 2
        && only.get("type").is_some_and(|kind| kind == "text")
        && let Some(Value::String(text)) = only.get("text")
    {
        return json!(text);
    }
    parts.iter_mut().for_each(|part| {
        if let Value::String(text) = part {
            *part = json!({ "type": "text", "text": text });
        }
    });
    Value::Array(parts)
}

/// The parts of a message's content, whatever its form.
pub(crate) fn parts(content: Value) -> Vec<Value> {
    match content {
        Value::Array(parts) => parts,
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        other => vec![other],
    }
}

/// The fields of an object; another value stands under `value`.
pub(crate) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// What is left of an object without these fields; `None` where that is nothing.
pub(crate) fn without(object: &Map<String, Value>, known: &[&str]) -> Option<Value> {
    let rest = object.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    let rest: Map<String, Value> = rest.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!rest.is_empty()).then_some(Value::Object(rest))
}

/// A text that is not empty.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDITING: Editing = Editing { id: "x-y", name: "X", format: "x" };

    fn written(write: impl FnOnce(&mut Sheet, &mut Out<'_>)) -> (Vec<EventDraft>, ReadReport) {
        let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
        let mut sheet = Sheet::new("s".into(), EDITING, Timestamp::from_micros(5));
        write(&mut sheet, &mut Out { events: &mut events, report: &mut report });
        (events.into(), report)
    }

    #[test]
    fn a_thing_said_again_keeps_its_time_and_is_counted_once() {
        let message = |text: &str| fields(json!({"role": "assistant", "content": text, "message_id": "m"}));
        let (events, report) = written(|sheet, out| {
            let at = Some(Timestamp::from_micros(9));
            assert!(sheet.keep("message", "m", at, message("a"), out));
            assert!(sheet.keep("message", "n", at, fields(json!({"message_id": "n"})), out));
            assert!(sheet.keep("message", "m", Some(Timestamp::from_micros(50)), message("ab"), out));
            assert!(!sheet.keep("message", "m", at, message("a"), out));
        });
        let at: Vec<i64> = events.iter().map(|e| e.timestamp.as_micros()).collect();
        assert_eq!(at, [9, 10, 9]);
        assert!(events[2].event_id > events[0].event_id);
        assert_eq!((report.messages, report.answers, report.events), (2, 1, 3));
    }

    #[test]
    fn ids_are_given_once_and_titles_and_models_said_once() {
        let (events, _) = written(|sheet, out| {
            sheet.start(Some("/w".into()), json!({"a": 1}), Timestamp::from_micros(5), out);
            sheet.put("x.y", "k", None, Map::new(), out);
            sheet.put("x.y", "k", None, Map::new(), out);
            ["", "\n one \ntwo", "three"].iter().for_each(|text| sheet.first_title(text, None, out));
            ["a", "a", "b"].iter().for_each(|model| sheet.model(model, None, out));
        });
        assert_eq!(events[0].data["metadata"]["x"]["a"], 1);
        assert_eq!((events[1].event_id.as_str(), events[2].event_id.as_str()), ("k", "k~1"));
        assert_eq!(events[3].data["title"], "one");
        assert_eq!(events.len(), 6);
    }

    #[test]
    fn content_of_one_text_is_plain() {
        assert_eq!(content(vec![json!({"type": "text", "text": "a"})]), json!("a"));
        assert_eq!(content(vec![json!("a"), json!(1)]), json!([{"type": "text", "text": "a"}, 1]));
        assert_eq!(side_type("x", "A b-c"), "x.a_b_c");
        assert_eq!(first_line(&"ä".repeat(100)).map(|t| t.chars().count()), Some(81));
    }
}
