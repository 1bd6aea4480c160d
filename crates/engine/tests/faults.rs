//! The engine on a disk that fails: what was refused is not remembered as recorded, what was acknowledged stays.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use chasm_engine::{Engine, EngineConfig, EngineError, Outcome, RecordError, SystemClock};
use chasm_journal::{AppendFile, DiskMedia, Folder, Media, ReadFile};
use chasm_protocol::status::{Health, ProblemCode};
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

/// A real folder whose writes or syncs can be made to fail.
struct Failing {
    disk: DiskMedia,
    fault: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    full: AtomicBool,
    sync_fails: AtomicBool,
    removing_fails: AtomicBool,
}

struct FailingFile(Box<dyn AppendFile>, Arc<Faults>);

impl AppendFile for FailingFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.1.full.load(SeqCst) {
            // Half of it is written, as a disk does that fills up.
            self.0.append(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        if self.1.sync_fails.load(SeqCst) {
            return Err(io::Error::other("input/output error"));
        }
        self.0.sync()
    }
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.truncate(len)
    }
}

impl Media for Failing {
    fn list(&self, folder: Folder) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }
    fn create(&self, folder: Folder, name: &str) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(FailingFile(self.disk.create(folder, name)?, self.fault.clone())))
    }
    fn read(&self, folder: Folder, name: &str) -> io::Result<Box<dyn ReadFile>> {
        self.disk.read(folder, name)
    }
    fn truncate(&self, folder: Folder, name: &str, len: u64) -> io::Result<()> {
        self.disk.truncate(folder, name, len)
    }
    fn sync(&self, folder: Folder, name: &str) -> io::Result<()> {
        self.disk.sync(folder, name)
    }
    fn remove(&self, folder: Folder, name: &str) -> io::Result<()> {
        if self.fault.removing_fails.load(SeqCst) {
            return Err(io::Error::other("input/output error"));
        }
        self.disk.remove(folder, name)
    }
    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        if self.fault.full.load(SeqCst) { Ok(Some(0)) } else { self.disk.free_bytes() }
    }
    fn now(&self) -> SystemTime {
        self.disk.now()
    }
    fn salt(&self) -> io::Result<u64> {
        self.disk.salt()
    }
}

async fn start(folder: &Path) -> (Engine, Arc<Faults>) {
    let fault = Arc::new(Faults::default());
    let disk = DiskMedia::open(folder.join("journal"), folder.join("quarantine")).unwrap();
    let media = Arc::new(Failing { disk, fault: fault.clone() });
    let engine =
        Engine::start_on(EngineConfig::new(folder), Arc::new(SystemClock), "test", media).await.unwrap();
    (engine, fault)
}

fn message(n: u64) -> Parsed {
    let json = serde_json::json!({"session_id":"s","event_type":"message","event_id":format!("e{n}"),"timestamp":n,
        "data":{"role":"user","content":format!("text {n}")}});
    parse_event(&json.to_string(), &Limits::default()).unwrap()
}

async fn texts(engine: &Engine) -> Vec<String> {
    let detail = engine.session(&SessionId::new("s").unwrap()).await.unwrap();
    detail.messages.iter().map(|m| m.content.text().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, fault) = start(folder.path()).await;
    engine.record(vec![message(1)]).await.unwrap();
    let well = engine.status().await;
    assert_eq!((well.status, well.problem_code, well.problem_values.len()), (Health::Recording, None, 0));
    fault.full.store(true, SeqCst);
    let refused = engine.record(vec![message(2), message(3)]).await.unwrap_err();
    assert!(matches!(&refused, RecordError::StorageFull(_)), "{refused}");
    let status = engine.status().await;
    assert_eq!((status.status, status.problem_code), (Health::Degraded, Some(ProblemCode::DiskFull)));
    let (sentence, detail) = (status.problem.unwrap(), status.problem_values["detail"].clone());
    assert!(
        sentence.contains("the disk is full") && sentence.contains(detail.as_str().unwrap()),
        "{sentence}"
    );
    assert!(status.since > well.since, "since when it is degraded");
    assert!(matches!(engine.record(vec![message(2)]).await, Err(RecordError::StorageFull(_))));
    assert_eq!(texts(&engine).await, ["text 1"]);
    fault.full.store(false, SeqCst);
    // What was refused is sent again, as a client does, until it is taken: as new, not as a duplicate.
    let outcomes = loop {
        match engine.record(vec![message(1), message(2), message(3)]).await {
            Ok(outcomes) => break outcomes,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(outcomes, [Outcome::Duplicate, Outcome::Recorded, Outcome::Recorded]);
    let again = engine.status().await;
    assert_eq!((again.status, again.problem, again.problem_code), (Health::Recording, None, None));
    assert!(again.since > status.since, "since when it records again");
    assert_eq!(texts(&engine).await, ["text 1", "text 2", "text 3"]);
    let kinds: Vec<_> =
        engine.notices(None, 10).await.unwrap().notices.iter().map(|n| n.event.kind()).collect();
    assert_eq!(kinds, ["recording_resumed", "recording_stopped"]);
    engine.shutdown().await;
    let (engine, _) = start(folder.path()).await;
    assert_eq!(texts(&engine).await, ["text 1", "text 2", "text 3"]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_recording_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, fault) = start(folder.path()).await;
    engine.record(vec![message(1)]).await.unwrap();
    fault.sync_fails.store(true, SeqCst);
    assert!(matches!(engine.record(vec![message(2)]).await, Err(RecordError::NotRecording(_))));
    fault.sync_fails.store(false, SeqCst);
    assert!(matches!(engine.record(vec![message(2)]).await, Err(RecordError::NotRecording(_))));
    let status = engine.status().await;
    assert!(status.problem.unwrap().contains("restart"));
    assert_eq!(status.problem_code, Some(ProblemCode::SyncFailed));
    assert_eq!(status.problem_values["restart_needed"], true);
    assert_eq!(engine.status().await.since, status.since, "it lasts, and began once");
    assert_eq!(texts(&engine).await, ["text 1"]);
    engine.shutdown().await;
    let (engine, _) = start(folder.path()).await;
    engine.record(vec![message(1), message(2)]).await.unwrap();
    assert_eq!(texts(&engine).await, ["text 1", "text 2"]);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_under_stalls_lose_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, fault) = start(folder.path()).await;
    let senders: Vec<_> = (0..4u64)
        .map(|sender| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for n in 0..60 {
                    let event = || message(sender * 1000 + n + 1);
                    while engine.record(vec![event()]).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    // Answered once, it is a duplicate for ever.
                    match engine.record(vec![event()]).await {
                        Ok(outcomes) => assert_eq!(outcomes, [Outcome::Duplicate]),
                        Err(error) => assert!(matches!(error, RecordError::StorageFull(_)), "{error}"),
                    }
                }
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        fault.full.store(true, SeqCst);
        tokio::time::sleep(Duration::from_millis(30)).await;
        fault.full.store(false, SeqCst);
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(texts(&engine).await.len(), 240);
    engine.shutdown().await;
}

/// A buffer so small that nearly everything waits in the journal alone.
async fn start_small(folder: &Path) -> (Engine, Arc<Faults>) {
    let fault = Arc::new(Faults::default());
    let disk = DiskMedia::open(folder.join("journal"), folder.join("quarantine")).unwrap();
    let media = Arc::new(Failing { disk, fault: fault.clone() });
    let config = EngineConfig {
        buffer_bytes: 40_000,
        backlog_events: 3_000,
        segment_bytes: 64 * 1024,
        flush_interval: Duration::from_millis(5),
        ..EngineConfig::new(folder)
    };
    (Engine::start_on(config, Arc::new(SystemClock), "test", media).await.unwrap(), fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_journal_alone_is_read_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, fault) = start_small(folder.path()).await;
    let connection = engine.connect(None).await.unwrap();
    let mut tickets = std::collections::VecDeque::new();
    for n in 1..=10_000u64 {
        // Each event twice, far apart: the second one is told from the first wherever that one is.
        let twice = vec![message(n), message(n.saturating_sub(700).max(1))];
        tickets.push_back((n, connection.submit(twice).await.unwrap()));
        if tickets.len() == 64 {
            let (n, ticket) = tickets.pop_front().unwrap();
            assert_eq!(ticket.await.unwrap(), [Outcome::Recorded, Outcome::Duplicate], "event {n}");
        }
        // A disk that is full for a moment while records wait in the journal.
        if n == 5_000 {
            for (_, ticket) in tickets.drain(..) {
                ticket.await.unwrap();
            }
            fault.full.store(true, SeqCst);
            assert!(matches!(engine.record(vec![message(70_000)]).await, Err(RecordError::StorageFull(_))));
            fault.full.store(false, SeqCst);
            while engine.record(vec![message(n)]).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    for (_, ticket) in tickets {
        ticket.await.unwrap();
    }
    let expected: Vec<String> = (1..=10_000).map(|n| format!("text {n}")).collect();
    assert_eq!(texts(&engine).await, expected);
    engine.shutdown().await;
    let (engine, _) = start_small(folder.path()).await;
    assert_eq!(texts(&engine).await, expected);
    assert!(engine.status().await.last_recovery.unwrap().clean_stop);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_got_stuck_is_finished_by_asking_again() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, fault) = start(folder.path()).await;
    let id = SessionId::new("s").unwrap();
    engine.record(vec![message(1)]).await.unwrap();
    fault.removing_fails.store(true, SeqCst);
    let stuck = engine.delete(&id).await.unwrap_err();
    assert!(matches!(&stuck, EngineError::HalfDeleted { left: "the journal", .. }), "{stuck}");
    assert!(stuck.to_string().ends_with("Delete it again"), "{stuck}");
    assert!(matches!(engine.session(&id).await, Err(EngineError::NoSuchSession(_))));
    fault.removing_fails.store(false, SeqCst);
    engine.delete(&id).await.unwrap();
    for file in std::fs::read_dir(folder.path().join("journal")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"text 1"));
    }
    assert!(matches!(engine.delete(&id).await, Err(EngineError::NoSuchSession(_))));
    engine.shutdown().await;
}
