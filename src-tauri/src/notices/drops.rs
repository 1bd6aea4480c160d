//! Clients that went: which of their sessions wait, which are back.
//!
//! Never decides when it is told. Invariant: a session stands in one drop at most, and the number of drops and of sessions
//! in them is bounded.

use super::clients::{Client, Clients};
use super::note::{Face, Note, Switch};
use super::words::{self, count, is};
use super::{HOLD, SECOND, Standing};
use chasm_protocol::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Drops that can be open at a time; more join the latest one.
pub const DROPS_MAX: usize = 8;
/// Sessions that are followed by name; more are only counted.
pub const SESSIONS_MAX: usize = 2_000;
/// Clients that go within this time of one another went for one cause.
const ONE_CAUSE: i64 = 3 * SECOND;

#[derive(Debug, Default)]
pub struct Drops {
    open: BTreeMap<u64, Drop>,
    next: u64,
}

/// Clients that went at one time.
#[derive(Debug)]
struct Drop {
    sessions: BTreeMap<String, Carried>,
    /// Sessions beyond the number that is followed.
    beyond: u64,
    last_joined: Timestamp,
}

#[derive(Debug)]
struct Carried {
    client: Client,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting { missing: Option<u64> },
    Back { replayed: u64, missing: u64 },
}

impl Drops {
    /// A session is interrupted because its client is gone. Gives the drop that it belongs to.
    pub fn interrupted(&mut self, session: &str, clients: &Clients, at: Timestamp) -> u64 {
        let client = clients.of(session);
        let full = self.open.values().map(|drop| drop.sessions.len()).sum::<usize>() >= SESSIONS_MAX;
        let key = self.of(session).unwrap_or_else(|| self.joined_by(&client, at));
        let drop = self.open.entry(key).or_insert_with(|| Drop {
            sessions: BTreeMap::new(),
            beyond: 0,
            last_joined: at,
        });
        drop.last_joined = at;
        if full && !drop.sessions.contains_key(session) {
            drop.beyond += 1;
        } else {
            let carried = Carried { client, fate: Fate::Waiting { missing: None } };
            drop.sessions.insert(session.to_owned(), carried);
        }
        key
    }

    /// Its events come again. Gives its drop, where it is in one.
    pub fn returned(&mut self, session: &str, replayed: u64, missing: u64) -> Option<u64> {
        let key = self.of(session)?;
        let carried = self.open.get_mut(&key)?.sessions.get_mut(session)?;
        carried.fate = Fate::Back { replayed, missing };
        Some(key)
    }

    /// It was ended, recovered or deleted: it waits no more.
    pub fn settled(&mut self, session: &str) -> Option<u64> {
        let key = self.of(session)?;
        let drop = self.open.get_mut(&key)?;
        drop.sessions.retain(|id, carried| id != session || carried.is_back());
        Some(key)
    }

    /// What the store knows better than the events said.
    pub fn standing(&mut self, standing: &Standing) {
        let drop = self.of(&standing.session_id).and_then(|key| self.open.get_mut(&key));
        let Some(carried) = drop.and_then(|drop| drop.sessions.get_mut(&standing.session_id)) else { return };
        carried.fate = match carried.fate {
            Fate::Waiting { .. } => Fate::Waiting { missing: Some(standing.missing) },
            Fate::Back { replayed, .. } => {
                Fate::Back { replayed: replayed.max(standing.replayed), missing: standing.missing }
            }
        };
    }

    /// Sessions of a drop whose counts may be old.
    pub fn asks(&self, key: u64) -> impl Iterator<Item = &str> {
        let sessions = self.open.get(&key).into_iter().flat_map(|drop| &drop.sessions);
        sessions
            .filter(|(_, carried)| carried.is_back() || carried.fate == Fate::Waiting { missing: None })
            .map(|(session, _)| session.as_str())
    }

    /// Sessions that wait, as far as they are followed.
    pub fn waiting(&self) -> u64 {
        self.open.values().map(Drop::waiting).sum()
    }

    pub fn forget(&mut self, key: u64) {
        self.open.remove(&key);
    }

    pub fn face(&self, key: u64) -> Option<Face> {
        self.open.get(&key)?.face()
    }

    fn of(&self, session: &str) -> Option<u64> {
        self.open.iter().find(|(_, drop)| drop.sessions.contains_key(session)).map(|(key, _)| *key)
    }

    /// The drop that a client's interruption belongs to: its own, one that has just happened, or a new one.
    fn joined_by(&mut self, client: &Client, at: Timestamp) -> u64 {
        let fits = |drop: &Drop| {
            let since = at.as_micros().saturating_sub(drop.last_joined.as_micros());
            let one_cause = (0..=ONE_CAUSE).contains(&since) && !drop.is_over();
            one_cause || drop.sessions.values().any(|carried| carried.client.name == client.name)
        };
        let found = self.open.iter().rev().find(|(_, drop)| fits(drop)).map(|(key, _)| *key);
        let latest = || self.open.keys().next_back().copied().filter(|_| self.open.len() >= DROPS_MAX);
        found.or_else(latest).unwrap_or_else(|| {
            self.next += 1;
            self.next
        })
    }

    #[cfg(test)]
    pub fn followed(&self) -> usize {
        self.open.values().map(|drop| drop.sessions.len()).sum()
    }
}

impl Carried {
    const fn is_back(&self) -> bool {
        matches!(self.fate, Fate::Back { .. })
    }
}

impl Drop {
    fn waiting(&self) -> u64 {
        self.sessions.values().filter(|carried| !carried.is_back()).count() as u64
    }

    fn is_over(&self) -> bool {
        self.sessions.values().all(Carried::is_back)
    }

    fn face(&self) -> Option<Face> {
        if self.sessions.is_empty() {
            return None;
        }
        let (note, switch, over) = match self.is_over() {
            true => (self.back_note(), Switch::Returned, Some(HOLD)),
            false => (self.waiting_note(), Switch::Dropped, None),
        };
        Some(Face { note, switch, over, silent: Some(Switch::Dropped) })
    }

    fn waiting_note(&self) -> Note {
        let (waiting, all) = (self.waiting() + self.beyond, self.sessions.len() as u64 + self.beyond);
        let title = match self.one_name() {
            Some(name) => format!("{name} dropped"),
            None => format!("{all} sessions of {} were interrupted", count(self.clients(), "client")),
        };
        let mut body = format!("{} {} waiting", count(waiting, "live session"), is(waiting));
        if all > waiting {
            let back = all - waiting;
            body.push_str(&format!(" · {back} {} back", is(back)));
        }
        if let Some(missing) = self.missing_of_waiting() {
            body.push_str(&format!(" · {} missing so far", count(missing, "event")));
        }
        Note::new(title, body, self.link("/recovery"))
    }

    fn back_note(&self) -> Note {
        let title = match self.one_name() {
            Some(name) => format!("{name} is back"),
            None => format!("{} are back", count(self.clients(), "client")),
        };
        let counts = self.sessions.values().map(|carried| match carried.fate {
            Fate::Back { replayed, missing } => (replayed, missing),
            Fate::Waiting { .. } => (0, 0),
        });
        let (replayed, missing) = counts
            .fold((0_u64, 0_u64), |sum, one| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1)));
        Note::new(title, words::replayed(replayed, missing), self.link("/"))
    }

    /// Events missing in the sessions that wait, where all counts are known.
    fn missing_of_waiting(&self) -> Option<u64> {
        let counts = self.sessions.values().filter_map(|carried| match carried.fate {
            Fate::Waiting { missing } => Some(missing),
            Fate::Back { .. } => None,
        });
        counts.sum::<Option<u64>>().filter(|_| self.beyond == 0)
    }

    fn one_name(&self) -> Option<&str> {
        let mut names = self.sessions.values().map(|carried| &*carried.client.name);
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }

    fn clients(&self) -> u64 {
        let ids = self.sessions.values().map(|carried| (carried.client.connection, &carried.client.name));
        ids.collect::<BTreeSet<_>>().len() as u64
    }

    fn link(&self, many: &str) -> String {
        let mut ids = self.sessions.keys();
        match (ids.next(), ids.next()) {
            (Some(only), None) if self.beyond == 0 => words::session_link(only),
            _ => String::from(many),
        }
    }
}
