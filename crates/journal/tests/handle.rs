//! The handle: limits, batches that are taken back, closing, and a writer that dies. On the simulated disk, with the real thread
//! where it matters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Arc;

use chasm_journal::sim::SimMedia;
use chasm_journal::{
    AppendError, AppendFile, Appended, Durable, Fate, Folder, Journal, JournalSettings, Lsn, Media,
    PushError, ReadFile, State, open,
};
use common::{Run, append, opened, settings};

fn threaded(media: impl Media, settings: JournalSettings) -> Journal {
    open(Arc::new(media), settings, Lsn::NONE, &mut |_, _| Ok(())).unwrap().0
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), future).await.expect("in time")
    })
}

async fn fate(journal: &Journal, lsn: Lsn) -> Fate {
    let mut durable = journal.durable();
    let settled = |durable: &Durable| durable.fate(lsn) != Fate::Waiting;
    durable.wait_for(settled).await.map_or(Fate::Lost, |durable| durable.fate(lsn))
}

#[test]
fn a_batch_that_is_not_committed_leaves_no_trace() {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    run.append(&[b"one".to_vec()]).unwrap();
    let mut batch = run.journal.batch().unwrap();
    assert_eq!(batch.push(|bytes| bytes.extend_from_slice(b"gone")).unwrap(), Lsn(2));
    drop(batch);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut batch = run.journal.batch().unwrap();
        batch.push(|bytes| bytes.extend_from_slice(b"gone too")).unwrap();
        batch.push(|bytes| {
            bytes.extend_from_slice(b"half of it");
            panic!("an encoder with a bug");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(run.journal.batch().unwrap().commit(), None);
    run.append(&[b"two".to_vec()]).unwrap();
    run.step();
    assert_eq!(opened(&media, 0).0, [(1, b"one".to_vec()), (2, b"two".to_vec())]);
}

#[test]
fn a_record_over_the_limit_is_refused_and_the_batch_stands() {
    let media = SimMedia::new();
    let mut run = Run::open(media.clone(), 0);
    let max = settings().max_record_bytes as usize;
    let mut batch = run.journal.batch().unwrap();
    let refused = batch.push(|bytes| (0..=max / 1000).for_each(|_| bytes.extend_from_slice(&[1; 1000])));
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
    let failed = batch.try_push(|bytes| {
        bytes.extend_from_slice(b"half");
        Err("no more")
    });
    assert!(matches!(failed, Err(PushError::Encode("no more"))));
    assert_eq!(batch.push(|bytes| bytes.extend_from_slice(&vec![2; max])).unwrap(), Lsn(1));
    assert_eq!(batch.commit(), Some(Appended { first: Lsn(1), last: Lsn(1) }));
    run.step();
    assert_eq!(opened(&media, 0).0, [(1, vec![2; max])]);
}

#[test]
fn too_much_waiting_is_refused_until_the_writer_has_caught_up() {
    let mut run = Run::open(SimMedia::new(), 0);
    let max = settings().max_pending_bytes;
    while run.append(&[vec![0; 90_000]]).is_ok() {}
    assert!(matches!(run.journal.batch().err(), Some(AppendError::Full { .. })));
    assert!((max..max + 90_020).contains(&run.journal.stats().pending_bytes));
    run.step();
    assert_eq!(run.journal.stats().pending_bytes, 0);
    run.append(&[vec![0; 90_000]]).unwrap();
}

#[test]
fn closing_writes_what_waits() {
    let media = SimMedia::new();
    let journal = threaded(media.clone(), settings());
    let other = journal.clone();
    for index in 0..100u8 {
        append(&journal, &[vec![index]]).unwrap();
    }
    let last = block_on(journal.close());
    assert!(matches!(last.state, State::Closed) && last.through == Lsn(100));
    assert!(matches!(other.batch().err(), Some(AppendError::Closed)));
    assert!(block_on(other.purge(Lsn(1))).is_err() && block_on(other.resume()).is_err());
    assert_eq!(opened(&media, 0).0.len(), 100);
    block_on(other.close());
}

#[test]
fn dropping_the_last_handle_writes_what_waits_too() {
    let media = SimMedia::new();
    let journal = threaded(media.clone(), settings());
    let mut durable = journal.durable();
    append(&journal, &[b"x".to_vec()]).unwrap();
    drop(journal);
    let closed = |durable: &Durable| matches!(durable.state, State::Closed);
    assert_eq!(block_on(durable.wait_for(closed)).unwrap().through, Lsn(1));
}

#[test]
fn a_session_that_is_purged_is_gone_from_the_files() {
    let media = SimMedia::new();
    let journal = threaded(media.clone(), JournalSettings::default());
    let appended = append(&journal, &[b"a secret".to_vec()]).unwrap();
    assert_eq!(block_on(fate(&journal, appended.last)), Fate::Durable);
    let report = block_on(journal.purge(appended.last)).unwrap();
    assert_eq!((report.segments, report.left), (1, 0));
    assert!(media.list(Folder::Journal).unwrap().is_empty());
    let appended = append(&journal, &[b"more".to_vec()]).unwrap();
    assert_eq!(appended.first, Lsn(2));
    assert_eq!(block_on(fate(&journal, appended.last)), Fate::Durable);
    let stats = journal.stats();
    assert_eq!((stats.segments, stats.syncs, stats.durable_lsn), (1, 2, Lsn(2)));
    assert!(stats.last_sync.is_some() && stats.bytes == 8192 + 24);
}

/// A disk whose files panic when they are written.
struct Cursed(SimMedia);
struct CursedFile;

impl Media for Cursed {
    fn list(&self, folder: Folder) -> std::io::Result<Vec<String>> {
        self.0.list(folder)
    }
    fn create(&self, _: Folder, _: &str) -> std::io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(CursedFile))
    }
    fn read(&self, folder: Folder, name: &str) -> std::io::Result<Box<dyn ReadFile>> {
        self.0.read(folder, name)
    }
    fn truncate(&self, folder: Folder, name: &str, len: u64) -> std::io::Result<()> {
        self.0.truncate(folder, name, len)
    }
    fn sync(&self, folder: Folder, name: &str) -> std::io::Result<()> {
        self.0.sync(folder, name)
    }
    fn remove(&self, folder: Folder, name: &str) -> std::io::Result<()> {
        self.0.remove(folder, name)
    }
    fn sync_folder(&self, folder: Folder) -> std::io::Result<()> {
        self.0.sync_folder(folder)
    }
    fn free_bytes(&self) -> std::io::Result<Option<u64>> {
        Ok(None)
    }
    fn now(&self) -> std::time::SystemTime {
        self.0.now()
    }
    fn salt(&self) -> std::io::Result<u64> {
        self.0.salt()
    }
}

impl AppendFile for CursedFile {
    fn append(&mut self, _: &[u8]) -> std::io::Result<()> {
        panic!("a disk with a bug")
    }
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
    fn truncate(&mut self, _: u64) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_dies_poisons_the_journal_and_leaves_nobody_waiting() {
    let journal = threaded(Cursed(SimMedia::new()), settings());
    let appended = append(&journal, &[b"x".to_vec()]).unwrap();
    let asked = journal.rotate();
    assert_eq!(block_on(fate(&journal, appended.last)), Fate::Lost);
    assert!(matches!(journal.batch().err(), Some(AppendError::Poisoned(_))));
    assert!(block_on(asked).is_err() && block_on(journal.purge(Lsn(9))).is_err());
    assert!(matches!(block_on(journal.close()).state, State::Poisoned(_)));
}
