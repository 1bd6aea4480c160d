//! Continue (`~/.continue/sessions/<id>.json`) as protocol events.
//!
//! Owns one session's document and the list beside it. Never opens Continue's settings. Invariant: an item keeps its name and
//! its time while the document is written anew around it.

mod editor;
mod item;

pub use editor::Continue;

use crate::document::{Form, Listing};
use crate::jsonl::Out;
use crate::sheet::{Editing, Sheet, fields, text, without};
use crate::{ReadError, document, ids, times, walk};
use chasm_protocol::Timestamp;
use item::{Item, is_item};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// What a file that is read here should be.
const FORM: Form = Form {
    what: "a session of Continue (JSON with `sessionId` and `history`)",
    list: "history",
    is_document: is_session,
    is_element: is_item,
};
/// The list of all sessions.
const LIST: &str = "sessions.json";
/// Titles that say nothing.
const UNTITLED: [&str; 3] = ["New Session", "Untitled", "Failed to load session"];

const EDITING: Editing = Editing { id: "continue", name: "Continue", format: "continue" };

/// What the list of sessions says of one.
#[derive(Debug, Default)]
struct Listed {
    title: Option<String>,
    workspace: Option<String>,
    at: Option<Timestamp>,
}

/// The list beside a session's file; `None` where it cannot be read.
fn listed(folder: &Path) -> Option<HashMap<String, Listed>> {
    let path = folder.join(LIST);
    walk::regular(&path)?;
    let is_entry = |value: &Value| value.get("sessionId").is_some();
    let list = document::read(&path, is_entry).ok()?;
    let entries = list.root.as_array().cloned().unwrap_or_default();
    let entry = |value: Value| {
        let entry = value.as_object()?;
        let listed = Listed {
            title: text(entry, "title").map(str::to_owned),
            workspace: text(entry, "workspaceDirectory").map(str::to_owned),
            at: entry.get("dateCreated").and_then(time),
        };
        Some((session_id(text(entry, "sessionId")?), listed))
    };
    Some(entries.into_iter().chain(list.strays).filter_map(entry).collect())
}

/// Milliseconds, as a number or in a string, or a date.
fn time(value: &Value) -> Option<Timestamp> {
    let ms = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    ms.and_then(|ms| Timestamp::from_millis(ms).ok()).or_else(|| Timestamp::parse(value.as_str()?).ok())
}

fn session_id(name: &str) -> String {
    ids::session_id("continue", name)
}

/// The session's id is its file's name.
fn id_of(path: &Path) -> String {
    session_id(&ids::stem(path))
}

fn is_session(root: &Value) -> bool {
    root.get("history").is_some_and(Value::is_array) && root.get("sessionId").is_some()
}

fn read(path: &Path, out: &mut Out<'_>) -> Result<(), ReadError> {
    let Listing { root, list: items, cut, losses } = document::read_list(path, &FORM, out.report)?;
    let (mut sheet, at) = begin(path, &root, out);
    let titled = text(&root, "title").is_some_and(|title| !UNTITLED.contains(&title));
    let mut named = HashMap::new();
    for (nth, value) in items.iter().enumerate() {
        out.report.lines += 1;
        let item = Item::new(value, nth, cut == Some(nth), &mut named);
        item.write(&mut sheet, titled, after(at, nth), out);
    }
    end(&mut sheet, &root, items.len(), titled, after(at, items.len()), out);
    sheet.damaged(&losses, out);
    Ok(())
}

/// Items have no times: each is taken to be a millisecond behind the one before it.
fn after(at: Timestamp, nth: usize) -> Timestamp {
    at.plus_micros(i64::try_from(nth).unwrap_or(i64::MAX).saturating_mul(1000))
}

fn begin(path: &Path, root: &Map<String, Value>, out: &mut Out<'_>) -> (Sheet, Timestamp) {
    let id = id_of(path);
    let listed = path.parent().and_then(listed).and_then(|mut all| all.remove(&id)).unwrap_or_default();
    let made = fs::metadata(path).ok().as_ref().and_then(walk::made);
    let at =
        listed.at.or_else(|| root.get("dateCreated").and_then(time)).unwrap_or_else(|| times::of_file(made));
    let workspace = text(root, "workspaceDirectory").map(str::to_owned).or(listed.workspace);
    let mut sheet = Sheet::new(id, EDITING, at);
    let file = path.file_name().map(|name| name.to_string_lossy());
    let about = json!({
        "file": file,
        "session_id": root.get("sessionId"),
        "times": "the session's beginning; its messages have none of their own",
    });
    sheet.start(workspace, about, at, out);
    (sheet, at)
}

/// What changes about the session with each writing.
fn end(
    sheet: &mut Sheet,
    root: &Map<String, Value>,
    items: usize,
    titled: bool,
    at: Timestamp,
    out: &mut Out<'_>,
) {
    let rest = without(root, &["sessionId", "workspaceDirectory"]);
    let mut data = fields(json!({ "metadata": { "continue": rest, "items": items } }));
    data.extend(text(root, "title").filter(|_| titled).map(|title| ("title".to_owned(), json!(title))));
    data.extend(text(root, "chatModelTitle").map(|model| ("model".to_owned(), json!(model))));
    sheet.fix("session_update", "about", at, data, out);
}
