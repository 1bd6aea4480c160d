//! Why a database, or a page of it, cannot be read, and the list of pages that could not.
//!
//! Owns the words of it. Never names what a row says, only where it stands.

use std::io;

/// Damaged places that are listed one by one; more are only counted.
const LISTED: usize = 1_000;

/// Longest value that is read, in bytes.
pub const MAX_VALUE: u64 = 256 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no SQLite database")]
    NotDatabase,
    /// What it has that is not read here.
    #[error("{0}")]
    Unsupported(String),
    /// Nothing that was read since the last success may be used. Opening it anew may succeed.
    #[error("it was written to while it was read")]
    Changed,
    #[error("page {page}: {why}")]
    Damaged { page: u32, why: String },
    #[error("it has no table `{0}`")]
    NoTable(String),
    #[error("page {page}: a value of {bytes} bytes, {MAX_VALUE} can be read")]
    TooLarge { page: u32, bytes: u64 },
}

impl DatabaseError {
    pub fn damaged(page: u32, why: impl Into<String>) -> Self {
        Self::Damaged { page, why: why.into() }
    }
}

/// A page, or something that begins on it, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// 0 where it is not of one page.
    pub page: u32,
    pub why: String,
}

/// What could not be read so far.
#[derive(Debug, Default)]
pub struct Damages {
    pub listed: Vec<Damage>,
    /// Beyond those listed.
    pub more: u64,
}

impl Damages {
    /// Notes what is damaged; what is wrong with more than a page is given back.
    pub fn note(&mut self, error: DatabaseError) -> Result<(), DatabaseError> {
        let damage = match error {
            DatabaseError::Damaged { page, why } => Damage { page, why },
            DatabaseError::TooLarge { page, bytes } => {
                Damage { page, why: format!("a value of {bytes} bytes, {MAX_VALUE} can be read") }
            }
            other => return Err(other),
        };
        if self.listed.contains(&damage) {
            return Ok(());
        }
        match self.listed.len() < LISTED {
            true => self.listed.push(damage),
            false => self.more += 1,
        }
        Ok(())
    }
}
