//! What editors keep, from the command line: told, got out, given back.
//!
//! Invariant under test: nothing is written over, nothing is half written however the program ends, and a second run brings
//! nothing new.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Done, Recorder, events, folder, run_to_end, within};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

const FAILURE: i32 = 1;
const USAGE: i32 = 2;
const NO_RECORDER: i32 = 3;
const NOT_FOUND: i32 = 5;

fn id(n: u32) -> String {
    format!("{n:08x}-1111-4222-8333-444455556666")
}

/// A transcript of a question with its answer, in a home's Claude Code folder.
fn transcript(home: &Path, slug: &str, n: u32, cwd: &str, turns: usize) -> PathBuf {
    let path = home.join(".claude/projects").join(slug).join(format!("{}.jsonl", id(n)));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let line = |kind: &str, turn: usize, text: String| {
        json!({"type": kind, "uuid": format!("{kind}-{turn}"), "sessionId": id(n), "cwd": cwd,
            "timestamp": format!("2026-01-01T00:{:02}:{:02}.000Z", turn / 60 % 60, turn % 60),
            "message": {"role": kind, "id": format!("m{turn}"), "content": text}})
    };
    let lines = (0..turns).flat_map(|turn| {
        [
            line("user", turn, format!("Question {turn} of {n}")),
            line("assistant", turn, format!("Answer {turn}")),
        ]
    });
    fs::write(&path, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

/// The program with a home and a data folder of its own, and no recorder.
fn alone(home: &Path) -> Command {
    let mut command = Command::new(chasm_tests::chasm());
    for name in ["CHASM_SERVER", "CHASM_DATA_DIR", "CHASM_LOG", "CLAUDE_CONFIG_DIR"] {
        command.env_remove(name);
    }
    command.env("HOME", home).env("XDG_DATA_HOME", home.join("xdg")).env("NO_COLOR", "1");
    // an address where nobody listens, though a recorder may run beside the test
    fs::create_dir_all(home.join("data")).unwrap();
    fs::write(home.join("data/server.json"), r#"{"address":"127.0.0.1:9","pid":1}"#).unwrap();
    command.arg("--data-dir").arg(home.join("data"));
    command
}

fn run(home: &Path, args: &[&str]) -> Done {
    run_to_end(alone(home).args(args), b"", 60)
}

fn entries(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = folder::files(folder).into_iter();
    entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn editors_are_told_with_a_recorder_and_without() {
    within(90, async {
        let mut recorder = Recorder::start(chasm_tests::Opts::config("[editors]\nfollow = false\n"));
        let home = recorder.scratch().to_owned();
        transcript(&home, "-p", 1, "/p", 1);
        let old = transcript(&home, "-p", 2, "/p", 1);
        let long_ago = SystemTime::now() - Duration::from_secs(28 * 24 * 60 * 60);
        fs::File::options().append(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        fs::write(
            home.join(".claude/history.jsonl"),
            format!("{}\n", json!({"display": "gone", "timestamp": 1, "project": "/p", "sessionId": id(3)})),
        )
        .unwrap();
        let of = |answer: &Value, keys: [&str; 6]| -> Vec<Value> {
            let editors = answer["editors"].as_array().unwrap();
            let claude = editors.iter().find(|e| e["id"] == "claude-code").unwrap();
            keys.iter().map(|key| claude[*key].clone()).collect()
        };
        let keys = ["sessions", "recorded", "hidden", "expiring", "enabled", "follow"];
        let first = recorder.cli(&["editors", "--json"]).ok().json();
        assert_eq!(json!(of(&first, keys)), json!([3, 0, 1, 1, true, false]), "{first}");
        assert!(first["recorder"].is_string());
        recorder.cli(&["import", text(&old)]).ok();
        let second = recorder.cli(&["editors", "--json"]).ok().json();
        assert_eq!(json!(of(&second, keys)), json!([3, 1, 1, 0, true, false]), "it is safe now: {second}");
        let shown = recorder.cli(&["editors"]).ok().stdout;
        assert!(shown.contains("Claude Code") && shown.contains(".claude"), "{shown}");
        println!("{shown}");
        recorder.term();

        let done = run(&home, &["editors", "--json"]).ok().json();
        assert_eq!(json!(of(&done, keys)), json!([3, null, 1, 1, true, false]), "{done}");
        assert_eq!(done["recorder"], Value::Null);
        let shown = run(&home, &["editors"]).ok().stdout;
        assert!(shown.contains("No recorder runs"), "{shown}");
        println!("{shown}");
        let named = run(&home, &["editors", "--server", "http://127.0.0.1:9"]);
        assert_eq!(named.code, NO_RECORDER, "a recorder that is named is not made up: {named:?}");
    });
}

#[test]
fn a_project_is_extracted_into_the_recorder_and_again_without_anything_new() {
    within(90, async {
        let recorder = Recorder::start(chasm_tests::Opts::config("[editors]\nfollow = false\n"));
        let home = recorder.scratch().to_owned();
        let project = home.join("my project");
        fs::create_dir_all(project.join("sub")).unwrap();
        transcript(&home, "-one", 1, text(&project), 3);
        transcript(&home, "-two", 2, text(&project.join("sub")), 3);
        transcript(&home, "-three", 3, "/other", 3);
        let dry = recorder.cli(&["recover", "extract", text(&project), "--dry-run", "--json"]).ok().json();
        assert_eq!((dry["sessions"].as_array().unwrap().len(), &dry["dry_run"]), (2, &json!(true)), "{dry}");
        assert_eq!(recorder.status().await["events_recorded"], 0, "a dry run sends nothing");
        let first = recorder.cli(&["recover", "extract", text(&project), "--json"]).ok().json();
        let sums = |answer: &Value, key: &str| -> u64 {
            answer["sessions"].as_array().unwrap().iter().map(|s| s[key].as_u64().unwrap()).sum()
        };
        assert!(sums(&first, "new") > 10 && sums(&first, "already_there") == 0, "{first}");
        assert_eq!(recorder.session(&id(2)).await["messages"].as_array().unwrap().len(), 6);
        let again = recorder.cli(&["recover", "extract", text(&project), "--json"]).ok().json();
        assert_eq!((sums(&again, "new"), sums(&again, "already_there")), (0, sums(&first, "new")));
        let shown = recorder.cli(&["recover", "extract", text(&project)]).ok().stdout;
        assert!(
            shown.contains("Question 0 of 1")
                && shown.contains("2 sessions (2 complete)")
                && shown.contains("already there"),
            "{shown}"
        );
        println!("{shown}");
        assert_eq!(recorder.get(&format!("/api/recording/sessions/{}", id(3))).await.status, 404);

        let none = recorder.cli(&["recover", "extract", "/no/such/project"]);
        assert_eq!(none.code, NOT_FOUND, "{none:?}");
        assert!(none.stderr.contains("looked in") && none.stderr.contains(".claude/projects"), "{none:?}");
        let unknown = recorder.cli(&["recover", "extract", text(&project), "--editor", "vim"]);
        assert_eq!(unknown.code, USAGE, "{unknown:?}");
    });
}

#[test]
fn a_copy_of_chats_is_extracted_to_files_without_a_recorder() {
    let home = tempfile::tempdir().unwrap();
    let (home, out) = (home.path(), home.path().join("out"));
    let good = transcript(home, "-p", 1, "/gone", 2);
    let cut = transcript(home, "-p", 2, "/gone", 2);
    let mut bytes = fs::read(&cut).unwrap();
    bytes.truncate(bytes.len() - 30);
    fs::write(&cut, bytes).unwrap();
    let copy = home.join("a copy");
    fs::create_dir_all(&copy).unwrap();
    for path in [&good, &cut] {
        fs::rename(path, copy.join(path.file_name().unwrap())).unwrap();
    }
    let args = ["recover", "extract", text(&copy), "--out", text(&out)];
    let dry = run(home, &[&args[..], &["--dry-run"]].concat()).ok().stdout;
    assert!(dry.contains("Nothing was written") && !out.exists(), "{dry}");
    let shown = run(home, &args).ok().stdout;
    println!("{shown}");
    let first = entries(&out);
    assert_eq!(first.len(), 5, "{:?}", first.keys());
    let report: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let standings: Vec<&Value> =
        report["sessions"].as_array().unwrap().iter().map(|s| &s["standing"]).collect();
    assert_eq!(standings[0], "complete");
    assert_ne!(standings[1], "complete");
    let markdown =
        first.iter().find(|(name, _)| name.contains("Question 0 of 1") && name.ends_with(".md")).unwrap();
    assert!(String::from_utf8_lossy(markdown.1).contains("Answer 1"), "{markdown:?}");
    // again: the same files; a changed session gets a name of its own
    run(home, &args).ok();
    assert_eq!(entries(&out), first);
    let changed = copy.join(good.file_name().unwrap());
    let more = fs::read_to_string(&changed).unwrap().replace("Answer 1", "Another answer");
    fs::write(&changed, more).unwrap();
    run(home, &args).ok();
    let now = entries(&out);
    assert!(first.iter().all(|(name, bytes)| now[name] == *bytes), "nothing is replaced");
    assert_eq!(now.len(), 8, "{:?}", now.keys());
}

#[test]
fn a_killed_extraction_leaves_nothing_half_done() {
    for (signal, code) in [(Signal::INT, Some(FAILURE)), (Signal::KILL, None)] {
        let home = tempfile::tempdir().unwrap();
        let (home, out) = (home.path(), home.path().join("out"));
        for n in 0..150 {
            transcript(home, "-p", n, "/p", 60);
        }
        let args = ["recover", "extract", "/p", "--out", text(&out)];
        let mut child = alone(home).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while folder::files(&out).len() < 6 {
            assert!(begun.elapsed() < Duration::from_secs(30), "it writes nothing");
            std::thread::yield_now();
        }
        kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), code);
        let left = entries(&out);
        assert!(left.len() < 300, "it was not in the middle");
        for (name, bytes) in left.iter().filter(|(name, _)| !name.contains("/.chasm-")) {
            let whole = match name.ends_with(".json") {
                true => serde_json::from_slice::<Value>(bytes).is_ok(),
                false => String::from_utf8_lossy(bytes).contains("Answer 59"),
            };
            assert!(whole, "{name} is cut");
        }
        let beside = left.keys().filter(|name| name.contains("/.chasm-")).count();
        assert!(code.is_none() || beside == 0, "Ctrl-C leaves nothing beside");
        run(home, &args).ok();
        let all = entries(&out);
        assert!(left.iter().all(|(name, bytes)| all[name] == *bytes));
        assert_eq!(all.len() - beside, 301, "one report, and two files a session");
    }
}

#[test]
fn a_session_is_given_back_to_its_editor() {
    within(90, async {
        let recorder = Recorder::start(chasm_tests::Opts::config("[editors]\nfollow = false\n"));
        let home = recorder.scratch().to_owned();
        let project = home.join("p.x");
        fs::create_dir_all(&project).unwrap();
        let path = transcript(&home, "-p", 1, text(&project), 4);
        recorder.cli(&["import", text(&path)]).ok();
        let done = recorder.cli(&["restore", &id(1), "--to", "claude-code", "--json"]).ok().json();
        let new = done["new_id"].as_str().unwrap();
        let file = PathBuf::from(done["file"].as_str().unwrap());
        let slug = text(&project).replace(['/', '.', '_'], "-");
        assert_eq!(file, home.join(".claude/projects").join(slug).join(format!("{new}.jsonl")));
        assert!(done["open"].as_str().unwrap().starts_with(&format!("claude --resume {new}")), "{done}");
        recorder.cli(&["import", text(&file)]).ok();
        let texts = |session: &Value| -> Vec<String> {
            let messages = session["messages"].as_array().unwrap();
            messages.iter().map(|m| format!("{} {}", m["role"], m["content"])).collect()
        };
        let (was, is) = (recorder.session(&id(1)).await, recorder.session(new).await);
        assert_eq!(
            (texts(&is), &is["title"], &is["workspace"]),
            (texts(&was), &was["title"], &was["workspace"])
        );
        let before = fs::read(&file).unwrap();
        let again = recorder.cli(&["restore", &id(1), "--to", "claude-code"]);
        assert_eq!(again.code, FAILURE, "{again:?}");
        assert!(again.stderr.contains("is there already"), "{again:?}");
        assert_eq!(fs::read(&file).unwrap(), before);

        let into = home.join("given back");
        let shown = recorder.cli(&["restore", &id(1), "--to", "vscode", "--into", text(&into)]).ok().stdout;
        assert!(shown.contains("Chat: Import Chat…"), "{shown}");
        println!("{shown}");
        let export: Value =
            serde_json::from_slice(&fs::read(into.join("Question 0 of 1.json")).unwrap()).unwrap();
        assert_eq!(export["requests"].as_array().unwrap().len(), 4, "{export}");
        assert_eq!(export["requests"][3]["response"][0]["value"], "Answer 3");
        let markdown = into.join("a.md");
        recorder.cli(&["restore", &id(1), "--to", "markdown", "--out", text(&markdown)]).ok();
        assert!(fs::read_to_string(&markdown).unwrap().contains("Answer 3"));
        assert_eq!(recorder.cli(&["restore", "none", "--to", "vscode"]).code, NOT_FOUND);

        // of no folder: it is said where to put it
        recorder.record(&events::message("placeless", 1)).await;
        let done = recorder.cli(&["restore", "placeless", "--to", "claude-code"]);
        assert_eq!(done.code, USAGE, "{done:?}");
        recorder.cli(&["restore", "placeless", "--to", "claude-code", "--into", text(&into)]).ok();
    });
}
