//! Reading a row cell by cell, in the order of its column list.
//!
//! Owns the mapping of cells to values. Invariant: what cannot have been written by this version is
//! [`StoreError::Corrupt`] with table and row, never a guess.

use crate::error::StoreError;
use chasm_protocol::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

/// A row being read. The first cell has to be the row's key: errors name it.
pub(crate) struct Cells<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(crate) fn new(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { row, table, at: 0 }
    }

    pub(crate) fn next<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        self.row.try_get(at).map_err(|e| self.corrupt(e))
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        self.next()
    }

    pub(crate) fn uint(&mut self) -> Result<u64, StoreError> {
        Ok(self.int()?.cast_unsigned())
    }

    pub(crate) fn opt_uint(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(self.next::<Option<i64>>()?.map(i64::cast_unsigned))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_micros(self.int()?))
    }

    pub(crate) fn opt_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.next::<Option<i64>>()?.map(Timestamp::from_micros))
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.next()
    }

    pub(crate) fn opt_text(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }

    pub(crate) fn bytes16(&mut self) -> Result<[u8; 16], StoreError> {
        let bytes: &[u8] = self.next()?;
        bytes.try_into().map_err(|_| self.corrupt(format_args!("{} bytes instead of 16", bytes.len())))
    }

    /// A number of an enum.
    pub(crate) fn numbered<T>(&mut self, from: impl Fn(i64) -> Option<T>) -> Result<T, StoreError> {
        let number = self.int()?;
        from(number).ok_or_else(|| self.corrupt(format_args!("unknown number {number}")))
    }

    pub(crate) fn opt_numbered<T>(
        &mut self,
        from: impl Fn(i64) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.next::<Option<i64>>()? {
            None => Ok(None),
            Some(n) => from(n).map(Some).ok_or_else(|| self.corrupt(format_args!("unknown number {n}"))),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text: &str = self.next()?;
        serde_json::from_str(text).map_err(|e| self.corrupt(e))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        match self.next::<Option<&str>>()? {
            None => Ok(None),
            Some(text) => serde_json::from_str(text).map(Some).map_err(|e| self.corrupt(e)),
        }
    }

    /// Something about the cell that was read last.
    pub(crate) fn corrupt(&self, what: impl std::fmt::Display) -> StoreError {
        let row = self.row.try_get::<i64, _>(0).unwrap_or(-1);
        StoreError::Corrupt { table: self.table, row, what: format!("column {}: {what}", self.at) }
    }
}
