//! Tasks of Cline and its kin, whole and with files missing, from fixtures written for it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;

use chasm_editors::SessionFile;
use proptest::prelude::*;
use reading::*;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Instant;

const API: &str = "api_conversation_history.json";
const UI: &str = "ui_messages.json";

fn task(name: &str) -> SessionFile {
    by_id("cline").sessions_in(&fixture(&format!("cline/{name}/{API}"))).unwrap().remove(0)
}

/// The task in a folder of its own, to be damaged.
fn copy(root: &Path) -> String {
    for name in [API, UI, "task_metadata.json"] {
        put(
            root,
            &format!("1769868125000/{name}"),
            fs::read(fixture(&format!("cline/1769868125000/{name}"))).unwrap(),
        );
    }
    fs::read_to_string(fixture(&format!("cline/1769868125000/{API}"))).unwrap()
}

fn only(root: &Path, name: &str) -> SessionFile {
    by_id("cline").sessions_in(&root.join("1769868125000").join(name)).unwrap().remove(0)
}

#[test]
fn a_whole_task() {
    let file = task("1769868125000");
    assert_eq!((file.session_id.as_str(), file.others.len()), ("1769868125000", 2));
    let (events, report) = read_file(by_id("cline"), &file);
    assert_eq!((report.bad(), report.missing.len()), (0, 0));
    assert_eq!(events[0].data["workspace"], "/home/ada/chasm");
    assert_eq!(events[0].timestamp.as_millis(), 1_769_868_125_000);
    let said = shown(&events);
    let roles: Vec<&str> = said.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_eq!((&said[0].1, &said[4].1), (&json!("Why does it hang?"), &json!("fix it")));
    let first = &of(&events, "message")[0].data["metadata"]["cline_content"];
    assert!(first[1]["text"].as_str().unwrap().starts_with("<environment_details>"));
    assert_eq!(of(&events, "tool_call")[0].data["arguments"], json!({"result": "It waits."}));
    assert_eq!(of(&events, "tool_result")[0].data["call_id"], "toolu_1");
    let at: Vec<i64> =
        of(&events, "message").iter().map(|e| e.timestamp.as_millis() - 1_769_868_125_000).collect();
    assert_eq!(at, [1000, 2000, 4000, 5000, 9000]);
    assert_eq!(of(&events, "cline.ui.api_req_started").len(), 3);
    assert_eq!(of(&events, "cline.ui.text")[0].data["ui"]["text"], "Let me look.");
    assert_eq!(titles(&events), ["Why does it hang?"]);
    let about = of(&events, "session_update").into_iter().find(|e| e.data.get("model").is_some()).unwrap();
    assert_eq!(about.data["model"], "claude-sonnet-4");
    assert_eq!(about.data["metadata"]["cline"]["task_metadata"]["files_in_context"][0]["path"], "a.rs");
    assert!(of(&events, "message").iter().all(|event| event.data.get("partial").is_none()));
}

#[test]
fn all_of_a_task_is_in_its_events() {
    for name in ["1769868125000", "roo-1"] {
        let file = task(name);
        let (events, _) = read_file(by_id("cline"), &file);
        for path in [&file.path].into_iter().chain(&file.others) {
            nothing_lost(&values(path), &events, &["tool_use", "tool_result"]);
        }
    }
}

#[test]
fn messages_with_times_of_their_own() {
    let file = task("roo-1");
    assert_eq!(by_id("roo-code").workspace(&file).as_deref(), Some("/home/ada/roo"));
    let (events, report) = read_file(by_id("roo-code"), &file);
    assert_eq!(shown(&events), [("user".into(), json!("hello")), ("assistant".into(), json!("hi"))]);
    assert_eq!(of(&events, "message")[1].data["message_id"], "msg_1");
    assert_eq!(of(&events, "tool_result")[0].data["is_error"], true);
    assert_eq!(events[0].data["provider"], "roo-code");
    let update = of(&events, "session_update");
    assert_eq!(update[1].data["metadata"]["roo_code"]["history_item"]["task"], "hello");
    assert_eq!((report.messages, report.lines), (2, 3));
}

#[test]
fn without_what_the_model_saw_it_is_read_from_the_window() {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    fs::remove_file(folder.path().join("1769868125000").join(API)).unwrap();
    let (events, report) = read_file(by_id("cline"), &only(folder.path(), UI));
    assert!(report.missing[0].contains(API), "{:?}", report.missing);
    let said = shown(&events);
    let roles: Vec<&str> = said.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "assistant", "assistant", "user", "assistant"]);
    assert_eq!(said[4].1[1]["source"]["url"], "data:image/png;base64,AAAA");
    assert_eq!(of(&events, "message").last().unwrap().data["partial"], true);
    let calls: Vec<_> = of(&events, "tool_call").iter().map(|e| e.data["name"].clone()).collect();
    assert_eq!(calls, ["readFile", "execute_command"]);
    assert_eq!(of(&events, "tool_result")[0].data["output"], "a.rs");
    assert_eq!(titles(&events), ["Why does it hang?"]);
}

#[test]
fn a_damaged_talk_is_filled_up_from_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let whole = copy(folder.path());
    let at = whole.find("so it waits").unwrap();
    put(folder.path(), &format!("1769868125000/{API}"), &whole[..at + 5]);
    let (events, report) = read_file(by_id("cline"), &only(folder.path(), API));
    let said = shown(&events);
    let contents: Vec<String> = said.iter().map(|(_, content)| content.to_string()).collect();
    assert!(contents[0].contains("Why does it hang?") && contents[3].contains("so it"), "{contents:?}");
    assert_eq!(said.last().unwrap(), &("assistant".into(), json!("half an answ")));
    assert_eq!(report.bad_places[0].file.as_deref(), Some(API));
    assert_eq!(report.missing.len(), 1);
    for end in (2..whole.len()).step_by(13) {
        put(folder.path(), &format!("1769868125000/{API}"), &whole[..end]);
        read_file(by_id("cline"), &only(folder.path(), API));
    }
    put(folder.path(), &format!("1769868125000/{API}"), [0; 500]);
    let (events, report) = read_file(by_id("cline"), &only(folder.path(), API));
    assert_eq!((roles(&events).len(), report.bad_places[0].bytes_lost), (6, 500));
}

#[test]
fn a_task_written_anew_gives_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let whole = copy(folder.path());
    let at = whole.find("  {\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\"").unwrap();
    put(
        folder.path(),
        &format!("1769868125000/{API}"),
        format!("{}]", whole[..at].trim_end().trim_end_matches(',')),
    );
    let file = only(folder.path(), API);
    let mut reader = by_id("cline").open(&file).unwrap();
    let mut events = step(reader.as_mut(), false);
    assert!(step(reader.as_mut(), false).is_empty());
    put(folder.path(), &format!("1769868125000/{API}"), &whole);
    events.extend(step(reader.as_mut(), true));
    let (at_once, _) = read_file(by_id("cline"), &file);
    assert_eq!(shown(&events), shown(&at_once));
    assert!(at_once.iter().all(|event| events.contains(event)));
}

#[test]
fn a_task_that_is_being_written_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let whole = copy(folder.path());
    let name = format!("1769868125000/{API}");
    for half in ["", &whole[..whole.len() / 2]] {
        let path = put(folder.path(), &name, half);
        let mut reader = by_id("cline").open(&only(folder.path(), API)).unwrap();
        assert!(step(reader.as_mut(), false).is_empty());
        fs::remove_file(path).unwrap();
        assert!(step(reader.as_mut(), false).is_empty());
        put(folder.path(), &name, &whole);
        let events = step(reader.as_mut(), false);
        assert_eq!((roles(&events).len(), reader.report().missing.len()), (5, 0));
    }
    put(folder.path(), &name, &whole[..whole.len() / 2]);
    let mut reader = by_id("cline").open(&only(folder.path(), API)).unwrap();
    assert!(!step(reader.as_mut(), true).is_empty(), "nothing more will come");
}

#[test]
fn the_environment_says_where_tasks_are() {
    let env = |given: &'static [(&str, &str)]| {
        move |name: &str| given.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
    };
    let root = |id: &str, given| by_id(id).default_root(&env(given));
    if cfg!(target_os = "linux") {
        assert_eq!(root("cline", &[("HOME", "/h")]), Some("/h/.config".into()));
        assert_eq!(root("roo-code", &[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), Some("/x".into()));
    }
    assert_eq!(root("kilo-code", &[]), None);
    assert_eq!(root("codex", &[("HOME", "/h"), ("CODEX_HOME", "/c")]), Some("/c".into()));
    assert_eq!(root("codex", &[("HOME", "/h"), ("CODEX_HOME", "")]), Some("/h/.codex".into()));
    assert_eq!(root("gemini", &[("USERPROFILE", "/h")]), Some("/h/.gemini".into()));
}

#[test]
fn sessions_of_the_newer_programs() {
    let folder = tempfile::tempdir().unwrap();
    let messages = json!({"version": 1, "sessionId": "s1", "agent": "lead", "messages": [
        {"id": "a", "role": "user", "content": "hello", "ts": 1_769_868_125_000_i64},
        {"id": "b", "role": "assistant", "content": [{"type": "text", "text": "hi"}], "ts": 1_769_868_126_000_i64,
         "modelInfo": {"id": "claude-sonnet-4", "provider": "anthropic"}}]});
    let root = folder.path();
    put(root, ".cline/data/sessions/s1/s1.messages.json", messages.to_string());
    put(root, ".cline/data/sessions/s1/helper.messages.json", messages.to_string());
    put(root, ".cline/data/sessions/s1/s1.json", "{\"apiKey\":\"secret\"}");
    fs::create_dir_all(root.join(".config")).unwrap();
    let found = by_id("cline").find(&root.join(".config"), later()).unwrap().unwrap();
    assert_eq!(found.sessions(), ["s1", "s1/helper"]);
    let (events, report) = read_file(by_id("cline"), &found.files[0]);
    assert_eq!(report.messages, 2);
    assert_eq!(of(&events, "message")[1].data["model"], "claude-sonnet-4");
    assert_eq!(events[0].data["metadata"]["cline"]["agent"], "lead");
    assert!(!events.iter().any(|event| event.to_json().contains("secret")));
    assert_eq!(by_id("roo-code").find(&root.join(".config"), later()).unwrap(), None);
}

#[test]
fn tasks_are_found_in_each_editor_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let storage = "User/globalStorage";
    let api = fs::read(fixture(&format!("cline/roo-1/{API}"))).unwrap();
    put(root, &format!("Code/{storage}/saoudrizwan.claude-dev/tasks/1/{API}"), &api);
    put(root, &format!("Code/{storage}/saoudrizwan.claude-dev/tasks/1/settings.json"), "secret");
    put(root, &format!("Code/{storage}/saoudrizwan.claude-dev/settings/mcp.json"), "secret");
    put(root, &format!("Cursor/{storage}/saoudrizwan.claude-dev/tasks/2/{UI}"), "[]");
    put(root, &format!("Cursor/{storage}/saoudrizwan.claude-dev/tasks/3/task_metadata.json"), "{}");
    put(root, &format!("VSCodium/{storage}/rooveterinaryinc.roo-cline/tasks/4/{API}"), &api);
    put(root, &format!("Code/{storage}/kilocode.kilo-code/tasks/5/{API}"), &api);
    let ids = |id: &str, root: &Path| {
        by_id(id).find(root, later()).unwrap().map(|found| found.sessions().join(" "))
    };
    assert_eq!(ids("cline", root).as_deref(), Some("1 2"));
    assert_eq!(ids("roo-code", root).as_deref(), Some("4"));
    assert_eq!(ids("kilo-code", root).as_deref(), Some("5"));
    let own = root.join(format!("Code/{storage}/saoudrizwan.claude-dev"));
    assert_eq!(ids("cline", &own).as_deref(), Some("1"));
    assert_eq!(ids("cline", &root.join("Cursor")).as_deref(), Some("2"));
    assert_eq!(ids("cline", &root.join("none")), None);
    assert_eq!(by_id("cline").chats(root).len(), 2);
    assert!(by_id("cline").chats(&root.join("none"))[0].ends_with("saoudrizwan.claude-dev/tasks"));
    assert!(!by_id("cline").find(root, Instant::now()).unwrap().unwrap().complete);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0..2000_usize, gone in 0..300_usize) {
        for name in [API, UI] {
            try_bytes("cline", name, &bytes);
            let whole = fs::read(fixture(&format!("cline/1769868125000/{name}"))).unwrap();
            try_bytes("cline", name, &torn(whole, at, gone, bytes.clone()));
        }
    }
}
