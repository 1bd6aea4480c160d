//! Sessions in use: loading them from the store, and forgetting them again.
//!
//! Invariant: a session that is not here has nothing on its way to the store, so the store knows all of it.

use crate::RecordError;
use crate::tracked::{SEEN_MAX, Seen, Tracked};
use chasm_protocol::{Identity, Parsed, SessionId, Timestamp};
use chasm_store::{Store, StoreError};
use std::collections::{HashMap, HashSet};

/// Identities of all sessions held in memory at most.
const SEEN_TOTAL: usize = 300_000;
/// Sessions kept in use though nothing happens in them.
const IDLE_MAX: usize = 2_000;

pub struct Sessions {
    store: Store,
    map: HashMap<SessionId, Tracked>,
}

impl Sessions {
    pub fn new(store: Store) -> Self {
        Self { store, map: HashMap::new() }
    }

    pub fn get(&self, id: &SessionId) -> Option<&Tracked> {
        self.map.get(id)
    }

    pub fn get_mut(&mut self, id: &SessionId) -> Option<&mut Tracked> {
        self.map.get_mut(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&SessionId, &Tracked)> {
        self.map.iter()
    }

    pub fn remove(&mut self, id: &SessionId) -> Option<Tracked> {
        self.map.remove(id)
    }

    /// The user calls a session something else.
    pub fn retitle(&mut self, id: &SessionId, title: Option<String>) {
        if let Some(tracked) = self.map.get_mut(id) {
            tracked.set_user_title(title.as_deref());
        }
    }

    /// Forgets everything: the store is asked anew. Only where nothing is on its way.
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// The session, made where nobody has heard of it. It has to have been loaded.
    pub fn entry(&mut self, id: &SessionId, now: Timestamp) -> &mut Tracked {
        self.map.entry(id.clone()).or_insert_with(|| Tracked::new(now))
    }

    /// Loads what the store knows of these sessions, where that is not here yet.
    pub async fn load<'a>(&mut self, ids: impl Iterator<Item = &'a SessionId>) -> Result<(), RecordError> {
        let new: HashSet<&SessionId> = ids.filter(|id| !self.map.contains_key(*id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let new: Vec<SessionId> = new.into_iter().cloned().collect();
        let names: Vec<&str> = new.iter().map(SessionId::as_str).collect();
        let titles = self.store.titles(&names).await.map_err(unreadable)?;
        let mut of_user: HashMap<String, String> =
            titles.into_iter().filter_map(|t| Some((t.session_id, t.of_user?))).collect();
        for stored in self.store.load_sessions(&new).await.map_err(unreadable)? {
            let short = stored.record.events + stored.record.conflicts <= SEEN_MAX as u64;
            let seen = match short {
                true => Seen::complete(self.store.identities(stored.pk).await.map_err(unreadable)?),
                false => Seen::incomplete(),
            };
            let (id, title) = (stored.record.id.clone(), of_user.remove(stored.record.id.as_str()));
            let mut tracked = Tracked::stored(stored, seen);
            tracked.set_user_title(title.as_deref());
            self.map.insert(id, tracked);
        }
        Ok(())
    }

    /// Asks the store for identities that a session's incomplete memory may have forgotten.
    pub async fn look_up<'a>(&mut self, events: impl Iterator<Item = &'a Parsed>) -> Result<(), RecordError> {
        let mut unknown: HashMap<&SessionId, Vec<Identity>> = HashMap::new();
        for parsed in events {
            let Some(tracked) = self.map.get(&parsed.event.session_id) else { continue };
            if tracked.seen.complete || tracked.pk.is_none() {
                continue;
            }
            let conflict = parsed.event.event_id.as_ref().map(|id| Identity::of_conflict(id, parsed.content));
            let ids = parsed.identity.into_iter().chain(conflict).filter(|id| tracked.seen.get(id).is_none());
            unknown.entry(&parsed.event.session_id).or_default().extend(ids);
        }
        for (session, ids) in unknown {
            let Some(tracked) = self.map.get_mut(session) else { continue };
            let Some(pk) = tracked.pk else { continue };
            for (identity, content) in self.store.known(pk, &ids).await.map_err(unreadable)? {
                tracked.seen.insert(identity, content, 0);
            }
        }
        Ok(())
    }

    /// Keeps memory bounded: forgets identities that the store has, and sessions in which nothing happens.
    pub fn sweep(&mut self, applied: u64) {
        let mut total: usize = self.map.values().map(|t| t.seen.len()).sum();
        for tracked in self.map.values_mut() {
            if tracked.seen.len() > SEEN_MAX && tracked.pk.is_some() {
                total -= tracked.seen.len();
                tracked.seen.forget_through(applied);
                total += tracked.seen.len();
            }
        }
        let mut idle: Vec<(Timestamp, SessionId)> = self
            .map
            .iter()
            .filter(|(_, t)| t.is_idle())
            .map(|(id, t)| (t.last_received, id.clone()))
            .collect();
        idle.sort_unstable();
        let surplus = idle.len().saturating_sub(IDLE_MAX);
        for (at, (_, id)) in idle.into_iter().enumerate() {
            if at >= surplus && total <= SEEN_TOTAL {
                break;
            }
            total -= self.map.remove(&id).map_or(0, |t| t.seen.len());
        }
        if total > SEEN_TOTAL {
            self.map.values_mut().filter(|t| t.pk.is_some()).for_each(|t| t.seen.forget_through(applied));
        }
    }
}

fn unreadable(error: StoreError) -> RecordError {
    RecordError::NotRecording(format!("the database cannot be read to tell duplicates: {error}"))
}
