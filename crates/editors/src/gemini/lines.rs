//! A session that is a file of lines.
//!
//! Owns what each line does to the session. Invariant: the events of a file that has grown begin with those of the shorter
//! one; what `$rewindTo` takes back stays, and where it was taken back is said.

use super::record::{Record, timestamp};
use super::{EDITING, WHAT, names};
use crate::ids::hash;
use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape, salvage};
use crate::sheet::{Sheet, fields, text};
use crate::{ReadError, times, walk};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::io::BufReader;
use std::path::Path;

const SHAPE: Shape = Shape {
    starts: &["{\"sessionId\"", "{\"id\"", "{\"$set\"", "{\"$rewindTo\"", "{\"type\"", "{\"timestamp\""],
    is_line: |value| {
        let has = |key: &str| value.get(key).is_some();
        names::is_record(value) || has("$set") || has("$rewindTo") || (has("sessionId") && has("projectHash"))
    },
    is_beginning: |value| value.as_object().is_some_and(|fields| !fields.is_empty()),
};

/// Lines of the beginning that are looked at for what the session is.
const HEAD_LINES: usize = 20;

pub fn open(path: &Path) -> Result<LineFile<Script>, ReadError> {
    LineFile::new(path, Script::of)
}

pub struct Script {
    sheet: Sheet,
    first_at: Timestamp,
    project: Option<String>,
    about: Value,
    begun: bool,
}

impl Script {
    pub fn of(path: &Path) -> Result<Self, ReadError> {
        let failed = |source| ReadError::io(path, source);
        let (file, about) = walk::open_filled(path)?;
        let (mut id, mut first_at, mut known) = (None, None, false);
        let mut lines = Lines::new(BufReader::new(file));
        for _ in 0..HEAD_LINES {
            let Some(line) = lines.next_line().map_err(failed)? else { break };
            for found in salvage::read_line(&line.bytes, &SHAPE).found {
                known |= (SHAPE.is_line)(&found.value);
                let Value::Object(line) = found.value else { continue };
                first_at = first_at.or_else(|| time_of(&line));
                id = id.or_else(|| text(&line, "sessionId").map(str::to_owned));
            }
            if id.is_some() && first_at.is_some() {
                break;
            }
        }
        if !known {
            return Err(ReadError::other(path, WHAT));
        }
        let first_at = first_at.unwrap_or_else(|| times::of_file(walk::made(&about)));
        let parent = names::parent(path).and_then(Path::file_name).map(|name| name.to_string_lossy());
        let name = path.file_name().map(|name| name.to_string_lossy());
        Ok(Self {
            sheet: Sheet::new(names::session_id(path, id.as_deref()), EDITING, first_at),
            first_at,
            project: names::project(path),
            about: json!({ "file": name, "session_id": id, "parent_session": parent }),
            begun: false,
        })
    }

    pub fn session_id(&self) -> &str {
        &self.sheet.session_id
    }

    fn line_of(&mut self, line: &Map<String, Value>, cut: bool, out: &mut Out<'_>) {
        if let Some(Value::Object(set)) = line.get("$set") {
            self.set(line, set, out);
        } else if line.contains_key("$rewindTo") {
            out.report.count("rewinds");
            self.side("gemini.rewind", line, out);
        } else if line.contains_key("id") {
            Record { fields: line, cut }.write(&mut self.sheet, out);
        } else {
            self.side("gemini.session", line, out);
        }
    }

    /// What has changed about the session; with a list of messages in it, all of them.
    fn set(&mut self, line: &Map<String, Value>, set: &Map<String, Value>, out: &mut Out<'_>) {
        let messages = set.get("messages").and_then(Value::as_array);
        for record in messages.into_iter().flatten().filter_map(Value::as_object) {
            Record { fields: record, cut: false }.write(&mut self.sheet, out);
        }
        let mut data = fields(json!({ "metadata": { "gemini": line } }));
        data.extend(text(set, "summary").map(|title| ("title".to_owned(), json!(title))));
        let name = format!("set-{:016x}", hash(&json!(line).to_string()));
        self.sheet.put("session_update", &name, timestamp(set, "lastUpdated"), data, out);
    }

    fn side(&mut self, kind: &str, line: &Map<String, Value>, out: &mut Out<'_>) {
        let name = format!("h-{:016x}", hash(&json!(line).to_string()));
        self.sheet.put(kind, &name, time_of(line), fields(json!({ "line": line })), out);
    }
}

fn time_of(line: &Map<String, Value>) -> Option<Timestamp> {
    timestamp(line, "timestamp").or_else(|| timestamp(line, "startTime"))
}

impl LineReader for Script {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.sheet.start(self.project.clone(), self.about.clone(), self.first_at, out);
        }
        let (found, lost) = jsonl::values(line, &SHAPE, out.report);
        for found in found {
            let line = fields(found.value);
            self.line_of(&line, found.cut, out);
            if let Some(raw) = found.verbatim {
                let name = format!("v-{:016x}", hash(&raw));
                self.sheet.put("gemini.verbatim", &name, time_of(&line), fields(json!({ "text": raw })), out);
            }
        }
        self.sheet.damaged(&lost, out);
    }
}
