//! The parts of an answer, in the order in which the editor shows them.
//!
//! Owns the kinds that carry text. Never drops a part: one without text of its own stays whole. Invariant: `place` is the
//! part's place in the file, so that a longer answer has the same parts at the same places.

use super::tools::Call;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub struct Part {
    pub place: usize,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// What the model says. Parts next to each other are one text: links stand between them. `rest` is what else the part has.
    Text { text: String, rest: Option<Value> },
    /// What the model thinks; empty where the part only marks an end.
    Thinking { text: String, rest: Option<Value> },
    /// A tool in use.
    Call(Box<Call>),
    /// Anything else, whole.
    Side { kind: String, part: Value },
}

/// The parts of a `response`, whatever its age: a text, a list of texts, or a list of objects.
pub fn parts(response: Option<Value>, request: &str) -> Vec<Part> {
    let list = match response {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => vec![other],
    };
    let part = |(place, value)| Part { place, what: what(value, place, request) };
    list.into_iter().enumerate().map(part).collect()
}

fn what(value: Value, place: usize, request: &str) -> What {
    let mut fields = match value {
        Value::String(text) => return What::Text { text, rest: None },
        Value::Object(fields) => fields,
        other => return What::Side { kind: "part".to_owned(), part: other },
    };
    let kind = fields.get("kind").and_then(Value::as_str).map(str::to_owned);
    match kind.as_deref() {
        None | Some("markdownContent" | "markdownVuln") => match take_text(&mut fields) {
            Some(text) => What::Text { text, rest: rest(fields) },
            None => What::Side { kind: "part".to_owned(), part: Value::Object(fields) },
        },
        Some("thinking") => {
            let text = take_thinking(&mut fields);
            What::Thinking { text, rest: rest(fields) }
        }
        Some("inlineReference") => match link(&fields) {
            Some(text) => What::Text { text, rest: Some(Value::Object(fields)) },
            None => What::Side { kind: "inlineReference".to_owned(), part: Value::Object(fields) },
        },
        Some("toolInvocationSerialized" | "toolInvocation") => {
            What::Call(Box::new(Call::of_part(fields, place, request)))
        }
        Some(kind) => What::Side { kind: kind.to_owned(), part: Value::Object(fields) },
    }
}

/// `value` or `content`, itself a text or an object with one.
fn take_text(fields: &mut Map<String, Value>) -> Option<String> {
    for key in ["value", "content"] {
        match fields.get_mut(key) {
            Some(Value::String(text)) => {
                let text = std::mem::take(text);
                fields.remove(key);
                return Some(text);
            }
            Some(Value::Object(inner)) => {
                if let Some(Value::String(_)) = inner.get("value") {
                    return inner.remove("value")?.as_str().map(str::to_owned);
                }
            }
            _ => {}
        }
    }
    None
}

fn take_thinking(fields: &mut Map<String, Value>) -> String {
    match fields.remove("value") {
        Some(Value::String(text)) => text,
        Some(Value::Array(pieces)) if pieces.iter().all(Value::is_string) => {
            pieces.iter().filter_map(Value::as_str).collect()
        }
        Some(other) => {
            fields.insert("value".to_owned(), other);
            String::new()
        }
        None => String::new(),
    }
}

/// How a link within a text reads: its name, else the last part of its path.
fn link(fields: &Map<String, Value>) -> Option<String> {
    let at = fields.get("inlineReference");
    let text = |value: Option<&Value>, key: &str| {
        value?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let own = fields.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let uri = at.map(|at| {
        let place = at.get("location").unwrap_or(at);
        place.get("uri").unwrap_or(place)
    });
    let path = || text(uri, "path").or_else(|| uri?.as_str().map(str::to_owned));
    let file = || path().map(|path| path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("/").to_owned());
    own.map(str::to_owned).or_else(|| text(at, "name")).or_else(file)
}

fn rest(mut fields: Map<String, Value>) -> Option<Value> {
    if fields.get("content").is_some_and(|content| *content == json!({})) {
        fields.remove("content");
    }
    let bare = fields.is_empty() || (fields.len() == 1 && fields.contains_key("kind"));
    (!bare).then_some(Value::Object(fields))
}
