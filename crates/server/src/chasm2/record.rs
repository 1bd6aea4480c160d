//! One batch of 2.0.0 events: translated, named, handed to the engine, answered.
//!
//! Owns the order of these. Invariant: an answer that says «recorded» is made after the ticket of its event resolved.

use super::shape::{self, Event, Said, ack};
use super::trail::Scope;
use crate::app::App;
use crate::error::Failure;
use chasm_engine::{Connection, Outcome, RecordError, Ticket};
use chasm_protocol::api::SnapshotRequest;
use chasm_protocol::{Parsed, SessionId};
use serde_json::Value;
use std::collections::BTreeSet;

/// Who sends.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Connection(&'a Connection),
    Request,
}

/// A batch on its way to the disk.
#[derive(Default)]
pub(crate) struct Batch {
    answers: Vec<Value>,
    groups: Vec<Group>,
    sessions: BTreeSet<String>,
}

/// What is to be said of a batch.
pub(crate) struct Answered {
    /// One answer an event, in order.
    pub answers: Vec<Value>,
    /// Why some of it is not recorded.
    pub failure: Option<RecordError>,
}

/// Events that were handed over together.
struct Group {
    handed: Handed,
    /// The places in `answers` that wait for it.
    places: Vec<usize>,
}

enum Handed {
    Ticket(Ticket),
    Done(Result<Vec<Outcome>, RecordError>),
}

/// Events that wait for being handed over.
#[derive(Default)]
struct Waiting {
    events: Vec<Parsed>,
    places: Vec<usize>,
}

/// Hands a batch over. What it answers is in [`Batch::answers`] once it is on disk.
pub(crate) async fn record(
    app: &App,
    source: Source<'_>,
    scope: &mut Scope<Event>,
    events: Vec<Value>,
) -> Result<Batch, Failure> {
    let limits = app.settings.current().protocol_limits();
    let mut batch = Batch::default();
    let mut waiting = Waiting::default();
    for value in events {
        load(app, &value).await?;
        let place = batch.answers.len();
        match shape::event(value, &limits, |session, message| app.chasm2.role(session, message)) {
            Err(refused) => {
                app.engine.count_rejected(1);
                batch.answers.push(shape::error(&refused.code(), &refused.message));
            }
            Ok(Said::Heartbeat(None)) => batch.answers.push(ack("", "", "heartbeat")),
            Ok(Said::Heartbeat(Some(parsed))) => {
                batch.answers.push(ack("", parsed.event.session_id.as_str(), "heartbeat"));
                waiting.add(*parsed, place);
            }
            Ok(Said::Event(event)) => {
                let (status, named) = (event.status, app.chasm2.name(scope, *event));
                batch.take(status, named, &mut waiting, place);
            }
            Ok(Said::Snapshot(request)) => {
                batch.hand_over(source, app, std::mem::take(&mut waiting)).await;
                let answer = snapshot(app, *request).await;
                batch.answers.push(answer.unwrap_or_else(|f| shape::error(&f.code.as_str(), &f.message)));
            }
        }
    }
    batch.hand_over(source, app, waiting).await;
    Ok(batch)
}

/// The answer to a snapshot, once it is merged.
pub(crate) async fn snapshot(app: &App, request: SnapshotRequest) -> Result<Value, Failure> {
    let answer = app.engine.snapshot(request).await?;
    Ok(ack("", &answer.session_id, "snapshot_received"))
}

/// The session's trail has to be there before one of its events is judged.
async fn load(app: &App, value: &Value) -> Result<(), Failure> {
    let id = value.get("session_id").and_then(Value::as_str).map(SessionId::new);
    match id {
        Some(Ok(id)) => Ok(app.chasm2.load(&app.engine, &id).await?),
        // the event itself is refused for it
        _ => Ok(()),
    }
}

impl Waiting {
    fn add(&mut self, parsed: Parsed, place: usize) {
        self.events.push(parsed);
        self.places.push(place);
    }
}

impl Batch {
    /// An event, and those before it that turned out to be new and were answered already.
    fn take(&mut self, status: &str, named: Vec<Parsed>, waiting: &mut Waiting, place: usize) {
        if let Some(event) = named.last().map(|parsed| &parsed.event) {
            let id = event.event_id.as_ref().map(|id| id.as_str()).unwrap_or_default();
            self.answers.push(ack(id, event.session_id.as_str(), status));
            self.sessions.insert(event.session_id.as_str().to_owned());
        }
        for parsed in named {
            waiting.add(parsed, place);
        }
    }

    async fn hand_over(&mut self, source: Source<'_>, app: &App, waiting: Waiting) {
        let Waiting { events, places } = waiting;
        if events.is_empty() {
            return;
        }
        let handed = match source {
            Source::Request => Handed::Done(app.engine.record(events).await),
            Source::Connection(connection) => match connection.submit(events).await {
                Ok(ticket) => Handed::Ticket(ticket),
                Err(error) => Handed::Done(Err(error)),
            },
        };
        self.groups.push(Group { handed, places });
    }

    /// The sessions that it writes.
    pub fn sessions(&self) -> &BTreeSet<String> {
        &self.sessions
    }

    /// Waits until all of it is on disk, or refused.
    pub async fn answered(self) -> Answered {
        let Self { mut answers, groups, .. } = self;
        let mut failure = None;
        for Group { handed, places } in groups {
            let done = match handed {
                Handed::Done(done) => done,
                Handed::Ticket(ticket) => ticket.await,
            };
            let Err(error) = done else { continue };
            let refused = shape::error(&error.code().as_str(), &error.to_string());
            for place in places {
                if let Some(answer) = answers.get_mut(place) {
                    answer.clone_from(&refused);
                }
            }
            failure = Some(error);
        }
        Answered { answers, failure }
    }
}

impl Answered {
    /// The recorder stops: what was not recorded is sent again to the next one, and nothing is to be said of it.
    pub fn is_stopped(&self) -> bool {
        matches!(self.failure, Some(RecordError::ShuttingDown))
    }

    pub fn has_recorded(&self) -> bool {
        self.answers.iter().any(|answer| answer.get("type").and_then(Value::as_str) == Some("ack"))
    }
}
