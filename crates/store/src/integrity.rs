//! The full check of the database, for `chasm doctor`.
//!
//! Never repairs. Invariant: an empty answer means that SQLite's structures, the references, the index and the counts agree.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

/// Count in a session's row, and what it counts.
const COUNTS: [(&str, &str); 4] = [
    ("messages", "messages WHERE session = s.pk"),
    ("tool_calls", "tool_calls WHERE session = s.pk"),
    ("events", "events WHERE session = s.pk AND kind IN (1, 2)"),
    ("conflicts", "events WHERE session = s.pk AND kind = 3"),
];

impl Store {
    /// Everything that is wrong, one line each. Reads the whole database.
    pub async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        // The index is checked by a command that only a writer may give.
        let mut writer = self.writer().await?;
        let mut problems: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_all(&mut *writer)
            .await
            .doing("check the database")?;
        problems.retain(|line| line != "ok");
        references(&mut writer, &mut problems).await?;
        for index in ["item_index", "title_index"] {
            let sql = format!("INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)");
            match sqlx::query(AssertSqlSafe(sql)).execute(&mut *writer).await.doing("check the search index")
            {
                Ok(_) => {}
                Err(error) if error.is_corrupt() => {
                    problems.push(format!("search index {index} does not fit its table"))
                }
                Err(error) => return Err(error),
            }
        }
        counts(&mut writer, &mut problems).await?;
        writer.release();
        Ok(problems)
    }
}

async fn references(conn: &mut SqliteConnection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let rows: Vec<(String, Option<i64>, String)> =
        sqlx::query_as("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")
            .fetch_all(conn)
            .await
            .doing("check references")?;
    problems.extend(rows.iter().map(|(table, row, parent)| {
        let row = row.map_or_else(|| "unknown".to_owned(), |row| row.to_string());
        format!("table {table}, row {row}: refers to a missing row of {parent}")
    }));
    Ok(())
}

async fn counts(conn: &mut SqliteConnection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    for (column, rows) in COUNTS {
        let sql = format!(
            "SELECT s.pk, s.{column}, (SELECT count(*) FROM {rows}) AS found FROM sessions s WHERE s.{column} <> found
                AND s.pk NOT IN (SELECT session FROM trash WHERE begun = 1)"
        );
        let wrong: Vec<(i64, i64, i64)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.doing("compare counts")?;
        problems.extend(wrong.iter().map(|(pk, said, found)| {
            format!("table sessions, row {pk}: {column} says {said}, there are {found}")
        }));
    }
    Ok(())
}
