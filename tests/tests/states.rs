//! `PROTOCOL.md`, «States»: from each to each, and what is kept of the way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, events, within};
use serde_json::{Value, json};

async fn state(recorder: &Recorder) -> (String, Vec<String>) {
    let session = recorder.session("s").await;
    let reasons = session["interruptions"].as_array().unwrap().iter();
    let reasons = reasons
        .map(|i| format!("{}{}", i["reason"].as_str().unwrap(), if i["until"].is_null() { "…" } else { "" }));
    (session["state"].as_str().unwrap().to_owned(), reasons.collect())
}

#[test]
fn an_end_completes_and_only_newer_events_open_it_again() {
    within(30, async {
        let mut recorder = Recorder::plain();
        recorder
            .record(&json!([events::start("s", "T"), events::message("s", 1), events::message("s", 5)]))
            .await;
        assert_eq!(state(&recorder).await.0, "recording");
        recorder.record(&events::end("s", 5)).await;
        assert_eq!(state(&recorder).await.0, "completed");
        recorder.record(&json!([events::message("s", 2), events::message("s", 3)])).await;
        assert_eq!(state(&recorder).await.0, "completed", "older ones merge in");
        assert_eq!(recorder.session("s").await["messages"].as_array().unwrap().len(), 4);
        recorder.kill9();
        recorder.restart();
        assert_eq!(
            state(&recorder).await,
            ("completed".into(), vec![]),
            "a crash does not interrupt what is over"
        );
        recorder.record(&events::message("s", 6)).await;
        assert_eq!(state(&recorder).await.0, "recording", "newer ones set it recording again");
    });
}

#[test]
fn interrupted_goes_to_recovered_and_both_go_on_with_new_events() {
    within(60, async {
        let mut recorder = Recorder::plain();
        recorder.record(&json!([events::start("s", "T"), events::message("s", 1)])).await;
        recorder.kill9();
        recorder.restart();
        assert_eq!(state(&recorder).await, ("interrupted".into(), vec!["server_crash…".into()]));
        let looked = recorder.get("/api/recording/recovery").await.expect(200);
        assert_eq!(looked["interrupted"][0]["session_id"], "s");
        assert_eq!(state(&recorder).await.0, "interrupted", "looking changes nothing");
        let report = recorder.rest("POST", "/api/recording/recovery", &Value::Null).await.expect(200);
        assert_eq!(
            (&report["recovered"][0]["session_id"], &report["recovered"][0]["from_events"]),
            (&json!("s"), &json!(1))
        );
        assert_eq!(state(&recorder).await.0, "recovered");
        recorder.kill9();
        recorder.restart();
        assert_eq!(state(&recorder).await.0, "recovered", "and stays so");
        assert_eq!(recorder.session("s").await["recoveries"].as_array().unwrap().len(), 1);
        recorder.record(&events::message("s", 2)).await;
        assert_eq!(state(&recorder).await.0, "recording");
        recorder.term();
        recorder.restart();
        let (now, reasons) = state(&recorder).await;
        assert_eq!(
            (now.as_str(), reasons.last().map(String::as_str)),
            ("interrupted", Some("server_stop…")),
            "{reasons:?}"
        );
        let heartbeat = json!({"session_id": "s", "event_type": "heartbeat"});
        recorder.record(&heartbeat).await;
        assert_eq!(state(&recorder).await.0, "recording", "a heartbeat is an event too");
        recorder.record(&events::end("s", 9)).await;
        assert_eq!(state(&recorder).await.0, "completed");
    });
}

/// The first event may come before the recorder has written down that the session was interrupted.
#[test]
fn events_right_after_a_restart_end_the_interruption() {
    within(60, async {
        let mut recorder = Recorder::plain();
        recorder.record(&json!([events::start("s", "T"), events::message("s", 1)])).await;
        recorder.kill9();
        recorder.restart();
        recorder.record(&json!([events::message("s", 2), events::message("s", 3)])).await;
        assert_eq!(state(&recorder).await, ("recording".into(), vec!["server_crash".into()]));
        assert_eq!(recorder.session("s").await["interruptions"][0]["replayed"], 2);
    });
}
