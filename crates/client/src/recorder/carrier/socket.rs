//! Carries the outbox over one WebSocket.
//!
//! Owns the order of hearing and speaking. Invariant: hearing comes first, so that acks are taken while the recorder's side is
//! slow; what is at hand goes in one piece.

use super::window::{Reason, Window};
use super::{Ask, Carrier, TROUBLE_WAIT, passes, refused};
use crate::outbox::{Entry, Kind, Place};
use crate::recorder::state::Connection;
use crate::stream::link::{Heard, Link, Lost, Mouth, Welcome};
use crate::stream::report::Warned;
use chasm_protocol::ErrorCode;
use chasm_protocol::frame::ServerFrame;
use futures_util::FutureExt;
use std::time::Duration;
use tokio::time::Instant;

/// Silent heartbeats after which a connection is taken for dead.
const SILENT_BEATS: u32 = 3;

/// What is true of this connection alone.
struct Talk {
    silence: Duration,
    heard_at: Instant,
    /// Since when something is out and no ack came; of no meaning while nothing is out.
    waiting_since: Instant,
    /// Until when a `pong` has to come.
    pong_until: Option<Instant>,
    paused: bool,
    /// When to send again what was refused for a reason that passes.
    again_at: Option<Instant>,
    /// The outbox had nothing more when it was last asked.
    drained: bool,
    unflushed: bool,
    /// A record that no frame can carry; it waits until all before it are acknowledged.
    held: Option<(Place, Entry)>,
}

/// What happened next.
enum Step {
    Heard(Result<Heard, Lost>),
    Ready(Result<(), Lost>),
    Flushed(Result<(), Lost>),
    Asked(Ask),
    Woken,
    Again,
    Late,
}

impl Carrier {
    /// Answers why it ended.
    pub(super) async fn carry(&mut self, link: Link) -> String {
        let Link { mut ear, mut mouth, welcome, .. } = link;
        let mut talk = Talk::new(&welcome);
        self.window = Window::default();
        self.desk.with_queue(|queue| queue.rewind());
        self.desk.set_frame_bytes(welcome.max_frame_bytes);
        self.desk.connected(Connection::WebSocket, welcome.paused);
        self.desk.in_report(|report| report.reconnects += u64::from(self.connected_before));
        self.connected_before = true;
        loop {
            if let Err(lost) = self.send_held(&mut talk).await {
                return lost.to_string();
            }
            let (to_send, deadline) = (self.may_send(&talk), self.deadline(&talk));
            let step = tokio::select! {
                biased;
                heard = ear.hear() => Step::Heard(heard),
                spoken = speak(&mut mouth, to_send), if to_send || talk.unflushed => spoken,
                Some(ask) = self.asks.recv() => Step::Asked(ask),
                () = self.desk.wake.notified() => Step::Woken,
                () = at(talk.again_at.filter(|_| !talk.paused)) => Step::Again,
                () = tokio::time::sleep_until(deadline) => Step::Late,
            };
            if let Err(lost) = self.act(step, &mut talk, &mut mouth).await {
                return lost.to_string();
            }
        }
    }

    async fn act(&mut self, step: Step, talk: &mut Talk, mouth: &mut Mouth) -> Result<(), Lost> {
        match step {
            Step::Heard(heard) => {
                talk.heard_at = Instant::now();
                self.hear(heard?, talk);
            }
            Step::Ready(ready) => {
                ready?;
                self.put_next(talk, mouth)?;
            }
            Step::Flushed(flushed) => {
                flushed?;
                talk.unflushed = false;
            }
            Step::Asked(ask) => self.ask(ask, mouth).await?,
            Step::Woken => talk.drained = false,
            Step::Again => self.go_again(talk),
            Step::Late => return self.late(talk, mouth),
        }
        Ok(())
    }

    fn may_send(&self, talk: &Talk) -> bool {
        let settings = &self.desk.settings;
        !talk.paused
            && !talk.drained
            && talk.held.is_none()
            && talk.again_at.is_none()
            && self.window.has_room(settings.window, settings.window_bytes)
    }

    fn put_next(&mut self, talk: &mut Talk, mouth: &mut Mouth) -> Result<(), Lost> {
        let Some((place, entry)) = self.next() else {
            talk.drained = true;
            return Ok(());
        };
        if entry.kind == Kind::Snapshot || entry.payload.len() > self.desk.frame_bytes() {
            talk.held = Some((place, entry));
            return Ok(());
        }
        if self.window.is_empty() {
            talk.waiting_since = Instant::now();
        }
        self.window.push(place, entry.payload.len());
        talk.unflushed = true;
        mouth.put(entry.payload)
    }

    /// Sends a held record by another way, when its turn has come.
    async fn send_held(&mut self, talk: &mut Talk) -> Result<(), Lost> {
        if !self.window.is_empty() || talk.paused || talk.again_at.is_some() {
            return Ok(());
        }
        let Some((place, entry)) = talk.held.take() else { return Ok(()) };
        let limit = self.desk.frame_bytes();
        if entry.payload.len() > limit {
            let message = format!("{} bytes: the recorder takes at most {limit}", entry.payload.len());
            let code = ErrorCode::TooLarge.as_str();
            refused::set_aside(&self.desk, &place, Reason { event_id: None, code, message });
        } else {
            self.post_snapshot(&place, entry.payload).await.map_err(Lost::Closed)?;
        }
        self.ack(&[place]);
        talk.heard_at = Instant::now();
        Ok(())
    }

    async fn ask(&mut self, ask: Ask, mouth: &mut Mouth) -> Result<(), Lost> {
        let hello = serde_json::json!({
            "type": "hello", "client": self.desk.settings.client, "sessions": [&ask.session],
        });
        self.asked.retain(|asked| !asked.answer.is_closed());
        self.asked.push(ask);
        mouth.ready().await?;
        mouth.put(hello.to_string())?;
        mouth.flush().await
    }

    fn go_again(&mut self, talk: &mut Talk) {
        talk.again_at = None;
        talk.drained = false;
        talk.held = None;
        self.window.goes_again();
        self.desk.with_queue(|queue| queue.rewind());
    }

    fn hear(&mut self, heard: Heard, talk: &mut Talk) {
        match heard {
            Heard::Frame(ServerFrame::Ack { through, recorded, duplicates }) => {
                talk.waiting_since = Instant::now();
                talk.pong_until = None;
                self.desk.in_report(|report| {
                    report.recorded += recorded;
                    report.duplicates += duplicates;
                });
                self.acked(through, talk);
            }
            Heard::Frame(ServerFrame::Error { frame: Some(frame), event_id, code, message, .. }) => {
                self.refused(frame, Reason { event_id, code: code.as_str(), message });
            }
            Heard::Unknown { kind, frame: Some(frame), event_id, code, message } if kind != "warning" => {
                self.refused(frame, Reason { event_id, code, message });
            }
            Heard::Frame(ServerFrame::Warning { frame, event_id, code, message, .. }) => {
                self.warned(frame, event_id, code.as_str(), message);
            }
            Heard::Unknown { frame: Some(frame), event_id, code, message, .. } => {
                self.warned(frame, event_id, code, message);
            }
            Heard::Frame(ServerFrame::Paused) => self.pause(talk, true),
            Heard::Frame(ServerFrame::Resumed) => self.pause(talk, false),
            Heard::Frame(ServerFrame::Pong) => {
                talk.waiting_since = Instant::now();
                talk.pong_until = None;
            }
            Heard::Frame(ServerFrame::Resume { sessions }) => {
                let asked = std::mem::take(&mut self.asked);
                for ask in asked {
                    match sessions.get(&ask.session) {
                        Some(point) => drop(ask.answer.send(point.last_seq)),
                        None => self.asked.push(ask),
                    }
                }
            }
            _ => {}
        }
    }

    fn acked(&mut self, through: u64, talk: &mut Talk) {
        let mut done = Vec::new();
        for (place, reason) in self.window.ack(through) {
            if let Some(reason) = reason {
                refused::set_aside(&self.desk, &place, reason);
            }
            done.push(place);
        }
        self.ack(&done);
        if self.window.must_go_again() && talk.again_at.is_none() {
            talk.again_at = Some(Instant::now() + self.backoff.next_wait());
        }
    }

    fn refused(&mut self, frame: u64, reason: Reason) {
        let passes = passes(&reason.code);
        self.window.refused(frame, reason, passes);
    }

    fn warned(&mut self, frame: u64, event_id: Option<String>, code: String, message: String) {
        let Some(place) = self.window.place(frame) else { return };
        let event = if place.is_own() { place.number } else { 0 };
        self.desk.note_warning(Warned { event, event_id, code, message });
    }

    fn pause(&self, talk: &mut Talk, paused: bool) {
        talk.paused = paused;
        self.desk.paused(paused);
        if !paused && talk.again_at.is_some() {
            talk.again_at = Some(Instant::now());
        }
    }

    /// When silence means something.
    fn deadline(&self, talk: &Talk) -> Instant {
        let silent = talk.heard_at + talk.silence;
        let unanswered = match talk.pong_until {
            Some(until) => until,
            None if self.window.is_empty() => silent,
            None => talk.waiting_since + self.desk.settings.answer_wait,
        };
        // An outbox that could not be read is looked at again, though nothing new came.
        let unread = if talk.drained && self.desk.state().trouble.is_some() {
            Instant::now() + TROUBLE_WAIT
        } else {
            silent
        };
        silent.min(unanswered).min(unread)
    }

    fn late(&mut self, talk: &mut Talk, mouth: &mut Mouth) -> Result<(), Lost> {
        let now = Instant::now();
        if now >= talk.heard_at + talk.silence {
            return Err(Lost::Closed(format!("silent for {} s", talk.silence.as_secs())));
        }
        if talk.pong_until.is_some_and(|until| now >= until) {
            return Err(Lost::Closed(String::from("no answer")));
        }
        talk.drained = false;
        if self.window.is_empty() || now < talk.waiting_since + self.desk.settings.answer_wait {
            return Ok(());
        }
        talk.waiting_since = now;
        // Where there is no room for a question, the recorder's side is slow, or gone: its heartbeats tell which.
        if let Some(ready) = mouth.ready().now_or_never() {
            ready?;
            mouth.put(String::from(r#"{"type":"ping"}"#))?;
            talk.unflushed = true;
            talk.pong_until = Some(now + self.desk.settings.answer_wait);
        }
        Ok(())
    }
}

impl Talk {
    fn new(welcome: &Welcome) -> Self {
        Self {
            silence: welcome.heartbeat * SILENT_BEATS,
            heard_at: Instant::now(),
            waiting_since: Instant::now(),
            pong_until: None,
            paused: welcome.paused,
            again_at: None,
            drained: false,
            unflushed: false,
            held: None,
        }
    }
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
