//! One WebSocket connection of a 2.0.0 client, from `connected` to its end.
//!
//! Owns the loop: read what is there, hand it over frame by frame, answer each frame in turn. A frame may not wait for the disk
//! before the next one is handed over, but all that were read are answered before more is read, so a flood slows its sender.
//! Never sends what other clients record: `subscribe` is answered and nothing more. Invariant: `events_processed` leaves after the
//! events of its frame are on disk.

use super::record::{Answered, Batch, Source, record};
use super::shape::{self, Event, Refused};
use super::trail::Scope;
use crate::app::App;
use crate::ws::{Inbound, Lost, Wire};
use chasm_engine::Connection;
use chasm_protocol::{ErrorCode, Limits};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Silence of so many heartbeats is an end.
const SILENT_BEATS: u32 = 3;
/// Longest time between two looks at whether the peer is alive.
const LOOK: Duration = Duration::from_secs(10);

/// Why the loop ended.
enum End {
    Gone,
    Close(CloseCode, &'static str),
}

impl From<Lost> for End {
    fn from(_: Lost) -> Self {
        Self::Gone
    }
}

/// What is to be said of a frame.
enum Reply {
    Now(Value),
    Batch(Batch),
}

struct Talk<S> {
    app: Arc<App>,
    engine: Connection,
    wire: Wire<S>,
    scope: Scope<Event>,
    /// Sessions with something that was not answered yet.
    open: BTreeSet<String>,
    limits: Limits,
    heartbeat: Duration,
    last_ping: Instant,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<S>(app: Arc<App>, engine: Connection, io: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let settings = app.settings.current();
    let limits = settings.protocol_limits();
    let wire = Wire::new(io, limits.frame_bytes, &app.budget).await;
    app.metrics.ws_connections.inc();
    let mut talk = Talk {
        engine,
        wire,
        scope: Scope::default(),
        open: BTreeSet::new(),
        limits,
        heartbeat: Duration::from_secs(settings.recording.heartbeat_secs),
        last_ping: Instant::now(),
        app: app.clone(),
    };
    let end = match talk.run().await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    if let End::Close(code, reason) = end {
        talk.wire.close(code, reason).await;
    }
    app.metrics.ws_connections.dec();
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        let connected = json!({"type": "connected", "client_id": self.engine.id().0.to_string()});
        self.wire.feed(&connected).await?;
        self.wire.flush().await?;
        let mut stopping = pin!(self.app.stop.gently.clone().cancelled_owned());
        let mut look = tokio::time::interval(self.heartbeat.min(LOOK));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut inbound = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = &mut stopping => return Err(End::Close(CloseCode::Away, "the recorder is stopping")),
                () = self.wire.read(&mut inbound) => self.take(std::mem::take(&mut inbound)).await?,
                _ = look.tick() => self.look().await?,
            }
        }
    }

    /// Hands over all that was read, then answers it.
    async fn take(&mut self, inbound: Vec<Inbound>) -> Result<(), End> {
        let mut replies = Vec::new();
        let mut end = None;
        // shares of the common budget are held until the engine has the events
        let mut shares = Vec::new();
        for item in inbound {
            match item {
                Inbound::Text(text, share) => {
                    shares.extend(share);
                    replies.push(self.frame(&text).await);
                }
                Inbound::Oversize(bytes) => {
                    self.app.metrics.ws_oversize.inc();
                    let most = self.limits.frame_bytes;
                    let message = format!("{bytes} bytes in one frame: at most {most} are allowed");
                    replies.push(refused(&Refused::new(ErrorCode::TooLarge, message)));
                }
                Inbound::Binary => end = Some(End::Close(CloseCode::Unsupported, "frames are text")),
                Inbound::Gone => end = Some(End::Gone),
                Inbound::Broken(code) => end = Some(End::Close(code, "this is no WebSocket")),
            }
        }
        drop(shares);
        self.answer(replies).await?;
        end.map_or(Ok(()), Err)
    }

    async fn frame(&mut self, text: &str) -> Reply {
        let value = match shape::read(text, &self.limits) {
            Ok(value) => value,
            Err(why) => return refused(&why.named("parse_error")),
        };
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let session = || value.get("session_id").cloned().unwrap_or_default();
        match kind.as_str() {
            "ping" => Reply::Now(pong(&value)),
            "subscribe" => Reply::Now(json!({"type": "subscribed", "session_id": session()})),
            "unsubscribe" => Reply::Now(json!({"type": "unsubscribed", "session_id": session()})),
            "events" => match shape::batch(value, &self.limits) {
                Ok(events) => self.hand_over(events).await,
                Err(why) => refused(&why),
            },
            // an event alone, without the frame around it
            _ if value.get("session_id").is_some() || kind == "heartbeat" => {
                self.hand_over(vec![value]).await
            }
            _ => {
                let message = "a frame is {\"type\":\"events\",\"events\":[…]}, a ping, or a subscription";
                refused(&Refused::new(ErrorCode::UnknownFrame, message).named("parse_error"))
            }
        }
    }

    async fn hand_over(&mut self, events: Vec<Value>) -> Reply {
        match record(&self.app, Source::Connection(&self.engine), &mut self.scope, events).await {
            Ok(batch) => {
                self.open.extend(batch.sessions().iter().cloned());
                Reply::Batch(batch)
            }
            Err(failure) => refused(&Refused::new(failure.code, failure.message)),
        }
    }

    async fn answer(&mut self, replies: Vec<Reply>) -> Result<(), End> {
        for reply in replies {
            let value = match reply {
                Reply::Now(value) => value,
                Reply::Batch(batch) => {
                    let answered = batch.answered().await;
                    if answered.is_stopped() {
                        return Err(End::Close(CloseCode::Away, "the recorder is stopping"));
                    }
                    let Answered { answers, .. } = answered;
                    json!({"type": "events_processed", "count": answers.len(), "responses": answers})
                }
            };
            self.wire.feed(&value).await?;
        }
        self.wire.flush().await?;
        self.app.chasm2.answered(&std::mem::take(&mut self.open));
        Ok(())
    }

    /// Looks whether the peer lives, and pings it when it is time.
    async fn look(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.wire.silence(now) >= self.heartbeat * SILENT_BEATS {
            tracing::debug!("a client is silent: its connection is dropped");
            return Err(End::Gone);
        }
        if self.wire.is_stalled(now) {
            return Err(End::Close(CloseCode::Policy, "a frame was begun and not ended"));
        }
        if now.duration_since(self.last_ping) >= self.heartbeat {
            self.last_ping = now;
            self.wire.ping().await?;
        }
        Ok(())
    }
}

/// A frame that was refused as a whole.
fn refused(why: &Refused) -> Reply {
    Reply::Now(json!({"type": "error", "code": why.code(), "message": why.message}))
}

fn pong(ping: &Value) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or_default();
    json!({"type": "pong", "timestamp": ping.get("timestamp"), "server_time": now})
}
