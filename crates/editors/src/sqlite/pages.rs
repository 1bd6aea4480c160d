//! The pages of a database as of one moment: those of its log, those that a journal would bring back, those of the file.
//!
//! Owns the open files and a few pages. Never writes, locks or maps a file. Invariant: what was read before a successful
//! [`Pages::check`] is of one committed state.

use super::bytes;
use super::error::DatabaseError;
use super::header::{self, Header};
use super::journal::Journal;
use super::state::{Size, State, beside};
use super::wal::Wal;
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pages that are kept: the upper ones of a tree are read again and again.
const KEPT: usize = 64;

/// Readings of an open database that is written to meanwhile.
const TRIES: usize = 8;

pub type Page = Arc<[u8]>;

pub struct Pages {
    path: PathBuf,
    db: File,
    /// Bytes of a page, and how many of them are used.
    pub size: usize,
    pub usable: usize,
    uses_wal: bool,
    wal: Option<Wal>,
    journal: Option<Journal>,
    state: State,
    /// Whether the time of the database would tell of a write.
    settled: Cell<bool>,
    kept: Vec<Option<(u32, Page)>>,
}

impl Pages {
    /// `None` for a file without a byte: a database without a table.
    pub fn open(path: &Path) -> Result<Option<Self>, DatabaseError> {
        for _ in 0..TRIES {
            match Self::try_open(path) {
                Err(DatabaseError::Changed) => std::thread::yield_now(),
                other => return other,
            }
        }
        Err(DatabaseError::Changed)
    }

    fn try_open(path: &Path) -> Result<Option<Self>, DatabaseError> {
        let before = State::take(path, &[])?;
        if before.db.bytes == 0 {
            return Ok(None);
        }
        let absent = || io::Error::new(io::ErrorKind::NotFound, "the database is gone");
        let db = bytes::open(path)?.ok_or_else(absent)?;
        let journal = Journal::open(&beside(path, "-journal"))?;
        let wal = Wal::open(&beside(path, "-wal"))?;
        let marks = wal.as_ref().map(|wal| wal.marks.clone()).unwrap_or_default();
        let state = State::take(path, &marks)?;
        let header = Header::parse(&first_bytes(&db, journal.as_ref(), wal.as_ref(), &before)?)?;
        let uses_wal = header.wal || wal.as_ref().is_some_and(Wal::is_used);
        let kept = vec![None; KEPT];
        let settled = Cell::new(state.db.is_settled());
        let (size, usable, path) = (header.page_size, header.usable, path.to_owned());
        let pages = Self { path, db, size, usable, uses_wal, wal, journal, state, settled, kept };
        pages.check_opening(&before)?;
        Ok(Some(pages))
    }

    /// Whether all files were opened at one moment.
    fn check_opening(&self, before: &State) -> Result<(), DatabaseError> {
        let mut plain = self.state.clone();
        let seen = plain.wal.as_mut().map(|wal| std::mem::take(&mut wal.marks)).unwrap_or_default();
        let marked = self.wal.as_ref().is_none_or(|wal| wal.marks == seen);
        if plain != *before || !marked || Size::of(&self.db.metadata()?) != before.db {
            return Err(DatabaseError::Changed);
        }
        let fits = self.wal.as_ref().is_none_or(|wal| wal.fits(self.size))
            && self.journal.as_ref().is_none_or(|journal| journal.page_size == self.size);
        match fits {
            true => self.check(),
            false => Err(DatabaseError::Unsupported("its log has pages of another size".into())),
        }
    }

    /// Whether everything that was read so far is of the state that was opened.
    pub fn check(&self) -> Result<(), DatabaseError> {
        if !self.wal.as_ref().is_none_or(Wal::holds) {
            return Err(DatabaseError::Changed);
        }
        let same = Size::of(&self.db.metadata()?) == self.state.db;
        if same && self.settled.get() {
            return Ok(());
        }
        let settled = self.state.db.is_settled();
        // a log may grow, as long as nothing of it was moved into the database; whether it was, times cannot tell here
        let now = self.now()?;
        let holds = if self.uses_wal { now.same_log(&self.state) } else { same && now == self.state };
        // nothing was written up to now, and what is written from now on has another time
        self.settled.set(holds && same && settled);
        if holds { Ok(()) } else { Err(DatabaseError::Changed) }
    }

    /// Whether anything was written since it was opened.
    pub fn changed(&self) -> io::Result<bool> {
        match self.now() {
            Ok(now) => Ok(now != self.state),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// A page of a tree.
    pub fn page(&mut self, number: u32) -> Result<Page, DatabaseError> {
        let slot = number as usize % KEPT;
        if let Some(Some((_, page))) =
            self.kept.get(slot).filter(|kept| kept.as_ref().is_some_and(|k| k.0 == number))
        {
            return Ok(page.clone());
        }
        let mut buffer = vec![0; self.size];
        self.read(number, &mut buffer)?;
        let page = Page::from(buffer);
        if let Some(kept) = self.kept.get_mut(slot) {
            *kept = Some((number, page.clone()));
        }
        Ok(page)
    }

    /// Reads a page into `buffer`, which has room for it.
    pub fn read(&self, number: u32, buffer: &mut [u8]) -> Result<(), DatabaseError> {
        if number == 0 || number > self.count() {
            return Err(DatabaseError::damaged(number, "beyond the end of the file"));
        }
        if let Some(wal) = &self.wal
            && wal.read(number, buffer)?
        {
            return Ok(());
        }
        if let Some(journal) = &self.journal
            && journal.read(number, buffer)?
        {
            return Ok(());
        }
        let offset = u64::from(number - 1) * self.size as u64;
        bytes::read_at(&self.db, offset, buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DatabaseError::damaged(number, "beyond the end of the file"),
            _ => DatabaseError::damaged(number, error.to_string()),
        })
    }

    /// Pages that there can be.
    pub fn count(&self) -> u32 {
        let of_wal = self.wal.as_ref().map(|wal| wal.pages).filter(|pages| *pages > 0);
        let of_file = || u32::try_from(self.state.db.bytes.div_ceil(self.size as u64)).unwrap_or(u32::MAX);
        of_wal.or_else(|| Some(self.journal.as_ref()?.pages)).unwrap_or_else(of_file)
    }

    /// The byte of the log from which on it is damaged.
    pub fn torn_log(&self) -> Option<u64> {
        self.wal.as_ref()?.torn
    }

    fn now(&self) -> io::Result<State> {
        let marks = self.state.wal.as_ref().map(|wal| wal.marks.as_slice()).unwrap_or_default();
        State::take(&self.path, marks)
    }
}

/// The header of the database as its log or journal has it, else its own.
fn first_bytes(
    db: &File,
    journal: Option<&Journal>,
    wal: Option<&Wal>,
    before: &State,
) -> Result<Vec<u8>, DatabaseError> {
    let mut page = vec![0; journal.map_or(0, |journal| journal.page_size)];
    if wal.is_none_or(|wal| !wal.is_used())
        && journal.map(|j| j.read(1, &mut page)).transpose()? == Some(true)
    {
        return Ok(page);
    }
    let own = bytes::read_up_to(db, 0, header::BYTES as u64)?;
    if own != before.head {
        return Err(DatabaseError::Changed);
    }
    match wal {
        Some(wal) if wal.is_used() && Header::parse(&own).is_err() => Ok(wal.first_bytes()?.unwrap_or(own)),
        _ => Ok(own),
    }
}
