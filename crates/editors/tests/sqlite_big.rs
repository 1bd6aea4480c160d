//! A database of the size that editors come to. Takes 2.3 GB of disk for a while, so it is run by name:
//! `cargo test -p chasm-editors --release --test sqlite_big -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod written;

use chasm_editors::sqlite::{Database, DatabaseError};
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::Instant;
use written::Written;

const BUBBLES: usize = 100_000;
const MIB: u64 = 1024 * 1024;

/// The most memory that this process has had since `forget_peak`, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn report(what: &str, began: Instant) -> u64 {
    let peak = peak();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}: {:?}, peak {} MiB", began.elapsed(), peak / 1024).unwrap();
    forget_peak();
    peak
}

#[test]
#[ignore = "writes 2.3 GB"]
fn two_gigabytes_are_read_in_little_memory() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("state.vscdb");
    let mut theirs = Written::plain(&path, true);
    theirs.table("cursorDiskKV");
    theirs.run(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {BUBBLES} - 1)
         INSERT INTO cursorDiskKV SELECT printf('bubbleId:%03d:%06d', i % 500, i), randomblob(18000) FROM n"
    ));
    theirs.run("PRAGMA wal_checkpoint(TRUNCATE)");
    theirs.run("INSERT INTO cursorDiskKV VALUES ('big', randomblob(200 * 1024 * 1024))");
    theirs.run("INSERT INTO cursorDiskKV VALUES ('huge', zeroblob(257 * 1024 * 1024))");
    let bytes = fs::metadata(&path).unwrap().len() / MIB;
    let log = fs::metadata(folder.path().join("state.vscdb-wal")).unwrap().len() / MIB;
    forget_peak();
    report(&format!("{bytes} MiB, log {log} MiB; before"), Instant::now());

    let began = Instant::now();
    let mut database = Database::open(&path).unwrap();
    let opened = report("open, all of the log checked", began);
    let (began, mut keys) = (Instant::now(), 0);
    database
        .keys("cursorDiskKV", "bubbleId:", "bubbleId;", &mut |_| {
            keys += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    let listed = report("100,000 keys", began);
    let (began, mut length) = (Instant::now(), 0);
    database
        .lengths("cursorDiskKV", "bubbleId:", "bubbleId;", &mut |_, bytes| {
            length += bytes.unwrap();
            ControlFlow::Continue(())
        })
        .unwrap();
    let measured = report("100,000 lengths", began);
    let (began, mut one) = (Instant::now(), 0);
    database
        .range("cursorDiskKV", "bubbleId:250:", "bubbleId:250;", &mut |_, value| {
            one += value.unwrap().len();
            ControlFlow::Continue(())
        })
        .unwrap();
    report("one composer's 200 bubbles", began);
    let (began, mut all) = (Instant::now(), 0);
    database
        .range("cursorDiskKV", "bubbleId:", "bubbleId;", &mut |_, value| {
            all += value.unwrap().len();
            ControlFlow::Continue(())
        })
        .unwrap();
    let ranged = report("100,000 values", began);
    let began = Instant::now();
    let big = database.get("cursorDiskKV", "big").unwrap().unwrap().len() as u64;
    let taken = report("one value of 200 MiB", began);
    let error = database.get("cursorDiskKV", "huge").unwrap_err();
    assert!(matches!(error, DatabaseError::TooLarge { .. }), "{error}");
    assert_eq!((keys, one, all), (BUBBLES, 200 * 18_000, BUBBLES * 18_000));
    assert_eq!((length, big), (BUBBLES as u64 * 18_000, 200 * MIB));
    for peak in [opened, listed, measured, ranged] {
        assert!(peak < 64 * 1024, "{peak} KiB");
    }
    assert!(taken < (200 + 64) * 1024, "{taken} KiB");
}
