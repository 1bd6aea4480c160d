//! A project whose editors lost its chats: `chasm recover extract` brings back all that the bytes hold, and names the rest.
//!
//! The storage is a genuine one of VS Code (`CHASM_TEST_DATA`; skipped without it) beside one written for the test, damaged as
//! editors' storages are: its window has another id now, the list of sessions is empty, a log is cut, a file is full of NUL
//! bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Opts, Recorder, folder, within};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The windows' folders: that of before, and the one that the editor looks into now.
const BEFORE: &str = "0123456789abcdef0123456789abcdef";
const NOW: &str = "fedcba9876543210fedcba9876543210";
const CUT: &str = "aaaaaaaa-1111-4222-8333-444444444444";
const NUL: &str = "bbbbbbbb-1111-4222-8333-444444444444";

fn genuine() -> Option<PathBuf> {
    let data = std::env::var_os("CHASM_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let storage = data.join("vscode-real/copilot-chat-0.67.0/after-close/582a0378");
    storage.is_dir().then_some(storage)
}

fn copy(from: &Path, to: &Path) {
    for path in folder::files(from) {
        let at = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::copy(&path, at).unwrap();
    }
}

fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Turns of a log, each with its answer. The last answer's line is the last one.
fn log(turns: usize) -> String {
    let head = json!({"kind": 0, "v": {"version": 3, "sessionId": CUT, "creationDate": 1_760_000_000_000_u64, "requests": []}});
    let turn = |n: usize| {
        let request = json!({"kind": 2, "k": ["requests"], "v": [{"requestId": format!("request_{n}"),
            "timestamp": 1_760_000_000_000_u64 + n as u64 * 60_000, "message": {"text": format!("prompt {n}")}, "response": []}]});
        let answer = json!({"kind": 2, "k": ["requests", n, "response"], "v": [{"value": format!("answer {n}, with a long end")}]});
        format!("{request}\n{answer}\n")
    };
    format!("{head}\n{}", (0..turns).map(turn).collect::<String>())
}

/// What is on disk after all that happened to it. Answers how many genuine sessions there are.
fn storage(home: &Path, project: &Path) -> usize {
    let storage = home.join(".config/Code/User/workspaceStorage");
    let uri = format!("file://{}", project.display().to_string().replace(' ', "%20"));
    for window in [BEFORE, NOW] {
        put(&storage.join(window).join("workspace.json"), json!({ "folder": uri }).to_string());
    }
    let chats = storage.join(BEFORE).join("chatSessions");
    let whole = log(3);
    put(&chats.join(format!("{CUT}.jsonl")), &whole[..whole.len() - 24]);
    // all that is left of this one is the prompt in an older copy
    put(&chats.join(format!("{NUL}.jsonl")), vec![0; 4_096]);
    let older = json!({"version": 3, "sessionId": NUL, "creationDate": 1_760_000_000_000_u64, "requests": [
        {"requestId": "request_0", "timestamp": 1_760_000_000_000_u64, "message": {"text": "what was asked"}, "response": []}]});
    put(&storage.join(NOW).join("chatSessions").join(format!("{NUL}.json")), older.to_string());
    let Some(genuine) = genuine() else {
        println!("skipped in part: no genuine storage here (CHASM_TEST_DATA)");
        return 0;
    };
    copy(&genuine, &storage.join(BEFORE));
    2
}

fn by_id<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let sessions = answer["sessions"].as_array().unwrap();
    sessions.iter().find(|s| s["session_id"] == id).unwrap_or_else(|| panic!("{id} is not there: {answer:#}"))
}

#[test]
fn everything_that_the_bytes_hold_comes_back_and_the_rest_is_named() {
    within(120, async {
        let recorder = Recorder::start(Opts::config("[editors]\nfollow = false\n"));
        let home = recorder.scratch().to_owned();
        let project = home.join("my project");
        fs::create_dir_all(&project).unwrap();
        let genuine = storage(&home, &project);
        let before = all_bytes(&home.join(".config"));
        let args = ["recover", "extract", project.to_str().unwrap(), "--json"];
        let answer = recorder.cli(&args).ok().json();
        println!("{}", recorder.cli(&args[..3]).ok().stdout);
        assert_eq!(answer["sessions"].as_array().unwrap().len(), 2 + genuine, "{answer:#}");
        assert_eq!(all_bytes(&home.join(".config")), before, "nothing is touched");

        let cut = by_id(&answer, CUT);
        assert_ne!(cut["standing"], "complete");
        assert!(!cut["parts"][0]["bad_places"].as_array().unwrap().is_empty(), "{cut}");
        let texts = texts(&recorder.session(CUT).await);
        assert_eq!(texts.len(), 6, "{texts:?}");
        assert_eq!(
            &texts[..5],
            ["prompt 0", "answer 0, with a long end", "prompt 1", "answer 1, with a long end", "prompt 2"]
        );
        // as far as its bytes go
        let part = &texts[5];
        assert!("answer 2, with a long end".starts_with(part.as_str()) && part.len() > 3, "{part:?}");

        let nul = by_id(&answer, NUL);
        assert_eq!(nul["standing"], "prompts_only", "{nul}");
        assert!(!nul["parts"][0]["missing"].as_array().unwrap().is_empty(), "{nul}");
        if genuine > 0 {
            let real = recorder.session("55fe0a87-46b6-450a-8823-f7ab579663f0").await;
            let calls = real["tool_calls"].as_array().unwrap().len();
            println!("the genuine session: {} messages, {calls} calls", real["message_count"]);
            assert!(real["message_count"].as_u64().unwrap() > 2 && calls > 0, "{real}");
        }
        let again = recorder.cli(&args).ok().json();
        assert!(again["sessions"].as_array().unwrap().iter().all(|s| s["new"] == 0), "{again:#}");
    });
}

fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> =
        folder::files(folder).into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    all.sort();
    all
}

fn texts(session: &Value) -> Vec<String> {
    let text = |content: &Value| match content {
        Value::String(text) => text.clone(),
        parts => parts[0]["text"].as_str().unwrap_or_default().to_owned(),
    };
    session["messages"].as_array().unwrap().iter().map(|m| text(&m["content"])).collect()
}
