//! The entries of an index on one text column, in the order of the text.
//!
//! Owns the walk through an index's tree, from one key to another. Never repairs: what is damaged ends the walk, because a key
//! that is not found below a damaged page may still be there.

use super::error::DatabaseError;
use super::node::{Kind, Node};
use super::pages::Pages;
use super::record::{self, Column};
use super::table::{DEPTH, Visited, first};
use std::ops::ControlFlow;

/// Longest key that is read, in bytes.
const MAX_KEY: u64 = 1024 * 1024;

/// Takes a key and the number of its row.
pub type EachEntry<'a> =
    &'a mut dyn FnMut(&mut Pages, Vec<u8>, i64) -> Result<ControlFlow<()>, DatabaseError>;

/// A key in the order of an index: what is no text stands before all texts or behind them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Before,
    Text(Vec<u8>),
    Behind,
}

/// Hands over the entries with `from` ≤ key < `to`.
pub fn walk(
    pages: &mut Pages,
    root: u32,
    from: &[u8],
    to: &[u8],
    each: EachEntry<'_>,
) -> Result<ControlFlow<()>, DatabaseError> {
    let visited = Visited::of(pages);
    let (from, to) = (Key::Text(from.to_vec()), Key::Text(to.to_vec()));
    Walk { pages, visited, from, to, last: Key::Before, each }.below(root, DEPTH)
}

struct Walk<'a> {
    pages: &'a mut Pages,
    visited: Visited,
    from: Key,
    to: Key,
    /// The key that was handed over last.
    last: Key,
    each: EachEntry<'a>,
}

impl Walk<'_> {
    fn below(&mut self, number: u32, depth: usize) -> Result<ControlFlow<()>, DatabaseError> {
        self.visited.enter(number)?;
        let node = Node::read(self.pages, number)?;
        if node.kind.is_table() || depth == 0 {
            return Err(DatabaseError::damaged(number, "no page of an index"));
        }
        let begin = self.first_of(&node)?;
        for nth in begin..node.cells {
            if node.kind == Kind::IndexInterior && self.below(node.child(nth)?, depth - 1)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if self.entry(&node, nth)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        match node.kind {
            Kind::IndexInterior => self.below(node.child(node.cells)?, depth - 1),
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    /// The first cell of a page that is not before the range.
    fn first_of(&self, node: &Node) -> Result<usize, DatabaseError> {
        let mut failed = None;
        let begin = first(node.cells, |nth| match key(self.pages, node, nth) {
            Ok((key, _)) => key >= self.from,
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        failed.map_or(Ok(begin), Err)
    }

    fn entry(&mut self, node: &Node, nth: usize) -> Result<ControlFlow<()>, DatabaseError> {
        let (key, rowid) = key(self.pages, node, nth)?;
        if key >= self.to {
            return Ok(ControlFlow::Break(()));
        }
        if key <= self.last || key < self.from {
            return Err(DatabaseError::damaged(node.number, "an index that is out of order"));
        }
        self.last = key.clone();
        match key {
            Key::Text(key) => (self.each)(self.pages, key, rowid),
            _ => Ok(ControlFlow::Continue(())),
        }
    }
}

fn key(pages: &Pages, node: &Node, nth: usize) -> Result<(Key, i64), DatabaseError> {
    let payload = node.payload(nth)?;
    let fields = record::fields(pages, &payload)?;
    let [field, row] = fields.as_slice() else {
        return Err(DatabaseError::damaged(node.number, "an index of another form"));
    };
    if field.len > MAX_KEY {
        return Err(DatabaseError::damaged(node.number, format!("a key of {} bytes", field.len)));
    }
    let key = match field {
        field if field.is_text() => Key::Text(field.bytes(pages, &payload)?),
        field if field.is_blob() => Key::Behind,
        _ => Key::Before,
    };
    match row.value(pages, &payload)? {
        Column::Integer(rowid) => Ok((key, rowid)),
        _ => Err(DatabaseError::damaged(node.number, "an index of another form")),
    }
}
