//! A daemon of its own for each test, a plain HTTP client and a WebSocket client.

#![allow(dead_code)]

use chasm_server::{Daemon, Options};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub struct Home {
    pub folder: tempfile::TempDir,
    pub daemon: Option<Daemon>,
    pub address: SocketAddr,
}

impl Home {
    pub async fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), format!("port = 0\n{config}")).unwrap();
        let daemon = Daemon::start(Options::new(folder.path())).await.unwrap();
        Self { folder, address: daemon.address(), daemon: Some(daemon) }
    }

    pub async fn stop(&mut self) {
        self.daemon.take().unwrap().stop().await;
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("Content-Type", "application/json")], body).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(format!("{head}\r\n{body}").as_bytes()).await
    }

    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let bytes = bytes.to_vec();
        // a server that has heard enough may not take all of it
        let writing = tokio::spawn(async move {
            let _ = write.write_all(&bytes).await;
            write
        });
        let mut answer = Vec::new();
        let reading = tokio::time::timeout(Duration::from_secs(20), read.read_to_end(&mut answer));
        let _ = reading.await.expect("no answer");
        writing.abort();
        Answer::read(&answer)
    }

    pub async fn connect(&self) -> Client {
        Client::connect(&format!("ws://{}/ws/recording", self.address), &[]).await.unwrap()
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v).next()
    }

    /// The code of an error in the shape of all errors.
    pub fn code(&self) -> String {
        let json = self.json();
        assert!(json["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{self:?}");
        json["error"]["code"].as_str().unwrap().to_owned()
    }
}

pub struct Client(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub async fn connect(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(e) => panic!("{e}"),
        }
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::Text(text.into().into())).await.unwrap();
    }

    /// The next frame; `Null` with the code where the connection was closed.
    pub async fn next(&mut self) -> Value {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("no frame");
            match frame {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(Some(close)))) => {
                    return serde_json::json!({"type": "closed", "code": u16::from(close.code)});
                }
                Some(Ok(_)) => {}
                other => return serde_json::json!({"type": "gone", "what": format!("{other:?}")}),
            }
        }
    }

    /// All frames up to the first of this type.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            frames.push(self.next().await);
            let last = frames.last().unwrap();
            if last["type"] == kind {
                return frames;
            }
            assert!(last["type"] != "closed" && last["type"] != "gone", "{frames:?}");
        }
    }

    pub async fn welcomed(mut self) -> Self {
        assert_eq!(self.next().await["type"], "welcome");
        self
    }
}

pub fn event(session: &str, id: usize) -> String {
    format!(
        r#"{{"session_id":"{session}","event_type":"message","event_id":"e{id}","data":{{"role":"user","content":"hello {id}"}}}}"#
    )
}
