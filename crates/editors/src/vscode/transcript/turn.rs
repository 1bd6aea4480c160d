//! One turn of a transcript: a prompt, what the model said to it, the tools that it called.
//!
//! Owns the shape of the request that it becomes. Invariant: texts stand in the request's parts and results, and what else
//! the lines say under its `transcript`.

use super::time;
use crate::ids::hash;
use crate::vscode::turns::Turn;
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub struct ToldTurn {
    /// The line of the prompt; a turn whose prompt is missing is named after its first line.
    pub id: String,
    /// When it was asked; of a line without a time, when the line before it was written.
    pub at: Timestamp,
    pub prompt: Option<String>,
    /// When the last line was written.
    until: Option<Timestamp>,
    response: Vec<Value>,
    rounds: Vec<Value>,
    results: Map<String, Value>,
    attachments: Vec<Value>,
    /// The lines without what stands elsewhere in the request.
    pub lines: Vec<Value>,
    /// The model has said its last word.
    ended: bool,
}

impl ToldTurn {
    pub fn asked(line: &Value, before: Timestamp) -> Self {
        let mut turn = Self::unasked(line, before);
        let mut line = line.clone();
        if let Some(data) = data(&mut line) {
            turn.prompt = data.remove("content").map(text);
            if let Some(Value::Array(attached)) = data.remove("attachments") {
                turn.attachments = attached;
            }
        }
        turn.lines.push(line);
        turn
    }

    /// A turn of which the prompt is not there, before this line of it.
    pub fn unasked(line: &Value, before: Timestamp) -> Self {
        let id = line.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        Self {
            id: id.unwrap_or_else(|| format!("told-{:016x}", hash(&line.to_string()))),
            at: time(line).unwrap_or(before),
            prompt: None,
            until: None,
            response: Vec::new(),
            rounds: Vec::new(),
            results: Map::new(),
            attachments: Vec::new(),
            lines: Vec::new(),
            ended: false,
        }
    }

    /// Adds a line that is not the prompt's.
    pub fn add(&mut self, mut line: Value) {
        self.until = time(&line).or(self.until);
        let kind = line.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = match (kind.as_str(), data(&mut line)) {
            ("assistant.message", Some(data)) => self.said(data),
            ("tool.execution_start", Some(data)) => self.begun(data),
            ("tool.execution_complete", Some(data)) => self.done(data),
            ("assistant.turn_start" | "assistant.turn_end" | "session.start", _) => true,
            _ => false,
        };
        match known {
            true => self.lines.push(line),
            false => self.response.push(json!({ "kind": "transcript", "line": line })),
        }
    }

    fn said(&mut self, data: &mut Map<String, Value>) -> bool {
        if let Some(thought) = data.remove("reasoningText").map(text).filter(|text| !text.is_empty()) {
            self.response.push(json!({ "kind": "thinking", "value": thought }));
        }
        let said = data.remove("content").map(text).unwrap_or_default();
        if !said.is_empty() {
            self.response.push(json!({ "value": said }));
        }
        let mut calls = match data.remove("toolRequests") {
            Some(Value::Array(calls)) => calls,
            _ => Vec::new(),
        };
        self.ended = calls.is_empty();
        for call in &mut calls {
            let field = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (id, name) = (field("toolCallId"), field("name"));
            self.part(&id, &name);
            if let Some(call) = call.as_object_mut() {
                let id = call.remove("toolCallId");
                call.insert("id".into(), id.unwrap_or_default());
            }
        }
        self.rounds.push(json!({ "response": said, "toolCalls": calls }));
        true
    }

    /// The place of a call among the parts; made where the model's own request for it is missing.
    fn part(&mut self, id: &str, name: &str) -> Option<&mut Map<String, Value>> {
        let is_it = |part: &Value| part.get("toolCallId").and_then(Value::as_str) == Some(id);
        if !self.response.iter().any(is_it) {
            self.response.push(json!({
                "kind": "toolInvocationSerialized", "toolCallId": id, "toolId": name, "isComplete": false,
            }));
        }
        self.response.iter_mut().find(|part| is_it(part))?.as_object_mut()
    }

    fn begun(&mut self, data: &mut Map<String, Value>) -> bool {
        let field = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, name) = (field("toolCallId"), field("toolName"));
        let is_it = |call: &Value| call.get("id").and_then(Value::as_str) == Some(&id);
        let calls =
            |round: &Value| round.get("toolCalls").and_then(Value::as_array).cloned().unwrap_or_default();
        if id.is_empty() {
            return false;
        }
        self.ended = false;
        self.part(&id, &name);
        let arguments = data.remove("arguments").unwrap_or_default();
        if !self.rounds.iter().any(|round| calls(round).iter().any(is_it)) {
            let arguments = match arguments {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let call = json!({ "id": id, "name": name, "arguments": arguments });
            self.rounds.push(json!({ "response": "", "toolCalls": [call] }));
        }
        true
    }

    fn done(&mut self, data: &mut Map<String, Value>) -> bool {
        let Some(id) = data.get("toolCallId").and_then(Value::as_str).map(str::to_owned) else {
            return false;
        };
        let failed = data.get("success").and_then(Value::as_bool) == Some(false);
        let content = data.get_mut("result").and_then(Value::as_object_mut).and_then(|r| r.remove("content"));
        let content = content.or_else(|| data.get_mut("error").map(Value::take));
        if let Some(part) = self.part(&id, "") {
            part.insert("isComplete".into(), json!(true));
            if failed {
                part.insert("resultDetails".into(), json!({ "isError": true }));
            }
        }
        if let Some(content) = content {
            let items = match content {
                Value::Array(items) => items,
                other => vec![json!({ "value": text(other) })],
            };
            self.results.insert(id, json!({ "content": items }));
        }
        true
    }

    /// No more lines come. Of the `last` turn it may not be known whether the model was done.
    pub fn close(&mut self, last: bool) {
        self.ended = !self.response.is_empty() && (self.ended || !last);
    }

    pub fn answers(&self) -> bool {
        !self.response.is_empty()
    }

    /// The turn as it would be read from a session file, under this name.
    pub fn read(&self, id: &str, at: Timestamp) -> Option<Turn> {
        Turn::read(&self.request(id), id, at)
    }

    /// When its last line was written.
    pub fn until(&self) -> Timestamp {
        self.until.unwrap_or(self.at)
    }

    fn request(&self, id: &str) -> Value {
        let mut request = Map::new();
        let mut put = |key: &str, value: Value| request.insert(key.to_owned(), value);
        put("requestId", json!(id));
        put("timestamp", json!(self.at.as_millis()));
        put("message", json!({ "text": self.prompt.as_deref().unwrap_or_default(), "parts": [] }));
        put("variableData", json!({ "variables": self.attachments }));
        put("transcript", json!(self.lines));
        if self.answers() {
            let until = self.until.filter(|_| self.ended).map(Timestamp::as_millis);
            put("response", json!(self.response));
            put("modelState", json!({ "value": u8::from(self.ended), "completedAt": until }));
            let metadata = json!({ "toolCallRounds": self.rounds, "toolCallResults": self.results });
            put("result", json!({ "metadata": metadata }));
        }
        Value::Object(request)
    }
}

fn data(line: &mut Value) -> Option<&mut Map<String, Value>> {
    line.get_mut("data").and_then(Value::as_object_mut)
}

/// A text, or the JSON of what should have been one.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
