//! Damage of every kind, from fixtures written for it, and what may never depend on it: growth, copies, limits.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use chasm_editors::EventDraft;
use chasm_editors::claude_code;
use chasm_editors::{ReadError, ReadReport};
use chasm_protocol::{Limits, parse_event};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn read(path: &Path) -> (Vec<EventDraft>, ReadReport) {
    let (events, report) = claude_code::read(path).unwrap();
    assert_eq!(events.len() as u64, report.events);
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), event.to_json());
    }
    let mut ids: Vec<_> = events.iter().map(|e| (&e.session_id, &e.event_id)).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an event_id was given twice");
    (events, report)
}

/// Reads these bytes as a file of this name.
fn read_bytes(name: &str, bytes: &[u8]) -> (Vec<EventDraft>, ReadReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

fn of<'a>(events: &'a [EventDraft], event_type: &str) -> Vec<&'a EventDraft> {
    events.iter().filter(|e| e.event_type == event_type).collect()
}

fn why(report: &ReadReport) -> Vec<(u64, u64, &str)> {
    report.bad_places.iter().map(|b| (b.line, b.bytes_lost, b.why.as_str())).collect()
}

#[test]
fn a_whole_session() {
    let (events, report) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    assert_eq!(report.bad(), 0, "{:?}", report.bad_places);
    let start = &events[0];
    assert_eq!(start.event_type, "session_start");
    assert_eq!(start.session_id, "11111111-2222-4333-8444-555555555555");
    assert_eq!(start.data["title"], "Why does the reader hang?");
    assert_eq!(start.data["model"], "claude-opus-4");
    assert_eq!(start.data["workspace"], "/home/ada/chasm");
    assert_eq!(start.data["provider"], "claude-code");
    let end = events.last().unwrap();
    assert_eq!(end.event_type, "session_end");
    assert_eq!(end.data["message_count"], report.messages);
    assert_eq!((report.messages, report.tool_calls, report.tool_results), (4, 2, 2));
    assert_eq!((report.counted("merged"), report.copies, report.counted("results")), (2, 1, 2));
    let latest = events.iter().map(|e| e.timestamp).max().unwrap();
    assert_eq!(end.timestamp, latest);
    assert!(events.iter().all(|e| e.timestamp >= start.timestamp));
}

#[test]
fn blocks_of_one_message_add_up() {
    let (events, _) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    let parts: Vec<Vec<&str>> = of(&events, "message")
        .iter()
        .filter(|e| e.data["message_id"] == "msg_01")
        .map(|e| {
            let content = e.data["content"].as_array().unwrap();
            content.iter().map(|p| p["type"].as_str().unwrap()).collect()
        })
        .collect();
    assert_eq!(parts, [vec!["thinking"], vec!["thinking", "text"], vec!["thinking", "text", "text"]]);
    let calls = of(&events, "tool_call");
    assert_eq!(calls[0].data["message_id"], "msg_01");
    assert_eq!(calls[0].data["arguments"], json!({"command": "cargo test"}));
    let results = of(&events, "tool_result");
    assert_eq!(results[0].data["call_id"], calls[0].data["call_id"]);
    assert_eq!(results[0].data["is_error"], false);
    assert_eq!(results[1].data["is_error"], true);
    assert_eq!(results[0].data["duration_ms"], 1200);
}

#[test]
fn events_sort_as_they_stand() {
    let (events, _) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    let mut sorted = events.clone();
    sorted.sort_by(|a, b| (a.timestamp, &a.event_id).cmp(&(b.timestamp, &b.event_id)));
    assert_eq!(sorted, events);
}

#[test]
fn what_the_program_wrote_is_told_from_what_was_typed() {
    let (events, _) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    let roles: Vec<_> =
        of(&events, "message").iter().map(|e| e.data["role"].as_str().unwrap().to_owned()).collect();
    assert_eq!(roles, ["user", "assistant", "assistant", "assistant", "system", "user"]);
    let last = of(&events, "message").last().copied().unwrap();
    assert_eq!(last.data["content"], "thanks");
    let kept = last.data["metadata"]["claude_code_content"].as_str().unwrap();
    assert!(kept.contains("<system-reminder>todo list is empty</system-reminder>"));
}

#[test]
fn titles_follow_their_rank() {
    let (events, _) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    let titles: Vec<_> = of(&events, "session_update").iter().map(|e| e.data["title"].clone()).collect();
    assert_eq!(titles, ["Summary of this file", "A hanging reader", "Renamed by hand"]);
    assert_eq!(of(&events, "claude_code.summary").len(), 2, "another file's and the one that waited");
    assert_eq!(of(&events, "claude_code.ai_title").len(), 1, "no generated title replaces a chosen one");
}

#[test]
fn side_data_pass_through_in_full() {
    let (events, _) = read(&fixture("11111111-2222-4333-8444-555555555555.jsonl"));
    let snapshot = of(&events, "claude_code.file_history_snapshot");
    assert_eq!(snapshot[0].data["line"]["snapshot"]["trackedFileBackups"], json!({"a.rs": 1}));
    assert_eq!(of(&events, "claude_code.never_seen_before")[0].data["line"]["payload"], json!([1, 2]));
}

#[test]
fn sub_agents_in_the_file_are_sessions_of_their_own() {
    let (events, report) = read(&fixture("sidechain.jsonl"));
    assert_eq!(report.sessions, ["ses-1", "ses-1/sidechain-s1", "ses-1/agent-a7"]);
    let of_chain: Vec<_> = events
        .iter()
        .filter(|e| e.session_id == "ses-1/sidechain-s1")
        .map(|e| e.event_type.as_str())
        .collect();
    assert_eq!(of_chain, ["session_start", "message", "message", "session_end"]);
    let start = of(&events, "session_start")[1];
    assert_eq!(start.data["title"], "Look for the leak");
    assert_eq!(start.data["metadata"]["claude_code"]["parent_session"], "ses-1");
}

#[test]
fn a_sub_agents_own_file_is_one_session() {
    let bytes = std::fs::read(fixture("sidechain.jsonl")).unwrap();
    let (_, report) = read_bytes("agent-x9.jsonl", &bytes);
    assert_eq!(report.sessions, ["ses-1/agent-x9"]);
}

#[test]
fn a_cut_end_gives_what_is_there() {
    let (events, report) = read(&fixture("cut.jsonl"));
    let messages = of(&events, "message");
    assert_eq!(messages[2].data["content"], "and the last pr");
    assert_eq!(messages[2].data["partial"], true);
    assert_eq!(
        why(&report),
        [(3, 0, "the end of the line is missing: what is there was read, marked as cut")]
    );
    assert!(of(&events, "claude_code.damaged")[0].data["text"].as_str().unwrap().ends_with("last pr"));
}

#[test]
fn bytes_of_all_sorts() {
    let bytes = std::fs::read(fixture("whole.jsonl")).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let mut torn = b"\xEF\xBB\xBF".to_vec();
    torn.extend_from_slice(&lines[0][..lines[0].len() - 1]);
    torn.extend_from_slice(b"\r\n\0\0\0\0\0");
    torn.extend_from_slice(&lines[1][..lines[1].len() - 1]);
    torn.extend_from_slice(lines[2]);
    torn.extend_from_slice(b"%% not json %%\n\xff\xfe\n42\n");
    torn.extend_from_slice(&lines[3][..70]);
    torn.extend_from_slice(lines[3]);
    let (events, report) = read_bytes("torn.jsonl", &torn);
    let (whole, _) = read_bytes("torn.jsonl", &bytes);
    let messages = |events: &[EventDraft]| -> Vec<Value> {
        of(events, "message").iter().map(|e| e.data["content"].clone()).collect()
    };
    assert_eq!(messages(&events), messages(&whole), "{:?}", why(&report));
    let lines: Vec<u64> = report.bad_places.iter().map(|b| b.line).collect();
    assert_eq!(lines, [2, 2, 3, 4, 4, 6], "{:?}", why(&report));
    assert_eq!(of(&events, "claude_code.untyped")[0].data["line"]["value"], 42);
}

#[test]
fn any_cut_of_a_file_is_read_and_its_events_are_those_of_the_whole() {
    let bytes = std::fs::read(fixture("11111111-2222-4333-8444-555555555555.jsonl")).unwrap();
    let (whole, _) = read_bytes("x.jsonl", &bytes);
    let lines: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    for end in lines.into_iter().skip(6) {
        let (events, report) = read_bytes("x.jsonl", &bytes[..end]);
        assert_eq!(report.bad(), 0);
        let body = events.len() - 1;
        assert_eq!(events[..body], whole[..body], "cut at {end}");
    }
    for end in (1500..bytes.len()).step_by(37) {
        read_bytes("x.jsonl", &bytes[..end]);
    }
}

#[test]
fn odd_values_do_not_stop_the_rest() {
    let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
    let text = [
        r#"{"type":"user","uuid":"a","message":"error"}"#,
        r#"{"type":"user","uuid":"b","message":{"content":["plain string"]}}"#,
        r#"{"type":"assistant","uuid":"c","timestamp":7,"message":{"content":[]}}"#,
        r#"{"type":"assistant","uuid":"d","message":{"id":7,"model":"<synthetic>","content":"API Error"}}"#,
        &format!(r#"{{"type":"progress","uuid":"e","sessionId":"s","data":{deep}}}"#),
        r#"{"type":"user","uuid":"f","message":{"content":"half \ud83d"}}"#,
        r#"{"type":"user","uuid":"f","message":{"content":"other"}}"#,
        r#"{"type":["no"],"uuid":"g"}"#,
        "[1]",
    ]
    .join("\n");
    let (events, report) = read_bytes("odd.jsonl", text.as_bytes());
    assert_eq!((report.counted("odd"), report.messages, report.bad()), (2, 4, 0), "{:?}", why(&report));
    assert_eq!(of(&events, "claude_code.verbatim").len(), 1);
    assert_eq!(of(&events, "claude_code.untyped").len(), 2);
    assert!(of(&events, "message").iter().all(|e| e.data.get("model").is_none()));
}

#[test]
fn what_is_no_transcript_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    for other in [
        r#"{"kind":0,"v":{"requests":[]}}"#,
        r#"{"timestamp":"2026-01-01T00:00:00Z","type":"session_meta","payload":{"id":"x"}}"#,
        r#"{"type":"session.start","data":{},"id":"1","timestamp":"2026-01-01T00:00:00Z"}"#,
        "plain text",
    ] {
        std::fs::write(&path, other).unwrap();
        assert!(matches!(claude_code::read(&path), Err(ReadError::Other { .. })), "{other}");
    }
    std::fs::write(&path, "").unwrap();
    assert!(matches!(claude_code::read(&path), Err(ReadError::Empty { .. })));
    assert!(matches!(claude_code::read(&folder.path().join("none")), Err(ReadError::Io { .. })));
}
