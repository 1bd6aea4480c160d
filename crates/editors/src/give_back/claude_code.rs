//! A session as a transcript of Claude Code, which `claude --resume` goes on with.
//!
//! Owns the lines of the new file. Never takes over a line's old `uuid`: the same one in two sessions would tie them together.
//! Invariant: the lines are one chain of `parentUuid`s, their times rise, and the results of calls follow the calls of one
//! answer before anything else is said, as the model's API wants it.

use super::{Item, items, uuid};
use chasm_protocol::session::{Message, SessionDetail, ToolCall};
use chasm_protocol::{Content, Role, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The editor that reads them.
pub const EDITOR: &str = "claude-code";
/// What the lines say of the program that wrote them, where the session does not know.
const VERSION: &str = "2.0.0";
/// The model of answers whose model is not known.
const NO_MODEL: &str = "unknown";

/// The name of the folder that Claude Code keeps a project's transcripts in.
pub fn slug(folder: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    folder.chars().map(plain).collect()
}

/// The transcript: `id` names the new session, `folder` is where it goes on.
pub fn transcript(session: &SessionDetail, id: &str, folder: &str) -> String {
    let mut scribe = Scribe::new(session, id, folder);
    let all = items(session);
    let mut rest = all.as_slice();
    while let Some((first, after)) = rest.split_first() {
        match first {
            Item::Message(message) => {
                scribe.message(message);
                rest = after;
            }
            Item::Call(call) => {
                let same = |item: &&Item<'_>| matches!(item, Item::Call(c) if is_of_one_answer(call, c));
                let calls = rest.iter().take_while(same).count().max(1);
                let (run, behind) = rest.split_at(calls.min(rest.len()));
                scribe.calls(run);
                rest = behind;
            }
        }
    }
    scribe.title();
    scribe.out
}

fn is_of_one_answer(first: &ToolCall, other: &ToolCall) -> bool {
    std::ptr::eq(first, other) || (first.message_id.is_some() && first.message_id == other.message_id)
}

/// A line of the conversation, in Claude Code's order of fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    parent_uuid: Option<&'a str>,
    is_sidechain: bool,
    user_type: &'static str,
    cwd: &'a str,
    session_id: &'a str,
    version: &'a str,
    git_branch: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_meta: bool,
    message: Value,
    uuid: &'a str,
    timestamp: Timestamp,
}

struct Scribe<'a> {
    session: &'a SessionDetail,
    id: &'a str,
    folder: &'a str,
    out: String,
    parent: Option<String>,
    at_ms: i64,
    lines: u64,
    calls: u64,
}

impl<'a> Scribe<'a> {
    fn new(session: &'a SessionDetail, id: &'a str, folder: &'a str) -> Self {
        let at_ms = session.summary.started_at.as_millis().saturating_sub(1);
        Self { session, id, folder, out: String::new(), parent: None, at_ms, lines: 0, calls: 0 }
    }

    fn message(&mut self, message: &Message) {
        let (role, at) = (message.role, message.timestamp);
        if role == Role::Assistant {
            let blocks = self.answer(&message.content);
            if !blocks.is_empty() {
                let id = message.message_id.clone().unwrap_or_else(|| self.made("msg"));
                self.assistant(&id, message.model.as_deref(), blocks, at);
            }
            return;
        }
        let content = match &message.content {
            Content::Text(text) if text.is_empty() => return,
            Content::Text(text) => json!(text),
            Content::Parts(parts) => Value::Array(parts.iter().filter_map(asked).collect()),
        };
        if content.as_array().is_some_and(Vec::is_empty) {
            return;
        }
        // what no person typed is shown as such
        self.line("user", role != Role::User, json!({ "role": "user", "content": content }), at);
    }

    /// Calls of one answer, then their results.
    fn calls(&mut self, run: &[Item<'_>]) {
        let calls: Vec<&ToolCall> = run.iter().filter_map(Item::call).collect();
        let answer = calls.first().and_then(|call| call.message_id.clone());
        let answer = answer.unwrap_or_else(|| self.made("msg"));
        let said = self.session.messages.iter().find(|m| m.message_id.as_deref() == Some(&answer));
        let model = said.and_then(|message| message.model.as_deref());
        let ids: Vec<String> = calls.iter().map(|call| self.call_id(call)).collect();
        for (call, id) in calls.iter().zip(&ids) {
            let input = call.arguments.clone().map_or_else(|| json!({}), input);
            let block = json!({ "type": "tool_use", "id": id, "name": tool_name(call), "input": input });
            self.assistant(&answer, model, vec![block], call.timestamp);
        }
        for (call, id) in calls.iter().zip(&ids).filter(|(call, _)| call.finished) {
            let mut block = Map::new();
            block.insert("type".into(), json!("tool_result"));
            block.insert("tool_use_id".into(), json!(id));
            block.extend(call.output.as_ref().map(|output| ("content".to_owned(), result(output))));
            if call.is_error {
                block.insert("is_error".into(), json!(true));
            }
            self.line("user", false, json!({ "role": "user", "content": [block] }), call.finished_at);
        }
    }

    fn call_id(&mut self, call: &ToolCall) -> String {
        // the API takes letters, digits, `_` and `-`
        let good = |id: &&String| {
            !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        self.calls += 1;
        call.call_id.as_ref().filter(good).cloned().unwrap_or_else(|| self.made("toolu"))
    }

    fn assistant(&mut self, id: &str, model: Option<&str>, blocks: Vec<Value>, at: Option<Timestamp>) {
        let model = model.or(self.session.summary.model.as_deref()).unwrap_or(NO_MODEL);
        let message = json!({
            "id": id, "type": "message", "role": "assistant", "model": model, "content": blocks,
            "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 0, "output_tokens": 0 },
        });
        self.line("assistant", false, message, at);
    }

    fn line(&mut self, kind: &'static str, is_meta: bool, message: Value, at: Option<Timestamp>) {
        self.at_ms = at.map_or(i64::MIN, Timestamp::as_millis).max(self.at_ms + 1);
        let own = self.made("line");
        let about = |key: &str| self.session.metadata.get("claude_code")?.get(key)?.as_str();
        let line = Line {
            parent_uuid: self.parent.as_deref(),
            is_sidechain: false,
            user_type: "external",
            cwd: self.folder,
            session_id: self.id,
            version: about("version").unwrap_or(VERSION),
            git_branch: about("git_branch").unwrap_or_default(),
            kind,
            is_meta,
            message,
            uuid: &own,
            timestamp: Timestamp::from_micros(self.at_ms.saturating_mul(1_000)),
        };
        self.out.push_str(&serde_json::to_string(&line).unwrap_or_default());
        self.out.push('\n');
        self.parent = Some(own);
        self.lines += 1;
    }

    fn title(&mut self) {
        if let Some(title) = &self.session.summary.title {
            let line = json!({ "type": "custom-title", "customTitle": title, "sessionId": self.id });
            self.out.push_str(&format!("{line}\n"));
        }
    }

    /// The blocks of an answer. Those of Claude Code itself stand as they are; of other programs' ones, what the API takes.
    fn answer(&self, content: &Content) -> Vec<Value> {
        let own = self.session.summary.provider.as_deref() == Some(EDITOR);
        match content {
            Content::Text(text) if text.is_empty() => Vec::new(),
            Content::Text(text) => vec![block(text)],
            Content::Parts(parts) if own => parts.iter().map(whole).collect(),
            Content::Parts(parts) => parts.iter().filter_map(answered).collect(),
        }
    }

    /// A name that nothing in the file has yet.
    fn made(&self, what: &str) -> String {
        let name = uuid(&format!("{} {what} {} {}", self.id, self.lines, self.calls));
        if what == "line" { name } else { format!("{what}_{}", name.replace('-', "")) }
    }
}

fn block(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn whole(part: &Value) -> Value {
    part.as_str().map_or_else(|| part.clone(), block)
}

/// A part of what was asked. A picture without its bytes says that it was there.
fn asked(part: &Value) -> Option<Value> {
    let kind = part.get("type").and_then(Value::as_str);
    match (kind, super::part_text(part)) {
        (_, Some("")) => None,
        (Some("image" | "document"), None) if part.get("source").is_some() => Some(part.clone()),
        (_, Some(text)) => Some(block(text)),
        (kind, None) => Some(block(&format!("[{}: not restored]", kind.unwrap_or("something")))),
    }
}

fn answered(part: &Value) -> Option<Value> {
    let signed = part.get("signature").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    match part.get("thinking").and_then(Value::as_str) {
        Some(_) if signed => Some(part.clone()),
        Some("") => None,
        // the API refuses thoughts that bear no signature of its own
        Some(thought) => Some(block(&format!("<thinking>\n{thought}\n</thinking>"))),
        None => asked(part),
    }
}

/// Arguments have to be an object; some programs keep them as its JSON.
fn input(arguments: Value) -> Value {
    let said = match &arguments {
        Value::String(text) => serde_json::from_str(text).unwrap_or(arguments),
        _ => arguments,
    };
    if said.is_object() { said } else { json!({ "arguments": said }) }
}

fn result(output: &Value) -> Value {
    let blocks = |parts: &Vec<Value>| {
        parts.iter().all(|part| matches!(part.get("type").and_then(Value::as_str), Some("text" | "image")))
    };
    match output {
        Value::Array(parts) if blocks(parts) => output.clone(),
        other => json!(super::text(other)),
    }
}

fn tool_name(call: &ToolCall) -> &str {
    if call.name.is_empty() { "unknown" } else { &call.name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_claude_code() {
        assert_eq!(slug("/home/a/my.app_x"), "-home-a-my-app-x");
        assert_eq!(slug("C:\\Users\\ä"), "C--Users--");
    }

    #[test]
    fn arguments_are_an_object() {
        assert_eq!(input(json!({"a": 1})), json!({"a": 1}));
        assert_eq!(input(json!("{\"a\":1}")), json!({"a": 1}));
        assert_eq!(input(json!("ls")), json!({"arguments": "ls"}));
    }

    #[test]
    fn foreign_thoughts_become_text() {
        assert_eq!(
            answered(&json!({"type": "thinking", "thinking": "hm", "signature": "s"})).unwrap()["type"],
            "thinking"
        );
        assert_eq!(
            answered(&json!({"type": "thinking", "thinking": "hm"})),
            Some(block("<thinking>\nhm\n</thinking>"))
        );
        assert_eq!(asked(&json!({"type": "image", "url": "x"})), Some(block("[image: not restored]")));
    }
}
