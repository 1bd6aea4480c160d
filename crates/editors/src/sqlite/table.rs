//! The rows of a table: one by its number, or all.
//!
//! Owns the walk through a table's tree. Invariant: no page is read twice in one walk, so that nonsense ends; a page that is
//! damaged is noted, and the others are read.

use super::error::{Damages, DatabaseError};
use super::node::{Kind, Node};
use super::pages::Pages;
use super::payload::Payload;
use std::ops::ControlFlow;

/// Deepest tree that there can be.
pub const DEPTH: usize = 20;

/// Takes one row: its number and what it holds.
pub type EachRow<'a> = &'a mut dyn FnMut(&mut Pages, i64, &Payload) -> Result<ControlFlow<()>, DatabaseError>;

/// Pages that a walk has been at.
pub struct Visited(Vec<u64>);

impl Visited {
    pub fn of(pages: &Pages) -> Self {
        // a tree's pages are in the file, whatever its header says of its length
        Self(vec![0; pages.count() as usize / 64 + 1])
    }

    /// An error where it has been at this page before.
    pub fn enter(&mut self, page: u32) -> Result<(), DatabaseError> {
        let bit = 1 << (page % 64);
        match self.0.get_mut(page as usize / 64) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                Ok(())
            }
            Some(_) => Err(DatabaseError::damaged(page, "a b-tree comes back to it")),
            None => Err(DatabaseError::damaged(page, "beyond the end of the file")),
        }
    }
}

/// The row of this number, if there is one.
pub fn seek(pages: &mut Pages, root: u32, rowid: i64) -> Result<Option<Payload>, DatabaseError> {
    let mut number = root;
    for _ in 0..DEPTH {
        let node = Node::read(pages, number)?;
        let mut failed = None;
        let nth = first(node.cells, |nth| match node.rowid(nth) {
            Ok(at) => at >= rowid,
            Err(error) => failed.replace(error).is_some() || failed.is_some(),
        });
        if let Some(error) = failed {
            return Err(error);
        }
        match node.kind {
            Kind::TableInterior => number = node.child(nth)?,
            Kind::TableLeaf if nth < node.cells && node.rowid(nth)? == rowid => {
                return node.payload(nth).map(Some);
            }
            Kind::TableLeaf => return Ok(None),
            _ => return Err(DatabaseError::damaged(number, "no page of a table")),
        }
    }
    Err(DatabaseError::damaged(root, "a b-tree without an end"))
}

/// All rows, in the order of their numbers.
pub fn walk(
    pages: &mut Pages,
    root: u32,
    damages: &mut Damages,
    each: EachRow<'_>,
) -> Result<ControlFlow<()>, DatabaseError> {
    let visited = Visited::of(pages);
    Walk { pages, damages, visited, each }.below(root, DEPTH)
}

struct Walk<'a> {
    pages: &'a mut Pages,
    damages: &'a mut Damages,
    visited: Visited,
    each: EachRow<'a>,
}

impl Walk<'_> {
    fn below(&mut self, number: u32, depth: usize) -> Result<ControlFlow<()>, DatabaseError> {
        let entered = self.visited.enter(number).and_then(|()| Node::read(self.pages, number));
        let node = match entered {
            Ok(node) if node.kind.is_table() && depth > 0 => node,
            Ok(_) => return self.damaged(DatabaseError::damaged(number, "no page of a table")),
            Err(error) => return self.damaged(error),
        };
        let last = if node.kind.is_leaf() { node.cells } else { node.cells + 1 };
        for nth in 0..last {
            let flow = match node.kind.is_leaf() {
                true => self.row(&node, nth),
                false => node.child(nth).and_then(|child| self.below(child, depth - 1)),
            };
            match flow {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                Err(error) => drop(self.damaged(error)?),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn row(&mut self, node: &Node, nth: usize) -> Result<ControlFlow<()>, DatabaseError> {
        let (rowid, payload) = (node.rowid(nth)?, node.payload(nth)?);
        (self.each)(self.pages, rowid, &payload)
    }

    /// Goes on with the next page.
    fn damaged(&mut self, error: DatabaseError) -> Result<ControlFlow<()>, DatabaseError> {
        self.pages.check()?;
        self.damages.note(error)?;
        Ok(ControlFlow::Continue(()))
    }
}

/// The first of `count` places that is at or behind what is looked for.
pub fn first(count: usize, mut behind: impl FnMut(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if behind(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
