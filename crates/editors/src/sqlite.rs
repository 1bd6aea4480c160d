//! SQLite databases of editors, read as they lie on the disk.
//!
//! Owns a reader of its own: editors keep live databases of gigabytes, and SQLite itself would lock them, write beside them,
//! or need a copy of all of it. Never writes, locks, maps or creates a file; never reads a row that was not asked for.
//! Invariant: what a call that succeeded handed over is of one committed state, the one at [`Database::open`]; when the
//! database is written to in a way that could mix two states, the call ends with [`DatabaseError::Changed`].
//!
//! Changes that are not in the database yet are read from its `-wal`; a transaction that was not finished is undone from its
//! `-journal`, in memory. Without locks one thing stays undetected: in rollback mode a transaction that writes pages and takes
//! them back, all within the 100 ms after another change of the database, and within one tick of the file system's clock.

mod bytes;
mod error;
mod header;
mod index;
mod journal;
mod node;
mod pages;
mod payload;
mod range;
mod record;
mod schema;
mod state;
mod table;
mod wal;

pub use error::{Damage, DatabaseError};
pub(crate) use header::MAGIC;
pub use record::Column;

use error::Damages;
use pages::Pages;
use range::{Got, Range, Want};
use schema::Table;
use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Takes a key and its value; `None` for NULL.
pub type EachValue<'a> = &'a mut dyn FnMut(&str, Option<Vec<u8>>) -> ControlFlow<()>;
/// Takes a key and the length of its value in bytes; `None` for NULL.
pub type EachLength<'a> = &'a mut dyn FnMut(&str, Option<u64>) -> ControlFlow<()>;
/// Takes a key.
pub type EachKey<'a> = &'a mut dyn FnMut(&str) -> ControlFlow<()>;
/// Takes a row: its number and its columns.
pub type EachRow<'a> = &'a mut dyn FnMut(i64, &[Column]) -> ControlFlow<()>;

/// A database as of the moment at which it was opened.
pub struct Database {
    path: PathBuf,
    /// `None` for a file without a byte.
    pages: Option<Pages>,
    tables: Vec<Table>,
    names: Vec<String>,
    damages: Damages,
}

impl Database {
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let (mut pages, mut damages) = (Pages::open(path)?, Damages::default());
        let tables = match &mut pages {
            Some(pages) => schema::read(pages, &mut damages)?,
            None => Vec::new(),
        };
        if let Some(pages) = &pages {
            pages.check()?;
            if let Some(at) = pages.torn_log() {
                let why = format!("its WAL is damaged at byte {at}: what stands behind is not used");
                damages.note(DatabaseError::damaged(0, why))?;
            }
        }
        let names = tables.iter().map(|table| table.name.clone()).collect();
        Ok(Self { path: path.to_owned(), pages, tables, names, damages })
    }

    /// The names of its tables.
    pub fn tables(&self) -> &[String] {
        &self.names
    }

    /// The value of a key; `None` where it is not there or NULL.
    pub fn get(&mut self, table: &str, key: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        let (to, mut found) = (format!("{key}\0"), None);
        self.run(table, (key, &to), Want::Values, true, &mut |_, got| {
            if let Got::Value(value) = got {
                found = value;
            }
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The rows with `from` ≤ key < `to`, in the order of the key. A row that cannot be read is in [`Database::damage`].
    pub fn range(
        &mut self,
        table: &str,
        from: &str,
        to: &str,
        each: EachValue<'_>,
    ) -> Result<(), DatabaseError> {
        self.run(table, (from, to), Want::Values, false, &mut |key, got| match got {
            Got::Value(value) => each(&text(key), value),
            _ => ControlFlow::Continue(()),
        })
    }

    /// The same with the length of each value. Values are not read.
    pub fn lengths(
        &mut self,
        table: &str,
        from: &str,
        to: &str,
        each: EachLength<'_>,
    ) -> Result<(), DatabaseError> {
        self.run(table, (from, to), Want::Lengths, false, &mut |key, got| match got {
            Got::Length(length) => each(&text(key), length),
            _ => ControlFlow::Continue(()),
        })
    }

    /// The keys of the range alone.
    pub fn keys(
        &mut self,
        table: &str,
        from: &str,
        to: &str,
        each: EachKey<'_>,
    ) -> Result<(), DatabaseError> {
        self.run(table, (from, to), Want::Keys, false, &mut |key, _| each(&text(key)))
    }

    /// All rows of any table, in the order of their numbers.
    pub fn rows(&mut self, table: &str, each: EachRow<'_>) -> Result<(), DatabaseError> {
        let root = self.table(table)?.root;
        let Some(pages) = &mut self.pages else { return Ok(()) };
        let walked = table::walk(pages, root, &mut self.damages, &mut |pages, rowid, payload| {
            let mut columns = Vec::new();
            for field in record::fields(pages, payload)? {
                columns.push(field.value(pages, payload)?);
            }
            pages.check()?;
            Ok(each(rowid, &columns))
        });
        walked.map(drop)
    }

    /// Whether the database, its log or its journal was written to since it was opened: then it is to be opened anew.
    pub fn changed(&self) -> io::Result<bool> {
        match &self.pages {
            Some(pages) => pages.changed(),
            None => Ok(std::fs::metadata(&self.path).map_or(true, |about| about.len() > 0)),
        }
    }

    /// What could not be read so far.
    pub fn damage(&self) -> &[Damage] {
        &self.damages.listed
    }

    /// Damaged places beyond those listed.
    pub fn more_damage(&self) -> u64 {
        self.damages.more
    }

    fn run(
        &mut self,
        table: &str,
        (from, to): (&str, &str),
        want: Want,
        strict: bool,
        each: range::EachGot<'_>,
    ) -> Result<(), DatabaseError> {
        let table = &self.table(table)?.clone();
        let (Some(pages), damages) = (&mut self.pages, &mut self.damages) else { return Ok(()) };
        let (from, to) = (from.as_bytes(), to.as_bytes());
        Range { pages, damages, table, from, to, want, strict }.run(each)
    }

    fn table(&self, name: &str) -> Result<&Table, DatabaseError> {
        let found = self.tables.iter().find(|table| table.name == name);
        found.ok_or_else(|| DatabaseError::NoTable(name.to_owned()))
    }
}

fn text(key: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(key)
}
