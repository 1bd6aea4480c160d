//! The wire examples of `docs/clients.md` are true: each line is said to a real recorder, and what comes back is held against the page.
//!
//! Invariant under test: what is written there can be copied. Numbers and texts that differ from run to run are compared by type.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, Ws, within, workspace};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

/// What is another one each time.
const VARIES: [&str; 3] = ["connection_id", "server", "message"];

/// The blocks with lines that were said.
fn blocks() -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(workspace().join("docs/clients.md")).unwrap();
    let fences = page.split("```text\n").skip(1);
    fences.map(|text| text.split("```").next().unwrap().lines().map(String::from).collect()).collect()
}

/// The same shape, and the same values but for those that vary.
fn assert_like(got: &Value, wanted: &Value, line: &str) {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => {
            let names = |object: &serde_json::Map<String, Value>| {
                let mut names: Vec<String> = object.keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(got), names(wanted), "{line}\nwas answered {got:?}");
            for (name, value) in wanted {
                if VARIES.contains(&name.as_str()) {
                    let same = std::mem::discriminant(&got[name]) == std::mem::discriminant(value);
                    assert!(same, "{line}: {name} is {}", got[name]);
                } else {
                    assert_like(&got[name], value, line);
                }
            }
        }
        (Value::Array(got), Value::Array(wanted)) => {
            assert_eq!(got.len(), wanted.len(), "{line}");
            got.iter().zip(wanted).for_each(|(got, wanted)| assert_like(got, wanted, line));
        }
        _ => assert_eq!(got, wanted, "{line}"),
    }
}

async fn post(recorder: &Recorder, call: &str) -> (u16, Value) {
    let call = call.strip_prefix("POST ").unwrap_or_else(|| panic!("no POST: {call}"));
    let (path, body) = call.split_once(' ').unwrap_or((call, "{}"));
    let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{call}: {e}"));
    let answer = recorder.rest("POST", path, &body).await;
    (answer.status, answer.json())
}

/// One block: its own connection, or calls one after the other. Answers how many answers were compared.
async fn say(recorder: &Recorder, block: &[String]) -> usize {
    let mut ws: Option<Ws> = None;
    let mut answer = None;
    let mut compared = 0;
    for line in block {
        let (sign, text) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        match (sign, text) {
            ("·", call) => assert_eq!(post(recorder, call).await.0, 200, "{line}"),
            ("→", call) if call.starts_with("POST ") => answer = Some(post(recorder, call).await),
            ("→", frame) => {
                let ws = ws.as_mut().expect("a connection begins with `welcome`");
                // word for word as the page has it
                assert!(ws.put(Message::Text(frame.into())).await, "{line}");
            }
            ("←", text) if text.starts_with('{') => {
                let wanted: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{line}: {e}"));
                let got = match &mut ws {
                    None => {
                        let opened = recorder.ws().await;
                        ws.insert(opened).welcome.clone()
                    }
                    Some(ws) => ws.next().await.unwrap(),
                };
                assert_like(&got, &wanted, line);
                compared += 1;
            }
            ("←", text) => {
                let (status, body) = text.split_once(' ').unwrap();
                let (got, answered) = answer.take().unwrap_or_else(|| panic!("{line}: to what?"));
                assert_eq!(got.to_string(), status, "{line}\nwas answered {answered}");
                assert_like(&answered, &serde_json::from_str(body).unwrap(), line);
                compared += 1;
            }
            _ => panic!("a line of an example begins with →, ← or ·: {line}"),
        }
    }
    compared
}

#[test]
fn what_the_page_shows_is_what_the_recorder_says() {
    within(60, async {
        let recorder = Recorder::plain();
        let blocks = blocks();
        let mut compared = 0;
        for block in &blocks {
            compared += say(&recorder, block).await;
        }
        assert!(blocks.len() >= 6 && compared >= 20, "{} blocks, {compared} answers", blocks.len());
        let session = recorder.session("chat-1").await;
        assert_eq!(session["messages"][1]["content"], "Because of the `while`.", "{session}");
    });
}

#[test]
fn each_rule_of_the_check_and_each_fault_is_on_the_page() {
    let page = std::fs::read_to_string(workspace().join("docs/clients.md")).unwrap();
    let help =
        std::process::Command::new(chasm_tests::chasm()).args(["conformance", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let faults = [
        "calm",
        "cut",
        "lost-ack",
        "half-open",
        "trickle",
        "kill",
        "stop",
        "pause",
        "refuse",
        "kill-client",
        "last",
    ];
    for fault in faults {
        assert!(page.contains(&format!("| `{fault}` |")), "{fault} is not on the page");
        assert!(help.contains(fault), "{fault} is no fault of the command");
    }
    let listed =
        page.split("| fault |").nth(1).unwrap().lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(listed, faults.len());
}
