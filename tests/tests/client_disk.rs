//! The Rust client where a disk is full: the recorder's, or the one that its outbox is on.
//!
//! Needs a small disk of its own (tmpfs), so root; says so where it may not mount one. Invariant under test: what a call handed over
//! is recorded once there is room, once and in order; what a call refused is nowhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_client::Settings;
use chasm_client::recorder::{Connection, Mode, OutboxSettings, RecordError, Session, SessionStart};
use chasm_protocol::{Role, SessionId};
use chasm_tests::{Disk, Opts, Recorder, eventually, within};
use std::path::Path;
use std::time::Duration;

const SESSION: &str = "full";
/// Characters of one message: some hundred of them fill the disk.
const LONG: usize = 32 * 1024;

fn settings(recorder: &Recorder, outbox: &Path, mode: Mode) -> Settings {
    Settings {
        data_dir: Some(recorder.data_dir()),
        outbox: OutboxSettings { folder: Some(outbox.to_owned()), ..OutboxSettings::default() },
        retry_longest: Duration::from_millis(300),
        mode,
        ..Settings::for_client("disk-test/1")
    }
}

async fn session(client: &chasm_client::Recorder) -> Session {
    client.session(Some(SessionId::new(SESSION).unwrap()), SessionStart::default()).await.unwrap()
}

fn say(session: &Session, n: u64) -> Result<String, RecordError> {
    session.message(Role::User, format!("{n} {}", "x".repeat(LONG)))
}

#[test]
fn a_recorder_without_room_is_waited_for() {
    for mode in [Mode::Live, Mode::Batch] {
        let Some(disk) = Disk::mount() else { return };
        within(90, async move {
            let data_dir = disk.path().join("data");
            let recorder = Recorder::start(Opts { data_dir: Some(data_dir), ..Opts::default() });
            let outbox = tempfile::tempdir().unwrap();
            let client =
                chasm_client::Recorder::connect(settings(&recorder, outbox.path(), mode)).await.unwrap();
            let session = session(&client).await;
            say(&session, 1).unwrap();
            client.flush().await.unwrap();
            let way = if mode == Mode::Batch { Connection::Rest } else { Connection::WebSocket };
            assert_eq!(client.state().connection, way);
            let ballast = disk.fill(2 << 20);
            (2..=120).for_each(|n| drop(say(&session, n).unwrap()));
            eventually("the disk is full", 30, async || {
                (recorder.status().await["status"] == "degraded").then_some(())
            })
            .await;
            let state = client.state();
            assert!(state.waiting_events > 0 && state.refused == 0, "{state:?}");
            std::fs::remove_file(ballast).unwrap();
            session.end(None).unwrap();
            client.flush().await.unwrap();
            assert!(recorder.numbers(SESSION).await.into_iter().eq(1..=120), "{mode:?}");
            assert_eq!(recorder.session(SESSION).await["state"], "completed");
            assert_eq!(client.close().await.events, 0);
        });
    }
}

#[test]
fn an_outbox_without_room_refuses_the_call_and_keeps_what_it_has() {
    let Some(disk) = Disk::mount() else { return };
    within(90, async move {
        let mut recorder = Recorder::plain();
        recorder.kill9();
        let outbox = disk.path().join("outbox");
        let client =
            chasm_client::Recorder::connect(settings(&recorder, &outbox, Mode::Hybrid)).await.unwrap();
        let session = session(&client).await;
        let ballast = disk.fill(2 << 20);
        let (mut kept, mut refused) = (Vec::new(), 0);
        for n in 1..=200 {
            match say(&session, n) {
                Ok(_) => kept.push(n),
                Err(error) => {
                    let text = error.to_string();
                    assert!(text.contains("cannot be written") && text.contains("No space left"), "{text}");
                    refused += 1;
                }
            }
        }
        assert!(kept.len() > 10 && refused > 10, "{} kept, {refused} refused", kept.len());
        std::fs::remove_file(ballast).unwrap();
        say(&session, 201).unwrap();
        kept.push(201);
        recorder.restart();
        client.flush().await.unwrap();
        assert_eq!(recorder.numbers(SESSION).await, kept);
        let missing = &recorder.session(SESSION).await["missing"];
        assert_eq!(*missing, serde_json::json!([]), "what was refused took no number");
        let state = client.state();
        assert_eq!((state.damaged, state.refused), (0, 0), "{state:?}");
        assert_eq!(client.close().await.events, 0);
    });
}
