//! The flusher: turns journal records into one store transaction at a time.
//!
//! Owns the order of writes to the store. Never drops a job: what the store refuses is tried again until it works or the
//! recorder stops, and the journal keeps it all the while. Invariant: a batch is applied with its `applied_lsn` or not at all.

mod backlog;
mod prepare;
mod write;

pub use backlog::{Ahead, BacklogReader, PassedOver};
pub use write::{Effect, Resumption, STORED_LIMITS, fold_anew, stored_fold_event, taken};

use crate::health::HealthRecord;
use crate::hub::Hub;
use crate::pending::Pending;
use crate::problem::Problem;
use crate::tracked::shortened;
use crate::{Clock, StartError};
use chasm_protocol::{LifecycleEvent, Timestamp};
use chasm_store::{FlushBatch, Store, StoreError};
pub use prepare::{Whole, prepare};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Records for one transaction.
#[derive(Debug)]
pub struct Job {
    pub records: Records,
    pub at: Timestamp,
}

/// Where the records of a job are.
#[derive(Debug)]
pub enum Records {
    /// In memory. The store has everything up to `applied` after this job.
    Held { records: Vec<Pending>, applied: u64 },
    /// In the journal alone: those behind `after`, up to `through` at most.
    /// `damaged`: what cannot be read of them was set aside before.
    InJournal { after: u64, through: u64, damaged: bool },
}

/// What a finished job did.
#[derive(Debug)]
pub struct Done {
    pub applied: u64,
    /// Bytes to give back to the budget.
    pub weight: usize,
    /// Records that were read from the journal.
    pub read: usize,
    pub effects: Vec<Effect>,
}

/// Why the store cannot be written; `None` while it can.
pub type Trouble = Option<StoreTrouble>;

#[derive(Debug, Clone, PartialEq)]
pub struct StoreTrouble {
    pub disk_full: bool,
    pub message: String,
}

/// Longest pause between two tries of a job that the store refused.
const RETRY: Duration = Duration::from_millis(500);

/// The task's side of the flusher.
pub struct Flusher {
    pub store: Store,
    pub hub: Arc<Hub>,
    pub health: Arc<HealthRecord>,
    pub clock: Arc<dyn Clock>,
    pub next_pk: i64,
    pub trouble: watch::Sender<Trouble>,
    pub backlog: BacklogReader,
    pub ahead: Option<Ahead>,
}

impl Flusher {
    /// Works on a thread of its own: folding a long session must not hold up those who answer clients.
    pub fn spawn(self, jobs: mpsc::Receiver<Job>, done: mpsc::Sender<Done>) -> Result<(), StartError> {
        let failed = |e: std::io::Error| StartError::Replay(format!("cannot start the flusher: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let thread = std::thread::Builder::new().name("flusher".into());
        let work = move || {
            give_way();
            runtime.block_on(self.run(jobs, done));
        };
        thread.spawn(work).map_err(failed)?;
        Ok(())
    }

    /// Works off jobs until the sender is gone.
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, done: mpsc::Sender<Done>) {
        while let Some(job) = jobs.recv().await {
            let finished = self.flush(job).await;
            if done.send(finished).await.is_err() {
                return;
            }
        }
    }

    async fn flush(&mut self, job: Job) -> Done {
        let (records, applied, read) = self.records(job.records).await;
        let weight = records.iter().map(|r| r.weight).sum();
        let mut waiting = Some(records);
        let mut prepared: Option<(FlushBatch, Vec<Effect>)> = None;
        loop {
            let tried = match prepared.take() {
                Some(ready) => Ok(ready),
                None => prepare(&self.store, &mut waiting, &mut self.next_pk, applied).await,
            };
            let outcome = match tried {
                Ok((mut batch, effects)) => {
                    batch.notices.extend(self.hub.take_unsaved());
                    let applied = self.store.apply(&batch).await;
                    prepared = Some((batch, effects));
                    applied
                }
                Err(error) => Err(error),
            };
            match (outcome, prepared.take()) {
                (Ok(()), Some((_, mut effects))) => {
                    self.note_trouble(None);
                    self.look_for_holes(&mut effects).await;
                    self.tell(job.at, &effects);
                    return Done { applied, weight, read, effects };
                }
                (outcome, kept) => {
                    prepared = kept;
                    self.note_trouble(outcome.err());
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// The records of a job, the last one that the store has after it, and how many were read from the journal.
    async fn records(&mut self, records: Records) -> (Vec<Pending>, u64, usize) {
        let (after, through, damaged) = match records {
            Records::Held { records, applied } => return (records, applied, 0),
            Records::InJournal { after, through, damaged } => (after, through, damaged),
        };
        let mut ready = match self.ahead.take() {
            Some(ahead) => ahead.take(after, through, damaged).await,
            None => None,
        };
        loop {
            let found = ready.take().map_or_else(|| self.backlog.read(after, through, damaged), Ok);
            match found {
                Ok(found) => {
                    self.ahead = self.backlog.ahead(found.applied, through, damaged);
                    return (found.records, found.applied, found.read);
                }
                Err(message) => {
                    let trouble = StoreTrouble { disk_full: false, message };
                    self.say(Some(trouble));
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    fn note_trouble(&self, error: Option<StoreError>) {
        let now =
            error.map(|error| StoreTrouble { disk_full: error.is_disk_full(), message: error.to_string() });
        self.say(now);
    }

    /// Tells the health first: whoever is woken by the trouble may ask for it.
    fn say(&self, now: Trouble) {
        if *self.trouble.borrow() == now {
            return;
        }
        if let Some(trouble) = &now {
            tracing::error!(error = %trouble.message, "the store cannot be written");
        }
        self.health.store(now.as_ref().map(Problem::of_store), self.clock.now());
        self.trouble.send_replace(now);
    }

    /// A session that came back is told with its title and the holes that are left in it.
    async fn look_for_holes(&self, effects: &mut [Effect]) {
        for effect in effects.iter_mut() {
            let Some(resumption) = &mut effect.resumed else { continue };
            if let Ok(mut titles) = self.store.titles(&[effect.session.as_str()]).await {
                resumption.title =
                    titles.pop().and_then(chasm_store::Titles::shown).as_deref().map(shortened);
            }
            if let Ok(seqs) = self.store.seqs(effect.pk).await {
                let (_, holes) = chasm_store::missing(&seqs);
                resumption.missing = holes.iter().map(|(from, to)| to - from + 1).sum();
            }
        }
    }

    fn tell(&self, at: Timestamp, effects: &[Effect]) {
        for effect in effects {
            let session_id = effect.session.to_string();
            if let Some(Resumption { since, replayed, missing, title }) = effect.resumed.clone() {
                self.hub
                    .tell(at, LifecycleEvent::Reconnected { session_id, since, replayed, missing, title });
            }
        }
        if !effects.is_empty() {
            self.hub.changed(effects.iter().map(|e| e.session.to_string()).collect());
        }
    }
}

/// Recording comes first: where processors are scarce, bringing records into the store waits. What waits is safe in the journal.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

/// How far the flusher's thread steps back (Linux gives each thread its own niceness).
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
