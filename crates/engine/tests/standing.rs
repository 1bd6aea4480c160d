//! How sessions stand after an interruption, counted from the store.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chasm_engine::{Engine, EngineConfig, Standing, SystemClock};
use chasm_protocol::{LifecycleEvent, Limits, Parsed, SessionId, lifecycle::LiveEvent, parse_event};
use std::sync::Arc;
use std::time::Duration;

fn message(n: u64) -> Parsed {
    let event = serde_json::json!({
        "session_id": "s", "event_type": "message", "event_id": format!("e{n}"), "seq": n,
        "timestamp": 1_760_000_000_000u64 + n, "data": {"role": "user", "content": "text"},
    });
    parse_event(&event.to_string(), &Limits::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_and_replayed_events_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig { grace: Duration::ZERO, ..EngineConfig::new(folder.path()) };
    let engine = Engine::start(config, Arc::new(SystemClock), "test").await.unwrap();
    let mut live = engine.live();
    let ids = [SessionId::new("s").unwrap(), SessionId::new("unknown").unwrap()];
    let standing = |missing, replayed| vec![Standing { session_id: ids[0].clone(), missing, replayed }];

    let connection = engine.connect(None).await.unwrap();
    connection.submit(vec![message(1), message(4)]).await.unwrap().await.unwrap();
    assert_eq!(engine.standing(&ids).await.unwrap(), standing(2, 0));
    drop(connection);
    let interrupted = |event: &LiveEvent| {
        matches!(event, LiveEvent::Lifecycle { event: LifecycleEvent::Interrupted { .. }, .. })
    };
    while !interrupted(&live.recv().await.unwrap()) {}
    assert_eq!(engine.standing(&ids).await.unwrap(), standing(2, 0));

    // a replay that comes in parts
    let connection = engine.connect(None).await.unwrap();
    connection.submit(vec![message(2)]).await.unwrap().await.unwrap();
    assert_eq!(engine.standing(&ids).await.unwrap(), standing(1, 1));
    connection.submit(vec![message(3), message(5)]).await.unwrap().await.unwrap();
    assert_eq!(engine.standing(&ids).await.unwrap(), standing(0, 3));
    engine.shutdown().await;
}
