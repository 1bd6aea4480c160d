//! The hand-over of durable records to the flusher, and what follows when it is done.
//!
//! Invariant: one job at a time, in order; a reader is answered when the store has what was durable when it asked.

use super::Ingest;
use crate::flush::{Done, Job, Trouble};
use chasm_journal::Lsn;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// The ingest task's side of the flusher.
pub struct FlushLink {
    pub jobs: mpsc::Sender<Job>,
    pub finished: mpsc::Receiver<Done>,
    pub trouble: watch::Receiver<Trouble>,
    /// Records of the job under way, and its last one.
    in_flight: Option<(usize, u64)>,
}

impl FlushLink {
    pub const fn new(
        jobs: mpsc::Sender<Job>,
        finished: mpsc::Receiver<Done>,
        trouble: watch::Receiver<Trouble>,
    ) -> Self {
        Self { jobs, finished, trouble, in_flight: None }
    }

    pub async fn done(&mut self) -> Option<Done> {
        self.finished.recv().await
    }

    /// Hands a job over. There is always room: it holds one, and there are never two at a time.
    pub fn start(&mut self, job: Job) {
        let (records, applied) = (job.records.len(), job.applied);
        if self.jobs.try_send(job).is_ok() {
            self.in_flight = Some((records, applied));
        }
    }

    pub const fn end(&mut self) {
        self.in_flight = None;
    }

    pub fn records(&self) -> usize {
        self.in_flight.map_or(0, |(records, _)| records)
    }

    pub fn in_trouble(&self) -> bool {
        self.trouble.borrow().is_some()
    }
}

impl Ingest {
    pub(super) fn note_buffer(&self) {
        self.shared.note_buffer(self.buffer.len() + self.flush.records(), self.budget.used());
    }

    /// How many records at the front of the buffer are durable.
    fn durable_records(&self) -> usize {
        let durable = self.shared.durable_lsn();
        self.buffer.partition_point(|record| record.lsn <= durable)
    }

    /// Starts a flush where its time has come, enough waits, or someone waits for it.
    pub(super) fn flush_if_due(&mut self) {
        if self.flush.in_flight.is_some() {
            return;
        }
        let ready = self.durable_records();
        let due = self.last_flush.elapsed() >= self.config.flush_interval
            || ready >= self.config.flush_events
            || self.buffered_weight >= self.budget.max() / 4
            || !self.readers.is_empty()
            || !self.snapshots.is_empty()
            || self.refusal.is_some();
        if due && (ready > 0 || self.shared.hub.has_unsaved()) {
            self.start_flush(ready.min(self.config.flush_events));
        } else if due {
            self.last_flush = Instant::now();
        }
    }

    fn start_flush(&mut self, records: usize) {
        let records: Vec<_> = self.buffer.drain(..records).collect();
        let applied = records.last().map_or(self.applied, |r| r.lsn);
        self.buffered_weight -= records.iter().map(|r| r.weight).sum::<usize>();
        self.flush.start(Job { records, applied, at: self.shared.clock.now() });
        self.last_flush = Instant::now();
    }

    pub(super) fn on_flushed(&mut self, done: Done) {
        self.flush.end();
        self.applied = self.applied.max(done.applied);
        self.budget.give(done.weight);
        self.shared.note_flush(self.applied, self.shared.clock.now());
        self.note_buffer();
        self.journal.truncate(Lsn(self.applied));
        for effect in done.effects {
            if let Some(tracked) = self.sessions.get_mut(&effect.session) {
                tracked.flushed(effect.pk, effect.last_lsn);
            }
            for (lsn, added) in effect.added {
                self.answer_snapshot(lsn, added);
            }
        }
        let applied = self.applied;
        let ready = |(lsn, _): &mut (u64, oneshot::Sender<()>)| *lsn <= applied;
        for (_, reply) in self.readers.extract_if(.., ready) {
            let _ = reply.send(());
        }
    }

    fn answer_snapshot(&mut self, lsn: u64, added: u64) {
        if let Some(at) = self.snapshots.iter().position(|s| s.lsn == lsn) {
            let mut waiting = self.snapshots.swap_remove(at);
            waiting.answer.added = added;
            let _ = waiting.reply.send(Ok(waiting.answer));
        }
    }

    /// Answers once the store has everything that is durable now; at once while the store cannot be written.
    pub(super) fn add_reader(&mut self, reply: oneshot::Sender<()>) {
        let durable = self.durable_records().checked_sub(1).and_then(|at| self.buffer.get(at)).map(|r| r.lsn);
        let wanted = durable.or(self.flush.in_flight.map(|(_, lsn)| lsn));
        match wanted {
            Some(lsn) if !self.flush.in_trouble() => self.readers.push((lsn, reply)),
            _ => {
                let _ = reply.send(());
            }
        }
    }

    /// Flushes all that is durable, without taking anything new. False where the store cannot be written.
    pub(super) async fn flush_all(&mut self) -> bool {
        self.flush_within(Duration::from_secs(60)).await
    }

    pub(super) async fn flush_within(&mut self, limit: Duration) -> bool {
        let end = tokio::time::Instant::now() + limit;
        loop {
            if self.flush.in_flight.is_none() {
                match self.durable_records() {
                    0 => return true,
                    ready => self.start_flush(ready.min(self.config.flush_events)),
                }
            }
            tokio::select! {
                done = self.flush.finished.recv() => match done {
                    Some(done) => self.on_flushed(done),
                    None => return false,
                },
                () = in_trouble(self.flush.trouble.clone()) => return false,
                () = tokio::time::sleep_until(end) => return false,
            }
        }
    }

    /// Waits until all that was appended is durable, or never will be.
    pub(super) async fn settle(&mut self) {
        while self.shared.durable_lsn() < self.last_lsn && self.refusal.is_none() {
            if self.durable.changed().await.is_err() {
                return;
            }
            self.on_durable();
        }
    }

    /// Readers must not wait for a store that cannot be written.
    pub(super) fn release_readers_in_trouble(&mut self) {
        if self.flush.in_trouble() {
            self.readers.drain(..).for_each(|(_, reply)| {
                let _ = reply.send(());
            });
        }
    }
}

/// Resolves once the store is in trouble.
async fn in_trouble(mut trouble: watch::Receiver<Trouble>) {
    if trouble.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}
