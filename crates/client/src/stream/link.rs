//! One WebSocket connection: the handshake, and frames in both directions.
//!
//! Owns the socket. Never keeps an event. Invariant: every call may be dropped half-way (`select!`) without losing a frame.

use crate::{ClientError, Endpoint, error::innermost};
use chasm_protocol::frame::{ResumePoint, ServerFrame};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for the connection, for `welcome` and for `resume`.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Link {
    pub ear: Ear,
    pub mouth: Mouth,
    pub welcome: Welcome,
    pub resume: BTreeMap<String, ResumePoint>,
}

/// The half that reads.
pub struct Ear(SplitStream<Socket>);

/// The half that writes.
pub struct Mouth(SplitSink<Socket, Message>);

/// What the recorder said first.
#[derive(Debug, Clone)]
pub struct Welcome {
    pub max_frame_bytes: usize,
    pub heartbeat: Duration,
    pub paused: bool,
}

/// Why a connection is over.
#[derive(Debug)]
pub enum Lost {
    /// The socket failed or was closed; the text says how.
    Closed(String),
    /// It will not get better by trying again.
    Refused(ClientError),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed(why) => f.write_str(why),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

/// A frame from the recorder.
pub enum Heard {
    Frame(ServerFrame),
    /// A refusal or remark whose code this version does not know.
    Unknown {
        kind: String,
        frame: Option<u64>,
        event_id: Option<String>,
        code: String,
        message: String,
    },
    /// A sign of life.
    Other,
}

impl Link {
    /// Connects, reads `welcome`, says `hello` and reads the answer.
    pub async fn open(endpoint: &Endpoint, client: &str, sessions: &[String]) -> Result<Self, Lost> {
        let late = |_| Lost::Closed(format!("no answer within {} s", HANDSHAKE_WAIT.as_secs()));
        tokio::time::timeout(HANDSHAKE_WAIT, Self::handshake(endpoint, client, sessions))
            .await
            .map_err(late)?
    }

    async fn handshake(endpoint: &Endpoint, client: &str, sessions: &[String]) -> Result<Self, Lost> {
        let (sink, stream) = connect(endpoint).await?.split();
        let welcome =
            Welcome { max_frame_bytes: usize::MAX, heartbeat: Duration::from_secs(30), paused: false };
        let mut link = Self { ear: Ear(stream), mouth: Mouth(sink), welcome, resume: BTreeMap::new() };
        link.read_welcome(endpoint).await?;
        let hello = serde_json::json!({ "type": "hello", "client": client, "sessions": sessions });
        link.mouth.0.send(Message::text(hello.to_string())).await.map_err(|e| lost(&e))?;
        loop {
            match link.ear.hear().await? {
                Heard::Frame(ServerFrame::Resume { sessions }) => {
                    link.resume = sessions;
                    return Ok(link);
                }
                Heard::Frame(ServerFrame::Paused) => link.welcome.paused = true,
                Heard::Frame(ServerFrame::Resumed) => link.welcome.paused = false,
                Heard::Frame(ServerFrame::Error { code, message, .. }) => {
                    let code = code.as_str();
                    return Err(Lost::Refused(ClientError::Refused { status: 101, code, message }));
                }
                _ => {}
            }
        }
    }

    async fn read_welcome(&mut self, endpoint: &Endpoint) -> Result<(), Lost> {
        match self.ear.hear().await? {
            Heard::Frame(ServerFrame::Welcome { max_frame_bytes, heartbeat_secs, paused, .. }) => {
                let heartbeat = Duration::from_secs(heartbeat_secs.max(1));
                self.welcome = Welcome { max_frame_bytes, heartbeat, paused };
                Ok(())
            }
            _ => {
                let why = String::from("the first frame is no `welcome`");
                Err(Lost::Refused(ClientError::BadAnswer { url: endpoint.url.clone(), why }))
            }
        }
    }

    /// Says goodbye; what was not acknowledged is not waited for.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.mouth.0.close()).await;
    }
}

impl Ear {
    /// The next frame.
    pub async fn hear(&mut self) -> Result<Heard, Lost> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(read_frame(&text)),
            Some(Ok(Message::Close(close))) => Err(Lost::Closed(match close {
                Some(close) if !close.reason.is_empty() => format!("closed: {}", close.reason),
                Some(close) => format!("closed with {}", close.code),
                None => String::from("closed"),
            })),
            Some(Ok(_)) => Ok(Heard::Other),
            Some(Err(e)) => Err(lost(&e)),
            None => Err(Lost::Closed(String::from("closed"))),
        }
    }
}

impl Mouth {
    /// Waits until the next frame can be given to the socket.
    pub async fn ready(&mut self) -> Result<(), Lost> {
        std::future::poll_fn(|cx| Pin::new(&mut self.0).poll_ready(cx)).await.map_err(|e| lost(&e))
    }

    /// Gives a frame to the socket; [`Mouth::flush`] sends it. Only after [`Mouth::ready`].
    pub fn put(&mut self, raw: String) -> Result<(), Lost> {
        Pin::new(&mut self.0).start_send(Message::text(raw)).map_err(|e| lost(&e))
    }

    pub async fn flush(&mut self) -> Result<(), Lost> {
        self.0.flush().await.map_err(|e| lost(&e))
    }
}

async fn connect(endpoint: &Endpoint) -> Result<Socket, Lost> {
    let url = endpoint.websocket();
    let bad = |why: String| Lost::Refused(ClientError::BadUrl { url: url.clone(), why });
    let mut request = url.as_str().into_client_request().map_err(|e| bad(e.to_string()))?;
    if let Some(token) = &endpoint.token {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| bad(e.to_string()))?;
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    match tokio_tungstenite::connect_async_with_config(request, None, true).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            Err(Lost::Refused(ClientError::refused(response.status().as_u16(), &endpoint.url, body)))
        }
        Err(e) => Err(lost(&e)),
    }
}

fn lost(error: &tungstenite::Error) -> Lost {
    Lost::Closed(innermost(error))
}

fn read_frame(text: &str) -> Heard {
    #[derive(serde::Deserialize)]
    struct Loose {
        #[serde(rename = "type")]
        kind: String,
        frame: Option<u64>,
        event_id: Option<String>,
        code: String,
        #[serde(default)]
        message: String,
    }
    if let Ok(frame) = serde_json::from_str(text) {
        return Heard::Frame(frame);
    }
    match serde_json::from_str::<Loose>(text) {
        Ok(Loose { kind, frame, event_id, code, message }) => {
            Heard::Unknown { kind, frame, event_id, code, message }
        }
        Err(_) => Heard::Other,
    }
}
