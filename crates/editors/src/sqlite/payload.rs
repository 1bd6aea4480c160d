//! What a cell holds: bytes on its own page, the rest on a chain of overflow pages.
//!
//! Owns the walk along a chain. Invariant: a chain that comes back to itself or leaves the file is an error that names the page.

use super::bytes::u32_at;
use super::error::DatabaseError;
use super::pages::{Page, Pages};
use std::collections::HashSet;
use std::ops::Range;

#[derive(Debug, Clone)]
pub struct Payload {
    /// The page that its cell is on.
    pub page: u32,
    /// Bytes of it all.
    pub total: u64,
    own: Page,
    local: Range<usize>,
    /// The first overflow page, or 0.
    overflow: u32,
}

impl Payload {
    /// The payload of `total` bytes that begins at this byte of a page. `table`: of a row, not of an entry of an index.
    pub fn parse(
        page: u32,
        own: &Page,
        from: usize,
        total: u64,
        usable: usize,
        table: bool,
    ) -> Result<Self, DatabaseError> {
        let damaged = || DatabaseError::damaged(page, "a cell that leaves its page");
        let held = local(total, usable as u64, table);
        let end = usize::try_from(held).ok().and_then(|held| from.checked_add(held)).ok_or_else(damaged)?;
        if end > usable {
            return Err(damaged());
        }
        let overflow = match held < total {
            true => u32_at(own, end).filter(|_| end + 4 <= usable).ok_or_else(damaged)?,
            false => 0,
        };
        Ok(Self { page, total, own: own.clone(), local: from..end, overflow })
    }

    /// `len` bytes from `from` on.
    pub fn read(&self, pages: &Pages, from: u64, len: u64) -> Result<Vec<u8>, DatabaseError> {
        let end = from.checked_add(len).filter(|end| *end <= self.total);
        let end =
            end.ok_or_else(|| DatabaseError::damaged(self.page, "a record that is longer than its cell"))?;
        let local = self.own.get(self.local.clone()).unwrap_or_default();
        let mut taken = Taken { from, end, at: 0, bytes: Vec::new() };
        // a length that is not true must not take memory that the file could not fill
        if end > pages.size as u64 * (u64::from(pages.count()) + 1) {
            return Err(DatabaseError::damaged(self.page, "a value that is longer than the file"));
        }
        taken.bytes.reserve_exact(usize::try_from(len).unwrap_or_default());
        taken.add(local);
        self.follow(pages, &mut taken)?;
        Ok(taken.bytes)
    }

    fn follow(&self, pages: &Pages, taken: &mut Taken) -> Result<(), DatabaseError> {
        if taken.is_full() {
            return Ok(());
        }
        let (mut next, mut seen) = (self.overflow, HashSet::new());
        let mut page = vec![0; pages.size];
        while !taken.is_full() {
            if next == 0 {
                let why =
                    format!("its chain of overflow pages ends after {} of {} bytes", taken.at, self.total);
                return Err(DatabaseError::damaged(self.page, why));
            }
            if !seen.insert(next) {
                return Err(DatabaseError::damaged(next, "a chain of overflow pages comes back to it"));
            }
            pages.read(next, &mut page)?;
            taken.add(page.get(4..pages.usable).unwrap_or_default());
            next = u32_at(&page, 0).unwrap_or_default();
        }
        Ok(())
    }
}

/// A part of a payload while the payload passes by.
struct Taken {
    from: u64,
    end: u64,
    at: u64,
    bytes: Vec<u8>,
}

impl Taken {
    fn is_full(&self) -> bool {
        self.at >= self.end
    }

    fn add(&mut self, bytes: &[u8]) {
        let within = |place: u64| {
            usize::try_from(place.saturating_sub(self.at)).unwrap_or(usize::MAX).min(bytes.len())
        };
        self.bytes.extend_from_slice(bytes.get(within(self.from)..within(self.end)).unwrap_or_default());
        self.at += bytes.len() as u64;
    }
}

/// Bytes of a payload that stand on the cell's own page.
fn local(total: u64, usable: u64, table: bool) -> u64 {
    let most = if table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
    if total <= most {
        return total;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + (total - least) % (usable - 4);
    if fitting <= most { fitting } else { least }
}
