//! Calls of tools and what they gave, in the words of all ages of the format.
//!
//! Owns the names of these items. Never guesses: whether a tool failed is said only where the output says it.

use crate::sheet::text;
use serde_json::{Map, Value};

/// Lines of an output in which it may say how the command ended.
const EXIT_LINES: usize = 12;

pub struct Call {
    pub name: String,
    pub call_id: Option<String>,
    pub arguments: Option<Value>,
    /// The item holds the result too.
    pub result: Option<Value>,
}

/// Fields of an item that a call takes up.
pub const OF_A_CALL: [&str; 7] = ["name", "function", "call_id", "arguments", "input", "action", "result"];

/// The call that this item is, if it is one.
pub fn call(sort: &str, item: &Map<String, Value>) -> Option<Call> {
    let given = |key: &str| item.get(key).filter(|value| !value.is_null()).cloned();
    let name = match sort {
        "function_call" | "custom_tool_call" | "tool_call" | "mcp_tool_call" => None,
        "local_shell_call" => Some("local_shell"),
        "web_search_call" => Some("web_search"),
        "tool_search_call" => Some("tool_search"),
        "image_generation_call" => Some("image_generation"),
        _ => return None,
    };
    let said = text(item, "name").or_else(|| item.get("function")?.get("name")?.as_str());
    // a search in the web has no result in the file: with an id it would wait for one for ever
    let waits = sort != "web_search_call";
    let id = text(item, "call_id").or_else(|| text(item, "id").filter(|_| name.is_some()));
    Some(Call {
        name: said.or(name).unwrap_or_default().to_owned(),
        call_id: id.filter(|_| waits).map(str::to_owned),
        arguments: given("arguments").or_else(|| given("input")).or_else(|| given("action")).map(unfold),
        result: given("result").filter(|_| sort == "image_generation_call"),
    })
}

/// Arguments stand as JSON in a string.
fn unfold(arguments: Value) -> Value {
    let inner = arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    inner.filter(|inner| inner.is_object() || inner.is_array()).unwrap_or(arguments)
}

#[derive(Default)]
pub struct Outcome {
    pub output: Option<Value>,
    pub is_error: Option<bool>,
    pub duration_ms: Option<f64>,
    /// What else stands beside the output.
    pub beside: Option<Value>,
}

/// Fields of an item that a result takes up.
pub const OF_A_RESULT: [&str; 5] = ["call_id", "output", "result", "tools", "name"];

/// What this item says a tool gave, if it says that.
pub fn outcome(sort: &str, item: &Map<String, Value>) -> Option<Outcome> {
    if !(sort.ends_with("_output") || matches!(sort, "function_result" | "tool_result")) {
        return None;
    }
    let raw = ["output", "result", "tools"].iter().find_map(|key| item.get(*key));
    let mut outcome = raw.map(read).unwrap_or_default();
    outcome.is_error = outcome.is_error.or_else(|| Some(!item.get("success")?.as_bool()?));
    Some(outcome)
}

fn read(raw: &Value) -> Outcome {
    let inner =
        raw.as_str().filter(|text| text.starts_with('{')).and_then(|text| serde_json::from_str(text).ok());
    let inner: Option<&Map<String, Value>> = inner.as_ref().unwrap_or(raw).as_object();
    let Some(inner) = inner else { return of_text(raw) };
    let about = inner.get("metadata").and_then(Value::as_object).unwrap_or(inner);
    let number = |key: &str| about.get(key).and_then(Value::as_f64);
    let exit = number("exit_code").or_else(|| number("exitCode"));
    let failed = exit.map(|code| code != 0.0).or_else(|| Some(!inner.get("success")?.as_bool()?));
    let output = inner.get("output").filter(|_| inner.contains_key("metadata")).cloned();
    Outcome {
        beside: output.as_ref().and_then(|_| crate::sheet::without(inner, &["output"])),
        output: Some(output.unwrap_or_else(|| raw.clone())),
        is_error: failed,
        duration_ms: number("duration_seconds").map(|seconds| seconds * 1000.0),
    }
}

fn of_text(raw: &Value) -> Outcome {
    let exit = |line: &str| {
        let line = line.trim();
        let code =
            line.strip_prefix("Process exited with code ").or_else(|| line.strip_prefix("Exit code: "))?;
        code.parse::<i64>().ok()
    };
    let code = raw.as_str().and_then(|text| text.lines().take(EXIT_LINES).find_map(exit));
    Outcome { output: Some(raw.clone()), is_error: code.map(|code| code != 0), ..Outcome::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn how_a_tool_ended_is_said_where_the_output_says_it() {
        let of =
            |output: Value| outcome("function_call_output", &fields(json!({ "output": output }))).unwrap();
        let old = of(json!(r#"{"output":"no","metadata":{"exit_code":2,"duration_seconds":0.5}}"#));
        assert_eq!((old.output, old.is_error, old.duration_ms), (Some(json!("no")), Some(true), Some(500.0)));
        assert_eq!(old.beside.unwrap()["metadata"]["exit_code"], 2);
        assert_eq!(of(json!("Wall time: 1\nProcess exited with code 0\nOutput:\nx")).is_error, Some(false));
        assert_eq!(of(json!("plain text")).is_error, None);
        assert_eq!(of(json!({"output": "x", "metadata": {"exit_code": 0}})).output, Some(json!("x")));
        let parts = json!([{"type": "input_text", "text": "a"}]);
        assert_eq!(of(parts.clone()).output, Some(parts));
        let old = outcome("tool_result", &fields(json!({"result": {"stdout": "x", "exitCode": 1}}))).unwrap();
        assert_eq!((old.is_error, old.output.unwrap()["stdout"].clone()), (Some(true), json!("x")));
        assert!(outcome("message", &Map::new()).is_none());
    }

    #[test]
    fn calls_of_all_ages() {
        let of = |sort: &str, item: Value| call(sort, &fields(item)).unwrap();
        let new = of(
            "function_call",
            json!({"name": "shell", "arguments": "{\"a\":1}", "call_id": "c", "id": "f"}),
        );
        assert_eq!(
            (new.name.as_str(), new.call_id.as_deref(), new.arguments),
            ("shell", Some("c"), Some(json!({"a": 1})))
        );
        let custom = of("custom_tool_call", json!({"name": "apply_patch", "input": "*** Begin"}));
        assert_eq!((custom.call_id, custom.arguments), (None, Some(json!("*** Begin"))));
        let old = of("tool_call", json!({"function": {"name": "run"}, "arguments": {"x": 1}}));
        assert_eq!((old.name.as_str(), old.arguments), ("run", Some(json!({"x": 1}))));
        assert_eq!(of("web_search_call", json!({"id": "w", "action": {"query": "q"}})).call_id, None);
        assert_eq!(of("local_shell_call", json!({"id": "w"})).call_id.as_deref(), Some("w"));
        assert!(call("message", &Map::new()).is_none());
    }
}
