//! Real files of editors, which lie outside the repository, and what was counted of them.
//!
//! Owns where they are: `CHASM_TEST_DATA`, else `../shared/data` beside the workspace. Without them a test says so and passes.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Write;
use std::path::{Path, PathBuf};

/// A line that is seen whatever captures the output of tests.
pub fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// The folder of all files; says so where it is not there.
pub fn data() -> Option<PathBuf> {
    let root = match std::env::var_os("CHASM_TEST_DATA") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    let there = root.join("SOURCES.tsv").is_file();
    if !there {
        say("skipped: no files at ../shared/data; set CHASM_TEST_DATA");
    }
    there.then_some(root)
}

/// The files of `SOURCES.tsv` whose names begin so, in its order, and the messages that others counted in each.
pub fn sources(root: &Path, beginning: &str) -> Vec<(String, String)> {
    let table = std::fs::read_to_string(root.join("SOURCES.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0].starts_with(beginning))
        .map(|row| (row[0].to_owned(), row[6].to_owned()))
        .collect()
}

/// The same of files in which messages were counted, in the order of their names.
pub fn counted(root: &Path, beginning: &str) -> std::collections::BTreeMap<String, u64> {
    sources(root, beginning).into_iter().map(|(file, messages)| (file, messages.parse().unwrap())).collect()
}
