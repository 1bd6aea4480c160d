//! The live stream of lifecycle events, and the notices that wait for the store.
//!
//! Invariant: a notice is told once, and kept until the store has it.

use chasm_protocol::lifecycle::{LifecycleEvent, LiveEvent, Operation};
use chasm_protocol::{SessionId, Timestamp};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// Live items that a slow reader may be behind before it misses some.
const LIVE_BACKLOG: usize = 1024;
/// Notices that wait in memory while the store cannot be written.
const NOTICES_MAX: usize = 1000;

/// Whether an event names this session.
fn names(event: &LifecycleEvent, session: &str) -> bool {
    let among = |ids: &[String]| ids.iter().any(|id| id == session);
    match event {
        LifecycleEvent::Dropped { sessions, .. } => among(sessions),
        LifecycleEvent::Recovered { session_ids, .. } => among(session_ids),
        other => other.session_id() == Some(session),
    }
}

#[derive(Debug)]
pub struct Hub {
    live: broadcast::Sender<LiveEvent>,
    unsaved: Mutex<Vec<(Timestamp, LifecycleEvent)>>,
    /// Sessions in the trash: nobody is told what becomes of them.
    hidden: Mutex<HashSet<String>>,
}

impl Hub {
    pub fn new() -> Self {
        Self { live: broadcast::channel(LIVE_BACKLOG).0, unsaved: Mutex::default(), hidden: Mutex::default() }
    }

    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.live.subscribe()
    }

    /// Tells everyone, and keeps it where it is a notice.
    pub fn tell(&self, at: Timestamp, event: LifecycleEvent) {
        let Some(event) = self.in_sight(event) else { return };
        tracing::info!(kind = event.kind(), "lifecycle");
        if event.is_notice() {
            let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
            if unsaved.len() < NOTICES_MAX {
                unsaved.push((at, event.clone()));
            }
        }
        // An error only says that nobody listens.
        let _ = self.live.send(LiveEvent::Lifecycle { at, event });
    }

    /// What is left of an event without the sessions in the trash.
    fn in_sight(&self, mut event: LifecycleEvent) -> Option<LifecycleEvent> {
        match &mut event {
            LifecycleEvent::Dropped { sessions, .. } => {
                sessions.retain(|id| !self.is_hidden(id));
                (!sessions.is_empty()).then_some(event)
            }
            other => match other.session_id() {
                Some(id) if self.is_hidden(id) => None,
                _ => Some(event),
            },
        }
    }

    /// From now on nobody is told of these sessions.
    pub fn hide<'a>(&self, sessions: impl IntoIterator<Item = &'a SessionId>) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.extend(sessions.into_iter().map(ToString::to_string));
    }

    /// They are told of again.
    pub fn show(&self, sessions: &[SessionId]) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            hidden.remove(session.as_str());
        }
    }

    pub fn is_hidden(&self, session: &str) -> bool {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }

    pub fn changed(&self, session_ids: Vec<String>) {
        let _ = self.live.send(LiveEvent::Changed { session_ids });
    }

    pub fn progress(&self, operation: Operation, done: u64, total: u64, session_id: Option<String>) {
        let _ = self.live.send(LiveEvent::Progress { operation, done, total, session_id });
    }

    /// Hands out what the store does not have yet.
    pub fn take_unsaved(&self) -> Vec<(Timestamp, LifecycleEvent)> {
        std::mem::take(&mut *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops what waits and names a deleted session.
    pub fn forget(&self, session: &str) {
        let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        unsaved.retain(|(_, event)| !names(event, session));
    }

    /// Takes back what could not be kept.
    pub fn put_back(&self, mut notices: Vec<(Timestamp, LifecycleEvent)>) {
        let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        notices.append(&mut unsaved);
        notices.truncate(NOTICES_MAX);
        *unsaved = notices;
    }

    pub fn has_unsaved(&self) -> bool {
        !self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
