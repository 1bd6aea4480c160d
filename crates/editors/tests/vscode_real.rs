//! Real sessions of VS Code, held against the counts that were taken of them by other means.
//!
//! They lie outside the repository: `CHASM_TEST_DATA`, or `../shared/data` beside the workspace. Without them the tests say
//! so and pass.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod real;

use chasm_editors::vscode::{self, read_json, read_log};
use chasm_editors::{EventDraft, ReadReport};
use chasm_protocol::{Limits, parse_event};
use real::{data, say};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is read of each file that is a session: turns, answers, calls of tools, results of them, bad places.
const COUNTS: &[(&str, [u64; 5])] = &[
    (
        "vscode-real/copilot-chat-0.67.0/after-close/582a0378/chatSessions/55fe0a87-46b6-450a-8823-f7ab579663f0.jsonl",
        [5, 8, 4, 3, 0],
    ),
    (
        "vscode-real/copilot-chat-0.67.0/after-close/582a0378/chatSessions/610c40c6-e96d-4c69-9d1c-0445c35bacd5.jsonl",
        [1, 1, 0, 0, 0],
    ),
    (
        "vscode-real/copilot-chat-0.67.0/workspaceStorage/582a0378/chatSessions/55fe0a87-46b6-450a-8823-f7ab579663f0.jsonl",
        [5, 8, 4, 3, 0],
    ),
    (
        "vscode-real/copilot-chat-0.67.0/workspaceStorage/582a0378/chatSessions/610c40c6-e96d-4c69-9d1c-0445c35bacd5.jsonl",
        [1, 1, 0, 0, 0],
    ),
    (
        "vscode-real/json-mode/workspaceStorage/37bd82db/chatSessions/33ea7ea6-be67-446e-b53a-2b7341e17016.json",
        [5, 7, 1, 1, 0],
    ),
    (
        "vscode-real/jsonl-mode/workspaceStorage/-4b238472/chatSessions/15ca0b70-0111-4ca0-97c6-82bd2077765e.jsonl",
        [4, 5, 1, 1, 0],
    ),
    (
        "vscode-real/vscode-1.106.3-json/5852d135/chatSessions/d3f9105e-c148-4397-9a5b-30d6885e0834.json",
        [4, 6, 1, 1, 0],
    ),
    ("vscode/brusic-chat-export.json", [4, 4, 0, 0, 0]),
    ("vscode/dealenx-canceled.json", [2, 2, 0, 0, 0]),
    ("vscode/dealenx-error.json", [1, 1, 0, 0, 0]),
    ("vscode/dealenx-in-progress.json", [1, 2, 2, 2, 0]),
    ("vscode/dealenx-mcp-error.json", [1, 2, 1, 1, 0]),
    ("vscode/dealenx-mcp-success.json", [1, 4, 3, 3, 0]),
    ("vscode/dealenx-pending.json", [0, 0, 0, 0, 0]),
    ("vscode/dealenx-plain.json", [2, 2, 0, 0, 0]),
    ("vscode/derived/brusic-chat-export.oplog.jsonl", [4, 4, 0, 0, 0]),
    ("vscode/derived/compacted-then-appended.jsonl", [6, 7, 1, 1, 0]),
    ("vscode/derived/crlf.jsonl", [6, 7, 1, 1, 0]),
    ("vscode/derived/damaged-killed-mid-response.jsonl", [2, 1, 0, 0, 0]),
    ("vscode/derived/damaged-missing-initial.jsonl", [6, 7, 1, 1, 1]),
    ("vscode/derived/damaged-nul-tail.jsonl", [6, 7, 1, 1, 1]),
    ("vscode/derived/damaged-truncated-last-line.jsonl", [6, 7, 1, 1, 1]),
    ("vscode/derived/digitarald-thinking.oplog.jsonl", [2, 4, 8, 8, 0]),
    ("vscode/derived/epics-p47-chat-export.oplog.jsonl", [6, 7, 1, 1, 0]),
    ("vscode/derived/stub-only-initial.jsonl", [0, 0, 0, 0, 0]),
    ("vscode/derived/two-initials.jsonl", [6, 7, 1, 1, 0]),
    ("vscode/digitarald-fix-deploy.json", [1, 26, 30, 30, 0]),
    ("vscode/digitarald-small.json", [2, 7, 9, 9, 0]),
    ("vscode/digitarald-thinking.json", [2, 4, 8, 8, 0]),
    ("vscode/epics-p47-chat-export.json", [6, 7, 1, 1, 0]),
    ("vscode/mrtuborg-empty-session.jsonl", [0, 0, 0, 0, 0]),
    ("vscode/mrtuborg-malformed.jsonl", [1, 1, 0, 0, 3]),
    ("vscode/mrtuborg-multi-request.json", [5, 5, 0, 0, 0]),
    ("vscode/mrtuborg-multi-turn-session.jsonl", [5, 5, 1, 1, 6]),
    ("vscode/mrtuborg-no-title-session.jsonl", [1, 1, 0, 0, 1]),
    ("vscode/mrtuborg-simple-session.jsonl", [1, 1, 0, 0, 2]),
    ("vscode/mrtuborg-single-request.json", [1, 1, 0, 0, 0]),
    (
        "vscode/nzanepro/demo_storage/2d5f8a1b3c4e9053/chatSessions/7a8b9c0d-1e2f-3a4b-5c6d-7e8f9a0b1c2d.jsonl",
        [2, 2, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/2d5f8a1b3c4e9053/chatSessions/8b9c0d1e-2f3a-4b5c-6d7e-8f9a0b1c2d3e.jsonl",
        [2, 2, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/2d5f8a1b3c4e9053/chatSessions/9c0d1e2f-3a4b-5c6d-7e8f-9a0b1c2d3e4f.jsonl",
        [1, 1, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/7c9e1d2a5f3b8042/chatSessions/4d5e6f7a-8b9c-0d1e-2f3a-4b5c6d7e8f9a.jsonl",
        [2, 2, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/7c9e1d2a5f3b8042/chatSessions/5e6f7a8b-9c0d-1e2f-3a4b-5c6d7e8f9a0b.jsonl",
        [3, 3, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/7c9e1d2a5f3b8042/chatSessions/6f7a8b9c-0d1e-2f3a-4b5c-6d7e8f9a0b1c.jsonl",
        [1, 1, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/a3f8b2c1d4e5f601/chatSessions/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d.jsonl",
        [3, 3, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/a3f8b2c1d4e5f601/chatSessions/2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e.jsonl",
        [2, 2, 0, 0, 0],
    ),
    (
        "vscode/nzanepro/demo_storage/a3f8b2c1d4e5f601/chatSessions/3c4d5e6f-7a8b-9c0d-1e2f-3a4b5c6d7e8f.jsonl",
        [2, 2, 0, 0, 0],
    ),
    ("vscode/nzanepro/sessions/aaaa-0001.jsonl", [2, 2, 0, 0, 0]),
    ("vscode/nzanepro/sessions/bbbb-0002.jsonl", [1, 1, 0, 0, 0]),
    ("vscode/nzanepro/sessions/cccc-0003.json", [1, 1, 0, 0, 0]),
    ("vscode/rajbos-session-01-today.json", [5, 5, 0, 0, 0]),
    ("vscode/rajbos-session-02-five-days-ago.json", [3, 3, 0, 0, 0]),
    ("vscode/rajbos-session-03-twelve-days-ago.json", [3, 3, 0, 0, 0]),
    ("vscode/rajbos-session-04-twenty-days-ago.json", [2, 2, 0, 0, 0]),
    ("vscode/rajbos-session-05-twenty-seven-days-ago.json", [3, 3, 0, 0, 0]),
];

/// `messages` in `SOURCES.tsv` is the number of `requests` after a strict replay. Where ours is another one:
const MORE_THAN_THEIRS: &[(&str, &str, u64)] = &[
    ("vscode/derived/damaged-missing-initial.jsonl", "-", 6), // begun from nothing, each turn is added whole
    ("vscode/mrtuborg-malformed.jsonl", "-", 1),              // entries without a path: whole turns are added
    ("vscode/mrtuborg-multi-turn-session.jsonl", "0", 5),
    ("vscode/mrtuborg-no-title-session.jsonl", "0", 1),
    ("vscode/mrtuborg-simple-session.jsonl", "0", 1),
];

/// Logs that were made of a document: the turns they lead to are the document's.
const LOG_OF: &[(&str, &str)] = &[
    ("brusic-chat-export.oplog.jsonl", "brusic-chat-export.json"),
    ("digitarald-thinking.oplog.jsonl", "digitarald-thinking.json"),
    ("epics-p47-chat-export.oplog.jsonl", "epics-p47-chat-export.json"),
    ("crlf.jsonl", "epics-p47-chat-export.json"),
    ("compacted-then-appended.jsonl", "epics-p47-chat-export.json"),
    ("two-initials.jsonl", "epics-p47-chat-export.json"),
    ("damaged-missing-initial.jsonl", "epics-p47-chat-export.json"),
    ("damaged-nul-tail.jsonl", "epics-p47-chat-export.json"),
    ("damaged-truncated-last-line.jsonl", "epics-p47-chat-export.json"),
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "json" || e == "jsonl") {
            out.push(path);
        }
    }
}

/// All files, by their names below the folder.
fn all(root: &Path) -> BTreeMap<String, PathBuf> {
    let mut out = Vec::new();
    ["vscode", "vscode-real"]
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.is_dir())
        .for_each(|folder| files(&folder, &mut out));
    out.into_iter()
        .map(|path| (path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"), path))
        .collect()
}

fn read(path: &Path) -> Option<(Vec<EventDraft>, ReadReport)> {
    let (events, report) = vscode::read(path).ok()?;
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{}: {:?}: {}", path.display(), parsed.err(), event.to_json());
    }
    let again = vscode::read(path).unwrap();
    assert_eq!(again.0, events, "{}: read twice", path.display());
    Some((events, report))
}

#[test]
fn real_sessions() {
    let Some(root) = data() else { return };
    let table = std::fs::read_to_string(root.join("SOURCES.tsv")).unwrap();
    let theirs: BTreeMap<&str, &str> = table
        .lines()
        .skip(1)
        .filter_map(|row| {
            let cells: Vec<&str> = row.split('\t').collect();
            Some((*cells.first()?, *cells.get(6)?))
        })
        .collect();
    say("theirs = turns, answers, calls, results, bad places");
    for (file, path) in all(&root) {
        let known = COUNTS.iter().find(|(known, _)| *known == file).map(|(_, counts)| *counts);
        let Some((_, r)) = read(&path) else {
            assert_eq!(known, None, "{file}: it was a session");
            let other = file.contains("chatSessions/")
                || theirs.get(file.as_str()).is_some_and(|n| *n != "-" && *n != "0");
            assert!(!other, "{file}: not read");
            continue;
        };
        let ours = [r.counted("turns"), r.answers, r.tool_calls, r.tool_results, r.bad()];
        let counted = theirs.get(file.as_str()).copied().unwrap_or("?");
        say(&format!("{counted:>3} = {ours:?}  {file}"));
        r.bad_places.iter().for_each(|bad| {
            say(&format!(
                "      line {}, byte {}: {} ({} bytes)",
                bad.line, bad.offset, bad.why, bad.bytes_lost
            ))
        });
        assert_eq!(known, Some(ours), "{file}");
        assert_eq!(r.messages, ours[0] + ours[1], "{file}: each turn has its prompt");
        match MORE_THAN_THEIRS.iter().find(|(known, ..)| *known == file) {
            Some((_, said, turns)) => assert_eq!((counted, ours[0]), (*said, *turns), "{file}"),
            None if counted != "?" => assert_eq!(counted, ours[0].to_string(), "{file}"),
            None => {}
        }
    }
}

/// Tools that are shown in a document, counted in its own words.
fn shown_tools(document: &Value) -> u64 {
    let parts =
        document["requests"].as_array().unwrap().iter().filter_map(|request| request["response"].as_array());
    parts.flatten().filter(|part| part["kind"] == "toolInvocationSerialized").count() as u64
}

#[test]
fn each_tool_that_is_shown_is_one_call_and_rounds_find_theirs() {
    let Some(root) = data() else { return };
    let (mut rounds, mut by_id, mut by_order) = (0, 0, 0);
    for (file, path) in all(&root).into_iter().filter(|(file, _)| file.ends_with(".json")) {
        let Some((events, report)) = read(&path) else { continue };
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(report.tool_calls, shown_tools(&document), "{file}");
        let calls = events.iter().filter(|event| event.event_type == "tool_call");
        for call in calls.filter(|call| call.data.contains_key("model_call_id")) {
            rounds += 1;
            assert!(call.data["arguments"].is_object(), "{file}: {:?}", call.data);
            match call.data.get("matched_by") {
                Some(_) => by_order += 1,
                None => by_id += 1,
            }
        }
    }
    say(&format!("{rounds} calls with rounds: {by_id} by id, {by_order} by order"));
    assert_eq!((rounds, by_id, by_order), (43, 0, 43), "as many as the rounds have");
}

#[test]
fn logs_lead_to_the_documents_they_were_made_of() {
    let Some(root) = data() else { return };
    let folder = root.join("vscode");
    for (log, document) in LOG_OF {
        let log = read_log(&folder.join("derived").join(log)).unwrap();
        let document = read_json(&folder.join(document)).unwrap();
        assert_eq!(log.turns.len(), document.turns.len(), "{}", log.path.display());
        for (ours, theirs) in log.turns.iter().zip(&document.turns) {
            let told = |turn: &vscode::turns::Turn| {
                let mut rest = turn.rest.clone();
                // the logs have them as version 3 writes them
                ["isCanceled", "modelState", "timeSpentWaiting"]
                    .iter()
                    .for_each(|key| drop(rest.remove(*key)));
                if log.path.ends_with("damaged-nul-tail.jsonl") {
                    rest.remove("codeCitations"); // of the last turn: among the lost lines
                }
                format!("{:?} {:?} {:?} {rest:?}", turn.request_id, turn.prompt, turn.parts)
            };
            assert_eq!(told(ours), told(theirs), "{}", log.path.display());
        }
    }
}

#[test]
fn a_log_that_grows_is_read_as_it_stands_in_the_end() {
    let Some(root) = data() else { return };
    for (file, path) in all(&root).into_iter().filter(|(file, _)| file.ends_with(".jsonl")) {
        let Some((whole, _)) = read(&path) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let growing = folder.path().join(path.file_name().unwrap());
        let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
        let mut reader = None;
        let mut events = Vec::new();
        for end in ends.chain([bytes.len()]) {
            std::fs::write(&growing, &bytes[..end]).unwrap();
            let reader = reader
                .get_or_insert_with(|| vscode::open_log(&growing, vscode::head::Known::default()).unwrap());
            let mut take = |event| {
                events.push(event);
                std::ops::ControlFlow::Continue(())
            };
            chasm_editors::Reader::read_on(reader, end == bytes.len(), &mut take).unwrap();
        }
        for event in whole.iter().filter(|event| event.event_type != "session_end") {
            assert!(events.contains(event), "{file}: {}", event.event_id);
        }
    }
}
