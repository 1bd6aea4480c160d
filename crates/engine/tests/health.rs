//! What the engine says of itself: since when it is as it is, how much it records, what its sessions are called.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use chasm_engine::{Clock, Connection, Engine, EngineConfig, EngineError};
use chasm_protocol::api::{NoticeFilter, SessionPatch};
use chasm_protocol::lifecycle::LiveEvent;
use chasm_protocol::status::Health;
use chasm_protocol::{LifecycleEvent, Limits, Parsed, SessionId, Timestamp, parse_event};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::broadcast;

/// A clock that goes on when the test says so.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

const BEGIN: i64 = 1_760_000_000_000_000;

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(BEGIN)))
    }

    fn pass(&self, seconds: i64) -> Timestamp {
        self.0.fetch_add(seconds * 1_000_000, SeqCst);
        self.now()
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }
}

async fn start(folder: &Path, clock: &Hand) -> Engine {
    let config = EngineConfig { grace: Duration::ZERO, ..EngineConfig::new(folder) };
    Engine::start(config, Arc::new(clock.clone()), "test").await.unwrap()
}

fn event(session: &str, n: u64, event_type: &str, data: &Value) -> Parsed {
    let json = json!({"session_id": session, "event_type": event_type, "event_id": format!("{event_type}{n}"),
        "timestamp": 1_760_000_000_000_u64 + n, "data": data});
    parse_event(&json.to_string(), &Limits::default()).unwrap()
}

fn message(session: &str, n: u64) -> Parsed {
    event(session, n, "message", &json!({"role": "user", "content": format!("text {n}")}))
}

fn id(session: &str) -> SessionId {
    SessionId::new(session).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn since_is_true_over_pauses_and_restarts() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    let begun = engine.status().await;
    assert_eq!((begun.status, begun.since), (Health::Recording, clock.now()));
    assert_eq!(begun.data_dir, folder.path().display().to_string());
    let paused_at = clock.pass(60);
    assert_eq!(engine.pause(None).await.unwrap().since, paused_at);
    clock.pass(60);
    // the pause gets an end: it goes on
    let status = engine.pause(Some(90)).await.unwrap();
    assert_eq!((status.since, status.paused_until.is_some()), (paused_at, true));
    engine.shutdown().await;

    clock.pass(600);
    let engine = start(folder.path(), &clock).await;
    let status = engine.status().await;
    assert_eq!((status.status, status.since), (Health::Paused, paused_at));
    assert!(status.paused_until.is_some() && status.started_at > paused_at);
    let resumed_at = clock.pass(5);
    let status = engine.resume().await.unwrap();
    assert_eq!((status.status, status.since), (Health::Recording, resumed_at));
    clock.pass(5);
    assert_eq!(engine.resume().await.unwrap().since, resumed_at);
    engine.shutdown().await;

    let restarted_at = clock.pass(5);
    let engine = start(folder.path(), &clock).await;
    assert_eq!(engine.status().await.since, restarted_at);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_say_what_was_recorded_and_when() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    let nothing = engine.rates(10, 90);
    assert_eq!((nothing.events.len(), nothing.events.iter().sum::<u64>()), (90, 0));
    engine.record(vec![message("s", 1), message("s", 2)]).await.unwrap();
    clock.pass(2);
    engine.record(vec![message("s", 2), message("s", 3)]).await.unwrap();
    let until = clock.pass(1);
    let rates = engine.rates(1, 4);
    // the duplicate does not count
    assert_eq!((rates.events, rates.until), (vec![0, 2, 0, 1], until));
    assert!(rates.syncs[1] >= 1 && rates.syncs[3] >= 1 && rates.syncs[0] == 0, "{:?}", rates.syncs);
    let whole: u64 = engine.rates(60, 15).syncs.iter().sum();
    assert!(whole <= engine.status().await.journal.syncs);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_says_when_its_last_event_came() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    let connection = engine.connect(Some(String::from("test/1"))).await.unwrap();
    let status = engine.status().await;
    assert_eq!(status.connections[0].last_event_at, None);
    let at = clock.pass(7);
    connection.submit(vec![message("s", 1)]).await.unwrap().await.unwrap();
    clock.pass(7);
    assert_eq!(engine.status().await.connections[0].last_event_at, Some(at));
    engine.shutdown().await;
}

/// The next lifecycle event of this kind.
async fn told(live: &mut broadcast::Receiver<LiveEvent>, kind: &str) -> Value {
    loop {
        match live.recv().await.unwrap() {
            LiveEvent::Lifecycle { event, .. } if event.kind() == kind => return json!(event),
            _ => {}
        }
    }
}

/// The connection is lost, and time goes on: a session is interrupted by a clock that stands behind its last event at no time.
fn leave(connection: Connection, clock: &Hand) {
    drop(connection);
    clock.pass(1);
}

async fn carry(engine: &Engine, events: Vec<Parsed>) -> Connection {
    let connection = engine.connect(None).await.unwrap();
    connection.submit(events).await.unwrap().await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn lifecycle_events_say_what_their_session_is_called() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    let mut live = engine.live();
    let named = |n, title: &str| event("s", n, "session_start", &json!({"title": title}));
    let connection = carry(&engine, vec![named(10, "Of the client"), message("s", 11)]).await;
    assert_eq!(told(&mut live, "started").await["title"], "Of the client");
    // one that comes late does not bring an older name back
    connection.submit(vec![named(5, "Older")]).await.unwrap().await.unwrap();
    leave(connection, &clock);
    assert_eq!(told(&mut live, "interrupted").await["title"], "Of the client");

    let patch = SessionPatch { title: Some(Some(String::from("Of the user"))), ..SessionPatch::default() };
    engine.patch(&id("s"), patch).await.unwrap();
    let connection = carry(&engine, vec![message("s", 12)]).await;
    assert_eq!(told(&mut live, "reconnected").await["title"], "Of the user");
    leave(connection, &clock);
    assert_eq!(told(&mut live, "interrupted").await["title"], "Of the user");
    engine.shutdown().await;

    // a restart knows both names from the database
    let engine = start(folder.path(), &clock).await;
    let mut live = engine.live();
    let patch = SessionPatch { title: Some(None), ..SessionPatch::default() };
    let end = event("s", 20, "session_end", &json!({}));
    engine.record(vec![message("s", 13)]).await.unwrap();
    assert_eq!(told(&mut live, "reconnected").await["title"], "Of the user");
    engine.patch(&id("s"), patch).await.unwrap();
    engine.record(vec![end]).await.unwrap();
    assert_eq!(told(&mut live, "completed").await["title"], "Of the client");

    engine.record(vec![message("nameless", 1)]).await.unwrap();
    assert_eq!(
        told(&mut live, "started").await,
        json!({"kind":"started","session_id":"nameless","title":null})
    );
    let long = event("long", 1, "session_start", &json!({"title": "ü".repeat(2_000)}));
    engine.record(vec![long]).await.unwrap();
    assert_eq!(told(&mut live, "started").await["title"], "ü".repeat(500));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_found_before_the_store_was_asked_to_keep_them() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    let mut live = engine.live();
    leave(carry(&engine, vec![event("s", 1, "session_start", &json!({"title": "Straße"}))]).await, &clock);
    told(&mut live, "interrupted").await;
    let words = |q: &str| NoticeFilter { q: Some(q.into()), limit: 10, ..NoticeFilter::default() };
    let found = engine.find_notices(&words("STRAß")).await.unwrap().notices;
    assert!(found.iter().any(|n| matches!(n.event, LifecycleEvent::Interrupted { .. })), "{found:?}");
    assert!(found.iter().all(|n| n.titles["s"] == "Straße"));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_quarantine_is_listed_with_its_time_and_deleted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let engine = start(folder.path(), &clock).await;
    std::fs::write(folder.path().join("quarantine/record-00000000000000000007.bin"), b"bytes").unwrap();
    std::fs::write(folder.path().join("token"), b"secret").unwrap();
    let listed = engine.recovery(None).await.unwrap().quarantine;
    let name = listed[0].quarantined_as.clone().unwrap();
    assert!(listed.len() == 1 && listed[0].at.is_some());
    assert!(matches!(engine.delete_quarantined("../token"), Err(EngineError::NotInQuarantine(_))));
    engine.delete_quarantined(&name).unwrap();
    assert!(matches!(engine.delete_quarantined(&name), Err(EngineError::NotInQuarantine(_))));
    assert!(engine.recovery(None).await.unwrap().quarantine.is_empty());
    assert!(folder.path().join("token").exists());
    engine.shutdown().await;
}
