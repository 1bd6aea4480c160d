//! Why the store could not do what it was asked.
//!
//! Invariant: no SQLite type leaves this crate, an error keeps SQLite's code and text only; no error holds text of a chat.

use std::path::PathBuf;

const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;
/// No room for the write-ahead log's index: the one write whose lack of room SQLite reports as an I/O error.
const SQLITE_IOERR_SHMSIZE: i32 = 10 | (19 << 8);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {doing}: {message}")]
    Database {
        doing: &'static str,
        /// SQLite's extended result code, where SQLite is the one that failed.
        code: Option<i32>,
        message: String,
    },
    #[error("cannot {doing}: {source}")]
    Io { doing: &'static str, source: std::io::Error },
    /// A stored value that this version cannot have written.
    #[error("table {table}, row {row}: {what}")]
    Corrupt { table: &'static str, row: i64, what: String },
    #[error("the cursor is not one of this listing")]
    BadCursor,
    #[error("what changed since that revision is not known any more")]
    RevisionGone,
    /// What was asked is done and committed, but readers keep the write-ahead log from being emptied.
    #[error("the write-ahead log of the database is still being read")]
    StillRead,
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// No room on the disk: nothing was written, and it can be tried again once there is.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Database { code: Some(code), .. } => {
                code & 0xff == SQLITE_FULL || *code == SQLITE_IOERR_SHMSIZE
            }
            Self::Io { source, .. } => {
                use std::io::ErrorKind::{QuotaExceeded, StorageFull};
                matches!(source.kind(), StorageFull | QuotaExceeded)
            }
            _ => false,
        }
    }

    /// The file itself is damaged.
    pub fn is_corrupt(&self) -> bool {
        match self {
            Self::Database { code: Some(code), .. } => is_corrupt_code(*code),
            Self::Corrupt { .. } => true,
            _ => false,
        }
    }

    pub(crate) fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: damaged or no database: {what}", path.display())]
    Corrupt { path: PathBuf, what: String },
    #[error("{}: written by a newer version (schema {version}); install that version", path.display())]
    Newer { path: PathBuf, version: i64 },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Store { path: PathBuf, source: StoreError },
}

pub(crate) fn is_corrupt_code(code: i32) -> bool {
    matches!(code & 0xff, SQLITE_CORRUPT | SQLITE_NOTADB)
}

/// SQLite's extended result code of a failure.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse().ok())
}

/// Names what was being done when SQLite failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| match error {
            sqlx::Error::PoolClosed => StoreError::Closed,
            sqlx::Error::Io(source) => StoreError::Io { doing, source },
            error => StoreError::Database { doing, code: sqlite_code(&error), message: error.to_string() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(code: i32) -> StoreError {
        StoreError::Database { doing: "test", code: Some(code), message: String::new() }
    }

    #[test]
    fn classes() {
        assert!(database(13).is_disk_full());
        assert!(database(4874).is_disk_full());
        assert!(!database(778).is_disk_full());
        assert!(database(11).is_corrupt());
        assert!(database(11 | (3 << 8)).is_corrupt(), "SQLITE_CORRUPT_INDEX");
        assert!(database(26).is_corrupt());
        assert!(!database(5).is_corrupt());
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(StoreError::Io { doing: "test", source: full }.is_disk_full());
    }
}
