//! The rows of a key-value table whose key is in a range, in the order of the key.
//!
//! Owns the way from key to row, and what is done where the index is damaged: the table itself is read. Never keeps more than a
//! handful of rows. Invariant: a row is handed over after it was seen that nothing was written meanwhile.

use super::error::{Damages, DatabaseError};
use super::pages::Pages;
use super::payload::Payload;
use super::record::{self, Field};
use super::schema::Table;
use super::{index, table};
use std::ops::ControlFlow;

/// Rows, and bytes of them, that are handed over at once.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;

/// What is wanted of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Keys,
    Lengths,
    Values,
}

/// What was wanted.
#[derive(Debug)]
pub enum Got {
    Key,
    /// `None` for NULL.
    Length(Option<u64>),
    Value(Option<Vec<u8>>),
}

/// Takes a key and what was wanted of its row.
pub type EachGot<'a> = &'a mut dyn FnMut(&[u8], Got) -> ControlFlow<()>;

pub struct Range<'a> {
    pub pages: &'a mut Pages,
    pub damages: &'a mut Damages,
    pub table: &'a Table,
    pub from: &'a [u8],
    pub to: &'a [u8],
    pub want: Want,
    /// An error for a single row ends it.
    pub strict: bool,
}

/// Rows on their way.
struct Batch<'a> {
    rows: Vec<(Vec<u8>, Got)>,
    bytes: usize,
    /// The key of the latest one.
    last: Option<Vec<u8>>,
    each: EachGot<'a>,
    /// The one who takes the rows wants no more.
    ended: bool,
    failed: Option<DatabaseError>,
}

impl Range<'_> {
    pub fn run(mut self, each: EachGot<'_>) -> Result<(), DatabaseError> {
        let mut batch = Batch { rows: Vec::new(), bytes: 0, last: None, each, ended: false, failed: None };
        if self.from < self.to && !self.by_index(&mut batch)? {
            self.by_table(&mut batch)?;
        }
        match batch.failed.take() {
            Some(error) => {
                self.pages.check()?;
                Err(error)
            }
            None => batch.hand_over(self.pages).map(drop),
        }
    }

    /// Whether that was all. A damaged index is noted: from the last row on, the table itself says what there is.
    fn by_index(&mut self, batch: &mut Batch<'_>) -> Result<bool, DatabaseError> {
        let Some(root) = self.table.index else { return Ok(false) };
        let Self { damages, table, want, strict, .. } = self;
        let walked = index::walk(self.pages, root, self.from, self.to, &mut |pages, key, rowid| match row(
            pages, table, &key, rowid, *want,
        ) {
            Ok(None) => Err(DatabaseError::damaged(root, "an index that does not fit its table")),
            Ok(Some(got)) => batch.add(pages, key, got),
            Err(error) => Ok(batch.lost(pages, damages, key, error, *strict)),
        });
        match walked {
            Ok(_) => Ok(true),
            Err(error) => {
                self.pages.check()?;
                self.damages.note(error)?;
                Ok(batch.ended)
            }
        }
    }

    /// Reads the keys of the whole table, and then the rows behind the last one that was found by the index.
    fn by_table(&mut self, batch: &mut Batch<'_>) -> Result<(), DatabaseError> {
        let (mut found, mut last) = (Vec::new(), batch.last.take());
        let wanted = |key: &Vec<u8>| {
            key.as_slice() >= self.from
                && key.as_slice() < self.to
                && last.as_ref().is_none_or(|last| key > last)
        };
        let _ = table::walk(self.pages, self.table.root, self.damages, &mut |pages, rowid, payload| {
            let key = key(pages, payload)?.filter(&wanted);
            found.extend(key.map(|key| (key, rowid)));
            Ok(ControlFlow::Continue(()))
        })?;
        found.sort();
        for (key, rowid) in found {
            if last.as_ref() == Some(&key) {
                continue;
            }
            last = Some(key.clone());
            let flow = match row(self.pages, self.table, &key, rowid, self.want) {
                Ok(None) => ControlFlow::Continue(()),
                Ok(Some(got)) => batch.add(self.pages, key, got)?,
                Err(error) => batch.lost(self.pages, self.damages, key, error, self.strict),
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Batch<'_> {
    fn add(&mut self, pages: &Pages, key: Vec<u8>, got: Got) -> Result<ControlFlow<()>, DatabaseError> {
        self.bytes += key.len();
        if let Got::Value(Some(value)) = &got {
            self.bytes += value.len();
        }
        self.last = Some(key.clone());
        self.rows.push((key, got));
        match self.rows.len() < BATCH && self.bytes < BATCH_BYTES {
            true => Ok(ControlFlow::Continue(())),
            false => self.hand_over(pages),
        }
    }

    fn hand_over(&mut self, pages: &Pages) -> Result<ControlFlow<()>, DatabaseError> {
        pages.check()?;
        self.bytes = 0;
        for (key, got) in self.rows.drain(..) {
            if !self.ended && (self.each)(&key, got).is_break() {
                self.ended = true;
            }
        }
        Ok(if self.ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// A row that cannot be read: it is noted, unless it is all that was asked for.
    fn lost(
        &mut self,
        pages: &Pages,
        damages: &mut Damages,
        key: Vec<u8>,
        error: DatabaseError,
        strict: bool,
    ) -> ControlFlow<()> {
        self.last = Some(key);
        let noted = match strict {
            true => Err(error),
            false => pages.check().and_then(|()| damages.note(error)),
        };
        self.failed = noted.err();
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// What is wanted of a row; `None` where the table has no such row with this key.
fn row(
    pages: &mut Pages,
    table: &Table,
    key: &[u8],
    rowid: i64,
    want: Want,
) -> Result<Option<Got>, DatabaseError> {
    if want == Want::Keys {
        return Ok(Some(Got::Key));
    }
    let Some(payload) = table::seek(pages, table.root, rowid)? else { return Ok(None) };
    let fields = record::fields(pages, &payload)?;
    let own = fields.first().filter(|field| field.is_text() && field.len == key.len() as u64);
    let same = own.map(|field| field.bytes(pages, &payload)).transpose()?.is_some_and(|own| own == key);
    if !same {
        return Ok(None);
    }
    let field = fields.get(1).copied().unwrap_or(Field::NULL);
    Ok(Some(match want {
        Want::Keys => Got::Key,
        Want::Lengths if field.is_text() || field.is_blob() => Got::Length(Some(field.len)),
        Want::Lengths => Got::Length(value(pages, &payload, field)?.map(|value| value.len() as u64)),
        Want::Values => Got::Value(value(pages, &payload, field)?),
    }))
}

fn value(pages: &Pages, payload: &Payload, field: Field) -> Result<Option<Vec<u8>>, DatabaseError> {
    match field.is_text() || field.is_blob() {
        true => field.bytes(pages, payload).map(Some),
        false => Ok(field.value(pages, payload)?.into_bytes()),
    }
}

/// The key of a row, where it is a text.
fn key(pages: &Pages, payload: &Payload) -> Result<Option<Vec<u8>>, DatabaseError> {
    let fields = record::fields(pages, payload)?;
    fields.first().filter(|field| field.is_text()).map(|field| field.bytes(pages, payload)).transpose()
}
