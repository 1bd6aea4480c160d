//! Trash, deletion for good and retention, through the engine's public face.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_engine::{Clock, Engine, EngineConfig, EngineError, Outcome, Retention};
use chasm_protocol::api::{PurgeReason, RecoveryRequest, SessionFilter};
use chasm_protocol::lifecycle::{LifecycleEvent, LiveEvent};
use chasm_protocol::{Limits, Parsed, SessionId, State, Timestamp, parse_event};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;

const KEEP: Duration = Duration::from_secs(30);

/// A clock that goes when it is told to.
struct Hands(AtomicI64);

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000_000)))
    }

    fn forward(&self, secs: i64) {
        self.0.fetch_add(secs * 1_000_000, SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, SeqCst))
    }
}

async fn start(folder: &Path, clock: &Arc<Hands>) -> Engine {
    // Silence is a matter of the clock, and it jumps here.
    let silence = Duration::from_secs(1_000_000_000);
    let config = EngineConfig { grace: Duration::ZERO, silence, ..EngineConfig::new(folder) };
    Engine::start(config, clock.clone(), "test").await.unwrap()
}

fn id(text: &str) -> SessionId {
    SessionId::new(text).unwrap()
}

fn event(session: &str, n: u64, kind: &str, data: serde_json::Value) -> Parsed {
    let event = serde_json::json!({
        "session_id": session, "event_type": kind, "event_id": format!("e{n}"),
        "timestamp": 1_760_000_000_000u64 + n, "data": data,
    });
    parse_event(&event.to_string(), &Limits::default()).unwrap()
}

fn message(session: &str, n: u64) -> Parsed {
    let text = format!("wombat {session} {n}");
    event(session, n, "message", serde_json::json!({"role": "user", "content": text}))
}

async fn listed(engine: &Engine) -> Vec<String> {
    let page = engine.sessions(SessionFilter { limit: 1000, ..Default::default() }).await.unwrap();
    assert_eq!(page.total, page.sessions.len() as u64);
    let mut ids: Vec<String> = page.sessions.into_iter().map(|s| s.session_id).collect();
    ids.sort();
    ids
}

/// Everything that is told up to the first event of this kind, that one included.
async fn told(live: &mut Receiver<LiveEvent>, kind: &str) -> Vec<LifecycleEvent> {
    let mut all = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), live.recv()).await;
        if let LiveEvent::Lifecycle { event, .. } =
            next.unwrap_or_else(|_| panic!("no {kind}: {all:?}")).unwrap()
        {
            all.push(event);
            if all.last().is_some_and(|e| e.kind() == kind) {
                return all;
            }
        }
    }
}

/// Waits until a session is gone for good.
async fn gone(engine: &Engine, session: &str) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while engine.session(&id(session)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{session} is still there"));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_trashed_session_goes_on_unseen_and_comes_back_whole() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    let connection = engine.connect(Some("client".into())).await.unwrap();
    let first = vec![message("a", 1), message("b", 1)];
    connection.submit(first).await.unwrap().await.unwrap();
    let mut live = engine.live();
    let answer = engine.trash(vec![id("a"), id("nobody"), id("a")], KEEP).await.unwrap();
    assert_eq!((answer.trashed, answer.unknown), (vec!["a".into()], vec!["nobody".into()]));
    let until = answer.purge_at;
    let last = told(&mut live, "trashed").await.pop().unwrap();
    assert_eq!(last, LifecycleEvent::Trashed { session_ids: vec!["a".into()], purge_at: until });
    assert_eq!(listed(&engine).await, ["b"]);
    assert_eq!(engine.status().await.active_sessions, 1);
    // Again: the first time stands, and nobody is told twice.
    clock.forward(1);
    assert_eq!(engine.trash(vec![id("a")], KEEP).await.unwrap().purge_at, until);
    // Its events are recorded, and it is live.
    assert_eq!(connection.submit(vec![message("a", 2)]).await.unwrap().await.unwrap(), [Outcome::Recorded]);
    let shown = engine.session(&id("a")).await.unwrap();
    assert_eq!((shown.messages.len(), shown.purge_at, shown.summary.live), (2, Some(until), true));
    assert!(engine.trashed(None, 10).await.unwrap().sessions[0].session.live);
    // Its interruption is recorded, and nobody hears of it.
    drop(connection);
    let heard = told(&mut live, "interrupted").await;
    let names = format!("{heard:?}");
    assert!(names.contains("\"b\"") && !names.contains("\"a\""), "{names}");
    // both are interrupted in one go, in no order
    while engine.session(&id("a")).await.unwrap().summary.state != State::Interrupted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(engine.recovery(None).await.unwrap().interrupted.len(), 1);
    let request = RecoveryRequest { session_ids: Some(vec![id("a")]) };
    let report = engine.recover(request, &chasm_engine::Roots::default()).await.unwrap();
    assert_eq!((report.recovered.len(), report.skipped[0].reason.as_str()), (0, "it is in the trash"));
    engine.shutdown().await;
    // After a restart it is still there.
    let engine = start(folder.path(), &clock).await;
    assert_eq!(listed(&engine).await, ["b"]);
    let mut live = engine.live();
    let answer = engine.restore(vec![id("a"), id("b")]).await.unwrap();
    assert_eq!((answer.restored, answer.unknown), (vec!["a".into()], vec!["b".into()]));
    told(&mut live, "restored").await;
    let back = engine.session(&id("a")).await.unwrap();
    assert_eq!((back.summary.state, back.messages.len(), back.purge_at), (State::Interrupted, 2, None));
    assert_eq!(listed(&engine).await, ["a", "b"]);
    engine.record(vec![message("a", 3)]).await.unwrap();
    engine.session(&id("a")).await.unwrap();
    assert!(format!("{:?}", told(&mut live, "reconnected").await).contains("\"a\""), "heard of again");
    let notices = serde_json::to_string(&engine.notices(None, 100).await.unwrap()).unwrap();
    assert!(!notices.contains("trashed") && !notices.contains("restored"), "{notices}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_tells_nobody_of_what_is_in_the_trash() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    engine.record(vec![message("a", 1)]).await.unwrap();
    engine.trash(vec![id("a")], KEEP).await.unwrap();
    engine.shutdown().await;
    let engine = start(folder.path(), &clock).await;
    assert_eq!(engine.status().await.last_recovery.unwrap().interrupted, []);
    assert_eq!(engine.session(&id("a")).await.unwrap().summary.state, State::Interrupted);
    assert_eq!(engine.notices(None, 100).await.unwrap().notices, []);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_deleted_for_good_byte_by_byte() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    let call = event("quokka-a", 3, "tool_call", serde_json::json!({"name": "quokka", "call_id": "c"}));
    engine.record(vec![message("quokka-a", 1), message("quokka-a", 2), call]).await.unwrap();
    engine.record(vec![message("quokka-b", 1), message("other", 1)]).await.unwrap();
    engine.trash(vec![id("quokka-a")], KEEP).await.unwrap();
    let mut live = engine.live();
    clock.forward(31);
    // Whatever changes in the trash, its times are looked at.
    engine.trash(vec![id("quokka-b")], KEEP).await.unwrap();
    let heard = told(&mut live, "purged").await;
    assert!(heard.contains(&LifecycleEvent::Deleted { session_id: "quokka-a".into() }), "{heard:?}");
    let Some(LifecycleEvent::Purged { reason, receipt }) = heard.last() else { panic!("{heard:?}") };
    assert_eq!(*reason, PurgeReason::Trash);
    assert_eq!((receipt.sessions, receipt.messages, receipt.tool_calls, receipt.events), (1, 2, 1, 3));
    assert!(receipt.bytes > 3 * 100, "{receipt:?}");
    assert_eq!(files_with(folder.path(), b"quokka-a"), Vec::<String>::new());
    assert!(!files_with(folder.path(), b"quokka-b").is_empty(), "the test would find nothing anyway");
    let kept = engine.notices(None, 10).await.unwrap().notices;
    assert!(matches!(kept.as_slice(), [one] if one.event.kind() == "purged"), "{kept:?}");
    engine.shutdown().await;
    // What comes due while no recorder runs goes at the start.
    clock.forward(31);
    let engine = start(folder.path(), &clock).await;
    gone(&engine, "quokka-b").await;
    engine.shutdown().await;
    assert_eq!(files_with(folder.path(), b"quokka"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_now_answers_with_a_receipt() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    for session in ["a", "b", "c", "d"] {
        engine.record(vec![message(session, 1), message(session, 2)]).await.unwrap();
    }
    engine.trash(vec![id("a"), id("b"), id("c")], KEEP).await.unwrap();
    let one = engine.purge_trash(Some(vec![id("a"), id("d")])).await.unwrap();
    assert_eq!((one.purged.sessions, one.purged.messages, one.session_ids), (1, 2, vec!["a".to_owned()]));
    assert!(matches!(engine.session(&id("a")).await, Err(EngineError::NoSuchSession(_))));
    assert_eq!(engine.restore(vec![id("a")]).await.unwrap().unknown, ["a"]);
    // One in the trash is deleted like any other.
    let deleted = engine.delete(&id("b")).await.unwrap();
    assert_eq!((deleted.purged.sessions, deleted.purged.messages), (1, 2));
    let rest = engine.purge_trash(None).await.unwrap();
    assert_eq!(rest.session_ids, ["c"]);
    assert_eq!(engine.purge_trash(None).await.unwrap().purged.sessions, 0);
    assert_eq!(listed(&engine).await, ["d"]);
    // The same id may be used anew, and is heard of.
    let mut live = engine.live();
    engine.record(vec![message("a", 1)]).await.unwrap();
    assert_eq!(engine.session(&id("a")).await.unwrap().messages.len(), 1);
    told(&mut live, "started").await;
    engine.shutdown().await;
}

/// Each turn deletes a few: events are taken and acknowledged between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recording_goes_on_while_many_are_deleted() {
    const MANY: u64 = 200;
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    for n in 0..MANY {
        let session = format!("quokka-{n}");
        engine.record((1..=5).map(|n| message(&session, n)).collect()).await.unwrap();
    }
    let ids: Vec<SessionId> = (0..MANY).map(|n| id(&format!("quokka-{n}"))).collect();
    engine.trash(ids, KEEP).await.unwrap();
    let purging = tokio::spawn({
        let engine = engine.clone();
        async move { engine.purge_trash(None).await.unwrap() }
    });
    let mut acked = 0;
    while !purging.is_finished() {
        acked += 1;
        // One of them is still being recorded.
        let outcomes = engine.record(vec![message("other", acked), message("quokka-7", 1000 + acked)]).await;
        assert_eq!(outcomes.unwrap(), [Outcome::Recorded; 2]);
    }
    let receipt = purging.await.unwrap();
    assert_eq!((receipt.purged.sessions, receipt.session_ids.len()), (MANY, MANY as usize));
    assert!(receipt.purged.messages >= MANY * 5, "{receipt:?}");
    assert!(acked > 5, "only {acked} events were taken meanwhile");
    assert_eq!(engine.session(&id("other")).await.unwrap().messages.len() as u64, acked);
    // What came for it behind its end is a new session.
    if engine.session(&id("quokka-7")).await.is_ok() {
        engine.delete(&id("quokka-7")).await.unwrap();
    }
    assert_eq!(files_with(folder.path(), b"quokka-"), Vec::<String>::new());
    assert_eq!(listed(&engine).await, ["other"]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_deletes_what_its_dry_run_shows() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hands::new());
    let engine = start(folder.path(), &clock).await;
    for session in ["quokka-old", "starred", "recording"] {
        engine.record(vec![message(session, 1)]).await.unwrap();
    }
    for session in ["quokka-old", "starred"] {
        engine.record(vec![event(session, 9, "session_end", serde_json::json!({}))]).await.unwrap();
    }
    let star = serde_json::from_str(r#"{"starred":true}"#).unwrap();
    engine.patch(&id("starred"), star).await.unwrap();
    // 2027, and the events are of 2025.
    let all = Retention { days: 30, keep_starred: false, max_gib: 0 };
    let kept = Retention { keep_starred: true, ..all };
    assert_eq!(engine.retention_preview(all).await.unwrap().sessions, 2);
    let preview = engine.retention_preview(kept).await.unwrap();
    assert_eq!((preview.sessions, preview.messages, preview.interrupted), (1, 1, 0));
    assert_eq!(preview.sample[0].session_id, "quokka-old");
    assert_eq!(listed(&engine).await.len(), 3, "it changes nothing");
    let for_ever = Retention { days: 0, ..all };
    assert_eq!(engine.retain(for_ever).await.unwrap().purged.sessions, 0);
    assert_eq!(engine.retention_preview(Retention { days: 36_500, ..all }).await.unwrap().sessions, 0);
    let mut live = engine.live();
    let receipt = engine.retain(kept).await.unwrap();
    assert_eq!((receipt.purged.sessions, receipt.purged.bytes), (1, preview.bytes));
    assert_eq!(receipt.session_ids, ["quokka-old"]);
    let heard = told(&mut live, "purged").await;
    let last = heard.last().unwrap();
    assert!(matches!(last, LifecycleEvent::Purged { reason: PurgeReason::Retention, .. }), "{last:?}");
    assert_eq!(listed(&engine).await, ["recording", "starred"]);
    assert_eq!(files_with(folder.path(), b"quokka"), Vec::<String>::new());
    assert_eq!(engine.retain(kept).await.unwrap().purged.sessions, 0);
    engine.shutdown().await;
}
