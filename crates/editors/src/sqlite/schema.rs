//! What tables a database has.
//!
//! Owns the reading of its first tree. Never needs to understand SQL: the few things that matter are looked for as words.

use super::error::{Damages, DatabaseError};
use super::pages::Pages;
use super::payload::Payload;
use super::record::{self, Column};
use super::table;
use std::ops::ControlFlow;

/// Most tables and indices that are looked at.
const MOST: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub root: u32,
    /// The tree of the index that keeps its first column unique, in the order of its bytes.
    pub index: Option<u32>,
}

/// A row of the schema.
struct Entry {
    kind: String,
    name: String,
    table: String,
    root: u32,
    sql: String,
}

pub fn read(pages: &mut Pages, damages: &mut Damages) -> Result<Vec<Table>, DatabaseError> {
    let mut entries = Vec::new();
    let _ = table::walk(pages, 1, damages, &mut |pages, _, payload| {
        entries.extend(entry(pages, payload)?);
        Ok(if entries.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    let tables = entries.iter().filter(|entry| entry.kind == "table" && entry.root > 0);
    Ok(tables
        .map(|table| Table { name: table.name.clone(), root: table.root, index: index(table, &entries) })
        .collect())
}

fn entry(pages: &Pages, payload: &Payload) -> Result<Option<Entry>, DatabaseError> {
    let mut columns = Vec::new();
    for field in record::fields(pages, payload)?.iter().take(5) {
        columns.push(field.value(pages, payload)?);
    }
    let mut columns = columns.into_iter();
    let mut text = || match columns.next() {
        Some(Column::Text(text)) => text,
        Some(Column::Integer(number)) => number.to_string(),
        _ => String::new(),
    };
    let (kind, name, table, root, sql) = (text(), text(), text(), text(), text());
    Ok(root.parse().ok().map(|root| Entry { kind, name, table, root, sql }))
}

/// The index that SQLite makes by itself for a first column that is unique.
fn index(table: &Entry, entries: &[Entry]) -> Option<u32> {
    let sql = table.sql.to_ascii_lowercase();
    if sql.contains("collate") || sql.contains("desc") || sql.contains("without") {
        return None;
    }
    let name = format!("sqlite_autoindex_{}_1", table.name);
    let of_it = |entry: &&Entry| entry.kind == "index" && entry.table == table.name && entry.name == name;
    entries.iter().find(of_it).map(|entry| entry.root)
}
