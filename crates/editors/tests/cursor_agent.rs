//! Transcripts and stores of Cursor's agents.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod written;

use chasm_editors::{Editor, EventDraft, ReadError, ReadReport, SessionFile, Standing, editor};
use chasm_protocol::{Limits, parse_event};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use written::Written;

const LINES: &str = "0b5e0b34-1111-4222-8333-444444444444.jsonl";

fn agent() -> &'static dyn Editor {
    editor("cursor-agent").unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cursor").join(name)
}

fn try_read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let file = agent().sessions_in(path)?.remove(0);
    read_file(&file)
}

fn read_file(file: &SessionFile) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let mut events = Vec::new();
    let mut each = |event| {
        events.push(event);
        ControlFlow::Continue(())
    };
    let report = agent().read(file, &mut each)?;
    assert_eq!(events.len() as u64, report.events);
    let mut ids: Vec<_> = events.iter().map(|event| &event.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice");
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
    }
    Ok((events, report))
}

fn read(path: &Path) -> (Vec<EventDraft>, ReadReport) {
    try_read(path).unwrap()
}

fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|event| event.event_type == event_type).collect()
}

#[test]
fn lines_become_messages_tools_and_errors() {
    let (events, report) = read(&fixture(LINES));
    let start = &events[0];
    assert_eq!(start.session_id, "cursor-agent-0b5e0b34-1111-4222-8333-444444444444");
    assert_eq!(
        (&start.data["provider"], &start.data["editor"]),
        (&json!("cursor-agent"), &json!("Cursor Agent"))
    );
    let messages = of(&events, "message");
    let roles: Vec<_> = messages.iter().map(|m| m.data["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "system", "user", "user", "assistant"]);
    assert_eq!(messages[1].data["content"][0]["thinking"], "It may loop.");
    assert_eq!(
        (&messages[2].data["content"], &messages[3].data["content"]),
        (&json!("Provider Error: timeout"), &json!("again"))
    );
    assert_eq!(messages[3].data["metadata"]["cursor"]["content"], "<user_query>again</user_query>");
    assert_eq!(messages[5].data["metadata"]["cursor"]["line"]["message"]["model"], "sonnet");
    let (call, result) = (of(&events, "tool_call")[0], of(&events, "tool_result")[0]);
    assert_eq!(
        (&call.data["name"], &call.data["arguments"]["path"]),
        (&json!("Read"), &json!("/src/parser.rs"))
    );
    assert_eq!((&call.data["call_id"], &result.data["call_id"]), (&json!("call_1"), &json!("call_1")));
    assert_eq!((&result.data["output"], &result.data["is_error"]), (&json!("fn main() {}"), &json!(false)));
    assert_eq!(of(&events, "cursor.new_thing")[0].data["line"]["payload"], json!([1, 2]));
    assert_eq!((report.messages, report.answers, report.tool_calls, report.tool_results), (6, 2, 1, 1));
    assert_eq!((report.lines, report.counted("errors"), report.standing()), (8, 1, Standing::Complete));
    assert!(events.windows(2).all(|pair| pair[0].timestamp <= pair[1].timestamp));
}

#[test]
fn a_text_gives_the_same_kinds() {
    let (events, report) = read(&fixture("older.txt"));
    let messages = of(&events, "message");
    let contents: Vec<&Value> = messages.iter().map(|m| &m.data["content"]).collect();
    let answer = json!([{ "type": "thinking", "thinking": "I should find it first.\n  It is small." },
        { "type": "text", "text": "I will look for it." }, { "type": "text", "text": "Done, it is `new` now." }]);
    assert_eq!(contents, [&json!("Rename the module"), &answer, &json!("thanks")]);
    assert_eq!(events[0].data["title"], "Rename the module");
    assert_eq!(of(&events, "tool_call")[0].data["arguments"], json!({ "pattern": "mod old" }));
    assert_eq!(of(&events, "tool_result")[0].data["output"], "  src/lib.rs:1: mod old;");
    assert_eq!((report.messages, report.tool_calls, report.tool_results, report.bad()), (3, 1, 1, 0));
}

#[test]
fn damage_is_named_and_read_around() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let whole = fs::read(fixture(LINES)).unwrap();
    let mut bytes = b"\0\0\0\0".to_vec();
    bytes.extend(&whole[..whole.len() - 20]);
    fs::write(&path, &bytes).unwrap();
    let (events, report) = read(&path);
    assert!(report.bad() >= 2, "{:?}", report.bad_places);
    let last = of(&events, "message").last().unwrap().data.clone();
    assert_eq!((&last["role"], &last["partial"]), (&json!("assistant"), &json!(true)));
    fs::write(&path, "").unwrap();
    assert!(matches!(try_read(&path), Err(ReadError::Empty { .. })));
    fs::write(&path, "{\"kind\":0}\n").unwrap();
    assert!(matches!(try_read(&path), Err(ReadError::Other { .. })));
}

#[test]
fn a_growing_transcript_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let whole = fs::read(fixture(LINES)).unwrap();
    let mut out = fs::File::create(&path).unwrap();
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    out.write_all(&whole[..ends[0]]).unwrap();
    let file = agent().sessions_in(&path).unwrap().remove(0);
    let (mut reader, mut steps) = (agent().open(&file).unwrap(), Vec::new());
    let mut from = ends[0];
    for end in &ends {
        out.write_all(&whole[from.min(*end)..*end]).unwrap();
        from = *end;
        reader
            .read_on(false, &mut |event| {
                steps.push(event);
                ControlFlow::Continue(())
            })
            .unwrap();
        let (so_far, _) = read(&path);
        assert_eq!(so_far, steps, "read at once, other events");
    }
    assert_eq!(reader.report().lines, 8);
}

#[test]
fn agents_are_found_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let put = |name: &str, from: &str| {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::copy(fixture(from), root.join(name)).unwrap();
    };
    put("projects/home-ada-p/agent-transcripts/a1/a1.jsonl", LINES);
    put("projects/home-ada-p/agent-transcripts/a1.txt", "older.txt");
    put("projects/home-ada-p/agent-transcripts/a1/subagents/s1.jsonl", LINES);
    put("projects/home-ada-p/agent-transcripts/old.txt", "older.txt");
    put("projects/home-ada-p/mcps/tools.jsonl", LINES);
    fs::write(root.join("projects/home-ada-p/.workspace-trusted"), "{\"workspacePath\":\"/home/ada/p\"}")
        .unwrap();
    fs::write(root.join("mcp.json"), "{\"token\":\"tok_never\"}").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root, root.join("projects/again")).unwrap();
    let found = agent().find(root, Instant::now() + Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(found.sessions(), ["cursor-agent-a1", "cursor-agent-a1/s1", "cursor-agent-old"]);
    assert!(found.files[0].path.ends_with("a1/a1.jsonl"), "lines say more than a text");
    assert!(found.files.iter().all(|file| file.workspace.as_deref() == Some("/home/ada/p")));
    let (events, _) = read_file(&found.files[0]).unwrap();
    assert_eq!(events[0].data["workspace"], "/home/ada/p");
    // a root of this kind may be set for the editor itself too
    let both =
        editor("cursor").unwrap().find(root, Instant::now() + Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(both, found);
    assert_eq!(agent().find(&root.join("none"), Instant::now()).unwrap(), None);
    for file in &found.files {
        let beginning = fs::read(&file.path).unwrap();
        assert!(agent().recognizes(&file.path, &beginning));
        assert!(!editor("claude-code").unwrap().recognizes(&file.path, &beginning));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A store like the command line's: messages, lists of them, and what else it keeps.
fn store(path: &Path) -> Written {
    let mut store = Written::plain(path, true);
    store.run("CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB); CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)");
    let put = |store: &mut Written, nth: u8, bytes: &[u8]| store.put("blobs", &hex(&[nth; 32]), Some(bytes));
    let list = |items: &[(u8, u8)]| {
        let mut bytes = vec![0x1a, 0x02, 0x08, 0x01];
        for (tag, nth) in items {
            bytes.extend([*tag, 0x20]);
            bytes.extend([*nth; 32]);
        }
        bytes
    };
    let messages = [
        json!({ "role": "system", "content": "You are an agent." }),
        json!({ "role": "user", "content": [{ "type": "text", "text": "<user_info>\nWorkspace Path: /home/ada/p\n</user_info>" },
            { "type": "text", "text": "<user_query>\nfix it\n</user_query>" }] }),
        json!({ "role": "assistant", "id": "m", "content": [{ "type": "reasoning", "text": "Hm." }, { "type": "text", "text": "I do." },
            { "type": "tool-call", "toolCallId": "c1", "toolName": "Shell", "args": { "command": "ls" } }] }),
        json!({ "role": "tool", "content": [{ "type": "tool-result", "toolCallId": "c1", "toolName": "Shell", "result": "a.rs" }] }),
        json!({ "role": "assistant", "content": "Fixed." }),
    ];
    for (nth, message) in messages.iter().enumerate() {
        put(&mut store, nth as u8 + 1, message.to_string().as_bytes());
    }
    put(&mut store, 0x40, &list(&[(0x0a, 3), (0x0a, 4)]));
    put(&mut store, 0x50, &list(&[(0x0a, 1), (0x0a, 2), (0x12, 0x40), (0x0a, 5), (0x0a, 0x77)]));
    put(&mut store, 0x60, &list(&[(0x12, 0x60)]));
    put(&mut store, 9, json!({ "role": "user", "content": "taken back" }).to_string().as_bytes());
    let meta = json!({ "agentId": "x", "name": "Fix", "createdAt": 1_750_000_000_000_i64, "lastUsedModel": "sonnet",
        "latestRootBlobId": hex(&[0x50; 32]), "blobEncryptionKey": "tok_never" });
    store.put_text("meta", "0", &hex(meta.to_string().as_bytes()));
    store
}

#[test]
fn a_store_is_read_from_its_root() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chats/1234/c0ffee/store.db");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut theirs = store(&path);
    let found = agent().find(folder.path(), Instant::now() + Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(found.sessions(), ["cursor-agent-c0ffee"]);
    let (events, report) = read_file(&found.files[0]).unwrap();
    assert!(!format!("{events:?}").contains("tok_never"));
    assert_eq!(
        (&events[0].data["workspace"], &events[1].data["title"]),
        (&json!("/home/ada/p"), &json!("Fix"))
    );
    assert_eq!(events[0].timestamp.as_millis(), 1_750_000_000_000);
    let roles: Vec<_> = of(&events, "message").iter().map(|m| m.data["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "assistant", "user"]);
    let answer = &of(&events, "message")[2].data["content"];
    assert_eq!(
        *answer,
        json!([{ "type": "thinking", "thinking": "Hm." }, { "type": "text", "text": "I do." }])
    );
    let (call, result) = (of(&events, "tool_call")[0], of(&events, "tool_result")[0]);
    assert_eq!((&call.data["name"], &call.data["arguments"]["command"]), (&json!("Shell"), &json!("ls")));
    assert_eq!((&result.data["call_id"], &result.data["output"]), (&json!("c1"), &json!("a.rs")));
    assert_eq!(of(&events, "message")[4].data["metadata"]["cursor"]["unplaced"], true);
    assert_eq!((report.messages, report.missing.len(), report.standing()), (5, 1, Standing::Partial));
    assert!(report.counted("blobs") >= 2);
    // it goes on with what is new only
    let (mut reader, mut again) = (agent().open(&found.files[0]).unwrap(), Vec::new());
    let mut each = |event| {
        again.push(event);
        ControlFlow::Continue(())
    };
    reader.read_on(false, &mut each).unwrap();
    theirs.put(
        "blobs",
        &hex(&[0x77; 32]),
        Some(json!({ "role": "user", "content": "more" }).to_string().as_bytes()),
    );
    reader.read_on(false, &mut each).unwrap();
    assert_eq!(again.len(), events.len() + 1);
    assert_eq!(again.last().unwrap().data["content"], "more");
    assert_eq!(reader.report().missing.len(), 0);
    let other = folder.path().join("chats/1234/c0ffee/other.db");
    fs::write(&other, "SQLite format 3").unwrap();
    assert!(matches!(try_read(&other), Err(ReadError::Database { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at: prop::sample::Index, ending in 0..2_usize) {
        let folder = tempfile::tempdir().unwrap();
        let (name, from) = [("a.jsonl", LINES), ("a.txt", "older.txt")][ending];
        let path = folder.path().join(name);
        let mut whole = fs::read(fixture(from)).unwrap();
        let at = at.index(whole.len());
        whole.splice(at..at, bytes.iter().copied());
        fs::write(&path, &whole).unwrap();
        let _ = try_read(&path);
        fs::write(&path, &bytes).unwrap();
        let _ = try_read(&path);
    }

    #[test]
    fn cut_at_any_line_end_is_a_beginning(lines in 1..8_usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let whole = fs::read_to_string(fixture(LINES)).unwrap();
        fs::write(&path, &whole).unwrap();
        let ids = |path: &Path| read(path).0.into_iter().map(|e| (e.event_id, e.data)).collect::<Vec<_>>();
        let all = ids(&path);
        let cut: String = whole.split_inclusive('\n').take(lines).collect();
        fs::write(&path, cut).unwrap();
        let some = ids(&path);
        prop_assert!(some.len() > lines && all.starts_with(&some));
    }
}
