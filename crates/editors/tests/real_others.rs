//! Real files of Codex, Gemini CLI and Aider, held against the counts that other programs took of them.
//!
//! They lie outside the repository: `CHASM_TEST_DATA`, or `../shared/data` beside the workspace. Without them the test says
//! so and passes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod reading;
mod real;

use chasm_editors::ReadReport;
use reading::{by_id, nothing_lost, of, read_file, values};
use real::{counted, data};
use std::io::Write;
use std::path::Path;

/// The reports of a file's sessions, added up.
#[derive(Default)]
struct Read {
    all: ReadReport,
    prompts: u64,
}

impl std::ops::Deref for Read {
    type Target = ReadReport;
    fn deref(&self) -> &ReadReport {
        &self.all
    }
}

fn read(id: &str, path: &Path) -> Read {
    let beginning = std::fs::read(path).unwrap();
    assert!(by_id(id).recognizes(path, &beginning), "{}: not recognized", path.display());
    let Read { mut all, mut prompts } = Read::default();
    let mut events = Vec::new();
    for file in by_id(id).sessions_in(path).unwrap() {
        let (more, report) = read_file(by_id(id), &file);
        prompts += of(&more, "message").iter().filter(|event| event.data["role"] == "user").count() as u64;
        events.extend(more);
        all.messages += report.messages;
        all.answers += report.answers;
        all.tool_calls += report.tool_calls;
        all.tool_results += report.tool_results;
        all.sessions.extend(report.sessions);
        all.bad_places.extend(report.bad_places);
        report.tally.iter().for_each(|(kind, n)| *all.tally.entry(kind).or_default() += n);
    }
    nothing_lost(&values(path), &events, &["input_text", "output_text", "summary_text"]);
    Read { all, prompts }
}

/// `messages` in `SOURCES.tsv` counts messages among a rollout's items. Ours are more by the prompts that stand only in an
/// event (`typed`, those that an item says too left out), and by thoughts. Gemini's counts are of all messages in the document.
/// Of Aider theirs are the lines with `####`: ours are all blocks, of which theirs are the prompts.
const MORE: &[(&str, [u64; 2])] = &[
    // prompts only in an event, thoughts
    ("codex/es617-fixture-codex-patch.jsonl", [3, 0]),
    ("codex/es617-fixture-codex.jsonl", [3, 0]),
    // of its three `user_message` an item says one too
    ("codex/jazzyalex-codex-small.jsonl", [2, 1]),
];

/// Calls and results of tools, counted by hand.
const TOOLS: &[(&str, [u64; 2])] = &[
    ("codex/agentsview-fc_args_1.jsonl", [1, 0]),
    ("codex/agentsview-fc_args_2.jsonl", [1, 0]),
    ("codex/agentsview-fc_stdin.jsonl", [1, 0]),
    ("codex/agentsview-function_calls.jsonl", [2, 0]),
    ("codex/es617-fixture-codex-patch.jsonl", [4, 4]),
    ("codex/es617-fixture-codex.jsonl", [3, 3]),
    ("codex/jazzyalex-codex-large.jsonl", [1, 1]),
    ("codex/jazzyalex-codex-schema_drift.jsonl", [1, 1]),
    ("codex/jazzyalex-codex-small.jsonl", [8, 7]),
    ("gemini/agentsview-tool_calls.json", [1, 1]),
    ("gemini/agentsview-tool_calls_with_results.json", [2, 2]),
];

fn known<const N: usize>(table: &[(&str, [u64; N])], file: &str) -> [u64; N] {
    table.iter().find(|(known, _)| *known == file).map_or([0; N], |(_, counts)| *counts)
}

#[test]
fn every_real_file_is_read_and_every_difference_has_a_reason() {
    let Some(root) = data() else { return };
    let mut out = std::io::stdout().lock();
    writeln!(out, "messages: theirs + only in an event + thoughts; calls, results").unwrap();
    for id in ["codex", "gemini"] {
        for (file, theirs) in counted(&root, &format!("{id}/")) {
            let r = read(id, &root.join(&file));
            let ([typed, thoughts], tools) = (known(MORE, &file), known(TOOLS, &file));
            writeln!(out, "{} = {theirs} + {typed} + {thoughts}; {tools:?}  {file}", r.messages).unwrap();
            assert_eq!(r.messages, theirs + typed + thoughts, "{file}");
            assert_eq!(r.counted("items") + r.counted("records"), theirs, "{file}");
            assert_eq!(r.counted("thoughts"), thoughts, "{file}");
            assert_eq!([r.tool_calls, r.tool_results], tools, "{file}");
            assert_eq!((r.sessions.len(), r.bad_places.len()), (1, 0), "{file}");
        }
    }
    for (file, theirs) in counted(&root, "aider/") {
        let r = read("aider", &root.join(&file));
        writeln!(out, "{} blocks in {} sessions, {theirs} prompts  {file}", r.messages, r.sessions.len())
            .unwrap();
        assert_eq!((r.messages, r.answers, r.sessions.len(), r.bad_places.len()), (8, 3, 2, 0), "{file}");
        assert_eq!(r.prompts, theirs, "{file}");
    }
}
