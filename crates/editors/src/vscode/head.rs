//! What is said of a session as a whole.
//!
//! Owns its title, its times, and the drafts that wait in it. Never holds turns. Invariant: each field of the session but
//! `requests` is in the head once.

use super::turns;
use crate::ids::{self, hash};
use crate::sheet::first_line;
use crate::times;
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::SystemTime;

#[derive(Debug, Clone, PartialEq)]
pub struct SessionHead {
    pub session_id: String,
    /// The editor's id and its name for people.
    pub provider: String,
    pub editor: String,
    pub title: Option<String>,
    pub workspace: Option<String>,
    /// The model that was used last.
    pub model: Option<String>,
    pub started_at: Timestamp,
    /// Name of the file.
    pub file: String,
    /// The fields of the session that are no turns.
    pub rest: Map<String, Value>,
}

/// What is known of a session from elsewhere: from where its file lies, and from the editor's lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    pub session_id: Option<String>,
    pub provider: Option<String>,
    pub editor: Option<String>,
    pub title: Option<String>,
    pub workspace: Option<String>,
}

impl SessionHead {
    /// Of a session as it stands in this file. `modified` is for a session that has no times at all.
    pub fn of(state: &Value, path: &Path, modified: Option<SystemTime>) -> Self {
        let requests = state.get("requests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let fields = state.as_object().into_iter().flatten().filter(|(key, _)| *key != "requests");
        Self {
            session_id: session_id(state, path),
            provider: "vscode".to_owned(),
            editor: "VS Code".to_owned(),
            title: title(state, requests),
            workspace: workspace(state),
            model: requests.iter().rev().find_map(|request| text(request, "modelId")),
            started_at: begun(state, requests).unwrap_or_else(|| times::of_file(modified)),
            file: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            rest: fields.map(|(key, value)| (key.clone(), value.clone())).collect(),
        }
    }

    /// The same, with what is known from elsewhere. A title that the user gave stands above one of a list.
    #[must_use]
    pub fn knowing(mut self, known: &Known) -> Self {
        let known = known.clone();
        self.session_id = known.session_id.unwrap_or(self.session_id);
        self.provider = known.provider.unwrap_or(self.provider);
        self.editor = known.editor.unwrap_or(self.editor);
        self.title = custom_title(self.rest.get("customTitle")).or(known.title).or(self.title);
        self.workspace = known.workspace.or(self.workspace);
        self
    }

    /// `data` of the `session_start`.
    pub fn start(&self) -> Map<String, Value> {
        let mut data = Map::new();
        let mut put = |key: &str, value: Option<&String>| {
            data.extend(value.map(|value| (key.to_owned(), json!(value))));
        };
        put("title", self.title.as_ref());
        put("workspace", self.workspace.as_ref());
        put("model", self.model.as_ref());
        put("provider", Some(&self.provider));
        put("editor", Some(&self.editor));
        data.insert("metadata".into(), json!({ "file": self.file, "vscode": self.rest }));
        data
    }
}

/// When it began, by what it says itself.
pub fn begun(state: &Value, requests: &[Value]) -> Option<Timestamp> {
    let created = turns::millis(state.get("creationDate"));
    let first = requests.iter().find_map(turns::own_time);
    let known = created.into_iter().chain(first).min();
    known.or_else(|| turns::millis(state.get("lastMessageDate")))
}

/// Its title: the one that was given to it, else the first line of the first prompt.
pub fn title(state: &Value, requests: &[Value]) -> Option<String> {
    let given = ["customTitle", "computedTitle"].iter().find_map(|key| custom_title(state.get(key)));
    given.or_else(|| {
        let prompts = requests.iter().filter_map(Value::as_object).map(turns::prompt);
        prompts.filter_map(|prompt| first_line(&prompt)).next()
    })
}

/// A title that was given, unless it is blank.
pub fn custom_title(value: Option<&Value>) -> Option<String> {
    let title = value.and_then(Value::as_str).map(str::trim);
    title.filter(|title| !title.is_empty()).map(str::to_owned)
}

/// What stands in the input line, not sent yet.
pub fn draft(state: &Value) -> Option<&str> {
    state.get("inputState")?.get("inputText")?.as_str().filter(|text| !text.trim().is_empty())
}

/// Prompts that wait for their turn.
pub fn queued(state: &Value) -> Option<&Value> {
    state.get("pendingRequests").filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
}

fn session_id(state: &Value, path: &Path) -> String {
    let stem = ids::stem(path);
    let inside = state.get("sessionId").and_then(Value::as_str).filter(|id| !id.is_empty());
    match inside {
        Some(inside) if !is_uuid(&stem) => ids::session_id("vscode", inside),
        // an export is called `chat.json`, whatever it holds
        None if stem == "chat" || stem.is_empty() => {
            let requests = state.get("requests").and_then(Value::as_array);
            let first = requests.and_then(|requests| requests.iter().find_map(turns::request_name));
            format!("vscode-{:016x}", hash(&first.unwrap_or_default()))
        }
        _ => ids::session_id("vscode", &stem),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn workspace(state: &Value) -> Option<String> {
    let at = state.get("workingDirectory")?;
    let text = |key: &str| at.get(key).and_then(Value::as_str).map(str::to_owned);
    at.as_str().map(str::to_owned).or_else(|| text("external")).or_else(|| text("path"))
}
