//! Holds the house together: which crate may use which, what every manifest has, how long a file may be.
//!
//! Reads `cargo metadata`, manifests, lock files and sources; builds and runs nothing. Invariant: a failing test names what is in
//! the way, and the rule.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate, and the crates of the workspace that it may use. Arrows go down only: nobody uses a crate below its own line.
/// `docs/ARCHITECTURE.md` says why.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("chasm-recorder", &["chasm-server", "chasm-protocol"]),
    ("chasm-cli", &["chasm-client", "chasm-server", "chasm-engine", "chasm-editors", "chasm-protocol"]),
    ("chasm-server", &["chasm-engine", "chasm-protocol"]),
    ("chasm-engine", &["chasm-protocol", "chasm-journal", "chasm-store", "chasm-editors"]),
    ("chasm-client", &["chasm-protocol"]),
    ("chasm-editors", &["chasm-protocol"]),
    ("chasm-store", &["chasm-protocol"]),
    ("chasm-journal", &[]),
    ("chasm-protocol", &[]),
];

/// These may use any crate, and no crate may use them.
const ON_TOP: [&str; 2] = ["chasm-tests", "chasm-benches"];

/// No dependency's name begins like this: their licence text is MIT with a rider. The others of that kind are in `deny.toml`.
const BANNED: [&str; 5] = ["asupersync", "coding-agent-search", "frankensearch", "frankentorch", "fsqlite"];
/// No dependency has this name; others may begin with it.
const BANNED_NAME: &str = "tru";

/// A source file is split before it gets longer.
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap()
}

/// The crates of the workspace that a package uses, those for its tests and its build too.
fn uses<'a>(package: &'a Value, ours: &BTreeSet<&str>) -> Vec<(&'a str, String)> {
    let kind = |d: &Value| d["kind"].as_str().map_or_else(String::new, |kind| format!(" ({kind})"));
    let of_ours = list(package, "dependencies").iter().filter(|d| ours.contains(name(d)));
    of_ours.map(|d| (name(d), kind(d))).collect()
}

#[test]
fn arrows_go_down_only() {
    let metadata = metadata();
    let packages = list(&metadata, "packages");
    let ours: BTreeSet<&str> = packages.iter().map(name).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let from = name(package);
        if ON_TOP.contains(&from) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == from) else {
            wrong.push(format!("{from} is new: say in MAY_USE what it may use"));
            continue;
        };
        for (to, kind) in uses(package, &ours) {
            if !allowed.contains(&to) {
                wrong.push(format!("{from} → {to}{kind} is no arrow of the house; it may use {allowed:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_crates_that_are_there_and_has_no_circle() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = list(&metadata, "packages").iter().map(name).collect();
    for (at, (from, allowed)) in MAY_USE.iter().enumerate() {
        assert!(ours.contains(from), "{from} is in MAY_USE and not in the workspace");
        for to in *allowed {
            let line = MAY_USE.iter().position(|(other, _)| other == to).unwrap();
            assert!(line > at, "{from} → {to} goes up");
        }
    }
}

/// The lines of one table of a manifest, without white space.
fn table(manifest: &str, name: &str) -> Vec<String> {
    let compact = |line: &str| line.split_whitespace().collect::<String>();
    let lines = manifest.lines().map(compact).skip_while(|line| *line != format!("[{name}]"));
    lines.skip(1).take_while(|line| !line.starts_with('[')).collect()
}

#[test]
fn every_crate_has_the_lints_version_and_licence_of_the_workspace() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in list(&metadata, "packages") {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        let mut check = |in_table: &str, line: &str| {
            if !table(&manifest, in_table).iter().any(|l| l == line) {
                wrong.push(format!("{}: no `{line}` in [{in_table}]", name(package)));
            }
        };
        check("lints", "workspace=true");
        for inherited in ["version", "edition", "rust-version", "license", "publish"] {
            check("package", &format!("{inherited}.workspace=true"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The names of all packages in a lock file: every platform's, every feature's.
fn locked(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    names.map(String::from).collect()
}

#[test]
fn no_banned_crate_is_anywhere_below_us() {
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let names = locked(file);
        assert!(names.len() > 10, "{file}: only {} packages found", names.len());
        let banned = |name: &&String| *name == BANNED_NAME || BANNED.iter().any(|b| name.starts_with(b));
        let found: Vec<_> = names.iter().filter(banned).collect();
        assert!(found.is_empty(), "{file}: {found:?} may not be used: their licence has a rider");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_and_is_not_too_long() {
    let mut files = Vec::new();
    for krate in std::fs::read_dir(root().join("crates")).unwrap() {
        sources(&krate.unwrap().path().join("src"), &mut files);
    }
    sources(&root().join("src-tauri"), &mut files);
    assert!(files.len() > 100, "only {} source files found", files.len());
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let shown = file.strip_prefix(root()).unwrap().display();
        if !text.starts_with("//!") {
            wrong.push(format!("{shown} does not begin with `//!`: what it owns, never does, keeps true"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{shown} has {lines} lines: split it, {LINES_MAX} is the most"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
