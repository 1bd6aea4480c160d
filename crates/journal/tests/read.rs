//! Reading records again from a journal that is being written.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chasm_journal::{DiskMedia, Journal, JournalSettings, Lsn, open, read};
use std::ops::ControlFlow;
use std::sync::Arc;

fn payload(n: u64) -> Vec<u8> {
    format!("record {n} {}", "x".repeat((n % 90) as usize)).into_bytes()
}

fn append(journal: &Journal, numbers: std::ops::RangeInclusive<u64>) {
    let mut batch = journal.batch().unwrap();
    for n in numbers {
        assert_eq!(batch.push(|out| out.extend_from_slice(&payload(n))).unwrap(), Lsn(n));
    }
    batch.commit();
}

async fn durable(journal: &Journal, lsn: u64) {
    journal.durable().wait_for(|d| d.through >= Lsn(lsn)).await.unwrap();
}

fn numbers(media: &DiskMedia, after: u64, through: u64, most: usize) -> (Vec<u64>, bool) {
    let mut found = Vec::new();
    let settings = JournalSettings { read_buffer_bytes: 256, ..JournalSettings::default() };
    let report = read(media, &settings, Lsn(after), Lsn(through), &mut |lsn, bytes| {
        assert_eq!(bytes, payload(lsn.0));
        found.push(lsn.0);
        if found.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let report = report.unwrap();
    assert_eq!((report.last.0, report.damaged), (found.last().copied().unwrap_or(0), 0));
    (found, report.complete)
}

#[tokio::test]
async fn any_part_is_read_in_order_across_segments() {
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(DiskMedia::open(folder.path().join("j"), folder.path().join("q")).unwrap());
    let settings = JournalSettings { segment_bytes: 12_000, ..JournalSettings::default() };
    let (journal, _) = open(media.clone(), settings, Lsn::NONE, &mut |_, _| Ok(())).unwrap();
    for start in (1..=900).step_by(30) {
        append(&journal, start..=start + 29);
        durable(&journal, start + 29).await;
    }
    assert!(journal.stats().segments > 3, "one segment proves little");
    assert_eq!(numbers(&media, 0, 900, usize::MAX), ((1..=900).collect(), true));
    assert_eq!(numbers(&media, 250, 610, usize::MAX), ((251..=610).collect(), true));
    assert_eq!(numbers(&media, 250, 900, 7), ((251..=257).collect(), false));
    assert_eq!(numbers(&media, 900, 900, 1), (Vec::new(), true));
    // Applied segments go; the rest still reads from where one left off.
    journal.purge(Lsn(600)).await.unwrap();
    append(&journal, 901..=905);
    durable(&journal, 905).await;
    assert_eq!(numbers(&media, 600, 905, usize::MAX), ((601..=905).collect(), true));
    journal.close().await;
}

#[tokio::test]
async fn damage_is_counted_and_never_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(DiskMedia::open(folder.path().join("j"), folder.path().join("q")).unwrap());
    let (journal, _) =
        open(media.clone(), JournalSettings::default(), Lsn::NONE, &mut |_, _| Ok(())).unwrap();
    append(&journal, 1..=100);
    durable(&journal, 100).await;
    let file = std::fs::read_dir(folder.path().join("j")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(10).position(|w| w == b"record 50 ").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let mut found = Vec::new();
    let report = read(&*media, &JournalSettings::default(), Lsn::NONE, Lsn(100), &mut |lsn, bytes| {
        assert_eq!(bytes, payload(lsn.0));
        found.push(lsn.0);
        ControlFlow::Continue(())
    });
    assert_eq!(report.unwrap().damaged, 1);
    assert_eq!(found, (1..=100).filter(|n| *n != 50).collect::<Vec<_>>());
    journal.close().await;
}
