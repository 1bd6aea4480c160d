//! A session as the file that «Chat: Import Chat…» of VS Code opens.
//!
//! Owns the shape of that file: no version, no session id, no date; VS Code gives the session an id of its own when it opens
//! it. Invariant: each prompt begins a request, and all that follows is its response; calls of tools stand there twice, as VS Code
//! itself has them: shown in `response`, and with their real inputs and outputs in `result.metadata`.

use super::{Item, items, part_text, text, uuid};
use chasm_protocol::session::{Message, SessionDetail, ToolCall};
use chasm_protocol::{Content, Role, Timestamp};
use serde_json::{Map, Value, json};

/// How VS Code marks a turn that came to its end, and one that did not.
const COMPLETE: u64 = 1;
const CANCELLED: u64 = 2;

/// The file.
pub fn export(session: &SessionDetail) -> String {
    let turns = turns(session);
    let requests: Vec<Value> = (0..).zip(&turns).map(|(nth, turn)| request(session, nth, turn)).collect();
    let editor = session.summary.editor.as_deref().or(session.summary.provider.as_deref());
    let file = json!({
        "requesterUsername": "",
        "responderUsername": editor.unwrap_or("Assistant"),
        "initialLocation": "panel",
        "requests": requests,
    });
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

/// A prompt and what came of it.
#[derive(Default)]
struct Turn<'a> {
    prompt: Option<&'a Message>,
    rest: Vec<Item<'a>>,
}

fn turns(session: &SessionDetail) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for item in items(session) {
        match item {
            Item::Message(message) if message.role == Role::User => {
                turns.push(Turn { prompt: Some(message), rest: Vec::new() });
            }
            item => match turns.last_mut() {
                Some(turn) => turn.rest.push(item),
                None => turns.push(Turn { prompt: None, rest: vec![item] }),
            },
        }
    }
    turns
}

fn request(session: &SessionDetail, nth: u64, turn: &Turn<'_>) -> Value {
    let name = |what: &str| uuid(&format!("restored {} {what} {nth}", session.summary.session_id));
    let began = turn.prompt.and_then(|prompt| prompt.timestamp).or_else(|| turn.rest.first().and_then(at));
    let ended = turn.rest.last().and_then(at).or(began).map(Timestamp::as_millis);
    let whole = !turn.rest.is_empty() && turn.rest.iter().all(is_whole);
    let model = turn.rest.iter().find_map(|item| match item {
        Item::Message(message) => message.model.as_deref(),
        Item::Call(_) => None,
    });
    let mut request = json!({
        "requestId": format!("request_{}", name("request")),
        "message": prompt(turn.prompt),
        "variableData": { "variables": [] },
        "response": turn.rest.iter().flat_map(shown).collect::<Vec<_>>(),
        "responseId": format!("response_{}", name("response")),
        "result": { "metadata": metadata(turn, &name("round")) },
        "followups": [],
        "isCanceled": !whole,
        "modelState": { "value": if whole { COMPLETE } else { CANCELLED }, "completedAt": ended },
        "contentReferences": [],
        "codeCitations": [],
    });
    if let Value::Object(fields) = &mut request {
        fields.extend(began.map(|at| ("timestamp".to_owned(), json!(at.as_millis()))));
        let model = model.or(session.summary.model.as_deref());
        fields.extend(model.map(|model| ("modelId".to_owned(), json!(model))));
    }
    request
}

const fn at(item: &Item<'_>) -> Option<Timestamp> {
    match item {
        Item::Message(message) => message.timestamp,
        Item::Call(call) => match call.finished_at {
            Some(at) => Some(at),
            None => call.timestamp,
        },
    }
}

const fn is_whole(item: &Item<'_>) -> bool {
    match item {
        Item::Message(message) => !message.partial,
        Item::Call(call) => call.finished,
    }
}

/// The prompt as VS Code parses it: one part that is all of its text.
fn prompt(message: Option<&Message>) -> Value {
    let text = message.map(said).unwrap_or_default();
    let (lines, last) = (text.split('\n').count(), text.rsplit('\n').next().unwrap_or_default());
    let part = json!({
        "kind": "text",
        "text": text,
        // VS Code counts UTF-16
        "range": { "start": 0, "endExclusive": text.encode_utf16().count() },
        "editorRange": {
            "startLineNumber": 1, "startColumn": 1,
            "endLineNumber": lines, "endColumn": last.encode_utf16().count() + 1,
        },
    });
    json!({ "text": text, "parts": [part] })
}

/// All of a message as text; of what is none, that it was there.
fn said(message: &Message) -> String {
    match &message.content {
        Content::Text(text) => text.clone(),
        Content::Parts(parts) => parts.iter().map(part_said).collect::<Vec<_>>().join("\n\n"),
    }
}

fn part_said(part: &Value) -> String {
    let kind = || part.get("type").and_then(Value::as_str).unwrap_or("something");
    part_text(part).map_or_else(|| format!("[{}: not restored]", kind()), str::to_owned)
}

/// The parts of the response that show this.
fn shown(item: &Item<'_>) -> Vec<Value> {
    match item {
        Item::Call(call) => vec![invocation(call)],
        Item::Message(message) if message.role == Role::Assistant => match &message.content {
            Content::Text(text) => vec![markdown(text)],
            Content::Parts(parts) => parts.iter().map(answered).collect(),
        },
        Item::Message(message) => {
            vec![json!({ "kind": "progressMessage", "content": { "value": said(message) } })]
        }
    }
}

fn markdown(text: &str) -> Value {
    json!({ "value": text, "supportThemeIcons": false, "supportHtml": false })
}

fn answered(part: &Value) -> Value {
    match part.get("thinking").and_then(Value::as_str) {
        Some(thought) => json!({ "kind": "thinking", "value": thought }),
        None => markdown(&part_said(part)),
    }
}

fn invocation(call: &ToolCall) -> Value {
    let output = call.output.as_ref().map(text).unwrap_or_default();
    let input = call.arguments.as_ref().map(text).unwrap_or_default();
    json!({
        "kind": "toolInvocationSerialized",
        "toolCallId": call_id(call),
        "toolId": call.name,
        "invocationMessage": call.name,
        "pastTenseMessage": call.name,
        "isConfirmed": { "type": 1 },
        "isComplete": true,
        "source": { "type": "internal", "label": "Built-In" },
        "resultDetails": {
            "input": input,
            "output": [{ "type": "embed", "isText": true, "value": output }],
            "isError": call.is_error,
        },
    })
}

/// One round: the calls with their inputs, and their outputs by their ids.
fn metadata(turn: &Turn<'_>, round: &str) -> Value {
    let calls: Vec<&ToolCall> = turn.rest.iter().filter_map(Item::call).collect();
    if calls.is_empty() {
        return json!({});
    }
    let made = |call: &&ToolCall| {
        let input = match &call.arguments {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::from("{}"),
        };
        json!({ "id": call_id(call), "name": call.name, "arguments": input })
    };
    let result = |call: &&&ToolCall| {
        let said = call.output.as_ref().map(text).unwrap_or_default();
        (call_id(call), json!({ "content": [{ "value": said }] }))
    };
    let finished = calls.iter().filter(|call| call.finished);
    let results: Map<String, Value> = finished.map(|call| result(&call)).collect();
    json!({
        "toolCallRounds": [{
            "id": round, "response": "", "toolInputRetry": 0, "toolCalls": calls.iter().map(made).collect::<Vec<_>>(),
        }],
        "toolCallResults": results,
    })
}

/// Its own id, else one made of its place.
fn call_id(call: &ToolCall) -> String {
    call.call_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", call.position))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionDetail {
        let at = "2026-01-01T00:00:00Z";
        serde_json::from_value(json!({
            "session_id": "s", "title": "T", "preview": null, "state": "completed", "provider": "p", "model": null,
            "workspace": null, "editor": "E", "started_at": at, "last_event_at": at, "ended_at": null, "event_count": 1,
            "message_count": 4, "tool_call_count": 2, "interruption_count": 0, "starred": false, "tags": [],
            "live": false, "metadata": {}, "end_reason": null, "expected_messages": null,
            "messages": [
                {"position": 1, "role": "system", "content": "rules", "timestamp": at, "origin": "event"},
                {"position": 2, "role": "user", "content": "wh\u{1f600}\nwhy?", "timestamp": at, "origin": "event"},
                {"position": 3, "role": "assistant", "timestamp": at, "origin": "event", "model": "m", "content": [
                    {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "because"}]},
                {"position": 6, "role": "user", "content": "and?", "timestamp": at, "origin": "event"},
            ],
            "tool_calls": [
                {"position": 4, "call_id": "c1", "name": "run", "arguments": {"a": 1}, "output": "out", "finished": true,
                 "is_error": true, "timestamp": at, "origin": "event"},
                {"position": 5, "name": "wait", "finished": false, "timestamp": at, "origin": "event"},
            ],
            "interruptions": [], "missing": [], "recoveries": [], "conflicts": [], "other": [],
        }))
        .unwrap()
    }

    #[test]
    fn each_prompt_is_a_request_with_all_that_followed() {
        let file: Value = serde_json::from_str(&export(&session())).unwrap();
        for absent in ["version", "sessionId", "creationDate"] {
            assert!(file.get(absent).is_none(), "{absent}");
        }
        assert_eq!((&file["initialLocation"], &file["responderUsername"]), (&json!("panel"), &json!("E")));
        assert!(
            file["requesterUsername"].is_string(),
            "older VS Code tells an export by it, newer by the responder's"
        );
        let requests = file["requests"].as_array().unwrap();
        let asked: Vec<&Value> = requests.iter().map(|r| &r["message"]["text"]).collect();
        assert_eq!(asked, ["", "wh\u{1f600}\nwhy?", "and?"]);
        assert_eq!(requests[0]["response"][0]["kind"], "progressMessage");
        let part = &requests[1]["message"]["parts"][0];
        assert_eq!(
            (&part["range"]["endExclusive"], &part["editorRange"]["endColumn"]),
            (&json!(9), &json!(5))
        );
        let kinds: Vec<&Value> =
            requests[1]["response"].as_array().unwrap().iter().map(|p| &p["kind"]).collect();
        assert_eq!(
            json!(kinds),
            json!(["thinking", null, "toolInvocationSerialized", "toolInvocationSerialized"])
        );
        let about = &requests[1]["result"]["metadata"];
        assert_eq!(about["toolCallRounds"][0]["toolCalls"][0]["arguments"], "{\"a\":1}");
        assert_eq!(about["toolCallResults"], json!({"c1": {"content": [{"value": "out"}]}}));
        assert_eq!(requests[1]["response"][2]["resultDetails"]["isError"], true);
        let states: Vec<&Value> = requests.iter().map(|r| &r["modelState"]["value"]).collect();
        assert_eq!(json!(states), json!([1, 2, 2]), "a call without a result and a prompt without an answer");
        assert_eq!(export(&session()), export(&session()));
    }
}
