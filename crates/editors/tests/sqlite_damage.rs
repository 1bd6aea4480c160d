//! Damaged databases: what is whole is read, what is not is named, nothing panics or runs for ever.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod written;

use chasm_editors::sqlite::{Damage, Database, DatabaseError};
use proptest::prelude::*;
use sqlx::sqlite::SqliteAutoVacuum;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use written::{Rows, Written, copy};

const PAGE: usize = 1024;
const END: &str = "\u{10ffff}";

/// A database of some depth, its log and its journal, as bytes.
struct Whole {
    db: Vec<u8>,
    rows: Rows,
    /// The first pages of the tree of the table, and of the index.
    table: usize,
    index: usize,
}

fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vscdb");
        let mut theirs = Written::open(&path, PAGE as u32, false, SqliteAutoVacuum::None);
        theirs.table("t");
        theirs.run("BEGIN");
        for nth in 0..400_usize {
            theirs.put("t", &key(nth), Some(&vec![nth as u8; if nth % 50 == 7 { 5_000 } else { 60 }]));
        }
        theirs.run("COMMIT");
        let root = |theirs: &mut Written, kind: &str| {
            theirs.number(&format!("SELECT rootpage FROM sqlite_schema WHERE type = '{kind}'")) as usize
        };
        let (table, index) = (root(&mut theirs, "table"), root(&mut theirs, "index"));
        let rows = theirs.range("t", "", END);
        theirs.close();
        Whole { db: fs::read(path).unwrap(), rows, table, index }
    })
}

fn key(nth: usize) -> String {
    format!("bubbleId:{:03}:{}", nth * 7 % 400, "k".repeat(nth % 30))
}

fn page(db: &mut [u8], number: usize) -> &mut [u8] {
    &mut db[(number - 1) * PAGE..number * PAGE]
}

/// The page of this cell of an interior page.
fn child(db: &mut [u8], number: usize, cell: usize) -> usize {
    let page = page(db, number);
    assert!(page[0] == 2 || page[0] == 5, "page {number} has no children");
    let at = usize::from(u16::from_be_bytes([page[12 + 2 * cell], page[13 + 2 * cell]]));
    u32::from_be_bytes(page[at..at + 4].try_into().unwrap()) as usize
}

fn read(path: &Path) -> Result<(Rows, Vec<Damage>), DatabaseError> {
    let mut database = Database::open(path)?;
    let mut rows = Rows::new();
    database.range("t", "", END, &mut |key, value| {
        rows.insert(key.to_owned(), value);
        ControlFlow::Continue(())
    })?;
    let damage = database.damage().to_vec();
    assert!(damage.len() <= 1_000);
    Ok((rows, damage))
}

fn read_bytes(db: &[u8]) -> Result<(Rows, Vec<Damage>), DatabaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vscdb");
    fs::write(&path, db).unwrap();
    read(&path)
}

/// That each row found is one that was written.
fn all_true(rows: &Rows) {
    for (key, value) in rows {
        assert!(whole().rows.get(key) == Some(value), "{key}");
    }
}

#[test]
fn a_damaged_index_costs_no_row() {
    let whole = whole();
    assert_eq!(read_bytes(&whole.db).unwrap(), (whole.rows.clone(), vec![]));
    let mut db = whole.db.clone();
    let (first, third) = (child(&mut db, whole.index, 0), child(&mut db, whole.index, 2));
    for broken in [whole.index, first, third] {
        let mut db = whole.db.clone();
        page(&mut db, broken)[..8].fill(0xee);
        let (rows, damage) = read_bytes(&db).unwrap();
        assert_eq!(rows.len(), whole.rows.len(), "page {broken}");
        all_true(&rows);
        assert_eq!(damage.len(), 1);
        assert_eq!((damage[0].page as usize, damage[0].why.as_str()), (broken, "no page of a b-tree"));
    }
}

#[test]
fn a_damaged_leaf_does_not_lose_the_others() {
    let whole = whole();
    let mut db = whole.db.clone();
    let leaf = child(&mut db, whole.table, 1);
    page(&mut db, leaf)[0] = 0;
    let (rows, damage) = read_bytes(&db).unwrap();
    all_true(&rows);
    assert!(rows.len() < whole.rows.len() && rows.len() > whole.rows.len() - 30, "{}", rows.len());
    assert!(damage.iter().any(|d| d.page as usize == leaf), "{damage:?}");
    let lost = whole.rows.keys().find(|key| !rows.contains_key(*key)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, &db).unwrap();
    let error = Database::open(&path).unwrap().get("t", lost).unwrap_err();
    assert_eq!(error.to_string(), format!("page {leaf}: no page of a b-tree"));
    let mut count = 0;
    let mut database = Database::open(&path).unwrap();
    let mut each = |_, _: &[_]| {
        count += 1;
        ControlFlow::Continue(())
    };
    database.rows("t", &mut each).unwrap();
    assert_eq!((count, database.damage().len()), (rows.len(), 1));
}

#[test]
fn trees_and_chains_that_come_back_end() {
    let whole = whole();
    for (root, what) in [(whole.index, "index"), (whole.table, "table")] {
        let mut db = whole.db.clone();
        // the rightmost child is the root again
        page(&mut db, root)[8..12].copy_from_slice(&(root as u32).to_be_bytes());
        let (rows, damage) = read_bytes(&db).unwrap();
        all_true(&rows);
        assert!(rows.len() > 300, "{what}: {}", rows.len());
        assert!(damage.iter().any(|d| d.page as usize == root), "{what}: {damage:?}");
        if what == "index" {
            assert_eq!(rows.len(), whole.rows.len());
        }
    }
    let mut db = whole.db.clone();
    let big = whole.rows.iter().find(|(_, v)| v.as_ref().unwrap().len() == 5_000).unwrap().1.clone().unwrap();
    let second = (2..db.len() / PAGE).find(|n| db[(n - 1) * PAGE + 4..n * PAGE] == big[..PAGE - 4]).unwrap();
    page(&mut db, second)[..4].copy_from_slice(&(second as u32).to_be_bytes());
    let (rows, damage) = read_bytes(&db).unwrap();
    all_true(&rows);
    assert_eq!(rows.len(), whole.rows.len() - 1);
    assert_eq!((damage.len(), damage[0].page as usize), (1, second), "{damage:?}");
    assert!(damage[0].why.contains("comes back"), "{damage:?}");
}

#[test]
fn a_cut_file_gives_what_is_left_of_it() {
    let whole = whole();
    let half = whole.db.len() / PAGE / 2 * PAGE;
    for end in [half, half - 300] {
        let (rows, damage) = read_bytes(&whole.db[..end]).unwrap();
        all_true(&rows);
        assert!(rows.len() > 50 && rows.len() < whole.rows.len(), "{}", rows.len());
        assert!(damage.iter().all(|d| d.why.contains("beyond the end of the file")), "{damage:?}");
    }
    assert!(read_bytes(&whole.db[..90]).is_err());
}

/// A database, what lies beside it, its ending, and the rows.
type Logged = (Vec<u8>, Vec<u8>, &'static str, Rows);

/// A log whose end is not committed, and a journal of a transaction that was broken off.
fn logs() -> &'static [Logged; 2] {
    static LOGS: OnceLock<[Logged; 2]> = OnceLock::new();
    LOGS.get_or_init(|| {
        [(true, "-wal"), (false, "-journal")].map(|(wal, ending)| {
            let folder = tempfile::tempdir().unwrap();
            let (path, copied) = (folder.path().join("a"), folder.path().join("b"));
            let mut theirs = Written::open(&path, PAGE as u32, wal, SqliteAutoVacuum::None);
            theirs.table("t");
            for nth in 0..30 {
                theirs.put("t", &key(nth), Some(&vec![nth as u8; 300]));
            }
            let rows = theirs.range("t", "", END);
            theirs.run("PRAGMA cache_size = 2; BEGIN; UPDATE t SET value = x'00'");
            for nth in 50..90 {
                theirs.put("t", &key(nth), Some(&[0xff; 900]));
            }
            copy(&path, &copied);
            let log = fs::read(format!("{}{ending}", copied.display())).unwrap();
            (fs::read(&copied).unwrap(), log, ending, rows)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn flipped_bits_never_panic(flips in prop::collection::vec((any::<usize>(), 0..8_u32), 1..12), head: bool) {
        let mut db = whole().db.clone();
        for (at, bit) in flips {
            // the beginnings of pages say where everything is
            let at = if head { at % (db.len() / PAGE) * PAGE + at / 7 % 24 } else { at % db.len() };
            db[at] ^= 1 << bit;
        }
        let _ = read_bytes(&db);
    }

    #[test]
    fn a_page_of_nonsense_never_panics(bytes: [u8; 32], number in 0..90_usize, from in 0..PAGE - 32) {
        let mut db = whole().db.clone();
        let number = number % (db.len() / PAGE) + 1;
        page(&mut db, number)[from..from + 32].copy_from_slice(&bytes);
        let _ = read_bytes(&db);
    }

    #[test]
    fn what_a_checksum_covers_is_true_or_absent(which in 0..2_usize, at: prop::sample::Index, bit in 0..8_u32, cut: bool) {
        let (db, log, ending, rows) = &logs()[which];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let (mut log, at) = (log.clone(), at.index(log.len()));
        if cut { log.truncate(at) } else { log[at] ^= 1 << bit }
        fs::write(&path, db).unwrap();
        fs::write(format!("{}{ending}", path.display()), &log).unwrap();
        // a log: only what was committed. A journal's checksum is of every 200th byte, and what a cut one does not undo is as the
        // file has it
        let written = |value: &[u8]| value == [0] || value.starts_with(&[0xff]);
        let old = |(key, value): (&String, &Option<Vec<u8>>)| rows.get(key) == Some(value);
        match read(&path) {
            Ok((found, _)) if *ending == "-wal" => prop_assert!(found.iter().all(old)),
            Ok((found, _)) => {
                let mut all = found.iter();
                prop_assert!(!cut || all.all(|(k, v)| old((k, v)) || v.as_deref().is_some_and(written)));
            }
            Err(DatabaseError::NoTable(_)) => prop_assert_eq!(*ending, "-wal"),
            Err(DatabaseError::NotDatabase | DatabaseError::Damaged { .. } | DatabaseError::Unsupported(_)) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
