//! Folders like those of VS Code, made for a test.
#![allow(dead_code, reason = "not each test uses all of it")]

mod database;

pub use database::write as write_database;

use chasm_editors::{EDITORS, Editor, EventDraft, Found, ReadError, ReadReport, SessionFile, editor};
use chasm_protocol::{Limits, parse_event};
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub const INDEX: &str = "chat.ChatSessionStore.index";

/// A `User` folder.
pub struct Home {
    pub folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn user(&self) -> PathBuf {
        self.folder.path().join("User")
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.user().join(name)
    }

    pub fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A window on a folder that is there.
    pub fn window(&self, name: &str) -> String {
        let project = self.folder.path().join(format!("project {name}"));
        fs::create_dir_all(&project).unwrap();
        let uri = format!("file://{}", project.display()).replace(' ', "%20");
        self.put(&format!("workspaceStorage/{name}/workspace.json"), json!({ "folder": uri }).to_string());
        project.display().to_string()
    }

    pub fn database(&self, name: &str, rows: &[(&str, &str)]) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_database(&path, rows);
    }

    pub fn find(&self) -> Found {
        let found = vscode().find(&self.user(), later()).unwrap().unwrap();
        assert!(found.complete);
        found
    }

    /// The one file of a session.
    pub fn session(&self, id: &str) -> SessionFile {
        let found = self.find();
        let files = found.of_session(id);
        assert_eq!(files.len(), 1, "{id}: {files:#?}");
        files[0].clone()
    }
}

pub fn vscode() -> &'static dyn Editor {
    editor("vscode").unwrap()
}

pub fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The list of sessions, with an entry for each of these.
pub fn index(entries: &[(&str, Value)]) -> String {
    let entry = |id: &str, more: &Value| {
        let mut entry = json!({
            "sessionId": id, "title": format!("Title of {id}"), "lastMessageDate": 1_760_000_100_000_i64,
            "timing": {"created": 1_760_000_000_000_i64}, "initialLocation": "panel",
            "hasPendingEdits": false, "isEmpty": false, "isExternal": false, "lastResponseState": 1,
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (id.to_owned(), entry)
    };
    let entries: serde_json::Map<String, Value> = entries.iter().map(|(id, more)| entry(id, more)).collect();
    json!({ "version": 1, "entries": entries }).to_string()
}

/// When the n-th prompt of a session was sent.
pub fn asked_at(nth: usize) -> i64 {
    1_760_000_000_000 + i64::try_from(nth).unwrap() * 60_000
}

/// The n-th turn of a session, finished unless `answer` is `None`.
pub fn request(nth: usize, prompt: &str, answer: Option<&str>) -> Value {
    let mut request = json!({
        "requestId": format!("request_{nth}"), "timestamp": asked_at(nth),
        "message": {"text": prompt, "parts": []}, "variableData": {"variables": []},
        "modelId": "copilot/gpt-x",
    });
    if let Some(answer) = answer {
        request["response"] = json!([{ "value": answer }]);
        request["result"] = json!({ "timings": {"totalElapsed": 5}, "metadata": {} });
        request["modelState"] = json!({ "value": 1, "completedAt": asked_at(nth) + 9_000 });
    }
    request
}

pub fn whole(id: &str, requests: &[Value]) -> String {
    json!({
        "version": 3, "sessionId": id, "creationDate": 1_760_000_000_000_i64, "responderUsername": "GitHub Copilot",
        "requesterUsername": "ada", "requests": requests,
    })
    .to_string()
}

/// The log that an editor writes which saves after each turn.
pub fn log(id: &str, requests: &[Value]) -> String {
    let first = json!({ "kind": 0, "v": {
        "version": 3, "sessionId": id, "creationDate": 1_760_000_000_000_i64, "requests": [],
        "responderUsername": "GitHub Copilot", "requesterUsername": "ada",
    }});
    let push = |request: &Value| json!({ "kind": 2, "k": ["requests"], "v": [request] }).to_string() + "\n";
    first.to_string() + "\n" + &requests.iter().map(push).collect::<String>()
}

/// What Copilot writes down: prompts and answers, each answer after one tool.
pub fn transcript(id: &str, turns: &[(usize, &str, &str)]) -> String {
    let time = |nth: usize, s: usize| format!("2025-10-09T08:{:02}:{:02}.000Z", 53 + nth, 20 + s);
    let line = |kind: &str, id: String, at: String, data: Value| {
        json!({ "type": kind, "data": data, "id": id, "timestamp": at, "parentId": null }).to_string() + "\n"
    };
    let start =
        json!({"sessionId": id, "version": 1, "producer": "copilot-agent", "context": {"cwd": "/told/cwd"}});
    let mut text = line("session.start", format!("{id}-start"), time(0, 0), start);
    for (nth, prompt, answer) in turns {
        let call = format!("call_{nth}");
        let lines = [
            ("user.message", json!({"content": prompt, "attachments": []})),
            ("assistant.turn_start", json!({"turnId": "0"})),
            (
                "assistant.message",
                json!({"messageId": format!("m{nth}"), "content": format!("Looking at {nth}."), "reasoningText": format!("thought {nth}"),
                    "toolRequests": [{"toolCallId": call, "name": "read_file", "arguments": "{\"path\":\"a.txt\"}"}]}),
            ),
            (
                "tool.execution_start",
                json!({"toolCallId": call, "toolName": "read_file", "arguments": {"path": "a.txt"}}),
            ),
            (
                "tool.execution_complete",
                json!({"toolCallId": call, "success": true, "result": {"content": format!("output {nth}")}}),
            ),
            (
                "assistant.message",
                json!({"messageId": format!("n{nth}"), "content": answer, "toolRequests": []}),
            ),
            ("assistant.turn_end", json!({"turnId": "0"})),
        ];
        for (s, (kind, data)) in lines.into_iter().enumerate() {
            text += &line(kind, format!("{id}-{nth}-{s}"), time(*nth, s), data);
        }
    }
    text
}

/// Reads a session, and checks what holds for all of them.
pub fn read(file: &SessionFile) -> (Vec<EventDraft>, ReadReport) {
    try_read(vscode(), file).unwrap()
}

pub fn try_read(editor: &dyn Editor, file: &SessionFile) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let mut events = Vec::new();
    let report = editor.read(file, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
        assert_eq!(event.session_id, file.session_id);
    }
    let mut ids: Vec<_> = events.iter().map(|event| &event.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice: {}", file.path.display());
    assert_eq!(events.first().map(|event| event.event_type.as_str()), Some("session_start"));
    assert!(events.iter().all(|event| event.event_type != "session_end"));
    Ok((events, report))
}

/// Texts of the messages of a role, in the order of time.
pub fn said(events: &[EventDraft], role: &str) -> Vec<String> {
    let mut messages: Vec<_> =
        events.iter().filter(|e| e.event_type == "message" && e.data["role"] == role).collect();
    messages.sort_by_key(|event| (event.timestamp, event.event_id.clone()));
    messages.iter().map(|event| text(&event.data["content"])).collect()
}

fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text").or(part.get("thinking"))?.as_str());
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

pub fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|event| event.event_type == event_type).collect()
}

/// All files below a folder with their bytes.
pub fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => all.extend(tree(&entry.path())),
            kind if kind.is_file() => all.push((entry.path(), fs::read(entry.path()).unwrap())),
            _ => {}
        }
    }
    all.sort();
    all
}

pub fn copy(from: &Path, to: &Path) {
    for (path, bytes) in tree(from) {
        let path = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Real sessions, where they are there.
pub fn real() -> Option<PathBuf> {
    let root = match std::env::var_os("CHASM_TEST_DATA") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    root.join("vscode-real").is_dir().then_some(root)
}

pub fn ids() -> Vec<&'static str> {
    EDITORS.iter().map(|editor| editor.id()).collect()
}
