//! The handle: cheap to clone, safe from any thread, never blocking on the disk. It owns no file; the writer does.
//! Invariant: requests are made when the method is called, not when its future is first polled.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};

use crate::batch::{AppendError, Batch};
use crate::durable::{Durable, Fault};
use crate::lsn::Lsn;
use crate::pending::{Request, Shared};

/// A journal that is open. The writer ends when the last handle is dropped; [`Journal::close`] also waits for it.
#[derive(Clone)]
pub struct Journal(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the journal is doing, for status and metrics.
#[derive(Clone, Debug)]
pub struct JournalStats {
    /// Segment files, and their bytes.
    pub segments: usize,
    pub bytes: u64,
    /// The last number handed out.
    pub last_lsn: Lsn,
    pub durable_lsn: Lsn,
    pub pending_bytes: usize,
    /// Batches written and synced since the journal was opened.
    pub syncs: u64,
    pub last_sync: Option<SystemTime>,
    pub last_sync_took: Duration,
    pub last_batch_records: u64,
    pub last_batch_bytes: usize,
}

/// What `purge` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeReport {
    pub segments: usize,
    pub bytes: u64,
    /// Segments that stay, since they hold a record that is not applied.
    pub left: usize,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum RotateError {
    #[error("journal is closed")]
    Closed,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum PurgeError {
    /// Files may be left, or come back after a power cut. Ask again.
    #[error("purge: {0}")]
    Disk(Arc<Fault>),
    #[error("journal is closed")]
    Closed,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ResumeError {
    #[error("journal: only {free} bytes are free, {needed} are needed")]
    NoRoom { free: u64, needed: u64 },
    #[error("journal: still stalled: {0}")]
    Disk(Arc<Fault>),
    #[error("journal poisoned: {0}")]
    Poisoned(Arc<Fault>),
    #[error("journal is closed")]
    Closed,
}

impl Journal {
    pub(crate) fn new(shared: Arc<Shared>, thread: Option<JoinHandle<()>>) -> Self {
        Self(Arc::new(Handle { shared, thread: Mutex::new(thread) }))
    }

    pub(crate) fn attach(&self, thread: JoinHandle<()>) {
        *self.0.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    /// Begins a batch. Not to be held across an `.await` (the compiler sees to it).
    pub fn batch(&self) -> Result<Batch<'_>, AppendError> {
        Batch::begin(&self.0.shared)
    }

    /// How far the journal is on disk; changes once after each sync. See [`Durable::fate`].
    #[must_use]
    pub fn durable(&self) -> watch::Receiver<Durable> {
        self.0.shared.durable.subscribe()
    }

    /// Deletes, some time soon, every closed segment whose records are all applied. Also in a stall: it makes room.
    pub fn truncate(&self, applied: Lsn) {
        self.0.shared.truncate(applied);
    }

    /// Closes the active segment, so that a later `truncate` can delete what is in it.
    pub fn rotate(&self) -> impl Future<Output = Result<(), RotateError>> + Send + 'static {
        let answer = self.ask(Request::Rotate);
        async { answer.await.unwrap_or(Err(RotateError::Closed)) }
    }

    /// `rotate` and `truncate` in one, answered when the files are gone and the folder is synced.
    pub fn purge(
        &self,
        applied: Lsn,
    ) -> impl Future<Output = Result<PurgeReport, PurgeError>> + Send + 'static {
        let answer = self.ask(|reply| Request::Purge(applied, reply));
        async { answer.await.unwrap_or(Err(PurgeError::Closed)) }
    }

    /// Ends a stall, if there is room: starts a new segment and says the next number. Call it only after giving up every record
    /// behind `Durable::through`. On a journal that is open it just says the next number.
    pub fn resume(&self) -> impl Future<Output = Result<Lsn, ResumeError>> + Send + 'static {
        let answer = self.ask(Request::Resume);
        async { answer.await.unwrap_or(Err(ResumeError::Closed)) }
    }

    #[must_use]
    pub fn stats(&self) -> JournalStats {
        let progress = self.0.shared.progress().clone();
        let durable_lsn = self.0.shared.durable.borrow().through;
        let pending = self.0.shared.pending();
        JournalStats {
            segments: progress.segments,
            bytes: progress.bytes,
            last_lsn: pending.next.previous(),
            durable_lsn,
            pending_bytes: pending.buffer.len(),
            syncs: progress.syncs,
            last_sync: progress.last_sync,
            last_sync_took: progress.last_sync_took,
            last_batch_records: progress.last_batch_records,
            last_batch_bytes: progress.last_batch_bytes,
        }
    }

    /// Takes no more records, writes and syncs what waits, ends the writer and joins it. Says how far the journal got; other
    /// handles find it closed.
    pub async fn close(self) -> Durable {
        let mut durable = self.durable();
        // The state is final only once the writer has gone, which `end` publishes with the last change.
        self.0.shared.close();
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        while !self.0.shared.has_ended() {
            if durable.changed().await.is_err() {
                break;
            }
        }
        if let Some(thread) = thread {
            // It has published its end and only returns from here on.
            let _ = thread.join();
        }
        self.0.shared.durable.borrow().clone()
    }

    fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.0.shared.request(request(reply));
        answer
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("stats", &self.stats()).finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}
