//! A bubble: a prompt, a part of an answer, a tool's call with its result.
//!
//! Owns which event a bubble becomes. Invariant: its first event carries the rest of it, so that nothing of it is lost.

use super::pen::Pen;
use super::{fields, is_said, lexical, take};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};

/// How a bubble stands in its chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    InOrder,
    /// In no list of the chat: taken back, or the list is lost.
    Unplaced,
}

/// Writes the events of one bubble. `id` names it within its session.
pub fn write(pen: &mut Pen<'_>, id: &str, bubble: Value, place: Place) {
    let mut bubble = fields(bubble);
    let at = created_at(&bubble);
    let tool =
        take(&mut bubble, "toolFormerData", |tool| tool.as_object().is_some_and(|tool| !tool.is_empty()));
    let role = role(&bubble);
    let parts = parts(&mut bubble);
    let model = model(&bubble);
    let mut about = Map::new();
    if place == Place::Unplaced {
        about.insert("unplaced".into(), json!(true));
        pen.report.count("unplaced");
    }
    about.insert("bubble".into(), Value::Object(bubble));
    let Some(role) = role else {
        pen.report.count("other bubbles");
        let mut data = Map::from_iter([("parts".to_owned(), Value::Array(parts))]);
        data.insert("cursor".into(), Value::Object(about));
        data.extend(tool.map(|tool| ("tool".to_owned(), tool)));
        return pen.push("cursor.bubble", &format!("bubble-{id}"), at, data);
    };
    let mut about = Some(about);
    if !parts.is_empty() || tool.is_none() {
        message(pen, id, role, content(parts), model, at, about.take());
    }
    if let Some(tool) = tool {
        tool_call(pen, id, fields(tool), at, about);
    }
}

/// When a bubble was made: an ISO text in newer versions, milliseconds in some.
pub fn created_at(bubble: &Map<String, Value>) -> Option<Timestamp> {
    ["createdAt", "timestamp"].iter().find_map(|key| time(bubble.get(*key)?))
}

pub fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text).ok(),
        Value::Number(ms) => Timestamp::from_millis(ms.as_i64()?).ok().filter(|at| at.as_millis() > 0),
        _ => None,
    }
}

/// A path that it tells of its project.
pub fn workspace(bubble: &Map<String, Value>) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let own = bubble.get("workspaceProjectDir").and_then(text);
    own.or_else(|| bubble.get("workspaceUris")?.as_array()?.iter().find_map(text))
}

fn role(bubble: &Map<String, Value>) -> Option<&'static str> {
    match bubble.get("type")? {
        Value::Number(number) if number.as_i64() == Some(1) => Some("user"),
        Value::Number(number) if number.as_i64() == Some(2) => Some("assistant"),
        Value::String(kind) if kind == "user" => Some("user"),
        Value::String(kind) if kind == "ai" || kind == "assistant" => Some("assistant"),
        _ => None,
    }
}

pub fn model(bubble: &Map<String, Value>) -> Option<String> {
    let named = bubble.get("modelInfo").and_then(|model| model.get("modelName")).and_then(Value::as_str);
    let old = || bubble.get("modelType").and_then(Value::as_str);
    named.or_else(old).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Takes out what it says: what was thought, then the text.
fn parts(bubble: &mut Map<String, Value>) -> Vec<Value> {
    let mut parts = Vec::new();
    if let Some(thought) = thinking(bubble.get("thinking")) {
        bubble.remove("thinking");
        parts.push(thought);
    }
    let shown = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    if bubble.get("text").is_some_and(shown) {
        let text = bubble.remove("text").unwrap_or_default();
        parts.push(json!({ "type": "text", "text": text }));
    } else if let Some(text) = bubble.get("richText").and_then(Value::as_str).and_then(lexical::text) {
        parts.push(json!({ "type": "text", "text": text }));
    } else if bubble.get("rawText").is_some_and(shown) {
        let text = bubble.remove("rawText").unwrap_or_default();
        parts.push(json!({ "type": "text", "text": text }));
    }
    parts
}

fn thinking(value: Option<&Value>) -> Option<Value> {
    let (text, mut part) = match value? {
        Value::String(text) => (text.clone(), Map::new()),
        Value::Object(thought) => (thought.get("text")?.as_str()?.to_owned(), thought.clone()),
        _ => return None,
    };
    if text.trim().is_empty() {
        return None;
    }
    part.remove("text");
    part.insert("type".into(), json!("thinking"));
    part.insert("thinking".into(), json!(text));
    Some(Value::Object(part))
}

/// A single text stands as it is.
pub fn content(mut parts: Vec<Value>) -> Value {
    match parts.as_mut_slice() {
        [] => json!(""),
        [Value::Object(part)] if part.len() == 2 && part.get("type") == Some(&json!("text")) => {
            part.remove("text").unwrap_or_default()
        }
        _ => Value::Array(parts),
    }
}

fn message(
    pen: &mut Pen<'_>,
    id: &str,
    role: &str,
    content: Value,
    model: Option<String>,
    at: Option<Timestamp>,
    about: Option<Map<String, Value>>,
) {
    let mut data = Map::new();
    data.insert("role".into(), json!(role));
    data.insert("content".into(), content);
    data.insert("message_id".into(), json!(id));
    data.extend(model.map(|model| ("model".to_owned(), json!(model))));
    data.insert("metadata".into(), json!({ "cursor": about }));
    pen.report.messages += 1;
    pen.report.answers += u64::from(role == "assistant");
    pen.push("message", &format!("bubble-{id}"), at, data);
}

fn tool_call(
    pen: &mut Pen<'_>,
    id: &str,
    mut tool: Map<String, Value>,
    at: Option<Timestamp>,
    about: Option<Map<String, Value>>,
) {
    let own = tool.get("toolCallId").and_then(Value::as_str).filter(|call| !call.is_empty());
    let call_id = own.map_or_else(|| format!("{id}:tool"), str::to_owned);
    let number = tool.get("tool").map(|tool| format!("tool {tool}"));
    let name = tool.get("name").and_then(Value::as_str).map(str::to_owned).or(number).unwrap_or_default();
    let status = tool.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let result = take(&mut tool, "result", |result| !result.is_null());
    let arguments = take(&mut tool, "rawArgs", is_said).or_else(|| take(&mut tool, "params", is_said));
    let mut data = Map::new();
    data.insert("name".into(), json!(name));
    data.insert("call_id".into(), json!(call_id));
    data.insert("message_id".into(), json!(id));
    data.extend(arguments.map(|arguments| ("arguments".to_owned(), unfold(arguments))));
    let mut rest = about.unwrap_or_default();
    rest.insert("tool".into(), Value::Object(tool));
    data.insert("cursor".into(), Value::Object(rest));
    pen.report.tool_calls += 1;
    pen.push("tool_call", &format!("call-{id}"), at, data);
    let over = ["completed", "error", "cancelled", "rejected"].contains(&status.as_str());
    if result.is_some() || over {
        let mut data = Map::new();
        data.insert("call_id".into(), json!(call_id));
        data.insert("name".into(), json!(name));
        data.insert("is_error".into(), json!(status == "error"));
        data.extend(result.map(|result| ("output".to_owned(), unfold(result))));
        data.insert("cursor".into(), json!({ "status": status }));
        pen.report.tool_results += 1;
        pen.push("tool_result", &format!("result-{id}"), at, data);
    }
}

/// A text that is JSON of an object or an array as that value; else as it is.
pub fn unfold(value: Value) -> Value {
    let parsed =
        value.as_str().filter(|text| text.trim_start().starts_with(['{', '['])).map(serde_json::from_str);
    match parsed {
        Some(Ok(parsed)) => parsed,
        _ => value,
    }
}
