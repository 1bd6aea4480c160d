//! `history.jsonl`: every prompt that was typed, kept when rollouts are deleted.
//!
//! Owns sessions of which nothing else is left. Never the source for a session whose rollout is there. Invariant: the same
//! prompt has the same id however long the file grows.

use super::EDITING;
use crate::editor::{Each, SessionFile};
use crate::ids::{self, hash};
use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape};
use crate::sheet::{Sheet, fields};
use crate::{ReadError, ReadReport, Reader, Step};
use chasm_protocol::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::BufReader;
use std::path::Path;

const NAME: &str = "history.jsonl";

const SHAPE: Shape = Shape {
    starts: &["{\"session_id\"", "{\"text\"", "{\"ts\""],
    is_line: |value| value.get("session_id").is_some() && value.get("text").is_some(),
    is_beginning: |value| value.get("session_id").is_some_and(Value::is_string),
};

/// What the list says of one session.
#[derive(Debug, Default)]
pub struct History {
    title: Option<String>,
    bytes: u64,
    last: u64,
}

#[derive(Deserialize)]
struct Prompt {
    session_id: Option<String>,
    text: Option<String>,
}

impl History {
    /// The sessions of a list of prompts. A damaged line is passed over here: reading a session tells of it.
    pub fn sessions(path: &Path) -> HashMap<String, Self> {
        let mut all: HashMap<String, Self> = HashMap::new();
        let Ok(file) = File::open(path) else { return all };
        let mut lines = Lines::new(BufReader::new(file));
        while let Ok(Some(line)) = lines.next_line() {
            let Ok(prompt) = serde_json::from_slice::<Prompt>(&line.bytes) else { continue };
            let Some(id) = prompt.session_id.filter(|id| !id.is_empty()) else { continue };
            let said = all.entry(ids::session_id("codex", &id)).or_default();
            said.bytes += line.bytes.len() as u64;
            said.last = line.offset;
            said.title = said.title.take().or(prompt.text.as_deref().and_then(crate::sheet::first_line));
        }
        all
    }

    pub fn file(self, session_id: String, path: &Path, about: &Metadata) -> SessionFile {
        let mut file = SessionFile::new(session_id, path, about);
        // the list grows with every session: what counts is this one's part
        file.stamp = hash(&format!("{} {}", self.bytes, self.last));
        (file.bytes, file.title, file.shown) = (self.bytes, self.title, Some(false));
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
        let session_id = file.session_id.clone();
        Lacking(LineFile::of(&file.path, move || Prompts { session_id: session_id.clone(), sheet: None }))
    }
}

struct Prompts {
    session_id: String,
    sheet: Option<Sheet>,
}

impl LineReader for Prompts {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        let (found, _) = jsonl::values(line, &SHAPE, &mut ReadReport::default());
        for value in found.into_iter().map(|found| found.value) {
            let of = value.get("session_id").and_then(Value::as_str).map(|id| ids::session_id("codex", id));
            if of.as_deref() == Some(&self.session_id) {
                self.prompt(&value, out);
            }
        }
    }
}

impl Prompts {
    fn prompt(&mut self, value: &Value, out: &mut Out<'_>) {
        let seconds = value.get("ts").and_then(Value::as_i64);
        let at = seconds.and_then(|s| Timestamp::from_millis(s.checked_mul(1000)?).ok());
        let first_at = at.unwrap_or_default();
        let sheet = self.sheet.get_or_insert_with(|| {
            let mut sheet = Sheet::new(self.session_id.clone(), EDITING, first_at);
            sheet.start(None, json!({ "file": NAME }), first_at, out);
            sheet
        });
        out.report.lines += 1;
        let said = value.get("text").and_then(Value::as_str).unwrap_or_default();
        sheet.first_title(said, at, out);
        let key = format!("prompt-{:016x}", hash(&value.to_string()));
        let data =
            json!({ "role": "user", "content": said, "message_id": key, "metadata": { "codex": value } });
        sheet.put("message", &key, at, fields(data), out);
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
        report.lacks("the rollout is gone, and with it all answers: only what was typed is left");
        report
    }
}
