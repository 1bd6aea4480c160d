//! The task that owns a stream: takes events, sends frames, reads acks, reconnects.
//!
//! One loop, one owner of the ledger. Never takes an event while the window is full, so a slow recorder slows its sender.
//! While paused it takes events up to the window and sends none.

use super::backoff::Backoff;
use super::ledger::Ledger;
use super::link::{Heard, Link, Lost, Mouth};
use super::report::Report;
use super::{Options, Progress};
use crate::{ClientError, Endpoint};
use chasm_protocol::ErrorCode;
use chasm_protocol::frame::ServerFrame;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Silent heartbeats after which a connection is taken for dead.
const SILENT_BEATS: u32 = 3;

pub struct Actor {
    endpoint: Endpoint,
    options: Options,
    ledger: Ledger,
    progress: watch::Sender<Progress>,
    /// Nobody hands over any more.
    draining: bool,
    paused: bool,
    /// When to send again what was refused for a reason that passes.
    again_at: Option<Instant>,
    backoff: Backoff,
    /// Since when nothing has become durable though something is open.
    stuck_since: Option<Instant>,
}

/// How a connection ended.
enum Ended {
    /// Everything is acknowledged and nobody hands over any more.
    Finished,
    Lost(String),
    /// The recorder is there and has taken nothing for too long.
    Stuck,
}

impl Actor {
    pub async fn connect(endpoint: Endpoint, options: Options) -> Result<(Self, Link), ClientError> {
        let link = match Link::open(&endpoint, &options.client, &options.sessions).await {
            Ok(link) => link,
            Err(Lost::Refused(error)) => return Err(error),
            Err(Lost::Closed(why)) => return Err(ClientError::Unreachable { url: endpoint.url, why }),
        };
        let (progress, _) = watch::channel(Progress { connected: true, ..Progress::default() });
        let actor = Self {
            endpoint,
            options,
            ledger: Ledger::default(),
            progress,
            draining: false,
            paused: link.welcome.paused,
            again_at: None,
            backoff: Backoff::default(),
            stuck_since: None,
        };
        actor.tell(true);
        Ok((actor, link))
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub async fn run(
        mut self,
        mut link: Link,
        mut inbox: mpsc::Receiver<String>,
    ) -> Result<Report, ClientError> {
        loop {
            let why = match self.carry(&mut link, &mut inbox).await {
                Ended::Finished => {
                    link.close().await;
                    return Ok(self.ledger.into_report());
                }
                Ended::Stuck => return Err(self.gone("it takes nothing".into())),
                Ended::Lost(why) => why,
            };
            tracing::debug!(why, "connection lost");
            drop(link);
            self.tell(false);
            link = self.reconnect().await?;
            self.ledger.reconnected();
            self.ledger.report_mut().reconnects += 1;
            self.paused = link.welcome.paused;
            self.again_at = None;
            self.tell(true);
        }
    }

    /// Carries events over one connection until it ends.
    async fn carry(&mut self, link: &mut Link, inbox: &mut mpsc::Receiver<String>) -> Ended {
        let Link { ear, mouth, welcome, .. } = link;
        let silence = welcome.heartbeat * SILENT_BEATS;
        let (mut heard_at, mut unflushed) = (Instant::now(), false);
        loop {
            if self.draining && self.ledger.open() == 0 {
                return Ended::Finished;
            }
            self.refuse_oversized(welcome.max_frame_bytes);
            let room = !self.draining && self.has_room();
            let to_send = self.ledger.has_waiting() && !self.paused;
            let again_at = self.again_at.filter(|_| !self.paused);
            let deadline = self.deadline(heard_at + silence);
            // Hearing comes first, so that acks are taken while the recorder's side is slow; speaking last, so that what is
            // at hand goes in one piece.
            let step = tokio::select! {
                biased;
                heard = ear.hear() => Step::Heard(heard),
                event = inbox.recv(), if room => Step::Taken(event),
                spoken = speak(mouth, to_send), if to_send || unflushed => spoken,
                () = at(again_at) => Step::Again,
                () = tokio::time::sleep_until(deadline) => Step::Late,
            };
            let result = match step {
                Step::Heard(Ok(heard)) => {
                    heard_at = Instant::now();
                    self.hear(heard);
                    Ok(())
                }
                Step::Heard(Err(lost)) | Step::Ready(Err(lost)) | Step::Flushed(Err(lost)) => Err(lost),
                Step::Ready(Ok(())) => {
                    unflushed = true;
                    self.ledger.next_frame().map_or(Ok(()), |raw| mouth.put(raw))
                }
                Step::Flushed(Ok(())) => {
                    unflushed = false;
                    Ok(())
                }
                Step::Taken(event) => {
                    self.take(event);
                    Ok(())
                }
                Step::Again => {
                    self.again_at = None;
                    self.ledger.requeue();
                    Ok(())
                }
                Step::Late if heard_at.elapsed() >= silence => {
                    Err(Lost::Closed(format!("silent for {} s", silence.as_secs())))
                }
                Step::Late => return Ended::Stuck,
            };
            if let Err(lost) = result {
                return Ended::Lost(lost.to_string());
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Frame(ServerFrame::Ack { through, recorded, duplicates }) => {
                let done = self.ledger.ack(through, recorded, duplicates);
                self.after_ack(done);
            }
            Heard::Frame(ServerFrame::Error { frame: Some(frame), event_id, code, message, .. }) => {
                self.ledger.refused(frame, event_id, &code.as_str(), message);
            }
            Heard::Frame(ServerFrame::Warning { frame, event_id, code, message, .. }) => {
                self.ledger.warned(frame, event_id, code.as_str(), message);
            }
            Heard::Unknown { kind, frame: Some(frame), event_id, code, message } => {
                if kind == "warning" {
                    self.ledger.warned(frame, event_id, code, message);
                } else {
                    self.ledger.refused(frame, event_id, &code, message);
                }
            }
            Heard::Frame(ServerFrame::Paused) => self.paused = true,
            Heard::Frame(ServerFrame::Resumed) => {
                self.paused = false;
                self.again_at = self.ledger.must_go_again().then(Instant::now);
            }
            _ => return,
        }
        self.tell(true);
    }

    fn after_ack(&mut self, done: u64) {
        if done > 0 {
            self.stuck_since = (self.ledger.open() > 0).then(Instant::now);
        }
        if !self.ledger.must_go_again() {
            self.backoff.reset();
        } else if self.again_at.is_none() {
            self.again_at = Some(Instant::now() + self.backoff.next_wait());
        }
    }

    fn take(&mut self, event: Option<String>) {
        match event {
            Some(raw) => {
                self.ledger.push(raw);
                self.stuck_since.get_or_insert_with(Instant::now);
            }
            None => self.draining = true,
        }
        self.tell(true);
    }

    fn has_room(&self) -> bool {
        let open = self.ledger.open();
        open == 0 || (open < self.options.window && self.ledger.bytes() < self.options.window_bytes)
    }

    /// An event larger than the recorder's limit is refused here: some servers close the connection on it.
    fn refuse_oversized(&mut self, limit: usize) {
        while let Some(len) = self.ledger.next_len().filter(|len| *len > limit) {
            let message = format!("{len} bytes in one event: the recorder takes at most {limit}");
            self.ledger.refuse_next(ErrorCode::TooLarge, message);
            self.tell(true);
        }
    }

    /// When to stop waiting: the connection is silent, or open events do not become durable.
    fn deadline(&self, silent_at: Instant) -> Instant {
        match self.stuck_since.filter(|_| !self.paused && self.ledger.open() > 0) {
            Some(since) => silent_at.min(since + self.options.give_up_after),
            None => silent_at,
        }
    }

    async fn reconnect(&mut self) -> Result<Link, ClientError> {
        let give_up_at = Instant::now() + self.options.give_up_after;
        let mut backoff = Backoff::default();
        loop {
            let why = match Link::open(&self.endpoint, &self.options.client, &self.options.sessions).await {
                Ok(link) => {
                    self.stuck_since = (self.ledger.open() > 0).then(Instant::now);
                    return Ok(link);
                }
                Err(Lost::Refused(error)) if !is_passing(&error) => return Err(error),
                Err(lost) => lost.to_string(),
            };
            let wait = backoff.next_wait();
            if Instant::now() + wait > give_up_at {
                return Err(self.gone(why));
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn gone(&self, why: String) -> ClientError {
        ClientError::Gone { url: self.endpoint.url.clone(), why, unacked: self.ledger.open() as u64 }
    }

    fn tell(&self, connected: bool) {
        let report = self.ledger.report();
        self.progress.send_replace(Progress {
            connected,
            paused: self.paused,
            sent: report.sent,
            acked: report.acked,
            recorded: report.recorded,
            duplicates: report.duplicates,
        });
    }
}

/// What happened next.
enum Step {
    Heard(Result<Heard, Lost>),
    Ready(Result<(), Lost>),
    Flushed(Result<(), Lost>),
    Taken(Option<String>),
    Again,
    Late,
}

/// Makes room for the next frame where there is one, else sends what was given to the socket.
async fn speak(mouth: &mut Mouth, to_send: bool) -> Step {
    if to_send { Step::Ready(mouth.ready().await) } else { Step::Flushed(mouth.flush().await) }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// A recorder that is starting or stopping says so; it may be back soon.
fn is_passing(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status: 500..=599, .. })
}
