//! What was recorded, read back over REST.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::Home;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Ids as hostile as they may be, with the same percent-encoded.
const IDS: &[(&str, &str)] = &[
    ("plain", "plain"),
    ("a/b/../c", "a%2Fb%2F..%2Fc"),
    ("100%25?x=1#f", "100%2525%3Fx%3D1%23f"),
    ("会話 🦀", "%E4%BC%9A%E8%A9%B1%20%F0%9F%A6%80"),
    ("events", "events"),
    ("a+b", "a+b"),
];

async fn record(home: &Home, events: &[Value]) {
    let answer = home.post("/api/recording/events", &Value::from(events).to_string()).await;
    assert_eq!((answer.status, &answer.json()["rejected"]), (200, &json!(0)), "{answer:?}");
}

fn message(session: &str, id: &str, role: &str, content: &str) -> Value {
    json!({"session_id": session, "event_type": "message", "event_id": id, "data": {"role": role, "content": content}})
}

#[tokio::test(flavor = "multi_thread")]
async fn any_id_can_be_read_changed_exported_and_deleted() {
    let home = Home::start("").await;
    for (id, encoded) in IDS {
        record(&home, &[message(id, "1", "user", "hello"), message(id, "2", "assistant", "world")]).await;
        let path = format!("/api/recording/sessions/{encoded}");
        let shown = home.get(&path).await;
        assert_eq!((shown.status, &shown.json()["session_id"]), (200, &json!(id)), "{shown:?}");
        assert_eq!(shown.body.matches("\"messages\":").count(), 1, "{shown:?}");
        assert_eq!(shown.json()["messages"][1]["content"], "world");
        let raw = home.get(&format!("{path}/events?limit=1")).await.json();
        assert_eq!(raw["events"][0]["event"]["event_id"], "1");
        assert!(raw["next_cursor"].is_string());
        let patch = r#"{"title":"mine","starred":true,"tags":["t"]}"#;
        let changed = home.ask("PATCH", &path, &[("Content-Type", "application/json")], patch).await;
        assert_eq!(
            (&changed.json()["title"], &changed.json()["starred"]),
            (&json!("mine"), &json!(true)),
            "{changed:?}"
        );
        for format in ["markdown", "json", "jsonl", "html"] {
            let file = home.get(&format!("{path}/export?format={format}")).await;
            assert_eq!(file.status, 200, "{file:?}");
            assert!(file.body.contains("world"), "{file:?}");
            assert!(
                file.header("content-disposition").unwrap().starts_with("attachment; filename=\"mine."),
                "{file:?}"
            );
        }
        assert_eq!(home.get(&format!("{path}/export?format=pdf")).await.code(), "bad_request");
        assert_eq!(home.ask("DELETE", &path, &[], "").await.status, 204);
        assert_eq!(home.get(&path).await.code(), "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_all_events() {
    let home = Home::start("").await;
    let events: Vec<Value> =
        (0..2_500).map(|n| message("long", &format!("e{n}"), "user", &format!("text {n}"))).collect();
    record(&home, &events).await;
    let file = home.ask("GET", "/api/recording/sessions/long/export?format=jsonl", &[], "").await;
    let unchunked: Vec<&str> = file.body.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(unchunked.len(), 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_search_find_it() {
    let home = Home::start("").await;
    record(&home, &[message("s", "1", "user", "a lighthouse <b>in</b> the fog")]).await;
    let found = home.get("/api/recording/search?q=lighthouse").await.json();
    assert_eq!(found["hits"][0]["session_id"], "s", "{found}");
    let active = home.get("/api/recording/sessions").await.json();
    assert_eq!((&active["total"], &active["sessions"][0]["session_id"]), (&json!(1), &json!("s")));
    let none = home.get("/api/recording/sessions?state=completed").await.json();
    assert_eq!(none["total"], 0);
    let status = home.get("/api/recording/status").await.json();
    assert_eq!((&status["status"], &status["events_recorded"]), (&json!("recording"), &json!(1)), "{status}");
    for bad in ["cursor=nonsense", "state=x", "sort=x", "since=x", "starred=maybe"] {
        assert_eq!(home.get(&format!("/api/recording/sessions?{bad}")).await.code(), "bad_request", "{bad}");
    }
    let overview = home.get("/api/recording/recovery").await;
    assert_eq!(overview.status, 200, "{overview:?}");
    assert_eq!(home.post("/api/recording/recovery", "").await.status, 200);
    assert_eq!(home.get("/api/recording/notices").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_taken_and_known_the_second_time() {
    let home = Home::start("").await;
    let body = r#"{"session_id":"s","snapshot":{"messages":[{"role":"user","content":"half \ud83d"}]}}"#;
    let first = home.post("/api/recording/snapshot", body).await;
    assert_eq!((first.status, &first.json()["stored"]), (200, &json!(true)), "{first:?}");
    assert_eq!(home.post("/api/recording/snapshot", body).await.json()["stored"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_stream_says_what_changes_and_ends_with_the_server() {
    let mut home = Home::start("").await;
    let mut stream = tokio::net::TcpStream::connect(home.address).await.unwrap();
    let request = format!("GET /api/recording/live HTTP/1.1\r\nHost: {}\r\n\r\n", home.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains("retry: 2000") {
        let n = stream.read(&mut buffer).await.unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    assert!(seen.to_ascii_lowercase().contains("content-type: text/event-stream"), "{seen}");
    record(&home, &[message("s", "1", "user", "secret words")]).await;
    let reading = async {
        while !(seen.contains("event: lifecycle") && seen.contains("event: changed")) {
            let n = stream.read(&mut buffer).await.unwrap();
            assert!(n > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap();
    assert!(!seen.contains("secret"), "{seen}");
    home.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
    ended.unwrap().unwrap();
}
