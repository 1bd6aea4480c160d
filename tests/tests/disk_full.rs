//! A disk that runs full under the recorder: it says so, reads go on, and when there is room it records again by itself.
//!
//! Needs a small disk of its own (tmpfs), so root; says so where it may not mount one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Disk, Opts, Recorder, events, eventually, run_to_end, within};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

fn big(session: &str, n: u64) -> Value {
    let mut event = events::message(session, n);
    event["data"]["content"] = json!(format!("{n} {}", "x".repeat(32 * 1024)));
    event
}

/// Sends until it is refused; answers the numbers that were recorded.
async fn send_until_full(recorder: &Recorder, from: u64) -> Vec<u64> {
    let mut recorded = Vec::new();
    for n in from..from + 2_000 {
        let answer = recorder.rest("POST", "/api/recording/events", &big("full", n)).await;
        if answer.status == 200 {
            recorded.push(n);
            continue;
        }
        assert!([503, 507].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.error(answer.status), "storage_full");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("disk is full"), "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        return recorded;
    }
    panic!("the disk does not run full");
}

/// Waits until the database has what the journal has.
async fn flushed(recorder: &Recorder) {
    eventually("the buffer is empty", 10, async || {
        (recorder.status().await["buffer"]["events"] == 0).then_some(())
    })
    .await;
}

/// The numbers that the session has on disk.
async fn numbers(recorder: &Recorder) -> Vec<u64> {
    let events = recorder.events("full").await;
    events.iter().filter_map(|row| row["event"]["seq"].as_u64()).collect()
}

#[test]
fn a_full_disk_stops_recording_and_nothing_else() {
    let Some(disk) = Disk::mount() else { return };
    within(150, async move {
        let data_dir = disk.path().join("data");
        let mut recorder = Recorder::start(Opts { data_dir: Some(data_dir), ..Opts::default() });
        recorder.record(&events::start("full", "Before")).await;
        let mut ws = recorder.ws().await;
        ws.send(&events::message("socket", 1)).await;
        ws.all_acked().await;
        flushed(&recorder).await;

        let ballast = disk.fill(2 << 20);
        let mut acked = send_until_full(&recorder, 1).await;
        let status = eventually("degraded", 20, async || {
            let status = recorder.status().await;
            (status["status"] == "degraded").then_some(status)
        })
        .await;
        assert!(status["problem"].as_str().unwrap().contains("disk is full"), "{status}");

        // over the socket, an error for each event before the ack
        let number = ws.send(&big("socket", 2)).await;
        ws.all_acked().await;
        let errors = ws.said("error");
        assert_eq!(errors.len(), 1, "{:?}", ws.heard);
        assert_eq!((&errors[0]["frame"], &errors[0]["index"]), (&json!(number), &json!(0)));
        assert_eq!((&errors[0]["code"], &errors[0]["event_id"]), (&json!("storage_full"), &json!("e2")));
        assert_eq!(ws.recorded, 1);

        // reads go on; what they have to see is the matter of a test of its own
        assert!(acked.starts_with(&numbers(&recorder).await));
        assert_eq!(recorder.session("full").await["title"], "Before");
        assert_eq!(recorder.session("socket").await["messages"].as_array().unwrap().len(), 1);
        assert_eq!(recorder.get("/api/recording/notices").await.status, 200);

        fs::remove_file(ballast).unwrap();
        eventually("recording again", 30, async || {
            (recorder.status().await["status"] == "recording").then_some(())
        })
        .await;
        let from = acked.last().map_or(1, |n| n + 1);
        for n in from..from + 20 {
            recorder.record(&big("full", n)).await;
            acked.push(n);
        }
        ws.send(&big("socket", 2)).await;
        ws.all_acked().await;
        assert_eq!(ws.recorded, 2, "what was refused is recorded when it is sent again");
        let kinds: Vec<Value> = recorder.walk("/api/recording/notices", "notices").await;
        let told = |kind: &str| kinds.iter().any(|notice| notice["kind"] == kind);
        assert!(told("recording_stopped") && told("recording_resumed"), "{kinds:?}");

        // full once more, and dead: what was acked is there
        disk.fill(1 << 20);
        let from = acked.last().map_or(1, |n| n + 1);
        acked.extend(send_until_full(&recorder, from).await);
        recorder.kill9();
        fs::remove_file(disk.path().join("ballast")).unwrap();
        recorder.restart();
        let there = numbers(&recorder).await;
        assert_eq!(there, acked);
        println!("{} events acked around two full disks", acked.len());
        recorder.record(&big("full", 100_000)).await;
        recorder.term();
        let doctor = recorder.cli(&["doctor", "--json"]).ok().json();
        assert_eq!(doctor["problems"], json!([]), "{doctor}");
    });
}

/// What the journal has and the database cannot take any more was acked all the same.
#[test]
fn reads_see_what_was_acked_while_the_disk_is_full() {
    let Some(disk) = Disk::mount() else { return };
    within(60, async move {
        let recorder = Recorder::start(Opts { data_dir: Some(disk.path().join("data")), ..Opts::default() });
        disk.fill(2 << 20);
        let acked = send_until_full(&recorder, 1).await;
        assert!(!acked.is_empty());
        // it shows them, or says that it cannot; it never denies them
        let answer = recorder.get("/api/recording/sessions/full").await;
        if answer.status == 200 {
            assert_eq!(
                answer.json()["messages"].as_array().unwrap().len(),
                acked.len(),
                "acked events are denied"
            );
        } else {
            assert!([503, 507].contains(&answer.status), "the session is denied: {answer:?}");
        }
    });
}

#[test]
fn a_start_on_a_full_disk_says_why() {
    let Some(disk) = Disk::mount() else { return };
    within(60, async move {
        disk.fill(0);
        let mut command = Command::new(chasm_tests::chasm());
        command.args(["serve", "--port", "0", "--data-dir"]).arg(disk.path().join("data"));
        let done = run_to_end(command.env("NO_COLOR", "1"), b"", 30);
        assert_eq!(done.code, 1, "{done:?}");
        assert!(
            done.stderr.to_lowercase().contains("no space left") || done.stderr.contains("full"),
            "{done:?}"
        );
    });
}
