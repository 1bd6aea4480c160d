//! Transcripts of agents: JSON lines with `role` and `message`.
//!
//! Owns which line becomes which event. Lines have no times: all are of when the file was made, in their order. Invariant: the
//! events of a file that has grown begin with those of the shorter one.

use super::{AGENT, bubble, fields, is_name, is_said, take, title_of};
use crate::ids::hash;
use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape, salvage};
use crate::sheet::parts;
use crate::times::{Times, of_file};
use crate::{EventDraft, ReadError, SessionFile, walk};
use chasm_protocol::{Timestamp, limits};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;

const WHAT: &str = "a Cursor transcript (JSON lines with `role` and `message`)";

/// Lines that are looked at for a title.
const HEAD_LINES: usize = 20;

const SHAPE: Shape = Shape {
    starts: &["{\"role\"", "{\"type\":\"error\""],
    is_line: |value| is_line(value),
    is_beginning: |value| value.get("role").is_some_and(Value::is_string),
};

fn is_line(value: &Value) -> bool {
    let message = value.get("role").is_some_and(Value::is_string) && value.get("message").is_some();
    message || (value.get("type") == Some(&json!("error")) && value.get("error").is_some())
}

/// Whether a file that begins with these bytes is such a transcript: its lines have no `type` as others' have, but for errors.
pub fn looks_like(beginning: &[u8]) -> bool {
    jsonl::has_line(beginning, &SHAPE, |value| is_line(value) && value.get("sessionId").is_none())
}

pub fn open(file: &SessionFile) -> Result<LineFile<Transcript>, ReadError> {
    let (id, workspace) = (file.session_id.clone(), file.workspace.clone());
    LineFile::new(&file.path, move |path| Transcript::new(path, &id, workspace.as_deref()))
}

pub struct Transcript {
    session_id: String,
    start: Map<String, Value>,
    times: Times,
    first_at: Timestamp,
    begun: bool,
    /// Lines that say the same are told by their number.
    same: HashMap<u64, u32>,
}

impl Transcript {
    fn new(path: &Path, session_id: &str, workspace: Option<&str>) -> Result<Self, ReadError> {
        let failed = |source| ReadError::io(path, source);
        let (file, about) = walk::open_filled(path)?;
        let (mut title, mut known) = (None, false);
        let mut lines = Lines::new(BufReader::new(file));
        for _ in 0..HEAD_LINES {
            let Some(line) = lines.next_line().map_err(failed)? else { break };
            for found in salvage::read_line(&line.bytes, &SHAPE).found {
                known |= is_line(&found.value);
                title = title.or_else(|| first_prompt(&found.value));
            }
        }
        if !known {
            return Err(ReadError::other(path, WHAT));
        }
        let first_at = made(&about);
        let start = start(path, title, workspace);
        let times = Times::new(first_at);
        let session_id = session_id.to_owned();
        Ok(Self { session_id, start, times, first_at, begun: false, same: HashMap::new() })
    }

    fn value(&mut self, value: Value, cut: bool, out: &mut Out<'_>) {
        let hash = hash(&value.to_string());
        let nth = self.same.entry(hash).or_default();
        let key = format!("l-{hash:016x}-{nth}");
        *nth += 1;
        let mut line = fields(value);
        let role = line.get("role").and_then(Value::as_str).map(str::to_owned);
        let content = match line.get_mut("message") {
            Some(Value::Object(message)) => message.remove("content"),
            _ => None,
        };
        match (role.as_deref(), content) {
            (Some(role @ ("user" | "assistant" | "system" | "tool")), Some(content)) => {
                self.message(&key, role, content, line, cut, out);
            }
            (_, None) if line.get("type") == Some(&json!("error")) && line.contains_key("error") => {
                out.report.count("errors");
                let text = line
                    .get("error")
                    .map(|error| error.as_str().map_or_else(|| error.to_string(), str::to_owned));
                let data = json!({ "role": "system", "content": text, "message_id": key, "metadata": { "cursor": line } });
                out.report.messages += 1;
                self.push("message", format!("{key}:message"), fields(data), out);
            }
            (_, content) => {
                if let (Some(content), Some(Value::Object(message))) = (content, line.get_mut("message")) {
                    message.insert("content".into(), content);
                }
                let kind = side_type(line.get("type").and_then(Value::as_str).unwrap_or("line"));
                self.push(&kind, format!("{key}:line"), fields(json!({ "line": line })), out);
            }
        }
    }

    fn message(
        &mut self,
        key: &str,
        role: &str,
        content: Value,
        line: Map<String, Value>,
        cut: bool,
        out: &mut Out<'_>,
    ) {
        let parts = parts(content);
        let kind = |part: &Value| part.get("type").and_then(Value::as_str).map(str::to_owned);
        let (tools, shown): (Vec<Value>, Vec<Value>) = parts
            .into_iter()
            .partition(|part| matches!(kind(part).as_deref(), Some("tool_use" | "tool_result")));
        out.report.count("lines of messages");
        let mut rest = Some(line);
        if !shown.is_empty() || tools.is_empty() {
            let mut data = said(role, shown, &mut rest);
            data.insert("message_id".into(), json!(key));
            if cut {
                data.insert("partial".into(), json!(true));
            }
            out.report.messages += 1;
            out.report.answers += u64::from(role == "assistant");
            self.push("message", format!("{key}:message"), data, out);
        }
        for (nth, tool) in tools.into_iter().enumerate() {
            self.tool(key, nth, fields(tool), rest.take(), out);
        }
    }

    fn tool(
        &mut self,
        key: &str,
        nth: usize,
        mut block: Map<String, Value>,
        rest: Option<Map<String, Value>>,
        out: &mut Out<'_>,
    ) {
        let is_call = block.get("type") == Some(&json!("tool_use"));
        let mut data = Map::new();
        let mut put = |name: &str, value: Option<Value>| data.extend(value.map(|v| (name.to_owned(), v)));
        put("arguments", take(&mut block, "input", is_said));
        put("output", take(&mut block, "content", |content| !content.is_null()));
        put("is_error", take(&mut block, "is_error", Value::is_boolean));
        put("name", take(&mut block, "name", is_name));
        put("call_id", take(&mut block, "id", is_name).or_else(|| take(&mut block, "tool_use_id", is_name)));
        if is_call {
            data.entry("name").or_insert_with(|| json!(""));
            data.insert("message_id".into(), json!(key));
            out.report.tool_calls += 1;
        } else {
            out.report.tool_results += 1;
        }
        data.insert("cursor".into(), json!({ "block": block, "line": rest }));
        let (event_type, what) = if is_call { ("tool_call", "call") } else { ("tool_result", "result") };
        self.push(event_type, format!("{key}:{what}{nth}"), data, out);
    }

    fn push(&mut self, event_type: &str, event_id: String, data: Map<String, Value>, out: &mut Out<'_>) {
        let timestamp = self.times.stamp(None);
        let (session_id, event_type) = (self.session_id.clone(), event_type.to_owned());
        out.push(EventDraft { session_id, event_type, event_id, timestamp, data });
    }

    fn begin(&mut self, out: &mut Out<'_>) {
        out.report.sessions.push(self.session_id.clone());
        out.push(EventDraft {
            session_id: self.session_id.clone(),
            event_type: "session_start".into(),
            event_id: format!("!start-{:016x}", hash(&Value::Object(self.start.clone()).to_string())),
            timestamp: self.first_at,
            data: self.start.clone(),
        });
    }
}

impl LineReader for Transcript {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.begin(out);
        }
        let (found, lost) = jsonl::values(line, &SHAPE, out.report);
        for found in found {
            self.value(found.value, found.cut, out);
            if let Some(text) = found.verbatim {
                let key = format!("v-{:016x}", hash(&format!("{}/{text}", line.offset)));
                self.push("cursor.verbatim", key, fields(json!({ "text": text })), out);
            }
        }
        for loss in lost {
            let (key, data) = jsonl::damaged(&loss);
            self.push("cursor.damaged", format!("{key}:damaged"), data, out);
        }
    }
}

/// What a session of an agent begins with.
pub fn start(path: &Path, title: Option<String>, workspace: Option<&str>) -> Map<String, Value> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut start = Map::new();
    start.extend(title.map(|title| ("title".to_owned(), json!(title))));
    start.extend(workspace.map(|workspace| ("workspace".to_owned(), json!(workspace))));
    start.insert("provider".into(), json!(AGENT.id));
    start.insert("editor".into(), json!(AGENT.name));
    start.insert("metadata".into(), json!({ "cursor": { "file": name } }));
    start
}

/// When a file was made, or what is earlier of what the file system says.
pub fn made(about: &fs::Metadata) -> Timestamp {
    let modified = about.modified().ok();
    of_file(about.created().ok().into_iter().chain(modified).min())
}

/// What stands between Cursor's marks of a prompt; `None` where they are not there.
pub fn query(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<user_query>")?;
    Some(rest.split_once("</user_query>").map_or(rest, |(query, _)| query).trim())
}

/// A message's role and content, with the rest of its line.
fn said(role: &str, shown: Vec<Value>, rest: &mut Option<Map<String, Value>>) -> Map<String, Value> {
    let content = bubble::content(shown);
    let mut about = Map::from_iter([("line".to_owned(), json!(rest.take()))]);
    let typed = content.as_str().filter(|_| role == "user").and_then(query).map(str::to_owned);
    let content = match typed {
        Some(typed) => {
            about.insert("content".into(), content);
            json!(typed)
        }
        None => content,
    };
    let mut data = Map::new();
    data.insert("role".into(), json!(role));
    data.insert("content".into(), content);
    data.insert("metadata".into(), json!({ "cursor": about }));
    data
}

fn first_prompt(value: &Value) -> Option<String> {
    if value.get("role")?.as_str()? != "user" {
        return None;
    }
    let content = value.get("message")?.get("content")?;
    let text = match content {
        Value::String(text) => text,
        Value::Array(parts) => parts.iter().find_map(|part| part.get("text")?.as_str())?,
        _ => return None,
    };
    title_of(query(text).unwrap_or(text))
}

/// `cursor.<type>`, in the protocol's alphabet.
pub fn side_type(kind: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '_' };
    let name = format!("cursor.{}", kind.chars().map(good).collect::<String>());
    name.chars().take(limits::EVENT_TYPE_BYTES).collect()
}
