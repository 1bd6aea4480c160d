//! The hand-over of durable records to the flusher, and what follows when it is done.
//!
//! Invariant: one job at a time, in order; a reader is answered when the store has what was durable when it asked.

use super::Ingest;
use crate::flush::{Done, Job, Records, Trouble};
use crate::pending::Pending;
use chasm_journal::Lsn;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// The ingest task's side of the flusher.
pub struct FlushLink {
    pub jobs: mpsc::Sender<Job>,
    pub finished: mpsc::Receiver<Done>,
    pub trouble: watch::Receiver<Trouble>,
    /// Records held by the job under way; 0 for one that reads the journal.
    in_flight: Option<usize>,
}

/// Records that were not kept in memory: the journal has them.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// The last of them.
    pub through: u64,
    pub records: usize,
    /// The start found damage among them and set it aside: what cannot be read of them is known.
    pub damaged: bool,
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
        let held = match &job.records {
            Records::Held { records, .. } => records.len(),
            Records::InJournal { .. } => 0,
        };
        if self.jobs.try_send(job).is_ok() {
            self.in_flight = Some(held);
        }
    }

    pub const fn end(&mut self) {
        self.in_flight = None;
    }

    pub fn records(&self) -> usize {
        self.in_flight.unwrap_or(0)
    }

    pub const fn is_busy(&self) -> bool {
        self.in_flight.is_some()
    }

    pub fn in_trouble(&self) -> bool {
        self.trouble.borrow().is_some()
    }
}

impl Ingest {
    pub(super) fn note_buffer(&self) {
        let waiting = self.backlog.map_or(0, |b| b.records);
        let records = self.buffer.len() + self.flush.records() + waiting;
        // A job that reads the journal counts as one, so that readers ask.
        self.shared.note_buffer(records.max(usize::from(self.flush.is_busy())), self.budget.used());
    }

    /// Keeps records until the flusher has them: in memory as long as there is room, else where they are already, in the
    /// journal. What of their weight is not needed goes back at once.
    pub(super) fn keep(&mut self, mut records: Vec<Pending>, taken: usize) {
        let Some(last) = records.last().map(|r| r.lsn) else { return self.budget.give(taken) };
        if self.backlog.is_some() || self.budget.used() > self.budget.max() / 2 {
            let backlog = self.backlog.get_or_insert(Backlog { through: last, records: 0, damaged: false });
            backlog.through = last;
            backlog.records += records.len();
            self.budget.give(taken);
        } else {
            // One taker never takes more than half of the pool, so less may have been taken than the records weigh.
            let mut left = taken;
            for record in &mut records {
                record.weight = record.weight.min(left);
                left -= record.weight;
            }
            self.budget.give(left);
            self.buffered_weight += taken - left;
            self.buffer.extend(records);
        }
        self.note_buffer();
    }

    pub(super) fn backlog_has_room(&self) -> bool {
        self.backlog.is_none_or(|b| b.records < self.config.backlog_events)
    }

    /// What is behind this record never became durable.
    pub(super) fn cut_backlog(&mut self, durable: u64) {
        if let Some(backlog) = &mut self.backlog {
            backlog.through = backlog.through.min(durable);
        }
        self.backlog = self.backlog.filter(|b| b.through > self.applied);
    }

    /// The next job: what is held first, for it is older.
    fn next_job(&mut self) -> Option<Records> {
        let ready = self.durable_records().min(self.config.flush_events);
        if ready > 0 {
            let records: Vec<_> = self.buffer.drain(..ready).collect();
            let applied = records.last().map_or(self.applied, |r| r.lsn);
            self.buffered_weight -= records.iter().map(|r| r.weight).sum::<usize>();
            return Some(Records::Held { records, applied });
        }
        if !self.buffer.is_empty() {
            return None;
        }
        let Some(backlog) = self.backlog else {
            let behind = self.probed > self.applied && self.probed <= self.shared.durable_lsn();
            return behind.then(|| Records::Held { records: Vec::new(), applied: self.probed });
        };
        let through = backlog.through.min(self.shared.durable_lsn());
        let damaged = backlog.damaged;
        (through > self.applied).then_some(Records::InJournal { after: self.applied, through, damaged })
    }

    /// How many records at the front of the buffer are durable.
    fn durable_records(&self) -> usize {
        let durable = self.shared.durable_lsn();
        self.buffer.partition_point(|record| record.lsn <= durable)
    }

    /// Starts a flush where its time has come, enough waits, or someone waits for it.
    pub(super) fn flush_if_due(&mut self) {
        if self.flush.is_busy() {
            return;
        }
        let due = self.last_flush.elapsed() >= self.config.flush_interval
            || self.buffer.len() >= self.config.flush_events
            || self.buffered_weight >= self.budget.max() / 4
            || self.backlog.is_some()
            || !self.readers.is_empty()
            || !self.snapshots.is_empty()
            || self.refusal.is_some();
        if !due {
            return;
        }
        let nothing = || Records::Held { records: Vec::new(), applied: 0 };
        let job = self.next_job().or_else(|| self.shared.hub.has_unsaved().then(nothing));
        self.last_flush = Instant::now();
        if let Some(job) = job {
            self.start_flush(job);
        }
    }

    fn start_flush(&mut self, records: Records) {
        let records = match records {
            // With notices alone the store stays where it is.
            Records::Held { records, applied } if records.is_empty() => {
                Records::Held { records, applied: applied.max(self.applied) }
            }
            other => other,
        };
        self.flush.start(Job { records, at: self.shared.clock.now() });
        self.last_flush = Instant::now();
    }

    pub(super) fn on_flushed(&mut self, done: Done) {
        self.flush.end();
        self.applied = self.applied.max(done.applied);
        self.budget.give(done.weight);
        self.shared.note_flush(self.applied, self.shared.clock.now());
        if let Some(backlog) = &mut self.backlog {
            backlog.records = backlog.records.saturating_sub(done.read);
        }
        self.backlog = self.backlog.filter(|b| b.through > self.applied);
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
        self.answer_inheriting();
        let applied = self.applied;
        for same in self.snapshots.extract_if(.., |s| s.lsn <= applied) {
            let _ = same.reply.send(Ok(same.answer));
        }
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
        let durable = self.shared.durable_lsn();
        if durable > self.applied && !self.flush.in_trouble() {
            self.readers.push((durable, reply));
        } else {
            let _ = reply.send(());
        }
    }

    /// Flushes all that is durable, without taking anything new. False where the store cannot be written.
    pub(super) async fn flush_all(&mut self) -> bool {
        self.flush_within(Duration::from_secs(60)).await
    }

    pub(super) async fn flush_within(&mut self, limit: Duration) -> bool {
        let end = tokio::time::Instant::now() + limit;
        loop {
            if !self.flush.is_busy() {
                match self.next_job() {
                    Some(job) => self.start_flush(job),
                    None => return true,
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
