//! One WebSocket's frames, in and out.
//!
//! Owns the tungstenite stream over the guard. Never parses a frame. Invariant: a write that the peer does not take within
//! [`WRITE_TIMEOUT`] ends the connection, so nothing piles up for a peer that does not read.

use super::guard::OversizeGuard;
use crate::budget::{Budget, SMALL, Share};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// A peer that takes nothing for so long is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// A closing peer has so long to say that it saw it.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Most frames and bytes that are taken at a time.
const TURN_FRAMES: usize = 64;
const TURN_BYTES: usize = 256 * 1024;
const READ_BUFFER: usize = 8 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// What came in.
pub(crate) enum Inbound {
    Text(Utf8Bytes, Option<Share>),
    /// A text frame of so many bytes, at least, which was over the limit.
    Oversize(u64),
    Binary,
    /// The peer is gone, or said that it goes.
    Gone,
    /// The peer broke the rules of WebSocket.
    Broken(CloseCode),
}

/// The peer cannot be reached any more.
#[derive(Debug)]
pub(crate) struct Lost;

pub(crate) struct Wire<S> {
    /// Always there, but for the moment in which it is made anew.
    socket: Option<WebSocketStream<OversizeGuard<S>>>,
    limit: usize,
    /// Text and binary messages read so far.
    messages: u64,
    /// A large message was read: its buffer has to go.
    bloated: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub async fn new(io: S, limit: usize, budget: &Budget) -> Self {
        let guard = OversizeGuard::new(io, limit as u64, budget);
        let socket = WebSocketStream::from_raw_socket(guard, Role::Server, Some(config(limit))).await;
        Self { socket: Some(socket), limit, messages: 0, bloated: false }
    }

    /// Waits for something, then takes all that is ready, up to a bound. Nothing is lost when the future is dropped.
    pub async fn read(&mut self, into: &mut Vec<Inbound>) {
        if self.bloated {
            self.slim().await;
        }
        std::future::poll_fn(|cx| self.poll_read(cx, into)).await;
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut Vec<Inbound>) -> Poll<()> {
        let mut bytes = 0;
        while into.len() < TURN_FRAMES && bytes < TURN_BYTES && !self.bloated {
            let Some(socket) = &mut self.socket else { break };
            let Poll::Ready(item) = socket.poll_next_unpin(cx) else { break };
            match item {
                Some(Ok(Message::Text(text))) => {
                    bytes += text.len();
                    into.push(self.text(text));
                }
                Some(Ok(Message::Binary(_))) => into.push(Inbound::Binary),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => into.push(Inbound::Gone),
                Some(Err(error)) => into.push(broken(&error)),
            }
            if !matches!(into.last(), Some(Inbound::Text(..) | Inbound::Oversize(_))) {
                break;
            }
        }
        if into.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn text(&mut self, text: Utf8Bytes) -> Inbound {
        let number = self.messages;
        self.messages += 1;
        let Some(socket) = &mut self.socket else { return Inbound::Gone };
        let guard = socket.get_mut();
        let share = guard.take_share();
        self.bloated |= share.is_some() || text.len() as u64 > SMALL;
        match guard.note(number) {
            Some(note) => Inbound::Oversize(note.bytes),
            None => Inbound::Text(text, share),
        }
    }

    /// tungstenite keeps a buffer as large as the largest frame it saw: a new stream begins with a small one. The guard has
    /// passed on nothing behind the large message, so nothing is lost.
    async fn slim(&mut self) {
        self.bloated = false;
        // an answer to a ping may wait in it
        if self.flush().await.is_err() {
            return;
        }
        if let Some(socket) = self.socket.take() {
            let fresh =
                WebSocketStream::from_raw_socket(socket.into_inner(), Role::Server, Some(config(self.limit)));
            self.socket = Some(fresh.await);
        }
    }

    /// Puts a frame into the write buffer; [`Wire::flush`] sends it.
    pub async fn feed(&mut self, frame: &impl Serialize) -> Result<(), Lost> {
        let text = serde_json::to_string(frame).map_err(|_| Lost)?;
        self.put(Message::Text(text.into())).await
    }

    pub async fn flush(&mut self) -> Result<(), Lost> {
        let socket = self.socket.as_mut().ok_or(Lost)?;
        in_time(socket.flush()).await
    }

    pub async fn ping(&mut self) -> Result<(), Lost> {
        self.put(Message::Ping(Default::default())).await?;
        self.flush().await
    }

    async fn put(&mut self, message: Message) -> Result<(), Lost> {
        let socket = self.socket.as_mut().ok_or(Lost)?;
        in_time(socket.feed(message)).await
    }

    /// Says goodbye, and reads on until the peer has seen it: closing a socket with unread bytes would take our last frames
    /// from the peer.
    pub async fn close(&mut self, code: CloseCode, reason: &'static str) {
        let Some(socket) = self.socket.as_mut() else { return };
        let goodbye = async {
            socket.get_mut().take_share();
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            if socket.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = socket.next().await {
                    socket.get_mut().take_share();
                }
            }
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    pub fn silence(&self, now: Instant) -> Duration {
        self.socket.as_ref().map(|s| s.get_ref().silence(now)).unwrap_or_default()
    }

    pub fn is_stalled(&self, now: Instant) -> bool {
        self.socket.as_ref().is_some_and(|s| s.get_ref().is_stalled(now))
    }
}

fn config(limit: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // one that the guard lets pass is never over these
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
}

fn broken(error: &Error) -> Inbound {
    match error {
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => Inbound::Gone,
        Error::Protocol(_) => Inbound::Broken(CloseCode::Protocol),
        Error::Utf8(_) => Inbound::Broken(CloseCode::Invalid),
        Error::Capacity(_) => Inbound::Broken(CloseCode::Size),
        _ => Inbound::Gone,
    }
}

async fn in_time<T>(write: impl Future<Output = Result<T, Error>>) -> Result<T, Lost> {
    match tokio::time::timeout(WRITE_TIMEOUT, write).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) | Err(_) => Err(Lost),
    }
}
