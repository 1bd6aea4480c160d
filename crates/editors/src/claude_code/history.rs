//! `history.jsonl`: every prompt that was typed, kept when the transcripts are deleted.
//!
//! Owns sessions of which nothing else is left. Never the source for a session whose transcript is there. Invariant: the same
//! prompt has the same id however long the file grows.

use super::head;
use crate::editor::{Each, SessionFile};
use crate::ids::{self, hash};
use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape};
use crate::times::Times;
use crate::{EventDraft, ReadError, ReadReport, Reader, Step};
use chasm_protocol::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::BufReader;
use std::path::Path;

const NAME: &str = "history.jsonl";

const SHAPE: Shape = Shape {
    starts: &["{\"display\""],
    is_line: |value| value.get("display").is_some() && value.get("timestamp").is_some(),
    is_beginning: |value| value.get("display").is_some_and(Value::is_string),
};

/// What the list says of one session.
#[derive(Debug, Default)]
pub struct History {
    project: Option<String>,
    title: Option<String>,
    bytes: u64,
    last: u64,
}

#[derive(Deserialize)]
struct Prompt<'a> {
    #[serde(rename = "sessionId")]
    session_id: Option<&'a str>,
    project: Option<String>,
    display: Option<String>,
}

impl History {
    /// The sessions of a list of prompts. A damaged line is passed over here: reading a session tells of it.
    pub fn sessions(path: &Path) -> HashMap<String, Self> {
        let mut all: HashMap<String, Self> = HashMap::new();
        let Ok(file) = File::open(path) else { return all };
        let mut lines = Lines::new(BufReader::new(file));
        while let Ok(Some(line)) = lines.next_line() {
            let Ok(prompt) = serde_json::from_slice::<Prompt<'_>>(&line.bytes) else { continue };
            let Some(id) = prompt.session_id.filter(|id| !id.is_empty()) else { continue };
            let said = all.entry(ids::session_id("claude-code", id)).or_default();
            said.bytes += line.bytes.len() as u64;
            said.last = line.offset;
            said.project = said.project.take().or(prompt.project);
            said.title = said.title.take().or(prompt.display.filter(|text| !text.trim().is_empty()));
        }
        all
    }

    pub fn file(self, session_id: String, path: &Path, about: &Metadata) -> SessionFile {
        let mut file = SessionFile::new(session_id, path, about);
        // the list grows with every session: what counts is this one's part
        file.stamp = hash(&format!("{} {}", self.bytes, self.last));
        (file.bytes, file.workspace, file.title) = (self.bytes, self.project, self.title);
        file.shown = Some(false);
        file
    }
}

/// The prompts of one session.
pub struct PromptsOnly;

impl PromptsOnly {
    pub fn is_in(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == NAME)
    }

    pub fn open(file: &SessionFile) -> impl Reader + use<> {
        let (session_id, title, workspace) =
            (file.session_id.clone(), file.title.clone(), file.workspace.clone());
        let fresh = move || Prompts {
            session_id: session_id.clone(),
            title: title.clone(),
            workspace: workspace.clone(),
            times: None,
            seen: HashSet::new(),
        };
        Lacking(LineFile::of(&file.path, fresh))
    }
}

struct Prompts {
    session_id: String,
    title: Option<String>,
    workspace: Option<String>,
    times: Option<Times>,
    /// Lines so far, to know copies.
    seen: HashSet<u64>,
}

impl LineReader for Prompts {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        let mut told = ReadReport::default();
        let (found, _) = jsonl::values(line, &SHAPE, &mut told);
        for value in found.into_iter().map(|found| found.value) {
            let of =
                value.get("sessionId").and_then(Value::as_str).map(|id| ids::session_id("claude-code", id));
            if of.as_deref() == Some(&self.session_id) {
                self.prompt(&value, out);
            }
        }
    }
}

impl Prompts {
    fn prompt(&mut self, value: &Value, out: &mut Out<'_>) {
        let said = hash(&value.to_string());
        if !self.seen.insert(said) {
            out.report.copies += 1;
            return;
        }
        let at =
            value.get("timestamp").and_then(Value::as_i64).and_then(|ms| Timestamp::from_millis(ms).ok());
        if self.times.is_none() {
            self.start(at.unwrap_or_default(), out);
        }
        let times = self.times.get_or_insert_with(|| Times::new(at.unwrap_or_default()));
        out.report.lines += 1;
        out.report.messages += 1;
        let key = format!("prompt-{said:016x}");
        let data = json!({
            "role": "user",
            "content": value.get("display").and_then(Value::as_str).unwrap_or_default(),
            "message_id": key,
            "metadata": { "claude_code": value },
        });
        let timestamp = times.stamp(at);
        out.push(self.event("message", key, timestamp, data));
    }

    fn start(&mut self, at: Timestamp, out: &mut Out<'_>) {
        let title = self.title.as_deref().and_then(super::prompt::first_line);
        let mut data = head::object([("title", title), ("workspace", self.workspace.clone())]);
        data.extend(head::always(head::object([("file", Some(NAME.to_owned()))])));
        out.report.sessions.push(self.session_id.clone());
        let id = format!("!start-{:016x}", hash(&Value::Object(data.clone()).to_string()));
        out.push(self.event("session_start", id, at, Value::Object(data)));
    }

    fn event(&self, event_type: &str, event_id: String, timestamp: Timestamp, data: Value) -> EventDraft {
        EventDraft {
            session_id: self.session_id.clone(),
            event_type: event_type.to_owned(),
            event_id,
            timestamp,
            data: match data {
                Value::Object(fields) => fields,
                other => Map::from_iter([("value".to_owned(), other)]),
            },
        }
    }
}

/// Says with every report that the answers are gone.
struct Lacking<R>(R);

impl<R: Reader> Reader for Lacking<R> {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        self.0.read_on(last, each)
    }

    fn report(&self) -> ReadReport {
        let mut report = self.0.report();
        report.lacks("the transcript is gone, and with it all answers: only what was typed is left");
        report
    }
}
