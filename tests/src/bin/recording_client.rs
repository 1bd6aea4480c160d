//! A program that records with the Rust client, for tests that kill it: numbers its events and notes each that was taken over.
//!
//! Never looks at what the recorder has. Invariant: a line is in the log only after the call that handed the event over returned.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_client::recorder::{OutboxSettings, SessionStart};
use chasm_client::{Recorder, Session, Settings};
use chasm_protocol::{Role, SessionId};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match args[0].as_str() {
            "steady" => steady(&args[1], Path::new(&args[2]), &args[3]).await,
            "away" => away(Path::new(&args[1]), args[2].parse().unwrap()).await,
            other => panic!("{other}?"),
        }
    });
}

fn quick(folder: &Path) -> Settings {
    Settings {
        outbox: OutboxSettings { folder: Some(folder.join("outbox")), ..OutboxSettings::default() },
        data_dir: Some(folder.to_owned()),
        snapshot_every: Duration::from_secs(2),
        retry_longest: Duration::from_millis(300),
        answer_wait: Duration::from_millis(700),
        websocket_again: Duration::from_secs(1),
        ..Settings::for_client("recording-client/1")
    }
}

/// Records into four sessions until the file `stop` is there, then waits until all is acknowledged.
async fn steady(server: &str, folder: &Path, run: &str) {
    let settings = Settings { server: Some(server.into()), ..quick(folder) };
    let recorder = Recorder::connect(settings).await.unwrap();
    let mut sessions: Vec<(Session, std::fs::File)> = Vec::new();
    for number in 0..4 {
        let id = SessionId::new(format!("chaos-{number}")).unwrap();
        let log: PathBuf = folder.join(format!("chaos-{number}.log"));
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        sessions.push((recorder.session(Some(id), SessionStart::default()).await.unwrap(), log));
    }
    for n in 1u64.. {
        for (session, log) in &mut sessions {
            let content = format!("{run}:{n}");
            session.message(Role::User, content.clone()).unwrap();
            writeln!(log, "{content}").unwrap();
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
        if n.is_multiple_of(50) && folder.join("stop").exists() {
            break;
        }
    }
    recorder.flush().await.unwrap();
    println!("{:?}", recorder.report());
    assert_eq!(recorder.close().await.events, 0);
}

/// Records so many events of 1 KiB at once, when a line comes, and says when each step is done.
async fn away(folder: &Path, events: u64) {
    let recorder = Recorder::connect(quick(folder)).await.unwrap();
    let session =
        recorder.session(Some(SessionId::new("away").unwrap()), SessionStart::default()).await.unwrap();
    say("ready");
    let filler = "x".repeat(1024);
    for n in 1..=events {
        session.message(Role::User, format!("{n} {filler}")).unwrap();
    }
    say("handed over");
    recorder.flush().await.unwrap();
    say("acknowledged");
    session.end(None).unwrap();
    assert_eq!(recorder.close().await.events, 0);
}

/// Says so, and waits for a line.
fn say(what: &str) {
    println!("{what}");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
