//! Following documents that an editor writes anew.
//!
//! Owns the waiting for the end of a writing. Never waits in the last reading.

use super::load;
use crate::{Each, ReadError, ReadReport, Reader, Step};
use std::path::PathBuf;
use std::time::SystemTime;

/// A reader of documents that waits while one of them is being written, unless it is to read for the last time. Else half a
/// document would be taken for a damaged one.
pub(crate) struct WhenWhole<R> {
    inner: R,
    paths: Vec<PathBuf>,
    /// Size and time of each document when all were whole.
    seen: Vec<(u64, Option<SystemTime>)>,
}

impl<R: Reader> WhenWhole<R> {
    pub fn new(inner: R, paths: Vec<PathBuf>) -> Self {
        Self { inner, paths, seen: Vec::new() }
    }

    /// Bytes of the first document that is not whole.
    fn unfinished(&mut self) -> Option<u64> {
        let about =
            |path: &PathBuf| std::fs::metadata(path).map(|about| (about.len(), about.modified().ok()));
        let seen: Vec<_> = self.paths.iter().map(|path| about(path).unwrap_or_default()).collect();
        if seen == self.seen {
            return None;
        }
        let is_whole = |path: &PathBuf| {
            load(path).is_ok_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok())
        };
        let open = self.paths.iter().zip(&seen).find(|(path, _)| !is_whole(path));
        if let Some((_, (bytes, _))) = open {
            return Some(*bytes);
        }
        self.seen = seen;
        None
    }
}

impl<R: Reader> Reader for WhenWhole<R> {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        match if last { None } else { self.unfinished() } {
            Some(held) => Ok(Step { held, ..Step::default() }),
            None => self.inner.read_on(last, each),
        }
    }

    fn report(&self) -> ReadReport {
        self.inner.report()
    }
}
