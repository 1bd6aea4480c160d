//! The files that a chat changed, as the editor keeps them for its undo: `chatEditingSessions/<session>/`.
//!
//! Owns `state.json` and `contents/`. Read only where a session has no file of its own: then this may be the last copy of lost
//! code. Invariant: each entry, each operation and each kept text is in an event; texts over [`TEXT_MOST`] are cut and say so.

use super::workspace::Workspace;
use crate::ids::{self, hash};
use crate::times::{self, Times};
use crate::{EventDraft, ReadError, ReadReport};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Most bytes of a file's text that an event has.
const TEXT_MOST: u64 = 256 * 1024;
/// Largest `state.json` that is read.
const STATE_MOST: u64 = 64 * 1024 * 1024;
/// Most kept texts of one session.
const CONTENTS_MOST: usize = 10_000;

/// What an editing session has kept.
#[derive(Debug)]
pub struct Edits {
    state: Value,
    /// By the hash that names them.
    contents: BTreeMap<String, Content>,
    at: chasm_protocol::Timestamp,
}

#[derive(Debug)]
struct Content {
    text: String,
    bytes: u64,
}

/// Whether there is any text in the folder of a `state.json`.
pub fn any(state: &Path) -> bool {
    let contents = state.parent().map(|folder| folder.join("contents"));
    contents.and_then(|folder| fs::read_dir(folder).ok()).is_some_and(|mut files| files.next().is_some())
}

impl Edits {
    pub fn read(path: &Path, report: &mut ReadReport) -> Result<Self, ReadError> {
        let failed = |source| ReadError::io(path, source);
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.len() > STATE_MOST {
            let path = path.display().to_string();
            return Err(ReadError::TooLarge { path, bytes: about.len(), most: STATE_MOST });
        }
        let mut bytes = Vec::new();
        file.take(STATE_MOST).read_to_end(&mut bytes).map_err(failed)?;
        let state = serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            report.damage(crate::BadPlace {
                file: Some(String::from("state.json")),
                line: error.line() as u64,
                offset: 0,
                bytes_lost: bytes.len() as u64,
                why: format!("not JSON: {error}"),
            });
            json!({ "damaged": String::from_utf8_lossy(&bytes) })
        });
        let contents = path.parent().map(|folder| contents(&folder.join("contents"))).unwrap_or_default();
        Ok(Self { state, contents, at: times::of_file(about.modified().ok()) })
    }

    pub fn at(&self) -> chasm_protocol::Timestamp {
        self.at
    }

    /// The events of all of it, in an order of its own: the state, what was done, the files as they were and are.
    pub fn events(mut self, session_id: &str, times: &mut Times) -> Vec<EventDraft> {
        let mut pen = Pen {
            session_id,
            times,
            at: self.at,
            events: Vec::new(),
            given: BTreeSet::new(),
            contents: &self.contents,
            told: BTreeSet::new(),
        };
        let timeline = self.state.get_mut("timeline").and_then(Value::as_object_mut);
        let operations = timeline.and_then(|timeline| timeline.get_mut("operations")).map(Value::take);
        let mut entries = Vec::new();
        collect(&self.state, None, &mut entries);
        let first =
            self.state.get("initialFileContents").and_then(Value::as_array).cloned().unwrap_or_default();
        pen.event("vscode.editing_session", "editing", fields(json!({ "state": self.state })));
        for pair in &first {
            pen.initial(pair);
        }
        match operations {
            Some(Value::Array(operations)) => operations.iter().for_each(|done| pen.operation(done)),
            Some(Value::Null) | None => {}
            Some(other) => pen.operation(&other),
        }
        for (request, entry) in &entries {
            pen.entry(request.as_deref(), entry);
        }
        pen.rest();
        pen.events
    }
}

/// All that names a file and what it was and is, with the request it was done for.
fn collect(value: &Value, request: Option<&str>, entries: &mut Vec<(Option<String>, Value)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, request, entries)),
        Value::Object(fields) => {
            let request = fields.get("requestId").and_then(Value::as_str).or(request);
            let hashed = ["originalHash", "currentHash"].iter().any(|key| fields.contains_key(*key));
            if hashed && fields.contains_key("resource") {
                entries.push((request.map(str::to_owned), value.clone()));
                return;
            }
            fields.values().for_each(|item| collect(item, request, entries));
        }
        _ => {}
    }
}

struct Pen<'a> {
    session_id: &'a str,
    times: &'a mut Times,
    at: chasm_protocol::Timestamp,
    events: Vec<EventDraft>,
    given: BTreeSet<String>,
    contents: &'a BTreeMap<String, Content>,
    /// Texts that stand in an event.
    told: BTreeSet<String>,
}

impl Pen<'_> {
    /// The file as it was before anything was done to it.
    fn initial(&mut self, pair: &Value) {
        let (uri, hash) = (pair.get(0).and_then(Value::as_str), pair.get(1).and_then(Value::as_str));
        let mut data = fields(json!({ "change": "initial", "vscode": pair }));
        place(&mut data, uri);
        self.text(&mut data, "before", hash);
        self.event("vscode.file_edit", "initial", data);
    }

    fn operation(&mut self, done: &Value) {
        let uri = done.get("uri").and_then(|uri| uri.as_str().or_else(|| uri.get("external")?.as_str()));
        let uri = uri.or_else(|| done.get("uri")?.get("path")?.as_str());
        let mut data = fields(json!({ "change": done.get("type").and_then(Value::as_str), "vscode": done }));
        place(&mut data, uri);
        if let Some(request) = done.get("requestId") {
            data.insert("request_id".into(), request.clone());
        }
        self.event("vscode.file_edit", "done", data);
    }

    fn entry(&mut self, request: Option<&str>, entry: &Value) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let uri =
            entry.get("resource").and_then(|uri| uri.as_str().or_else(|| uri.get("external")?.as_str()));
        let told = entry.get("telemetryInfo").and_then(|told| told.get("requestId")).and_then(Value::as_str);
        let mut data = fields(json!({ "change": "edited", "vscode": entry }));
        place(&mut data, uri);
        if let Some(request) = request.or(told) {
            data.insert("request_id".into(), json!(request));
        }
        self.text(&mut data, "before", text("originalHash"));
        self.text(&mut data, "after", text("currentHash"));
        self.event("vscode.file_edit", "entry", data);
    }

    /// Texts that nothing names.
    fn rest(&mut self) {
        let rest: Vec<String> =
            self.contents.keys().filter(|hash| !self.told.contains(*hash)).cloned().collect();
        for hash in rest {
            let mut data = fields(json!({ "change": "kept" }));
            self.text(&mut data, "after", Some(&hash));
            self.event("vscode.file_edit", "kept", data);
        }
    }

    /// Hash and text of one side of a change.
    fn text(&mut self, data: &mut Map<String, Value>, side: &str, hash: Option<&str>) {
        let Some(hash) = hash else { return };
        data.insert(format!("{side}_hash"), json!(hash));
        let Some(content) = self.contents.get(hash) else { return };
        self.told.insert(hash.to_owned());
        data.insert(format!("{side}_text"), json!(content.text));
        if content.bytes > TEXT_MOST {
            data.insert(format!("{side}_bytes"), json!(content.bytes));
        }
    }

    fn event(&mut self, event_type: &str, name: &str, data: Map<String, Value>) {
        let name = format!("{name}-{:016x}", hash(&Value::Object(data.clone()).to_string()));
        let event_id = ids::versioned(&name, &data);
        if !self.given.insert(event_id.clone()) {
            return;
        }
        let timestamp = self.times.stamp(Some(self.at));
        let (session_id, event_type) = (self.session_id.to_owned(), event_type.to_owned());
        self.events.push(EventDraft { session_id, event_type, event_id, timestamp, data });
    }
}

fn place(data: &mut Map<String, Value>, uri: Option<&str>) {
    if let Some(uri) = uri {
        data.insert("path".into(), json!(Workspace::of_uri(uri).place));
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn contents(folder: &Path) -> BTreeMap<String, Content> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut paths: Vec<_> = files.map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().take(CONTENTS_MOST).filter_map(|path| content(&path)).collect()
}

fn content(path: &Path) -> Option<(String, Content)> {
    let name = path.file_name()?.to_str()?.to_owned();
    let file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut text = Vec::new();
    file.take(TEXT_MOST).read_to_end(&mut text).ok()?;
    Some((name, Content { text: String::from_utf8_lossy(&text).into_owned(), bytes }))
}
