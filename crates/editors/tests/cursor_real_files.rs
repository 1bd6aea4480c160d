//! Cursor's files of others, and databases of VS Code's form, held against `SOURCES.tsv`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod real;

use chasm_editors::sqlite::Database;
use chasm_editors::{ReadReport, editor};
use chasm_protocol::{Limits, parse_event};
use real::{data, sources};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// File; messages, answers, calls, results, what else they count as messages.
type Counts = (&'static str, [u64; 5]);

/// What each file holds. Theirs counts as messages what has a role; the rest of it:
/// - the database: 7 rows of bubbles, of which 2 are nothing but a tool's call and one is empty (NULL);
/// - transcripts: lines with a role. An error's line is a message of the program here, and none there.
const COUNTS: [Counts; 6] = [
    ("s2thend-composer-global-state.vscdb", [4, 2, 2, 2, 3]),
    ("s2thend-transcript-error-line.jsonl", [3, 1, 0, 0, 0]),
    ("s2thend-transcript-error-only.jsonl", [1, 0, 0, 0, 0]),
    ("s2thend-transcript-multi-parts.jsonl", [1, 1, 2, 0, 0]),
    ("s2thend-transcript-user-only.jsonl", [1, 0, 0, 0, 0]),
    ("s2thend-transcript-with-tools.jsonl", [2, 1, 1, 0, 0]),
];

fn read(path: &Path) -> ReadReport {
    let name =
        if path.extension().is_some_and(|ending| ending == "vscdb") { "cursor" } else { "cursor-agent" };
    let editor = editor(name).unwrap();
    assert!(editor.recognizes(path, &std::fs::read(path).unwrap()), "{}", path.display());
    let files = editor.sessions_in(path).unwrap();
    assert_eq!(files.len(), 1, "{}", path.display());
    let report = editor.read(&files[0], &mut |event| {
        let parsed = parse_event(&event.to_json(), &Limits::default());
        assert!(parsed.is_ok(), "{}: {:?}", path.display(), parsed.err());
        ControlFlow::Continue(())
    });
    report.unwrap()
}

#[test]
fn every_file_of_cursor_is_read_and_every_difference_has_a_reason() {
    let Some(root) = data() else { return };
    let mut out = std::io::stdout().lock();
    writeln!(out, "theirs: messages, answers, calls, results, else; bad; missing").unwrap();
    for (file, theirs) in sources(&root, "") {
        // the JSON file is what a test of another program expects, and no file of Cursor's
        let Some(name) = file.strip_prefix("cursor/").filter(|name| !name.ends_with(".json")) else {
            continue;
        };
        let r = read(&root.join(&file));
        let (_, counts) = COUNTS.iter().find(|(known, _)| *known == name).unwrap();
        let ours = [r.messages, r.answers, r.tool_calls, r.tool_results, counts[4]];
        writeln!(out, "{theirs:>2}: {ours:?}; {}; {:?}  {file}", r.bad(), r.missing).unwrap();
        assert_eq!(ours, *counts, "{file}");
        assert_eq!(r.messages - r.counted("errors") + counts[4], theirs.parse::<u64>().unwrap(), "{file}");
        assert_eq!((r.bad(), r.missing.len() as u64), (0, u64::from(file.ends_with("vscdb"))), "{file}");
    }
}

#[test]
fn databases_of_vs_code_give_their_rows() {
    let Some(root) = data() else { return };
    let mut out = std::io::stdout().lock();
    let files: Vec<String> = sources(&root, "")
        .into_iter()
        .map(|(file, _)| file)
        .filter(|f| f.ends_with("state.vscdb") && f.starts_with("vscode/"))
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let mut database = Database::open(&root.join(&file)).unwrap();
        let mut keys = Vec::new();
        let mut each = |key: &str| {
            keys.push(key.to_owned());
            ControlFlow::Continue(())
        };
        database.keys("ItemTable", "", "\u{10ffff}", &mut each).unwrap();
        let index = database.get("ItemTable", "chat.ChatSessionStore.index").unwrap().unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        writeln!(out, "{} sessions, {keys:?}  {file}", index["entries"].as_object().unwrap().len()).unwrap();
        assert!(keys.contains(&"chat.ChatSessionStore.index".to_owned()) && index["version"] == 1);
        assert_eq!(database.damage(), []);
    }
}
