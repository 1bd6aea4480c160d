//! Everything of the test data at once, as `chasm import` finds it: whose each file is, what it holds, what nobody reads and why.
//!
//! The files lie outside the repository: `CHASM_TEST_DATA`, or `../shared/data` beside the workspace. Without them the test says
//! so and passes. What a single file holds is held against `SOURCES.tsv` in `real_files.rs`, `real_others.rs`,
//! `vscode_real.rs` and `cursor_real_files.rs`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod real;

use chasm_editors::{Standing, files};
use chasm_protocol::{Limits, parse_event};
use real::{data, sources};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

/// Files of `SOURCES.tsv` that hold no session, and what they are.
const NO_SESSIONS: &[(&str, &str)] = &[
    ("claude/simonw-sample_session.json", "one document made of a transcript by another program"),
    ("cursor/s2thend-merged-store-source.json", "what another program's test expects"),
    ("vscode/digitarald-remove-tests.chatreplay.json", "a replay for tests of the model, no chat session"),
    ("vscode/derived/empty.jsonl", "empty"),
    ("vscode/mrtuborg-workspace.json", "the folder of a window"),
    ("vscode/nzanepro/demo_storage/2d5f8a1b3c4e9053/workspace.json", "the folder of a window"),
    ("vscode/nzanepro/demo_storage/7c9e1d2a5f3b8042/workspace.json", "the folder of a window"),
    ("vscode/nzanepro/demo_storage/a3f8b2c1d4e5f601/workspace.json", "the folder of a window"),
    // their sessions have files of their own
    ("vscode/nzanepro/demo_storage/2d5f8a1b3c4e9053/state.vscdb", "the list of a window"),
    ("vscode/nzanepro/demo_storage/7c9e1d2a5f3b8042/state.vscdb", "the list of a window"),
    ("vscode/nzanepro/demo_storage/a3f8b2c1d4e5f601/state.vscdb", "the list of a window"),
];

#[derive(Default)]
struct Sum {
    files: usize,
    sessions: u64,
    messages: u64,
    calls: u64,
    repaired: u64,
    partial: u64,
}

#[test]
fn every_file_is_somebodys_or_has_a_reason() {
    let Some(root) = data() else { return };
    let mut out = std::io::stdout().lock();
    let (mut sums, mut refused): (BTreeMap<&str, Sum>, u64) = (BTreeMap::new(), 0);
    for (name, _) in sources(&root, "") {
        let found = files::find(&[root.join(&name)]).unwrap();
        let reason = NO_SESSIONS.iter().find(|(file, _)| *file == name).map(|(_, reason)| *reason);
        match (found.sources.is_empty(), reason) {
            (true, Some(reason)) => {
                refused += 1;
                writeln!(out, "no session: {name}: {reason}").unwrap();
            }
            (true, None) => panic!("{name} is nobody's: {:?}", found.refused),
            (false, Some(reason)) => panic!("{name} is read as a session, though it is this: {reason}"),
            (false, None) => {}
        }
        for (editor, file) in &found.sources {
            let report = editor.read(file, &mut |event| {
                let parsed = parse_event(&event.to_json(), &Limits::default());
                assert!(parsed.is_ok(), "{name}: {:?}: {}", parsed.err(), event.to_json());
                ControlFlow::Continue(())
            });
            let report = report.unwrap();
            let sum = sums.entry(editor.name()).or_default();
            sum.files += 1;
            sum.sessions += report.sessions.len() as u64;
            sum.messages += report.messages;
            sum.calls += report.tool_calls;
            sum.repaired += u64::from(report.standing() == Standing::Repaired);
            sum.partial += u64::from(matches!(report.standing(), Standing::Partial | Standing::PromptsOnly));
        }
    }
    writeln!(out, "{:<14} files sessions messages calls repaired partial", "editor").unwrap();
    for (editor, s) in &sums {
        let (calls, repaired, partial) = (s.calls, s.repaired, s.partial);
        writeln!(
            out,
            "{editor:<14} {:>5} {:>8} {:>8} {calls:>5} {repaired:>8} {partial:>7}",
            s.files, s.sessions, s.messages
        )
        .unwrap();
    }
    writeln!(out, "{refused} files hold no session").unwrap();
    assert_eq!(refused, NO_SESSIONS.len() as u64, "a file of the list is not in the table any more");
    for editor in ["Claude Code", "Codex CLI", "Gemini CLI", "VS Code", "Cursor", "Cursor Agent", "Aider"] {
        assert!(sums.get(editor).is_some_and(|sum| sum.messages > 0), "nothing of {editor} was read");
    }
}
