//! How the files of a database are at one moment, to tell afterwards whether they were written to.
//!
//! Never locks: what was read holds if nothing was written before it was handed over. Invariant: two states that are equal, of
//! a database whose last change is not of just now, have the same pages.

use super::bytes;
use super::{header, journal, wal};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// File systems tell times apart that are so far from each other.
const TICK: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub db: Size,
    pub head: Vec<u8>,
    pub wal: Option<WalState>,
    pub journal: Option<(Size, Vec<u8>)>,
}

/// Length and time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub bytes: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalState {
    size: Size,
    head: Vec<u8>,
    /// Places where a commit would write first.
    pub marks: Vec<(u64, Vec<u8>)>,
}

impl Size {
    pub fn of(about: &Metadata) -> Self {
        Self { bytes: about.len(), modified: about.modified().ok() }
    }

    /// Whether a write after this moment would give another time.
    pub fn is_settled(&self) -> bool {
        self.modified.and_then(|at| at.elapsed().ok()).is_some_and(|since| since > TICK)
    }
}

impl State {
    /// The files as they are now. `marks` are the places of the log to look at.
    pub fn take(path: &Path, marks: &[(u64, Vec<u8>)]) -> io::Result<Self> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "the database is gone");
        let db = bytes::open(path)?.ok_or_else(absent)?;
        let journal = match bytes::open(&beside(path, "-journal"))? {
            Some(file) => Some((size(&file)?, bytes::read_up_to(&file, 0, journal::HEAD as u64)?)),
            None => None,
        };
        let wal = match bytes::open(&beside(path, "-wal"))? {
            Some(file) => Some(WalState::take(&file, marks)?),
            None => None,
        };
        let head = bytes::read_up_to(&db, 0, header::BYTES as u64)?;
        Ok(Self { db: size(&db)?, head, wal, journal })
    }

    /// Whether all that a reader of the log relies on is the same: the database itself may have taken in frames of it.
    pub fn same_log(&self, other: &Self) -> bool {
        self.wal == other.wal
            && self.journal == other.journal
            && self.head.get(18..20) == other.head.get(18..20)
    }
}

impl WalState {
    fn take(file: &File, marks: &[(u64, Vec<u8>)]) -> io::Result<Self> {
        let head = bytes::read_up_to(file, 0, wal::HEAD as u64)?;
        let look = |(at, _): &(u64, _)| Ok((*at, bytes::read_up_to(file, *at, wal::FRAME as u64)?));
        let marks = marks.iter().map(look).collect::<io::Result<_>>()?;
        Ok(Self { size: size(file)?, head, marks })
    }
}

/// The file of this ending that belongs to a database.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn size(file: &File) -> io::Result<Size> {
    Ok(Size::of(&file.metadata()?))
}
