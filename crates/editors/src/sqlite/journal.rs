//! The rollback journal of a database: pages as they were before a transaction that was not finished.
//!
//! Owns the reading of a hot `…-journal`. Never plays it back into the database: its pages lie above those of the file.
//! Invariant: only records whose checksum fits are used, the first of each page.

use super::bytes::{self, u32_at};
use super::error::DatabaseError;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// Bytes of the header that say something.
pub const HEAD: usize = 28;
/// In place of the number of records: up to the end of the file.
const TO_THE_END: u32 = u32::MAX;

pub struct Journal {
    file: File,
    pub page_size: usize,
    /// Pages of the database before the transaction.
    pub pages: u32,
    /// Where the record of a page begins, and the nonce of its checksum.
    records: HashMap<u32, (u64, u32)>,
}

/// The header of one part of a journal.
struct Part {
    records: u32,
    nonce: u32,
    pages: u32,
    sector: u64,
    page_size: usize,
}

impl Journal {
    /// `None` where no transaction is to be undone.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = bytes::open(path)? else { return Ok(None) };
        let length = file.metadata()?.len();
        let Some(first) = part(&file, 0)? else { return Ok(None) };
        let mut journal =
            Self { file, page_size: first.page_size, pages: first.pages, records: HashMap::new() };
        let (sector, mut at, mut next) = (first.sector, 0, Some(first));
        while let Some(found) = next {
            at = match journal.part(&found, at + sector, length)? {
                Some(end) => end.next_multiple_of(sector),
                None => break,
            };
            next = part(&journal.file, at)?;
        }
        Ok((!journal.records.is_empty()).then_some(journal))
    }

    /// Takes in the records of one part; where they end, or `None` where one is not whole.
    fn part(&mut self, part: &Part, from: u64, length: u64) -> io::Result<Option<u64>> {
        let size = self.record_size();
        let fit = u32::try_from(length.saturating_sub(from) / size).unwrap_or(TO_THE_END);
        let count = if part.records == TO_THE_END { fit } else { part.records };
        let mut record = vec![0; usize::try_from(size).unwrap_or_default()];
        for nth in 0..u64::from(count) {
            let at = from + nth * size;
            if at + size > length {
                return Ok(None);
            }
            bytes::read_at(&self.file, at, &mut record)?;
            let Some(page) = checked(&record, part.nonce) else { return Ok(None) };
            if page <= self.pages {
                self.records.entry(page).or_insert((at, part.nonce));
            }
        }
        Ok(Some(from + u64::from(count) * size))
    }

    /// Reads a page into `buffer`; `false` where the transaction did not touch it.
    pub fn read(&self, page: u32, buffer: &mut [u8]) -> Result<bool, DatabaseError> {
        let Some(&(at, nonce)) = self.records.get(&page) else { return Ok(false) };
        let mut record = vec![0; usize::try_from(self.record_size()).unwrap_or_default()];
        let read = bytes::read_at(&self.file, at, &mut record);
        if read.is_err() || checked(&record, nonce) != Some(page) {
            return Err(DatabaseError::Changed);
        }
        let said = record.get(4..4 + self.page_size).filter(|said| said.len() == buffer.len());
        said.map(|said| buffer.copy_from_slice(said)).ok_or(DatabaseError::Changed)?;
        Ok(true)
    }

    /// Its number, the page, its checksum.
    fn record_size(&self) -> u64 {
        self.page_size as u64 + 8
    }
}

/// The header that stands at this place, if one does.
fn part(file: &File, at: u64) -> io::Result<Option<Part>> {
    let head = bytes::read_up_to(file, at, HEAD as u64)?;
    if head.get(..8) != Some(&MAGIC) {
        return Ok(None);
    }
    let number = |at: usize| u32_at(&head, at);
    let all = (number(8), number(12), number(16), number(20), number(24));
    let (Some(records), Some(nonce), Some(pages), Some(sector), Some(size)) = all else { return Ok(None) };
    let sane = |size: u32| size.is_power_of_two() && (32..=65_536).contains(&size);
    if !sane(sector) || !sane(size) || size < 512 {
        return Ok(None);
    }
    let page_size = usize::try_from(size).unwrap_or_default();
    Ok(Some(Part { records, nonce, pages, sector: u64::from(sector), page_size }))
}

/// The page of a record whose checksum fits: the nonce and every 200th byte, from the end.
fn checked(record: &[u8], nonce: u32) -> Option<u32> {
    let page = record.get(4..record.len().checked_sub(4)?)?;
    let bytes = page.iter().rev().skip(199).step_by(200);
    // counted from `size - 200` down to 1: the first byte of a page is never in it
    let sum = bytes
        .take(page.len().saturating_sub(1) / 200)
        .fold(nonce, |sum, byte| sum.wrapping_add((*byte).into()));
    let number = u32_at(record, 0).filter(|number| *number > 0)?;
    (u32_at(record, record.len() - 4)? == sum).then_some(number)
}
