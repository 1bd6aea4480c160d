//! The events of one message.
//!
//! Owns the mapping of messages, thoughts and calls. Invariant: all of a message is in its events; each of them has a name
//! made of the message's id, so that a later version of it is known as such.

use crate::ids::hash;
use crate::jsonl::Out;
use crate::sheet::{Sheet, content, fields, side_type, text, without};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};

/// Fields of a call that say what came of it.
const OF_A_RESULT: [&str; 3] = ["result", "status", "resultDisplay"];

pub struct Record<'a> {
    pub fields: &'a Map<String, Value>,
    /// The end of the message is missing.
    pub cut: bool,
}

pub fn timestamp(fields: &Map<String, Value>, key: &str) -> Option<Timestamp> {
    text(fields, key).and_then(|at| Timestamp::parse(at).ok())
}

impl Record<'_> {
    pub fn write(&self, sheet: &mut Sheet, out: &mut Out<'_>) {
        out.report.count("records");
        let before = out.report.events;
        let id = match text(self.fields, "id") {
            Some(id) => id.to_owned(),
            None => format!("h-{:016x}", hash(&json!(self.fields).to_string())),
        };
        let mut pen = Pen { sheet, id, at: timestamp(self.fields, "timestamp"), out };
        match text(self.fields, "type") {
            Some("user") => self.user(&mut pen),
            Some("gemini") => self.answer(&mut pen),
            Some("info" | "warning" | "error") => self.say(&mut pen, "system", self.parts(), &["content"]),
            kind => {
                let kind = side_type("gemini", kind.unwrap_or("untyped"));
                pen.keep(&kind, "record", json!({ "record": self.fields }));
            }
        }
        if pen.out.report.events == before {
            pen.out.report.copies += 1;
        }
    }

    fn user(&self, pen: &mut Pen<'_, '_>) {
        let parts = self.parts();
        let typed = parts.iter().find_map(|part| part.get("text")?.as_str()).map(str::to_owned);
        if let Some(typed) = typed {
            pen.sheet.first_title(&typed, pen.at, pen.out);
        }
        self.say(pen, "user", parts, &["content"]);
    }

    fn answer(&self, pen: &mut Pen<'_, '_>) {
        let listed = |key: &str| self.fields.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(model) = text(self.fields, "model") {
            pen.sheet.model(model, pen.at, pen.out);
        }
        let mut parts: Vec<Value> = listed("thoughts").into_iter().map(thought).collect();
        parts.extend(self.parts());
        let calls = listed("toolCalls");
        let shown = parts.iter().any(|part| part.get("text").is_none_or(|text| text != ""));
        let mut rest = None;
        match shown || calls.is_empty() {
            true => self.say(pen, "assistant", parts, &["content", "thoughts", "toolCalls"]),
            false => rest = without(self.fields, &["toolCalls", "thoughts"]),
        }
        for (nth, call) in calls.iter().enumerate() {
            match call.as_object() {
                Some(call) => pen.call(nth, call, rest.take()),
                None => pen.keep("gemini.call", &format!("call{nth}"), json!({ "call": call })),
            }
        }
    }

    fn say(&self, pen: &mut Pen<'_, '_>, role: &str, parts: Vec<Value>, known: &[&str]) {
        let mut data = fields(json!({ "role": role, "content": content(parts), "message_id": pen.id }));
        data.insert("metadata".into(), json!({ "gemini": without(self.fields, known) }));
        data.extend(text(self.fields, "model").map(|model| ("model".to_owned(), json!(model))));
        if self.cut {
            data.insert("partial".into(), json!(true));
        }
        pen.keep("message", "message", Value::Object(data));
    }

    /// The content as parts: it stands as a text, one part, or a list of both.
    fn parts(&self) -> Vec<Value> {
        match self.fields.get("content") {
            None | Some(Value::Null) => vec![json!({ "type": "text", "text": "" })],
            Some(Value::Array(parts)) => parts.iter().map(part).collect(),
            Some(one) => vec![part(one)],
        }
    }
}

struct Pen<'a, 'o> {
    sheet: &'a mut Sheet,
    id: String,
    at: Option<Timestamp>,
    out: &'a mut Out<'o>,
}

impl Pen<'_, '_> {
    fn keep(&mut self, kind: &str, what: &str, data: Value) {
        self.sheet.keep(kind, &format!("{}:{what}", self.id), self.at, fields(data), self.out);
    }

    fn call(&mut self, nth: usize, call: &Map<String, Value>, rest: Option<Value>) {
        let given = |key: &str| call.get(key).filter(|value| !value.is_null());
        let status = text(call, "status").unwrap_or_default();
        let ended = matches!(status, "success" | "error" | "cancelled");
        let has_result = ended || given("result").or_else(|| given("resultDisplay")).is_some();
        let id = text(call, "id");
        let name = id.map_or_else(|| nth.to_string(), |id| format!("{:016x}", hash(id)));
        let known: &[&str] = if has_result { &OF_A_RESULT } else { &[] };
        let known = [&["id", "name", "args"], known].concat();
        let mut data =
            fields(json!({ "name": text(call, "name").unwrap_or_default(), "message_id": self.id }));
        data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
        data.extend(given("args").map(|args| ("arguments".to_owned(), args.clone())));
        data.extend(without(call, &known).map(|rest| ("gemini".to_owned(), rest)));
        data.extend(rest.map(|rest| ("gemini_message".to_owned(), rest)));
        self.keep("tool_call", &format!("call-{name}"), Value::Object(data));
        if has_result {
            let mut data = fields(json!({ "name": text(call, "name").unwrap_or_default() }));
            data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
            data.extend(given("result").map(|result| ("output".to_owned(), output(result))));
            let failed = ended.then_some(status == "error").filter(|_| status != "cancelled");
            data.extend(failed.map(|failed| ("is_error".to_owned(), json!(failed))));
            let rest: Map<String, Value> = call
                .iter()
                .filter(|(key, _)| matches!(key.as_str(), "status" | "resultDisplay"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            data.insert("gemini".into(), Value::Object(rest));
            self.keep("tool_result", &format!("result-{name}"), Value::Object(data));
        }
    }
}

/// What a tool gave: the text alone, where there is nothing but one text.
fn output(result: &Value) -> Value {
    let alone = || {
        let [only] = result.as_array()?.as_slice() else { return None };
        let response = only.get("functionResponse")?.get("response")?.as_object()?;
        response.get("output").filter(|_| response.len() == 1).cloned()
    };
    alone().unwrap_or_else(|| result.clone())
}

fn part(part: &Value) -> Value {
    match part {
        Value::Object(known) if known.contains_key("text") && !known.contains_key("type") => {
            let mut known = known.clone();
            known.insert("type".into(), json!("text"));
            Value::Object(known)
        }
        Value::String(text) => json!({ "type": "text", "text": text }),
        other => other.clone(),
    }
}

/// A thought in the words that all editors' readers use, beside its own.
fn thought(thought: Value) -> Value {
    let Value::Object(mut known) = thought else { return json!({ "type": "thinking", "thinking": thought }) };
    let said: Vec<&str> = ["subject", "description"].iter().filter_map(|key| text(&known, key)).collect();
    let said = said.join("\n");
    known.insert("type".into(), json!("thinking"));
    known.insert("thinking".into(), json!(said));
    Value::Object(known)
}
