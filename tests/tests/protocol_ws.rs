//! `PROTOCOL.md`, «WebSocket»: every frame, every count, every close code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Ended, Opts, Recorder, events, eventually, within};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

#[test]
fn welcome_ping_and_hello() {
    within(30, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        let welcome = &ws.welcome;
        assert_eq!(welcome["protocol"], 1);
        assert!(welcome["server"].as_str().unwrap().starts_with("chasm-recorder/"), "{welcome}");
        assert!(welcome["connection_id"].is_u64(), "{welcome}");
        assert_eq!(welcome["max_frame_bytes"], 8 * 1024 * 1024);
        assert!(welcome["heartbeat_secs"].as_u64().is_some_and(|n| n > 0), "{welcome}");
        assert_eq!(welcome["paused"], false);

        ws.control(&json!({"type": "ping"})).await;
        assert_eq!(ws.next().await, Ok(json!({"type": "pong"})));
        let nothing = json!({"last_seq": 0, "events": 0, "missing": []});
        assert_eq!(ws.hello(&["s", "ü/%"]).await, json!({"s": nothing, "ü/%": nothing}));

        for n in [1, 2, 5, 6, 9] {
            ws.send(&events::message("s", n)).await;
        }
        // an answer to hello has what was acked, and here all that was sent before it
        ws.all_acked().await;
        let point = ws.hello(&["s"]).await["s"].clone();
        assert_eq!(point, json!({"last_seq": 9, "events": 5, "missing": [[3, 4], [7, 8]]}));
        let status = recorder.status().await;
        let connection = &status["connections"][0];
        assert_eq!((&connection["client"], &connection["sessions"]), (&json!("black-box/1"), &json!(["s"])));
    });
}

#[test]
fn frames_are_counted_the_unreadable_ones_too() {
    within(30, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        ws.send(&events::message("s", 1)).await;
        ws.control(&json!({"type": "ping"})).await;
        ws.control(&json!({"type": "dance"})).await;
        let bad = ws.send_text("{\"session_id\":").await;
        let number = ws.send_text("17").await;
        let empty = ws.send_text("[]").await;
        ws.send(&json!([events::message("s", 2), {"session_id": "s"}, events::message("s", 1), "x"])).await;
        ws.acked(5).await;
        assert_eq!(
            (bad, number, empty, ws.acked),
            (2, 3, 4, 5),
            "control frames do not count: {:?}",
            ws.heard
        );
        assert_eq!((ws.recorded, ws.duplicates), (2, 1));
        let errors: Vec<_> =
            ws.said("error").iter().map(|e| json!([e["frame"], e["index"], e["code"]])).collect();
        assert!(errors.contains(&json!([null, null, "unknown_frame"])), "{errors:?}");
        let counted: Vec<&Value> = errors.iter().filter(|e| !e[0].is_null()).collect();
        assert_eq!(counted.len(), 4, "{errors:?}");
        assert_eq!((&counted[0][0], &counted[0][2]), (&json!(2), &json!("bad_json")));
        assert_eq!((&counted[1][0], &counted[1][2]), (&json!(3), &json!("bad_json")));
        assert_eq!(counted[2], &json!([5, 1, "missing_field"]));
        assert_eq!(counted[3], &json!([5, 3, "bad_json"]));
        // an error stands before the ack that covers its frame
        let mut acked = 0;
        for frame in &ws.heard {
            match frame["type"].as_str().unwrap() {
                "ack" => acked = frame["through"].as_u64().unwrap(),
                "error" => assert!(frame["frame"].as_u64().is_none_or(|n| n > acked), "{:?}", ws.heard),
                _ => {}
            }
        }
    });
}

#[test]
fn warnings_for_unknown_types_and_conflicts() {
    within(30, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        ws.send(&events::message("s", 1)).await;
        let mut other = events::message("s", 1);
        other["data"]["content"] = json!("something else");
        ws.send(&json!([{"session_id": "s", "event_type": "editor.selection", "event_id": "x"}, other]))
            .await;
        ws.all_acked().await;
        let said: Vec<_> = ws
            .said("warning")
            .iter()
            .map(|w| json!([w["frame"], w["index"], w["event_id"], w["code"]]))
            .collect();
        assert_eq!(said, [json!([2, 0, "x", "unknown_event_type"]), json!([2, 1, "e1", "conflict"])]);
        assert_eq!((ws.recorded, ws.duplicates), (3, 0));
        let session = recorder.session("s").await;
        assert_eq!(session["messages"][0]["content"], events::content("s", 1), "the first one stands");
        assert_eq!(session["conflicts"][0]["event"]["data"]["content"], "something else");
        assert_eq!(session["other"][0]["event"]["event_type"], "editor.selection");
    });
}

#[test]
fn duplicates_are_recorded_once_across_connections_and_restarts() {
    within(60, async {
        let mut recorder = Recorder::plain();
        // by event_id, by content with a time (in both spellings), by content with a seq
        let batch = json!([
            events::message("s", 1),
            {"session_id": "s", "event_type": "message", "timestamp": "2026-01-01T01:00:10+01:00",
                "data": {"role": "user", "content": "by time"}},
            {"session_id": "s", "event_type": "message", "seq": 20, "data": {"content": "by seq", "role": "user"}},
        ]);
        let spelled_otherwise = r#"[{"event_type":"message","session_id":"s","data":{"content":"by time","role":"user"},
            "timestamp":1767225610000},{"session_id":"s","seq":20,"event_type":"message","data":{"role":"user","content":"by\u0020seq"}}]"#;
        for round in 0..3 {
            for _ in 0..2 {
                let mut ws = recorder.ws().await;
                ws.send(&batch).await;
                ws.send_text(spelled_otherwise).await;
                ws.all_acked().await;
                assert_eq!(ws.recorded + ws.duplicates, 5, "{:?}", ws.heard);
            }
            assert_eq!(recorder.session("s").await["event_count"], 3, "round {round}");
            if round % 2 == 0 {
                recorder.kill9()
            } else {
                recorder.term()
            }
            recorder.restart();
        }
        assert_eq!(recorder.session("s").await["messages"].as_array().unwrap().len(), 3);
        // neither id, time nor seq: every one is new
        let plain =
            json!({"session_id": "p", "event_type": "message", "data": {"role": "user", "content": "again"}});
        recorder.record(&json!([plain, plain])).await;
        assert_eq!(recorder.session("p").await["event_count"], 2);
    });
}

#[test]
fn late_events_take_the_place_that_their_time_gives_them() {
    within(60, async {
        let recorder = Recorder::plain();
        let all: Vec<Value> = std::iter::once(events::start("a", "T"))
            .chain((1..=30).map(|n| events::message("a", n)))
            .chain([events::end("a", 30)])
            .collect();
        recorder.record(&json!(all)).await;
        // the same in another order, in other batches, some of them twice
        let mut ws = recorder.ws().await;
        for step in [7, 5, 3, 1] {
            let batch: Vec<Value> = all.iter().rev().step_by(step).cloned().map(|e| named(e, "b")).collect();
            ws.send(&json!(batch)).await;
        }
        ws.all_acked().await;
        let read = async |id: &str| {
            let mut session = recorder.session(id).await;
            let fields = session.as_object_mut().unwrap();
            fields.retain(|name, _| {
                !["session_id", "live", "interruptions", "preview"].contains(&name.as_str())
            });
            session
        };
        let (a, b) = (read("a").await, read("b").await);
        assert_eq!(a["messages"].as_array().unwrap().len(), 30);
        assert_eq!(a["state"], "completed");
        assert_eq!(a, b);
    });
}

/// The same event of another session. What it says stays, so that both sessions read the same.
fn named(mut event: Value, session: &str) -> Value {
    event["session_id"] = json!(session);
    event
}

#[test]
fn a_pause_is_told_and_kept_to() {
    within(30, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        ws.send(&events::message("s", 1)).await;
        ws.all_acked().await;
        recorder.rest("POST", "/api/recording/pause", &Value::Null).await.expect(200);
        ws.until("paused").await;
        let number = ws.send(&json!([events::message("s", 2), events::message("s", 3)])).await;
        ws.all_acked().await;
        let errors = ws.said("error");
        assert_eq!(errors.len(), 2, "{:?}", ws.heard);
        assert!(errors.iter().all(|e| e["code"] == "paused" && e["frame"] == number), "{errors:?}");
        assert_eq!(recorder.ws().await.welcome["paused"], true);
        recorder.rest("POST", "/api/recording/resume", &Value::Null).await.expect(200);
        ws.until("resumed").await;
        ws.send(&json!([events::message("s", 2), events::message("s", 3)])).await;
        ws.all_acked().await;
        assert_eq!(ws.recorded, 3);
    });
}

#[test]
fn a_frame_over_the_limit_is_refused_by_number_and_the_connection_stays() {
    within(90, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        ws.send(&events::message("s", 1)).await;
        let mut large = events::message("s", 2);
        large["data"]["content"] = json!("x".repeat(9 << 20));
        let number = ws.send(&large).await;
        ws.send(&events::message("s", 3)).await;
        ws.all_acked().await;
        // 200 MB in pieces, of which none is over the limit
        let piece = Bytes::from(vec![b' '; 4 << 20]);
        let endless = ws.sent + 1;
        for n in 0..50 {
            let code = if n == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(piece.clone(), OpCode::Data(code), n == 49);
            assert!(ws.put(Message::Frame(frame)).await, "the connection was closed at piece {n}");
        }
        ws.sent += 1;
        ws.send(&events::message("s", 4)).await;
        ws.all_acked().await;
        let errors: Vec<_> = ws.said("error").iter().map(|e| json!([e["frame"], e["code"]])).collect();
        assert_eq!(errors, [json!([number, "too_large"]), json!([endless, "too_large"])]);
        assert_eq!(recorder.session("s").await["messages"].as_array().unwrap().len(), 3);
        let (_, peak) = chasm_tests::process::memory_kib(recorder.pid());
        println!("peak memory {} MiB", peak / 1024);
    });
}

#[test]
fn messages_in_fragments_and_pings_between_them() {
    within(30, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        let text = events::message("s", 1).to_string();
        let bytes = text.as_bytes();
        // in single bytes, so that characters are cut too
        for (n, byte) in bytes.iter().enumerate() {
            let code = if n == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(vec![*byte], OpCode::Data(code), n + 1 == bytes.len());
            ws.put(Message::Frame(frame)).await;
            if n % 50 == 7 {
                ws.put(Message::Ping(Bytes::from_static(b"there?"))).await;
            }
        }
        ws.sent += 1;
        ws.all_acked().await;
        assert_eq!(recorder.session("s").await["messages"][0]["content"], events::content("s", 1));
    });
}

#[test]
fn closes_and_heartbeats() {
    within(60, async {
        let mut recorder = Recorder::start(Opts::config("[recording]\nheartbeat_secs = 1\n"));
        let mut ws = recorder.ws().await;
        ws.send(&events::message("s", 1)).await;
        ws.put(Message::Binary(Bytes::from_static(b"\x00"))).await;
        assert_eq!(ws.end().await, Ended::Closed(1003));
        assert_eq!(ws.acked, 1, "what came before is acknowledged");

        let mut ws = recorder.ws().await;
        assert_eq!(ws.welcome["heartbeat_secs"], 1);
        eventually("two pings", 10, async || {
            ws.next_within(Duration::from_millis(100)).await;
            (ws.pings >= 2).then_some(())
        })
        .await;
        // one who answers no pings is dropped after three of them
        let silent = recorder.ws().await;
        let begun = Instant::now();
        eventually("the silent one is dropped", 15, async || {
            // the other one goes on reading, so it answers
            ws.next_within(Duration::from_millis(50)).await;
            (recorder.status().await["connections"].as_array().unwrap().len() == 1).then_some(())
        })
        .await;
        assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
        drop(silent);

        // the session lives again before the stop; of the rest the stop may take any part
        ws.send(&events::message("s", 2)).await;
        ws.all_acked().await;
        for n in 3..=200 {
            ws.send(&events::message("s", n)).await;
        }
        recorder.signal_term();
        assert_eq!(ws.end().await, Ended::Closed(1001));
        let acked = ws.acked;
        assert_eq!(recorder.wait().code(), Some(0));
        recorder.restart();
        let there = recorder.events("s").await.len() as u64;
        // each frame here has one event, and message 1 was there before
        assert!(there > acked && there <= 200, "{acked} acked, {there} there");
        let session = recorder.session("s").await;
        assert_eq!(session["interruptions"].as_array().unwrap().last().unwrap()["reason"], "server_stop");
    });
}

#[test]
fn a_drop_interrupts_after_the_grace_and_events_bring_it_back() {
    within(40, async {
        let recorder = Recorder::plain();
        let mut ws = recorder.ws().await;
        for n in 1..=3 {
            ws.send(&events::message("s", n)).await;
        }
        ws.all_acked().await;
        let begun = Instant::now();
        drop(ws);
        let session = eventually("interrupted", 15, async || {
            let session = recorder.session("s").await;
            (session["state"] == "interrupted").then_some(session)
        })
        .await;
        assert!(begun.elapsed() >= Duration::from_millis(1_900), "{:?}", begun.elapsed());
        assert_eq!(session["interruptions"][0]["reason"], "disconnect");
        assert_eq!(session["interruptions"][0]["until"], Value::Null);

        let mut ws = recorder.ws().await;
        assert_eq!(ws.hello(&["s"]).await["s"]["last_seq"], 3);
        for n in 4..=6 {
            ws.send(&events::message("s", n)).await;
        }
        ws.all_acked().await;
        let session = recorder.session("s").await;
        assert_eq!(session["state"], "recording");
        assert_eq!(session["live"], true);
        assert_eq!(session["interruptions"][0]["replayed"], 3, "{session}");
        assert!(session["interruptions"][0]["until"].is_string());

        // one who comes back in time is never interrupted, and neither is a session that two carry
        let mut second = recorder.ws().await;
        second.send(&events::message("s", 7)).await;
        second.all_acked().await;
        drop(ws);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(recorder.session("s").await["state"], "recording");
        assert_eq!(recorder.session("s").await["interruptions"].as_array().unwrap().len(), 1);
    });
}
