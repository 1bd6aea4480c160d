//! The events of one line.
//!
//! Owns the mapping of items and events. The first event of a line carries the rest of the line (`codex`), so that nothing of
//! it is lost; big things (arguments and outputs of tools) stand once. The texts that rollouts say twice stand in an event of
//! their own type the second time, marked with `repeats`.

use super::whole;
use crate::codex::item::Item;
use crate::codex::prompt::{self, Prompts};
use crate::codex::tools::{self, OF_A_CALL, OF_A_RESULT};
use crate::jsonl::Out;
use crate::sheet::{Sheet, content, fields, side_type, text};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};

/// Writes the events of one line into `out`.
pub struct Pen<'a, 'o> {
    pub sheet: &'a mut Sheet,
    pub prompts: &'a mut Prompts,
    /// Names the line; the ids of its events begin with it.
    pub key: String,
    pub at: Option<Timestamp>,
    pub out: &'a mut Out<'o>,
}

impl Pen<'_, '_> {
    pub fn item(&mut self, item: &Item) {
        let written = match item.kind() {
            "turn_context" => self.turn(item),
            "response_item" => self.response(item),
            "event_msg" => self.event(item),
            _ => false,
        };
        if !written {
            self.side(item, None);
        }
    }

    fn put(&mut self, kind: &str, what: &str, data: Value) {
        self.sheet.put(kind, &format!("{}:{what}", self.key), self.at, fields(data), self.out);
    }

    /// A line that is no message: an event of a type of its own, with the whole line.
    fn side(&mut self, item: &Item, repeats: Option<Value>) {
        let kind = match item.kind() {
            "response_item" => item.sort().to_owned(),
            "event_msg" if item.sort() == "turn_aborted" => "turn_aborted".to_owned(),
            "event_msg" => format!("event_msg.{}", item.sort()),
            kind => kind.to_owned(),
        };
        let mut data = fields(json!({ "line": whole(item) }));
        data.extend(repeats.map(|what| ("repeats".to_owned(), what)));
        self.put(&side_type("codex", &kind), "line", Value::Object(data));
    }

    fn turn(&mut self, item: &Item) -> bool {
        let Some(model) = text(item.payload(), "model") else { return false };
        let is_new = self.sheet.is_new_model(model);
        if is_new {
            self.put("session_update", "model", json!({ "model": model, "codex": whole(item) }));
        }
        is_new
    }

    fn response(&mut self, item: &Item) -> bool {
        let (sort, payload) = (item.sort(), item.payload());
        if let Some(call) = tools::call(sort, payload) {
            self.call(item, call);
            return true;
        }
        if let Some(outcome) = tools::outcome(sort, payload) {
            self.result(item, outcome);
            return true;
        }
        match sort {
            "message" => self.message(item),
            "reasoning" => self.reasoning(item),
            _ => false,
        }
    }

    fn message(&mut self, item: &Item) -> bool {
        let payload = item.payload();
        self.out.report.count("items");
        let parts = match payload.get("content").or_else(|| payload.get("message")) {
            Some(Value::String(text)) => vec![json!({ "type": "text", "text": text })],
            Some(Value::Array(parts)) => parts.iter().map(part).collect(),
            _ => {
                self.out.report.count("odd");
                return false;
            }
        };
        let rest = item.rest(&["content", "message"]);
        match text(payload, "role") {
            Some("user") => self.user(item, parts, rest),
            Some("assistant") => {
                self.say(item, "assistant", self.key.clone(), content(parts), json!({ "codex": rest }))
            }
            _ => self.say(item, "system", self.key.clone(), content(parts), json!({ "codex": rest })),
        }
        true
    }

    /// What stands in the user's name: a prompt, or what the program says of itself.
    fn user(&mut self, item: &Item, parts: Vec<Value>, rest: Value) {
        let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
        let said = texts.concat();
        if prompt::is_context(&said) && !self.prompts.is_known(&said) {
            return self.say(item, "system", self.key.clone(), content(parts), json!({ "codex": rest }));
        }
        let name = self.prompts.item(&said);
        self.prompt(item, name, content(parts), rest);
    }

    fn prompt(&mut self, item: &Item, name: String, said: Value, rest: Value) {
        let typed = said.as_str().and_then(prompt::request);
        let mut about = fields(json!({ "codex": rest }));
        let shown = match typed {
            Some(typed) if !typed.is_empty() => {
                let typed = json!(typed);
                about.insert("codex_content".into(), said);
                typed
            }
            _ => said,
        };
        let first = match &shown {
            Value::Array(parts) => parts.iter().find_map(|part| part.get("text")?.as_str()),
            shown => shown.as_str(),
        };
        if let Some(first) = first.map(str::to_owned) {
            self.sheet.first_title(&first, self.at, self.out);
        }
        self.say(item, "user", name, shown, Value::Object(about));
    }

    fn say(&mut self, item: &Item, role: &str, message_id: String, content: Value, metadata: Value) {
        let mut data =
            json!({ "role": role, "content": content, "message_id": message_id, "metadata": metadata });
        add(&mut data, "partial", item.cut.then_some(Value::Bool(true)));
        self.put("message", "message", data);
    }

    /// What the model thought, as far as it can be read; the rest is encrypted.
    fn reasoning(&mut self, item: &Item) -> bool {
        let listed =
            |key: &str| item.payload().get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let thoughts: Vec<Value> = [listed("summary"), listed("content")]
            .concat()
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .filter(|thought| !thought.is_empty())
            .map(|thought| json!({ "type": "thinking", "thinking": thought }))
            .collect();
        if thoughts.is_empty() {
            return false;
        }
        self.out.report.count("thoughts");
        let about = json!({ "codex": item.rest(&["summary", "content"]) });
        self.say(item, "assistant", self.key.clone(), Value::Array(thoughts), about);
        true
    }

    fn call(&mut self, item: &Item, call: tools::Call) {
        let mut data = json!({ "name": call.name, "codex": item.rest(&OF_A_CALL) });
        add(&mut data, "call_id", call.call_id.clone().map(Value::String));
        add(&mut data, "arguments", call.arguments);
        self.put("tool_call", "call", data);
        if let Some(output) = call.result {
            let mut data = json!({ "output": output });
            add(&mut data, "call_id", call.call_id.map(Value::String));
            self.put("tool_result", "result", data);
        }
    }

    fn result(&mut self, item: &Item, outcome: tools::Outcome) {
        let payload = item.payload();
        let mut data = json!({ "codex": item.rest(&OF_A_RESULT) });
        add(&mut data, "call_id", text(payload, "call_id").map(|id| json!(id)));
        add(&mut data, "name", text(payload, "name").map(|name| json!(name)));
        add(&mut data, "output", outcome.output);
        add(&mut data, "is_error", outcome.is_error.map(Value::Bool));
        add(&mut data, "duration_ms", outcome.duration_ms.map(|ms| json!(ms)));
        add(&mut data, "beside_output", outcome.beside);
        self.put("tool_result", "result", data);
    }

    /// What the program told its window: mostly what items say too.
    fn event(&mut self, item: &Item) -> bool {
        match item.sort() {
            "user_message" => self.typed(item),
            "thread_name_updated" => {
                let Some(title) = text(item.payload(), "thread_name") else { return false };
                self.put("session_update", "title", json!({ "title": title, "codex": whole(item) }));
                true
            }
            "agent_message" | "agent_reasoning" | "agent_reasoning_raw_content" => {
                self.side(item, Some(json!("response_item")));
                true
            }
            _ => false,
        }
    }

    /// A prompt as it was typed. Some rollouts have no item of it.
    fn typed(&mut self, item: &Item) -> bool {
        let Some(said) = text(item.payload(), "message") else { return false };
        let (name, repeated) = self.prompts.event(said);
        if repeated {
            self.side(item, Some(json!(name)));
        } else {
            self.out.report.count("typed");
            self.prompt(item, name, json!(said), item.rest(&["message"]));
        }
        true
    }
}

/// A part of a message in the words that all editors' readers use.
fn part(part: &Value) -> Value {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    match (kind, part) {
        ("input_text" | "output_text" | "text", Value::Object(known)) if known.contains_key("text") => {
            let mut known: Map<String, Value> = known.clone();
            known.insert("type".into(), json!("text"));
            Value::Object(known)
        }
        (_, Value::String(text)) => json!({ "type": "text", "text": text }),
        _ => part.clone(),
    }
}

fn add(data: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(data), Some(value)) = (data.as_object_mut(), value) {
        data.insert(key.to_owned(), value);
    }
}
