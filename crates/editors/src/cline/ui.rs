//! What the window showed: an array of `say` and `ask`, each with its time.
//!
//! Owns these. They are side events, and the messages themselves where what the model saw is damaged or gone. Invariant: each
//! of them gives one event with all that it says.

use super::api::Message;
use crate::jsonl::Out;
use crate::sheet::{Sheet, content, fields, side_type};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub fn is_shown(value: &Value) -> bool {
    value.get("ts").is_some_and(Value::is_number)
        && (value.get("say").is_some() || value.get("ask").is_some())
}

/// Within a millisecond, behind what the model saw.
const BEHIND_MICROS: i64 = 500;

pub struct Shown {
    value: Value,
    name: String,
    pub at: Timestamp,
    /// When its event is: all of one millisecond in their order, whatever else there is.
    written_at: Timestamp,
}

/// What was shown, in the order of its times; what has no time follows what stands before it.
pub fn shown(all: Vec<Value>) -> Vec<Shown> {
    let mut named: HashMap<String, u32> = HashMap::new();
    let mut before = Timestamp::default();
    let mut shown = Vec::with_capacity(all.len());
    for value in all {
        let ms = value.get("ts").and_then(Value::as_i64);
        let at = ms.and_then(|ms| Timestamp::from_millis(ms).ok()).unwrap_or(before);
        before = at;
        let name = format!("ui-{}-{}", at.as_millis(), sort(&value));
        let again = named.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
        let name = if *again == 0 { name } else { format!("{name}~{again}") };
        shown.push(Shown { value, name, at, written_at: at });
    }
    shown.sort_by_key(|shown| shown.at);
    let mut last = (Timestamp::default(), 0);
    for shown in &mut shown {
        last = if last.0 == shown.at { (shown.at, last.1 + 1) } else { (shown.at, 0) };
        shown.written_at = shown.at.plus_micros(BEHIND_MICROS + last.1);
    }
    shown
}

/// From when on nothing is left of what the model saw.
pub fn uncovered(shown: &[Shown], messages: &[Message]) -> Timestamp {
    let covered = messages.iter().filter(|message| message.is_prompt()).count();
    let open = shown.iter().filter(|shown| shown.is_request()).nth(covered);
    match (covered, open) {
        (0, _) => Timestamp::default(),
        (_, Some(request)) => request.at,
        (_, None) => shown.last().map_or(Timestamp::default(), |last| last.at.plus_micros(1)),
    }
}

fn sort(value: &Value) -> String {
    let said = |key: &str| value.get(key).and_then(Value::as_str);
    said("say").or_else(|| said("ask")).unwrap_or("nothing").to_owned()
}

impl Shown {
    /// A request to the model.
    pub fn is_request(&self) -> bool {
        self.value.get("say").is_some_and(|say| say == "api_req_started")
    }

    fn text(&self) -> &str {
        self.value.get("text").and_then(Value::as_str).unwrap_or_default()
    }

    /// Writes its event. `speaks`: nothing else has it.
    pub fn write(&self, speaks: bool, sheet: &mut Sheet, out: &mut Out<'_>) {
        let format = sheet.editing.format;
        let raw = json!({ format: self.value });
        let spoken = if speaks { self.spoken(raw) } else { None };
        let (kind, data) = match spoken {
            Some(spoken) => spoken,
            None => (side_type(format, &format!("ui.{}", sort(&self.value))), json!({ "ui": self.value })),
        };
        if data.get("role").is_some_and(|role| role == "user") {
            sheet.first_title(self.text(), Some(self.written_at), out);
        }
        sheet.fix(&kind, &self.name, self.written_at, fields(data), out);
    }

    /// The event of the talk that it stands for.
    fn spoken(&self, raw: Value) -> Option<(String, Value)> {
        let inner: Option<Map<String, Value>> = serde_json::from_str(self.text()).ok();
        let say = |role: &str, parts: Vec<Value>| {
            let partial = self.value.get("partial").is_some_and(|partial| partial == true);
            let mut data =
                fields(json!({ "role": role, "content": content(parts), "message_id": self.name }));
            data.extend(partial.then(|| ("partial".to_owned(), json!(true))));
            data.insert("metadata".into(), raw.clone());
            Some(("message".to_owned(), Value::Object(data)))
        };
        let text = |text: &str| vec![json!({ "type": "text", "text": text })];
        match sort(&self.value).as_str() {
            "task" | "user_feedback" => say("user", self.parts()),
            "text" | "completion_result" if !self.text().is_empty() => say("assistant", self.parts()),
            "reasoning" => say("assistant", vec![json!({ "type": "thinking", "thinking": self.text() })]),
            "plan_mode_respond" | "followup" => {
                let said = |key: &str| inner.as_ref()?.get(key)?.as_str();
                say("assistant", text(said("response").or_else(|| said("question")).unwrap_or(self.text())))
            }
            "error" => say("system", text(self.text())),
            "tool" => {
                let name = inner.as_ref().and_then(|inner| inner.get("tool")?.as_str()).unwrap_or("tool");
                let arguments = inner.clone().map_or_else(|| json!(self.text()), Value::Object);
                Some(("tool_call".into(), json!({ "name": name, "arguments": arguments, "ui": raw })))
            }
            "command" => {
                let arguments = json!({ "command": self.text() });
                Some((
                    "tool_call".into(),
                    json!({ "name": "execute_command", "arguments": arguments, "ui": raw }),
                ))
            }
            "command_output" => Some((
                "tool_result".into(),
                json!({ "name": "execute_command", "output": self.text(), "ui": raw }),
            )),
            _ => None,
        }
    }

    fn parts(&self) -> Vec<Value> {
        let images = self.value.get("images").and_then(Value::as_array).cloned().unwrap_or_default();
        let image = |url: Value| json!({ "type": "image", "source": { "type": "url", "url": url } });
        let text = json!({ "type": "text", "text": self.text() });
        std::iter::once(text).chain(images.into_iter().map(image)).collect()
    }
}
