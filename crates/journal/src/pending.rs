//! What users and writer share: the records that wait, the requests that wait, the gate. One short mutex, never held over I/O.
//! Invariant: the buffer holds whole records with consecutive numbers, the first of them `first`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};

use crate::durable::{Durable, Fault, State};
use crate::journal::{PurgeError, PurgeReport, ResumeError, RotateError};
use crate::lsn::Lsn;
use crate::settings::{IDLE_BEFORE_SHRINK, JournalSettings, KEEP_BUFFER};

pub(crate) struct Shared {
    pub settings: JournalSettings,
    pub durable: watch::Sender<Durable>,
    pub progress: Mutex<Progress>,
    pending: Mutex<Pending>,
    wake: Condvar,
}

pub(crate) struct Pending {
    /// Records as `RecordHead::unsealed` leaves them.
    pub buffer: Vec<u8>,
    /// The number of the first record in `buffer`, and the next one to hand out.
    pub first: Lsn,
    pub next: Lsn,
    pub gate: State,
    truncate: Option<Lsn>,
    requests: Vec<Request>,
    closing: bool,
    /// The writer is gone; nobody answers requests.
    ended: bool,
    /// The writer sleeps: only then does a wake-up cost a system call.
    sleeping: bool,
}

pub(crate) enum Request {
    Rotate(oneshot::Sender<Result<(), RotateError>>),
    Purge(Lsn, oneshot::Sender<Result<PurgeReport, PurgeError>>),
    Resume(oneshot::Sender<Result<Lsn, ResumeError>>),
}

/// What the writer takes at once. The records go into its own buffer.
pub(crate) struct Taken {
    pub first: Lsn,
    pub last: Lsn,
    pub truncate: Option<Lsn>,
    pub requests: Vec<Request>,
    pub closing: bool,
}

/// What the writer has done so far, for `stats`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub segments: usize,
    pub bytes: u64,
    pub syncs: u64,
    pub last_sync: Option<SystemTime>,
    pub last_sync_took: Duration,
    pub last_batch_records: u64,
    pub last_batch_bytes: usize,
}

impl Shared {
    pub(crate) fn new(settings: JournalSettings, durable: Lsn, next: Lsn) -> Self {
        let lost = Arc::from([]);
        Self {
            settings,
            durable: watch::Sender::new(Durable { through: durable, state: State::Open, lost }),
            progress: Mutex::default(),
            pending: Mutex::new(Pending {
                buffer: Vec::new(),
                first: next,
                next,
                gate: State::Open,
                truncate: None,
                requests: Vec::new(),
                closing: false,
                ended: false,
                sleeping: false,
            }),
            wake: Condvar::new(),
        }
    }

    /// A panic in a caller's encoder leaves no half record (see `Batch`), so a poisoned mutex is a sound one.
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the writer, if it sleeps, after letting go of the lock.
    pub(crate) fn wake(&self, mut pending: MutexGuard<'_, Pending>) {
        let sleeping = std::mem::take(&mut pending.sleeping);
        drop(pending);
        if sleeping {
            self.wake.notify_one();
        }
    }

    /// When nobody is left to answer the request is dropped, and with it the sender in it.
    pub(crate) fn request(&self, request: Request) {
        let mut pending = self.pending();
        if !pending.ended {
            pending.requests.push(request);
            self.wake(pending);
        }
    }

    pub(crate) fn truncate(&self, applied: Lsn) {
        let mut pending = self.pending();
        pending.truncate = pending.truncate.max(Some(applied));
        self.wake(pending);
    }

    pub(crate) fn close(&self) {
        let mut pending = self.pending();
        pending.closing = true;
        if matches!(pending.gate, State::Open) {
            pending.gate = State::Closed;
        }
        self.wake(pending);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.pending().ended
    }

    /// Sleeps until there is something to do. Large buffers are given back after a while without work.
    pub(crate) fn wait(&self, spare: &mut Vec<u8>) {
        let mut pending = self.pending();
        let mut shrunk = false;
        while pending.is_idle() {
            pending.sleeping = true;
            if shrunk {
                pending = self.wake.wait(pending).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.wake.wait_timeout(pending, IDLE_BEFORE_SHRINK);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            pending = guard;
            if timeout.timed_out() && pending.is_idle() {
                pending.buffer.shrink_to(KEEP_BUFFER);
                spare.shrink_to(KEEP_BUFFER);
                shrunk = true;
            }
        }
        pending.sleeping = false;
    }

    /// Takes all that waits; `spare` (empty) is what the next records collect in.
    pub(crate) fn take(&self, spare: &mut Vec<u8>) -> Taken {
        let mut pending = self.pending();
        std::mem::swap(&mut pending.buffer, spare);
        let (first, next) = (pending.first, pending.next);
        pending.first = next;
        Taken {
            first,
            last: next.previous(),
            truncate: pending.truncate.take(),
            requests: std::mem::take(&mut pending.requests),
            closing: pending.closing,
        }
    }

    /// Drops all records that wait and closes the gate. Returns the next number that may be used.
    pub(crate) fn shut(&self, gate: State) -> Lsn {
        let mut pending = self.pending();
        pending.buffer.clear();
        pending.first = pending.next;
        if !matches!(pending.gate, State::Closed) {
            pending.gate = gate;
        }
        pending.next
    }

    /// Opens the gate again after a stall.
    pub(crate) fn reopen(&self) {
        let mut pending = self.pending();
        if matches!(pending.gate, State::Stalled(_)) {
            pending.gate = State::Open;
        }
    }

    /// The writer goes. Whoever waits for an answer gets none; whoever watches sees the state.
    pub(crate) fn end(&self, orderly: bool) {
        let mut pending = self.pending();
        if std::mem::replace(&mut pending.ended, true) {
            return;
        }
        let state = match (&pending.gate, orderly) {
            (State::Poisoned(fault), _) => State::Poisoned(fault.clone()),
            (_, true) => State::Closed,
            (_, false) => {
                let source = std::io::Error::other("the writer ended");
                State::Poisoned(Arc::new(Fault::new("journal", source)))
            }
        };
        pending.gate = state.clone();
        pending.buffer = Vec::new();
        pending.requests.clear();
        drop(pending);
        self.durable.send_modify(|durable| durable.state = state);
    }
}

impl Pending {
    fn is_idle(&self) -> bool {
        self.buffer.is_empty() && self.requests.is_empty() && self.truncate.is_none() && !self.closing
    }
}
