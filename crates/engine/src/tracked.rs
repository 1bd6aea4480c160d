//! What ingest knows of a session that is in use: its state, who carries it, and which events it has seen.
//!
//! Invariant: an identity is in `seen`, or `seen` says that it is incomplete and the store has to be asked.

use chasm_protocol::limits::TITLE_BYTES;
use chasm_protocol::session::{OrderKey, State};
use chasm_protocol::{Body, ConnectionId, ContentHash, Identity, Timestamp};
use chasm_store::{SessionPk, StoredSession};
use std::collections::HashMap;

/// A session in use.
#[derive(Debug)]
pub struct Tracked {
    /// Known once the store has the session.
    pub pk: Option<SessionPk>,
    /// Any record of it was accepted, now or in an earlier run.
    pub exists: bool,
    mark: Mark,
    /// The last event in order is a `session_end`.
    pub ended: bool,
    pub last_key: OrderKey,
    pub seen: Seen,
    /// Its last record in the journal; 0 where all are in the store.
    pub last_lsn: u64,
    pub carriers: Vec<ConnectionId>,
    /// Last sign of life, by the recorder's clock.
    pub last_received: Timestamp,
    /// Start of the interruption that is open.
    pub interrupted_since: Option<Timestamp>,
    pub last_snapshot: Option<ContentHash>,
    /// What its client calls it, cut.
    client_title: Option<Box<str>>,
    /// What the user calls it, cut.
    user_title: Option<Box<str>>,
}

/// A title as lifecycle events carry it.
pub fn shortened(title: &str) -> String {
    let cut = title.floor_char_boundary(TITLE_BYTES);
    title.get(..cut).unwrap_or_default().to_owned()
}

/// What recovery and presence said last; an end of the session overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Interrupted,
    Recovered,
}

impl Tracked {
    /// A session that nobody has heard of.
    pub fn new(now: Timestamp) -> Self {
        let first = OrderKey { at: Timestamp::from_micros(i64::MIN), seq: 0, event_id: "".into(), lsn: 0 };
        Self {
            pk: None,
            exists: false,
            mark: Mark::None,
            ended: false,
            last_key: first,
            seen: Seen { map: HashMap::new(), complete: true },
            last_lsn: 0,
            carriers: Vec::new(),
            last_received: now,
            interrupted_since: None,
            last_snapshot: None,
            client_title: None,
            user_title: None,
        }
    }

    /// A session as the store has it, with nothing of it on the way.
    pub fn stored(stored: StoredSession, seen: Seen) -> Self {
        let mark = match stored.state {
            State::Interrupted => Mark::Interrupted,
            State::Recovered => Mark::Recovered,
            State::Recording | State::Completed => Mark::None,
        };
        let open = stored.last_interruption.filter(|i| i.until.is_none());
        Self {
            pk: Some(stored.pk),
            exists: true,
            mark,
            ended: stored.record.ended_at.is_some(),
            last_key: stored.record.last_key,
            seen,
            last_lsn: 0,
            carriers: Vec::new(),
            last_received: stored.last_received_at,
            interrupted_since: open.map(|i| i.since),
            last_snapshot: None,
            client_title: stored.record.title.as_deref().map(|title| shortened(title).into()),
            user_title: None,
        }
    }

    /// What it is called: the user's word stands above its client's.
    pub fn title(&self) -> Option<String> {
        self.user_title.as_deref().or(self.client_title.as_deref()).map(ToOwned::to_owned)
    }

    pub fn set_user_title(&mut self, title: Option<&str>) {
        self.user_title = title.map(|title| shortened(title).into());
    }

    /// A snapshot says what events left open.
    pub fn fill_title(&mut self, title: Option<&str>) {
        if self.client_title.is_none() {
            self.client_title = title.map(|title| shortened(title).into());
        }
    }

    /// An event names the session. To be called before its place in the order is noted: a late one does not replace a newer title.
    pub fn note_title(&mut self, body: &Body, key: &OrderKey) {
        let title = match body {
            Body::SessionStart(start) => start.title.as_deref(),
            Body::SessionUpdate(update) => update.title.as_deref(),
            _ => None,
        };
        if title.is_some() && (*key > self.last_key || self.client_title.is_none()) {
            self.client_title = title.map(|title| shortened(title).into());
        }
    }

    pub const fn state(&self) -> State {
        match (self.ended, self.mark) {
            (true, _) => State::Completed,
            (false, Mark::None) => State::Recording,
            (false, Mark::Interrupted) => State::Interrupted,
            (false, Mark::Recovered) => State::Recovered,
        }
    }

    /// Its events have to be preceded by a record that it goes on.
    pub fn needs_resume(&self) -> bool {
        self.mark != Mark::None
    }

    pub fn resume(&mut self) {
        self.mark = Mark::None;
        self.interrupted_since = None;
    }

    pub fn interrupt(&mut self, since: Timestamp) {
        self.mark = Mark::Interrupted;
        self.interrupted_since = Some(since);
    }

    pub fn recover(&mut self) {
        if self.mark == Mark::Interrupted {
            self.mark = Mark::Recovered;
        }
    }

    /// Takes an event's place in the order into account.
    pub fn note_order(&mut self, key: OrderKey, is_end: bool) {
        if key > self.last_key {
            self.last_key = key;
            self.ended = is_end;
            if is_end {
                self.mark = Mark::None;
            }
        }
    }

    /// The store has everything of it up to this record.
    pub const fn flushed(&mut self, pk: SessionPk, through: u64) {
        self.pk = Some(pk);
        if self.last_lsn <= through {
            self.last_lsn = 0;
        }
    }

    /// Nothing would be lost by forgetting it: the store has all, and nobody carries it.
    pub const fn is_idle(&self) -> bool {
        self.last_lsn == 0 && self.carriers.is_empty()
    }
}

/// Identities of a session's events, with what they contained.
#[derive(Debug)]
pub struct Seen {
    map: HashMap<Identity, SeenEvent>,
    /// All events of the session are in `map`.
    pub complete: bool,
}

#[derive(Debug, Clone, Copy)]
struct SeenEvent {
    content: ContentHash,
    lsn: u64,
}

/// Identities of one session held in memory at most; of a longer one the store is asked.
pub const SEEN_MAX: usize = 50_000;

impl Seen {
    pub fn complete(events: Vec<(Identity, ContentHash)>) -> Self {
        let map = events.into_iter().map(|(id, content)| (id, SeenEvent { content, lsn: 0 })).collect();
        Self { map, complete: true }
    }

    pub fn incomplete() -> Self {
        Self { map: HashMap::new(), complete: false }
    }

    pub fn get(&self, identity: &Identity) -> Option<ContentHash> {
        self.map.get(identity).map(|seen| seen.content)
    }

    pub fn insert(&mut self, identity: Identity, content: ContentHash, lsn: u64) {
        self.map.insert(identity, SeenEvent { content, lsn });
    }

    /// Forgets what the store has up to this record; asks the store for it from now on.
    pub fn forget_through(&mut self, applied: u64) {
        self.map.retain(|_, seen| seen.lsn > applied);
        self.map.shrink_to_fit();
        self.complete = false;
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }
}
