//! A damaged database: set aside, read back as far as its bytes allow, never in the way of recording.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use chasm_engine::{Engine, EngineConfig, SystemClock, doctor};
use chasm_protocol::api::{SessionFilter, SessionPatch};
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const SESSIONS: u64 = 12;
const EACH: u64 = 80;

fn message(session: u64, n: u64) -> Parsed {
    let text = format!("text {n} of session {session}, {}", "long enough to fill pages ".repeat(4));
    let json = serde_json::json!({"session_id":format!("s{session}"),"event_type":"message","event_id":format!("e{n}"),
        "timestamp":n,"data":{"role":"user","content":text}});
    parse_event(&json.to_string(), &Limits::default()).unwrap()
}

async fn start(folder: &Path) -> Engine {
    Engine::start(EngineConfig::new(folder), Arc::new(SystemClock), "test").await.unwrap()
}

async fn filled(folder: &Path) {
    let engine = start(folder).await;
    for session in 0..SESSIONS {
        engine.record((1..=EACH).map(|n| message(session, n)).collect()).await.unwrap();
    }
    let id = SessionId::new("s1").unwrap();
    let patch = SessionPatch { title: Some(Some("mine".into())), starred: Some(true), tags: None };
    engine.patch(&id, patch).await.unwrap();
    engine.shutdown().await;
}

async fn messages(engine: &Engine) -> u64 {
    let page = engine.sessions(SessionFilter { limit: 100, ..SessionFilter::default() }).await.unwrap();
    page.sessions.iter().map(|s| s.messages).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_middle_costs_only_what_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let path = folder.path().join("recordings.db");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let bytes = file.metadata().unwrap().len();
    file.write_all_at(&[0xA5; 16 * 1024], (bytes / 2) & !8191).unwrap();
    drop(file);
    let engine = start(folder.path()).await;
    let report = engine.status().await.last_recovery.unwrap();
    let note = report.database_note.unwrap();
    assert!(!report.database_ok && note.contains("quarantine"), "{note}");
    let left = messages(&engine).await;
    assert!((SESSIONS * EACH / 2..=SESSIONS * EACH).contains(&left), "{left} messages left: {note}");
    engine.record(vec![message(0, EACH + 1)]).await.unwrap();
    let overview = engine.recovery(None).await.unwrap();
    assert!(overview.quarantine.iter().any(|d| d.what.contains("database")), "{:?}", overview.quarantine);
    engine.shutdown().await;
    let found = doctor::check(folder.path(), false, &|_, _| ()).await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_set_is_read_back_too() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    // The end of the file: the last pages, wherever they belong, while the first sessions are whole.
    let file = std::fs::File::options().write(true).open(folder.path().join("recordings.db")).unwrap();
    let bytes = file.metadata().unwrap().len();
    file.write_all_at(&[0; 8192], bytes - 8192).unwrap();
    let engine = start(folder.path()).await;
    let detail = engine.session(&SessionId::new("s1").unwrap()).await.unwrap();
    assert_eq!((detail.summary.title.as_deref(), detail.summary.starred), (Some("mine"), true));
    assert_eq!(detail.messages.len() as u64, EACH);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_none_any_more_does_not_stop_recording() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    std::fs::write(folder.path().join("recordings.db"), vec![7; 100_000]).unwrap();
    let engine = start(folder.path()).await;
    assert!(engine.status().await.last_recovery.unwrap().database_note.is_some());
    engine.record(vec![message(0, 1)]).await.unwrap();
    assert_eq!(messages(&engine).await, 1);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_sees_a_changed_message_and_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let found = doctor::check(folder.path(), false, &|_, _| ()).await.unwrap();
    assert_eq!((found.sessions, found.events, found.problems.len()), (SESSIONS, SESSIONS * EACH, 0));
    // One byte of one message, behind SQLite's back: the structure stays sound.
    let path = folder.path().join("recordings.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let needle = b"text 7 of session 3,";
    let places: Vec<usize> =
        (0..bytes.len() - needle.len()).filter(|at| bytes[*at..].starts_with(needle)).collect();
    let changed = *places.iter().find(|at| bytes[**at - 1] != b'"').expect("the message's own row");
    bytes[changed] = b'T';
    std::fs::write(&path, bytes).unwrap();
    let found = doctor::check(folder.path(), false, &|_, _| ()).await.unwrap();
    assert!(
        found.problems.iter().any(|p| p.contains("s3") && p.contains("messages")),
        "{:?}",
        found.problems
    );
    doctor::check(folder.path(), true, &|_, _| ()).await.unwrap();
    let found = doctor::check(folder.path(), false, &|_, _| ()).await.unwrap();
    assert_eq!(found.problems, Vec::<String>::new());
}
