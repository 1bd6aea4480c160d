//! Deleted means gone, byte by byte: out of database, index, snapshots, journal, quarantine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Opts, Recorder, events, folder, http, within};
use serde_json::{Value, json};

/// Stand in what is deleted, and nowhere else.
const IN_ID: &str = "wombatid";
const IN_CONTENT: &str = "wombatcontent";
const IN_TITLE: &str = "wombattitle";

fn id() -> String {
    format!("s-{IN_ID}-1")
}

fn path() -> String {
    format!("/api/recording/sessions/{}", http::encode(&id()))
}

/// The session in every shape that a session's text can have.
async fn record(recorder: &Recorder) {
    let session = id();
    let at = |n: u64| events::EPOCH_MS + n * 1000;
    let mut batch = vec![events::start(&session, &format!("{IN_TITLE} one"))];
    for n in 1..=40 {
        let mut message = events::message(&session, n);
        message["data"]["content"] =
            json!(format!("{IN_CONTENT} number {n} flip{n:03} {}", "words ".repeat(40)));
        batch.push(message);
    }
    batch.push(json!({"session_id": session, "event_type": "tool_call", "timestamp": at(50),
        "data": {"name": IN_CONTENT, "call_id": "c", "arguments": {"a": IN_CONTENT}}}));
    batch.push(json!({"session_id": session, "event_type": "tool_result", "timestamp": at(51),
        "data": {"call_id": "c", "output": {"text": IN_CONTENT}}}));
    batch.push(
        json!({"session_id": session, "event_type": format!("{IN_CONTENT}.custom"), "timestamp": at(52)}),
    );
    recorder.record(&json!(batch)).await;
    recorder.record(&events::message("bystander", 1)).await;
}

fn assert_there(recorder: &Recorder) {
    for text in [IN_ID, IN_CONTENT, IN_TITLE] {
        assert!(
            !folder::grep(&recorder.data_dir(), text).is_empty(),
            "{text}: the test would find nothing anyway"
        );
    }
}

#[track_caller]
fn assert_gone(recorder: &Recorder, when: &str) {
    for text in [IN_ID, IN_CONTENT, IN_TITLE] {
        let left = folder::grep(&recorder.data_dir(), text);
        assert!(left.is_empty(), "{when}: {text:?} is still in {left:?}");
    }
}

async fn delete(recorder: &Recorder) {
    assert_eq!(recorder.rest("DELETE", &path(), &Value::Null).await.status, 204);
    assert_eq!(recorder.get(&path()).await.error(404), "not_found");
    assert_eq!(recorder.rest("DELETE", &path(), &Value::Null).await.error(404), "not_found");
    let found = recorder.get(&format!("/api/recording/search?q={IN_CONTENT}")).await.expect(200);
    assert_eq!(found["hits"], json!([]));
    assert_eq!(recorder.session("bystander").await["messages"].as_array().unwrap().len(), 1, "others stay");
}

#[test]
fn nothing_is_left_of_a_session_with_all_that_it_can_have() {
    within(60, async {
        let mut recorder = Recorder::plain();
        record(&recorder).await;
        let snapshot = json!({"title": format!("{IN_TITLE} two"), "messages": [{"role": "user", "content": format!("{IN_CONTENT} snap")}]});
        let body = json!({"session_id": id(), "snapshot": snapshot});
        recorder.rest("POST", "/api/recording/snapshot", &body).await.expect(200);
        let patch = json!({"title": format!("{IN_TITLE} mine"), "tags": [IN_CONTENT]});
        recorder.rest("PATCH", &path(), &patch).await.expect(200);
        // searched, interrupted, recovered: each may leave traces
        recorder.get(&format!("/api/recording/search?q={IN_CONTENT}")).await.expect(200);
        recorder.kill9();
        recorder.restart();
        recorder.rest("POST", "/api/recording/recovery", &json!({"session_ids": [id()]})).await.expect(200);
        assert_eq!(recorder.session(&id()).await["state"], "recovered");
        recorder.term();
        assert_there(&recorder);
        recorder.restart();
        delete(&recorder).await;
        assert_gone(&recorder, "while it runs");
        recorder.term();
        assert_gone(&recorder, "after the stop");
        recorder.restart();
        assert_gone(&recorder, "after the next start");
        let status = recorder.status().await.to_string();
        let recovery = recorder.get("/api/recording/recovery").await.body;
        let notices = recorder.get("/api/recording/notices").await.body;
        assert!(![status, recovery, notices].iter().any(|text| text.contains(IN_ID)), "its id is still told");
    });
}

#[test]
fn deletion_survives_a_kill_right_behind_it() {
    within(60, async {
        let mut recorder = Recorder::plain();
        record(&recorder).await;
        delete(&recorder).await;
        recorder.kill9();
        assert_gone(&recorder, "after the kill");
        recorder.restart();
        assert_eq!(recorder.get(&path()).await.error(404), "not_found");
        assert_gone(&recorder, "after the next start");
        // the same id may be used anew
        recorder.record(&events::message(&id(), 1)).await;
        assert_eq!(recorder.session(&id()).await["event_count"], 1);
    });
}

#[test]
fn a_session_that_is_being_recorded_can_be_deleted() {
    within(60, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        ws.send(&events::message(&id(), 1)).await;
        ws.all_acked().await;
        assert_eq!(recorder.rest("DELETE", &path(), &Value::Null).await.status, 204);
        assert!(folder::grep(&recorder.data_dir(), IN_ID).is_empty());
        ws.send(&events::message(&id(), 2)).await;
        ws.all_acked().await;
        assert_eq!(recorder.events(&id()).await.len(), 1, "only what came behind the deletion");
    });
}

#[test]
fn what_was_set_aside_as_damaged_goes_too() {
    within(60, async {
        // so long a flush interval that the journal alone has the events
        let mut recorder = Recorder::start(Opts::config("[recording]\nflush_ms = 60000\n"));
        // one request a record: damage hits one of them
        recorder.record(&events::start(&id(), &format!("{IN_TITLE} one"))).await;
        for n in 1..=9 {
            let mut message = events::message(&id(), n);
            message["data"]["content"] = json!(format!("{IN_CONTENT} {n} flip{n:03}"));
            recorder.record(&message).await;
        }
        recorder.record(&events::message("bystander", 1)).await;
        recorder.kill9();
        assert!(folder::damage_journal(&recorder.data_dir(), "flip005").is_some());
        recorder.restart();
        let overview = recorder.get("/api/recording/recovery").await.expect(200);
        assert_eq!(overview["quarantine"].as_array().unwrap().len(), 1, "{overview}");
        assert_eq!(overview["last_start"]["damage"].as_array().unwrap().len(), 1, "{overview}");
        let notices = recorder.walk("/api/recording/notices", "notices").await;
        assert!(notices.iter().any(|notice| notice["kind"] == "damage_found"), "{notices:?}");
        let session = recorder.session(&id()).await;
        assert_eq!(
            session["messages"].as_array().unwrap().len(),
            8,
            "what is damaged is not in the way of the rest"
        );
        assert_eq!(session["missing"], json!([[5, 5]]));
        let in_quarantine = folder::grep(&recorder.data_dir().join("quarantine"), IN_CONTENT);
        assert_eq!(in_quarantine.len(), 1, "damaged bytes are kept");
        delete(&recorder).await;
        assert_gone(&recorder, "while it runs");
        recorder.kill9();
        recorder.restart();
        assert_gone(&recorder, "after the next start");
    });
}

#[test]
fn nothing_is_left_of_what_goes_by_way_of_the_trash() {
    within(90, async {
        let mut recorder = Recorder::start(Opts::config("[trash]\nkeep_secs = 5\n"));
        record(&recorder).await;
        let patch = json!({"title": format!("{IN_TITLE} mine"), "tags": [IN_CONTENT]});
        recorder.rest("PATCH", &path(), &patch).await.expect(200);
        recorder.kill9();
        recorder.restart();
        let put = recorder.rest("POST", "/api/recording/trash", &json!({"session_ids": [id()]})).await;
        assert_eq!(put.expect(200)["trashed"], json!([id()]));
        // committed before it was answered
        recorder.kill9();
        assert_there(&recorder);
        recorder.restart();
        chasm_tests::eventually("the end of its time", 30, async || {
            (recorder.get(&path()).await.status == 404).then_some(())
        })
        .await;
        chasm_tests::eventually("the notice", 30, async || {
            let notices = recorder.walk("/api/recording/notices", "notices").await;
            notices.iter().any(|n| n["kind"] == "purged" && n["reason"] == "trash").then_some(())
        })
        .await;
        assert_gone(&recorder, "while it runs");
        recorder.term();
        recorder.restart();
        assert_gone(&recorder, "after the next start");
        assert_eq!(recorder.session("bystander").await["messages"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn nothing_is_left_of_what_retention_does_not_keep() {
    within(60, async {
        let mut recorder = Recorder::plain();
        record(&recorder).await;
        let end =
            json!({"session_id": id(), "event_type": "session_end", "timestamp": events::EPOCH_MS + 99_000});
        recorder.record(&end).await;
        recorder.rest("PATCH", "/api/settings", &json!({"retention.days": 1})).await.expect(200);
        assert_there(&recorder);
        let preview = recorder.rest("POST", "/api/recording/retention/preview", &json!({})).await.expect(200);
        assert_eq!((&preview["sessions"], &preview["messages"]), (&json!(1), &json!(40)), "{preview}");
        let receipt = recorder.rest("POST", "/api/recording/retention/run", &json!({})).await.expect(200);
        assert_eq!((&receipt["sessions"], &receipt["bytes"]), (&json!(1), &preview["bytes"]), "{receipt}");
        assert_gone(&recorder, "while it runs");
        recorder.kill9();
        recorder.restart();
        assert_gone(&recorder, "after the next start");
        assert_eq!(recorder.session("bystander").await["state"], "interrupted", "what records is left alone");
    });
}
