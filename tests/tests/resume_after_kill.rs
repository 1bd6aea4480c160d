//! Real conversations are streamed in, the recorder is killed in their middle, the client comes back and sends the rest.
//!
//! Invariant under test: afterwards every session is complete, in order, nothing is twice, and the interruption is on record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, Ws, transcripts, within};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Events of each session, by `seq`.
type Sessions<'a> = BTreeMap<&'a str, BTreeMap<u64, &'a Value>>;

fn by_session(events: &[Value]) -> Sessions<'_> {
    let mut sessions = Sessions::new();
    for event in events {
        let session = event["session_id"].as_str().unwrap();
        sessions.entry(session).or_default().insert(event["seq"].as_u64().unwrap(), event);
    }
    sessions
}

#[test]
fn a_killed_recorder_loses_nothing_of_real_conversations() {
    within(120, async {
        let events = transcripts::stream();
        let sessions = by_session(&events);
        let mut recorder = Recorder::plain();
        let acked = stream_and_kill(&mut recorder, &events).await;
        recorder.restart();

        let mut ws = recorder.ws().await;
        let names: Vec<&str> = sessions.keys().copied().collect();
        let resume = ws.hello(&names).await;
        let rest = what_is_missing(&sessions, &resume);
        let kept = events.len() - rest.len();
        assert!(kept as u64 >= acked, "{acked} acked, {kept} on disk");
        for event in &events[..usize::try_from(acked).unwrap()] {
            assert!(!rest.contains(&event), "it was acked: {event}");
        }
        println!(
            "{} events, {acked} acked and {kept} on disk at the kill, {} sent again",
            events.len(),
            rest.len()
        );
        for chunk in rest.chunks(7) {
            ws.send(&json!(chunk)).await;
        }
        ws.all_acked().await;
        assert_eq!((ws.recorded, ws.duplicates), (rest.len() as u64, 0), "{:?}", ws.said("error"));
        // and once more, all of it: a client that lost its memory
        for chunk in events.chunks(50) {
            ws.send(&json!(chunk)).await;
        }
        ws.all_acked().await;
        assert_eq!((ws.recorded, ws.duplicates), (rest.len() as u64, events.len() as u64));

        let (mut messages, mut calls) = (0, 0);
        for (name, sent) in &sessions {
            let (said, called) = check(&recorder, name, sent, &rest, &resume[*name]).await;
            (messages, calls) = (messages + said, calls + called);
        }
        println!("{} sessions with {messages} messages and {calls} tool calls are complete", sessions.len());
        // the made session has 300 messages, the real ones some 90 with 60 calls
        assert!(transcripts::data().is_none() || (messages >= 380 && calls >= 50), "{messages}, {calls}");
    });
}

/// Streams until a good part is acknowledged and some is on the way; answers how many events were acked.
async fn stream_and_kill(recorder: &mut Recorder, events: &[Value]) -> u64 {
    let mut ws: Ws = recorder.ws().await;
    let half = events.len() as u64 / 2;
    for event in &events[..events.len() * 3 / 4] {
        if ws.acked >= half {
            break;
        }
        ws.send(event).await;
        // a window, as a client has it
        while ws.sent - ws.acked > 64 {
            ws.next().await.unwrap();
        }
    }
    recorder.kill9();
    // what the recorder said before it died counts
    ws.end().await;
    assert!(ws.acked >= half - 64, "{} of {}", ws.acked, ws.sent);
    ws.acked
}

fn what_is_missing<'a>(sessions: &Sessions<'a>, resume: &Value) -> Vec<&'a Value> {
    let mut rest = Vec::new();
    for (name, sent) in sessions {
        let point = &resume[*name];
        let last = point["last_seq"].as_u64().unwrap();
        let holes: Vec<(u64, u64)> = point["missing"].as_array().unwrap().iter().map(range).collect();
        let wanted = |seq: u64| seq > last || holes.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        rest.extend(sent.iter().filter(|(seq, _)| wanted(**seq)).map(|(_, event)| *event));
    }
    rest
}

fn range(hole: &Value) -> (u64, u64) {
    (hole[0].as_u64().unwrap(), hole[1].as_u64().unwrap())
}

/// One session, word for word; answers how many messages and tool calls it has.
async fn check(
    recorder: &Recorder,
    name: &str,
    sent: &BTreeMap<u64, &Value>,
    rest: &[&Value],
    had: &Value,
) -> (u64, u64) {
    let stored = recorder.events(name).await;
    let raw: Vec<&Value> = stored.iter().map(|row| &row["event"]).collect();
    let seqs: BTreeSet<u64> = raw.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs.len(), raw.len(), "{name}: something is twice");
    assert_eq!(raw.len(), sent.len(), "{name}");
    for event in &raw {
        assert_eq!(Some(event), sent.get(&event["seq"].as_u64().unwrap()), "{name}");
    }
    let order = |event: &Value| (millis(&event["timestamp"]), event["seq"].as_u64().unwrap());
    assert!(raw.windows(2).all(|pair| order(pair[0]) < order(pair[1])), "{name}: not in order");

    let session = recorder.session(name).await;
    assert_eq!(session["missing"], json!([]), "{name}");
    // the last version of each message, in the order of the first
    let mut wanted: Vec<(String, &Value)> = Vec::new();
    for event in raw.iter().filter(|event| event["event_type"] == "message") {
        let id =
            event["data"]["message_id"].as_str().map_or_else(|| event["event_id"].to_string(), str::to_owned);
        match wanted.iter_mut().find(|(known, _)| *known == id) {
            Some((_, content)) => *content = &event["data"]["content"],
            None => wanted.push((id, &event["data"]["content"])),
        }
    }
    let messages = session["messages"].as_array().unwrap();
    let got: Vec<&Value> = messages.iter().map(|message| &message["content"]).collect();
    let wanted: Vec<&Value> = wanted.iter().map(|(_, content)| *content).collect();
    assert_eq!(got, wanted, "{name}: messages");

    let calls = session["tool_calls"].as_array().unwrap();
    let called: BTreeSet<&str> = raw.iter().filter_map(|event| event["data"]["call_id"].as_str()).collect();
    let got: BTreeSet<&str> = calls.iter().filter_map(|call| call["call_id"].as_str()).collect();
    // those without an id are matched by their outputs
    assert_eq!(got, called, "{name}: tool calls");
    for event in raw.iter().filter(|event| event["event_type"] == "tool_result") {
        let output = &event["data"]["output"];
        assert!(calls.iter().any(|call| &call["output"] == output), "{name}: the output of {event}");
    }

    let again = rest.iter().filter(|event| event["session_id"] == name).count();
    let ended = raw.iter().any(|event| event["event_type"] == "session_end");
    if had["events"].as_u64().unwrap() > 0 && again > 0 {
        let interruptions = session["interruptions"].as_array().unwrap();
        assert_eq!(interruptions.len(), 1, "{name}: {interruptions:?}");
        assert_eq!(interruptions[0]["reason"], "server_crash", "{name}");
        assert_eq!(interruptions[0]["replayed"], json!(again), "{name}: {interruptions:?}");
        assert!(interruptions[0]["until"].is_string(), "{name}: {interruptions:?}");
    }
    assert_eq!(session["state"], if ended { "completed" } else { "recording" }, "{name}");
    (messages.len() as u64, calls.len() as u64)
}

/// Both forms of a time, so that they can be compared.
fn millis(time: &Value) -> String {
    match time.as_u64() {
        // the made session's own: no session mixes the two
        Some(ms) => format!("{ms:020}"),
        None => {
            let text = time.as_str().unwrap();
            // 2026-01-01T00:00:00Z before 2026-01-01T00:00:00.001Z
            text.trim_end_matches('Z').to_owned()
        }
    }
}
