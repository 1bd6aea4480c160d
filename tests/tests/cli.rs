//! The command line, as a person and as a script use it: what it says, what it answers, how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, events, folder, run_to_end, transcripts, within};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const DONE: i32 = 0;
const FAILURE: i32 = 1;
const USAGE: i32 = 2;
const NO_RECORDER: i32 = 3;
const REFUSED: i32 = 4;
const NOT_FOUND: i32 = 5;
const PROBLEMS: i32 = 6;

/// Two sessions, one of them finished.
async fn with_sessions() -> Recorder {
    let recorder = Recorder::plain();
    let mut batch = vec![events::start("one", "The quick fox")];
    batch.extend((1..=3).map(|n| events::message("one", n)));
    batch.push(events::end("one", 3));
    batch.push(events::start("two/ü", "Another"));
    batch.push(events::message("two/ü", 1));
    recorder.record(&json!(batch)).await;
    recorder
}

#[test]
fn status_sessions_and_search() {
    within(90, async {
        let mut recorder = with_sessions().await;
        assert!(
            recorder.cli(&["status"]).ok().stdout.contains("Recording"),
            "{:?}",
            recorder.cli(&["status"])
        );
        assert_eq!(recorder.cli(&["status", "--json"]).ok().json()["sessions"], 2);
        let list = recorder.cli(&["sessions", "list"]).ok().stdout;
        assert!(list.contains("The quick fox") && list.contains("two/ü") && list.contains("one"), "{list}");
        let page = recorder.cli(&["sessions", "list", "--json", "--state", "completed"]).ok().json();
        assert_eq!((&page["total"], &page["sessions"][0]["session_id"]), (&json!(1), &json!("one")));
        let shown = recorder.cli(&["sessions", "show", "one"]).ok().stdout;
        assert!(shown.contains(&events::content("one", 2)), "{shown}");
        assert_eq!(
            recorder.cli(&["sessions", "show", "two/ü", "--json"]).ok().json(),
            recorder.session("two/ü").await
        );
        let found = recorder.cli(&["sessions", "search", "brown", "--json"]).ok().json();
        assert_eq!(found["hits"].as_array().unwrap().len(), 4, "{found}");
        assert!(recorder.cli(&["sessions", "search", "brown"]).ok().stdout.contains("brown"));
        assert_eq!(recorder.cli(&["sessions", "show", "none"]).code, NOT_FOUND);
        assert_eq!(recorder.cli(&["sessions", "export", "none"]).code, NOT_FOUND);
        assert_eq!(recorder.cli(&["sessions", "list", "--state", "asleep"]).code, USAGE);
        assert_eq!(recorder.cli(&["nonsense"]).code, USAGE);
        recorder.term();
        let gone = recorder.cli(&["status"]);
        assert_eq!((gone.code, gone.stdout.as_str()), (NO_RECORDER, ""), "{gone:?}");
        assert!(gone.stderr.starts_with("chasm: "), "{gone:?}");
    });
}

#[test]
fn export_and_delete() {
    within(60, async {
        let recorder = with_sessions().await;
        for form in ["markdown", "json", "jsonl", "html"] {
            let done = recorder.cli(&["sessions", "export", "one", "--format", form]).ok();
            assert!(done.stdout.contains("quick brown fox"), "{form}: {done:?}");
        }
        let file = recorder.scratch().join("one.html");
        let path = file.to_str().unwrap();
        let answer = recorder.cli(&["sessions", "export", "one", "--out", path, "--json"]).ok().json();
        assert_eq!(answer["bytes"], fs::metadata(&file).unwrap().len());
        assert!(fs::read_to_string(&file).unwrap().starts_with("<!doctype html>"));
        assert_eq!(
            recorder.cli(&["sessions", "export", "one", "--out", path]).code,
            FAILURE,
            "nothing is replaced unasked"
        );
        recorder.cli(&["sessions", "export", "one", "--out", path, "--force"]).ok();

        assert_eq!(recorder.cli(&["sessions", "delete", "one"]).code, USAGE, "nobody is there to be asked");
        assert_eq!(recorder.get("/api/recording/sessions/one").await.status, 200);
        let deleted = recorder.cli(&["sessions", "delete", "one", "--yes", "--json"]).ok().json();
        assert_eq!(deleted["deleted"], json!(["one"]));
        assert_eq!(recorder.get("/api/recording/sessions/one").await.status, 404);
        assert_eq!(recorder.cli(&["sessions", "delete", "one", "--yes"]).code, NOT_FOUND);
    });
}

#[test]
fn send_names_the_bad_line_and_sends_the_rest() {
    within(60, async {
        let recorder = Recorder::plain();
        let lines: Vec<String> = (1..=4).map(|n| events::message("sent", n).to_string()).collect();
        let mut plain: Value = events::message("sent", 5);
        plain.as_object_mut().unwrap().remove("session_id");
        let input = format!("{}\n{}\nnot json\n\n{}\n[{}]\n{plain}", lines[0], lines[1], lines[2], lines[3]);
        let done = recorder.cli_with(&["send", "--session", "sent", "--json"], input.as_bytes());
        assert_eq!(done.code, REFUSED, "{done:?}");
        assert!(done.stderr.contains("line 3"), "{done:?}");
        let summary = done.json();
        assert_eq!((&summary["recorded"], &summary["refused"]), (&json!(5), &json!(1)), "{summary}");
        assert_eq!(summary["errors"][0]["line"], 3);
        assert_eq!(recorder.events("sent").await.len(), 5);
        let again = recorder.cli_with(&["send", "--json"], lines.join("\n").as_bytes()).ok().json();
        assert_eq!((&again["recorded"], &again["duplicates"]), (&json!(0), &json!(4)));
        // what the recorder refuses is named by its line too
        recorder.rest("PATCH", "/api/settings", &json!({"limits.nesting": 8})).await.expect(200);
        let deep = format!(
            r#"{{"session_id":"sent","event_type":"x","data":{{"a":{}{}}}}}"#,
            "[".repeat(9),
            "]".repeat(9)
        );
        let done = recorder.cli_with(&["send", "--json"], format!("{}\n{deep}\n", lines[0]).as_bytes());
        assert_eq!((done.code, &done.json()["errors"][0]["line"]), (REFUSED, &json!(2)));
    });
}

#[test]
fn import_a_second_time_brings_nothing_new() {
    within(120, async {
        let recorder = Recorder::plain();
        let files = transcripts::genuine();
        let made = made_transcript(&recorder);
        let mut args = vec!["import", "--json", made.to_str().unwrap()];
        args.extend(files.iter().map(|path| path.to_str().unwrap()));
        let first = recorder.cli(&args).ok().json();
        assert!(
            first["new"].as_u64().unwrap() > 3 && first["failed"] == 0 && first["refused"] == 0,
            "{first}"
        );
        let second = recorder.cli(&args).ok().json();
        assert_eq!((&second["new"], &second["already_there"]), (&json!(0), &first["new"]));
        let stored = recorder.status().await["events_recorded"].clone();
        assert_eq!(stored, first["new"]);
        assert_eq!(recorder.cli(&["import", "/no/such/file"]).code, FAILURE);
    });
}

fn made_transcript(recorder: &Recorder) -> PathBuf {
    let path = recorder.scratch().join("0b1d2c3a-1111-4222-8333-444455556666.jsonl");
    let line = |kind: &str, uuid: &str, parent: Value, content: &str| {
        json!({"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "0b1d2c3a-1111-4222-8333-444455556666",
            "timestamp": "2026-01-01T00:00:01.000Z", "cwd": "/w", "message": {"role": kind, "content": content}})
    };
    let lines = [line("user", "u1", Value::Null, "Why?"), line("assistant", "a1", json!("u1"), "Because.")];
    fs::write(&path, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    path
}

#[test]
fn recover_lists_and_recovers() {
    within(60, async {
        let mut recorder = with_sessions().await;
        recorder.kill9();
        recorder.restart();
        let listed = recorder.cli(&["recover", "list", "--json"]).ok().json();
        assert_eq!(listed["interrupted"].as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(listed["interrupted"][0]["session_id"], "two/ü");
        assert!(recorder.cli(&["recover", "list"]).ok().stdout.contains("two/ü"));
        assert_eq!(recorder.cli(&["recover", "run", "none"]).code, NOT_FOUND);
        let report = recorder.cli(&["recover", "run", "--json"]).ok().json();
        assert_eq!(report["recovered"][0]["session_id"], "two/ü", "{report}");
        assert_eq!(recorder.session("two/ü").await["state"], "recovered");
        let after = recorder.cli(&["recover", "list", "--json"]).ok().json();
        assert_eq!(after["interrupted"], json!([]));
        assert_eq!(after["reports"][0]["recovered"][0]["session_id"], "two/ü", "the latest first: {after}");
    });
}

#[test]
fn the_doctor_finds_damage_in_the_journal_and_mends_it() {
    within(60, async {
        let mut recorder = Recorder::start(chasm_tests::Opts::config("[recording]\nflush_ms = 60000\n"));
        for n in 1..=5 {
            recorder.record(&events::message("s", n)).await;
        }
        let running = recorder.cli(&["doctor"]);
        assert_eq!(running.code, FAILURE, "{running:?}");
        assert!(running.stderr.contains(&recorder.pid().to_string()), "{running:?}");
        recorder.kill9();
        let sound = recorder.cli(&["doctor", "--json"]).ok().json();
        assert_eq!((&sound["problems"], &sound["unapplied_records"]), (&json!([]), &json!(5)), "{sound}");
        folder::damage_journal(&recorder.data_dir(), "message 3 of s").unwrap();
        let found = recorder.cli(&["doctor", "--json"]);
        assert_eq!(found.code, PROBLEMS, "{found:?}");
        assert_eq!(found.json()["problems"].as_array().unwrap().len(), 1, "{found:?}");
        assert_eq!(recorder.cli(&["doctor"]).code, PROBLEMS, "looking changes nothing");
        let mended = recorder.cli(&["doctor", "--repair", "--json"]).ok().json();
        assert_eq!((&mended["left"], &mended["quarantined_files"]), (&json!([]), &json!(1)), "{mended}");
        recorder.cli(&["doctor"]).ok();
        recorder.restart();
        let session = recorder.session("s").await;
        assert_eq!(
            (session["messages"].as_array().unwrap().len(), &session["missing"]),
            (4, &json!([[3, 3]]))
        );
    });
}

#[test]
fn the_doctor_finds_a_changed_message_and_mends_it() {
    within(60, async {
        if Command::new("sqlite3").arg("--version").output().is_err() {
            println!("skipped: no sqlite3 here");
            return;
        }
        let mut recorder = with_sessions().await;
        recorder.term();
        let database = recorder.data_dir().join("recordings.db");
        let sql = "UPDATE messages SET text = 'something else' WHERE text LIKE 'message 2 of one%'; SELECT changes();";
        let changed = run_to_end(Command::new("sqlite3").arg(&database).arg(sql), b"", 20).ok();
        assert_eq!(changed.stdout.trim(), "1", "{changed:?}");
        let found = recorder.cli(&["doctor", "--json"]);
        assert_eq!(found.code, PROBLEMS, "{found:?}");
        assert!(found.json()["problems"][0].as_str().unwrap().contains("one"), "{found:?}");
        let mended = recorder.cli(&["doctor", "--repair"]).ok();
        assert!(mended.stdout.contains("repaired"), "{mended:?}");
        recorder.cli(&["doctor"]).ok();
        recorder.restart();
        assert_eq!(recorder.session("one").await["messages"][1]["content"], events::content("one", 2));
        assert_eq!(
            recorder.cli(&["sessions", "search", "something else", "--json"]).ok().json()["hits"],
            json!([])
        );
    });
}

#[test]
fn the_doctor_saves_what_a_damaged_database_still_has() {
    within(90, async {
        let mut recorder = Recorder::plain();
        for session in ["a", "b", "c"] {
            let batch: Vec<Value> = (1..=300).map(|n| events::message(session, n)).collect();
            recorder.record(&json!(batch)).await;
        }
        recorder.term();
        let database = recorder.data_dir().join("recordings.db");
        let mut pages = fs::read(&database).unwrap();
        // a page of events, found by what is in it: which page lies where depends on when it was written
        let text = events::content("b", 150);
        let event = [b"\"content\":\"", text.as_bytes()].concat();
        let found =
            pages.windows(event.len()).position(|bytes| bytes == event).expect("the event is in the file");
        let page = found / 4096 * 4096;
        pages[page..page + 4096].fill(0xA5);
        fs::write(&database, pages).unwrap();
        let found = recorder.cli(&["doctor"]);
        assert_eq!(found.code, PROBLEMS, "{found:?}");
        let mended = recorder.cli(&["doctor", "--repair", "--json"]);
        println!("{} {}", mended.code, mended.stdout);
        recorder.cli(&["doctor"]).ok();
        recorder.restart();
        let sessions = recorder.get("/api/recording/sessions?state=all").await.expect(200);
        assert!(sessions["total"].as_u64().unwrap() >= 2, "{sessions}");
        recorder.record(&events::message("after", 1)).await;
    });
}

#[test]
fn a_second_recorder_is_refused_and_told_why() {
    within(60, async {
        let recorder = Recorder::plain();
        let pid = recorder.pid().to_string();
        let same_folder = recorder.cli(&["serve", "--port", "0"]);
        assert_eq!((same_folder.code, same_folder.stdout.as_str()), (FAILURE, ""), "{same_folder:?}");
        assert!(same_folder.stderr.contains(&pid), "{same_folder:?}");
        let other = recorder.scratch().join("other");
        let mut command = Command::new(chasm_tests::chasm());
        command.args(["serve", "--port", &recorder.address().port().to_string(), "--data-dir"]).arg(&other);
        let same_port = run_to_end(&mut command, b"", 20);
        assert_eq!(same_port.code, FAILURE, "{same_port:?}");
        assert!(same_port.stderr.contains(&pid) && same_port.stderr.contains("recorder"), "{same_port:?}");
        let told: Value =
            serde_json::from_slice(&fs::read(recorder.data_dir().join("server.json")).unwrap()).unwrap();
        assert_eq!(told["address"], format!("http://{}", recorder.address()));
        assert_eq!(told["pid"], recorder.pid());
    });
}

#[test]
fn completions_manual_and_help() {
    let run = |args: &[&str]| run_to_end(Command::new(chasm_tests::chasm()).args(args), b"", 20);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(&["completions", shell]).ok().stdout.contains("recover"), "{shell}");
    }
    let script = run(&["completions", "bash"]).stdout;
    run_to_end(Command::new("bash").arg("-n"), script.as_bytes(), 20).ok();
    let manual = run(&["man"]).ok().stdout;
    assert!(manual.starts_with(".ie") || manual.contains(".TH chasm"), "{manual}");
    assert!(run(&["--version"]).ok().stdout.starts_with("chasm "));
    assert_eq!(run(&["--help"]).code, DONE);
    assert_eq!(run(&[]).code, USAGE);
    let unreachable = run(&["status", "--server", "http://127.0.0.1:1", "--json"]);
    assert_eq!((unreachable.code, unreachable.stdout.as_str()), (NO_RECORDER, ""), "{unreachable:?}");
}
