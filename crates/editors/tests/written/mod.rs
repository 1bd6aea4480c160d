//! Databases that SQLite itself writes, for the tests of what reads them.
#![allow(clippy::unwrap_used, dead_code, reason = "a test fails by panicking; each test uses a part of it")]

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use std::collections::BTreeMap;
use std::path::Path;
use tokio::runtime::Runtime;

pub type Rows = BTreeMap<String, Option<Vec<u8>>>;

/// A connection of SQLite, and what drives it.
pub struct Written {
    runtime: Runtime,
    connection: Option<SqliteConnection>,
}

impl Written {
    pub fn open(path: &Path, page_size: u32, wal: bool, vacuum: SqliteAutoVacuum) -> Self {
        let mode = if wal { SqliteJournalMode::Wal } else { SqliteJournalMode::Delete };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .page_size(page_size)
            .auto_vacuum(vacuum)
            .synchronous(SqliteSynchronous::Off)
            .journal_mode(mode)
            .pragma("wal_autocheckpoint", "0");
        Self::with(&options)
    }

    /// A database like an editor's, without a table.
    pub fn plain(path: &Path, wal: bool) -> Self {
        Self::open(path, 4096, wal, SqliteAutoVacuum::None)
    }

    pub fn with(options: &SqliteConnectOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let connection = runtime.block_on(options.connect()).unwrap();
        Self { runtime, connection: Some(connection) }
    }

    pub fn run(&mut self, sql: &str) {
        let connection = self.connection.as_mut().unwrap();
        self.runtime.block_on(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection)).unwrap();
    }

    pub fn table(&mut self, name: &str) {
        self.run(&format!("CREATE TABLE {name} (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)"));
    }

    pub fn put(&mut self, table: &str, key: &str, value: Option<&[u8]>) {
        let sql = AssertSqlSafe(format!("INSERT INTO {table} VALUES (?, ?)"));
        let query = sqlx::query(sql).bind(key.to_owned()).bind(value.map(<[u8]>::to_vec));
        self.runtime.block_on(query.execute(self.connection.as_mut().unwrap())).unwrap();
    }

    pub fn put_text(&mut self, table: &str, key: &str, value: &str) {
        let sql = AssertSqlSafe(format!("INSERT INTO {table} VALUES (?, ?)"));
        let query = sqlx::query(sql).bind(key.to_owned()).bind(value.to_owned());
        self.runtime.block_on(query.execute(self.connection.as_mut().unwrap())).unwrap();
    }

    /// What SQLite itself finds in a range.
    pub fn range(&mut self, table: &str, from: &str, to: &str) -> Rows {
        let sql =
            AssertSqlSafe(format!("SELECT key, CAST(value AS BLOB) FROM {table} WHERE key >= ? AND key < ?"));
        let query = sqlx::query(sql).bind(from.to_owned()).bind(to.to_owned());
        let rows = self.runtime.block_on(query.fetch_all(self.connection.as_mut().unwrap())).unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    pub fn number(&mut self, sql: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        self.runtime.block_on(query.fetch_one(self.connection.as_mut().unwrap())).unwrap()
    }

    pub fn close(mut self) {
        self.runtime.block_on(self.connection.take().unwrap().close()).unwrap();
    }
}

/// Copies a database and what lies beside it.
pub fn copy(from: &Path, to: &Path) {
    for ending in ["", "-wal", "-journal"] {
        let beside = |path: &Path| format!("{}{ending}", path.display());
        if Path::new(&beside(from)).exists() {
            std::fs::copy(beside(from), beside(to)).unwrap();
        }
    }
}
