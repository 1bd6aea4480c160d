//! The three calls that began it all, word for word, by the real `curl`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, run_to_end, within};
use serde_json::{Value, json};
use std::process::Command;

const CALLS: [&str; 3] = [
    r#"curl -X POST http://localhost:8787/api/recording/events -H "Content-Type: application/json" -d '{"session_id": "my-session", "event_type": "session_start", "data": {"title": "My conversation"}}'"#,
    r#"curl -X POST http://localhost:8787/api/recording/events -H "Content-Type: application/json" -d '{"session_id": "my-session", "event_type": "message", "data": {"role": "user", "content": "Hello!"}}'"#,
    "curl http://localhost:8787/api/recording/recovery",
];

#[test]
fn the_three_calls() {
    within(60, async {
        let mut recorder = Recorder::plain();
        let call = |line: &str| -> Value {
            let line = line.replace("8787", &recorder.address().port().to_string());
            let line = line.replacen("curl", "curl --silent --show-error --fail-with-body --max-time 20", 1);
            run_to_end(Command::new("sh").args(["-c", &line]), b"", 30).ok().json()
        };
        let started = call(CALLS[0]);
        assert_eq!((&started["recorded"], &started["rejected"]), (&json!(1), &json!(0)), "{started}");
        let said = call(CALLS[1]);
        assert_eq!(said["results"][0]["status"], "recorded", "{said}");
        let recovery = call(CALLS[2]);
        assert_eq!(recovery["interrupted"], json!([]), "{recovery}");

        let read = async |recorder: &Recorder| {
            let session = recorder.session("my-session").await;
            assert_eq!(session["title"], "My conversation");
            assert_eq!(session["messages"].as_array().unwrap().len(), 1, "{session}");
            assert_eq!(session["messages"][0]["role"], "user");
            assert_eq!(session["messages"][0]["content"], "Hello!");
            session["state"].clone()
        };
        assert_eq!(read(&recorder).await, "recording");
        recorder.kill9();
        recorder.restart();
        assert_eq!(read(&recorder).await, "interrupted");
    });
}
