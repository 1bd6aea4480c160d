//! The engine over a real disk and a real database: record, read, crash, come back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chasm_engine::{Engine, EngineConfig, Outcome, RecordError, SystemClock};
use chasm_protocol::api::{RecoveryRequest, SnapshotRequest};
use chasm_protocol::frame::Hello;
use chasm_protocol::session::{InterruptionReason, Origin, State};
use chasm_protocol::status::Health;
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

async fn start(folder: &Path) -> Engine {
    let config = EngineConfig { grace: Duration::from_millis(50), ..EngineConfig::new(folder) };
    Engine::start(config, Arc::new(SystemClock), "test").await.unwrap()
}

fn event(json: serde_json::Value) -> Parsed {
    parse_event(&json.to_string(), &Limits::default()).unwrap()
}

fn message(session: &str, n: u64) -> Parsed {
    let role = if n % 2 == 1 { "user" } else { "assistant" };
    event(serde_json::json!({
        "session_id": session, "event_type": "message", "event_id": format!("e{n}"), "seq": n,
        "timestamp": 1_760_000_000_000u64 + n, "data": {"role": role, "content": format!("text {n}")},
    }))
}

fn id(session: &str) -> SessionId {
    SessionId::new(session).unwrap()
}

async fn texts(engine: &Engine, session: &str) -> Vec<String> {
    let detail = engine.session(&id(session)).await.unwrap();
    detail.messages.iter().map(|m| m.content.text().into_owned()).collect()
}

/// Waits for a state; a test that would wait for ever is ended by its runner.
async fn until_state(engine: &Engine, session: &str, state: State) {
    while engine.session(&id(session)).await.unwrap().summary.state != state {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_read_at_once_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    let outcomes = engine.record(vec![message("s", 2), message("s", 1), message("s", 2)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Recorded, Outcome::Recorded, Outcome::Duplicate]);
    assert_eq!(texts(&engine, "s").await, ["text 1", "text 2"]);
    assert_eq!(engine.record(vec![message("s", 1)]).await.unwrap(), [Outcome::Duplicate]);
    let other = event(
        serde_json::json!({"session_id":"s","event_type":"message","event_id":"e1","data":{"role":"user","content":"other"}}),
    );
    assert_eq!(engine.record(vec![other.clone()]).await.unwrap(), [Outcome::Conflict]);
    assert_eq!(engine.record(vec![other]).await.unwrap(), [Outcome::Duplicate]);
    let detail = engine.session(&id("s")).await.unwrap();
    assert_eq!((detail.summary.messages, detail.conflicts.len()), (2, 1));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_interrupts_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    engine.record((1..=5).map(|n| message("s", n)).collect()).await.unwrap();
    // No shutdown: the handle is forgotten with its tasks, as a killed process would leave the folder.
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), copy.path());
    let again = start(copy.path()).await;
    let detail = again.session(&id("s")).await.unwrap();
    assert_eq!(detail.summary.state, State::Interrupted);
    assert_eq!(detail.interruptions[0].reason, InterruptionReason::ServerCrash);
    assert_eq!(detail.messages.len(), 5);
    assert_eq!(
        again.record((1..=7).map(|n| message("s", n)).collect()).await.unwrap()[4..],
        [Outcome::Duplicate, Outcome::Recorded, Outcome::Recorded]
    );
    let detail = again.session(&id("s")).await.unwrap();
    assert_eq!((detail.summary.state, detail.messages.len()), (State::Recording, 7));
    assert_eq!(detail.interruptions[0].replayed, 2);
    again.shutdown().await;
    let third = start(copy.path()).await;
    let detail = third.session(&id("s")).await.unwrap();
    assert_eq!(detail.interruptions[1].reason, InterruptionReason::ServerStop);
    assert_eq!(third.record(vec![message("s", 7)]).await.unwrap(), [Outcome::Duplicate]);
    third.shutdown().await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_interrupts_after_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    let connection = engine.connect(None).await.unwrap();
    connection.submit(vec![message("s", 1)]).await.unwrap().await.unwrap();
    assert!(engine.session(&id("s")).await.unwrap().summary.live);
    drop(connection);
    until_state(&engine, "s", State::Interrupted).await;
    let back = engine.connect(None).await.unwrap();
    let points = back
        .hello(Hello { client: Some("test/1".into()), sessions: vec![id("s"), id("new")] })
        .await
        .unwrap();
    assert_eq!((points["s"].last_seq, points["s"].events, points["new"].events), (1, 1, 0));
    back.submit(vec![message("s", 2), message("s", 4)]).await.unwrap().await.unwrap();
    let detail = engine.session(&id("s")).await.unwrap();
    assert_eq!((detail.summary.state, detail.missing), (State::Recording, vec![(3, 3)]));
    assert_eq!(
        (detail.interruptions[0].reason, detail.interruptions[0].replayed),
        (InterruptionReason::Disconnect, 2)
    );
    let end = event(
        serde_json::json!({"session_id":"s","event_type":"session_end","timestamp":1_760_000_000_100u64}),
    );
    back.submit(vec![end]).await.unwrap().await.unwrap();
    until_state(&engine, "s", State::Completed).await;
    engine.record(vec![message("s", 3)]).await.unwrap();
    let detail = engine.session(&id("s")).await.unwrap();
    assert_eq!((detail.summary.state, detail.missing.len()), (State::Completed, 0));
    assert_eq!(texts(&engine, "s").await, ["text 1", "text 2", "text 3", "text 4"]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_fills_in_and_recovery_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    engine.record(vec![message("s", 1), message("s", 4)]).await.unwrap();
    let request = |text: &str| -> SnapshotRequest {
        serde_json::from_value(serde_json::json!({"session_id":"s","snapshot":{"title":"T","messages":[
            {"role":"user","content":"text 1"},{"role":"assistant","content":text},{"role":"assistant","content":"text 4"}]}})).unwrap()
    };
    let answer = engine.snapshot(request("text 2")).await.unwrap();
    assert_eq!((answer.stored, answer.messages, answer.added), (true, 3, 1));
    let answer = engine.snapshot(request("text 2")).await.unwrap();
    assert!(!answer.stored);
    assert_eq!(texts(&engine, "s").await, ["text 1", "text 2", "text 4"]);
    engine.record(vec![message("s", 5)]).await.unwrap();
    assert_eq!(texts(&engine, "s").await, ["text 1", "text 2", "text 4", "text 5"]);
    engine.shutdown().await;
    let engine = start(folder.path()).await;
    let overview = engine.recovery(None).await.unwrap();
    assert_eq!((overview.interrupted[0].only_in_snapshots, overview.interrupted[0].snapshots), (1, 1));
    let report = engine.recover(RecoveryRequest::default(), &chasm_engine::Roots::default()).await.unwrap();
    let recovery = &report.recovered[0].recovery;
    assert_eq!((recovery.from_events, recovery.from_snapshots), (3, 1));
    let detail = engine.session(&id("s")).await.unwrap();
    assert_eq!((detail.summary.state, detail.messages[1].origin), (State::Recovered, Origin::Snapshot));
    assert_eq!(detail.recoveries.len(), 1);
    engine.shutdown().await;
    // A recovered session stays one over a restart, and an idempotent import changes nothing.
    let engine = start(folder.path()).await;
    engine.record(vec![message("s", 5)]).await.unwrap();
    assert_eq!(engine.session(&id("s")).await.unwrap().summary.state, State::Recovered);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    assert_eq!(engine.pause(None).await.unwrap().status, Health::Paused);
    assert!(matches!(engine.record(vec![message("s", 1)]).await, Err(RecordError::Paused(None))));
    engine.shutdown().await;
    let engine = start(folder.path()).await;
    assert_eq!(engine.status().await.status, Health::Paused);
    assert_eq!(engine.resume().await.unwrap().status, Health::Recording);
    engine.record(vec![message("s", 1)]).await.unwrap();
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_means_gone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    let secret = event(
        serde_json::json!({"session_id":"private-1","event_type":"message","data":{"role":"user","content":"the quokka password"}}),
    );
    engine.record(vec![secret, message("s", 1)]).await.unwrap();
    engine.delete(&id("private-1")).await.unwrap();
    assert!(engine.session(&id("private-1")).await.is_err());
    for needle in ["quokka", "private-1"] {
        assert_eq!(files_with(folder.path(), needle.as_bytes()), Vec::<String>::new());
    }
    assert_eq!(texts(&engine, "s").await, ["text 1"]);
    engine.shutdown().await;
}

fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files_with(&entry.path(), needle));
        } else if std::fs::read(entry.path()).unwrap().windows(needle.len()).any(|w| w == needle) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
