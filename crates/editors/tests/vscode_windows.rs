//! Real folders of VS Code, found and read, and the same after they were damaged.
//!
//! They lie outside the repository: `CHASM_TEST_DATA`, or `../shared/data` beside the workspace. Without them the tests say
//! so and pass.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod vscode_home;

use chasm_editors::{ReadReport, Standing};
use std::fs;
use std::io::Write;
use std::path::Path;
use vscode_home::*;

/// Where the real windows lie, what is in each: sessions, prompts, calls of tools. Counted by a script that replays the logs.
const WINDOWS: &[(&str, usize, usize, u64)] = &[
    // one session ended in its fifth turn, before the tool was allowed; `78ac246b…` has no word and no edit, and is no session
    ("vscode-real/copilot-chat-0.67.0/workspaceStorage", 2, 6, 4),
    ("vscode-real/copilot-chat-0.67.0/after-close", 2, 6, 4),
    ("vscode-real/jsonl-mode/workspaceStorage", 1, 4, 1),
    ("vscode-real/json-mode/workspaceStorage", 1, 5, 1),
    ("vscode-real/vscode-1.106.3-json", 1, 4, 1),
    ("vscode/nzanepro/demo_storage", 9, 18, 0),
];

fn say(text: &str) {
    writeln!(std::io::stdout().lock(), "{text}").unwrap();
}

/// A `User` folder with these windows.
fn home_of(windows: &Path) -> Home {
    let home = Home::new();
    copy(windows, &home.at("workspaceStorage"));
    home
}

/// All sessions of a home: how many, prompts, all reports.
fn read_all(name: &str, home: &Home) -> (usize, usize, Vec<ReadReport>) {
    let (found, before) = (home.find(), tree(&home.user()));
    let (mut prompts, mut reports, mut refused, mut files) = (0, Vec::new(), 0, 0);
    for file in &found.files {
        files += 1 + file.others.len();
        match try_read(vscode(), file) {
            Ok((events, report)) => {
                prompts += said(&events, "user").len();
                reports.push(report);
            }
            Err(error) => {
                refused += 1;
                say(&format!("      refused: {error}"));
            }
        }
    }
    let sum = |of: fn(&ReadReport) -> u64| reports.iter().map(of).sum::<u64>();
    let repaired = reports.iter().filter(|report| report.standing() > Standing::Complete).count();
    say(&format!(
        "{:3} files {:3} sessions {:3} messages {:3} calls {:2} repaired {refused:2} refused  {name}",
        files,
        found.files.len(),
        sum(|report| report.messages),
        sum(|report| report.tool_calls),
        repaired,
    ));
    for missing in reports.iter().flat_map(|report| &report.missing) {
        say(&format!("      {missing}"));
    }
    assert_eq!(tree(&home.user()), before, "{name}: reading changed something");
    (found.files.len(), prompts, reports)
}

#[test]
fn every_real_window_is_found_and_read() {
    let Some(root) = real() else {
        return say("skipped: no sessions at ../shared/data; set CHASM_TEST_DATA");
    };
    for (name, sessions, prompts, calls) in WINDOWS {
        let home = home_of(&root.join(name));
        let (found, asked, reports) = read_all(name, &home);
        let called: u64 = reports.iter().map(|report| report.tool_calls).sum();
        assert_eq!((found, asked, called), (*sessions, *prompts, *calls), "{name}");
    }
}

/// Files of `data/vscode` that are no session: a window's `workspace.json`, a log of requests to a model, and what their
/// names say. An empty file and a log without a line that fits are refused too, with the reason.
const NO_SESSION: &[&str] =
    &["mrtuborg-workspace.json", "digitarald-remove-tests.chatreplay.json", "empty.jsonl"];

#[test]
fn every_real_file_is_read_by_itself() {
    let Some(root) = real() else {
        return say("skipped: no sessions at ../shared/data; set CHASM_TEST_DATA");
    };
    let (mut messages, mut calls, mut read, mut refused) = (0, 0, 0, Vec::new());
    for (path, bytes) in tree(&root.join("vscode")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !(name.ends_with(".json") || name.ends_with(".jsonl")) || name == "workspace.json" {
            continue;
        }
        let known = vscode().recognizes(&path, &bytes[..bytes.len().min(256 * 1024)]);
        let file = vscode().sessions_in(&path).and_then(|files| try_read(vscode(), &files[0]));
        match file {
            Ok((events, report)) => {
                assert!(known, "{name} was read and not recognized");
                assert_eq!(events, try_read(vscode(), &vscode().sessions_in(&path).unwrap()[0]).unwrap().0);
                (messages, calls, read) = (messages + report.messages, calls + report.tool_calls, read + 1);
            }
            Err(error) => {
                say(&format!("      refused: {error}"));
                refused.push(name);
            }
        }
    }
    say(&format!("VS Code: {read} files, {messages} messages, {calls} calls, {} refused", refused.len()));
    refused.sort();
    let mut expected = NO_SESSION.to_vec();
    expected.sort_unstable();
    assert_eq!(refused, expected);
}

#[test]
fn demo_storage_is_titled_by_its_lists() {
    let Some(root) = real() else {
        return say("skipped: no sessions at ../shared/data; set CHASM_TEST_DATA");
    };
    let home = home_of(&root.join("vscode/nzanepro/demo_storage"));
    for file in home.find().files {
        assert!(file.title.is_some(), "{file:?}");
        assert!(file.workspace.as_deref().is_some_and(|folder| folder.starts_with("/Users/dev/projects/")));
        assert_eq!(file.shown, Some(false), "its folder is not on this machine");
    }
}

#[test]
fn a_real_session_survives_the_loss_of_its_log() {
    let Some(root) = real() else {
        return say("skipped: no sessions at ../shared/data; set CHASM_TEST_DATA");
    };
    let windows = root.join("vscode-real/copilot-chat-0.67.0/workspaceStorage");
    let id = "55fe0a87-46b6-450a-8823-f7ab579663f0";
    let log = format!("workspaceStorage/582a0378/chatSessions/{id}.jsonl");
    let home = home_of(&windows);
    let (whole, _) = read(&home.session(id));
    let bytes = fs::read(home.at(&log)).unwrap();
    let answers = |home: &Home| said(&read(&home.session(id)).0, "assistant").join("\n");
    let all = answers(&home);
    // cut behind its first turn: the transcript has the others
    let first = bytes.windows(6).position(|w| w == b"Done.\"").unwrap();
    let cut = first + bytes[first..].iter().position(|b| *b == b'\n').unwrap() + 1;
    home.put(&log, &bytes[..cut]);
    read_all("… cut behind the first turn", &home);
    let after = answers(&home);
    for text in ["héllo 中文", "The tool answered: \"hello\"", "successfully edited", "Found 1 match"] {
        assert!(all.contains(text) && after.contains(text), "{text}: {after}");
    }
    assert_eq!(said(&read(&home.session(id)).0, "user"), said(&whole, "user"));
    // filled with NUL bytes
    home.put(&log, vec![0; bytes.len()]);
    read_all("… filled with NUL bytes", &home);
    assert!(answers(&home).contains("Found 1 match"));
    // gone
    fs::remove_file(home.at(&log)).unwrap();
    read_all("… gone", &home);
    let (events, report) = read(&home.session(id));
    assert_eq!(said(&events, "user").len(), 4, "the transcript lacks the first prompt");
    assert_eq!(report.standing(), Standing::Partial);
    // the transcript too: the files that it changed are left
    fs::remove_dir_all(home.at("workspaceStorage/582a0378/GitHub.copilot-chat")).unwrap();
    read_all("… and its transcript too", &home);
    let (events, _) = read(&home.session(id));
    let text = serde_json::to_string(&of(&events, "vscode.file_edit")).unwrap();
    assert!(text.contains("# new file"), "{text}");
}
