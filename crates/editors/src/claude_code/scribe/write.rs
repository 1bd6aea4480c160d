//! The events of one line.
//!
//! Owns the mapping of line types and blocks. The first event of a line carries the rest of the line (`claude_code`), so
//! that nothing of it is lost; big things (arguments and outputs of tools) stand once.

use crate::EventDraft;
use crate::claude_code::entry::{Blocks, Entry, block_type};
use crate::claude_code::track::{TitleRank, Track};
use crate::claude_code::{head, prompt};
use crate::jsonl::Out;
use crate::sheet::fields;
use chasm_protocol::{Timestamp, limits};
use serde_json::{Map, Value, json};

/// Writes the events of one line into `out`.
pub struct Pen<'a, 'o> {
    pub track: &'a mut Track,
    /// Names the line; the ids of its events begin with it.
    pub key: String,
    pub at: Option<Timestamp>,
    pub out: &'a mut Out<'o>,
}

impl Pen<'_, '_> {
    /// `waits`: the line is a summary whose message has not come.
    pub fn entry(&mut self, entry: &Entry, waits: bool) {
        let written = match entry.kind() {
            "user" => self.user(entry),
            "assistant" => self.assistant(entry),
            "summary" if entry.text("leafUuid").is_some() && !waits => {
                self.title(entry, "summary", TitleRank::Summary)
            }
            "ai-title" => self.title(entry, "aiTitle", TitleRank::Generated),
            "custom-title" => self.title(entry, "customTitle", TitleRank::Custom),
            _ => false,
        };
        if !written {
            self.side(entry);
        }
    }

    /// The title of a summary whose message has come now.
    pub fn late_title(&mut self, title: &str) {
        if self.track.title <= TitleRank::Summary {
            self.track.title = TitleRank::Summary;
            self.push("session_update", "title", fields(json!({ "title": title })));
        }
    }

    /// The line byte for byte, where reading it had to change something.
    pub fn verbatim(&mut self, text: &str) {
        self.push("claude_code.verbatim", "raw", fields(json!({ "text": text })));
    }

    pub fn push(&mut self, event_type: &str, what: &str, data: Map<String, Value>) {
        let timestamp = self.track.times.stamp(self.at);
        self.out.push(EventDraft {
            session_id: self.track.session_id.clone(),
            event_type: event_type.to_owned(),
            event_id: format!("{}:{what}", self.key),
            timestamp,
            data,
        });
    }

    fn user(&mut self, entry: &Entry) -> bool {
        let mut envelope = Some(entry.envelope());
        let (content, results): (Value, &[Value]) = match entry.blocks() {
            None => return self.odd(),
            Some(Blocks::Text(text)) => (json!(text), &[]),
            Some(Blocks::Parts(parts)) => {
                let said: Vec<&Value> =
                    parts.iter().filter(|p| block_type(p) != Some("tool_result")).collect();
                if said.is_empty() {
                    self.out.report.count("results");
                }
                (Value::Array(said.into_iter().cloned().collect()), parts)
            }
        };
        let results = results.iter().enumerate().filter(|(_, p)| block_type(p) == Some("tool_result"));
        for (nth, block) in results {
            self.tool_result(entry, nth, block, envelope.take());
        }
        if content.as_array().is_none_or(|parts| !parts.is_empty()) {
            self.prompt(entry, content, envelope.take());
        }
        true
    }

    /// What stands in a `user` line besides results: a prompt, or what the program says in the user's name.
    fn prompt(&mut self, entry: &Entry, content: Value, envelope: Option<Value>) {
        let mut data = Map::new();
        let stripped = strip(&content);
        let typed = prompt::is_typed(entry) && stripped.as_ref().is_none_or(|rest| !is_blank(rest));
        let mut about = Map::new();
        match stripped.filter(|_| typed) {
            Some(shown) => {
                data.insert("content".into(), shown);
                about.insert("claude_code_content".into(), content);
            }
            None => drop(data.insert("content".into(), content)),
        }
        if typed && self.track.title == TitleRank::None {
            self.first_title(entry);
        }
        data.insert("role".into(), json!(if typed { "user" } else { "system" }));
        data.insert("message_id".into(), json!(self.key));
        about.extend(envelope.map(|rest| ("claude_code".to_owned(), rest)));
        data.insert("metadata".into(), Value::Object(about));
        self.message(entry, data);
    }

    /// The title that the beginning of the file did not give, because it was read before the prompt was written.
    fn first_title(&mut self, entry: &Entry) {
        if let Some(title) = prompt::title(entry) {
            self.track.title = TitleRank::FirstPrompt;
            self.push("session_update", "first-title", fields(json!({ "title": title })));
        }
    }

    fn tool_result(&mut self, entry: &Entry, nth: usize, block: &Value, envelope: Option<Value>) {
        let about = entry.fields.get("toolUseResult");
        let mut data = Map::new();
        let mut put = |key: &str, value: Option<Value>| data.extend(value.map(|v| (key.to_owned(), v)));
        put("call_id", block.get("tool_use_id").filter(|id| id.is_string()).cloned());
        put("output", block.get("content").cloned());
        let said = block.get("is_error").or_else(|| about?.get("is_error"));
        put("is_error", said.filter(|e| e.is_boolean()).cloned());
        put("duration_ms", about.and_then(|a| a.get("durationMs")).filter(|d| d.is_number()).cloned());
        put("block", extra(block, &["type", "tool_use_id", "content", "is_error"]));
        put("claude_code", envelope);
        self.out.report.tool_results += 1;
        self.push("tool_result", &format!("result{nth}"), data);
    }

    fn assistant(&mut self, entry: &Entry) -> bool {
        let one;
        let parts = match entry.blocks() {
            None => return self.odd(),
            Some(Blocks::Text(text)) => {
                one = [json!({ "type": "text", "text": text })];
                &one[..]
            }
            Some(Blocks::Parts(parts)) => parts,
        };
        let mut envelope = Some(entry.envelope());
        let mut message_id = entry.message("id").unwrap_or(&self.key).to_owned();
        let shown: Vec<Value> = parts.iter().filter(|p| block_type(p) != Some("tool_use")).cloned().collect();
        if shown.is_empty() {
            self.out.report.count("calls");
        } else {
            let grown = self.track.open.add(&message_id, shown, &self.key);
            message_id = grown.message_id;
            let mut data = Map::new();
            data.insert("role".into(), json!("assistant"));
            data.insert("content".into(), Value::Array(grown.parts));
            data.insert("message_id".into(), json!(message_id));
            data.extend(head::model(entry).map(|model| ("model".to_owned(), json!(model))));
            data.insert("metadata".into(), named("claude_code", envelope.take().unwrap_or_default()).into());
            if grown.merged {
                self.out.report.count("merged");
                self.push_message(entry, data);
            } else {
                self.message(entry, data);
            }
        }
        for (nth, block) in parts.iter().enumerate().filter(|(_, p)| block_type(p) == Some("tool_use")) {
            self.tool_call(nth, block, &message_id, envelope.take());
        }
        true
    }

    fn tool_call(&mut self, nth: usize, block: &Value, message_id: &str, envelope: Option<Value>) {
        let mut data = Map::new();
        let name = block.get("name").and_then(Value::as_str).unwrap_or_default();
        data.insert("name".into(), json!(name));
        data.insert("message_id".into(), json!(message_id));
        let mut put = |key: &str, value: Option<Value>| data.extend(value.map(|v| (key.to_owned(), v)));
        put("call_id", block.get("id").filter(|id| id.is_string()).cloned());
        put("arguments", block.get("input").cloned());
        put("block", extra(block, &["type", "id", "name", "input"]));
        put("claude_code", envelope);
        self.out.report.tool_calls += 1;
        self.push("tool_call", &format!("call{nth}"), data);
    }

    /// A message that no earlier line began.
    fn message(&mut self, entry: &Entry, data: Map<String, Value>) {
        self.out.report.messages += 1;
        self.out.report.answers += u64::from(entry.kind() == "assistant");
        self.push_message(entry, data);
    }

    fn push_message(&mut self, entry: &Entry, mut data: Map<String, Value>) {
        if entry.cut {
            data.insert("partial".into(), json!(true));
        }
        self.push("message", "message", data);
    }

    /// A title, unless a better one came before.
    fn title(&mut self, entry: &Entry, field: &str, rank: TitleRank) -> bool {
        let Some(title) = entry.text(field).filter(|_| rank >= self.track.title) else { return false };
        self.track.title = rank;
        let data = json!({ "title": title, "claude_code": entry.fields });
        self.push("session_update", "title", fields(data));
        true
    }

    /// A line that is no message: an event of a type of its own, with the whole line.
    fn side(&mut self, entry: &Entry) {
        let event_type = side_type(entry.kind());
        self.push(&event_type, "line", named("line", Value::Object(entry.fields.clone())));
    }

    fn odd(&mut self) -> bool {
        self.out.report.count("odd");
        false
    }
}

/// One field. `json!` would make every value in it anew.
fn named(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

/// `claude_code.<type>`, in the protocol's alphabet.
fn side_type(kind: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '_' };
    format!("claude_code.{}", kind.chars().map(good).collect::<String>())
        .chars()
        .take(limits::EVENT_TYPE_BYTES)
        .collect()
}

/// The fields of a block that no field of the event holds.
fn extra(block: &Value, known: &[&str]) -> Option<Value> {
    let rest: Map<String, Value> =
        block.as_object()?.iter().filter(|(k, _)| !known.contains(&k.as_str())).map(own).collect();
    (!rest.is_empty()).then_some(Value::Object(rest))
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// The content without the program's elements; `None` where there are none.
fn strip(content: &Value) -> Option<Value> {
    let Value::Array(parts) = content else { return prompt::strip(content.as_str()?).map(Value::String) };
    let mut changed = false;
    let mut shown = Vec::new();
    for part in parts {
        let stripped = part.as_str().or_else(|| part.get("text")?.as_str()).and_then(prompt::strip);
        changed |= stripped.is_some();
        match stripped {
            None => shown.push(part.clone()),
            Some(rest) if rest.is_empty() => {}
            Some(rest) if part.is_string() => shown.push(Value::String(rest)),
            Some(rest) => {
                let mut part = part.clone();
                if let Some(text) = part.get_mut("text") {
                    *text = Value::String(rest);
                }
                shown.push(part);
            }
        }
    }
    changed.then_some(Value::Array(shown))
}

fn is_blank(content: &Value) -> bool {
    match content {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(parts) => parts.is_empty(),
        _ => false,
    }
}
