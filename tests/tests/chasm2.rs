//! A client that was made for «chasm-cli 2.0.0» records here unchanged: its paths, its shapes, no ids and no numbers.
//!
//! The client is this file's own and sends what such clients send, no more. Invariant under test: what was answered is there after
//! a `kill -9`, once; what is sent again is not recorded again; what goes on is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, eventually, http, within};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const PATIENCE: Duration = Duration::from_secs(30);
const JSON: (&str, &str) = ("Content-Type", "application/json");

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn open(to: SocketAddr) -> Self {
        Self::try_open(to, &[]).await.unwrap()
    }

    async fn try_open(to: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{to}/recording/ws").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let opened = tokio::time::timeout(PATIENCE, tokio_tungstenite::connect_async(request)).await.unwrap();
        let mut client = match opened {
            Ok((socket, _)) => Self { socket },
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let connected = client.next().await.unwrap();
        assert_eq!(connected["type"], "connected", "{connected}");
        assert!(connected["client_id"].is_string(), "{connected}");
        Ok(client)
    }

    async fn send(&mut self, frame: Value) {
        self.socket.send(Message::Text(frame.to_string().into())).await.unwrap();
    }

    /// `None` where the connection is gone.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// Sends a frame of events; answers what is said of each.
    async fn events(&mut self, events: &[Value]) -> Vec<Value> {
        self.send(json!({"type": "events", "events": events})).await;
        let answer = self.next().await.unwrap();
        assert_eq!(answer["type"], "events_processed", "{answer}");
        assert_eq!(answer["count"], events.len(), "{answer}");
        answer["responses"].as_array().unwrap().clone()
    }

    async fn recorded(&mut self, events: &[Value]) {
        for answer in self.events(events).await {
            assert_eq!(answer["type"], "ack", "{answer}");
        }
    }
}

fn start(session: &str) -> Value {
    json!({"type": "session_start", "session_id": session, "workspace_id": null, "workspace_path": "/home/me/project",
           "provider": "vscode", "title": "Two point nought", "model": "gpt-4", "metadata": null})
}

fn add(session: &str, message: &str, role: &str, content: &str) -> Value {
    json!({"type": "message_add", "session_id": session, "message_id": message, "role": role, "content": content,
           "model": null, "parent_id": null, "metadata": null})
}

fn append(session: &str, message: &str, delta: &str) -> Value {
    json!({"type": "message_append", "session_id": session, "message_id": message, "content_delta": delta})
}

fn update(session: &str, message: &str, content: &str, complete: bool) -> Value {
    json!({"type": "message_update", "session_id": session, "message_id": message, "content": content,
           "is_complete": complete})
}

fn end(session: &str, messages: u64) -> Value {
    json!({"type": "session_end", "session_id": session, "final_message_count": messages})
}

fn texts(session: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let messages = session["messages"].as_array().unwrap();
    messages.iter().map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(role, text)| (String::from(*role), String::from(*text))).collect()
}

async fn post(recorder: &Recorder, path: &str, body: &Value) -> http::Answer {
    http::ask(recorder.address(), "POST", path, &[JSON], body.to_string().as_bytes()).await
}

#[test]
fn a_whole_session_over_the_socket() {
    within(60, async {
        let recorder = Recorder::plain();
        let mut client = Client::open(recorder.address()).await;
        let events = [
            start("s"),
            add("s", "u1", "user", "Hello"),
            add("s", "a1", "assistant", ""),
            append("s", "a1", "ha"),
            append("s", "a1", "ha"),
            json!({"type": "heartbeat", "session_id": "s", "timestamp": 1_767_225_600_000_i64}),
            json!({"type": "heartbeat", "session_id": null, "timestamp": 1_767_225_600_000_i64}),
        ];
        let answers = client.events(&events).await;
        let statuses: Vec<&str> = answers.iter().map(|answer| answer["status"].as_str().unwrap()).collect();
        let wanted = [
            "session_started",
            "message_added",
            "message_added",
            "message_appended",
            "message_appended",
            "heartbeat",
            "heartbeat",
        ];
        assert_eq!(statuses, wanted);
        assert!(
            answers[..5].iter().all(|answer| answer["event_id"].as_str().is_some_and(|id| !id.is_empty()))
        );
        let session = recorder.session("s").await;
        assert_eq!(texts(&session), owned(&[("user", "Hello"), ("assistant", "haha")]));
        assert_eq!((&session["state"], &session["live"]), (&json!("recording"), &json!(true)));
        assert_eq!(session["workspace"], "/home/me/project");
        let answers = client
            .events(&[
                update("s", "a1", "haha, yes", true),
                json!({"type": "session_update", "session_id": "s", "title": "Renamed", "model": null, "metadata": {"k": 1}}),
                json!({"type": "tool_ran", "session_id": "s", "name": "ls", "nothing": null}),
                end("s", 2),
            ])
            .await;
        let statuses: Vec<&str> = answers.iter().map(|answer| answer["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["message_updated", "session_updated", "recorded", "session_ended"]);
        let session = recorder.session("s").await;
        assert_eq!(texts(&session), owned(&[("user", "Hello"), ("assistant", "haha, yes")]));
        assert_eq!((&session["state"], &session["title"]), (&json!("completed"), &json!("Renamed")));
        let other = &session["other"][0]["event"];
        assert_eq!(other["event_type"], "chasm2.tool_ran");
        let whole = json!({"type": "tool_ran", "session_id": "s", "name": "ls", "nothing": null});
        assert_eq!(other["data"], whole);
    });
}

#[test]
fn frames_that_are_no_events_are_answered_too() {
    within(60, async {
        let recorder = Recorder::plain();
        let mut client = Client::open(recorder.address()).await;
        client.send(json!({"type": "ping", "timestamp": 7})).await;
        let pong = client.next().await.unwrap();
        assert_eq!((&pong["type"], &pong["timestamp"]), (&json!("pong"), &json!(7)));
        assert!(pong["server_time"].is_u64(), "{pong}");
        for (kind, answer) in [("subscribe", "subscribed"), ("unsubscribe", "unsubscribed")] {
            client.send(json!({"type": kind, "session_id": "s"})).await;
            assert_eq!(client.next().await.unwrap(), json!({"type": answer, "session_id": "s"}));
        }
        for bad in ["{", "[]", "{\"type\":\"nonsense\"}", "7"] {
            client.socket.send(Message::Text(bad.into())).await.unwrap();
            let error = client.next().await.unwrap();
            assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("parse_error")), "{bad}");
            assert!(error["message"].as_str().is_some_and(|text| text.len() > 8), "{error}");
        }
        // one bad event leaves the others as they are, and the connection stays
        let answers = client
            .events(&[
                start("s"),
                json!({"type": "message_append", "session_id": "s"}),
                add("s", "m", "user", "x"),
            ])
            .await;
        assert_eq!(answers[1]["type"], "error");
        assert_eq!(answers[1]["code"], "missing_field");
        assert_eq!((&answers[0]["type"], &answers[2]["type"]), (&json!("ack"), &json!("ack")));
        assert_eq!(texts(&recorder.session("s").await), owned(&[("user", "x")]));
        drop(client);
        eventually("the session is interrupted", 30, async || {
            (recorder.session("s").await["state"] == "interrupted").then_some(())
        })
        .await;
    });
}

/// One long answer, a piece an event: many pieces are equal.
fn story() -> Vec<Value> {
    let words = "the cat and the dog and the bird sat on the mat and the the rain fell on the cat and on the mat so \
        the dog and the cat ran and the bird flew off to the old house and the rain went on the end";
    let mut events = vec![start("s"), add("s", "u", "user", "Tell me"), add("s", "a", "assistant", "")];
    events.extend(words.split_whitespace().map(|word| append("s", "a", &format!("{word} "))));
    events
}

fn told(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["content_delta"].as_str()).collect()
}

#[test]
fn after_a_kill_what_is_sent_again_is_recorded_once() {
    within(120, async {
        let story = story();
        let mut recorder = Recorder::plain();
        let mut client = Client::open(recorder.address()).await;
        for event in &story[..20] {
            client.recorded(std::slice::from_ref(event)).await;
        }
        // these are on the way when it dies: nobody knows which of them it has
        for event in &story[20..30] {
            client.send(json!({"type": "events", "events": [event]})).await;
        }
        recorder.kill9();
        let mut answered = 20;
        while client.next().await.is_some() {
            answered += 1;
        }
        recorder.restart();
        let kept = recorder.events("s").await.len();
        assert!((answered..=30).contains(&kept), "{answered} answered, {kept} kept");
        println!("{answered} answered and {kept} on disk at the kill");

        // the client sends what was not answered, in other portions, and goes on
        let mut client = Client::open(recorder.address()).await;
        for portion in story[answered..].chunks(3) {
            client.recorded(portion).await;
        }
        let session = recorder.session("s").await;
        assert_eq!(texts(&session), owned(&[("user", "Tell me"), ("assistant", &told(&story))]));
        assert_eq!(recorder.events("s").await.len(), story.len());

        // and all of it, from its beginning, as a client that lost its memory: in this run and after another kill
        for _ in 0..2 {
            let mut client = Client::open(recorder.address()).await;
            for portion in story.chunks(7) {
                client.recorded(portion).await;
            }
            assert_eq!(recorder.events("s").await.len(), story.len());
            recorder.kill9();
            recorder.restart();
        }
        assert_eq!(texts(&recorder.session("s").await), texts(&session));
    });
}

#[test]
fn after_a_kill_what_goes_on_is_recorded() {
    within(60, async {
        let story = story();
        let mut recorder = Recorder::plain();
        Client::open(recorder.address()).await.recorded(&story[..30]).await;
        recorder.kill9();
        recorder.restart();
        // it has heard every answer, so it sends none again; «the » stood in the text before
        let mut client = Client::open(recorder.address()).await;
        for event in &story[30..] {
            client.recorded(std::slice::from_ref(event)).await;
        }
        let session = recorder.session("s").await;
        assert_eq!(texts(&session), owned(&[("user", "Tell me"), ("assistant", &told(&story))]));
        drop(client);
        // within one run, where the answers are known to be out, an equal piece is another one
        let last = append("s", "a", story.last().unwrap()["content_delta"].as_str().unwrap());
        Client::open(recorder.address()).await.recorded(std::slice::from_ref(&last)).await;
        let longer = format!("{}{}", told(&story), last["content_delta"].as_str().unwrap());
        assert_eq!(texts(&recorder.session("s").await)[1].1, longer);
    });
}

#[test]
fn the_same_over_rest() {
    within(60, async {
        let mut recorder = Recorder::plain();
        let batch = json!({"events": [start("s"), add("s", "u", "user", "Hi"), add("s", "a", "assistant", "Yo"),
            append("s", "a", "!"), append("s", "a", "!")]});
        for round in 0..3 {
            let answer = post(&recorder, "/recording/events", &batch).await.expect(200);
            assert_eq!(
                (&answer["processed"], &answer["responses"][4]["status"]),
                (&json!(5), &json!("message_appended"))
            );
            assert_eq!(recorder.events("s").await.len(), 5, "round {round}");
            if round == 1 {
                recorder.kill9();
                recorder.restart();
            }
        }
        // single pieces, each answered: two equal ones are two
        let piece = json!({"events": [append("s", "a", "?")]});
        for _ in 0..2 {
            post(&recorder, "/recording/events", &piece).await.expect(200);
        }
        let session = recorder.get("/recording/session/s").await.expect(200);
        assert_eq!(session, recorder.get("/recording/sessions/s").await.expect(200));
        assert_eq!(texts(&session), owned(&[("user", "Hi"), ("assistant", "Yo!!??")]));
        assert_eq!((&session["message_count"], &session["provider"]), (&json!(2), &json!("vscode")));
        let list = recorder.get("/recording/sessions").await.expect(200);
        assert_eq!((&list["total"], &list["active_sessions"][0]["session_id"]), (&json!(1), &json!("s")));
        assert_eq!(list["active_sessions"][0]["is_dirty"], false);
        let recovery = recorder.get("/recording/session/s/recovery").await.expect(200);
        let wanted =
            json!({"type": "recovery", "session_id": "s", "last_message_id": "a", "message_count": 2});
        assert_eq!(recovery, wanted);
        assert_eq!(recorder.get("/recording/status").await.expect(200)["status"], "running");
        for path in ["/recording/session/none", "/recording/session/none/recovery"] {
            let missing = recorder.get(path).await.expect(404);
            assert_eq!((&missing["type"], &missing["code"]), (&json!("error"), &json!("session_not_found")));
        }
    });
}

#[test]
fn a_snapshot_fills_what_is_missing_and_removes_nothing() {
    within(60, async {
        let recorder = Recorder::plain();
        let message = |id: &str, text: &str| {
            json!({"message_id": id, "role": "user", "content": text, "model": null, "created_at": 1_767_225_600_000_i64,
                   "parent_id": null, "metadata": null})
        };
        let snapshot = json!({"type": "session_snapshot", "session_id": "s", "provider": "cursor", "workspace_path": "/p",
            "title": "T", "messages": [message("m1", "one"), message("m2", "two")], "metadata": null});
        post(
            &recorder,
            "/recording/events",
            &json!({"events": [add("s", "m1", "user", "one"), add("s", "m0", "user", "nought")]}),
        )
        .await
        .expect(200);
        for _ in 0..2 {
            let answer = post(&recorder, "/recording/snapshot", &snapshot).await.expect(200);
            assert_eq!((&answer["type"], &answer["status"]), (&json!("ack"), &json!("snapshot_received")));
        }
        let texts: Vec<String> =
            texts(&recorder.session("s").await).into_iter().map(|(_, text)| text).collect();
        for text in ["nought", "one", "two"] {
            assert_eq!(texts.iter().filter(|known| *known == text).count(), 1, "{texts:?}");
        }
        let refused = post(&recorder, "/recording/snapshot", &start("s")).await.expect(400);
        assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("invalid_event")));
    });
}

#[test]
fn the_fence_stands_before_these_paths_too() {
    within(60, async {
        let recorder = Recorder::plain();
        let (to, foreign) = (recorder.address(), ("Origin", "https://chat.example"));
        let body = json!({"events": [start("s")]}).to_string();
        let posted = http::ask(to, "POST", "/recording/events", &[JSON, foreign], body.as_bytes()).await;
        assert_eq!(posted.error(403), "forbidden_origin");
        assert_eq!(Client::try_open(to, &[("origin", "https://chat.example")]).await.err(), Some(403));
        let host = http::ask(to, "GET", "/recording/status", &[("Host", "evil.example")], b"").await;
        assert_eq!(host.error(403), "forbidden_host");
        let plain =
            http::ask(to, "POST", "/recording/events", &[("Content-Type", "text/plain")], body.as_bytes())
                .await;
        assert_eq!(plain.error(415), "unsupported_media_type");
        assert_eq!(recorder.status().await["sessions"], 0);

        let setting = json!({"allowed_origins": ["https://chat.example"]});
        recorder.rest("PATCH", "/api/settings", &setting).await.expect(200);
        let posted = http::ask(to, "POST", "/recording/events", &[JSON, foreign], body.as_bytes()).await;
        assert_eq!(posted.status, 200, "{posted:?}");
        let mut page = Client::try_open(to, &[("origin", "https://chat.example")]).await.unwrap();
        page.recorded(&[add("s", "m", "user", "by page")]).await;
        for path in [
            "/recording/sessions",
            "/recording/session/s",
            "/recording/session/s/recovery",
            "/recording/status",
        ] {
            let answer = http::ask(to, "GET", path, &[foreign], b"").await;
            assert_eq!(answer.error(403), "forbidden_origin", "{path}");
        }
        // it hears nothing of what others record
        page.send(json!({"type": "subscribe", "session_id": "other"})).await;
        assert_eq!(page.next().await.unwrap()["type"], "subscribed");
        post(&recorder, "/recording/events", &json!({"events": [add("other", "m", "user", "secret")]}))
            .await
            .expect(200);
        page.send(json!({"type": "ping", "timestamp": 1})).await;
        assert_eq!(page.next().await.unwrap()["type"], "pong");
    });
}

#[test]
fn while_paused_nothing_is_taken_and_it_is_said() {
    within(60, async {
        let recorder = Recorder::plain();
        let mut client = Client::open(recorder.address()).await;
        recorder.rest("POST", "/api/recording/pause", &json!({})).await.expect(200);
        let answers = client.events(&[add("s", "m", "user", "x")]).await;
        assert_eq!((&answers[0]["type"], &answers[0]["code"]), (&json!("error"), &json!("paused")));
        let answer =
            post(&recorder, "/recording/events", &json!({"events": [add("s", "m", "user", "x")]})).await;
        assert_eq!(answer.expect(503)["code"], "paused");
        assert!(answer.header("retry-after").is_some());
        recorder.rest("POST", "/api/recording/resume", &json!({})).await.expect(200);
        client.recorded(&[add("s", "m", "user", "x")]).await;
        assert_eq!(recorder.events("s").await.len(), 1);
    });
}
