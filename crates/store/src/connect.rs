//! The connections: one that writes, a few that read, and one that comes and goes for the write-ahead log.
//!
//! Never shares the writing one. Invariant: a connection whose work did not end in a commit is thrown away, so an error
//! or a dropped future can leave no open transaction behind.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, SqlitePool, Transaction};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// Readers at once.
const READERS: u32 = 4;
/// A reader that has nothing to do for so long is closed: the process has to be small when idle.
const READER_IDLE: Duration = Duration::from_secs(20);
const BUSY: Duration = Duration::from_secs(10);
/// Page caches, in KiB. The operating system's cache stands behind them.
const WRITER_CACHE_KIB: u32 = 4096;
const READER_CACHE_KIB: u32 = 2048;
/// An event with its text fits several times; measured a tenth faster than 4096.
const PAGE_BYTES: u32 = 8192;
/// Pages of the write-ahead log (128 MiB) from which on a commit moves what [`crate::wal`] has not moved yet.
const LOG_MOST_PAGES: u32 = 16_000;
/// What the log's file is cut to once it was reset.
const LOG_KEPT_BYTES: u32 = 4 << 20;

/// What the writer owns.
pub(crate) struct Writer {
    conn: Option<SqliteConnection>,
    closed: bool,
    /// Counts messages and tool calls ever inserted; see `pk` in the migration.
    pub(crate) items: i64,
    /// Highest session key ever written.
    pub(crate) max_pk: i64,
}

/// An open write transaction. Dropped without [`Write::commit`] it is rolled back.
pub(crate) struct Write {
    writer: OwnedMutexGuard<Writer>,
    conn: SqliteConnection,
}

impl Writer {
    pub(crate) fn new(conn: SqliteConnection, items: i64, max_pk: i64) -> Self {
        Self { conn: Some(conn), closed: false, items, max_pk }
    }
}

impl Writer {
    /// None: there is nothing to write with.
    pub(crate) const fn closed() -> Self {
        Self { conn: None, closed: true, items: 0, max_pk: 0 }
    }
}

impl Store {
    /// Begins the one write transaction that there can be.
    pub(crate) async fn write(&self) -> Result<Write, StoreError> {
        let mut write = self.writer().await?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut write.conn).await.doing("begin a transaction")?;
        Ok(write)
    }

    /// The writing connection, outside any transaction.
    pub(crate) async fn writer(&self) -> Result<Write, StoreError> {
        let mut writer = self.writer.clone().lock_owned().await;
        if writer.closed {
            return Err(StoreError::Closed);
        }
        let conn = match writer.conn.take() {
            Some(conn) => conn,
            None => writer_options(&self.path).connect().await.doing("open the database again")?,
        };
        Ok(Write { writer, conn })
    }

    /// One unchanging view of the database, for reads that belong together.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.doing("begin to read")
    }

    /// Closes every connection; what comes after is refused.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        writer.closed = true;
        self.mover.rest().await;
        match writer.conn.take() {
            Some(conn) => conn.close().await.doing("close the database"),
            None => Ok(()),
        }
    }
}

impl Write {
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        sqlx::query("COMMIT").execute(&mut self.conn).await.doing("commit")?;
        self.release();
        Ok(())
    }

    /// Gives back a connection that is in no transaction.
    pub(crate) fn release(mut self) {
        self.writer.conn = Some(self.conn);
    }

    /// Closes the connection; the next write opens a new one.
    pub(crate) async fn discard(self) -> Result<(), StoreError> {
        self.conn.close().await.doing("close the writing connection")
    }

    pub(crate) fn counters(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

impl Deref for Write {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.conn
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }
}

pub(crate) fn writer_options(path: &Path) -> SqliteConnectOptions {
    common(path, WRITER_CACHE_KIB)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        // A flush is kept in memory until its commit, whatever the size of the cache; then the cache shrinks again.
        .pragma("cache_spill", "OFF")
        .page_size(PAGE_BYTES)
        .pragma("wal_autocheckpoint", LOG_MOST_PAGES.to_string())
        .pragma("journal_size_limit", LOG_KEPT_BYTES.to_string())
}

/// Moves the write-ahead log, and does nothing else.
pub(crate) fn mover_options(path: &Path) -> SqliteConnectOptions {
    common(path, READER_CACHE_KIB).synchronous(SqliteSynchronous::Full)
}

/// Opens nothing before the first read.
pub(crate) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .idle_timeout(READER_IDLE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(common(path, READER_CACHE_KIB).read_only(true).statement_cache_capacity(32))
}

fn common(path: &Path, cache_kib: u32) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .pragma("cache_size", format!("-{cache_kib}"))
        .pragma("temp_store", "MEMORY")
        // Statements have hundreds of parameters, and errors name what was being done.
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a full disk SQLite may have ended the transaction by itself; the next one has to begin as if nothing were.
    #[tokio::test]
    async fn a_full_disk_is_told_and_got_over() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
        let big = "x".repeat(4 << 20);
        store.put_meta("before", Some("1")).await.unwrap();
        for _ in 0..3 {
            let mut writer = store.writer().await.unwrap();
            // Holds for this connection only.
            sqlx::query("PRAGMA max_page_count = 1").execute(&mut *writer).await.unwrap();
            writer.release();
            let error = store.put_meta("big", Some(&big)).await.unwrap_err();
            assert!(error.is_disk_full() && !error.is_corrupt(), "{error}");
            assert_eq!(store.get_meta("big").await.unwrap(), None);
            store.put_meta("after", Some("2")).await.unwrap();
            assert_eq!(store.get_meta("after").await.unwrap().as_deref(), Some("2"));
        }
        store.put_meta("big", Some(&big)).await.unwrap();
        assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
    }
}
