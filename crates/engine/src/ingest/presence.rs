//! Presence: which connection carries which session, and what becomes of sessions that none carries.
//!
//! Invariant: a session is interrupted once for each time it is left: after the grace, or after long silence.

use super::{Ingest, Submission};
use crate::EngineError;
use crate::codec::Record;
use crate::pending::{Pending, What};
use chasm_protocol::frame::Hello;
use chasm_protocol::session::{InterruptionReason, State};
use chasm_protocol::status::ConnectionStatus;
use chasm_protocol::{Body, ConnectionId, LifecycleEvent, SessionId, Timestamp};
use std::collections::{HashMap, HashSet};
use std::time::Instant;

#[derive(Default)]
pub struct Presence {
    connections: HashMap<ConnectionId, Connected>,
    /// Sessions that lost their last connection, and when.
    left: Vec<(Timestamp, SessionId)>,
    /// When the store was last asked for silent sessions.
    asked_store: Option<Instant>,
}

/// Time between two questions to the store for sessions that fell silent.
const ASK_STORE_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

struct Connected {
    client: Option<String>,
    since: Timestamp,
    sessions: HashSet<SessionId>,
    events: u64,
    last_event_at: Option<Timestamp>,
}

/// What a submission means for presence, to be noted once it is recorded.
pub struct Carried {
    connection: ConnectionId,
    known: bool,
    sessions: Vec<SessionId>,
}

impl Presence {
    pub fn status(&self) -> Vec<ConnectionStatus> {
        let mut all: Vec<ConnectionStatus> = self.connections.iter().map(|(id, c)| c.status(*id)).collect();
        all.sort_by_key(|c| c.connection);
        all
    }

    /// The sessions of a submission that its connection did not carry before, or that it may end.
    pub fn sessions_to_note(&mut self, submission: &Submission, now: Timestamp) -> Option<Carried> {
        if !submission.lasting {
            return None;
        }
        let connection = submission.connection;
        let mut connected = self.connections.get_mut(&connection);
        if let Some(connected) = &mut connected {
            connected.events += submission.events.len() as u64;
            if !submission.events.is_empty() {
                connected.last_event_at = Some(now);
            }
        }
        let mut sessions: Vec<SessionId> = Vec::new();
        for event in submission.events.iter().map(|p| &p.event) {
            let carried = connected.as_ref().is_some_and(|c| c.sessions.contains(&event.session_id));
            let ends = matches!(event.body, Body::SessionEnd(_));
            if (!carried || ends) && !sessions.contains(&event.session_id) {
                sessions.push(event.session_id.clone());
            }
        }
        (!sessions.is_empty()).then(|| Carried { connection, known: connected.is_some(), sessions })
    }

    pub fn forget(&mut self, session: &SessionId) {
        self.connections.values_mut().for_each(|c| {
            c.sessions.remove(session);
        });
        self.left.retain(|(_, id)| id != session);
    }
}

impl Connected {
    fn status(&self, connection: ConnectionId) -> ConnectionStatus {
        let mut sessions: Vec<String> = self.sessions.iter().map(ToString::to_string).collect();
        sessions.sort_unstable();
        ConnectionStatus {
            connection,
            client: self.client.clone(),
            since: self.since,
            sessions,
            events: self.events,
            last_event_at: self.last_event_at,
        }
    }
}

impl Ingest {
    pub(super) fn on_connect(&mut self, id: ConnectionId, client: Option<String>) {
        let since = self.now();
        let connected = Connected { client, since, sessions: HashSet::new(), events: 0, last_event_at: None };
        self.presence.connections.insert(id, connected);
    }

    /// A client says who it is and what it carries.
    pub(super) async fn hello(&mut self, id: ConnectionId, hello: Hello) -> Result<(), EngineError> {
        self.sessions.load(hello.sessions.iter()).await?;
        if let Some(connected) = self.presence.connections.get_mut(&id)
            && hello.client.is_some()
        {
            connected.client =
                hello.client.map(|name| name.chars().filter(|c| !c.is_control()).take(128).collect());
            let event = LifecycleEvent::Connected { connection: id, client: connected.client.clone() };
            self.shared.hub.tell(self.shared.clock.now(), event);
        }
        self.note_carried(Some(Carried { connection: id, known: true, sessions: hello.sessions }));
        Ok(())
    }

    /// Notes who carries sessions, once their events are recorded.
    pub(super) fn note_carried(&mut self, carried: Option<Carried>) {
        let Some(Carried { connection, known, sessions }) = carried else { return };
        for session in sessions {
            let Some(tracked) = self.sessions.get_mut(&session).filter(|t| t.exists) else { continue };
            if tracked.state() == State::Completed {
                tracked.carriers.clear();
                self.presence.forget(&session);
                continue;
            }
            match self.presence.connections.get_mut(&connection).filter(|_| known) {
                Some(connected) => {
                    if !tracked.carriers.contains(&connection) {
                        tracked.carriers.push(connection);
                    }
                    connected.sessions.insert(session);
                }
                // The connection was gone before its last events were recorded.
                None if tracked.carriers.is_empty() => {
                    let since = self.shared.clock.now();
                    self.presence.left.push((since, session));
                }
                None => {}
            }
        }
    }

    /// A connection is gone: sessions that no other one carries wait for it to come back.
    pub(super) fn on_gone(&mut self, id: ConnectionId) {
        let Some(connected) = self.presence.connections.remove(&id) else { return };
        let now = self.now();
        let mut alone = Vec::new();
        for session in connected.sessions {
            let Some(tracked) = self.sessions.get_mut(&session) else {
                alone.push(session);
                continue;
            };
            tracked.carriers.retain(|carrier| *carrier != id);
            if tracked.carriers.is_empty() && tracked.state() == State::Recording {
                alone.push(session);
            }
        }
        if !alone.is_empty() {
            let sessions = Self::session_ids(&alone);
            self.shared
                .hub
                .tell(now, LifecycleEvent::Dropped { connection: id, client: connected.client, sessions });
        }
        self.presence.left.extend(alone.into_iter().map(|session| (now, session)));
    }

    /// Interrupts sessions whose grace is over, and those that were silent for too long.
    pub(super) async fn interrupt_what_is_gone(&mut self) {
        let now = self.shared.clock.now();
        if self.refusal.is_some() {
            return;
        }
        let grace = micros(self.config.grace);
        let (due, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.presence.left)
            .into_iter()
            .partition(|(since, _)| since.plus_micros(grace) <= now);
        self.presence.left = waiting;
        let mut due: Vec<(SessionId, InterruptionReason, Timestamp)> = due
            .into_iter()
            .map(|(since, session)| (session, InterruptionReason::Disconnect, since))
            .collect();
        let silent = self.silent_sessions(now.plus_micros(-micros(self.config.silence))).await;
        due.extend(silent.into_iter().map(|(session, since)| (session, InterruptionReason::Timeout, since)));
        for (session, reason, since) in due {
            self.interrupt_unless_alive(&session, reason, since).await;
        }
    }

    /// Sessions without a sign of life since this time: those in use, and from time to time those that only the store has.
    async fn silent_sessions(&mut self, before: Timestamp) -> Vec<(SessionId, Timestamp)> {
        let in_use = self.sessions.iter().filter(|(_, t)| t.exists && t.state() == State::Recording);
        let mut silent: Vec<(SessionId, Timestamp)> = in_use
            .filter(|(_, t)| t.last_received <= before)
            .map(|(id, t)| (id.clone(), t.last_received))
            .collect();
        if self.presence.asked_store.is_none_or(|at| at.elapsed() >= ASK_STORE_EVERY) {
            self.presence.asked_store = Some(Instant::now());
            let stored = self.store.unfinished().await.unwrap_or_default();
            let others = stored.into_iter().filter(|s| self.sessions.get(&s.record.id).is_none());
            silent.extend(
                others.filter(|s| s.last_received_at <= before).map(|s| (s.record.id, s.last_received_at)),
            );
        }
        silent
    }

    async fn interrupt_unless_alive(
        &mut self,
        session: &SessionId,
        reason: InterruptionReason,
        since: Timestamp,
    ) {
        if self.sessions.load(std::iter::once(session)).await.is_err() {
            self.presence.left.push((since, session.clone()));
            return;
        }
        let Some(tracked) = self.sessions.get(session) else { return };
        let back = reason == InterruptionReason::Disconnect
            && (!tracked.carriers.is_empty() || tracked.last_received > since);
        if !tracked.exists || tracked.state() != State::Recording || back {
            return;
        }
        if self.interrupt(session, reason, since).is_err() && reason == InterruptionReason::Disconnect {
            self.presence.left.push((since, session.clone()));
        }
    }

    /// Takes sessions into use.
    pub async fn load<'a>(
        &mut self,
        ids: impl Iterator<Item = &'a SessionId>,
    ) -> Result<(), crate::RecordError> {
        self.sessions.load(ids).await
    }

    /// Sessions in use that are recording, with their last sign of life, the oldest first.
    pub fn unfinished(&self) -> Vec<(SessionId, Timestamp)> {
        let recording = self.sessions.iter().filter(|(_, t)| t.exists && t.state() == State::Recording);
        let mut found: Vec<_> = recording.map(|(id, t)| (id.clone(), t.last_received)).collect();
        found.sort_unstable_by(|(a, at), (b, bt)| at.cmp(bt).then_with(|| a.cmp(b)));
        found
    }

    /// Whether nobody is told of it.
    pub fn is_hidden(&self, session: &SessionId) -> bool {
        self.shared.hub.is_hidden(session.as_str())
    }

    /// Waits until the marks of a start are durable.
    pub async fn settle_marks(&mut self) -> Result<(), crate::RecordError> {
        self.settle().await;
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// Marks a session as interrupted: a record of the journal, like everything that has to survive.
    pub fn interrupt(
        &mut self,
        session: &SessionId,
        reason: InterruptionReason,
        since: Timestamp,
    ) -> Result<u64, crate::RecordError> {
        let at = self.now();
        let lsn = self.append(&Record::Interrupted { at, reason, since, session: session.clone() })?;
        let mut title = None;
        if let Some(tracked) = self.sessions.get_mut(session) {
            tracked.interrupt(since);
            tracked.last_lsn = lsn;
            title = tracked.title();
        }
        let what = What::Interrupted { reason, since };
        self.keep(vec![Pending { lsn, session: session.clone(), weight: 0, what }], 0);
        let event = LifecycleEvent::Interrupted { session_id: session.to_string(), reason, since, title };
        self.tell_when_durable(lsn, at, event);
        Ok(lsn)
    }
}

pub fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
