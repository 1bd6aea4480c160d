//! The trails of the sessions that 2.0.0 clients write.
//!
//! Owns them, and the numbers that name new events. Reads a session's trail back from what is recorded, so that a restart forgets
//! nothing. Never holds its lock over a wait. Invariant: no two events of the same session get the same mark.

use super::shape::{Event, nature};
use super::trail::{Look, Mark, Scope, Stance, Trail, Verdict};
use chasm_engine::{Engine, EngineError};
use chasm_protocol::{Body, EventId, Identity, Limits, Parsed, Role, SessionId, parse_event};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Trails in memory; the one that was longest unused makes room.
const TRAILS_MAX: usize = 128;
/// Roles that are remembered of one session.
const ROLES_MAX: usize = 16_384;
const PAGE: u32 = 1_000;

#[derive(Debug)]
pub(crate) struct Ledger {
    /// Tells this run of the recorder from all others.
    run: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: HashMap<String, Session>,
    /// Number of the last event, and of the last use.
    number: u64,
    used: u64,
}

#[derive(Debug, Default)]
struct Session {
    trail: Trail,
    /// Who wrote a message, where it was not the assistant.
    roles: HashMap<String, Role>,
    used: u64,
}

impl Default for Ledger {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = u64::try_from(since.as_micros()).unwrap_or_default();
        Self { run, kept: Mutex::default() }
    }
}

impl Ledger {
    /// Has the session's trail ready, read from what is recorded where it is not in memory.
    pub async fn load(&self, engine: &Engine, id: &SessionId) -> Result<(), EngineError> {
        if self.kept().session(id.as_str()).is_some() {
            return Ok(());
        }
        let session = recorded(engine, id).await?;
        let mut kept = self.kept();
        // another connection may have been quicker, and has gone on since
        if kept.session(id.as_str()).is_none() {
            kept.insert(id.as_str(), session);
        }
        Ok(())
    }

    /// Gives an event its identity, and those before it that turned out to be new: to be recorded in this order.
    pub fn name(&self, scope: &mut Scope<Event>, event: Event) -> Vec<Parsed> {
        let session = event.parsed.event.session_id.as_str().to_owned();
        let look = look(&event.parsed);
        let mut kept = self.kept();
        let stance = scope.sessions.entry(session.clone()).or_insert(Stance::Fresh);
        let known = kept.of(&session);
        known.note_role(&event.parsed.event.body);
        let Verdict { same, again } = known.trail.judge(stance, look, &event);
        let mut named = Vec::with_capacity(again.len() + 1);
        for (look, event) in again {
            named.push(kept.name_new(&session, self.run, look, event.parsed));
        }
        named.push(match same {
            Some(mark) => marked(event.parsed, mark),
            None => kept.name_new(&session, self.run, look, event.parsed),
        });
        named
    }

    /// Who wrote this message, where it is known not to be the assistant.
    pub fn role(&self, session: &str, message: &str) -> Option<String> {
        self.kept().sessions.get(session)?.roles.get(message).map(|role| role.as_str().to_owned())
    }

    /// All that these sessions recorded has been answered.
    pub fn answered(&self, sessions: &BTreeSet<String>) {
        let mut kept = self.kept();
        for id in sessions {
            if let Some(session) = kept.sessions.get_mut(id) {
                session.trail.loose = false;
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The session, where it is in memory.
    fn session(&mut self, id: &str) -> Option<&mut Session> {
        self.used += 1;
        let session = self.sessions.get_mut(id)?;
        session.used = self.used;
        Some(session)
    }

    fn of(&mut self, id: &str) -> &mut Session {
        if !self.sessions.contains_key(id) {
            self.insert(id, Session::unknown());
        }
        self.sessions.entry(id.to_owned()).or_default()
    }

    fn insert(&mut self, id: &str, mut session: Session) {
        if self.sessions.len() >= TRAILS_MAX {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.sessions.remove(&oldest);
            }
        }
        self.used += 1;
        session.used = self.used;
        self.sessions.insert(id.to_owned(), session);
    }

    fn name_new(&mut self, id: &str, run: u64, look: Look, parsed: Parsed) -> Parsed {
        self.number += 1;
        let mark = Mark { run, number: self.number };
        let trail = &mut self.of(id).trail;
        trail.push(look, mark);
        trail.loose = true;
        marked(parsed, mark)
    }
}

impl Session {
    /// Nothing is known of what was answered.
    fn unknown() -> Self {
        let mut session = Self::default();
        session.trail.loose = true;
        session
    }

    fn note_role(&mut self, body: &Body) {
        if let Body::Message(message) = body
            && let (Some(id), true) = (&message.message_id, self.roles.len() < ROLES_MAX)
            && message.role != Role::Assistant
        {
            self.roles.insert(id.clone(), message.role);
        }
    }

    /// Takes an event of an earlier run into account.
    fn take(&mut self, event: &Value) {
        let Some(mark) = event.get("event_id").and_then(Value::as_str).and_then(Mark::read) else { return };
        // it was within the limits of then
        let wide = Limits { frame_bytes: usize::MAX, batch_events: usize::MAX, nesting: usize::MAX };
        let mut plain = event.clone();
        if let Some(fields) = plain.as_object_mut() {
            fields.remove("event_id");
        }
        if let Ok(parsed) = parse_event(&plain.to_string(), &wide) {
            self.note_role(&parsed.event.body);
            self.trail.push(look(&parsed), mark);
        }
    }
}

/// A session's trail, from what is recorded.
async fn recorded(engine: &Engine, id: &SessionId) -> Result<Session, EngineError> {
    let mut session = Session::unknown();
    let mut cursor: Option<String> = None;
    loop {
        let page = match engine.events(id, cursor.as_deref(), PAGE).await {
            Ok(page) => page,
            Err(EngineError::NoSuchSession(_)) => return Ok(session),
            Err(error) => return Err(error),
        };
        page.events.iter().filter(|stored| !stored.conflict).for_each(|stored| session.take(&stored.event));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(session);
        }
    }
}

fn look(parsed: &Parsed) -> Look {
    let [a, b, c, d, e, f, g, h, ..] = parsed.content.0;
    let hash = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    Look { hash, nature: nature(&parsed.event.body), bytes: parsed.event.raw.len() }
}

/// The event under its name.
fn marked(mut parsed: Parsed, mark: Mark) -> Parsed {
    let name = mark.id();
    let raw = format!("{{\"event_id\":\"{name}\",{}", parsed.event.raw.trim_start_matches('{'));
    if let Ok(id) = EventId::new(name) {
        parsed.identity = Some(Identity::of_event_id(&id));
        parsed.event.event_id = Some(id);
        parsed.event.raw = raw.into();
    }
    parsed
}
