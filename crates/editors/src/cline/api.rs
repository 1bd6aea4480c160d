//! What the model saw: an array of messages as Anthropic has them.
//!
//! Owns the mapping of messages, and what in them a person typed. Invariant: all of a message is in its events; its first
//! event carries what the others do not.

use super::ui::Shown;
use crate::ids::hash;
use crate::jsonl::Out;
use crate::sheet::{Sheet, content, fields, parts, side_type, text, without};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What a person typed stands in one of these.
const TYPED: [&str; 5] = ["task", "feedback", "user_message", "answer", "user_feedback"];
/// Beginnings of texts that nobody typed.
const CONTEXT: [&str; 6] = [
    "<environment_details>",
    "[ERROR]",
    "[TASK RESUMPTION]",
    "# task_progress",
    "# TODO LIST",
    "<explicit_instructions",
];

pub fn is_message(value: &Value) -> bool {
    value.get("role").is_some_and(Value::is_string) && value.get("content").is_some()
}

pub struct Message {
    value: Value,
    /// Names it; made of its own id or time, else of what it says.
    name: String,
    pub at: Option<Timestamp>,
    /// The end of the message is missing.
    cut: bool,
}

/// The messages with their times. Old versions write none: then the requests that the window showed give them.
pub fn messages(all: Vec<Value>, shown: &[Shown], cut: bool) -> Vec<Message> {
    let mut named: HashMap<String, u32> = HashMap::new();
    let (mut prompts, mut before) = (0, None);
    let last = all.len().saturating_sub(1);
    let mut messages = Vec::with_capacity(all.len());
    for (nth, value) in all.into_iter().enumerate() {
        let is_prompt = value.get("role").is_some_and(|role| role == "user");
        prompts += usize::from(is_prompt);
        let own = value.get("ts").and_then(Value::as_i64).and_then(|ms| Timestamp::from_millis(ms).ok());
        let at = own.or_else(|| time_of_request(shown, prompts, is_prompt)).max(before);
        before = at;
        let name = name(&value, own);
        let again = named.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
        let name = if *again == 0 { name } else { format!("{name}~{again}") };
        messages.push(Message { value, name, at, cut: cut && nth == last });
    }
    messages
}

/// A prompt goes out with a request; the answer to it is shown next.
fn time_of_request(shown: &[Shown], prompts: usize, is_prompt: bool) -> Option<Timestamp> {
    let request = shown.iter().enumerate().filter(|(_, s)| s.is_request()).nth(prompts.checked_sub(1)?);
    let (place, request) = request?;
    if is_prompt {
        return Some(request.at);
    }
    let next = shown.iter().skip(place).map(|shown| shown.at).find(|at| *at > request.at);
    next.or_else(|| Some(request.at.plus_micros(1000)))
}

fn name(value: &Value, at: Option<Timestamp>) -> String {
    let said = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (said("id"), at) {
        (Some(id), _) => id.to_owned(),
        (None, Some(at)) => format!("m-{}-{}", at.as_millis(), said("role").unwrap_or("nobody")),
        (None, None) => format!("h-{:016x}", hash(&value.to_string())),
    }
}

impl Message {
    pub fn is_prompt(&self) -> bool {
        self.value.get("role").is_some_and(|role| role == "user")
    }

    pub fn write(&self, sheet: &mut Sheet, at: Option<Timestamp>, out: &mut Out<'_>) {
        let format = sheet.editing.format;
        let mut pen = Pen { sheet, name: &self.name, at, format, out };
        let Some(message) = self.value.as_object().filter(|_| is_message(&self.value)) else {
            return pen.keep(&side_type(format, "api"), "line", fields(json!({ "line": self.value })));
        };
        let parts = parts(message.get("content").cloned().unwrap_or_default());
        let (calls, others): (Vec<Value>, Vec<Value>) =
            parts.into_iter().partition(|part| is(part, "tool_use"));
        let (results, said): (Vec<Value>, Vec<Value>) =
            others.into_iter().partition(|part| is(part, "tool_result"));
        let mut rest = without(message, &["role", "content"]);
        for (nth, result) in results.iter().enumerate() {
            pen.result(nth, result, rest.take());
        }
        if !said.is_empty() || (calls.is_empty() && results.is_empty()) {
            self.say(&mut pen, message, said, rest.take());
        }
        for (nth, call) in calls.iter().enumerate() {
            pen.call(nth, call, rest.take());
        }
    }

    fn say(
        &self,
        pen: &mut Pen<'_, '_>,
        message: &Map<String, Value>,
        parts: Vec<Value>,
        rest: Option<Value>,
    ) {
        let mut about = Map::new();
        about.extend(rest.map(|rest| (pen.format.to_owned(), rest)));
        let (role, shown) = match text(message, "role") {
            Some("user") => match typed(&parts) {
                Some(typed) => {
                    if typed != parts {
                        about.insert(format!("{}_content", pen.format), Value::Array(parts));
                    }
                    let first = typed.iter().find_map(|part| part.get("text")?.as_str());
                    first.iter().for_each(|text| pen.sheet.first_title(text, pen.at, pen.out));
                    ("user", typed)
                }
                None => ("system", parts),
            },
            Some("assistant") => ("assistant", parts),
            _ => ("system", parts),
        };
        let mut data = fields(json!({ "role": role, "content": content(shown), "message_id": self.name }));
        let model = message.get("modelInfo").and_then(Value::as_object);
        let model = model.and_then(|model| text(model, "modelId").or_else(|| text(model, "id")));
        data.extend(model.map(|model| ("model".to_owned(), json!(model))));
        data.insert("metadata".into(), Value::Object(about));
        if self.cut {
            data.insert("partial".into(), json!(true));
        }
        pen.keep("message", "message", data);
    }
}

fn is(part: &Value, kind: &str) -> bool {
    part.get("type").is_some_and(|is| is == kind)
}

struct Pen<'a, 'o> {
    sheet: &'a mut Sheet,
    name: &'a str,
    at: Option<Timestamp>,
    format: &'static str,
    out: &'a mut Out<'o>,
}

impl Pen<'_, '_> {
    fn keep(&mut self, kind: &str, what: &str, data: Map<String, Value>) {
        self.sheet.keep(kind, &format!("{}:{what}", self.name), self.at, data, self.out);
    }

    fn call(&mut self, nth: usize, call: &Value, rest: Option<Value>) {
        let said = |key: &str| call.get(key).and_then(Value::as_str);
        let mut data = fields(json!({ "name": said("name").unwrap_or_default(), "message_id": self.name }));
        data.extend(said("id").map(|id| ("call_id".to_owned(), json!(id))));
        data.extend(call.get("input").map(|input| ("arguments".to_owned(), input.clone())));
        self.add(&mut data, call, &["type", "id", "name", "input"], rest);
        self.keep("tool_call", &format!("call{nth}"), data);
    }

    fn result(&mut self, nth: usize, result: &Value, rest: Option<Value>) {
        let mut data = Map::new();
        let id = result.get("tool_use_id").and_then(Value::as_str);
        data.extend(id.map(|id| ("call_id".to_owned(), json!(id))));
        data.extend(result.get("content").map(|output| ("output".to_owned(), output.clone())));
        let failed = result.get("is_error").filter(|failed| failed.is_boolean());
        data.extend(failed.map(|failed| ("is_error".to_owned(), failed.clone())));
        self.add(&mut data, result, &["type", "tool_use_id", "content", "is_error"], rest);
        self.keep("tool_result", &format!("result{nth}"), data);
    }

    fn add(&self, data: &mut Map<String, Value>, block: &Value, known: &[&str], rest: Option<Value>) {
        let block = block.as_object().and_then(|block| without(block, known));
        data.extend(block.map(|block| ("block".to_owned(), block)));
        data.extend(rest.map(|rest| (self.format.to_owned(), rest)));
    }
}

/// What of a message in the user's name was typed; `None` where nothing was.
fn typed(parts: &[Value]) -> Option<Vec<Value>> {
    let mut shown = Vec::new();
    let mut any = false;
    for part in parts {
        match part.get("text").and_then(Value::as_str) {
            None => shown.push(part.clone()),
            Some(text) => {
                if let Some(typed) = typed_text(text) {
                    any = true;
                    shown.push(json!({ "type": "text", "text": typed }));
                }
            }
        }
    }
    (any || (!shown.is_empty() && shown.len() == parts.len())).then_some(shown)
}

fn typed_text(text: &str) -> Option<&str> {
    let inner = |tag: &&str| {
        let (_, behind) = text.split_once(&format!("<{tag}>"))?;
        Some(behind.split_once(&format!("</{tag}>")).map_or(behind, |(inner, _)| inner).trim())
    };
    let trimmed = text.trim_start();
    let is_result =
        trimmed.starts_with('[') && trimmed.lines().next().is_some_and(|line| line.contains("] Result:"));
    let nobody = is_result || CONTEXT.iter().any(|mark| trimmed.starts_with(mark));
    let is_tagged = TYPED.iter().any(|tag| trimmed.starts_with(&format!("<{tag}>")));
    match nobody || is_tagged {
        true => TYPED.iter().find_map(inner),
        false => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_told_from_the_rest() {
        assert_eq!(typed_text("<task>\nfix it\n</task>"), Some("fix it"));
        assert_eq!(typed_text("[ask_followup for 'x'] Result:\n<answer>\nyes\n</answer>"), Some("yes"));
        assert_eq!(typed_text("[read_file for 'a'] Result:\n1 | x"), None);
        assert_eq!(typed_text("<environment_details>\n# time\n</environment_details>"), None);
        assert_eq!(typed_text("plain"), Some("plain"));
        let parts =
            |texts: &[&str]| texts.iter().map(|t| json!({"type": "text", "text": t})).collect::<Vec<_>>();
        assert_eq!(typed(&parts(&["<task>a</task>", "<environment_details>b"])), Some(parts(&["a"])));
        assert_eq!(typed(&parts(&["<environment_details>b"])), None);
    }
}
