//! Cursor's databases as SQLite writes them: which chats are found, what they say, what is never read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod written;

use chasm_editors::{Editor, EventDraft, Found, ReadReport, SessionFile, Standing, editor};
use chasm_protocol::{Limits, parse_event};
use serde_json::{Value, json};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use written::Written;

const SECRET: &str = "tok_never_read_1234567890";
const CHAT: &str = "7d3c1a90-aaaa-4bbb-8ccc-000000000001";

fn cursor() -> &'static dyn Editor {
    editor("cursor").unwrap()
}

fn find(root: &Path) -> Found {
    cursor().find(root, Instant::now() + Duration::from_secs(60)).unwrap().unwrap()
}

fn read(file: &SessionFile) -> (Vec<EventDraft>, ReadReport) {
    let mut events = Vec::new();
    let mut each = |event| {
        events.push(event);
        ControlFlow::Continue(())
    };
    let report = cursor().read(file, &mut each).unwrap();
    check(&events, &report);
    (events, report)
}

fn check(events: &[EventDraft], report: &ReadReport) {
    assert_eq!(events.len() as u64, report.events);
    let mut ids: Vec<_> = events.iter().map(|event| &event.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice");
    assert!(events.windows(2).all(|pair| pair[0].timestamp <= pair[1].timestamp), "times go back");
    for event in events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
        assert!(!event.to_json().contains("tok_never"), "a secret: {}", event.to_json());
    }
}

fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|event| event.event_type == event_type).collect()
}

fn bubble(chat: &str, id: &str) -> String {
    format!("bubbleId:{chat}:{id}")
}

/// A `User` folder with everything that Cursor keeps in one.
struct User {
    folder: tempfile::TempDir,
    global: Written,
}

impl User {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("globalStorage")).unwrap();
        fs::create_dir_all(at("workspaceStorage/w1")).unwrap();
        let mut global = Written::plain(&at("globalStorage/state.vscdb"), true);
        global.table("ItemTable");
        global.table("cursorDiskKV");
        for key in ["cursorAuth/accessToken", "cursorAuth/refreshToken", "cursorAuth/cachedEmail"] {
            global.put_text("ItemTable", key, SECRET);
        }
        global.put_text("ItemTable", "secret://{\"extensionId\":\"a\",\"key\":\"composerData:\"}", SECRET);
        global.put_text("cursorDiskKV", "bubbleIdSecret", SECRET);
        global.put_text("cursorDiskKV", "composerData", SECRET);
        global.put_text("cursorDiskKV", &format!("messageRequestContext:{CHAT}:b1"), SECRET);
        Self { folder, global }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn put(&mut self, key: &str, value: &Value) {
        self.global.put_text("cursorDiskKV", key, &value.to_string());
    }

    fn workspace(&self, id: &str, folder: &str) -> Written {
        let path = self.root().join("workspaceStorage").join(id);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("workspace.json"), json!({ "folder": folder }).to_string()).unwrap();
        let mut workspace = Written::plain(&path.join("state.vscdb"), false);
        workspace.table("ItemTable");
        workspace
    }

    /// A chat with an answer, a tool, and everything that goes wrong.
    fn chat(&mut self) {
        let headers: Vec<Value> = ["b1", "b2", "b3", "null", "gone", "b4", "b1"]
            .iter()
            .map(|id| json!({ "bubbleId": id }))
            .collect();
        let composer = json!({ "_v": 10, "composerId": CHAT, "name": "A hanging parser", "createdAt": 1_750_000_000_000_i64,
            "lastUpdatedAt": 1_750_000_060_000_i64, "fullConversationHeadersOnly": headers, "status": "completed",
            "speculativeSummarizationEncryptionKey": SECRET, "modelConfig": { "modelName": "sonnet" } });
        self.put(&format!("composerData:{CHAT}"), &composer);
        let rich = json!({ "root": { "children": [{ "type": "paragraph", "children": [{ "text": "Why does it hang?" }] }] } });
        self.put(&bubble(CHAT, "b1"), &json!({ "_v": 3, "type": 1, "bubbleId": "b1", "text": "", "richText": rich.to_string(),
            "createdAt": "2025-06-15T15:06:41.000Z", "context": { "fileSelections": [{ "uri": "/p/a.rs" }] } }));
        self.put(
            &bubble(CHAT, "b2"),
            &json!({ "type": 2, "bubbleId": "b2", "text": "I look.", "modelInfo": { "modelName": "opus" },
            "thinking": { "text": "Hm.", "signature": "sig" }, "createdAt": "2025-06-15T15:06:42.000Z" }),
        );
        self.put(&bubble(CHAT, "b3"), &json!({ "type": 2, "bubbleId": "b3", "text": "", "createdAt": "2025-06-15T15:06:40.000Z",
            "toolFormerData": { "tool": 5, "name": "read_file", "toolCallId": "call-1", "rawArgs": "{\"path\":\"a.rs\"}",
            "params": "{\"relative\":true}", "result": "{\"contents\":\"fn main\"}", "status": "error", "userDecision": "accepted" } }));
        self.global.put("cursorDiskKV", &bubble(CHAT, "null"), None);
        self.put(
            &bubble(CHAT, "b4"),
            &json!({ "type": 2, "bubbleId": "b4", "text": "It loops.", "tokenCount": { "inputTokens": 5 } }),
        );
        self.put(&bubble(CHAT, "back"), &json!({ "type": 1, "bubbleId": "back", "text": "taken back" }));
        self.global.put_text("cursorDiskKV", &bubble(CHAT, "torn"), "{\"type\":2,\"text\":\"half of an ans");
    }
}

#[test]
fn a_chat_is_read_in_its_order_with_all_that_it_says() {
    let mut user = User::new();
    user.chat();
    let found = find(user.root());
    assert_eq!(found.sessions(), [CHAT]);
    let file = &found.files[0];
    assert_eq!((file.title.as_deref(), found.complete), (Some("A hanging parser"), true));
    let (events, report) = read(file);
    assert_eq!(
        (events[0].event_type.as_str(), events[1].event_type.as_str()),
        ("session_start", "cursor.composer")
    );
    assert_eq!(
        (&events[0].data["provider"], &events[0].data["editor"]),
        (&json!("cursor"), &json!("Cursor"))
    );
    assert_eq!(events[0].timestamp.as_millis(), 1_750_000_000_000);
    assert_eq!(events[1].data["composer"]["status"], "completed");
    let messages = of(&events, "message");
    let said: Vec<_> = messages.iter().map(|m| (m.data["role"].clone(), m.data["content"].clone())).collect();
    let thought = json!([{ "type": "thinking", "thinking": "Hm.", "signature": "sig" }, { "type": "text", "text": "I look." }]);
    assert_eq!(said[0], (json!("user"), json!("Why does it hang?")));
    assert_eq!(said[1], (json!("assistant"), thought));
    assert_eq!(said[2], (json!("assistant"), json!("It loops.")));
    assert_eq!(said[3], (json!("user"), json!("taken back")));
    assert_eq!(messages[3].data["metadata"]["cursor"]["unplaced"], true);
    assert_eq!(messages[1].data["model"], "opus");
    let raw = &messages[0].data["metadata"]["cursor"]["bubble"];
    assert_eq!(raw["context"]["fileSelections"][0]["uri"], "/p/a.rs");
    let call = of(&events, "tool_call")[0];
    assert_eq!((&call.data["name"], &call.data["call_id"]), (&json!("read_file"), &json!("call-1")));
    assert_eq!(call.data["arguments"], json!({ "path": "a.rs" }));
    assert_eq!(call.data["cursor"]["tool"]["userDecision"], "accepted");
    assert_eq!(call.data["cursor"]["tool"]["params"], "{\"relative\":true}");
    let result = of(&events, "tool_result")[0];
    assert_eq!(
        (&result.data["output"], &result.data["is_error"]),
        (&json!({ "contents": "fn main" }), &json!(true))
    );
    assert!(call.timestamp > messages[1].timestamp, "a time that goes back does not move it");
    let update = of(&events, "session_update")[0];
    assert_eq!(
        (&update.data["title"], &update.data["model"]),
        (&json!("A hanging parser"), &json!("sonnet"))
    );
    assert_eq!(of(&events, "cursor.damaged")[0].data["text"], "{\"type\":2,\"text\":\"half of an ans");
    assert_eq!((report.bad(), report.messages, report.answers, report.copies), (1, 4, 2, 1));
    assert_eq!((report.tool_calls, report.tool_results, report.standing()), (1, 1, Standing::Partial));
    assert_eq!(report.missing.len(), 2, "{:?}", report.missing);
    assert_eq!(read(file).0, events, "read twice, other events");
}

#[test]
fn no_row_of_secrets_is_ever_read() {
    let mut user = User::new();
    user.chat();
    let found = find(user.root());
    let told = format!("{found:?}");
    let (events, report) = read(&found.files[0]);
    let all = format!("{told}{events:?}{report:?}");
    assert!(!all.contains("tok_never") && all.contains("A hanging parser"));
    // nor does a database that cannot be read say one in its error
    let damaged = user.root().join("damaged.vscdb");
    let mut bytes = fs::read(user.root().join("globalStorage/state.vscdb")).unwrap();
    bytes.extend(SECRET.as_bytes());
    for at in (100..bytes.len()).step_by(3) {
        bytes[at] ^= 0x55;
    }
    fs::write(&damaged, &bytes).unwrap();
    let told = format!("{:?}", cursor().sessions_in(&damaged));
    assert!(!told.contains("tok_never"), "{told}");
}

const LINKED: &str = "7d3c1a90-aaaa-4bbb-8ccc-000000000002";

/// A folder with a chat of each form that Cursor has had.
fn all_ages() -> User {
    let mut user = User::new();
    user.chat();
    let plain = json!({ "composerId": LINKED, "createdAt": 1, "conversation": [
        { "type": 1, "bubbleId": "i1", "text": "inline?" }, { "type": 2, "bubbleId": "i2", "text": "inline!" }] });
    user.put(&format!("composerData:{LINKED}"), &plain);
    user.put("composerData:empty", &json!({ "composerId": "empty", "fullConversationHeadersOnly": [] }));
    user.put(
        &bubble("headless", "x"),
        &json!({ "type": 1, "text": "no list", "workspaceProjectDir": "/from/bubble" }),
    );
    let mut one = user.workspace("w1", "file:///home/ada/one");
    let tabs = json!({ "tabs": [{ "tabId": "tab-1", "chatTitle": "Old", "lastSendTime": 1_700_000_000_000_i64, "bubbles": [
        { "type": "user", "id": "u", "text": "old?" }, { "type": "ai", "id": "a", "rawText": "old!", "modelType": "gpt-4" }] }] });
    one.put_text("ItemTable", "workbench.panel.aichat.view.aichat.chatdata", &tabs.to_string());
    let composers = json!({ "allComposers": [{ "composerId": LINKED }, { "composerId": "oldest", "name": "Within", "createdAt": 5,
        "conversation": [{ "type": 1, "bubbleId": "q", "text": "within?" }] }], "selectedComposerIds": [LINKED] });
    one.put_text("ItemTable", "composer.composerData", &composers.to_string());
    one.put_text("ItemTable", "aiService.prompts", "[{\"text\":\"inline?\",\"commandType\":4}]");
    let mut two = user.workspace("w2", "file:///home/ada/two");
    two.put_text("ItemTable", &format!("workbench.panel.composerChatViewPane.{CHAT}"), "{}");
    let mut three = user.workspace("w3", "file:///home/ada/three");
    three.put_text(
        "ItemTable",
        "aiService.prompts",
        "[{\"text\":\"lost?\",\"commandType\":4},{\"text\":\"lost?\"}]",
    );
    three.put_text(
        "ItemTable",
        "aiService.generations",
        "[{\"unixMs\":1700000000000,\"textDescription\":\"lost?\"}]",
    );
    three.put_text("ItemTable", "cursorAuth/accessToken", SECRET);
    user
}

/// All files below a folder, with their times.
fn listing(root: &Path) -> Vec<(std::time::SystemTime, PathBuf)> {
    let mut all: Vec<PathBuf> = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() { open.push(entry.path()) } else { all.push(entry.path()) }
        }
    }
    all.sort();
    all.into_iter().map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), path)).collect::<Vec<_>>()
}

#[test]
fn chats_of_all_ages_are_found_with_their_workspaces() {
    let mut user = all_ages();
    let before = listing(user.root());
    let found = find(user.root());
    let mut expected = [LINKED, CHAT, "cursor-prompts-w3", "headless", "oldest", "tab-1"];
    expected.sort_unstable();
    assert_eq!(found.sessions(), expected);
    let of_session = |id: &str| &found.of_session(id)[0];
    let workspace = |id: &str| of_session(id).workspace.clone().unwrap_or_default();
    assert_eq!(
        [LINKED, CHAT, "tab-1", "cursor-prompts-w3"].map(workspace),
        ["one", "two", "one", "three"].map(|name| format!("file:///home/ada/{name}"))
    );
    let told = |id: &str| {
        let (events, report) = read(of_session(id));
        let said = of(&events, "message")
            .iter()
            .map(|m| m.data["content"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>();
        (said, report.standing(), events)
    };
    assert_eq!(told(LINKED).0, ["inline?", "inline!"]);
    assert_eq!(told("oldest").0, ["within?"]);
    let (said, standing, events) = told("tab-1");
    assert_eq!((said, standing), (vec!["old?".to_owned(), "old!".to_owned()], Standing::Complete));
    assert_eq!(of(&events, "session_update")[0].data["title"], "Old");
    let (said, standing, events) = told("cursor-prompts-w3");
    assert_eq!((said, standing), (vec!["lost?".to_owned(), "lost?".to_owned()], Standing::PromptsOnly));
    assert_eq!(events[0].timestamp.as_millis(), 1_700_000_000_000);
    let (said, _, events) = told("headless");
    assert_eq!((said, &events[0].data["workspace"]), (vec!["no list".to_owned()], &json!("/from/bubble")));
    assert_eq!(listing(user.root()), before, "reading changed something");
    let global = user.root().join("globalStorage/state.vscdb");
    assert_eq!(cursor().sessions_in(&global).unwrap().len(), 3);
    user.global.run("PRAGMA wal_checkpoint(TRUNCATE)");
    let beginning = fs::read(&global).unwrap();
    assert!(cursor().recognizes(&global, &beginning) && !cursor().recognizes(&global, &beginning[..50]));
}

#[test]
fn a_growing_chat_gives_what_is_new_and_nothing_for_others() {
    let mut user = User::new();
    let list = |count: usize, at: i64| {
        let headers: Vec<Value> = (0..count).map(|nth| json!({ "bubbleId": format!("b{nth}") })).collect();
        json!({ "composerId": CHAT, "createdAt": 1_750_000_000_000_i64, "lastUpdatedAt": at, "fullConversationHeadersOnly": headers })
    };
    user.put(&format!("composerData:{CHAT}"), &list(1, 1_750_000_000_000));
    user.put(&bubble(CHAT, "b0"), &json!({ "type": 1, "text": "go on" }));
    let file = find(user.root()).files.remove(0);
    let mut reader = cursor().open(&file).unwrap();
    let mut all = Vec::new();
    let mut step = |last: bool| {
        let from = all.len();
        let step = reader.read_on(last, &mut |event| {
            all.push(event);
            ControlFlow::Continue(())
        });
        step.unwrap();
        all[from..].iter().map(|e: &EventDraft| e.event_type.clone()).collect::<Vec<_>>()
    };
    assert_eq!(step(false), ["session_start", "cursor.composer", "message", "session_update"]);
    assert!(step(false).is_empty());
    user.global.put_text("ItemTable", "telemetry.last", "now");
    user.put(&bubble("another", "x"), &json!({ "type": 1, "text": "not ours" }));
    assert!(step(false).is_empty(), "another chat's rows");
    user.put(&format!("composerData:{CHAT}"), &list(2, 1_750_000_010_000));
    user.put(&bubble(CHAT, "b1"), &json!({ "type": 2, "text": "half" }));
    assert_eq!(step(false), ["message"]);
    user.put(&bubble(CHAT, "b1"), &json!({ "type": 2, "text": "half of it is now whole" }));
    assert_eq!(step(false), ["message"]);
    user.put(
        &bubble(CHAT, "b1"),
        &json!({ "type": 2, "text": "half of it is now whole",
        "toolFormerData": { "name": "x", "status": "running" } }),
    );
    assert_eq!(step(false), ["tool_call"]);
    user.put(
        &bubble(CHAT, "b1"),
        &json!({ "type": 2, "text": "half of it is now whole",
        "toolFormerData": { "name": "x", "status": "completed", "result": "ok" } }),
    );
    assert_eq!(step(false), ["tool_call", "tool_result"], "the call says more now");
    assert_eq!(step(true), ["cursor.composer"]);
    assert!(step(true).is_empty());
    // what is read at once is among what was read in steps, and each thing has one time
    let (once, _) = read(&file);
    for event in &once {
        assert!(all.iter().any(|e| e.event_id == event.event_id), "{}", event.to_json());
    }
    let versions: Vec<_> = all
        .iter()
        .filter(|e| e.data.get("message_id") == Some(&json!("b1")) && e.event_type == "message")
        .collect();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].timestamp, versions[1].timestamp);
    assert!(versions[0].event_id < versions[1].event_id, "the fuller one is the last");
}

#[test]
fn a_chat_that_is_gone_is_said() {
    let mut user = User::new();
    user.chat();
    let mut file = find(user.root()).files.remove(0);
    let mut reader = cursor().open(&file).unwrap();
    reader.read_on(false, &mut |_| ControlFlow::Continue(())).unwrap();
    user.global.run(&format!("DELETE FROM cursorDiskKV WHERE key LIKE '%{CHAT}%'"));
    reader.read_on(true, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(reader.report().missing.iter().any(|what| what.contains("not in the database any more")));
    file.session_id = "never-there".into();
    let error = cursor().read(&file, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("state.vscdb"), "{error}");
    assert!(find(user.root()).files.is_empty());
}

#[test]
fn where_there_is_nothing_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let later = Instant::now() + Duration::from_secs(60);
    assert_eq!(cursor().find(folder.path(), later).unwrap(), None);
    fs::create_dir(folder.path().join("globalStorage")).unwrap();
    fs::write(folder.path().join("globalStorage/state.vscdb"), "no database").unwrap();
    let error = cursor().find(folder.path(), later).unwrap_err();
    assert!(error.to_string().contains("no SQLite database"), "{error}");
    fs::write(folder.path().join("globalStorage/state.vscdb"), "").unwrap();
    assert!(cursor().find(folder.path(), later).unwrap().unwrap().files.is_empty());
    let env = |name: &str| (name == "HOME").then(|| "/h".into());
    assert!(cursor().default_root(&env).unwrap().ends_with("Cursor/User"));
    assert_eq!(editor("cursor-agent").unwrap().default_root(&env).unwrap(), Path::new("/h/.cursor"));
}

#[test]
fn what_is_of_another_form_is_kept_as_it_is() {
    let mut user = User::new();
    let odd = [
        json!({ "type": 9, "text": "kind-9" }),
        json!({ "text": ["kind-list"], "richText": "{", "thinking": 7, "createdAt": "kind-day" }),
        json!({ "type": 1, "text": 5, "createdAt": -1, "toolFormerData": "kind-tool" }),
        json!({ "type": 2, "createdAt": i64::MAX, "toolFormerData": {}, "thinking": { "text": 1, "signature": "kind-sign" } }),
        json!({ "type": 2, "toolFormerData": { "name": 1, "params": "{kind-half", "result": ["kind-result"], "toolCallId": 3 } }),
        json!(["kind-array"]),
        json!("kind-text"),
    ];
    let list = json!({ "conversation": "kind-conversation", "conversationMap": ["kind-map"], "createdAt": "kind-date",
        "fullConversationHeadersOnly": [1, {}, { "bubbleId": 5 }, { "bubbleId": "o0" }], "name": 3, "modelConfig": "kind-model" });
    user.put(&format!("composerData:{CHAT}"), &list);
    for (nth, value) in odd.iter().enumerate() {
        user.put(&bubble(CHAT, &format!("o{nth}")), value);
    }
    let (events, report) = read(&find(user.root()).files[0]);
    let all = events.iter().map(EventDraft::to_json).collect::<String>();
    let texts = format!("{list}{odd:?}");
    for mark in texts.split('"').filter(|text| text.starts_with("kind-")) {
        assert!(all.contains(mark), "{mark} is lost");
    }
    assert_eq!((report.bad(), report.tool_calls, report.tool_results), (2, 1, 1));
}
