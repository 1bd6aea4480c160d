//! Records that wait in the journal alone: read again when their turn comes.
//!
//! Invariant: they were taken, deduplicated and numbered when they were written; here nothing is decided again, and nothing is
//! passed over: what cannot be read stays in the journal, whose next opening sets it aside.

use crate::ingest::Replayed;
use crate::pending::Pending;
use chasm_journal::{JournalSettings, Lsn, Media};
use std::ops::ControlFlow;

/// Records and bytes of one transaction.
const RECORDS: usize = 8_000;
const BYTES: usize = 8 * 1024 * 1024;

pub struct Found {
    pub records: Vec<Pending>,
    /// The store has everything up to this record once it has these.
    pub applied: u64,
}

/// The next run of records behind `after`, up to `through` at most, which is one of them.
pub fn read(media: &dyn Media, after: u64, through: u64) -> Result<Found, String> {
    let mut records = Vec::new();
    let (mut bytes, mut unreadable) = (0, None);
    let settings = JournalSettings::default();
    let report = chasm_journal::read(media, &settings, Lsn(after), Lsn(through), &mut |lsn, raw| {
        bytes += raw.len();
        match Replayed::read(lsn.0, raw) {
            Ok(record) => records.push(record.into_pending()),
            Err(what) => unreadable = Some(format!("record {lsn}: {what}")),
        }
        let enough = records.len() >= RECORDS || bytes >= BYTES || unreadable.is_some();
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let report = report.map_err(|e| e.to_string())?;
    let all = report.damaged == 0 && (!report.complete || report.last == Lsn(through));
    match unreadable {
        None if all => Ok(Found { records, applied: report.last.0 }),
        what => {
            let what = what.unwrap_or_else(|| format!("records behind {} of the journal", report.last));
            Err(format!("{what} cannot be read; a restart sets them aside"))
        }
    }
}
