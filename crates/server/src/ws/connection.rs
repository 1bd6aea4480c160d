//! One WebSocket connection, from `welcome` to its end.
//!
//! Owns the loop that reads frames, hands them to the engine in batches and sends what comes of them. Never waits for the disk
//! before it reads on, and never reads on while too much is unanswered. Invariant: frames are counted in the order they came.

use super::inflight::{Answers, Batch, Inflight};
use super::wire::{Inbound, Lost, Wire};
use crate::app::App;
use chasm_engine::{Connection, PauseUntil};
use chasm_protocol::frame::{Control, Hello};
use chasm_protocol::limits::PROTOCOL_VERSION;
use chasm_protocol::{ClientFrame, ErrorCode, Limits, Refusal, ServerFrame, parse_frame};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// A frame larger than this is parsed away from the tasks of other connections.
const LARGE: usize = 256 * 1024;
/// Longest time between two looks at whether the peer is alive.
const LOOK: Duration = Duration::from_secs(10);
/// Silence of so many heartbeats is an end.
const SILENT_BEATS: u32 = 3;
/// What was handed over has so long to be on disk when a connection is closed by us.
const DRAIN: Duration = Duration::from_secs(2);

type Changed = Pin<Box<dyn Future<Output = watch::Receiver<Option<PauseUntil>>> + Send>>;

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

struct Talk<S> {
    app: Arc<App>,
    engine: Connection,
    wire: Wire<S>,
    inflight: Inflight,
    /// Frames counted so far.
    frames: u64,
    limits: Limits,
    heartbeat: Duration,
    last_ping: Instant,
    paused: bool,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<S>(app: Arc<App>, engine: Connection, io: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let settings = app.settings.current();
    let limits = settings.protocol_limits();
    let wire = Wire::new(io, limits.frame_bytes, &app.budget).await;
    let heartbeat = Duration::from_secs(settings.recording.heartbeat_secs);
    app.metrics.ws_connections.inc();
    let mut talk = Talk {
        engine,
        wire,
        inflight: Inflight::default(),
        frames: 0,
        limits,
        heartbeat,
        last_ping: Instant::now(),
        paused: false,
        app: app.clone(),
    };
    let end = match talk.run().await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    if let End::Close(code, reason) = end {
        talk.drain().await;
        talk.wire.close(code, reason).await;
    }
    app.metrics.ws_connections.dec();
}

/// The pause state changed; for ever pending when the engine is gone.
fn next_change(mut paused: watch::Receiver<Option<PauseUntil>>) -> Changed {
    Box::pin(async move {
        if paused.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        paused
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        let mut paused = self.app.engine.paused();
        self.paused = paused.borrow_and_update().is_some();
        self.welcome().await?;
        let mut changed = next_change(paused);
        let mut stopping = pin!(self.app.stop.gently.clone().cancelled_owned());
        let mut look = tokio::time::interval(self.heartbeat.min(LOOK));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut inbound = Vec::new();
        loop {
            let room = self.inflight.has_room();
            tokio::select! {
                biased;
                () = &mut stopping => return Err(End::Close(CloseCode::Away, "the recorder is stopping")),
                receiver = &mut changed => {
                    let now = receiver.borrow().is_some();
                    changed = next_change(receiver);
                    self.say_paused(now).await?;
                }
                answers = self.inflight.answered() => self.answer(answers).await?,
                () = self.wire.read(&mut inbound), if room => self.take(&mut inbound).await?,
                _ = look.tick() => self.look(room).await?,
            }
        }
    }

    async fn welcome(&mut self) -> Result<(), End> {
        let welcome = ServerFrame::Welcome {
            protocol: PROTOCOL_VERSION,
            server: format!("chasm-recorder/{}", env!("CARGO_PKG_VERSION")),
            connection_id: self.engine.id().0,
            max_frame_bytes: self.limits.frame_bytes,
            heartbeat_secs: self.heartbeat.as_secs(),
            paused: self.paused,
        };
        self.say(&welcome).await
    }

    async fn say(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.wire.feed(frame).await?;
        Ok(self.wire.flush().await?)
    }

    async fn say_paused(&mut self, paused: bool) -> Result<(), End> {
        if paused == self.paused {
            return Ok(());
        }
        self.paused = paused;
        self.say(if paused { &ServerFrame::Paused } else { &ServerFrame::Resumed }).await
    }

    /// Takes what was read: all events as one batch, but for control frames that want an answer in their place.
    async fn take(&mut self, inbound: &mut Vec<Inbound>) -> Result<(), End> {
        let before = self.frames;
        let mut batch = Batch::default();
        // shares of the common budget are held until the engine has the events
        let mut shares = Vec::new();
        for item in inbound.drain(..) {
            match item {
                Inbound::Text(text, share) => {
                    shares.extend(share);
                    let parsed = parse(&self.app, self.limits, text).await;
                    if let Some(control) = self.sort(parsed, &mut batch) {
                        self.submit(std::mem::take(&mut batch)).await?;
                        self.control(control).await?;
                    }
                }
                Inbound::Oversize(bytes) => {
                    self.frames += 1;
                    self.app.metrics.ws_oversize.inc();
                    batch.refuse(self.frames, self.oversize(bytes));
                }
                Inbound::Binary => {
                    self.submit(batch).await?;
                    return Err(End::Close(CloseCode::Unsupported, "frames are text"));
                }
                Inbound::Broken(code) => {
                    self.submit(batch).await?;
                    return Err(End::Close(code, "that is not WebSocket as RFC 6455 has it"));
                }
                Inbound::Gone => {
                    self.submit(batch).await?;
                    return Err(End::Gone);
                }
            }
        }
        self.app.metrics.ws_frames.inc_by(self.frames - before);
        self.submit(batch).await
    }

    /// Counts the frame and puts its events into the batch; gives back a control frame.
    fn sort(
        &mut self,
        frame: Result<ClientFrame, Refusal>,
        batch: &mut Batch,
    ) -> Option<Result<Control, Refusal>> {
        match frame {
            Ok(ClientFrame::Control(control)) => return Some(Ok(control)),
            Ok(ClientFrame::RefusedControl(refusal)) => return Some(Err(refusal)),
            Ok(ClientFrame::Events(events)) => {
                self.frames += 1;
                batch.add(self.frames, events);
            }
            Err(refusal) => {
                self.frames += 1;
                batch.refuse(self.frames, refusal);
            }
        }
        None
    }

    fn oversize(&self, bytes: u64) -> Refusal {
        let limit = self.limits.frame_bytes;
        let message = format!("{bytes} bytes in one frame: at most {limit} are allowed");
        Refusal::new(ErrorCode::TooLarge, message)
    }

    async fn control(&mut self, control: Result<Control, Refusal>) -> Result<(), End> {
        match control {
            Ok(Control::Ping) => self.say(&ServerFrame::Pong).await,
            Ok(Control::Hello(hello)) => self.hello(hello).await,
            Err(refusal) => self.say(&refused_control(refusal.code, refusal.message)).await,
        }
    }

    async fn hello(&mut self, hello: Hello) -> Result<(), End> {
        match self.engine.hello(hello).await {
            Ok(sessions) => self.say(&ServerFrame::Resume { sessions }).await,
            Err(error) => {
                let failure = crate::error::Failure::from(error);
                self.say(&refused_control(failure.code, failure.message)).await
            }
        }
    }

    /// Hands a batch to the engine. While the engine has no room, answers to earlier batches still go out.
    async fn submit(&mut self, mut batch: Batch) -> Result<(), End> {
        if batch.is_empty() {
            return Ok(());
        }
        self.app.engine.count_rejected(batch.refused() as u64);
        let events = std::mem::take(&mut batch.events);
        if events.is_empty() {
            self.inflight.push(batch, Ok(None));
            return Ok(());
        }
        let submitted = {
            let mut submitting = pin!(self.engine.submit(events));
            loop {
                tokio::select! {
                    biased;
                    result = &mut submitting => break result,
                    answers = self.inflight.answered() => send(&mut self.wire, answers).await?,
                }
            }
        };
        self.inflight.push(batch, submitted.map(Some));
        Ok(())
    }

    async fn answer(&mut self, answers: Answers) -> Result<(), End> {
        send(&mut self.wire, answers).await
    }

    /// Looks whether the peer lives, and pings it when it is time. `reading`: its bytes were wanted.
    async fn look(&mut self, reading: bool) -> Result<(), End> {
        let now = Instant::now();
        if reading && self.wire.silence(now) >= self.heartbeat * SILENT_BEATS {
            tracing::debug!("a client is silent: its connection is dropped");
            return Err(End::Gone);
        }
        if reading && self.wire.is_stalled(now) {
            return Err(End::Close(CloseCode::Policy, "a frame was begun and not ended"));
        }
        if now.duration_since(self.last_ping) >= self.heartbeat {
            self.last_ping = now;
            self.wire.ping().await?;
        }
        Ok(())
    }

    /// Answers what was handed over and is on disk within the time; nothing new is read.
    async fn drain(&mut self) {
        let draining = async {
            while !self.inflight.is_empty() {
                let answers = self.inflight.answered().await;
                if self.answer(answers).await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN, draining).await;
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>, answers: Answers) -> Result<(), End> {
    let stopped = answers.stopped;
    for frame in answers.frames() {
        wire.feed(&frame).await?;
    }
    wire.flush().await?;
    if stopped { Err(End::Close(CloseCode::Away, "the recorder is stopping")) } else { Ok(()) }
}

fn refused_control(code: ErrorCode, message: String) -> ServerFrame {
    ServerFrame::Error { frame: None, index: None, event_id: None, code, message }
}

async fn parse(app: &App, limits: Limits, text: Utf8Bytes) -> Result<ClientFrame, Refusal> {
    if text.len() <= LARGE {
        return parse_frame(&text, &limits);
    }
    let _turn = app.budget.parse().await;
    let parsing = tokio::task::spawn_blocking(move || parse_frame(&text, &limits));
    let failed = |_| Err(Refusal::new(ErrorCode::Internal, "the frame could not be read"));
    parsing.await.unwrap_or_else(failed)
}
