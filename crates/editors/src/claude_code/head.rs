//! What the beginning of a file says about its session.
//!
//! Owns the look ahead that `session_start` needs. Never reads further than [`HEAD_LINES`] or [`HEAD_BYTES`], so that a
//! longer version of the file says the same.

use super::EDITING;
use super::entry::Entry;
use super::entry::SHAPE;
use super::names::FileName;
use super::prompt;
use crate::jsonl::{Lines, salvage};
use crate::times;
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::io::{self, BufRead};
use std::path::Path;
use std::time::SystemTime;

const HEAD_LINES: usize = 200;
const HEAD_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Debug, Clone)]
pub struct Head {
    pub session_id: String,
    /// A sub-agent's own file: all of it is one session, `isSidechain` or not.
    pub is_agent: bool,
    /// Earliest time in the beginning; the file's own where no line has one.
    pub first_at: Timestamp,
    /// `data` of the `session_start`.
    pub start: Map<String, Value>,
}

impl Head {
    pub fn read(path: &Path, input: impl BufRead, modified: Option<SystemTime>) -> io::Result<Self> {
        let name = FileName::of(path);
        let mut facts = Facts::default();
        let mut lines = Lines::new(input);
        for _ in 0..HEAD_LINES {
            let Some(line) = lines.next_line()? else { break };
            for found in salvage::read_line(&line.bytes, &SHAPE).found {
                if let Value::Object(fields) = found.value {
                    facts.add(&Entry { fields, cut: found.cut }, name.is_agent);
                }
            }
            if facts.complete() || lines.offset() > HEAD_BYTES {
                break;
            }
        }
        let session_id = name.session_id(facts.session_id.as_deref());
        let parent = name.is_agent.then(|| name.parent.clone().or(facts.session_id.clone())).flatten();
        Ok(Self {
            session_id,
            is_agent: name.is_agent,
            first_at: facts.first_at.unwrap_or_else(|| times::of_file(modified)),
            start: facts.start(&name.stem, parent),
        })
    }
}

#[derive(Default)]
struct Facts {
    session_id: Option<String>,
    first_at: Option<Timestamp>,
    title: Option<String>,
    model: Option<String>,
    cwd: Option<String>,
    version: Option<String>,
    branch: Option<String>,
}

impl Facts {
    fn add(&mut self, entry: &Entry, agent_file: bool) {
        let keep = |slot: &mut Option<String>, value: Option<&str>| {
            if slot.is_none() {
                *slot = value.map(str::to_owned);
            }
        };
        keep(&mut self.session_id, entry.text("sessionId"));
        keep(&mut self.cwd, entry.text("cwd"));
        keep(&mut self.version, entry.text("version"));
        keep(&mut self.branch, entry.text("gitBranch"));
        if let Some(at) = entry.timestamp() {
            self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        }
        if entry.is("isSidechain") && !agent_file {
            return;
        }
        keep(&mut self.title, prompt::title(entry).as_deref());
        keep(&mut self.model, model(entry));
    }

    fn complete(&self) -> bool {
        self.session_id.is_some() && self.title.is_some() && self.model.is_some() && self.cwd.is_some()
    }

    fn start(self, stem: &str, parent: Option<String>) -> Map<String, Value> {
        let about = object([
            ("file", Some(format!("{stem}.jsonl"))),
            ("version", self.version),
            ("git_branch", self.branch),
            ("session_id", self.session_id),
            ("parent_session", parent),
        ]);
        let mut start = object([("title", self.title), ("model", self.model), ("workspace", self.cwd)]);
        start.extend(always(about));
        start
    }
}

/// What every `session_start` from Claude Code says.
pub fn always(about: Map<String, Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("provider".into(), json!(EDITING.id));
    fields.insert("editor".into(), json!(EDITING.name));
    fields.insert("metadata".into(), json!({ EDITING.format: about }));
    fields
}

/// The fields that have a value.
pub fn object<const N: usize>(fields: [(&str, Option<String>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?)))).collect()
}

/// The model of an assistant's line; `<synthetic>` marks the program's own error texts.
pub fn model(entry: &Entry) -> Option<&str> {
    entry.message("model").filter(|model| entry.kind() == "assistant" && !model.starts_with('<'))
}
