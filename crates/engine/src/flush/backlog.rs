//! Records that wait in the journal alone: read again when their turn comes.
//!
//! Invariant: they were taken, deduplicated and numbered when they were written; here nothing is decided again, and nothing is
//! passed over but what the start has set aside: what else cannot be read stays in the journal, whose next opening sets it aside.

use crate::ingest::Replayed;
use crate::pending::Pending;
use chasm_journal::{JournalSettings, Lsn, Media};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use tokio::task::JoinHandle;

/// Records and bytes of one transaction.
const RECORDS: usize = 8_000;
const BYTES: usize = 8 * 1024 * 1024;

/// Records that the start has dealt with: duplicates, and those that it has set aside.
pub type PassedOver = Arc<OnceLock<HashSet<u64>>>;

/// The journal as it is read again.
#[derive(Clone)]
pub struct BacklogReader {
    pub media: Arc<dyn Media>,
    pub passed_over: PassedOver,
}

/// The run that comes next, read while the one before it is written.
pub struct Ahead {
    after: u64,
    through: u64,
    damaged: bool,
    reading: JoinHandle<Result<Found, String>>,
}

pub struct Found {
    pub records: Vec<Pending>,
    /// Records come across, those that were passed over too.
    pub read: usize,
    /// The store has everything up to this record once it has these.
    pub applied: u64,
}

impl BacklogReader {
    /// Begins to read what stands behind a run that ends at `after`; nothing where that is all.
    pub fn ahead(&self, after: u64, through: u64, damaged: bool) -> Option<Ahead> {
        if after >= through {
            return None;
        }
        let reader = self.clone();
        let reading = tokio::task::spawn_blocking(move || reader.read(after, through, damaged));
        Some(Ahead { after, through, damaged, reading })
    }

    /// The next run of records behind `after`, up to `through` at most, which is one of them unless they are `damaged`.
    pub fn read(&self, after: u64, through: u64, damaged: bool) -> Result<Found, String> {
        let mut records = Vec::new();
        let (mut read, mut bytes, mut unreadable) = (0, 0, None);
        let settings = JournalSettings::default();
        let sink = &mut |lsn: Lsn, raw: &[u8]| {
            bytes += raw.len();
            read += 1;
            if !self.is_passed_over(lsn.0) {
                match Replayed::read(lsn.0, raw) {
                    Ok(record) => records.extend(record.map(Replayed::into_pending)),
                    Err(what) => unreadable = Some(format!("record {lsn}: {what}")),
                }
            }
            let enough = read >= RECORDS || bytes >= BYTES || unreadable.is_some();
            if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let report = chasm_journal::read(&*self.media, &settings, Lsn(after), Lsn(through), sink);
        let report = report.map_err(|e| e.to_string())?;
        let all = damaged || (report.damaged == 0 && (!report.complete || report.last == Lsn(through)));
        match unreadable {
            None if all => {
                let applied = if report.complete { through } else { report.last.0 };
                Ok(Found { records, read, applied })
            }
            what => {
                let what = what.unwrap_or_else(|| format!("records behind {} of the journal", report.last));
                Err(format!("{what} cannot be read; a restart sets them aside"))
            }
        }
    }

    fn is_passed_over(&self, lsn: u64) -> bool {
        self.passed_over.get().is_some_and(|set| set.contains(&lsn))
    }
}

impl Ahead {
    /// What was read, where it is what is asked for now: it begins there, and goes no further than the journal is durable.
    pub async fn take(self, after: u64, through: u64, damaged: bool) -> Option<Found> {
        if self.after != after || self.through > through || self.damaged != damaged {
            return None;
        }
        self.reading.await.ok()?.ok()
    }
}
