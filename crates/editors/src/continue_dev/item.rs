//! The events of one item of a session's history.
//!
//! Owns the mapping of messages, calls and results. Invariant: all of an item is in its events; the first of them carries what
//! the others do not.

use crate::jsonl::Out;
use crate::sheet::{self, Sheet, content, fields, text, without};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub fn is_item(value: &Value) -> bool {
    value.get("message").is_some_and(|message| message.get("role").is_some_and(Value::is_string))
}

pub struct Item<'a> {
    value: &'a Value,
    /// Its message's own id, else its place.
    name: String,
    /// The end of the item is missing.
    cut: bool,
}

impl<'a> Item<'a> {
    /// `named`: how often each name was given before.
    pub fn new(value: &'a Value, nth: usize, cut: bool, named: &mut HashMap<String, u32>) -> Self {
        let id =
            value.get("message").and_then(|message| message.get("id")?.as_str()).filter(|id| !id.is_empty());
        let name = id.map_or_else(|| format!("i{nth}"), str::to_owned);
        let again = named.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
        let name = if *again == 0 { name } else { format!("{name}~{again}") };
        Self { value, name, cut }
    }

    /// `titled`: the session has a better title than its first prompt.
    pub fn write(&self, sheet: &mut Sheet, titled: bool, at: Timestamp, out: &mut Out<'_>) {
        let mut pen = Pen { sheet, name: &self.name, at, out };
        let item = self.value.as_object().filter(|_| is_item(self.value));
        let Some((item, message)) = item.and_then(|item| Some((item, item.get("message")?.as_object()?)))
        else {
            return pen.keep("continue.item", "item", fields(json!({ "item": self.value })));
        };
        let mut rest = item.clone();
        rest.insert("message".into(), without(message, &["content", "toolCalls"]).unwrap_or_default());
        let mut rest = without(&rest, &["toolCallStates", "toolCallState", "reasoning"]);
        let mut parts = parts(message);
        let role = text(message, "role").unwrap_or_default();
        match role {
            "tool" => return pen.result_of_message(message, rest),
            "thinking" => parts = vec![json!({ "type": "thinking", "thinking": joined(&parts) })],
            "assistant" => parts.splice(0..0, thought(item)).for_each(drop),
            _ => {}
        }
        let calls = Calls::of(item, message);
        let shown = parts.iter().any(|part| part.get("text").is_none_or(|text| text != ""));
        if shown || calls.0.is_empty() {
            if role == "user" && !titled {
                pen.sheet.first_title(&joined(&parts), Some(at), pen.out);
            }
            let data = self.message(role, parts, item, rest.take());
            pen.keep("message", "message", data);
        }
        for (call, state) in calls.0 {
            pen.call(call, state, rest.take());
        }
    }

    fn message(
        &self,
        role: &str,
        parts: Vec<Value>,
        item: &Map<String, Value>,
        rest: Option<Value>,
    ) -> Map<String, Value> {
        let role = match role {
            "user" => "user",
            "assistant" | "thinking" => "assistant",
            _ => "system",
        };
        let mut data = fields(json!({ "role": role, "content": content(parts), "message_id": self.name }));
        let log = item.get("promptLogs").and_then(Value::as_array).and_then(|logs| logs.last()?.as_object());
        let model = log.and_then(|log| text(log, "modelTitle")).filter(|_| role == "assistant");
        data.extend(model.map(|model| ("model".to_owned(), json!(model))));
        let thought = item.get("reasoning").and_then(Value::as_object).and_then(|r| without(r, &["text"]));
        data.insert("metadata".into(), json!({ "continue": rest, "continue_reasoning": thought }));
        if self.cut {
            data.insert("partial".into(), json!(true));
        }
        data
    }
}

fn parts(message: &Map<String, Value>) -> Vec<Value> {
    match message.get("content") {
        None | Some(Value::Null) => sheet::parts(json!("")),
        Some(content) => sheet::parts(content.clone()),
    }
}

fn thought(item: &Map<String, Value>) -> Option<Value> {
    let thought = text(item.get("reasoning")?.as_object()?, "text")?;
    Some(json!({ "type": "thinking", "thinking": thought }))
}

fn joined(parts: &[Value]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
    texts.join("\n")
}

/// The calls of an item, each with its state as far as there is one.
struct Calls<'a>(Vec<(&'a Value, Option<&'a Value>)>);

impl<'a> Calls<'a> {
    fn of(item: &'a Map<String, Value>, message: &'a Map<String, Value>) -> Self {
        let listed = item.get("toolCallStates").and_then(Value::as_array).into_iter().flatten();
        let mut states: Vec<&Value> =
            listed.chain(item.get("toolCallState")).filter(|s| s.is_object()).collect();
        let calls = message.get("toolCalls").and_then(Value::as_array).into_iter().flatten();
        let mut all: Vec<(&Value, Option<&Value>)> = Vec::new();
        for call in calls {
            let own = |state: &&Value| call.get("id").is_some() && state.get("toolCallId") == call.get("id");
            let place = states.iter().position(own);
            all.push((call, place.map(|place| states.remove(place))));
        }
        let no_call = &Value::Null;
        all.extend(states.into_iter().map(|state| (state.get("toolCall").unwrap_or(no_call), Some(state))));
        Self(all)
    }
}

struct Pen<'a, 'o> {
    sheet: &'a mut Sheet,
    name: &'a str,
    at: Timestamp,
    out: &'a mut Out<'o>,
}

impl Pen<'_, '_> {
    fn keep(&mut self, kind: &str, what: &str, data: Map<String, Value>) {
        self.sheet.keep(kind, &format!("{}:{what}", self.name), Some(self.at), data, self.out);
    }

    fn call(&mut self, call: &Value, state: Option<&Value>, rest: Option<Value>) {
        let said = |key: &str| state.and_then(|state| state.get(key)?.as_str());
        let id = call.get("id").and_then(Value::as_str).or_else(|| said("toolCallId"));
        let function = call.get("function").unwrap_or(&Value::Null);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let arguments = function.get("arguments").map(|given| {
            let inner = given.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
            inner.filter(Value::is_object).unwrap_or_else(|| given.clone())
        });
        let mut data = fields(json!({ "name": name, "message_id": self.name }));
        data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
        data.extend(arguments.map(|arguments| ("arguments".to_owned(), arguments)));
        let beside = call.as_object().and_then(|call| without(call, &["id", "function"]));
        data.extend(beside.map(|beside| ("call".to_owned(), beside)));
        let beside = function.as_object().and_then(|function| without(function, &["name", "arguments"]));
        data.extend(beside.map(|beside| ("function".to_owned(), beside)));
        data.extend(rest.map(|rest| ("continue".to_owned(), rest)));
        self.keep("tool_call", &format!("call-{}", id.unwrap_or(name)), data);
        if let Some(state) = state.and_then(Value::as_object) {
            self.state(id, name, call, state);
        }
    }

    /// What came of a call, or that it waits.
    fn state(&mut self, id: Option<&str>, name: &str, call: &Value, state: &Map<String, Value>) {
        let status = text(state, "status").unwrap_or_default();
        // the state has a copy of its call, which may be another version of it
        let copied = state.get("toolCall").is_none_or(|own| own == call);
        let rest = without(state, if copied { &["toolCall", "output"] } else { &["output"] });
        let mut data = fields(json!({ "name": name, "continue": rest }));
        data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
        let output = state.get("output").filter(|output| !output.is_null());
        let what = format!("result-{}", id.unwrap_or(name));
        if output.is_none() && !matches!(status, "done" | "errored" | "canceled") {
            return self.keep("continue.tool_call_state", &what, data);
        }
        data.extend(output.map(|output| ("output".to_owned(), plain(output))));
        let failed = matches!(status, "done" | "errored").then_some(status == "errored");
        data.extend(failed.map(|failed| ("is_error".to_owned(), json!(failed))));
        self.keep("tool_result", &what, data);
    }

    fn result_of_message(&mut self, message: &Map<String, Value>, rest: Option<Value>) {
        let mut data = fields(json!({ "output": message.get("content"), "continue": rest }));
        let id = text(message, "toolCallId");
        data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
        self.keep("tool_result", "result", data);
    }
}

/// The output of a tool as text, where it is one and nothing else.
fn plain(output: &Value) -> Value {
    let alone = || {
        let [only] = output.as_array()?.as_slice() else { return None };
        only.get("content").filter(|_| only.as_object().is_some_and(|only| only.len() == 1)).cloned()
    };
    alone().unwrap_or_else(|| output.clone())
}
