//! The stream against a recorder made for the test: one that loses connections, pauses, refuses and comes back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use chasm_client::{ClientError, Endpoint, Options, Stream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// The recorder's end of one connection.
struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    async fn accept(listener: &TcpListener, welcome: Value) -> Self {
        let (socket, _) = listener.accept().await.unwrap();
        let mut peer = Self(tokio_tungstenite::accept_async(socket).await.unwrap());
        let mut frame = json!({"type":"welcome","protocol":1,"server":"t/1","connection_id":1,
            "max_frame_bytes":2000,"heartbeat_secs":30,"paused":false});
        for (key, value) in welcome.as_object().unwrap() {
            frame[key] = value.clone();
        }
        peer.say(frame).await;
        let hello = peer.read().await.unwrap();
        assert_eq!(hello["type"], "hello", "{hello}");
        peer.say(json!({"type":"resume","sessions":{"s":{"last_seq":3,"events":4,"missing":[[2,2]]}}})).await;
        peer
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn read_many(&mut self, n: usize) -> Vec<Value> {
        let mut out = Vec::new();
        for _ in 0..n {
            out.push(self.read().await.unwrap()["n"].clone());
        }
        out
    }

    async fn ack(&mut self, through: u64, recorded: u64) {
        self.say(json!({"type":"ack","through":through,"recorded":recorded,"duplicates":0})).await;
    }
}

async fn listener() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::at(&listener.local_addr().unwrap().to_string()).unwrap();
    (listener, endpoint)
}

fn event(n: u64) -> String {
    json!({"session_id":"s","event_type":"x","event_id":format!("e{n}"),"n":n}).to_string()
}

fn options() -> Options {
    Options { sessions: vec!["s".into()], window: 4, ..Options::default() }
}

#[tokio::test]
async fn what_was_not_acknowledged_goes_again_in_order() {
    let (listener, endpoint) = listener().await;
    let server = tokio::spawn(async move {
        let mut first = Peer::accept(&listener, json!({})).await;
        assert_eq!(first.read_many(4).await, [1, 2, 3, 4]);
        first.ack(2, 2).await;
        first.read_many(1).await;
        drop(first);
        let mut second = Peer::accept(&listener, json!({})).await;
        let again = second.read_many(4).await;
        second.ack(4, 4).await;
        assert!(second.read().await.is_none());
        again
    });
    let mut recorder = Stream::connect(endpoint, options()).await.unwrap();
    assert_eq!(recorder.resume_points()["s"].missing, [(2, 2)]);
    for n in 1..=6 {
        recorder.send(event(n)).await.unwrap();
    }
    let report = recorder.finish().await.unwrap();
    assert_eq!((report.sent, report.acked, report.recorded, report.reconnects), (6, 6, 6, 1));
    assert_eq!(server.await.unwrap(), [3, 4, 5, 6]);
}

#[tokio::test]
async fn the_window_holds_the_sender_back() {
    let (listener, endpoint) = listener().await;
    let server = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener, json!({})).await;
        peer.read_many(4).await;
        let more = tokio::time::timeout(Duration::from_millis(200), peer.read()).await;
        assert!(more.is_err(), "a fifth event came before an ack");
        peer.ack(4, 4).await;
        assert_eq!(peer.read_many(2).await, [5, 6]);
        peer.ack(6, 2).await;
        peer.read().await;
    });
    let mut recorder = Stream::connect(endpoint, options()).await.unwrap();
    for n in 1..=6 {
        recorder.send(event(n)).await.unwrap();
    }
    assert_eq!(recorder.finish().await.unwrap().recorded, 6);
    server.await.unwrap();
}

#[tokio::test]
async fn refusals_and_remarks_are_named_and_too_large_ones_are_not_sent() {
    let (listener, endpoint) = listener().await;
    let server = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener, json!({})).await;
        assert_eq!(peer.read_many(3).await, [1, 2, 4]);
        peer.say(
            json!({"type":"error","frame":2,"index":0,"event_id":"e2","code":"invalid_field","message":"no"}),
        )
        .await;
        peer.say(json!({"type":"error","frame":3,"index":0,"code":"from_the_future","message":"odd"})).await;
        peer.say(json!({"type":"warning","frame":1,"index":0,"code":"unknown_event_type","message":"kept"}))
            .await;
        peer.ack(3, 1).await;
        peer.read().await;
    });
    let mut recorder = Stream::connect(endpoint, options()).await.unwrap();
    recorder.send(event(1)).await.unwrap();
    recorder.send(event(2)).await.unwrap();
    recorder.send(format!("{{\"pad\":\"{}\"}}", "x".repeat(3000))).await.unwrap();
    recorder.send(event(4)).await.unwrap();
    let report = recorder.finish().await.unwrap();
    let refused: Vec<_> = report.refused.iter().map(|r| (r.event, r.code.as_str())).collect();
    assert_eq!(refused, [(3, "too_large"), (2, "invalid_field"), (4, "from_the_future")]);
    assert_eq!(report.warning_counts["unknown_event_type"], 1);
    assert_eq!((report.recorded, report.acked), (1, 4));
    server.await.unwrap();
}

#[tokio::test]
async fn a_pause_is_waited_for_and_nothing_is_lost() {
    let (listener, endpoint) = listener().await;
    let server = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener, json!({"paused": true})).await;
        let early = tokio::time::timeout(Duration::from_millis(150), peer.read()).await;
        assert!(early.is_err(), "an event came while paused");
        peer.say(json!({"type":"resumed"})).await;
        peer.read_many(2).await;
        // Paused again while these were on their way.
        peer.say(json!({"type":"paused"})).await;
        for frame in 1..=2 {
            peer.say(json!({"type":"error","frame":frame,"index":0,"code":"paused","message":"wait"})).await;
        }
        peer.ack(2, 0).await;
        peer.say(json!({"type":"resumed"})).await;
        let again = peer.read_many(2).await;
        peer.ack(4, 2).await;
        peer.read().await;
        again
    });
    let mut recorder = Stream::connect(endpoint, options()).await.unwrap();
    assert!(recorder.progress().paused);
    recorder.send(event(1)).await.unwrap();
    recorder.send(event(2)).await.unwrap();
    let report = recorder.finish().await.unwrap();
    assert_eq!((report.recorded, report.refused_count), (2, 0));
    assert_eq!(server.await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn nobody_there_is_said_in_words() {
    let (listener, endpoint) = listener().await;
    drop(listener);
    let url = endpoint.url.clone();
    let error = Stream::connect(endpoint.clone(), options()).await.unwrap_err();
    assert!(error.is_unreachable());
    assert!(error.to_string().starts_with(&format!("no recorder at {url}: start one with `chasm serve`")));
    let error = chasm_client::Rest::new(endpoint).unwrap().status().await.unwrap_err();
    assert!(error.to_string().contains("start one with `chasm serve`"), "{error}");
}

#[tokio::test]
async fn one_that_stays_away_is_given_up_with_the_count_of_what_is_open() {
    let (listener, endpoint) = listener().await;
    let server = tokio::spawn(async move {
        let mut peer = Peer::accept(&listener, json!({})).await;
        peer.read_many(2).await;
        peer.ack(1, 1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    });
    let options = Options { give_up_after: Duration::from_millis(700), ..options() };
    let mut recorder = Stream::connect(endpoint, options).await.unwrap();
    recorder.send(event(1)).await.unwrap();
    recorder.send(event(2)).await.unwrap();
    let error = recorder.finish().await.unwrap_err();
    assert!(matches!(error, ClientError::Gone { unacked: 1, .. }), "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_refused_upgrade_says_why() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (listener, endpoint) = listener().await;
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 2048]).await.unwrap();
        let body = r#"{"error":{"code":"unauthorized","message":"show the token"}}"#;
        let head = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    });
    let error = Stream::connect(endpoint, options()).await.unwrap_err();
    assert_eq!(error.to_string(), "show the token (unauthorized, HTTP 401)");
}
