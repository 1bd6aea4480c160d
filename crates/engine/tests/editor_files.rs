//! Recovery with editors' files: real transcripts where they are at hand, and a made one in any case.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use chasm_editors::claude_code;
use chasm_engine::{Engine, EngineConfig, Root, Roots, SystemClock, doctor, editor};
use chasm_protocol::api::RecoveryRequest;
use chasm_protocol::lifecycle::{LifecycleEvent, LiveEvent};
use chasm_protocol::session::{Origin, SessionDetail, State};
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MADE: &str = "11111111-2222-4333-8444-555555555555";

async fn start(folder: &Path) -> Engine {
    let config = EngineConfig { grace: Duration::ZERO, ..EngineConfig::new(folder) };
    Engine::start(config, Arc::new(SystemClock), "test").await.unwrap()
}

fn roots(folder: &Path) -> Roots {
    Roots::default().with(editor("claude-code").unwrap(), Root::At(folder.to_owned()))
}

/// A transcript of six turns, the last answer with a tool call.
fn made(folder: &Path) -> PathBuf {
    let line = |n: usize, role: &str, content: Value| {
        json!({"type": role, "uuid": format!("u{n}"), "sessionId": MADE, "timestamp": format!("2026-01-31T14:02:{n:02}Z"),
            "message": {"role": role, "id": format!("m{n}"), "content": content}})
        .to_string()
    };
    let mut lines: Vec<String> = (0..6)
        .map(|n| {
            line(
                n,
                if n % 2 == 0 { "user" } else { "assistant" },
                json!([{"type":"text","text":format!("text {n}")}]),
            )
        })
        .collect();
    lines.push(line(
        6,
        "assistant",
        json!([{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls"}}]),
    ));
    lines.push(line(7, "user", json!([{"type":"tool_result","tool_use_id":"t1","content":"a b"}])));
    let path = folder.join(format!("{MADE}.jsonl"));
    fs::write(&path, lines.join("\n")).unwrap();
    path
}

/// The made transcript, and real ones that are named after their session.
fn transcripts(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![made(folder)];
    let data = std::env::var_os("CHASM_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let real = [
        "d-kimuson/5c0375b4-57a5-4f26-b12d-d022ee4e51b7",
        "d-kimuson/1af7fc5e-8455-4414-9ccd-011d40f70b2a",
        "vscode-copilot-chat/b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093",
        "vscode-copilot-chat/vscode-node/4c289ca8-f8bb-4588-8400-88b78beb784d",
    ];
    for name in real {
        let path = data.join("claude").join(format!("{name}.jsonl"));
        if path.is_file() {
            all.push(path);
        } else {
            println!("skipped: {} is not here (CHASM_TEST_DATA)", path.display());
        }
    }
    all
}

/// The events as a client of its own would send them: without the file's ids of events, numbered.
fn as_sent(path: &Path) -> (SessionId, Vec<Parsed>) {
    let (drafts, _) = claude_code::read(path).unwrap();
    let session = drafts[0].session_id.clone();
    let events = drafts.iter().filter(|d| d.session_id == session && d.event_type != "session_end");
    let send = |(draft, seq): (&chasm_editors::EventDraft, u64)| {
        let mut event: Value = serde_json::from_str(&draft.to_json()).unwrap();
        event.as_object_mut().unwrap().remove("event_id");
        event["seq"] = json!(seq);
        parse_event(&event.to_string(), &Limits::default()).unwrap()
    };
    (SessionId::new(session.as_str()).unwrap(), events.zip(1..).map(send).collect())
}

fn shown(session: &SessionDetail) -> (Vec<(String, String)>, Vec<Option<String>>) {
    let messages = session
        .messages
        .iter()
        .map(|m| (m.role.as_str().to_owned(), serde_json::to_string(&m.content).unwrap()));
    (messages.collect(), session.tool_calls.iter().map(|c| c.call_id.clone()).collect())
}

async fn whole(path: &Path) -> SessionDetail {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).await;
    let (id, events) = as_sent(path);
    engine.record(events).await.unwrap();
    let session = engine.session(&id).await.unwrap();
    engine.shutdown().await;
    session
}

/// Records the first part of a session through a connection that is then lost.
async fn record_part(engine: &Engine, path: &Path, part: usize) -> SessionId {
    let (id, events) = as_sent(path);
    let keep = (events.len() * part / 10).max(1);
    let mut live = engine.live();
    let connection = engine.connect(None).await.unwrap();
    connection.submit(events.into_iter().take(keep).collect()).await.unwrap().await.unwrap();
    drop(connection);
    loop {
        if let LiveEvent::Lifecycle { event: LifecycleEvent::Interrupted { session_id, .. }, .. } =
            live.recv().await.unwrap()
            && session_id == id.as_str()
        {
            return id;
        }
    }
}

fn put(root: &Path, path: &Path) -> PathBuf {
    let to = root.join("projects/-home-a").join(path.file_name().unwrap());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(path, &to).unwrap();
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_recording_is_completed_from_the_editors_file() {
    let own = tempfile::tempdir().unwrap();
    for path in transcripts(own.path()) {
        for part in [0, 5, 8] {
            let (data, claude) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let engine = start(data.path()).await;
            let id = record_part(&engine, &path, part).await;
            let file = put(claude.path(), &path);
            let roots = roots(claude.path());
            let name = format!("{} cut at {part}", path.display());

            let unread = engine.recovery(None).await.unwrap().interrupted.remove(0);
            assert_eq!((unread.added, unread.editor_files.len()), (0, 0), "{name}");
            assert_eq!(unread.messages_after, unread.session.messages, "{name}");
            let preview = engine.recovery(Some(&roots)).await.unwrap().interrupted.remove(0);
            let (files, text) = (&preview.editor_files, file.display().to_string());
            assert_eq!((files.len(), &files[0].path, files[0].readable), (1, &text, true), "{name}");
            assert_eq!(files[0].only_there, preview.added, "{name}");
            assert_eq!(engine.session(&id).await.unwrap().messages.len() as u64, preview.session.messages);

            let report = engine.recover(RecoveryRequest::default(), &roots).await.unwrap();
            let recovered = &report.recovered[0];
            let session = engine.session(&id).await.unwrap();
            assert_eq!(shown(&session), shown(&whole(&path).await), "{name}");
            assert_eq!(session.summary.state, State::Recovered, "{name}");
            assert_eq!(session.messages.len() as u64, preview.messages_after, "{name}");
            assert_eq!(recovered.recovery.from_editor_files, preview.added, "{name}");
            assert_eq!(recovered.recovery.partial, preview.still_partial, "{name}");
            assert_eq!(recovered.recovery.open_tool_calls, preview.still_open_tool_calls, "{name}");
            let evidence: Vec<_> =
                recovered.recovery.evidence.iter().filter(|e| e.origin == Origin::EditorFile).collect();
            assert_eq!(
                (evidence.len(), &evidence[0].source, evidence[0].messages),
                (1, &text, files[0].messages)
            );
            let again = RecoveryRequest { session_ids: Some(vec![id.clone()]) };
            let again = engine.recover(again, &roots).await.unwrap();
            assert_eq!((again.report_id, again.recovered.len(), again.skipped.len()), (0, 0, 1), "{name}");
            assert_eq!(again.skipped[0].title, session.summary.title, "{name}");
            assert_eq!(engine.recovery_reports(None, 10).await.unwrap().reports.len(), 1, "{name}");
            engine.shutdown().await;

            // what is stored is the fold of what is stored, and a restart shows the same
            let found = doctor::check(data.path(), false, &|_, _| {}).await.unwrap();
            assert_eq!(found.problems, Vec::<String>::new(), "{name}");
            let engine = start(data.path()).await;
            assert_eq!(shown(&engine.session(&id).await.unwrap()), shown(&session), "{name}");
            engine.shutdown().await;
        }
    }
}

/// The client comes back after the recovery and sends all it has: nothing is twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_sends_later_takes_the_place_of_what_the_file_said() {
    let (own, data, claude) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = made(own.path());
    let engine = start(data.path()).await;
    let id = record_part(&engine, &path, 5).await;
    put(claude.path(), &path);
    engine.recover(RecoveryRequest::default(), &roots(claude.path())).await.unwrap();
    engine.record(as_sent(&path).1).await.unwrap();
    let session = engine.session(&id).await.unwrap();
    assert_eq!(shown(&session), shown(&whole(&path).await));
    assert!(session.messages.iter().all(|m| m.origin == Origin::Event), "{:?}", session.messages);
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_fails_nothing_and_is_named() {
    let (own, data, claude) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = made(own.path());
    let engine = start(data.path()).await;
    record_part(&engine, &path, 5).await;
    let file = put(claude.path(), &path);
    let huge = fs::File::options().write(true).open(&file).unwrap();
    huge.set_len(65 << 20).unwrap();
    let roots = roots(claude.path());
    let preview = engine.recovery(Some(&roots)).await.unwrap().interrupted.remove(0);
    assert_eq!((preview.editor_files[0].readable, preview.added), (false, 0));
    assert!(preview.unavailable[0].why.contains("65 MiB"), "{:?}", preview.unavailable);
    let report = engine.recover(RecoveryRequest::default(), &roots).await.unwrap();
    let evidence = &report.recovered[0].recovery.evidence;
    assert!(evidence.iter().any(|e| e.source.contains("65 MiB") && e.messages == 0), "{evidence:?}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_an_editor_that_is_off_says_so() {
    let (own, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = start(data.path()).await;
    record_part(&engine, &made(own.path()), 5).await;
    let off = Roots::default().with(editor("claude-code").unwrap(), Root::Off);
    let preview = engine.recovery(Some(&off)).await.unwrap().interrupted.remove(0);
    assert!(preview.unavailable[0].why.contains("switched off"), "{:?}", preview.unavailable);
    let views = engine.editors(&off, true).await.unwrap();
    assert_eq!((views[0].found, views[0].sessions, views[0].path.clone()), (false, None, None));
    engine.shutdown().await;
}

/// Many sessions go in steps, each told; events are acknowledged in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_recovery_tells_how_far_it_is_and_holds_nobody_up() {
    let data = tempfile::tempdir().unwrap();
    let engine = start(data.path()).await;
    let event = |session: &str, n: u64| {
        let data = json!({"role":"user","content":format!("text {n}")});
        let json = json!({"session_id":session,"event_type":"message","seq":n,"timestamp":n,"data":data});
        parse_event(&json.to_string(), &Limits::default()).unwrap()
    };
    let mut live = engine.live();
    let connection = engine.connect(None).await.unwrap();
    for n in 0..40 {
        connection.submit(vec![event(&format!("s{n}"), 1)]).await.unwrap().await.unwrap();
    }
    drop(connection);
    let mut interrupted = 0;
    while interrupted < 40 {
        let item = live.recv().await.unwrap();
        interrupted +=
            u64::from(matches!(item, LiveEvent::Lifecycle { event: LifecycleEvent::Interrupted { .. }, .. }));
    }
    let running = engine.clone();
    let run =
        tokio::spawn(async move { running.recover(RecoveryRequest::default(), &Roots::default()).await });
    for n in 1..=20 {
        engine.record(vec![event("other", n)]).await.unwrap();
    }
    let report = run.await.unwrap().unwrap();
    assert_eq!((report.recovered.len(), report.skipped.len()), (40, 0));
    let mut told = Vec::new();
    loop {
        match live.recv().await.unwrap() {
            LiveEvent::Progress { done, total: 40, .. } => told.push(done),
            LiveEvent::Lifecycle { event: LifecycleEvent::Recovered { sessions, .. }, .. } => {
                assert_eq!(sessions, 40);
                break;
            }
            _ => {}
        }
    }
    assert!(told.len() >= 4 && told.is_sorted() && told.first() == Some(&0), "{told:?}");
    assert_eq!(told.last(), Some(&40));
    let kept = engine.recovery_reports(None, 10).await.unwrap().reports;
    assert_eq!((kept.len(), kept[0].recovered.len(), kept[0].report_id), (1, 40, report.report_id));
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_known_again() {
    let (own, data, claude) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = made(own.path());
    put(claude.path(), &path);
    let bad = claude.path().join("projects/-home-a/50a7220d-7250-46f3-b38e-b716ce25032e.jsonl");
    fs::write(&bad, "").unwrap();
    let (engine, roots) = (start(data.path()).await, roots(claude.path()));
    let before = engine.editors(&roots, true).await.unwrap();
    assert_eq!((before[0].found, before[0].sessions, before[0].recorded), (true, Some(2), Some(0)));
    let first = engine.import("claude-code", &roots, Limits::default()).await.unwrap().unwrap();
    let events = claude_code::read(&path).unwrap().0.len() as u64;
    assert_eq!((first.files, first.sessions, first.new_events, first.known_events), (1, 1, events, 0));
    assert!(first.problems.len() == 1 && first.problems[0].contains("empty"), "{:?}", first.problems);
    let second = engine.import("claude-code", &roots, Limits::default()).await.unwrap().unwrap();
    assert_eq!((second.new_events, second.known_events), (0, events));
    assert_eq!(engine.editors(&roots, true).await.unwrap()[0].recorded, Some(1));
    assert!(engine.import("vim", &roots, Limits::default()).await.unwrap().is_none());
    let session = engine.session(&SessionId::new(MADE).unwrap()).await.unwrap();
    assert_eq!((session.messages.len(), session.summary.state), (6, State::Completed));
    engine.shutdown().await;
}
