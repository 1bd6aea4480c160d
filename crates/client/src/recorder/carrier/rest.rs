//! Carries the outbox over REST, some events at a time.
//!
//! Owns the batches. Invariant: a batch begins with the first record that is not acknowledged; its records are acknowledged in the
//! outbox after its answer, and none behind one that has to be sent again.

use super::window::Reason;
use super::{Carrier, passes, refused};
use crate::outbox::{Entry, Kind, Place};
use crate::recorder::settings::Mode;
use crate::recorder::state::Connection;
use crate::stream::report::Warned;
use crate::{ClientError, Rest};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// Most events of one call, and most bytes where it is more than one. After a call that failed they are fewer, and double with
/// each one that gets through.
pub const BATCH: usize = 500;
const BATCH_BYTES: usize = 1024 * 1024;
/// How long events are gathered in `Mode::Batch`.
const GATHER: Duration = Duration::from_millis(500);
/// Longest wait for an answer.
pub const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// How often a recorder is looked for that has nothing to take.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// How one call went on.
enum Went {
    On,
    /// The recorder takes nothing now.
    Wait,
}

#[derive(Deserialize)]
struct Answer {
    recorded: u64,
    duplicates: u64,
    results: Vec<Outcome>,
}

/// As in the protocol, with codes of any version.
#[derive(Deserialize)]
struct Outcome {
    event_id: Option<String>,
    status: String,
    code: Option<String>,
    message: Option<String>,
    warning: Option<String>,
}

impl Carrier {
    /// Until it fails, or this time has come. Answers why it ended.
    pub(super) async fn carry_by_rest(&mut self, until: Option<Instant>) -> String {
        loop {
            if until.is_some_and(|until| Instant::now() >= until) {
                return String::from("the WebSocket is tried again");
            }
            self.desk.with_queue(|queue| queue.rewind());
            let batch = self.gather();
            let went = match batch.first() {
                None => self.idle(until).await,
                Some((place, entry)) if entry.kind == Kind::Snapshot => {
                    let (place, payload) = (*place, entry.payload.clone());
                    match self.post_snapshot(&place, payload).await {
                        Ok(()) => {
                            self.ack(&[place]);
                            Ok(Went::On)
                        }
                        Err(why) => Err(why),
                    }
                }
                Some(_) => self.post(batch).await,
            };
            match went {
                Ok(Went::On) => {}
                Ok(Went::Wait) => tokio::time::sleep(self.backoff.next_wait()).await,
                Err(why) => return why,
            }
        }
    }

    /// Nothing waits: sees that the recorder is there, and waits for something.
    async fn idle(&mut self, until: Option<Instant>) -> Result<Went, String> {
        let rest = self.rest()?;
        match tokio::time::timeout(ANSWER_WAIT, rest.status()).await {
            Ok(Ok(_)) => self.desk.connected(Connection::Rest, self.desk.state().paused),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(String::from("no answer in time")),
        }
        let look = Instant::now() + LOOK_EVERY;
        tokio::select! {
            () = self.desk.wake.notified() => {
                if self.desk.settings.mode == Mode::Batch {
                    tokio::time::sleep(GATHER).await;
                }
            }
            () = tokio::time::sleep_until(until.map_or(look, |until| until.min(look))) => {}
        }
        Ok(Went::On)
    }

    /// Events for one call, or one snapshot.
    fn gather(&self) -> Vec<(Place, Entry)> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < self.batch && bytes < BATCH_BYTES {
            let Some((place, entry)) = self.next() else { break };
            let snapshot = entry.kind == Kind::Snapshot;
            if snapshot && !batch.is_empty() {
                break;
            }
            bytes += entry.payload.len();
            batch.push((place, entry));
            if snapshot {
                break;
            }
        }
        batch
    }

    async fn post(&mut self, batch: Vec<(Place, Entry)>) -> Result<Went, String> {
        let texts: Vec<&str> = batch.iter().map(|(_, entry)| entry.payload.as_str()).collect();
        let body = format!("[{}]", texts.join(","));
        let places: Vec<Place> = batch.iter().map(|(place, _)| *place).collect();
        drop(batch);
        let answer = match tokio::time::timeout(ANSWER_WAIT, self.rest()?.post_events(body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ClientError::Refused { code, message, .. })) if passes(&code) => {
                self.desk.connected(Connection::Rest, code == "paused");
                tracing::debug!(code, message, "the recorder takes nothing now");
                return Ok(Went::Wait);
            }
            Ok(Err(ClientError::Refused { status: 400 | 413 | 422, code, message })) => {
                return Ok(self.refused_as_a_whole(&places, Reason { event_id: None, code, message }));
            }
            Ok(Err(error)) => return Err(self.broken(&places, error.to_string())),
            Err(_) => return Err(self.broken(&places, String::from("no answer in time"))),
        };
        let answer: Answer = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        self.desk.connected(Connection::Rest, false);
        self.batch = (self.batch * 2).min(BATCH);
        Ok(self.take_answer(&places, answer))
    }

    /// The line may be one that breaks after some kilobytes: the next call is shorter.
    fn broken(&mut self, places: &[Place], why: String) -> String {
        self.batch = (places.len() / 4).max(1);
        why
    }

    /// One of them is to blame: they go in smaller parts, until it is alone.
    fn refused_as_a_whole(&mut self, places: &[Place], reason: Reason) -> Went {
        match places {
            [place] => {
                refused::set_aside(&self.desk, place, reason);
                self.ack(&[*place]);
                self.batch = BATCH;
            }
            _ => self.batch = (places.len() / 2).max(1),
        }
        Went::On
    }

    fn take_answer(&mut self, places: &[Place], answer: Answer) -> Went {
        self.desk.in_report(|report| {
            report.recorded += answer.recorded;
            report.duplicates += answer.duplicates;
        });
        let mut done = Vec::new();
        let mut went = Went::On;
        for (place, outcome) in places.iter().zip(answer.results) {
            let code = outcome.code.unwrap_or_default();
            let message = outcome.message.unwrap_or_default();
            if outcome.status == "rejected" && passes(&code) {
                went = Went::Wait;
                break;
            }
            if outcome.status == "rejected" {
                refused::set_aside(&self.desk, place, Reason { event_id: outcome.event_id, code, message });
            } else if let Some(code) = outcome.warning {
                let event = if place.is_own() { place.number } else { 0 };
                self.desk.note_warning(Warned { event, event_id: outcome.event_id, code, message });
            }
            done.push(*place);
        }
        self.ack(&done);
        went
    }

    /// One that the recorder refuses for good is set aside.
    pub(super) async fn post_snapshot(&self, place: &Place, payload: String) -> Result<(), String> {
        match tokio::time::timeout(ANSWER_WAIT, self.rest()?.post_snapshot(payload)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(ClientError::Refused { status: 400..=499, code, message })) if !passes(&code) => {
                refused::set_aside(&self.desk, place, Reason { event_id: None, code, message });
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(String::from("no answer in time")),
        }
    }

    fn rest(&self) -> Result<Rest, String> {
        self.desk.settings.endpoint().and_then(Rest::new).map_err(|e| e.to_string())
    }
}
