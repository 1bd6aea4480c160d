//! The simple way: SQLite (WAL, synchronous FULL), one commit for each event, as many writers as connections in the plan.
//!
//! More writers than one only wait for each other: SQLite has one writer at a time. So one task writes, as a program would.

use crate::load::{Measured, Plan};
use crate::words::{Words, message};
use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::time::Instant;

pub async fn run(plan: Plan) -> Result<Measured> {
    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("events.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut conn = options.connect().await?;
    sqlx::query("CREATE TABLE events (id INTEGER PRIMARY KEY, raw TEXT NOT NULL)").execute(&mut conn).await?;
    let (mut words, mut times) = (Words::new(7), Vec::new());
    let begun = Instant::now();
    let mut n = 0;
    while begun.elapsed() < plan.time / 2 {
        n += 1;
        let text = message(&mut words, "bench", n);
        let at = Instant::now();
        sqlx::query("INSERT INTO events (raw) VALUES (?)").bind(&text).execute(&mut conn).await?;
        times.push(at.elapsed());
    }
    let measured = Measured::new(begun.elapsed(), times);
    conn.close().await?;
    Ok(measured)
}
