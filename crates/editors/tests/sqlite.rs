//! The reader of databases against SQLite itself: all forms, all states between two commits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod written;

use chasm_editors::sqlite::{Column, Database, DatabaseError};
use proptest::prelude::*;
use sqlx::sqlite::SqliteAutoVacuum;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use written::{Rows, Written, copy};

const END: &str = "\u{10ffff}";

fn ours(database: &mut Database, table: &str, from: &str, to: &str) -> Rows {
    let (mut rows, mut last) = (Rows::new(), String::new());
    let mut each = |key: &str, value| {
        assert!(key > last.as_str() || last.is_empty(), "{key} after {last}");
        last = key.to_owned();
        assert!(rows.insert(key.to_owned(), value).is_none(), "{key} twice");
        ControlFlow::Continue(())
    };
    database.range(table, from, to, &mut each).unwrap();
    rows
}

/// Everything that can be asked of a table, against SQLite.
fn same(path: &Path, theirs: &mut Written, table: &str) -> Rows {
    let mut database = Database::open(path).unwrap();
    let expected = theirs.range(table, "", END);
    let found = ours(&mut database, table, "", END);
    assert!(expected == found, "{:?}\n{:?}", brief(&expected), brief(&found));
    let (mut keys, mut lengths) = (Vec::new(), Vec::new());
    let mut each = |key: &str| {
        keys.push(key.to_owned());
        ControlFlow::Continue(())
    };
    database.keys(table, "", END, &mut each).unwrap();
    let mut each = |_: &str, length| {
        lengths.push(length);
        ControlFlow::Continue(())
    };
    database.lengths(table, "", END, &mut each).unwrap();
    assert!(keys.iter().eq(expected.keys()));
    assert!(lengths.into_iter().eq(expected.values().map(|v| v.as_ref().map(|v| v.len() as u64))));
    for (key, value) in expected.iter().step_by(7) {
        assert_eq!(database.get(table, key).unwrap().as_ref(), value.as_ref(), "{key}");
        assert_eq!(database.get(table, &format!("{key} ")).unwrap(), None);
    }
    let mut count = 0;
    let mut each = |_, columns: &[Column]| {
        let [Column::Text(key), value] = columns else { panic!("{columns:?}") };
        assert_eq!(value.clone().into_bytes().as_ref(), expected[key].as_ref());
        count += 1;
        ControlFlow::Continue(())
    };
    database.rows(table, &mut each).unwrap();
    assert_eq!((count, database.damage()), (expected.len(), [].as_slice()));
    assert!(!database.changed().unwrap());
    found
}

fn brief(rows: &Rows) -> Vec<(&String, Option<usize>)> {
    rows.iter().map(|(key, value)| (key, value.as_ref().map(Vec::len))).collect()
}

/// Bytes that tell one value from another.
fn value(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + seed * 7 + at / 251) as u8).collect()
}

fn listing(folder: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let about =
        entries.map(|e| (e.path(), e.metadata().unwrap().len(), e.metadata().unwrap().modified().unwrap()));
    let mut all: Vec<_> = about.collect();
    all.sort();
    all
}

fn fill(theirs: &mut Written, page: usize) {
    theirs.table("cursorDiskKV");
    theirs.run("BEGIN");
    for nth in 0..260 {
        let length = [0, 1, 40, 90, page / 2, page, page * 5 + 3][nth % 7];
        theirs.put("cursorDiskKV", &format!("bubbleId:{}:{nth}", nth % 9), Some(&value(nth, length)));
    }
    theirs.put("cursorDiskKV", "big", Some(&value(1, 3_000_000)));
    theirs.put("cursorDiskKV", &format!("long-{}", "k".repeat(page * 2)), Some(b"a key on overflow pages"));
    theirs.put("cursorDiskKV", "nothing", None);
    theirs.run("COMMIT");
    theirs.put_text("cursorDiskKV", "text", "Grüße, 世界");
    theirs.run("INSERT INTO cursorDiskKV VALUES (NULL, 1), (x'6162', 2), ('number', 42)");
    theirs.run("DELETE FROM cursorDiskKV WHERE key LIKE 'bubbleId:3:%' OR key IS NULL OR key = x'6162'");
    theirs.put("cursorDiskKV", "bubbleId:4:4", Some(b"replaced"));
}

#[test]
fn every_page_size_and_every_way_of_writing() {
    let folder = tempfile::tempdir().unwrap();
    for page in [512_u32, 1024, 4096, 8192, 16384, 32768, 65536] {
        for (wal, vacuum) in [
            (false, SqliteAutoVacuum::Full),
            (true, SqliteAutoVacuum::None),
            (true, SqliteAutoVacuum::Incremental),
        ] {
            let path = folder.path().join(format!("{page}-{wal}-{vacuum:?}.vscdb"));
            let mut theirs = Written::open(&path, page, wal, vacuum);
            fill(&mut theirs, page as usize);
            let before = listing(folder.path());
            let rows = same(&path, &mut theirs, "cursorDiskKV");
            assert_eq!(listing(folder.path()), before, "reading left something behind");
            assert!(rows.len() > 200 && rows["text"].as_deref() == Some("Grüße, 世界".as_bytes()));
            let mut database = Database::open(&path).unwrap();
            let (from, to) = ("bubbleId:5:", "bubbleId:5;");
            assert_eq!(ours(&mut database, "cursorDiskKV", from, to), theirs.range("cursorDiskKV", from, to));
            theirs.run("PRAGMA wal_checkpoint(TRUNCATE)");
            same(&path, &mut theirs, "cursorDiskKV");
            theirs.put("cursorDiskKV", "later", Some(b"x"));
            same(&path, &mut theirs, "cursorDiskKV");
            theirs.close();
        }
    }
}

#[test]
fn an_unfinished_transaction_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    for wal in [false, true] {
        let path = folder.path().join(format!("{wal}.vscdb"));
        let mut theirs = Written::plain(&path, wal);
        fill(&mut theirs, 4096);
        let before = theirs.range("cursorDiskKV", "", END);
        // its pages do not fit into memory: they go into the file before the end
        theirs.run("PRAGMA cache_size = 3; BEGIN");
        for nth in 0..200 {
            theirs.put("cursorDiskKV", &format!("bubbleId:4:{nth}"), Some(&value(nth + 1, 9_000)));
        }
        theirs.run("DELETE FROM cursorDiskKV WHERE key LIKE 'bubbleId:7:%'");
        let copied = folder.path().join(format!("{wal}-copy.vscdb"));
        copy(&path, &copied);
        let written = |path: &Path| fs::read(path).unwrap();
        assert_eq!(wal, written(&path).len() == written(&copied).len() && wal);
        for file in [&path, &copied] {
            let mut database = Database::open(file).unwrap();
            assert!(ours(&mut database, "cursorDiskKV", "", END) == before, "wal: {wal}");
            assert_eq!(database.damage(), []);
        }
        // and SQLite itself makes the same of the copy
        let before_reading = listing(folder.path());
        Database::open(&copied).unwrap().get("cursorDiskKV", "big").unwrap();
        assert_eq!(listing(folder.path()), before_reading);
        let mut again = Written::plain(&copied, wal);
        assert!(again.range("cursorDiskKV", "", END) == before);
        theirs.run("COMMIT");
        same(&path, &mut theirs, "cursorDiskKV");
    }
}

#[test]
fn a_hot_journal_really_lies_above_other_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vscdb");
    let mut theirs = Written::plain(&path, false);
    fill(&mut theirs, 4096);
    theirs.run("PRAGMA cache_size = 3; BEGIN");
    theirs.run("UPDATE cursorDiskKV SET value = x'00' WHERE length(value) > 100");
    let copied = folder.path().join("b.vscdb");
    copy(&path, &copied);
    let journal = folder.path().join("b.vscdb-journal");
    assert!(fs::metadata(&journal).unwrap().len() > 100_000);
    let with = ours(&mut Database::open(&copied).unwrap(), "cursorDiskKV", "", END);
    fs::remove_file(&journal).unwrap();
    let mut without = Database::open(&copied).unwrap();
    let mut rows = Rows::new();
    let _ = without.range("cursorDiskKV", "", END, &mut |key, value| {
        rows.insert(key.to_owned(), value);
        ControlFlow::Continue(())
    });
    assert!(with != rows && with["big"].as_ref().unwrap().len() == 3_000_000);
}

#[test]
fn a_damaged_log_is_read_up_to_the_damage_as_sqlite_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vscdb");
    let mut theirs = Written::plain(&path, true);
    theirs.table("ItemTable");
    for nth in 0..40 {
        theirs.put("ItemTable", &format!("k{nth:02}"), Some(&value(nth, 700)));
    }
    let log = fs::read(folder.path().join("a.vscdb-wal")).unwrap();
    for (nth, at) in [(0, log.len() / 2), (1, log.len() - 10), (2, 40), (3, 20)] {
        let copied = folder.path().join(format!("copy{nth}.vscdb"));
        copy(&path, &copied);
        let mut log = log.clone();
        log[at] ^= 0x40;
        fs::write(folder.path().join(format!("copy{nth}.vscdb-wal")), &log).unwrap();
        let mut database = Database::open(&copied).unwrap();
        let damage = database.damage().to_vec();
        let rows = match database.tables() {
            [] => Rows::new(),
            _ => ours(&mut database, "ItemTable", "", END),
        };
        assert_eq!(damage.iter().any(|d| d.why.contains("WAL is damaged")), nth != 1, "{damage:?}");
        let mut sqlite = Written::plain(&copied, true);
        let there = sqlite.number("SELECT count(*) FROM sqlite_schema WHERE name = 'ItemTable'") == 1;
        let expected = if there { sqlite.range("ItemTable", "", END) } else { Rows::new() };
        assert!(rows == expected, "{nth}: {} rows, {} expected", rows.len(), expected.len());
        assert!(rows.len() < 40);
    }
}

#[test]
fn what_is_no_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    assert!(matches!(Database::open(&path).err().unwrap(), DatabaseError::Io(_)));
    fs::write(&path, "").unwrap();
    let database = Database::open(&path).unwrap();
    assert!(database.tables().is_empty() && !database.changed().unwrap());
    fs::write(&path, "SQLite format 4").unwrap();
    assert!(database.changed().unwrap());
    assert_eq!(Database::open(&path).err().unwrap().to_string(), "no SQLite database");
    fs::remove_file(&path).unwrap();
    let mut theirs = Written::plain(&path, false);
    theirs.run("PRAGMA encoding = 'UTF-16le'");
    theirs.table("t");
    assert!(Database::open(&path).err().unwrap().to_string().contains("UTF-16"));
    assert!(matches!(Database::open(folder.path()).err().unwrap(), DatabaseError::Io(_)));
    let other = folder.path().join("b");
    let mut theirs = Written::plain(&other, false);
    theirs.table("t");
    let error = Database::open(&other).unwrap().get("none", "x").unwrap_err();
    assert_eq!(error.to_string(), "it has no table `none`");
}

#[test]
fn rows_of_any_table_keep_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut theirs = Written::plain(&path, true);
    theirs.run("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT, n INTEGER, r REAL, b BLOB)");
    theirs.run(
        "INSERT INTO meta VALUES ('a', 'b', -5, 1.5, x'00ff'), (NULL, '', 9223372036854775807, 0, NULL)",
    );
    theirs.run("ALTER TABLE meta ADD COLUMN late TEXT DEFAULT 'x'");
    let mut rows = Vec::new();
    let mut database = Database::open(&path).unwrap();
    let mut each = |rowid, columns: &[Column]| {
        rows.push((rowid, columns.to_vec()));
        ControlFlow::Continue(())
    };
    database.rows("meta", &mut each).unwrap();
    use Column::{Blob, Integer, Null, Real, Text};
    let first = vec![Text("a".into()), Text("b".into()), Integer(-5), Real(1.5), Blob(vec![0, 255])];
    // a real number that is whole is kept as an integer
    let second = vec![Null, Text(String::new()), Integer(i64::MAX), Integer(0), Null];
    assert_eq!(rows, [(1, first), (2, second)]);
    assert_eq!(database.get("meta", "a").unwrap().unwrap(), b"b");
}

#[test]
fn a_change_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for wal in [false, true] {
        let path = folder.path().join(format!("{wal}.vscdb"));
        let mut theirs = Written::plain(&path, wal);
        theirs.table("t");
        theirs.put("t", "a", Some(b"1"));
        let mut database = Database::open(&path).unwrap();
        assert!(!database.changed().unwrap());
        theirs.put("t", "a", Some(b"2"));
        assert!(database.changed().unwrap());
        match database.get("t", "a") {
            Ok(value) => assert_eq!(value.unwrap(), b"1", "the state that was opened"),
            Err(error) => assert!(matches!(error, DatabaseError::Changed), "{error}"),
        }
        assert_eq!(Database::open(&path).unwrap().get("t", "a").unwrap().unwrap(), b"2");
        theirs.run("PRAGMA wal_checkpoint(TRUNCATE)");
        theirs.put("t", "b", Some(b"3"));
        if wal {
            assert!(matches!(database.get("t", "a"), Err(DatabaseError::Changed)), "its log is gone");
        }
    }
}

#[test]
fn what_a_checkpoint_moves_into_the_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vscdb");
    let mut theirs = Written::plain(&path, true);
    theirs.table("t");
    theirs.put("t", "a", Some(b"1"));
    theirs.run("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut database = Database::open(&path).unwrap();
    theirs.put("t", "a", Some(b"2"));
    assert_eq!(database.get("t", "a").unwrap_or(Some(b"1".to_vec())).unwrap(), b"1");
    theirs.run("PRAGMA wal_checkpoint(PASSIVE)");
    assert!(matches!(database.get("t", "a"), Err(DatabaseError::Changed)), "its page is of a later state");
    assert_eq!(Database::open(&path).unwrap().get("t", "a").unwrap().unwrap(), b"2");
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, usize),
    Delete(u8),
    Checkpoint,
    Vacuum,
    Many(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lengths = prop_oneof![Just(0), 1..200_usize, 400..1500_usize, 9_000..20_000_usize];
    let step = prop_oneof![
        8 => (any::<u8>(), lengths).prop_map(|(key, length)| Step::Put(key, length)),
        3 => any::<u8>().prop_map(Step::Delete),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Vacuum),
        1 => any::<u8>().prop_map(Step::Many),
    ];
    prop::collection::vec(step, 1..40)
}

fn key(n: u8) -> String {
    format!("bubbleId:{}:{n}{}", n % 4, "x".repeat(usize::from(n)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_changes_are_seen_as_sqlite_sees_them(steps in steps(), page in 9..13_u32, wal: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vscdb");
        let mut theirs = Written::open(&path, 1 << page, wal, SqliteAutoVacuum::Incremental);
        theirs.table("t");
        for (nth, step) in steps.iter().enumerate() {
            match step {
                Step::Put(n, length) => theirs.put("t", &key(*n), Some(&value(nth, *length))),
                Step::Delete(n) => theirs.run(&format!("DELETE FROM t WHERE key = '{}'", key(*n))),
                Step::Checkpoint => theirs.run("PRAGMA wal_checkpoint"),
                Step::Vacuum => theirs.run("PRAGMA incremental_vacuum"),
                Step::Many(n) => {
                    theirs.run("BEGIN");
                    (0..20).for_each(|m| theirs.put("t", &key(n.wrapping_add(m)), Some(&value(nth, 600))));
                    theirs.run("COMMIT");
                }
            }
            if nth % 8 == 0 {
                same(&path, &mut theirs, "t");
            }
        }
        same(&path, &mut theirs, "t");
        let mut database = Database::open(&path).unwrap();
        for from in ["bubbleId:1:", "bubbleId:3:", "a", "z"] {
            let to = format!("{from};");
            prop_assert_eq!(ours(&mut database, "t", from, &to), theirs.range("t", from, &to));
        }
    }
}
