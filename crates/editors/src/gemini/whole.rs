//! A session that is one document.
//!
//! Owns the order in which its parts are written. Never fails on damage: messages that are whole are kept.

use super::record::{Record, timestamp};
use super::{EDITING, WHAT, names};
use crate::document::{Form, Listing};
use crate::jsonl::Out;
use crate::sheet::{Sheet, fields, text, without};
use crate::{ReadError, document, times, walk};
use serde_json::{Map, Value, json};
use std::path::Path;

const FORM: Form =
    Form { what: WHAT, list: "messages", is_document: names::is_document, is_element: names::is_record };

pub fn read(path: &Path, out: &mut Out<'_>) -> Result<(), ReadError> {
    let Listing { root, list: records, cut, losses } = document::read_list(path, &FORM, out.report)?;
    let mut sheet = begin(path, &root, &records, out);
    for (nth, record) in records.iter().enumerate() {
        out.report.lines += 1;
        match record.as_object() {
            Some(fields) => Record { fields, cut: cut == Some(nth) }.write(&mut sheet, out),
            None => {
                let data = fields(json!({ "record": record }));
                sheet.keep("gemini.record", &format!("record{nth}"), None, data, out);
            }
        }
    }
    end(&mut sheet, &root, out);
    sheet.damaged(&losses, out);
    Ok(())
}

fn begin(path: &Path, root: &Map<String, Value>, records: &[Value], out: &mut Out<'_>) -> Sheet {
    let of_record = |record: &Value| timestamp(record.as_object()?, "timestamp");
    let at = timestamp(root, "startTime")
        .or_else(|| records.iter().find_map(of_record))
        .unwrap_or_else(|| times::of_file(std::fs::metadata(path).ok().as_ref().and_then(walk::made)));
    let mut sheet = Sheet::new(names::session_id(path, text(root, "sessionId")), EDITING, at);
    let mut about = without(root, &["lastUpdated", "summary"]).unwrap_or_else(|| json!({}));
    if let Some(about) = about.as_object_mut() {
        about.insert("file".into(), json!(path.file_name().map(|name| name.to_string_lossy())));
    }
    sheet.start(names::project(path), about, at, out);
    sheet
}

/// What changes about the session with each writing.
fn end(sheet: &mut Sheet, root: &Map<String, Value>, out: &mut Out<'_>) {
    let now: Map<String, Value> = root
        .iter()
        .filter(|(key, _)| matches!(key.as_str(), "lastUpdated" | "summary"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if now.is_empty() {
        return;
    }
    let mut data = fields(json!({ "metadata": { "gemini": now } }));
    data.extend(text(root, "summary").map(|title| ("title".to_owned(), json!(title))));
    let at = timestamp(root, "lastUpdated").map_or(sheet.latest(), |at| at.max(sheet.latest()));
    sheet.keep("session_update", "about", Some(at), data, out);
}
