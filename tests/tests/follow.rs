//! A process writes like an editor and is killed in the middle of a line; the recorder follows its file, in a folder like the
//! editor's own, with nothing set.
//!
//! Invariant under test: each whole line is recorded while the writer runs, the session is interrupted when the writer is gone,
//! and it is recovered when that is asked for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, eventually, within};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SESSION: &str = "11111111-2222-4333-8444-555555555555";
/// Turns that are written.
const TURNS: usize = 12;

/// Appends the lines of a file to another one, each in one write, then half a line, and hangs.
const WRITER: &str = r#"while IFS= read -r line; do printf '%s\n' "$line" >>"$2"; sleep 0.02; done <"$1"
printf '%s' "$3" >>"$2"
exec sleep 600"#;

/// An editor that is killed with the value.
struct Editor(Child);

impl Editor {
    fn write(folder: &Path, to: &Path, lines: &[String], half: &str) -> Self {
        let from = folder.join("lines");
        fs::write(&from, lines.join("\n") + "\n").unwrap();
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WRITER, "editor"]).arg(&from).arg(to).arg(half);
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    fn kill9(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lines of Claude Code, and the text of the last one's beginning.
fn claude_code() -> (Vec<String>, String) {
    let line = |n: usize, role: &str| {
        let rest: Value = json!({"uuid": format!("u{n}"), "sessionId": SESSION, "cwd": "/home/ada/chasm",
            "timestamp": format!("2026-01-31T14:{:02}:{:02}Z", n / 60, n % 60),
            "message": {"role": role, "id": format!("m{n}"), "content": [{"type": "text", "text": format!("text {n}")}]}});
        format!("{{\"type\":\"{role}\",{}", &rest.to_string()[1..])
    };
    let lines = (0..2 * TURNS).map(|n| line(n, if n % 2 == 0 { "user" } else { "assistant" })).collect();
    let last = line(2 * TURNS, "user");
    let half = last[..last.find("text 24").unwrap() + 6].to_owned();
    (lines, half)
}

async fn messages(recorder: &Recorder) -> usize {
    let found = recorder.rest("GET", &format!("/api/recording/sessions/{SESSION}"), &Value::Null).await;
    let session: Value = serde_json::from_str(&found.body).unwrap_or_default();
    session["messages"].as_array().map_or(0, Vec::len)
}

/// Follows what is written, kills the writer, and recovers.
async fn lived_and_died(recorder: &mut Recorder, file: &Path, lines: &[String], half: &str, whole: usize) {
    let mut editor = Editor::write(recorder.scratch(), file, lines, half);
    eventually("the first turn is recorded while the writer runs", 60, async || {
        (messages(recorder).await > 0).then_some(())
    })
    .await;
    let session = recorder.session(SESSION).await;
    assert_eq!((&session["state"], &session["live"]), (&json!("recording"), &json!(true)));
    let written = wait_for_half(file, half);
    eventually("every whole line is recorded", 60, async || {
        (messages(recorder).await >= whole).then_some(())
    })
    .await;
    println!("all whole lines are recorded {:?} after the last one was written", written.elapsed());
    assert_eq!(messages(recorder).await, whole, "half a line waits");
    editor.kill9();
    eventually("the session is interrupted", 60, async || {
        (recorder.session(SESSION).await["state"] == "interrupted").then_some(())
    })
    .await;
    let session = recorder.session(SESSION).await;
    assert_eq!(session["interruptions"][0]["reason"], "disconnect", "{session}");
    let overview = recorder.rest("GET", "/api/recording/recovery", &Value::Null).await.expect(200);
    assert_eq!(overview["interrupted"][0]["session_id"], SESSION);
    let report = recorder.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
    let recovered = &report["recovered"][0];
    assert_eq!(recovered["session_id"], SESSION);
    assert!(recovered["messages"].as_u64().unwrap() as usize >= whole, "{recovered}");
    assert_eq!(recorder.session(SESSION).await["state"], "recovered");
    // all of it survives a kill of the recorder too
    let before = recorder.session(SESSION).await["messages"].clone();
    recorder.kill9();
    recorder.restart();
    assert_eq!(recorder.session(SESSION).await["messages"], before);
}

/// Blocks until the writer has come to its half line.
fn wait_for_half(file: &Path, half: &str) -> Instant {
    let begun = Instant::now();
    loop {
        if fs::read(file).is_ok_and(|bytes| bytes.ends_with(half.as_bytes())) {
            return Instant::now();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the writer never came to its end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn claude_code_killed_within_a_line() {
    within(180, async {
        let mut recorder = Recorder::plain();
        let file = recorder.scratch().join(format!(".claude/projects/-home-ada-chasm/{SESSION}.jsonl"));
        // the folder comes into being while the recorder runs
        let (lines, half) = claude_code();
        lived_and_died(&mut recorder, &file, &lines, &half, 2 * TURNS).await;
    });
}

/// Lines of VS Code's log of changes: the answer grows in several pushes, as it streams.
fn vscode() -> (Vec<String>, String) {
    let head = json!({"kind": 0, "v": {"version": 3, "sessionId": SESSION, "creationDate": 1_769_868_125_000_u64, "requests": []}});
    let mut lines = vec![head.to_string()];
    for n in 0..TURNS {
        let at = 1_769_868_125_000_u64 + n as u64 * 60_000;
        let request = json!({"kind": 2, "k": ["requests"], "v": [{"requestId": format!("request_{n}"), "timestamp": at,
            "message": {"text": format!("prompt {n}")}, "modelState": {"value": 0}, "response": []}]});
        lines.push(request.to_string());
        for words in ["An ans", "An answer", "An answer that grows"] {
            let push = json!({"kind": 2, "k": ["requests", n, "response"], "i": 0, "v": [{"value": format!("{words} {n}")}]});
            lines.push(push.to_string());
        }
        let done = json!({"kind": 1, "k": ["requests", n, "modelState"], "v": {"value": 1, "completedAt": at + 5_000}});
        lines.push(done.to_string());
    }
    let half = format!(
        "{{\"kind\":2,\"k\":[\"requests\"],\"v\":[{{\"requestId\":\"request_{TURNS}\",\"message\":{{\"text\":\"never to"
    );
    (lines, half)
}

#[test]
fn vscode_killed_within_a_line() {
    within(180, async {
        let mut recorder = Recorder::plain();
        let storage = recorder.scratch().join(".config/Code/User/workspaceStorage/0123456789abcdef");
        let file = storage.join(format!("chatSessions/{SESSION}.jsonl"));
        fs::create_dir_all(&storage).unwrap();
        fs::write(storage.join("workspace.json"), r#"{"folder":"file:///home/ada/chasm"}"#).unwrap();
        let (lines, half) = vscode();
        lived_and_died(&mut recorder, &file, &lines, &half, 2 * TURNS).await;
        let session = recorder.session(SESSION).await;
        assert_eq!(
            (&session["provider"], &session["workspace"]),
            (&json!("vscode"), &json!("/home/ada/chasm"))
        );
        let last = &session["messages"][2 * TURNS - 1];
        assert!(last["content"].to_string().contains("An answer that grows 11"), "{last}");
        assert_eq!(last["partial"], json!(false));
    });
}
