//! The first hundred bytes of a database.
//!
//! Invariant: a header that was read has a page size that pages can be cut by.

use super::bytes::{u16_at, u32_at};
use super::error::DatabaseError;

/// Bytes of the header, before the first b-tree.
pub const BYTES: usize = 100;

/// The first bytes of every database.
pub const MAGIC: &[u8] = b"SQLite format 3\0";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of a page.
    pub page_size: usize,
    /// Bytes of a page that are used: some keep a few at the end for themselves.
    pub usable: usize,
    /// Changes go into a write-ahead log.
    pub wal: bool,
}

impl Header {
    pub fn parse(bytes: &[u8]) -> Result<Self, DatabaseError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(DatabaseError::NotDatabase);
        }
        let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
        let page_size = u16_at(bytes, 16).and_then(page_size).ok_or(DatabaseError::NotDatabase)?;
        let usable = page_size - usize::from(byte(20));
        if usable < 480 {
            return Err(DatabaseError::NotDatabase);
        }
        if byte(19) > 2 {
            return Err(DatabaseError::Unsupported(format!(
                "SQLite's file format {} is not known",
                byte(19)
            )));
        }
        match u32_at(bytes, 56) {
            Some(0 | 1) => Ok(Self { page_size, usable, wal: byte(18) == 2 || byte(19) == 2 }),
            Some(2 | 3) => Err(DatabaseError::Unsupported("its texts are UTF-16, only UTF-8 is read".into())),
            _ => Err(DatabaseError::NotDatabase),
        }
    }
}

/// As the header writes it: 1 stands for 65536.
fn page_size(written: u16) -> Option<usize> {
    match written {
        1 => Some(65_536),
        512..=32_768 if written.is_power_of_two() => Some(usize::from(written)),
        _ => None,
    }
}
