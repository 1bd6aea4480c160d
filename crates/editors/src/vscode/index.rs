//! The editor's own list of sessions, `chat.ChatSessionStore.index`.
//!
//! Owns the rules by which the editor takes an entry or throws the whole list away. Never the source of what was said.

use super::workspace::decode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the list says of one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub title: Option<String>,
    /// The editor lists it.
    pub listed: bool,
    /// The list says that nothing was asked in it.
    pub empty: bool,
    /// When it began, in ms since 1970.
    pub created: Option<i64>,
    /// When something was last said.
    pub last: Option<i64>,
    pub raw: Value,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    pub entries: BTreeMap<String, Entry>,
    /// The editor takes it; else it goes on with an empty one.
    pub taken: bool,
}

impl Index {
    /// Reads the list as far as it can be read, also where the editor would not.
    pub fn parse(bytes: &[u8]) -> Self {
        let Ok(Value::Object(said)) = serde_json::from_slice(bytes) else { return Self::default() };
        let Some(Value::Object(rows)) = said.get("entries") else { return Self::default() };
        let taken = said.get("version").and_then(Value::as_i64) == Some(1) && rows.values().all(is_entry);
        let entries = rows.iter().filter(|(key, row)| is_here(key, row));
        let entries = entries.map(|(key, row)| (key.clone(), Entry::of(row, taken))).collect();
        Self { entries, taken }
    }

    /// Whether the editor shows a session of this name.
    pub fn lists(&self, name: &str) -> bool {
        self.taken && self.entries.get(name).is_some_and(|entry| entry.listed)
    }
}

impl Entry {
    fn of(row: &Value, taken: bool) -> Self {
        let is = |key: &str| row.get(key).and_then(Value::as_bool).unwrap_or(false);
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let timing = |key: &str| row.get("timing").and_then(|timing| timing.get(key)).and_then(millis);
        let panel = text("initialLocation").is_none_or(|location| location == "panel");
        Self {
            title: text("title").map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned),
            listed: taken && panel && !is("isEmpty"),
            empty: is("isEmpty") && timing("lastRequestStarted").is_none(),
            created: timing("created").or_else(|| timing("startTime")),
            last: row.get("lastMessageDate").and_then(millis),
            raw: row.clone(),
        }
    }
}

/// What the editor asks of an entry.
fn is_entry(row: &Value) -> bool {
    let text = |key: &str| row.get(key).is_some_and(Value::is_string);
    text("sessionId") && text("title") && row.get("lastMessageDate").is_some_and(Value::is_number)
}

/// Sessions that others keep, in the cloud or in files of their own, are named by a URI.
fn is_here(key: &str, row: &Value) -> bool {
    let external = row.get("isExternal").and_then(Value::as_bool).unwrap_or(false);
    row.is_object() && !external && !decode(key).contains("://")
}

/// A time in ms, whole or not.
fn millis(value: &Value) -> Option<i64> {
    // a fraction of a millisecond is of no use, and what does not fit is no time
    #[allow(clippy::cast_possible_truncation)]
    let whole = |ms: f64| (ms.abs() < 9e15).then_some(ms as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

/// Most bytes of a list that are read at once.
const MOST: usize = 64 * 1024 * 1024;

/// Sessions as very old versions kept them in the database.
pub fn old_sessions(bytes: &[u8]) -> Vec<Map<String, Value>> {
    if bytes.len() > MOST {
        return Vec::new();
    }
    let Ok(Value::Array(sessions)) = serde_json::from_slice(bytes) else { return Vec::new() };
    let named = |session: &Map<String, Value>| session.get("sessionId").is_some_and(Value::is_string);
    let objects = sessions.into_iter().filter_map(|session| match session {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    objects.filter(named).collect()
}

/// What was typed into the chat, of all sessions of a window, the oldest first.
pub fn typed_prompts(bytes: &[u8]) -> Vec<Value> {
    let Ok(Value::Object(said)) = serde_json::from_slice(bytes) else { return Vec::new() };
    let Some(Value::Object(by_place)) = said.get("history") else { return Vec::new() };
    by_place
        .values()
        .filter_map(Value::as_array)
        .flatten()
        .filter(|typed| prompt(typed).is_some())
        .cloned()
        .collect()
}

/// The text of a typed prompt.
pub fn prompt(typed: &Value) -> Option<&str> {
    let text =
        ["inputText", "text"].iter().find_map(|key| typed.get(key)?.as_str()).or_else(|| typed.as_str())?;
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(id: &str, more: &Value) -> Value {
        let mut row = json!({"sessionId": id, "title": "T", "lastMessageDate": 5, "initialLocation": "panel",
            "isEmpty": false, "isExternal": false, "timing": {"created": 1.5}});
        if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
            row.extend(more.clone());
        }
        row
    }

    fn parse(version: i64, rows: &[(&str, Value)]) -> Index {
        let entries: Map<String, Value> =
            rows.iter().map(|(id, more)| ((*id).to_owned(), row(id, more))).collect();
        Index::parse(json!({"version": version, "entries": entries}).to_string().as_bytes())
    }

    #[test]
    fn what_the_editor_lists() {
        let index = parse(
            1,
            &[
                ("a", json!({})),
                ("empty", json!({"isEmpty": true})),
                ("inline", json!({"initialLocation": "editor"})),
                ("cloud", json!({"isExternal": true})),
                ("copilotcli:/1", json!({"isExternal": true})),
            ],
        );
        assert!(index.taken);
        let listed: Vec<_> = ["a", "empty", "inline", "cloud", "none"].map(|id| index.lists(id)).into();
        assert_eq!(listed, [true, false, false, false, false]);
        assert_eq!(index.entries.keys().collect::<Vec<_>>(), ["a", "empty", "inline"]);
        assert_eq!((index.entries["a"].created, index.entries["a"].last), (Some(1), Some(5)));
        assert!(index.entries["empty"].empty && !index.entries["a"].empty);
    }

    #[test]
    fn one_bad_entry_and_the_editor_shows_none() {
        for index in
            [parse(2, &[("a", json!({}))]), parse(1, &[("a", json!({})), ("b", json!({"title": 3}))])]
        {
            assert!(!index.taken && !index.lists("a"));
            assert_eq!(index.entries["a"].title.as_deref(), Some("T"), "the title is of use all the same");
        }
        assert_eq!(Index::parse(b"{"), Index::default());
        assert_eq!(Index::parse(b"[]"), Index::default());
    }

    #[test]
    fn prompts_and_old_sessions_are_taken_as_far_as_they_go() {
        let typed = typed_prompts(
            br#"{"history":{"copilot":[{"inputText":"a"},{"inputText":" "},{"text":"b"}],"x":3}}"#,
        );
        assert_eq!(typed.iter().filter_map(prompt).collect::<Vec<_>>(), ["a", "b"]);
        assert!(typed_prompts(b"{}").is_empty() && typed_prompts(b"").is_empty());
        assert_eq!(old_sessions(br#"[{"sessionId":"a"},{"x":1},3]"#).len(), 1);
    }
}
