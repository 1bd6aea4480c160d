//! The one who writes: takes all that waits, one write, one sync, then says so. Owns the segment files. It acknowledges nothing
//! that the disk has not confirmed. Invariant: after a failed sync it never acknowledges again.

use std::sync::Arc;
use std::time::Instant;

use crate::durable::{Durable, Fault, State};
use crate::journal::{PurgeError, PurgeReport, ResumeError};
use crate::lsn::Lsn;
use crate::media::Media;
use crate::pending::{Request, Shared};
use crate::segments::{CreateError, Segments, fault};
use crate::settings::RESUME_RESERVE;

/// The writer of a journal. Normally a thread runs it; [`crate::open_stepped`] hands it out so that a test can drive it.
pub struct Writer {
    media: Arc<dyn Media>,
    shared: Arc<Shared>,
    segments: Segments,
    /// The batch at hand; empty between steps. Swapped with the waiting one, so that neither is copied.
    batch: Vec<u8>,
    durable: Lsn,
    state: State,
    lost: Arc<[(Lsn, Lsn)]>,
    orderly: bool,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to come.
    Running,
    /// The journal is closed; no further step does anything.
    Ended,
}

impl Writer {
    pub(crate) fn new(media: Arc<dyn Media>, shared: Arc<Shared>, segments: Segments, durable: Lsn) -> Self {
        let batch = Vec::new();
        let writer = Self {
            media,
            shared,
            segments,
            batch,
            durable,
            state: State::Open,
            lost: Arc::from([]),
            orderly: false,
        };
        writer.count_segments();
        writer
    }

    /// The thread: steps until the journal is closed.
    pub(crate) fn run(mut self) {
        loop {
            self.shared.wait(&mut self.batch);
            if self.step() == Step::Ended {
                return;
            }
        }
    }

    /// Does all that waits, without waiting itself: commits the records, then truncates, then answers.
    pub fn step(&mut self) -> Step {
        let taken = self.shared.take(&mut self.batch);
        if !self.batch.is_empty() {
            self.commit(taken.first, taken.last);
            self.batch.clear();
        }
        if let Some(applied) = taken.truncate
            && let Err(error) = self.segments.remove(applied)
        {
            tracing::warn!(%error, "journal: applied segments stay for now");
        }
        for request in taken.requests {
            self.answer(request);
        }
        self.count_segments();
        if !taken.closing {
            return Step::Running;
        }
        self.orderly = true;
        self.shared.end(true);
        Step::Ended
    }

    fn commit(&mut self, first: Lsn, last: Lsn) {
        if !matches!(self.state, State::Open) {
            return; // The gate was shut after these came in; they have been given up with the rest.
        }
        let began = Instant::now();
        match self.write(first, last) {
            Ok(()) => {
                self.durable = last;
                self.count_segments();
                self.count_sync(first, last, began);
                self.publish();
            }
            Err(Failure::Stall(fault)) => self.stall(first, fault),
            Err(Failure::Poison(fault)) => self.poison(fault),
        }
    }

    fn write(&mut self, first: Lsn, last: Lsn) -> Result<(), Failure> {
        let len = self.batch.len() as u64;
        let over = |bytes: u64| bytes.saturating_add(len) > self.shared.settings.segment_bytes;
        if self.segments.active.as_ref().is_some_and(|active| over(active.bytes)) {
            self.segments.rotate();
        }
        if self.segments.active.is_none() {
            self.segments.create(first, self.durable)?;
        }
        let Some(active) = self.segments.active.as_mut() else { return Ok(()) };
        if !active.seal.seal(&mut self.batch) {
            let source = std::io::Error::other("a batch does not divide into records");
            return Err(Failure::Stall(fault(active.id, "cannot seal", source)));
        }
        let at = active.bytes;
        active.file.append(&self.batch).map_err(|source| {
            Failure::Stall(fault(active.id, &format!("cannot write at byte {at}"), source))
        })?;
        active.file.sync().map_err(|source| {
            Failure::Poison(fault(active.id, &format!("cannot sync at byte {at}"), source))
        })?;
        active.bytes = at.saturating_add(len);
        active.last = last;
        Ok(())
    }

    /// A write failed: nothing behind `durable` counts. The segment is cut back if that works and left in any case, since a cut
    /// need not last; the header of the next one says where it ends.
    fn stall(&mut self, first: Lsn, fault: Fault) {
        tracing::error!(%fault, "journal stalled");
        if let Some(active) = self.segments.active.as_mut() {
            let _ = active.file.truncate(active.bytes);
        }
        self.segments.abandon();
        self.state = State::Stalled(Arc::new(fault));
        let next = self.shared.shut(self.state.clone());
        let mut lost = self.lost.to_vec();
        match lost.last_mut() {
            Some((_, last)) if last.next() == first => *last = next.previous(),
            _ => lost.push((first, next.previous())),
        }
        self.lost = lost.into();
        self.publish();
    }

    fn poison(&mut self, fault: Fault) {
        tracing::error!(%fault, "journal poisoned");
        self.state = State::Poisoned(Arc::new(fault));
        self.shared.shut(self.state.clone());
        self.publish();
    }

    fn answer(&mut self, request: Request) {
        // Whoever asked may have gone; then nobody misses the answer.
        match request {
            Request::Rotate(reply) => {
                self.segments.rotate();
                let _ = reply.send(Ok(()));
            }
            Request::Purge(applied, reply) => {
                self.segments.rotate();
                let purged = self.segments.remove(applied);
                self.count_segments();
                let report = purged.map(|removed| PurgeReport {
                    segments: removed.segments,
                    bytes: removed.bytes,
                    left: self.segments.count(),
                });
                let _ = reply.send(report.map_err(|fault| PurgeError::Disk(Arc::new(fault))));
            }
            Request::Resume(reply) => {
                let resumed = self.resume();
                let _ = reply.send(resumed);
            }
        }
    }

    fn resume(&mut self) -> Result<Lsn, ResumeError> {
        let next = self.shared.pending().next;
        match &self.state {
            State::Open => return Ok(next),
            State::Poisoned(fault) => return Err(ResumeError::Poisoned(fault.clone())),
            State::Closed => return Err(ResumeError::Closed),
            State::Stalled(_) => {}
        }
        if let Ok(Some(free)) = self.media.free_bytes()
            && free < RESUME_RESERVE
        {
            return Err(ResumeError::NoRoom { free, needed: RESUME_RESERVE });
        }
        // The header doubles as the probe: it is written and synced before the gate opens.
        match self.segments.create(next, self.durable) {
            Ok(()) => {
                tracing::info!(%next, "journal resumed");
                self.state = State::Open;
                self.shared.reopen();
                self.publish();
                Ok(next)
            }
            Err(CreateError::Write(fault)) => Err(ResumeError::Disk(Arc::new(fault))),
            Err(CreateError::Sync(fault)) => {
                self.poison(fault);
                match &self.state {
                    State::Poisoned(fault) => Err(ResumeError::Poisoned(fault.clone())),
                    _ => Err(ResumeError::Closed),
                }
            }
        }
    }

    fn publish(&self) {
        let durable = Durable { through: self.durable, state: self.state.clone(), lost: self.lost.clone() };
        self.shared.durable.send_replace(durable);
    }

    fn count_segments(&self) {
        let mut progress = self.shared.progress();
        progress.segments = self.segments.count();
        progress.bytes = self.segments.bytes();
    }

    fn count_sync(&self, first: Lsn, last: Lsn, began: Instant) {
        let mut progress = self.shared.progress();
        progress.syncs += 1;
        progress.last_sync = Some(self.media.now());
        progress.last_sync_took = began.elapsed();
        progress.last_batch_records = last.0.saturating_sub(first.0).saturating_add(1);
        progress.last_batch_bytes = self.batch.len();
    }
}

/// However the writer goes, by closing or by a panic in a `Media`, nobody waits for it in vain.
impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.end(self.orderly);
    }
}

enum Failure {
    Stall(Fault),
    Poison(Fault),
}

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Write(fault) => Self::Stall(fault),
            CreateError::Sync(fault) => Self::Poison(fault),
        }
    }
}
