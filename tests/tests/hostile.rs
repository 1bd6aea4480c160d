//! Clients that are broken, slow, silent or hostile. After each of them the recorder is alive and records.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Dice, Ended, Recorder, Ws, events, eventually, http, process, within};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

const EVENTS: &str = "/api/recording/events";
const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

/// The recorder answers and records, over both ways.
async fn assert_records(recorder: &mut Recorder, session: &str) {
    assert!(recorder.is_alive(), "it died");
    recorder.record(&events::message(session, 1)).await;
    let mut ws = recorder.ws().await;
    ws.send(&events::message(session, 2)).await;
    ws.all_acked().await;
    assert_eq!(ws.recorded, 1);
    assert_eq!(recorder.session(session).await["messages"].as_array().unwrap().len(), 2);
    assert_eq!(recorder.status().await["status"], "recording");
    assert!(!recorder.log().contains("panicked"), "{}", recorder.log());
}

/// Texts that are no events, whatever they are.
fn nonsense() -> Vec<String> {
    let deep = |n: usize| {
        format!(r#"{{"session_id":"s","event_type":"x","data":{{"a":{}{}}}}}"#, "[".repeat(n), "]".repeat(n))
    };
    let mut all: Vec<String> = [
        "",
        " ",
        "{",
        "}",
        "[",
        "[[",
        "nul",
        "\"",
        "{\"a\":}",
        "[1,]",
        "{}{}",
        "\u{feff}{}",
        "1e999",
        "-",
        "{\"session_id\":\"s\",\"session_id\":\"t\",\"event_type\":\"x\"}",
    ]
    .map(String::from)
    .into();
    all.extend([deep(63), deep(10_000), deep(1_000_000), "[".repeat(2_000_000), "{\"a\":".repeat(500_000)]);
    all.push(format!("[{}1]", "1,".repeat(20_000)));
    all.push(format!(r#"{{"session_id":"{}","event_type":"x"}}"#, "x".repeat(257)));
    all.push(r#"{"session_id":"a\u0000b","event_type":"x"}"#.into());
    all.push("{\"session_id\":\"a\nb\",\"event_type\":\"x\"}".into());
    all.push(r#"{"session_id":"s","event_type":"x","seq":99999999999999999999999}"#.into());
    all.push(r#"{"session_id":"s","event_type":"x","timestamp":1e400}"#.into());
    all
}

#[test]
fn nonsense_is_refused_over_both_ways() {
    within(90, async {
        let mut recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        for text in nonsense() {
            let shown: String = text.chars().take(60).collect();
            let answer = http::ask(recorder.address(), "POST", EVENTS, &JSON, text.as_bytes()).await;
            assert!([400, 413, 422].contains(&answer.status), "{shown}: {answer:?}");
            let number = ws.send_text(text).await;
            ws.acked(number).await;
            let said = ws.heard.iter().any(|frame| frame["type"] == "error" && frame["frame"] == number);
            assert!(said, "{shown}: {:?}", ws.heard.last());
        }
        assert_eq!((ws.recorded, ws.duplicates), (0, 0));
        assert_records(&mut recorder, "after").await;
        assert_eq!(recorder.status().await["sessions"], 1, "nothing of it was recorded");
    });
}

#[test]
fn odd_characters_are_kept() {
    within(30, async {
        let mut recorder = Recorder::plain();
        // half a surrogate pair, as JavaScript writes it; NUL and controls in content; what needs care in SQL and HTML
        let half = r#"{"session_id":"odd","event_type":"message","seq":1,"data":{"role":"user","content":"half \ud83d!"}}"#;
        let nul = r#"{"session_id":"odd","event_type":"message","seq":2,"data":{"role":"user","content":"nul \u0000 bell \u0007 ' \" <b>"}}"#;
        let mut ws = recorder.ws().await;
        ws.send_text(format!("[{half},{nul}]")).await;
        ws.all_acked().await;
        let warnings = ws.said("warning");
        assert_eq!((warnings.len(), &warnings[0]["code"]), (1, &json!("replaced_surrogate")));
        let again = http::ask(recorder.address(), "POST", EVENTS, &JSON, half.as_bytes()).await.expect(200);
        assert_eq!(again["duplicates"], 1);
        recorder.kill9();
        recorder.restart();
        let session = recorder.session("odd").await;
        assert_eq!(session["messages"][0]["content"], "half \u{fffd}!");
        assert_eq!(session["messages"][1]["content"], "nul \u{0} bell \u{7} ' \" <b>");
        // kept verbatim, as received
        let raw = recorder.get("/api/recording/sessions/odd/events").await;
        assert_eq!(raw.status, 200, "{raw:?}");
        for form in ["markdown", "json", "jsonl", "html"] {
            let answer = recorder.get(&format!("/api/recording/sessions/odd/export?format={form}")).await;
            assert_eq!(answer.status, 200, "{form}");
        }
        assert_records(&mut recorder, "after").await;
    });
}

#[test]
fn invalid_utf8_and_broken_frames_end_their_connection_only() {
    within(60, async {
        let mut recorder = Recorder::plain();
        let bad =
            http::ask(recorder.address(), "POST", EVENTS, &JSON, b"{\"session_id\":\"\xff\xfe\"}").await;
        assert_eq!(bad.error(400), "bad_json");
        let mut ws = recorder.ws().await;
        ws.send(&events::message("kept", 1)).await;
        ws.put(Message::Frame(Frame::message(
            Bytes::from_static(b"\xff\xfe{}"),
            OpCode::Data(Data::Text),
            true,
        )))
        .await;
        assert_eq!(ws.end().await, Ended::Closed(1007));
        assert_eq!(ws.acked, 1, "what came before is acknowledged");
        let mut ws = recorder.ws().await;
        // a continuation of nothing
        ws.put(Message::Frame(Frame::message(Bytes::from_static(b"x"), OpCode::Data(Data::Continue), true)))
            .await;
        assert_eq!(ws.end().await, Ended::Closed(1002));
        // bytes that are no frames at all, and frames cut anywhere
        let mut dice = Dice::seeded("broken frames");
        for _ in 0..60 {
            let mut stream = upgraded(&recorder).await;
            let mut noise: Vec<u8> = (0..dice.within(1..400)).map(|_| dice.roll().to_le_bytes()[3]).collect();
            if dice.within(0..2) == 0 {
                // a frame's beginning that promises more than 2^63 bytes
                noise.splice(0..0, [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
            }
            let _ = stream.write_all(&noise).await;
        }
        assert_records(&mut recorder, "after").await;
        assert_eq!(recorder.session("kept").await["event_count"], 1);
    });
}

/// A socket behind its handshake, for bytes of any kind.
async fn upgraded(recorder: &Recorder) -> TcpStream {
    let mut stream = TcpStream::connect(recorder.address()).await.unwrap();
    let head = format!(
        "GET /ws/recording HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        recorder.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

#[test]
fn half_open_and_slow_clients_are_let_go() {
    within(90, async {
        let mut recorder = Recorder::plain();
        let to = recorder.address();
        let begin = format!(
            "POST {EVENTS} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"ses"
        );
        let mut kept = Vec::new();
        for text in ["", "G", "GET / HTTP/1.1\r\nHost: ", &begin] {
            for _ in 0..10 {
                let mut stream = TcpStream::connect(to).await.unwrap();
                stream.write_all(text.as_bytes()).await.unwrap();
                kept.push(stream);
            }
        }
        for _ in 0..10 {
            let mut stream = upgraded(&recorder).await;
            stream.write_all(&[0x81, 0xfe, 0xff]).await.unwrap();
            kept.push(stream);
        }
        // one whose head comes a byte a second is dropped all the same
        let mut slow = TcpStream::connect(to).await.unwrap();
        let begun = Instant::now();
        let dropped = async {
            for byte in b"GET /api/recording/status HTTP/1.1\r\nX-Slow: 0123456789".iter().cycle() {
                let (mut end, wait) = ([0; 512], Duration::from_millis(500));
                let gone = slow.write_all(&[*byte]).await.is_err()
                    || matches!(tokio::time::timeout(wait, slow.read(&mut end)).await, Ok(Ok(0) | Err(_)));
                if gone {
                    return;
                }
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_secs(30), dropped).await.is_ok(),
            "a slow head is waited for"
        );
        println!("a slow head is dropped after {:.1} s", begun.elapsed().as_secs_f64());
        assert_records(&mut recorder, "after").await;
        drop(kept);
    });
}

#[test]
fn a_thousand_idle_clients_cost_little() {
    within(120, async {
        process::allow_files(8_192);
        let mut recorder = Recorder::plain();
        assert_records(&mut recorder, "before").await;
        let (before, _) = process::memory_kib(recorder.pid());
        let mut idle = Vec::new();
        for _ in 0..1_000 {
            idle.push(recorder.ws().await);
        }
        let begun = Instant::now();
        assert_eq!(recorder.status().await["connections"].as_array().unwrap().len(), 1_000);
        println!("status within {} ms", begun.elapsed().as_millis());
        assert_records(&mut recorder, "between").await;
        let (after, _) = process::memory_kib(recorder.pid());
        println!("1,000 idle clients: {before} KiB before, {after} KiB after");
        assert!(after.saturating_sub(before) < 100 * 1024, "{before} KiB before, {after} KiB after");
        // more than may be are told so in words
        let mut more = Vec::new();
        let refused = eventually("the limit of connections", 10, async || {
            match Ws::try_open(recorder.address(), &[]).await {
                Ok(ws) => {
                    more.push(ws);
                    None
                }
                Err(status) => Some(status),
            }
        })
        .await;
        assert_eq!(refused, 503);
        drop((idle, more));
        eventually("they are gone", 20, async || {
            let answer = recorder.get("/api/recording/status").await;
            (answer.status == 200 && answer.json()["connections"] == json!([])).then_some(())
        })
        .await;
        assert_records(&mut recorder, "after").await;
    });
}

#[test]
fn one_who_does_not_read_does_not_fill_the_memory() {
    within(120, async {
        let mut recorder = Recorder::plain();
        let (before, _) = process::memory_kib(recorder.pid());
        let mut slow = recorder.ws().await;
        // every event is answered with a warning that nobody reads
        let batch: Vec<Value> = (0..100)
            .map(|n| json!({"session_id": "slow", "event_type": "unknown.kind", "event_id": format!("w{n}")}))
            .collect();
        let text = json!(batch).to_string();
        let mut write = slow.take_write();
        let flood = async {
            for n in 0..2_000 {
                let frame = text.replace("\"w", &format!("\"{n}-"));
                use futures_util::SinkExt;
                if write.send(Message::Text(frame.into())).await.is_err() {
                    return;
                }
            }
        };
        let blocked = tokio::time::timeout(Duration::from_secs(10), flood).await.is_err();
        println!("the flood was held up: {blocked}");
        assert_records(&mut recorder, "after").await;
        let (_, peak) = process::memory_kib(recorder.pid());
        println!("{} MiB before, {} MiB at most", before / 1024, peak / 1024);
        assert!(peak < before + 100 * 1024, "{before} KiB before, {peak} KiB at most");
    });
}
