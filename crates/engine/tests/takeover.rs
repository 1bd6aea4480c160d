//! A start takes over what the journal has beside the database: nothing is lost, nothing twice, and nobody waits for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use chasm_engine::{Engine, EngineConfig, Outcome, SystemClock, doctor};
use chasm_journal::{DiskMedia, JournalSettings, Lsn};
use chasm_protocol::api::{SessionFilter, SnapshotRequest};
use chasm_protocol::session::{InterruptionReason, State};
use chasm_protocol::status::ProblemCode;
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn event(session: &str, n: u64, event_type: &str, data: &Value) -> Parsed {
    let json = json!({"session_id":session,"event_type":event_type,"event_id":format!("e{n}"),"seq":n,"timestamp":n,"data":data});
    parse_event(&json.to_string(), &Limits::default()).unwrap()
}

fn message(session: &str, n: u64) -> Parsed {
    event(session, n, "message", &json!({"role":"user","content":format!("text {n} of {session}")}))
}

fn id(session: &str) -> SessionId {
    SessionId::new(session).unwrap()
}

async fn start(config: EngineConfig) -> Engine {
    Engine::start(config, Arc::new(SystemClock), "test").await.unwrap()
}

/// An engine whose database gets nothing until somebody reads.
async fn lazy(folder: &Path) -> Engine {
    let patient = EngineConfig {
        flush_interval: Duration::from_secs(3600),
        flush_events: usize::MAX,
        ..EngineConfig::new(folder)
    };
    start(patient).await
}

fn open_session() -> Vec<Parsed> {
    (1..=50).map(|n| message("open", n)).collect()
}

fn done_session() -> Vec<Parsed> {
    let mut events: Vec<_> = (1..=30).map(|n| message("done", n)).collect();
    events.push(event("done", 31, "session_end", &json!({})));
    events
}

/// What a kill leaves of a run whose events are in the journal alone.
async fn killed(folder: &Path) {
    let written = tempfile::tempdir().unwrap();
    let engine = lazy(written.path()).await;
    engine.record(open_session()).await.unwrap();
    engine.record(done_session()).await.unwrap();
    copy(&written.path().join("journal"), &folder.join("journal"));
    engine.shutdown().await;
}

/// The files of a folder, without the folders in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

async fn states(engine: &Engine) -> Vec<(String, State, u64)> {
    let page = engine.sessions(SessionFilter { limit: 100, ..SessionFilter::default() }).await.unwrap();
    let mut found: Vec<_> = page.sessions.into_iter().map(|s| (s.session_id, s.state, s.messages)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_had_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path()).await;
    let engine = lazy(folder.path()).await;
    let report = engine.status().await.last_recovery.unwrap();
    let named: Vec<_> = report.interrupted.iter().map(|i| (i.session_id.as_str(), i.reason)).collect();
    // a start of a folder without a database is a clean one
    assert_eq!(named, [("open", InterruptionReason::ServerStop)]);
    assert_eq!((report.replayed_records, report.damage.len()), (81, 0));
    let again = engine.record(open_session()).await.unwrap();
    assert!(again.iter().all(|outcome| *outcome == Outcome::Duplicate), "{again:?}");
    assert_eq!(engine.record(vec![message("open", 51)]).await.unwrap(), [Outcome::Recorded]);
    let expected =
        [(String::from("done"), State::Completed, 30), (String::from("open"), State::Recording, 51)];
    assert_eq!(states(&engine).await, expected);
    let detail = engine.session(&id("open")).await.unwrap();
    assert_eq!(detail.interruptions.len(), 1);
    assert!(detail.interruptions[0].until.is_some());
    engine.shutdown().await;
    let found = doctor::check(folder.path(), false, &|_, _| ()).await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_and_snapshots_are_taken_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let written = tempfile::tempdir().unwrap();
    let request: SnapshotRequest =
        serde_json::from_value(json!({"session_id":"open","snapshot":{"messages":[
        {"role":"user","content":"text 1 of open"},{"role":"assistant","content":"from the snapshot"}]}}))
        .unwrap();
    let engine = lazy(written.path()).await;
    engine.record(open_session()).await.unwrap();
    engine.shutdown().await;
    // the second run finds it unfinished; the mark is in its journal, and nothing of that in the database that is copied
    copy(written.path(), folder.path());
    let engine = lazy(written.path()).await;
    engine.probe().await.unwrap();
    copy(&written.path().join("journal"), &folder.path().join("journal"));
    engine.snapshot(request.clone()).await.unwrap();
    engine.shutdown().await;
    let engine = lazy(folder.path()).await;
    assert_eq!(engine.status().await.last_recovery.unwrap().interrupted, []);
    assert_eq!(states(&engine).await, [(String::from("open"), State::Interrupted, 50)]);
    assert!(engine.snapshot(request.clone()).await.unwrap().stored);
    assert!(!engine.snapshot(request).await.unwrap().stored);
    assert_eq!(states(&engine).await[0].2, 51);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_set_aside_and_the_rest_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path()).await;
    let segment = std::fs::read_dir(folder.path().join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    let text = b"text 20 of open";
    let at = bytes.windows(text.len()).position(|w| w == text).unwrap();
    bytes[at] ^= 0x40;
    std::fs::write(&segment, bytes).unwrap();
    let engine = lazy(folder.path()).await;
    let report = engine.status().await.last_recovery.unwrap();
    assert_eq!((report.replayed_records, report.damage.len()), (80, 1), "{report:?}");
    assert!(report.damage[0].quarantined_as.is_some());
    let found = states(&engine).await;
    assert_eq!((found[0].2, found[1].2), (30, 49));
    assert_eq!(engine.session(&id("open")).await.unwrap().missing, [(20, 20)]);
    // the client sends again what it still has
    assert_eq!(engine.record(vec![message("open", 20)]).await.unwrap(), [Outcome::Recorded]);
    assert_eq!(states(&engine).await[1].2, 50);
    engine.shutdown().await;
    let engine = lazy(folder.path()).await;
    assert_eq!(engine.status().await.last_recovery.unwrap().damage, []);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_no_known_kind_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path()).await;
    let media = DiskMedia::open(folder.path().join("journal"), folder.path().join("quarantine")).unwrap();
    let (journal, _) =
        chasm_journal::open(Arc::new(media), JournalSettings::default(), Lsn(0), &mut |_, _| Ok(())).unwrap();
    let mut batch = journal.batch().unwrap();
    batch.push(|out| out.extend_from_slice(b"\xEEnobody knows this")).unwrap();
    batch.commit();
    journal.close().await;
    let engine = lazy(folder.path()).await;
    let report = engine.status().await.last_recovery.unwrap();
    assert_eq!(report.damage.len(), 1, "{report:?}");
    assert!(report.damage[0].what.contains("unknown record kind 238"), "{report:?}");
    engine.record(vec![message("open", 51)]).await.unwrap();
    assert_eq!(states(&engine).await[1].2, 51);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_a_durable_write_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = lazy(folder.path()).await;
    assert_eq!(engine.status().await.last_durable_write, None);
    let first = engine.probe().await.unwrap();
    let second = engine.probe().await.unwrap();
    assert!(second > first);
    let status = engine.status().await;
    assert!(status.last_durable_write.is_some());
    assert_eq!((status.sessions, status.buffer.events, status.journal.applied_lsn), (0, 0, 0));
    engine.record(vec![message("open", 1)]).await.unwrap();
    engine.probe().await.unwrap();
    assert_eq!(states(&engine).await, [(String::from("open"), State::Recording, 1)]);
    engine.shutdown().await;
    let engine = lazy(folder.path()).await;
    let report = engine.status().await.last_recovery.unwrap();
    assert_eq!((report.damage.len(), report.clean_stop), (0, true));
    engine.shutdown().await;
}

/// Makes the database refuse events, or take them again, as someone who has the file open.
async fn sql(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("recordings.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_is_acknowledged_again_only_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    lazy(folder.path()).await.shutdown().await;
    std::fs::remove_dir_all(folder.path().join("journal")).unwrap();
    killed(folder.path()).await;
    sql(folder.path(), "CREATE TRIGGER held BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'held'); END")
        .await;
    let engine = lazy(folder.path()).await;
    let again = tokio::spawn({
        let engine = engine.clone();
        async move { engine.record(open_session()).await }
    });
    // new events rest on this run's own sync and wait for nothing
    assert_eq!(engine.record(vec![message("new", 1)]).await.unwrap(), [Outcome::Recorded]);
    let status = engine.status().await;
    assert!(status.problem.unwrap().contains("held"));
    assert_eq!(status.problem_code, Some(ProblemCode::DatabaseFailed));
    assert!(status.problem_values["detail"].as_str().unwrap().contains("held"));
    assert_eq!(engine.record(vec![message("new", 2)]).await.unwrap(), [Outcome::Recorded]);
    assert!(!again.is_finished(), "acknowledged from an earlier run's journal");
    sql(folder.path(), "DROP TRIGGER held").await;
    let outcomes = again.await.unwrap().unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Duplicate));
    assert!(engine.status().await.journal.applied_lsn >= 81);
    engine.shutdown().await;
}
