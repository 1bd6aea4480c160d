//! Texts that stream in, for those who watch a session.
//!
//! Never keeps a text longer than its slowest reader may, never writes one into a log; costs nothing where nobody watches. Invariant:
//! a text is handed on only once its event is on disk, and a reader that missed some is told so.

use chasm_protocol::SessionId;
use chasm_protocol::event::MessageDelta;
use chasm_protocol::lifecycle::LiveEvent;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What waits for one reader at most.
const WAITING_MAX: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;
/// Beside its text.
const WEIGHT: usize = 256;

/// Who watches which sessions.
#[derive(Debug, Default)]
pub struct Deltas {
    readers: Mutex<Vec<Arc<Reader>>>,
    count: AtomicUsize,
}

#[derive(Debug)]
struct Reader {
    sessions: Vec<SessionId>,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Arc<LiveEvent>>,
    bytes: usize,
    missed: u64,
}

/// The texts of some sessions from now on. Dropping it ends the watch.
#[derive(Debug)]
pub struct DeltaReader {
    deltas: Arc<Deltas>,
    reader: Arc<Reader>,
}

impl Deltas {
    pub fn watch(self: &Arc<Self>, sessions: Vec<SessionId>) -> DeltaReader {
        let reader = Arc::new(Reader { sessions, waiting: Mutex::default(), arrived: Notify::new() });
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.push(reader.clone());
        self.count.store(readers.len(), Relaxed);
        drop(readers);
        DeltaReader { deltas: self.clone(), reader }
    }

    /// Whether anyone watches this session.
    pub fn is_watched(&self, session: &SessionId) -> bool {
        if self.count.load(Relaxed) == 0 {
            return false;
        }
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().any(|reader| reader.sessions.contains(session))
    }

    /// Hands a text on whose event is on disk.
    pub fn tell(&self, session: &SessionId, delta: LiveEvent) {
        let delta = Arc::new(delta);
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers
            .iter()
            .filter(|reader| reader.sessions.contains(session))
            .for_each(|reader| reader.push(&delta));
    }

    fn forget(&self, reader: &Arc<Reader>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|other| !Arc::ptr_eq(other, reader));
        self.count.store(readers.len(), Relaxed);
    }
}

impl Reader {
    fn push(&self, delta: &Arc<LiveEvent>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += weight(delta);
        // A single one may be larger.
        let full = waiting.bytes > WAITING_BYTES && !waiting.items.is_empty();
        if full || waiting.items.len() >= WAITING_MAX {
            waiting.missed += waiting.items.len() as u64 + 1;
            waiting.items.clear();
            waiting.bytes = 0;
        } else {
            waiting.items.push_back(delta.clone());
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    fn take(&self) -> Option<Arc<LiveEvent>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut waiting.missed) {
            0 => {
                let item = waiting.items.pop_front()?;
                waiting.bytes = waiting.bytes.saturating_sub(weight(&item));
                Some(item)
            }
            missed => Some(Arc::new(LiveEvent::Lagged { missed })),
        }
    }
}

impl DeltaReader {
    /// The next text, or how many were missed.
    pub async fn next(&mut self) -> Arc<LiveEvent> {
        loop {
            if let Some(item) = self.reader.take() {
                return item;
            }
            self.reader.arrived.notified().await;
        }
    }
}

impl Drop for DeltaReader {
    fn drop(&mut self) {
        self.deltas.forget(&self.reader);
    }
}

/// A delta as it is told.
pub fn live_delta(session: &SessionId, delta: &MessageDelta, at: chasm_protocol::Timestamp) -> LiveEvent {
    LiveEvent::Delta {
        session_id: session.to_string(),
        message_id: delta.message_id.clone(),
        role: delta.role,
        delta: delta.delta.clone(),
        at,
    }
}

fn weight(event: &LiveEvent) -> usize {
    match event {
        LiveEvent::Delta { delta, .. } => delta.len() + WEIGHT,
        _ => WEIGHT,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn delta(session: &SessionId, text: String) -> LiveEvent {
        let delta = MessageDelta { message_id: String::from("m"), delta: text, role: None };
        live_delta(session, &delta, chasm_protocol::Timestamp::default())
    }

    fn text(event: &LiveEvent) -> &str {
        match event {
            LiveEvent::Delta { delta, .. } => delta,
            _ => "",
        }
    }

    #[tokio::test]
    async fn a_reader_gets_its_sessions_until_it_goes() {
        let (deltas, mine) = (Arc::new(Deltas::default()), SessionId::new("mine").unwrap());
        let theirs = SessionId::new("theirs").unwrap();
        assert!(!deltas.is_watched(&mine));
        let mut reader = deltas.watch(vec![mine.clone()]);
        assert!(deltas.is_watched(&mine) && !deltas.is_watched(&theirs));
        deltas.tell(&theirs, delta(&theirs, String::from("no")));
        deltas.tell(&mine, delta(&mine, String::from("a")));
        deltas.tell(&mine, delta(&mine, String::from("b")));
        assert_eq!((text(&*reader.next().await), text(&*reader.next().await)), ("a", "b"));
        drop(reader);
        assert!(!deltas.is_watched(&mine));
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_and_holds_little() {
        let (deltas, id) = (Arc::new(Deltas::default()), SessionId::new("s").unwrap());
        let mut reader = deltas.watch(vec![id.clone()]);
        for _ in 0..=WAITING_MAX {
            deltas.tell(&id, delta(&id, String::new()));
        }
        assert_eq!(*reader.next().await, LiveEvent::Lagged { missed: WAITING_MAX as u64 + 1 });
        for _ in 0..10 {
            deltas.tell(&id, delta(&id, "x".repeat(1 << 20)));
            assert!(reader.reader.waiting.lock().unwrap().bytes <= WAITING_BYTES);
        }
        assert!(matches!(*reader.next().await, LiveEvent::Lagged { missed: 4..=10 }));
        // One alone may be as large as an event.
        while reader.reader.take().is_some() {}
        deltas.tell(&id, delta(&id, "y".repeat(WAITING_BYTES * 2)));
        assert_eq!(text(&*reader.next().await).len(), WAITING_BYTES * 2);
    }
}
