//! `store.db`: a chat of Cursor's command line, as blobs named by their hashes.
//!
//! Owns the way from the root to the messages: a blob lists others (`0a` a message, `12` a list), a message is JSON. Invariant:
//! a message that no list leads to is written too, and marked.

use super::bubble::{self, Place};
use super::pen::{Pen, Start};
use super::transcript::query;
use super::{AGENT, fields, is_name, is_said, take, title_of};
use crate::reader::Rewritten;
use crate::sheet::parts;
use crate::sqlite::{Column, Database, DatabaseError, MAGIC};
use crate::times::of_file;
use crate::{BadPlace, Each, ReadError, ReadReport, SessionFile};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

/// Lists within lists, and all blobs that are looked at.
const DEPTH: usize = 16;
const MOST: usize = 1_000_000;
/// Readings of a store that is written to meanwhile.
const TRIES: usize = 20;

pub fn looks_like(path: &Path, beginning: &[u8]) -> bool {
    path.file_name().is_some_and(|name| name == "store.db")
        && beginning.starts_with(MAGIC)
        && memchr::memmem::find(beginning, b"blobs").is_some()
}

pub fn open(file: &SessionFile) -> Rewritten {
    let mut file = file.clone();
    // a change that is only in the log is one too
    let mut log = file.path.clone().into_os_string();
    log.push("-wal");
    file.others.push(log.into());
    Rewritten::new(&file, read)
}

fn read(file: &SessionFile, each: Each<'_>, report: &mut ReadReport) -> Result<(), ReadError> {
    let failed = |error: DatabaseError| ReadError::Database {
        path: file.path.display().to_string(),
        why: error.to_string(),
    };
    for _ in 0..TRIES {
        let mut events = Vec::new();
        let mut said = ReadReport::default();
        let mut keep = |event| {
            events.push(event);
            ControlFlow::Continue(())
        };
        match Database::open(&file.path).and_then(|database| chat(database, file, &mut keep, &mut said)) {
            Ok(()) => {
                *report = said;
                let _ = events.into_iter().try_for_each(each);
                return Ok(());
            }
            Err(DatabaseError::Changed) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(DatabaseError::Changed))
}

fn chat(
    mut database: Database,
    file: &SessionFile,
    each: Each<'_>,
    report: &mut ReadReport,
) -> Result<(), DatabaseError> {
    let meta = meta(&mut database)?;
    let text =
        |key: &str| meta.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut list = Vec::new();
    match text("latestRootBlobId") {
        Some(root) => walk(&mut database, &root, DEPTH, &mut HashSet::new(), &mut list, report)?,
        None => report.lacks("the list of its messages: their order is not known"),
    }
    let first_at = meta.get("createdAt").and_then(bubble::time).unwrap_or_else(|| of_file(file.modified));
    let first = first_prompts(&mut database, &list)?;
    let workspace = file.workspace.clone().or_else(|| first.iter().find_map(|text| workspace(text)));
    let title = || first.iter().find_map(|text| title_of(query(text)?));
    let mut pen = Pen::new(&file.session_id, first_at, report, each);
    pen.start(AGENT, Start { workspace, ..Start::default() });
    let mut named = Map::new();
    named.extend(text("name").or_else(title).map(|title| ("title".to_owned(), json!(title))));
    named.extend(text("lastUsedModel").map(|model| ("model".to_owned(), json!(model))));
    named.insert("metadata".into(), json!({ "cursor": meta }));
    pen.push("session_update", "meta", None, named);
    let listed: HashSet<String> = list.iter().cloned().collect();
    for id in &list {
        match blob(&mut database, id, pen.report)? {
            Some(bytes) => message(&mut pen, id, &bytes, Place::InOrder),
            None => pen.report.lacks("messages that the chat lists and that are not in the database"),
        }
    }
    unplaced(&mut database, &listed, &mut pen)?;
    for damage in database.damage() {
        report.damage(place(format!("page {}: {}", damage.page, damage.why)));
        report.lacks("the database is damaged: messages may be missing");
    }
    Ok(())
}

/// The row that tells of the chat: JSON in hexadecimal digits, in other versions as it is.
fn meta(database: &mut Database) -> Result<Map<String, Value>, DatabaseError> {
    let Some(bytes) = database.get("meta", "0")? else { return Ok(Map::new()) };
    let parsed = unhex(&bytes).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut meta = fields(parsed.or_else(|| serde_json::from_slice(&bytes).ok()).unwrap_or_default());
    meta.retain(|key, _| !key.to_ascii_lowercase().contains("encryptionkey"));
    Ok(meta)
}

/// Adds the messages below a list, in their order.
fn walk(
    database: &mut Database,
    id: &str,
    depth: usize,
    seen: &mut HashSet<String>,
    out: &mut Vec<String>,
    report: &mut ReadReport,
) -> Result<(), DatabaseError> {
    if depth == 0 || seen.len() > MOST || !seen.insert(id.to_owned()) {
        return Ok(());
    }
    let Some(bytes) = blob(database, id, report)? else {
        report.lacks("a list of messages: its blob is not in the database");
        return Ok(());
    };
    for (is_list, child) in children(&bytes) {
        match is_list {
            true => walk(database, &child, depth - 1, seen, out, report)?,
            false if seen.insert(child.clone()) => out.push(child),
            false => report.copies += 1,
        }
    }
    Ok(())
}

/// The blobs that a list names; whatever else it says is passed over byte by byte.
fn children(bytes: &[u8]) -> Vec<(bool, String)> {
    let (mut found, mut rest) = (Vec::new(), bytes);
    while let [first, tail @ ..] = rest {
        let id = tail.split_first().filter(|(length, _)| **length == 32).and_then(|(_, id)| id.get(..32));
        rest = match (first, id) {
            (0x0a | 0x12, Some(id)) => {
                let name = id.iter().map(|byte| format!("{byte:02x}")).collect();
                found.push((*first == 0x12, name));
                tail.get(33..).unwrap_or_default()
            }
            _ => tail,
        };
    }
    found
}

fn blob(
    database: &mut Database,
    id: &str,
    report: &mut ReadReport,
) -> Result<Option<Vec<u8>>, DatabaseError> {
    match database.get("blobs", id) {
        Err(error @ (DatabaseError::Damaged { .. } | DatabaseError::TooLarge { .. })) => {
            report.damage(place(error.to_string()));
            Ok(None)
        }
        other => other,
    }
}

/// Messages that no list leads to: taken back, or the list is lost. What is no message is counted.
fn unplaced(
    database: &mut Database,
    listed: &HashSet<String>,
    pen: &mut Pen<'_>,
) -> Result<(), DatabaseError> {
    database.rows("blobs", &mut |_, columns| {
        let [Column::Text(id), value] = columns else { return ControlFlow::Continue(()) };
        let bytes = match value {
            Column::Blob(bytes) => bytes.as_slice(),
            Column::Text(text) => text.as_bytes(),
            _ => &[],
        };
        if !listed.contains(id) {
            match bytes.first() {
                Some(b'{') => message(pen, id, bytes, Place::Unplaced),
                _ => pen.report.count("blobs"),
            }
        }
        ControlFlow::Continue(())
    })
}

fn message(pen: &mut Pen<'_>, id: &str, bytes: &[u8], place: Place) {
    pen.report.lines += 1;
    let Ok(Value::Object(mut message)) = serde_json::from_slice(bytes) else {
        if place == Place::InOrder {
            let text = String::from_utf8_lossy(bytes);
            pen.push(
                "cursor.damaged",
                &format!("damaged-{id}"),
                None,
                fields(json!({ "row": id, "text": text })),
            );
            let why = format!("row {id}: no JSON object");
            pen.report.damage(BadPlace { bytes_lost: bytes.len() as u64, ..self::place(why) });
        }
        return;
    };
    let role = message.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
    let content = message.remove("content").unwrap_or_default();
    let mut about = Map::from_iter([("message".to_owned(), Value::Object(message))]);
    if place == Place::Unplaced {
        about.insert("unplaced".into(), json!(true));
    }
    if !["user", "assistant", "system", "tool"].contains(&role.as_str()) {
        let data = fields(json!({ "content": content, "cursor": about }));
        return pen.push("cursor.blob", id, None, data);
    }
    let parts = parts(content);
    let is_tool = |part: &Value| {
        part.get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| ["tool-call", "tool-result"].contains(&kind))
    };
    let (tools, shown): (Vec<Value>, Vec<Value>) = parts.into_iter().partition(is_tool);
    let mut about = Some(about);
    if !shown.is_empty() || tools.is_empty() {
        let shown = shown.into_iter().map(part).collect();
        let data = json!({ "role": role, "content": bubble::content(shown), "message_id": id,
            "metadata": { "cursor": about.take() } });
        pen.report.messages += 1;
        pen.report.answers += u64::from(role == "assistant");
        pen.push("message", id, None, fields(data));
    }
    for (nth, tool) in tools.into_iter().enumerate() {
        self::tool(pen, id, nth, fields(tool), about.take());
    }
}

/// Thoughts as other editors write them.
fn part(mut part: Value) -> Value {
    if part.get("type") == Some(&json!("reasoning"))
        && let Value::Object(fields) = &mut part
        && let Some(text) = fields.remove("text")
    {
        fields.insert("type".into(), json!("thinking"));
        fields.insert("thinking".into(), text);
    }
    part
}

fn tool(
    pen: &mut Pen<'_>,
    id: &str,
    nth: usize,
    mut block: Map<String, Value>,
    about: Option<Map<String, Value>>,
) {
    let is_call = block.get("type") == Some(&json!("tool-call"));
    let mut data = Map::new();
    let mut put = |name: &str, value: Option<Value>| data.extend(value.map(|v| (name.to_owned(), v)));
    put("call_id", take(&mut block, "toolCallId", is_name));
    put("name", take(&mut block, "toolName", is_name));
    put("arguments", take(&mut block, "args", is_said));
    put("output", take(&mut block, "result", |result| !result.is_null()));
    put("is_error", take(&mut block, "isError", Value::is_boolean));
    data.insert("cursor".into(), json!({ "block": block, "message": about }));
    if is_call {
        pen.report.tool_calls += 1;
        data.entry("name").or_insert_with(|| json!(""));
        data.insert("message_id".into(), json!(id));
        pen.push("tool_call", &format!("{id}-call{nth}"), None, data);
    } else {
        pen.report.tool_results += 1;
        pen.push("tool_result", &format!("{id}-result{nth}"), None, data);
    }
}

/// The texts of the first messages of the user.
fn first_prompts(database: &mut Database, list: &[String]) -> Result<Vec<String>, DatabaseError> {
    let mut texts = Vec::new();
    for id in list.iter().take(6) {
        let Ok(bytes) = database.get("blobs", id) else { continue };
        let message =
            bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).unwrap_or_default();
        if message.get("role") != Some(&json!("user")) {
            continue;
        }
        match message.get("content") {
            Some(Value::String(text)) => texts.push(text.clone()),
            Some(Value::Array(parts)) => {
                let said = parts.iter().filter_map(|part| part.get("text")?.as_str());
                texts.extend(said.map(str::to_owned));
            }
            _ => {}
        }
    }
    Ok(texts)
}

/// The folder, as the first message tells the model.
fn workspace(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Workspace Path: ")?;
    rest.lines().next().map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes.filter(|_| whole)
}

fn place(why: String) -> BadPlace {
    BadPlace { file: None, line: 0, offset: 0, bytes_lost: 0, why }
}
