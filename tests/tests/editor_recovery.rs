//! A client is killed in the middle of a real conversation; the editor's own file gives the rest.
//!
//! Invariant under test: the preview changes nothing and says what comes; afterwards every message is there, in order, with its
//! evidence; doing it again adds nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_editors::claude_code;
use chasm_tests::{Opts, Recorder, Ws, eventually, transcripts, within};
use serde_json::{Value, json};
use std::path::Path;

fn texts(session: &Value) -> Vec<String> {
    let messages = session["messages"].as_array().unwrap();
    messages.iter().map(|m| format!("{}: {}", m["role"], m["content"])).collect()
}

fn calls(session: &Value) -> Vec<String> {
    session["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", c["call_id"], c["output"]))
        .collect()
}

/// What a client of its own sends of a conversation: its own numbers, none of the file's ids of events.
fn events(path: &Path) -> (String, Vec<Value>) {
    let (drafts, _) = claude_code::read(path).unwrap();
    let session = drafts[0].session_id.clone();
    let own = drafts.iter().filter(|d| d.session_id == session && d.event_type != "session_end");
    let sent = own.zip(1u64..).map(|(draft, seq)| {
        let mut event: Value = serde_json::from_str(&draft.to_json()).unwrap();
        event.as_object_mut().unwrap().remove("event_id");
        event["seq"] = json!(seq);
        event
    });
    let sent = sent.collect();
    (session, sent)
}

#[test]
fn the_editors_file_gives_what_the_killed_client_could_not_send() {
    within(120, async {
        let longest = transcripts::genuine().into_iter().max_by_key(|path| events(path).1.len());
        let Some(path) = longest else {
            println!("skipped: no real transcripts here (CHASM_TEST_DATA)");
            return;
        };
        let (session, sent) = events(&path);
        let claude = tempfile::tempdir().unwrap();
        let config = format!(
            "[recording]\ngrace_secs = 0\n[editors.claude_code]\npath = {:?}\n",
            claude.path().display().to_string()
        );
        let recorder = Recorder::start(Opts::config(&config));
        let mut ws: Ws = recorder.ws().await;
        for event in &sent[..sent.len() / 2] {
            ws.send(event).await;
        }
        ws.all_acked().await;
        drop(ws);
        eventually("the session is interrupted", 30, async || {
            (recorder.session(&session).await["state"] == "interrupted").then_some(())
        })
        .await;
        let half = recorder.session(&session).await;

        let project = claude.path().join("projects/-home-a");
        std::fs::create_dir_all(&project).unwrap();
        let file = project.join(format!("{session}.jsonl"));
        std::fs::copy(&path, &file).unwrap();
        let preview = recorder.rest("GET", "/api/recording/recovery", &Value::Null).await.expect(200);
        let candidate = &preview["interrupted"][0];
        let seen = &candidate["editor_files"][0];
        assert_eq!((&seen["path"], &seen["readable"]), (&json!(file.display().to_string()), &json!(true)));
        assert_eq!(recorder.session(&session).await, half, "a preview changes nothing");
        let unread = "/api/recording/recovery?preview=false";
        let unread = recorder.rest("GET", unread, &Value::Null).await.expect(200);
        assert_eq!(unread["interrupted"][0]["editor_files"], json!([]));

        let report = recorder.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        let recovered = &report["recovered"][0];
        let after = recorder.session(&session).await;
        println!(
            "{} of {} messages came from the file",
            recovered["from_editor_files"], recovered["messages"]
        );
        assert!(candidate["added"].as_u64().unwrap() > 0, "{candidate}");
        assert_eq!(recovered["from_editor_files"], candidate["added"]);
        assert_eq!(after["message_count"], candidate["messages_after"]);
        assert_eq!(recovered["title"], after["title"]);
        let evidence = recovered["evidence"].as_array().unwrap();
        let named = json!({"origin": "editor_file", "source": file.display().to_string(), "messages": seen["messages"]});
        assert!(evidence.contains(&named), "{evidence:?}");

        let other = Recorder::plain();
        for event in &sent {
            other.record(event).await;
        }
        let whole = other.session(&session).await;
        assert_eq!(texts(&after), texts(&whole));
        assert_eq!(calls(&after), calls(&whole));

        let again = json!({"session_ids": [session]});
        let again = recorder.rest("POST", "/api/recording/recovery", &again).await.expect(200);
        assert_eq!((&again["recovered"], again["skipped"].as_array().unwrap().len()), (&json!([]), 1));
        assert_eq!(texts(&recorder.session(&session).await), texts(&after));
        let reports = recorder.rest("GET", "/api/recording/recovery/reports", &Value::Null).await.expect(200);
        assert_eq!(reports["reports"].as_array().unwrap().len(), 1, "{reports}");

        let editors = recorder.rest("GET", "/api/editors", &Value::Null).await.expect(200);
        assert_eq!((&editors[0]["sessions"], &editors[0]["recorded"]), (&json!(1), &json!(1)), "{editors}");
        let unknown = recorder.rest("POST", "/api/editors/vim/import", &json!({})).await;
        assert_eq!(unknown.error(404), "unknown_editor");
    });
}
