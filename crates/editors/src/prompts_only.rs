//! Sessions of which only what was typed is left: programs keep a list of all prompts when they delete their sessions.
//!
//! Owns the reading of such a list. Never the source for a session whose own file is there. Invariant: the same prompt has the
//! same id however long the list grows, and a line that stands in it twice is one prompt.

use crate::editor::{Each, SessionFile};
use crate::ids::{self, hash};
use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape};
use crate::sheet::{Editing, Sheet, fields, first_line};
use crate::{ReadError, ReadReport, Reader, Step, walk};
use chasm_protocol::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::io::BufReader;
use std::path::Path;

/// What all programs call the list.
const NAME: &str = "history.jsonl";

/// How a program writes its list.
pub(crate) struct PromptList {
    pub editing: Editing,
    pub shape: Shape,
    /// The fields of a line that have the session's own id, and what was typed.
    pub session: &'static str,
    pub text: &'static str,
    /// When it was typed.
    pub time: fn(&Value) -> Option<Timestamp>,
    /// What a whole line says, read without keeping the rest of it.
    pub glance: fn(&[u8]) -> Option<Glance>,
    /// The session has its title from the start, not from its first prompt.
    pub titled: bool,
    /// What is missing of such a session, for people.
    pub lacks: &'static str,
}

/// What finding sessions needs of a line.
pub(crate) struct Glance {
    pub session: String,
    pub title: Option<String>,
    pub workspace: Option<String>,
}

/// Whether this file is a list of prompts.
pub(crate) fn is_list(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NAME)
}

impl PromptList {
    /// Adds the sessions of the list in this folder that are in no file. Only what is no link is opened.
    pub fn add(&'static self, root: &Path, files: &mut Vec<SessionFile>) {
        let path = root.join(NAME);
        let Some(about) = walk::regular(&path) else { return };
        let here: HashSet<&str> = files.iter().map(|file| file.session_id.as_str()).collect();
        let all = self.sessions(&path).into_iter();
        let gone: Vec<_> = all.filter(|(id, _)| !here.contains(id.as_str())).collect();
        files.extend(gone.into_iter().map(|(id, said)| said.file(id, &path, &about)));
    }

    /// Opens what the list has of one session.
    pub fn open(&'static self, file: &SessionFile) -> Box<dyn Reader> {
        let of = file.clone();
        let fresh = move || Prompts { list: self, of: of.clone(), sheet: None, seen: HashSet::new() };
        Box::new(Lacking { inner: LineFile::of(&file.path, fresh), lacks: self.lacks })
    }

    /// A damaged line is passed over here: reading a session tells of it.
    fn sessions(&self, path: &Path) -> HashMap<String, Said> {
        let mut all: HashMap<String, Said> = HashMap::new();
        let Ok(file) = walk::open(path) else { return all };
        let mut lines = Lines::new(BufReader::new(file));
        while let Ok(Some(line)) = lines.next_line() {
            let Some(glance) = (self.glance)(&line.bytes) else { continue };
            if !glance.session.is_empty() {
                let id = ids::session_id(self.editing.id, &glance.session);
                all.entry(id).or_default().add(&line, glance);
            }
        }
        all
    }
}

/// What the list says of one session.
#[derive(Debug, Default)]
struct Said {
    title: Option<String>,
    workspace: Option<String>,
    bytes: u64,
    last: u64,
}

impl Said {
    fn add(&mut self, line: &RawLine, glance: Glance) {
        self.bytes += line.bytes.len() as u64;
        self.last = line.offset;
        self.title = self.title.take().or(glance.title);
        self.workspace = self.workspace.take().or(glance.workspace);
    }

    fn file(self, session_id: String, path: &Path, about: &Metadata) -> SessionFile {
        let mut file = SessionFile::new(session_id, path, about);
        // the list grows with every session: what counts is this one's part
        file.stamp = hash(&format!("{} {}", self.bytes, self.last));
        (file.bytes, file.workspace, file.title) = (self.bytes, self.workspace, self.title);
        file.shown = Some(false);
        file
    }
}

/// The prompts of one session.
struct Prompts {
    list: &'static PromptList,
    of: SessionFile,
    sheet: Option<Sheet>,
    /// Lines so far, to know copies.
    seen: HashSet<u64>,
}

impl LineReader for Prompts {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        let (found, _) = jsonl::values(line, &self.list.shape, &mut ReadReport::default());
        for value in found.into_iter().map(|found| found.value) {
            let id = value.get(self.list.session).and_then(Value::as_str);
            if id.is_some_and(|id| ids::session_id(self.list.editing.id, id) == self.of.session_id) {
                self.prompt(&value, out);
            }
        }
    }
}

impl Prompts {
    fn prompt(&mut self, value: &Value, out: &mut Out<'_>) {
        let line = hash(&value.to_string());
        if !self.seen.insert(line) {
            out.report.copies += 1;
            return;
        }
        let at = (self.list.time)(value);
        let (list, of) = (self.list, &self.of);
        let sheet = self.sheet.get_or_insert_with(|| begin(list, of, at.unwrap_or_default(), out));
        out.report.lines += 1;
        let said = value.get(list.text).and_then(Value::as_str).unwrap_or_default();
        if !list.titled {
            sheet.first_title(said, at, out);
        }
        let key = format!("prompt-{line:016x}");
        let about = json!({ list.editing.format: value });
        let data = json!({ "role": "user", "content": said, "message_id": key, "metadata": about });
        sheet.put("message", &key, at, fields(data), out);
    }
}

fn begin(list: &PromptList, of: &SessionFile, at: Timestamp, out: &mut Out<'_>) -> Sheet {
    let mut sheet = Sheet::new(of.session_id.clone(), list.editing, at);
    let title = of.title.as_deref().filter(|_| list.titled).and_then(first_line);
    sheet.start_titled(title, of.workspace.clone(), json!({ "file": NAME }), at, out);
    sheet
}

/// Says with every report that the answers are gone.
struct Lacking<R> {
    inner: R,
    lacks: &'static str,
}

impl<R: Reader> Reader for Lacking<R> {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        self.inner.read_on(last, each)
    }

    fn report(&self) -> ReadReport {
        let mut report = self.inner.report();
        report.lacks(self.lacks);
        report
    }
}
