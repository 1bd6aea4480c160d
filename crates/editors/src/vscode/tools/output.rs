//! What a tool gave back.
//!
//! Owns the shapes of outputs. Never drops what is no text: it stays beside the text, without the texts that stand in it.
//! Invariant: text comes out as the model saw it.

use serde_json::{Map, Value};

/// The outcome of a call.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// A text, or a list where there is more than text.
    pub output: Option<Value>,
    pub input: Option<Value>,
    pub is_error: Option<bool>,
    pub rest: Map<String, Value>,
}

/// Of `resultDetails`: a list of places, or an object with input and output.
pub fn of_details(details: Value) -> Output {
    let mut fields = match details {
        Value::Object(fields) => fields,
        Value::Array(places) if !places.is_empty() => {
            return Output { output: Some(Value::Array(places)), ..Output::default() };
        }
        other => {
            let rest = Map::from_iter([("resultDetails".to_owned(), other)]);
            return Output { rest, ..Output::default() };
        }
    };
    let output = match fields.remove("output") {
        Some(Value::Array(items)) => Some(of_items(items, &mut fields)),
        other => other,
    };
    let input = match fields.remove("input") {
        Some(Value::String(text)) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
        other => other,
    };
    let is_error = fields.get("isError").and_then(Value::as_bool);
    let rest = wrapped("resultDetails", Value::Object(fields));
    Output { output, input, is_error, rest }
}

/// Of one of `toolCallResults`.
pub fn of_result(result: Value) -> Output {
    let mut fields = match result {
        Value::Object(fields) => fields,
        other => return Output { output: Some(other), ..Output::default() },
    };
    let output = match fields.remove("content") {
        Some(Value::Array(items)) => Some(of_items(items, &mut fields)),
        other => other,
    };
    Output { output, rest: wrapped("result", Value::Object(fields)), ..Output::default() }
}

/// What was read from the terminal; it is taken out of the part.
pub fn terminal(part: &mut Map<String, Value>) -> Option<Value> {
    let output = part.get_mut("toolSpecificData")?.get_mut("terminalCommandOutput")?.as_object_mut()?;
    output.get("text")?.as_str().filter(|text| !text.is_empty())?;
    output.remove("text")
}

/// Takes texts out of what is known besides, where the output has them.
pub fn strip_known(rest: &mut Map<String, Value>, output: &Value) {
    let Some(said) = output.as_str() else { return };
    rest.values_mut().for_each(|value| strip_text(value, said));
}

/// Whether all of `shown` stands in the output.
pub fn says(output: Option<&Value>, shown: &Value) -> bool {
    match (output, shown) {
        (Some(Value::String(output)), Value::String(shown)) => output.contains(shown.as_str()),
        (Some(output), shown) => output == shown,
        (None, _) => false,
    }
}

fn strip_text(value: &mut Value, said: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| strip_text(item, said)),
        Value::Object(fields) => {
            fields.retain(|key, value| {
                !(key == "value" && value.as_str().is_some_and(|text| said.contains(text)))
            });
            fields.values_mut().for_each(|item| strip_text(item, said));
        }
        _ => {}
    }
}

/// One text where all items are texts, else a list. What else the items say goes into `rest`.
fn of_items(items: Vec<Value>, rest: &mut Map<String, Value>) -> Value {
    let mut read: Vec<Result<String, Value>> = Vec::new();
    let mut besides = Vec::new();
    for item in items {
        match take_text(item) {
            Ok((text, left)) => {
                read.push(Ok(text));
                besides.extend(left);
            }
            Err(item) => read.push(Err(item)),
        }
    }
    if !besides.is_empty() {
        rest.insert("content".to_owned(), Value::Array(besides));
    }
    if read.iter().all(Result::is_ok) {
        return Value::String(read.into_iter().flatten().collect::<Vec<_>>().join("\n"));
    }
    let part = |item: Result<String, Value>| match item {
        Ok(text) => serde_json::json!({ "type": "text", "text": text }),
        Err(item) => item,
    };
    Value::Array(read.into_iter().map(part).collect())
}

/// The text of an item and what is left of it; the item itself where it has none.
fn take_text(item: Value) -> Result<(String, Option<Value>), Value> {
    let mut fields = match item {
        Value::String(text) => return Ok((text, None)),
        Value::Object(fields) => fields,
        other => return Err(other),
    };
    let is_text = fields.get("isText").and_then(Value::as_bool).unwrap_or(true);
    match fields.remove("value") {
        Some(Value::String(text)) if is_text => Ok((text, worth(fields))),
        Some(mut tree) if tree.get("node").is_some() => {
            let mut text = String::new();
            tree.get_mut("node").into_iter().for_each(|node| walk(node, &mut text));
            fields.insert("value".to_owned(), tree);
            Ok((text, Some(Value::Object(fields))))
        }
        Some(other) => {
            fields.insert("value".to_owned(), other);
            Err(Value::Object(fields))
        }
        None => Err(Value::Object(fields)),
    }
}

/// Takes the texts of a tree of the editor's prompts, in their order.
fn walk(node: &mut Value, text: &mut String) {
    let Value::Object(fields) = node else { return };
    if fields.get("type").and_then(Value::as_u64) == Some(2) {
        let breaks = fields.get("lineBreakBefore").is_some_and(|how| *how == Value::Bool(true));
        if breaks && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if let Some(Value::String(own)) = fields.get("text") {
            text.push_str(own);
            fields.remove("text");
        }
        return;
    }
    if let Some(Value::Array(children)) = fields.get_mut("children") {
        children.iter_mut().for_each(|child| walk(child, text));
    }
}

/// What is left of a text item, unless it only says that it is one.
fn worth(mut fields: Map<String, Value>) -> Option<Value> {
    let plain = |key: &str| ["$mid", "isText", "type"].contains(&key);
    if fields.keys().all(|key| plain(key)) {
        fields.clear();
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn wrapped(key: &str, value: Value) -> Map<String, Value> {
    let bare = value.as_object().is_some_and(|fields| fields.keys().all(|key| key == "$mid"));
    if bare { Map::new() } else { Map::from_iter([(key.to_owned(), value)]) }
}
