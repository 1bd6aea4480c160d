//! Texts that stream in: told when they are on disk, to those who watch their session.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use chasm_engine::{Engine, EngineConfig, SystemClock};
use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use std::sync::Arc;
use std::time::Duration;

fn delta(session: &str, n: u64) -> Parsed {
    let event = serde_json::json!({
        "session_id": session, "event_type": "message_delta", "event_id": format!("d{n}"), "timestamp": 1_760_000_000_000u64 + n,
        "data": {"message_id": "m", "role": "assistant", "delta": format!("piece {n} ")},
    });
    parse_event(&event.to_string(), &Limits::default()).unwrap()
}

fn text(event: &LiveEvent) -> (&str, &str) {
    match event {
        LiveEvent::Delta { session_id, delta, .. } => (session_id, delta),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_come_once_each_and_before_the_flush() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        EngineConfig { flush_interval: Duration::from_secs(3_600), ..EngineConfig::new(folder.path()) };
    let engine = Engine::start(config, Arc::new(SystemClock), "test").await.unwrap();
    let mut reader = engine.deltas(vec![SessionId::new("mine").unwrap()]);
    engine.record(vec![delta("mine", 1), delta("theirs", 2), delta("mine", 3)]).await.unwrap();
    // Duplicates are told no second time.
    engine.record(vec![delta("mine", 1), delta("mine", 4)]).await.unwrap();
    for n in [1, 3, 4] {
        let event = reader.next().await;
        assert_eq!(text(&event), ("mine", format!("piece {n} ").as_str()));
    }
    assert_eq!(engine.status().await.sessions, 2);
    let message = engine.session(&SessionId::new("mine").unwrap()).await.unwrap().messages.remove(0);
    assert_eq!(message.content.text(), "piece 1 piece 3 piece 4 ");
    engine.shutdown().await;
}
