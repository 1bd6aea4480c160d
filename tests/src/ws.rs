//! A recording client of the plainest kind: counts its frames, and keeps what the recorder says of them.

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Longest time without anything from the recorder.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this close code.
    Closed(u16),
    /// Without a word.
    Gone(String),
}

pub struct Ws {
    /// `None` once one half was given away.
    write: Option<SplitSink<Socket, Message>>,
    read: SplitStream<Socket>,
    /// The first frame.
    pub welcome: Value,
    /// Counted frames that were sent.
    pub sent: u64,
    /// Frames that are on disk.
    pub acked: u64,
    pub recorded: u64,
    pub duplicates: u64,
    /// Every frame from the recorder, in order, `welcome` not counted.
    pub heard: Vec<Value>,
    /// WebSocket pings from the recorder.
    pub pings: u64,
}

impl Ws {
    pub async fn open(to: SocketAddr) -> Self {
        Self::try_open(to, &[]).await.unwrap()
    }

    /// With more headers; `Err` has the status of the refusal, 0 where nobody answered.
    pub async fn try_open(to: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{to}/ws/recording").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let opened = tokio::time::timeout(PATIENCE, tokio_tungstenite::connect_async(request)).await;
        let socket = match opened.expect("no answer to the handshake") {
            Ok((socket, _)) => socket,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(_) => return Err(0),
        };
        let (write, read) = socket.split();
        let mut ws = Self {
            write: Some(write),
            read,
            welcome: Value::Null,
            sent: 0,
            acked: 0,
            recorded: 0,
            duplicates: 0,
            heard: Vec::new(),
            pings: 0,
        };
        let Ok(welcome) = ws.next().await else { return Err(0) };
        ws.welcome = welcome;
        assert_eq!(ws.welcome["type"], "welcome", "{}", ws.welcome);
        Ok(ws)
    }

    /// Sends a frame that counts; answers its number. A connection that is lost is noticed by who reads.
    pub async fn send(&mut self, frame: &Value) -> u64 {
        self.send_text(frame.to_string()).await
    }

    pub async fn send_text(&mut self, text: impl Into<String>) -> u64 {
        self.sent += 1;
        self.put(Message::Text(text.into().into())).await;
        self.sent
    }

    /// The same for a connection that may end meanwhile: false where it did.
    pub async fn put_event(&mut self, event: &Value) -> bool {
        self.sent += 1;
        self.put(Message::Text(event.to_string().into())).await
    }

    /// Sends a control frame: it does not count.
    pub async fn control(&mut self, frame: &Value) {
        self.put(Message::Text(frame.to_string().into())).await;
    }

    /// False where the connection is lost.
    pub async fn put(&mut self, message: Message) -> bool {
        let sending = self.write.as_mut().expect("the writing half was taken").send(message);
        tokio::time::timeout(PATIENCE, sending).await.is_ok_and(|sent| sent.is_ok())
    }

    /// The halves, for reading and writing at a time; frames sent on the half have to be counted by hand.
    pub fn take_write(&mut self) -> SplitSink<Socket, Message> {
        self.write.take().expect("the writing half was taken")
    }

    /// The next frame of the recorder.
    pub async fn next(&mut self) -> Result<Value, Ended> {
        self.next_within(PATIENCE)
            .await
            .unwrap_or_else(|| panic!("nothing within {PATIENCE:?}: {:?}", self.heard))
    }

    /// `None` where nothing came in this time.
    pub async fn next_within(&mut self, time: Duration) -> Option<Result<Value, Ended>> {
        tokio::time::timeout(time, self.read_on()).await.ok()
    }

    async fn read_on(&mut self) -> Result<Value, Ended> {
        loop {
            match self.read.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.note(&frame);
                    return Ok(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(Ended::Closed(frame.map_or(1005, |frame| frame.code.into())));
                }
                Some(Ok(Message::Ping(_))) => self.pings += 1,
                Some(Ok(_)) => {}
                other => return Err(Ended::Gone(format!("{other:?}"))),
            }
        }
    }

    fn note(&mut self, frame: &Value) {
        if frame["type"] == "ack" {
            let number = |name: &str| frame[name].as_u64().unwrap_or_else(|| panic!("{frame}"));
            assert!(number("through") > self.acked, "an ack that goes back: {frame}");
            self.acked = number("through");
            self.recorded += number("recorded");
            self.duplicates += number("duplicates");
        }
        if frame["type"] != "welcome" {
            self.heard.push(frame.clone());
        }
    }

    /// Waits until all frames up to this one are on disk.
    #[track_caller]
    pub fn acked(&mut self, through: u64) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            while self.acked < through {
                if let Err(end) = self.next().await {
                    panic!("{place}: {end:?} before the ack of {through}: {:?}", self.heard);
                }
            }
        }
    }

    /// Waits until everything that was sent is on disk.
    #[track_caller]
    pub fn all_acked(&mut self) -> impl Future<Output = ()> {
        self.acked(self.sent)
    }

    /// The next frame of this type; others before it are kept in `heard`.
    pub async fn until(&mut self, kind: &str) -> Value {
        match self.try_until(kind).await {
            Ok(frame) => frame,
            Err(end) => panic!("{end:?} before a frame {kind:?}: {:?}", self.heard),
        }
    }

    /// The same, where the connection may end before.
    pub async fn try_until(&mut self, kind: &str) -> Result<Value, Ended> {
        loop {
            let frame = self.next().await?;
            if frame["type"] == kind {
                return Ok(frame);
            }
        }
    }

    /// How the connection ends; frames before that are kept in `heard`.
    pub async fn end(&mut self) -> Ended {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    /// Says which sessions it carries; answers what of them is on disk.
    pub async fn hello(&mut self, sessions: &[&str]) -> Value {
        self.try_hello(sessions)
            .await
            .unwrap_or_else(|end| panic!("{end:?} before the resume: {:?}", self.heard))
    }

    /// The same, where the connection may end before.
    pub async fn try_hello(&mut self, sessions: &[&str]) -> Result<Value, Ended> {
        self.try_hello_as("black-box/1", sessions).await
    }

    /// The same, under a name of its own.
    pub async fn try_hello_as(&mut self, client: &str, sessions: &[&str]) -> Result<Value, Ended> {
        self.control(&serde_json::json!({"type": "hello", "client": client, "sessions": sessions})).await;
        Ok(self.try_until("resume").await?["sessions"].clone())
    }

    /// What was said of frames: errors or warnings.
    pub fn said(&self, kind: &str) -> Vec<&Value> {
        self.heard.iter().filter(|frame| frame["type"] == kind).collect()
    }
}
