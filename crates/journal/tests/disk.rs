//! The real disk: threads that append at once, a reopening, a flipped bit in a real file, who may read the files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chasm_journal::{
    AppendError, Cut, DiskMedia, Durable, Fate, Journal, JournalSettings, Lsn, OpenReport, SegmentId, open,
};
use common::{Records, append};

fn settings() -> JournalSettings {
    JournalSettings { segment_bytes: 64 * 1024, max_pending_bytes: 8 * 1024, ..JournalSettings::default() }
}

fn reopen(folder: &Path, after: u64) -> (Journal, Records, OpenReport) {
    let media = DiskMedia::open(folder.join("data/journal"), folder.join("data/quarantine")).unwrap();
    let mut records = Vec::new();
    let mut sink = |lsn: Lsn, bytes: &[u8]| {
        records.push((lsn.0, bytes.to_vec()));
        Ok(())
    };
    let (journal, report) = open(Arc::new(media), settings(), Lsn(after), &mut sink).unwrap();
    (journal, records, report)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Appends as a client does: waits when full, waits until it is durable.
async fn write(journal: &Journal, records: &[Vec<u8>]) -> Lsn {
    let mut durable = journal.durable();
    let appended = loop {
        durable.mark_unchanged();
        match append(journal, records) {
            Ok(appended) => break appended,
            Err(AppendError::Full { .. }) => durable.changed().await.unwrap(),
            Err(other) => panic!("{other}"),
        }
    };
    let settled = |durable: &Durable| durable.fate(appended.last) != Fate::Waiting;
    assert_eq!(durable.wait_for(settled).await.unwrap().fate(appended.last), Fate::Durable);
    appended.first
}

#[test]
fn what_threads_append_at_once_is_there_after_a_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found, _) = reopen(folder.path(), 0);
    assert!(found.is_empty());
    let threads: Vec<_> = (0..6u8)
        .map(|thread| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                let runtime = runtime();
                let mut written = BTreeMap::new();
                for round in 0..60usize {
                    let records: Vec<_> =
                        (0..=round % 4).map(|index| vec![thread; index * 97 + round]).collect();
                    let first = runtime.block_on(write(&journal, &records));
                    written.extend((first.0..).zip(records));
                }
                written
            })
        })
        .collect();
    let mut written = BTreeMap::new();
    for thread in threads {
        written.extend(thread.join().unwrap());
    }
    let stats = journal.stats();
    assert!(stats.segments > 1 && stats.syncs <= 360, "{stats:?}");
    runtime().block_on(journal.close());
    let (journal, found, report) = reopen(folder.path(), 0);
    assert_eq!(found, written.clone().into_iter().collect::<Vec<_>>());
    assert!(report.is_sound() && report.torn_tail.is_none());

    // Truncated to the middle, it keeps what is behind; a purge empties the folder.
    let middle = found.len() as u64 / 2;
    journal.truncate(Lsn(middle));
    runtime().block_on(write(&journal, &[b"last".to_vec()]));
    runtime().block_on(journal.close());
    let (journal, found, report) = reopen(folder.path(), middle);
    assert!(report.is_sound());
    assert_eq!(found.len() as u64, written.len() as u64 - middle + 1);
    let last = found.last().unwrap().0;
    runtime().block_on(journal.purge(Lsn(last))).unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("data/journal")).unwrap().count(), 0);
}

#[test]
fn a_flipped_bit_and_a_torn_tail_in_a_real_file() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, ..) = reopen(folder.path(), 0);
    let records: Vec<_> = (0..9u8).map(|byte| vec![byte; 200]).collect();
    runtime().block_on(write(&journal, &records));
    runtime().block_on(journal.close());
    let path = folder.path().join("data/journal").join(SegmentId(1).file_name());
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 8192 + 9 * 220);
    bytes[8192 + 220 * 4 + 100] ^= 0x10;
    bytes.extend_from_slice(b"half a reco");
    std::fs::write(&path, &bytes).unwrap();

    let (journal, found, report) = reopen(folder.path(), 0);
    assert_eq!(found.iter().map(|(lsn, _)| *lsn).collect::<Vec<_>>(), [1, 2, 3, 4, 6, 7, 8, 9]);
    assert_eq!(report.damage[0].to_string(), "segment 1: bad checksum at byte 9072");
    let kept = folder.path().join("data/quarantine").join(report.damage[0].quarantined_as.as_ref().unwrap());
    assert_eq!(std::fs::read(kept).unwrap(), bytes[9072..9292]);
    let Some(Cut::Quarantined(tail)) = report.torn_tail.map(|tail| tail.cut) else { panic!("no tail") };
    assert_eq!(std::fs::read(folder.path().join("data/quarantine").join(tail)).unwrap(), b"half a reco");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 8192 + 9 * 220);
    runtime().block_on(write(&journal, &[b"on it goes".to_vec()]));
    runtime().block_on(journal.close());
    assert_eq!(reopen(folder.path(), 0).1.last().unwrap(), &(10, b"on it goes".to_vec()));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (journal, ..) = reopen(folder.path(), 0);
    runtime().block_on(write(&journal, &[b"mine".to_vec()]));
    runtime().block_on(journal.close());
    let segment = folder.path().join("data/journal").join(SegmentId(1).file_name());
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.push(1);
    std::fs::write(&segment, &bytes).unwrap();
    std::fs::set_permissions(folder.path().join("data/journal"), PermissionsExt::from_mode(0o755)).unwrap();
    drop(reopen(folder.path(), 0));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in ["journal", "quarantine"] {
        let inner = folder.path().join("data").join(name);
        assert_eq!(mode(&inner), 0o700);
        let files: Vec<_> = std::fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(mode(&files[0]), 0o600);
    }
}
