//! Long sessions in parts, lists narrowed, texts as they stream in, archives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Home};
use serde_json::{Value, json};
use std::io::Read as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn record(home: &Home, events: &[Value]) {
    let answer = home.post("/api/recording/events", &Value::from(events).to_string()).await;
    assert_eq!((answer.status, &answer.json()["rejected"]), (200, &json!(0)), "{answer:?}");
}

fn message(session: &str, n: u64, content: &str) -> Value {
    json!({"session_id": session, "event_type": "message", "event_id": format!("e{n}"), "seq": n,
        "timestamp": 1_760_000_000_000u64 + n, "data": {"role": "user", "content": content}})
}

fn refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(words), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_read_in_parts_and_followed() {
    let home = Home::start("").await;
    let path = "/api/recording/sessions/s";
    record(&home, &(1..=30).map(|n| message("s", n * 10, "text")).collect::<Vec<_>>()).await;
    let head = home.get(&format!("{path}?items=none")).await.json();
    assert_eq!(
        (&head["items"], &head["messages"], &head["message_count"]),
        (&json!(30), &json!([]), &json!(30))
    );
    let first = home.get(&format!("{path}/items?limit=20")).await.json();
    assert_eq!((first["items"].as_array().unwrap().len(), &first["next_from"]), (20, &json!(21)));
    assert_eq!((&first["items"][0]["kind"], &first["items"][0]["position"]), (&json!("message"), &json!(1)));
    assert_eq!((&first["revision"], &first["total"]), (&head["revision"], &json!(30)));
    assert!(first.get("removed").is_none());
    let last = home.get(&format!("{path}/items?before=31&limit=5")).await.json();
    assert_eq!((&last["items"][0]["position"], &last["next_from"]), (&json!(26), &Value::Null));

    // A late one moves what is behind it; one of an unknown type stands where it happened.
    let other = json!({"session_id": "s", "event_type": "cursor_moved", "event_id": "o", "timestamp": 1_760_000_000_005u64, "data": {}});
    record(&home, &[message("s", 295, "late"), other]).await;
    let changed = home.get(&format!("{path}/items?changed_since={}", first["revision"])).await.json();
    let positions: Vec<&Value> =
        changed["items"].as_array().unwrap().iter().map(|i| &i["position"]).collect();
    assert_eq!(positions, [&Value::Null, &json!(1), &json!(30), &json!(31)], "{changed}");
    assert_eq!((&changed["items"][0]["before"], &changed["removed"]), (&json!(1), &json!([])));
    let (json, whole) = ([("Content-Type", "application/json")], format!("{path}?items=none"));
    let patched = home.ask("PATCH", &whole, &json, r#"{"starred":true}"#).await.json();
    assert_eq!((&patched["starred"], &patched["messages"]), (&json!(true), &json!([])));
    assert!(patched["revision"].as_u64() > changed["revision"].as_u64());
    // `seq` has a hole before each of them.
    assert_eq!(patched["holes"][0]["before_position"], 1);

    refused(&home.get(&format!("{path}/items?changed_since=99999999999999")).await, 410, "read all");
    refused(&home.get(&format!("{path}/items?before=3&from=1")).await, 400, "before");
    refused(&home.get(&format!("{path}/items?from=x")).await, 400, "from");
    refused(&home.get(&format!("{path}?items=some")).await, 400, "none, all");
    assert_eq!(home.get("/api/recording/sessions/unknown/items").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_and_say_to_what_they_can_be() {
    let home = Home::start("").await;
    let start = |session: &str, editor: &str| json!({"session_id": session, "event_type": "session_start", "data": {"editor": editor, "model": "opus", "provider": "p"}});
    record(&home, &[start("a,b/c%", "zed"), start("two", "vscode"), message("two", 1, "one needle")]).await;
    let call = json!({"session_id": "a,b/c%", "event_type": "tool_call", "data": {"name": "run", "arguments": {"cmd": "needle"}}});
    record(&home, &[call]).await;
    let total = async |query: &str| {
        home.get(&format!("/api/recording/sessions?{query}")).await.json()["total"].clone()
    };
    assert_eq!(total("editor=zed").await, 1);
    assert_eq!(total("model=opus&editor=none").await, 0);
    assert_eq!(total("q=needle").await, 2);
    // Each id is encoded, and the whole once more.
    assert_eq!(total("ids=a%252Cb%252Fc%2525,two").await, 2);
    assert_eq!(total("ids=two%2Cthree").await, 1);
    let found = home.get("/api/recording/sessions?q=needle&excerpts=2&sort=oldest").await.json();
    let kinds: Vec<&Value> =
        found["sessions"].as_array().unwrap().iter().map(|s| &s["hits"][0]["kind"]).collect();
    assert!(kinds.contains(&&json!("tool_call")) && kinds.contains(&&json!("message")), "{found}");
    refused(&home.get("/api/recording/sessions?q=x&excerpts=11").await, 400, "1 to 10");
    refused(&home.get("/api/recording/sessions?q=x&excerpts=1&limit=1000").await, 400, "200");
    let many = vec!["x"; 101].join(",");
    refused(&home.get(&format!("/api/recording/sessions?ids={many}")).await, 400, "at most 100");

    let facets = home.get("/api/recording/sessions/facets?state=all&editor=zed").await.json();
    assert_eq!(facets["editors"], json!([{"value": "vscode", "count": 1}, {"value": "zed", "count": 1}]));
    assert_eq!(facets["models"], json!([{"value": "opus", "count": 1}]));
    refused(&home.get("/api/recording/sessions/facets?limit=1").await, 400, "limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_stream_to_who_asked_for_their_session() {
    let home = Home::start("").await;
    let mut stream = tokio::net::TcpStream::connect(home.address).await.unwrap();
    let path = "/api/recording/live?session=a%2Fb&session=other";
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", home.address).as_bytes())
        .await
        .unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 4096]);
    let delta = |session: &str, text: &str| json!({"session_id": session, "event_type": "message_delta", "data": {"message_id": "m", "delta": text}});
    let reading = async {
        while !seen.contains("retry: 2000") {
            let n = stream.read(&mut buffer).await.unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
        record(&home, &[delta("secret", "hidden words"), delta("a/b", "shown words")]).await;
        while !seen.contains("event: delta") || !seen.contains("event: changed") {
            let n = stream.read(&mut buffer).await.unwrap();
            assert!(n > 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap();
    assert!(
        seen.contains(r#""session_id":"a/b","message_id":"m","role":null,"delta":"shown words""#),
        "{seen}"
    );
    assert!(!seen.contains("hidden"), "{seen}");
    refused(
        &home.get(&format!("/api/recording/live?{}", ["session=s"; 9].join("&"))).await,
        400,
        "at most 8",
    );
    refused(&home.get("/api/recording/live?sesion=s").await, 400, "known are session");
}

/// HTTP/1.0, so that the body comes as it is.
async fn archive(home: &Home, body: &str) -> zip::ZipArchive<std::io::Cursor<Vec<u8>>> {
    let mut stream = tokio::net::TcpStream::connect(home.address).await.unwrap();
    let head = format!(
        "POST /api/recording/export HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        home.address,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..at]).to_ascii_lowercase();
    assert!(head.contains("application/zip") && head.contains("chasm-sessions.zip"), "{head}");
    zip::ZipArchive::new(std::io::Cursor::new(answer.split_off(at + 4))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_has_each_session_as_its_own_export() {
    let home = Home::start("").await;
    for session in ["one", "two", "large"] {
        let start =
            json!({"session_id": session, "event_type": "session_start", "data": {"title": "A talk"}});
        record(&home, &[start, message(session, 1, &format!("words of {session}"))]).await;
    }
    let long: Vec<Value> = (2..=1_500).map(|n| message("large", n, &"many words ".repeat(20))).collect();
    record(&home, &long).await;
    for (format, extension) in [("markdown", "md"), ("json", "json"), ("jsonl", "jsonl"), ("html", "html")] {
        let ids = ["one", "two", "large", "one"];
        let mut archive = archive(&home, &json!({"session_ids": ids, "format": format}).to_string()).await;
        let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort();
        let wanted = ["A talk (2)", "A talk (3)", "A talk"].map(|name| format!("{name}.{extension}"));
        assert_eq!(names, wanted);
        for (name, session) in [("A talk", "one"), ("A talk (2)", "two"), ("A talk (3)", "large")] {
            let mut text = String::new();
            archive.by_name(&format!("{name}.{extension}")).unwrap().read_to_string(&mut text).unwrap();
            assert!(text.contains(&format!("words of {session}")), "{name}: {session}");
            if (session, format) == ("large", "jsonl") {
                assert_eq!(text.lines().count(), 1_501);
            }
        }
    }
    refused(&home.post("/api/recording/export", r#"{"session_ids":["one","gone"]}"#).await, 404, "gone");
    refused(&home.post("/api/recording/export", r#"{"session_ids":[]}"#).await, 422, "1 to 1000");
    assert!(
        home.post("/api/recording/export", r#"{"session_ids":["one"],"format":"pdf"}"#).await.status >= 400
    );
}
