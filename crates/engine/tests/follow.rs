//! Following the files of an editor: a transcript that grows, breaks off, falls quiet; and what is left alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_engine::{Engine, EngineConfig, Following, Root, Roots, SystemClock, editor};
use chasm_protocol::api::RecoveryRequest;
use chasm_protocol::session::{InterruptionReason, SessionDetail, State};
use chasm_protocol::{Limits, SessionId, parse_event};
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

const ONE: &str = "11111111-2222-4333-8444-555555555555";
const TWO: &str = "21111111-2222-4333-8444-555555555555";
/// Longest wait for a state.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recorder that follows a folder made like Claude Code's.
struct Bench {
    data: tempfile::TempDir,
    claude: tempfile::TempDir,
    engine: Engine,
    wanted: watch::Sender<Arc<Following>>,
    task: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn start(idle: Duration) -> Self {
        let claude = tempfile::tempdir().unwrap();
        fs::create_dir_all(claude.path().join("projects")).unwrap();
        Self::on(tempfile::tempdir().unwrap(), claude, idle).await
    }

    async fn on(data: tempfile::TempDir, claude: tempfile::TempDir, idle: Duration) -> Self {
        let config = EngineConfig { grace: Duration::from_millis(50), ..EngineConfig::new(data.path()) };
        let engine = Engine::start(config, Arc::new(SystemClock), "test").await.unwrap();
        let wanted = watch::Sender::new(Arc::new(following(claude.path(), idle)));
        let (follower, told) = (engine.clone(), wanted.subscribe());
        let task = tokio::spawn(async move { follower.follow(told).await });
        Self { data, claude, engine, wanted, task }
    }

    /// Stops the recorder; the folders stay.
    async fn stop(self) -> (tempfile::TempDir, tempfile::TempDir) {
        self.engine.shutdown().await;
        self.task.await.unwrap();
        (self.data, self.claude)
    }

    fn file(&self, session: &str) -> PathBuf {
        let path = self.claude.path().join("projects/-home-a").join(format!("{session}.jsonl"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    async fn session(&self, id: &str) -> Option<SessionDetail> {
        self.engine.session(&SessionId::new(id).unwrap()).await.ok()
    }

    async fn until(&self, id: &str, what: &str, holds: impl Fn(&SessionDetail) -> bool) -> SessionDetail {
        let wait = async {
            loop {
                if let Some(session) = self.session(id).await.filter(&holds) {
                    return session;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(session) => session,
            Err(_) => panic!("{id} never came to this: {what}; it is {:?}", self.session(id).await),
        }
    }

    /// Follows a session in a file of its own until its first message is there: what was written before is known.
    async fn settle(&self) {
        append(&self.file(TWO), &line(TWO, 0, "user"));
        self.until(TWO, "the other session is there", |s| s.messages.len() == 1).await;
    }
}

fn following(claude: &Path, idle: Duration) -> Following {
    let roots = Roots::default().with(editor("claude-code").unwrap(), Root::At(claude.to_owned()));
    Following { on: true, roots, limits: Limits::default(), idle }
}

/// A line as Claude Code writes it, its type first.
fn line(session: &str, n: usize, role: &str) -> String {
    let content = json!([{"type": "text", "text": format!("text {n}")}]);
    let rest: Value = json!({"uuid": format!("u{n}"), "sessionId": session, "cwd": "/home/a",
        "timestamp": format!("2026-01-31T14:02:{n:02}Z"), "message": {"role": role, "id": format!("m{n}"), "content": content}});
    format!("{{\"type\":\"{role}\",{}\n", &rest.to_string()[1..])
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn age(path: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    OpenOptions::new().append(true).open(path).unwrap().set_modified(then).unwrap();
}

const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_recorded_as_they_are_written_and_half_a_line_waits() {
    let bench = Bench::start(NEVER).await;
    let path = bench.file(ONE);
    append(&path, &line(ONE, 0, "user"));
    let session = bench.until(ONE, "the prompt is recorded", |s| s.messages.len() == 1).await;
    assert_eq!((session.summary.state, session.summary.live), (State::Recording, true));
    assert_eq!(session.summary.title.as_deref(), Some("text 0"));
    let next = line(ONE, 1, "assistant");
    append(&path, &next[..40]);
    bench.settle().await;
    assert_eq!(bench.session(ONE).await.unwrap().messages.len(), 1);
    append(&path, &next[40..]);
    let session = bench.until(ONE, "the answer is recorded", |s| s.messages.len() == 2).await;
    assert!(!session.messages[1].partial);
    assert_eq!(session.interruptions.len(), 0);
    assert_eq!(bench.engine.status().await.rejected, 0);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_dies_within_a_line_leaves_an_interrupted_session_that_can_be_recovered() {
    let bench = Bench::start(NEVER).await;
    let path = bench.file(ONE);
    append(&path, &line(ONE, 0, "user"));
    append(&path, &line(ONE, 1, "assistant").replace("text 1", "a long answer")[..100]);
    let session = bench.until(ONE, "it is interrupted", |s| s.summary.state == State::Interrupted).await;
    assert_eq!(session.interruptions[0].reason, InterruptionReason::Disconnect);
    assert_eq!(session.messages.len(), 2, "what there is of the line");
    assert!(session.messages[1].partial);
    let request = RecoveryRequest { session_ids: Some(vec![SessionId::new(ONE).unwrap()]) };
    let roots = bench.wanted.borrow().roots.clone();
    let report = bench.engine.recover(request, &roots).await.unwrap();
    assert_eq!((report.recovered.len(), report.recovered[0].recovery.partial), (1, 1));
    // the editor is back and writes on, in a line of its own
    append(&path, &format!("\n{}", line(ONE, 2, "user")));
    let session = bench.until(ONE, "it goes on", |s| s.messages.len() == 3).await;
    assert_eq!(session.summary.state, State::Recording);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_falls_quiet_is_completed_unless_it_waits() {
    let bench = Bench::start(Duration::from_secs(1)).await;
    append(&bench.file(TWO), &line(TWO, 0, "user"));
    append(&bench.file(ONE), &(line(ONE, 0, "user") + &line(ONE, 1, "assistant")));
    let session = bench.until(ONE, "it is completed", |s| s.summary.state == State::Completed).await;
    assert_eq!(session.end_reason.as_deref(), Some("idle"));
    assert_eq!(bench.session(TWO).await.unwrap().summary.state, State::Recording, "it waits for its answer");
    append(&bench.file(ONE), &line(ONE, 2, "user"));
    bench.until(ONE, "it goes on", |s| s.messages.len() == 3 && s.summary.state == State::Recording).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_imported_once_and_what_was_written_meanwhile_too() {
    let claude = tempfile::tempdir().unwrap();
    let folder = claude.path().join("projects/-home-a");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..20 {
        let id = format!("{n:08}-2222-4333-8444-555555555555");
        let path = folder.join(format!("{id}.jsonl"));
        append(&path, &(line(&id, 0, "user") + &line(&id, 1, "assistant")));
        age(&path, 24 + n);
    }
    let bench = Bench::on(tempfile::tempdir().unwrap(), claude, NEVER).await;
    let last = "00000019-2222-4333-8444-555555555555";
    bench.until(last, "all are imported", |s| s.summary.state == State::Completed).await;
    let status = bench.engine.status().await;
    assert_eq!((status.sessions, status.duplicates, status.active_sessions), (20, 0, 0));
    let (data, claude) = bench.stop().await;
    let grown = claude.path().join("projects/-home-a").join(format!("{last}.jsonl"));
    append(&grown, &line(last, 2, "user"));
    let bench = Bench::on(data, claude, NEVER).await;
    bench.until(last, "what was added is there", |s| s.messages.len() == 3).await;
    // three events of the one that has grown were read twice, and nothing of the others
    assert_eq!(bench.engine.status().await.duplicates, 3);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_session_is_left_to_it_and_a_deleted_one_does_not_come_back() {
    let bench = Bench::start(NEVER).await;
    let event = json!({"session_id": ONE, "event_type": "message", "data": {"role": "user", "content": "by a client"}});
    let event = parse_event(&event.to_string(), &Limits::default()).unwrap();
    bench.engine.record(vec![event]).await.unwrap();
    append(&bench.file(ONE), &line(ONE, 0, "user"));
    bench.settle().await;
    bench.engine.delete(&SessionId::new(TWO).unwrap()).await.unwrap();
    append(&bench.file(TWO), &line(TWO, 1, "assistant"));
    let third = "31111111-2222-4333-8444-555555555555";
    append(&bench.file(third), &line(third, 0, "user"));
    bench.until(third, "it is recorded", |s| s.messages.len() == 1).await;
    assert!(bench.session(TWO).await.is_none());
    assert_eq!(bench.session(ONE).await.unwrap().messages.len(), 1);
    // nor after a restart
    let (data, claude) = bench.stop().await;
    let bench = Bench::on(data, claude, NEVER).await;
    append(&bench.file(third), &line(third, 1, "assistant"));
    bench.until(third, "it goes on", |s| s.messages.len() == 2).await;
    assert!(bench.session(TWO).await.is_none());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_nothing_is_read_and_switched_on_it_is() {
    let bench = Bench::start(NEVER).await;
    bench.settle().await;
    let on = bench.wanted.borrow().clone();
    bench.wanted.send_replace(Arc::new(Following { on: false, ..(*on).clone() }));
    bench.until(TWO, "it is ended", |s| s.summary.state == State::Completed).await;
    append(&bench.file(ONE), &line(ONE, 0, "user"));
    assert!(bench.session(ONE).await.is_none());
    bench.wanted.send_replace(on);
    bench.until(ONE, "it is read", |s| s.messages.len() == 1).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_recording_is_paused_nothing_is_lost() {
    let bench = Bench::start(NEVER).await;
    bench.settle().await;
    bench.engine.pause(None).await.unwrap();
    append(&bench.file(TWO), &line(TWO, 1, "assistant"));
    append(&bench.file(ONE), &line(ONE, 0, "user"));
    bench.engine.resume().await.unwrap();
    bench.until(ONE, "it is read", |s| s.messages.len() == 1).await;
    let session = bench.until(TWO, "it is read on", |s| s.messages.len() == 2).await;
    assert!(session.interruptions.is_empty());
    bench.stop().await;
}
