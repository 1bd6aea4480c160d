//! One page of a b-tree: its cells.
//!
//! Owns where things stand on it. Never follows a pointer. Invariant: a cell lies within its page, or is an error.

use super::bytes::{u16_at, u32_at, varint};
use super::error::DatabaseError;
use super::header;
use super::pages::{Page, Pages};
use super::payload::Payload;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    IndexInterior,
    TableInterior,
    IndexLeaf,
    TableLeaf,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub number: u32,
    pub kind: Kind,
    /// Its cells; an interior page has one child more.
    pub cells: usize,
    page: Page,
    usable: usize,
    /// Where the places of its cells are listed.
    list: usize,
    right: u32,
}

impl Kind {
    pub fn is_leaf(self) -> bool {
        matches!(self, Self::IndexLeaf | Self::TableLeaf)
    }

    pub fn is_table(self) -> bool {
        matches!(self, Self::TableInterior | Self::TableLeaf)
    }
}

impl Node {
    pub fn read(pages: &mut Pages, number: u32) -> Result<Self, DatabaseError> {
        let page = pages.page(number)?;
        let damaged = |why: &str| DatabaseError::damaged(number, why);
        let base = if number == 1 { header::BYTES } else { 0 };
        let kind = match page.get(base) {
            Some(0x02) => Kind::IndexInterior,
            Some(0x05) => Kind::TableInterior,
            Some(0x0a) => Kind::IndexLeaf,
            Some(0x0d) => Kind::TableLeaf,
            _ => return Err(damaged("no page of a b-tree")),
        };
        let cells = usize::from(u16_at(&page, base + 3).unwrap_or_default());
        let list = base + if kind.is_leaf() { 8 } else { 12 };
        if list + 2 * cells > pages.usable {
            return Err(damaged("more cells than a page can hold"));
        }
        let right = if kind.is_leaf() { 0 } else { u32_at(&page, base + 8).unwrap_or_default() };
        Ok(Self { number, kind, cells, page, usable: pages.usable, list, right })
    }

    /// The page below, left of this cell; behind the last cell the rightmost one.
    pub fn child(&self, nth: usize) -> Result<u32, DatabaseError> {
        match nth < self.cells {
            true => u32_at(&self.page, self.cell(nth)?).ok_or_else(|| self.broken()),
            false => Ok(self.right),
        }
    }

    /// The number of a row of a table, or the greatest one left of a cell.
    pub fn rowid(&self, nth: usize) -> Result<i64, DatabaseError> {
        let at = self.cell(nth)?;
        let at = match self.kind.is_leaf() {
            true => varint(&self.page, at).ok_or_else(|| self.broken())?.1,
            false => at + 4,
        };
        Ok(varint(&self.page, at).ok_or_else(|| self.broken())?.0.cast_signed())
    }

    /// What a row or an entry of an index holds.
    pub fn payload(&self, nth: usize) -> Result<Payload, DatabaseError> {
        let at = self.cell(nth)? + if self.kind == Kind::IndexInterior { 4 } else { 0 };
        let (total, mut at) = varint(&self.page, at).ok_or_else(|| self.broken())?;
        if self.kind == Kind::TableLeaf {
            at = varint(&self.page, at).ok_or_else(|| self.broken())?.1;
        }
        Payload::parse(self.number, &self.page, at, total, self.usable, self.kind.is_table())
    }

    fn cell(&self, nth: usize) -> Result<usize, DatabaseError> {
        let at = u16_at(&self.page, self.list + 2 * nth).map(usize::from);
        at.filter(|at| *at >= self.list && *at < self.usable).ok_or_else(|| self.broken())
    }

    fn broken(&self) -> DatabaseError {
        DatabaseError::damaged(self.number, "a cell that leaves its page")
    }
}
