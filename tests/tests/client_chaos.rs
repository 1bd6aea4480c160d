//! The Rust client over a bad line, with a recorder and a program that are both killed again and again.
//!
//! Invariant under test: what a program handed over is in its session exactly once and in order, whoever was killed meanwhile; a
//! recorder that is away costs room on the disk, bounded, and no memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_client::Settings;
use chasm_client::recorder::{Connection, OutboxSettings, SessionStart};
use chasm_protocol::{Role, SessionId};
use chasm_tests::proxy::{BRITTLE_BYTES, Proxy, Weather};
use chasm_tests::{Dice, Opts, Recorder, events, eventually, process, within};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SESSIONS: usize = 4;
/// Kills of the recorder; `CHASM_SOAK=1` makes more of them.
const ROUNDS: u64 = 8;
const SOAK_ROUNDS: u64 = 30;
const AWAY_EVENTS: u64 = 36_000;

/// The recording program in a process of its own; killed with its owner.
struct Program(Child);

impl Program {
    fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recording_client"));
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn kill9(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn ends_well(mut self, patience: Duration) {
        let status = process::end(&mut self.0, patience).expect("it does not end");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_was_handed_over_is_there_once_and_in_order_after_many_kills() {
    let soak = std::env::var("CHASM_SOAK").is_ok_and(|value| value == "1");
    let rounds = if soak { SOAK_ROUNDS } else { ROUNDS };
    within(if soak { 900 } else { 240 }, async move {
        let mut dice = Dice::seeded("client chaos");
        let mut recorder = Recorder::start(Opts::config("[recording]\nheartbeat_secs = 1\n"));
        let proxy = Proxy::start(recorder.address(), Weather::Storm, dice.split()).await;
        let folder = recorder.scratch().join("client");
        std::fs::create_dir(&folder).unwrap();
        let (url, place) = (proxy.url(), folder.to_str().unwrap().to_owned());
        let start = |run: u64| Program::start(&["steady", &url, &place, &format!("run{run}")]);
        let (mut program, mut runs) = (start(1), 1);
        for round in 1..=rounds {
            // a random moment is what is asked for here
            tokio::time::sleep(Duration::from_millis(dice.within(300..1_500))).await;
            recorder.kill9();
            if round.is_multiple_of(3) {
                program.kill9();
                runs += 1;
                program = start(runs);
            }
            recorder.restart();
            proxy.leads_to(recorder.address());
        }
        proxy.set(Weather::Calm);
        std::fs::write(folder.join("stop"), "").unwrap();
        program.ends_well(Duration::from_secs(90));
        // Late events are folded into long sessions: a read would wait for that, and its patience is shorter.
        eventually("the database has it all", 120, async || {
            (recorder.status().await["buffer"]["events"] == 0).then_some(())
        })
        .await;
        let mut handed_over = 0;
        for number in 0..SESSIONS {
            handed_over += check(&recorder, &folder, &format!("chaos-{number}"), runs - 1).await;
        }
        println!("{rounds} kills of the recorder, {} of the program, {handed_over} events", runs - 1);
        assert!(handed_over > 100);
        recorder.term();
        let doctor = recorder.cli(&["doctor", "--json"]).ok().json();
        assert_eq!(doctor["problems"], json!([]), "{doctor}");
    });
}

/// Compares a session with what the program noted of it; answers how many events that were.
async fn check(recorder: &Recorder, folder: &Path, session: &str, kills: u64) -> usize {
    let log = std::fs::read_to_string(folder.join(format!("{session}.log"))).unwrap();
    let wanted: Vec<&str> = log.lines().collect();
    let stored = recorder.events(session).await;
    let got: Vec<&str> = stored.iter().filter_map(|row| row["event"]["data"]["content"].as_str()).collect();
    let known: BTreeSet<&str> = wanted.iter().copied().collect();
    assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), got.len(), "{session}: an event is there twice");
    let noted: Vec<&str> = got.iter().copied().filter(|content| known.contains(content)).collect();
    assert!(noted == wanted, "{session}: {} of {} are there, or in another order", noted.len(), wanted.len());
    // a kill may come between the call's end and the note
    assert!(got.len() - noted.len() <= usize::try_from(kills).unwrap(), "{session}: events are invented");
    wanted.len()
}

#[test]
fn an_hour_without_a_recorder_costs_disk_and_no_memory() {
    within(280, async {
        let mut recorder = Recorder::plain();
        let folder = recorder.data_dir();
        recorder.kill9();
        let mut program = Program::start(&["away", folder.to_str().unwrap(), &AWAY_EVENTS.to_string()]);
        let (mut lines, mut tell) =
            (BufReader::new(program.0.stdout.take().unwrap()).lines(), program.0.stdin.take().unwrap());
        let mut step = |wanted: &str| {
            assert_eq!(lines.next().unwrap().unwrap(), wanted);
            process::memory_kib(program.0.id())
        };
        let (before, _) = step("ready");
        writeln!(tell).unwrap();
        let (after, _) = step("handed over");
        let outbox = size(&folder.join("outbox"));
        assert!((36 << 20..96 << 20).contains(&outbox), "{outbox} bytes");
        recorder.restart();
        writeln!(tell).unwrap();
        let (_, peak) = step("acknowledged");
        println!("memory {before} KiB, with {outbox} bytes in the outbox {after} KiB, at most {peak} KiB");
        assert!(after < before + 16 * 1024, "{before} KiB before, {after} KiB after");
        assert!(peak < before + 48 * 1024, "{before} KiB before, at most {peak} KiB");
        writeln!(tell).unwrap();
        program.ends_well(Duration::from_secs(60));
        let got = recorder.numbers("away").await;
        assert!(got.iter().copied().eq(1..=AWAY_EVENTS), "{} are there, or in another order", got.len());
        assert_eq!(size(&folder.join("outbox")), 0, "what was acknowledged is not kept");
    });
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) })
        .sum()
}

fn settings(server: Option<String>, folder: &Path) -> Settings {
    Settings {
        server,
        outbox: OutboxSettings { folder: Some(folder.join("outbox")), ..OutboxSettings::default() },
        data_dir: Some(folder.to_owned()),
        retry_longest: Duration::from_millis(300),
        ..Settings::for_client("chaos-test/1")
    }
}

#[test]
fn where_no_websocket_gets_through_rest_carries_it_until_one_does() {
    within(60, async {
        let recorder = Recorder::plain();
        let proxy = Proxy::start(recorder.address(), Weather::NoUpgrade, Dice::seeded("rest")).await;
        let settings = Settings {
            websocket_again: Duration::from_secs(1),
            ..settings(Some(proxy.url()), recorder.scratch())
        };
        let client = chasm_client::Recorder::connect(settings).await.unwrap();
        let id = SessionId::new("by-rest").unwrap();
        let session = client.session(Some(id), SessionStart::default()).await.unwrap();
        for n in 1..=700 {
            session.message(Role::User, n.to_string()).unwrap();
        }
        let mut state = client.watch();
        client.flush().await.unwrap();
        assert_eq!(client.state().connection, Connection::Rest);
        proxy.set(Weather::Calm);
        state.wait_for(|now| now.connection == Connection::WebSocket).await.unwrap();
        session.message(Role::User, "701").unwrap();
        session.end(None).unwrap();
        client.flush().await.unwrap();
        assert_eq!(client.close().await.events, 0);
        let got = recorder.numbers("by-rest").await;
        assert!(got.iter().copied().eq(1..=701), "{} are there, or in another order", got.len());
        let seen = recorder.session("by-rest").await;
        assert_eq!(seen["state"], "completed");
        assert_eq!(seen["messages"].as_array().unwrap().len(), 701, "the snapshot doubles nothing");
        assert_eq!(seen["missing"], json!([]));
    });
}

#[test]
fn on_a_line_that_always_breaks_some_events_get_through_each_time() {
    const EVENTS: u64 = 200;
    for weather in [Weather::Brittle, Weather::BrittleNoUpgrade] {
        within(60, async move {
            let recorder = Recorder::plain();
            let proxy = Proxy::start(recorder.address(), weather, Dice::seeded("brittle")).await;
            let client = chasm_client::Recorder::connect(settings(Some(proxy.url()), recorder.scratch()))
                .await
                .unwrap();
            let id = SessionId::new("brittle").unwrap();
            let session = client.session(Some(id), SessionStart::default()).await.unwrap();
            for n in 1..=EVENTS {
                session.message(Role::User, format!("{n} {}", "x".repeat(BRITTLE_BYTES / 10))).unwrap();
            }
            client.flush().await.unwrap();
            let got = recorder.numbers("brittle").await;
            assert!(got.iter().copied().eq(1..=EVENTS), "{weather:?}: {got:?}");
        });
    }
}

#[test]
fn refused_events_are_set_aside_and_a_pause_is_waited_for() {
    within(60, async {
        let recorder = Recorder::plain();
        recorder.rest("PATCH", "/api/settings", &json!({"limits.nesting": 8})).await.expect(200);
        recorder.rest("POST", "/api/recording/pause", &json!({})).await.expect(200);
        let mut settings = settings(None, recorder.scratch());
        settings.data_dir = Some(recorder.data_dir());
        let client = chasm_client::Recorder::connect(settings).await.unwrap();
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(9), "]".repeat(9));
        for (n, data) in [(1, "{}"), (2, deep.as_str()), (3, "{}")] {
            let event = format!(
                r#"{{"session_id":"mixed","event_type":"x","event_id":"e{n}","seq":{n},"data":{data}}}"#
            );
            assert_eq!(client.record(&event).unwrap(), n);
        }
        client.watch().wait_for(|now| now.paused && now.waiting_events == 3).await.unwrap();
        recorder.rest("POST", "/api/recording/resume", &json!({})).await.expect(200);
        client.flush().await.unwrap();
        let report = client.report();
        assert_eq!((report.refused.len(), report.refused[0].event, report.recorded), (1, 2, 2), "{report:?}");
        assert_eq!(client.state().refused, 1);
        let aside = std::fs::read_to_string(client.outboxes().join("refused.jsonl")).unwrap();
        let aside: Value = serde_json::from_str(aside.trim_end()).unwrap();
        assert!(aside["event"].as_str().unwrap().contains("\"e2\""), "{aside}");
        assert_eq!(recorder.events("mixed").await.len(), 2);
        // what is too large is refused at the call, and nothing of it is kept
        let large =
            format!(r#"{{"session_id":"mixed","event_type":"x","data":{{"a":"{}"}}}}"#, "x".repeat(9 << 20));
        assert!(client.record(&large).unwrap_err().to_string().contains("the recorder takes at most"));
        assert_eq!(client.close().await.events, 0);
    });
}

#[test]
fn send_keeps_what_no_recorder_takes_and_the_next_one_sends_it() {
    within(120, async {
        let mut recorder = Recorder::plain();
        recorder.kill9();
        let lines: Vec<String> = (1..=3).map(|n| events::message("kept", n).to_string()).collect();
        let done = recorder.cli_with(&["send", "--json"], lines.join("\n").as_bytes());
        assert_eq!(done.code, 3, "{done:?}");
        assert!(done.stderr.contains("3 events are kept in "), "{done:?}");
        assert!(done.stderr.contains("and go with the next `chasm send`"), "{done:?}");
        assert_eq!(done.json()["kept"], 3);
        let done = recorder.cli_with(&["send", "--no-outbox"], lines[0].as_bytes());
        assert_eq!(done.code, 3, "{done:?}");
        assert!(!done.stderr.contains("kept"), "{done:?}");
        recorder.restart();
        let more = events::message("kept", 4).to_string();
        let done = recorder.cli_with(&["send", "--json"], more.as_bytes()).ok();
        assert_eq!((&done.json()["recorded"], &done.json()["kept"]), (&json!(4), &json!(0)), "{done:?}");
        let stored = recorder.events("kept").await;
        assert_eq!(events::ids(&stored), ["e1", "e2", "e3", "e4"]);
        assert_eq!(size(&recorder.data_dir().join("outbox")), 0);
    });
}
