//! Real Claude Code transcripts as events, numbered within their sessions; a made one where they are not at hand.

use crate::binary::workspace;
use crate::events;
use chasm_editors::claude_code;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `CHASM_TEST_DATA`, else `../shared/data` beside the workspace.
pub fn data() -> Option<PathBuf> {
    let root =
        std::env::var_os("CHASM_TEST_DATA").map_or_else(|| workspace().join("../shared/data"), PathBuf::from);
    root.join("SOURCES.tsv").is_file().then_some(root)
}

/// The files that a person's editor wrote.
pub fn genuine() -> Vec<PathBuf> {
    let Some(root) = data() else { return Vec::new() };
    let table = std::fs::read_to_string(root.join("SOURCES.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row.get(7).is_some_and(|kind| kind.starts_with("genuine")))
        .filter(|row| row[0].starts_with("claude/") && row[0].ends_with(".jsonl"))
        .map(|row| root.join(row[0]))
        .collect()
}

/// Events of many sessions, interleaved as if all editors were open at a time. `seq` counts within each session.
pub fn stream() -> Vec<Value> {
    let mut files: Vec<Vec<Value>> = genuine().iter().map(|path| read(path)).collect();
    if files.is_empty() {
        println!("skipped: no real transcripts here (CHASM_TEST_DATA); a made one stands in");
    }
    files.push((1..=300).map(|n| events::message("made", n)).collect());
    let longest = files.iter().map(Vec::len).max().unwrap_or(0);
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for turn in 0..longest {
        for file in &files {
            // long files go on for as long as short ones, so that a cut finds all of them in their middle
            let (from, to) = (turn * file.len() / longest, (turn + 1) * file.len() / longest);
            all.extend(file[from..to].iter().cloned());
        }
    }
    for event in &mut all {
        let session = event["session_id"].as_str().unwrap().to_owned();
        let seq = next.entry(session).and_modify(|n| *n += 1).or_insert(1);
        event["seq"] = json!(*seq);
    }
    all
}

fn read(path: &std::path::Path) -> Vec<Value> {
    let (drafts, _) = claude_code::read(path).unwrap();
    drafts.iter().map(|draft| serde_json::from_str(&draft.to_json()).unwrap()).collect()
}
