//! The WebSocket over a real port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Home, event};
use futures_util::SinkExt;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_counted_and_acknowledged() {
    let home = Home::start("").await;
    let mut client = home.connect().await;
    let welcome = client.next().await;
    assert_eq!((&welcome["protocol"], &welcome["paused"]), (&json!(1), &json!(false)), "{welcome}");
    assert_eq!(welcome["max_frame_bytes"], 8 * 1024 * 1024);

    client.send(event("s", 1)).await;
    assert_eq!(
        client.until("ack").await.last(),
        Some(&json!({"type":"ack","through":1,"recorded":1,"duplicates":0}))
    );

    client.send(r#"{"type":"ping"}"#).await;
    assert_eq!(client.next().await, json!({"type":"pong"}));
    client.send(r#"{"type":"nope"}"#).await;
    let refused = client.next().await;
    assert_eq!((&refused["code"], refused.get("frame")), (&json!("unknown_frame"), None));

    client.send("not json").await;
    let frames = client.until("ack").await;
    assert_eq!((&frames[0]["frame"], &frames[0]["code"]), (&json!(2), &json!("bad_json")));
    assert_eq!(frames[1]["through"], 2);

    client.send(format!(r#"[{},{{"session_id":"s"}},{}]"#, event("s", 2), event("s", 3))).await;
    let frames = client.until("ack").await;
    assert_eq!((&frames[0]["frame"], &frames[0]["index"]), (&json!(3), &json!(1)));
    assert_eq!((&frames[1]["through"], &frames[1]["recorded"]), (&json!(3), &json!(2)));

    client.send(r#"{"type":"hello","client":"test/1","sessions":["s"]}"#).await;
    assert!(client.next().await["sessions"]["s"].is_object());
    client.0.send(Message::Binary(vec![1].into())).await.unwrap();
    assert_eq!(client.next().await["code"], 1003);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_the_limit_is_refused_and_the_connection_stays() {
    let home = Home::start("limits.frame_bytes = 65536").await;
    let mut client = home.connect().await.welcomed().await;
    client.send(event("s", 1)).await;
    client.until("ack").await;
    client.send("x".repeat(20_000_000)).await;
    client.send(event("s", 2)).await;
    let mut frames = client.until("ack").await;
    assert_eq!((&frames[0]["frame"], &frames[0]["code"]), (&json!(2), &json!("too_large")));
    if frames.last().unwrap()["through"] == 2 {
        frames = client.until("ack").await;
    }
    assert_eq!(frames.last().unwrap()["through"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_frames_within_the_limit_are_recorded() {
    let home = Home::start("").await;
    let mut client = home.connect().await.welcomed().await;
    for n in 1..=4u64 {
        let text = "y".repeat(2_000_000);
        client
            .send(format!(
                r#"{{"session_id":"s","event_type":"message","event_id":"l{n}","data":{{"role":"user","content":"{text}"}}}}"#
            ))
            .await;
        client.send(event("s", n as usize)).await;
    }
    let (mut through, mut recorded) = (0, 0);
    while through < 8 {
        let frames = client.until("ack").await;
        assert_eq!(frames.len(), 1, "{frames:?}");
        through = frames[0]["through"].as_u64().unwrap();
        recorded += frames[0]["recorded"].as_u64().unwrap();
    }
    assert_eq!(recorded, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_said_and_events_are_refused_meanwhile() {
    let home = Home::start("").await;
    let mut client = home.connect().await.welcomed().await;
    assert_eq!(home.post("/api/recording/pause", "").await.status, 200);
    assert_eq!(client.next().await, json!({"type":"paused"}));
    client.send(event("s", 1)).await;
    let frames = client.until("ack").await;
    assert_eq!((&frames[0]["code"], &frames[0]["event_id"]), (&json!("paused"), &json!("e1")));
    assert_eq!(frames[1], json!({"type":"ack","through":1,"recorded":0,"duplicates":0}));
    let refused = home.post("/api/recording/events", &event("s", 2)).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "paused"));
    assert!(refused.header("retry-after").is_some());
    let mut other = home.connect().await;
    assert_eq!(other.next().await["paused"], true);
    assert_eq!(home.ask("POST", "/api/recording/resume", &[], "").await.status, 200);
    assert_eq!(client.next().await, json!({"type":"resumed"}));
    client.send(event("s", 3)).await;
    assert_eq!(client.until("ack").await[0]["recorded"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_acknowledges_what_it_has_and_closes_with_1001() {
    let mut home = Home::start("").await;
    let mut client = home.connect().await.welcomed().await;
    for n in 0..50 {
        client.send(event("s", n)).await;
    }
    client.until("ack").await;
    let begin = Instant::now();
    let stopping = tokio::spawn(async move {
        home.stop().await;
        home
    });
    loop {
        let frame = client.next().await;
        if frame["type"] == "closed" {
            assert_eq!(frame["code"], 1001);
            break;
        }
        assert_eq!(frame["type"], "ack");
    }
    drop(client);
    stopping.await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_peer_is_dropped_and_a_living_one_is_not() {
    let home = Home::start("[recording]\nheartbeat_secs = 1").await;
    let mut living = home.connect().await.welcomed().await;
    // a socket that answers no ping
    let mut silent = tokio::net::TcpStream::connect(home.address).await.unwrap();
    let request = format!(
        "GET /ws/recording HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        home.address
    );
    tokio::io::AsyncWriteExt::write_all(&mut silent, request.as_bytes()).await.unwrap();
    let begin = Instant::now();
    let reading = async {
        let mut all = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut all).await.unwrap();
    };
    // the living one answers pings while it waits for a frame
    tokio::select! {
        () = reading => {}
        frame = living.next() => panic!("{frame}"),
        () = tokio::time::sleep(Duration::from_secs(10)) => panic!("it was not dropped"),
    }
    assert!(begin.elapsed() >= Duration::from_secs(3));
    living.send(event("s", 1)).await;
    assert_eq!(living.until("ack").await[0]["through"], 1);
}

/// Not a test: how many frames a second go through. `cargo test --release -p chasm-server -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn throughput() {
    const CLIENTS: usize = 8;
    const FRAMES: u64 = 100_000;
    const WINDOW: u64 = 64;
    let home = Home::start("").await;
    let pad = "x".repeat(180);
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let mut tasks = Vec::new();
    for c in 0..CLIENTS {
        let mut client = home.connect().await.welcomed().await;
        let pad = pad.clone();
        tasks.push(tokio::spawn(async move {
            let (mut sent, mut acked) = (0u64, 0u64);
            while acked < FRAMES {
                while sent < FRAMES && sent - acked < WINDOW {
                    let text = format!(
                        r#"{{"session_id":"s{c}","event_type":"message","event_id":"{c}-{sent}","data":{{"role":"user","content":"{pad}"}}}}"#
                    );
                    client.0.feed(Message::Text(text.into())).await.unwrap();
                    sent += 1;
                }
                client.0.flush().await.unwrap();
                acked = client.next().await["through"].as_u64().unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let frames = CLIENTS as f64 * FRAMES as f64;
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "{:.0} frames a second, {:.1} µs of CPU each, the client's included",
        frames / wall,
        cpu * 1e6 / frames
    );
}

/// Time that this process has had a core, by /proc (in ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Not a test: what a thousand idle connections cost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn idle_connections() {
    let home = Home::start("limits.connections = 4096").await;
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = memory();
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let mut open = Vec::new();
    let request = format!(
        "GET /ws/recording HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        home.address
    );
    for _ in 0..1_000 {
        let mut stream = tokio::net::TcpStream::connect(home.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        open.push(stream);
    }
    for stream in &mut open {
        let mut all = Vec::new();
        let mut buffer = [0; 1024];
        while !all.windows(7).any(|w| w == b"welcome") {
            let n = tokio::io::AsyncReadExt::read(stream, &mut buffer).await.unwrap();
            all.extend_from_slice(&buffer[..n]);
        }
    }
    let cost = cpu_seconds() - cpu;
    println!(
        "1000 connections in {:?} ({cost:.2} s of CPU), {} KiB each",
        begin.elapsed(),
        (memory() - before) / 1_000
    );
}
