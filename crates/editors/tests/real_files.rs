//! Real transcripts, held against the counts that were taken of them by hand and by other programs.
//!
//! They lie outside the repository: `CHASM_TEST_DATA`, or `../shared/data` beside the workspace. Without them the test says
//! so and passes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod real;

use chasm_editors::{ReadReport, claude_code};
use chasm_protocol::{Limits, parse_event};
use real::{counted, data};
use std::io::Write;
use std::path::Path;

/// `messages` in `SOURCES.tsv` counts `user` and `assistant` lines that parse. We count what people and models said, so each
/// of its lines is one of: a message; a line with nothing but results of tools; one with nothing but calls of tools; one that
/// adds to a message of an earlier line; one without readable content (`"message":"error"`, `contenst`), kept verbatim.
/// The five add up to their count in every file but one: of `agentsview-truncated` the cut last line is read here.
const COUNTS: &[(&str, [u64; 5])] = &[
    // messages, results, calls, merged, odd
    ("agentsview-queued_system_messages", [1, 0, 0, 0, 0]),
    ("agentsview-tool_call_pending", [2, 0, 0, 0, 0]),
    ("agentsview-truncated", [3, 0, 0, 0, 0]),
    ("agentsview-valid_session", [4, 0, 0, 0, 0]),
    ("d-kimuson/1af7fc5e-8455-4414-9ccd-011d40f70b2a", [5, 12, 12, 0, 0]),
    ("d-kimuson/5c0375b4-57a5-4f26-b12d-d022ee4e51b7", [11, 21, 21, 0, 0]),
    ("d-kimuson/agent-test-hash-123", [2, 0, 0, 0, 0]),
    ("d-kimuson/agent-test-hash-456", [2, 0, 0, 0, 0]),
    ("daaain-edge_cases", [9, 1, 2, 0, 2]),
    ("daaain-representative_messages", [7, 2, 2, 0, 0]),
    ("daaain-session_b", [3, 0, 0, 0, 0]),
    ("daaain-todowrite_examples", [5, 3, 3, 0, 0]),
    ("jazzyalex-large", [9, 1, 0, 0, 0]),
    ("jazzyalex-small", [12, 3, 0, 5, 0]),
    ("simonw-sample_session", [4, 2, 1, 0, 0]),
    ("vscode-copilot-chat/50a7220d-7250-46f3-b38e-b716ce25032e", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/50a7220d-7250-46f3-b38e-b716ce25032e/subagents/agent-a21e2f5", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/553dd2b5-8a53-4fbf-9db2-240632522fe5", [2, 0, 0, 0, 0]),
    ("vscode-copilot-chat/b02ed4d8-1f00-45cc-949f-3ea63b2dbde2", [6, 0, 0, 0, 0]),
    ("vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093", [3, 4, 4, 1, 0]),
    ("vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093/subagents/agent-a775a67", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093/subagents/agent-aa9d784", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093/subagents/agent-ac47f8c", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093/subagents/agent-ae52dab", [3, 1, 1, 1, 0]),
    ("vscode-copilot-chat/c8bcb3a7-8728-4d76-9aae-1cbaf2350114", [4, 0, 0, 0, 0]),
    ("vscode-copilot-chat/vscode-node/4c289ca8-f8bb-4588-8400-88b78beb784d", [5, 5, 5, 0, 0]),
    ("vscode-copilot-chat/vscode-node/98b76fb9-f5d3-40c5-ab82-b970c20e3764", [11, 0, 0, 3, 0]),
    ("vscode-copilot-chat/vscode-node/bd937e2a-89e9-4d7b-8125-293a35863fa4", [3, 1, 1, 2, 0]),
];

/// Lines that we read and `SOURCES.tsv` does not count.
fn more_than_theirs(file: &str) -> u64 {
    u64::from(file == "claude/agentsview-truncated.jsonl")
}

fn read(path: &Path) -> ReadReport {
    let (events, report) = claude_code::read(path).unwrap();
    for event in &events {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{}: {:?}: {}", path.display(), parsed.err(), event.to_json());
    }
    let (again, _) = claude_code::read(path).unwrap();
    assert_eq!(events, again, "{}: read twice, other events", path.display());
    report
}

#[test]
fn every_real_file_is_read_and_every_difference_has_a_reason() {
    let Some(root) = data() else { return };
    let mut out = std::io::stdout().lock();
    writeln!(out, "theirs = messages + results + calls + merged + odd; bad places").unwrap();
    for (file, theirs) in counted(&root, "claude/") {
        let Some(name) = file.strip_prefix("claude/").and_then(|f| f.strip_suffix(".jsonl")) else {
            assert!(claude_code::read(&root.join(&file)).is_err(), "{file}: one JSON document, no lines");
            continue;
        };
        let r = read(&root.join(&file));
        let ours =
            [r.messages, r.counted("results"), r.counted("calls"), r.counted("merged"), r.counted("odd")];
        writeln!(out, "{theirs:3} = {ours:?}; {}  {file}", r.bad()).unwrap();
        for bad in &r.bad_places {
            writeln!(
                out,
                "      line {}, byte {}: {} ({} bytes)",
                bad.line, bad.offset, bad.why, bad.bytes_lost
            )
            .unwrap();
        }
        let known = COUNTS.iter().find(|(known, _)| *known == name);
        assert_eq!(known.map(|(_, counts)| *counts), Some(ours), "{file}");
        assert_eq!(ours.iter().sum::<u64>(), theirs + more_than_theirs(&file), "{file}");
        assert_eq!(r.counted("user") + r.counted("assistant"), theirs + more_than_theirs(&file), "{file}");
        assert_eq!((r.bad(), r.copies), (more_than_theirs(&file), 0), "{file}");
    }
}
