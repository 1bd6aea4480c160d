//! Databases that are written to while they are read: each success is a state that was committed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod written;

use chasm_editors::sqlite::{Database, DatabaseError};
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use written::Written;

/// Every transaction writes the same number into all rows, with a value of a length that follows from it.
const ROWS: usize = 40;
const WANTED: usize = 60;

fn value(round: usize, row: usize) -> Vec<u8> {
    let length = 8 + (round * 37 + row * 911) % 6_000;
    (0..length).map(|at| ((round >> (at % 3 * 8)) & 0xff) as u8).collect()
}

fn round(value: &[u8]) -> usize {
    usize::from(value[0]) | usize::from(value[1]) << 8 | usize::from(value[2]) << 16
}

fn write(path: &Path, wal: bool, stop: &AtomicBool, pause: impl Fn(usize)) -> usize {
    let mut theirs = Written::plain(path, wal);
    let mut nth = 1;
    while !stop.load(Ordering::Relaxed) {
        nth += 1;
        theirs.run("BEGIN");
        (0..ROWS).for_each(|row| theirs.put("t", &format!("k{row:02}"), Some(&value(nth, row))));
        // some are taken back, after their pages went to the disk
        match nth % 11 {
            0 => theirs.run("PRAGMA cache_spill = 2; UPDATE t SET value = zeroblob(9000); ROLLBACK"),
            _ => theirs.run("COMMIT"),
        }
        match nth % 7 {
            0 => theirs.run("PRAGMA wal_checkpoint(TRUNCATE)"),
            3 => theirs.run("PRAGMA wal_checkpoint(PASSIVE)"),
            _ => {}
        }
        pause(nth);
    }
    nth
}

/// The round of one state, or `None` where the database was written to.
fn read(path: &Path) -> Option<usize> {
    let mut rows = Vec::new();
    let read = Database::open(path).and_then(|mut database| {
        database.range("t", "k", "l", &mut |key, value| {
            rows.push((key.to_owned(), value.unwrap()));
            ControlFlow::Continue(())
        })?;
        assert_eq!(database.damage(), [], "no damage is seen in what another is writing");
        Ok(())
    });
    match read {
        Err(DatabaseError::Changed) => return None,
        other => other.unwrap(),
    }
    assert_eq!(rows.len(), ROWS);
    let first = round(&rows[0].1);
    for (nth, (key, found)) in rows.iter().enumerate() {
        assert_eq!(key, &format!("k{nth:02}"));
        assert!(*found == value(first, nth), "{key} is of round {} and row 0 of {first}", round(found));
    }
    Some(first)
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn contend(wal: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.vscdb");
    let mut theirs = Written::plain(&path, wal);
    theirs.table("t");
    theirs.run("BEGIN");
    (0..ROWS).for_each(|row| theirs.put("t", &format!("k{row:02}"), Some(&value(1, row))));
    theirs.run("COMMIT");
    // `theirs` stays open: the log is not taken away with the last connection
    let stop = AtomicBool::new(false);
    let (mut read_rounds, mut changed) = (Vec::new(), 0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        // however this ends, the writer ends too
        let _stop = Stop(&stop);
        let writer = scope.spawn(|| {
            // a writer that pauses now and then, as editors do
            write(&path, wal, &stop, |nth| {
                if nth % 5 == 0 {
                    std::thread::park_timeout(std::time::Duration::from_millis(4));
                }
            })
        });
        while read_rounds.len() < WANTED && began.elapsed().as_secs() < 60 {
            match read(&path) {
                Some(round) => read_rounds.push(round),
                None => changed += 1,
            }
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "wal {wal}: {} states, {changed} refused", read_rounds.len()).unwrap();
    assert_eq!(read_rounds.len(), WANTED);
    assert!(read_rounds.is_sorted(), "{read_rounds:?}");
    assert!(read_rounds.last() > read_rounds.first(), "nothing was written");
    assert!(read_rounds.iter().all(|round| round % 11 != 0), "a round that was taken back");
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert!(names <= 3, "the writer's own files");
}

#[test]
fn with_a_log() {
    contend(true);
}

#[test]
fn with_a_journal() {
    contend(false);
}
