//! Deleting sessions for good in bounded steps, so that recording goes on between them.
//!
//! Owns the order of the steps: [`Store::begin_purge`] takes sessions out of sight and out of reach, [`Store::erase_some`]
//! deletes some of their rows at a time beside the flushes of others, [`Store::erase`] deletes what is left while nothing else
//! writes, [`Store::end_half_deleted`] forgets their names once the other files are rid of them, and
//! [`Store::finish_deletions`] rids the database's own files of every byte.
//! Invariant: after each step a crash leaves a mark (`trash.begun`, `half_deleted`, `meta`) from which the next start goes on.

use crate::cells::Cells;
use crate::delete::{forget_in_notices, forget_in_reports};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::purge;
use crate::retention::{self, Expiry};
use crate::rows::SessionPk;
use crate::trash::keyed;
use chasm_protocol::{SessionId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// In this order: what refers to the session first.
const TABLES: [&str; 9] = [
    "messages",
    "tool_calls",
    "removed_items",
    "events",
    "interruptions",
    "snapshots",
    "recoveries",
    "trash",
    "sessions",
];

/// Tables that may have many rows of a session, their key, and how many of these one step deletes.
const STEPS: [(&str, &str, u32); 4] =
    [("messages", "pk", 100), ("tool_calls", "pk", 100), ("events", "lsn", 1000), ("snapshots", "pk", 4)];
/// Rows of a step where words leave the search index one by one, which takes long.
const WORD_BY_WORD_ROWS: u32 = 16;

/// Which sessions are to be deleted for good.
#[derive(Debug, Clone, Copy)]
pub enum Doomed<'a> {
    /// These, wherever they are.
    These(&'a [SessionId]),
    /// What is in the trash; of it these only.
    Trash(Option<&'a [SessionId]>),
    /// What is in the trash and whose time has come.
    Due(Timestamp),
    /// Some of what retention does not keep.
    Expired(Expiry),
}

/// How much the store has of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredSize {
    pub messages: u64,
    pub tool_calls: u64,
    /// As they are counted elsewhere: conflicting ones too, silent ones not.
    pub events: u64,
    pub snapshots: u64,
    /// Raw events, snapshots and items.
    pub bytes: u64,
    /// Of the text that is indexed.
    pub text_bytes: u64,
}

impl Store {
    /// Begins to delete: these sessions are out of sight and cannot be restored from now on.
    pub async fn begin_purge(
        &self,
        which: Doomed<'_>,
        at: Timestamp,
    ) -> Result<Vec<(SessionPk, SessionId)>, StoreError> {
        let doing = "begin to delete sessions";
        let mut write = self.write().await?;
        let found = chosen(&mut write, which).await?;
        let keys: Vec<i64> = found.iter().map(|(pk, _)| *pk).collect();
        sqlx::query(
            "INSERT INTO trash (session, trashed_at, purge_at, begun) SELECT value, ?2, ?2, 1 FROM json_each(?1) WHERE 1
             ON CONFLICT (session) DO UPDATE SET begun = 1, purge_at = min(purge_at, excluded.purge_at)",
        )
        .bind(serde_json::json!(keys).to_string())
        .bind(at.as_micros())
        .execute(&mut *write)
        .await
        .doing(doing)?;
        write.commit().await?;
        Ok(found.into_iter().map(|(pk, id)| (SessionPk(pk), id)).collect())
    }

    pub async fn size_of(&self, session: SessionPk) -> Result<StoredSize, StoreError> {
        let row =
            sqlx::query(SIZE).bind(session.0).fetch_one(&self.readers).await.doing("measure a session")?;
        let mut cells = Cells::new("sessions", &row);
        cells.int()?;
        Ok(StoredSize {
            messages: cells.uint()?,
            tool_calls: cells.uint()?,
            events: cells.uint()?,
            snapshots: cells.uint()?,
            bytes: cells.uint()?,
            text_bytes: cells.uint()?,
        })
    }

    /// Whether it is quicker to write the whole search index anew than to take so much text out of it word by word.
    pub async fn index_anew(&self, text_bytes: u64) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        purge::is_cheaper(&mut tx, text_bytes).await
    }

    /// Deletes some rows of these sessions, which have begun to be deleted; false where there are no more. Flushes may come
    /// between, those of these sessions too. `anew`: as [`Store::index_anew`] says.
    pub async fn erase_some(&self, sessions: &[SessionPk], anew: bool) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        if anew {
            purge::word_by_word(&mut write, false).await?;
        }
        let mut more = false;
        for (table, key, rows) in STEPS {
            let rows =
                if anew || !["messages", "tool_calls"].contains(&table) { rows } else { WORD_BY_WORD_ROWS };
            let sql = format!(
                "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table}
                    WHERE session IN (SELECT value FROM json_each(?)) LIMIT {rows})"
            );
            let done = sqlx::query(AssertSqlSafe(sql)).bind(keys(sessions)).execute(&mut *write).await;
            if done.doing("delete rows of a session")?.rows_affected() > 0 {
                more = true;
                break;
            }
        }
        if anew {
            purge::word_by_word(&mut write, true).await?;
        }
        purge::mark(&mut write, purge::SCRUB).await?;
        write.commit().await?;
        Ok(more)
    }

    /// Deletes what is left of these sessions, and takes them out of what only mentions them; says which of them there were.
    /// Their names stay as half deleted. Nothing else may write these sessions meanwhile.
    pub async fn erase(&self, sessions: &[SessionPk], anew: bool) -> Result<Vec<SessionId>, StoreError> {
        let doing = "delete sessions";
        let mut write = self.write().await?;
        let rows = sqlx::query("SELECT pk, id FROM sessions WHERE pk IN (SELECT value FROM json_each(?))")
            .bind(keys(sessions))
            .fetch_all(&mut *write)
            .await
            .doing(doing)?;
        let ids: Vec<SessionId> =
            rows.iter().map(|row| Ok(keyed(row)?.1)).collect::<Result<_, StoreError>>()?;
        if anew {
            purge::word_by_word(&mut write, false).await?;
        }
        for table in TABLES {
            let key = if table == "sessions" { "pk" } else { "session" };
            let sql = format!("DELETE FROM {table} WHERE {key} IN (SELECT value FROM json_each(?))");
            sqlx::query(AssertSqlSafe(sql)).bind(keys(sessions)).execute(&mut *write).await.doing(doing)?;
        }
        if anew {
            purge::word_by_word(&mut write, true).await?;
        }
        for id in &ids {
            forget_in_notices(&mut write, id).await?;
            forget_in_reports(&mut write, id).await?;
        }
        sqlx::query(
            "INSERT INTO half_deleted (id) SELECT value FROM json_each(?) WHERE 1 ON CONFLICT DO NOTHING",
        )
        .bind(serde_json::json!(ids).to_string())
        .execute(&mut *write)
        .await
        .doing(doing)?;
        purge::mark(&mut write, purge::SCRUB).await?;
        write.commit().await?;
        Ok(ids)
    }

    /// Sessions whose rows are gone, and that other files may still have.
    pub async fn half_deleted(&self) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query("SELECT 0, id FROM half_deleted").fetch_all(&self.readers).await;
        rows.doing("read half deleted sessions")?.iter().map(|row| Ok(keyed(row)?.1)).collect()
    }

    /// No other file has these any more.
    pub async fn end_half_deleted(&self, ids: &[SessionId]) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("DELETE FROM half_deleted WHERE id IN (SELECT value FROM json_each(?))")
            .bind(serde_json::json!(ids).to_string())
            .execute(&mut *write)
            .await
            .doing("end a deletion")?;
        purge::mark(&mut write, purge::SCRUB).await?;
        write.commit().await
    }

    /// Rids the search index and the database's files of what was deleted. [`StoreError::StillRead`]: a reader holds the
    /// write-ahead log; [`Store::checkpoint`] has to be called again.
    pub async fn finish_deletions(&self) -> Result<(), StoreError> {
        self.end_deletions(true).await
    }
}

/// One row: 0, then the numbers of a [`StoredSize`].
const SIZE: &str = "
    WITH m AS (
        SELECT count(*) AS n, coalesce(sum(octet_length(text)), 0) AS text,
            coalesce(sum(coalesce(octet_length(parts), 0) + coalesce(octet_length(versions), 0)
                + coalesce(octet_length(metadata), 0)), 0) AS more
        FROM messages WHERE session = ?1
    ), c AS (
        SELECT count(*) AS n, coalesce(sum(octet_length(name) + coalesce(octet_length(arguments), 0)
            + coalesce(octet_length(output), 0)), 0) AS text
        FROM tool_calls WHERE session = ?1
    ), e AS (
        SELECT coalesce(sum(kind <> 4), 0) AS n, coalesce(sum(octet_length(raw)), 0) AS bytes
        FROM events WHERE session = ?1
    ), s AS (
        SELECT coalesce(sum(base = 0), 0) AS n, coalesce(sum(octet_length(body)), 0) AS bytes
        FROM snapshots WHERE session = ?1
    )
    SELECT 0, m.n, c.n, e.n, s.n, m.text + m.more + c.text + e.bytes + s.bytes, m.text + c.text FROM m, c, e, s";

fn keys(sessions: &[SessionPk]) -> String {
    let keys: Vec<i64> = sessions.iter().map(|session| session.0).collect();
    serde_json::json!(keys).to_string()
}

async fn chosen(conn: &mut SqliteConnection, which: Doomed<'_>) -> Result<Vec<(i64, SessionId)>, StoreError> {
    const THESE: &str = "SELECT s.pk, s.id FROM sessions s WHERE s.id IN (SELECT value FROM json_each(?))";
    const TRASH: &str = "SELECT s.pk, s.id FROM trash t JOIN sessions s ON s.pk = t.session";
    let json = |ids: &[SessionId]| serde_json::json!(ids).to_string();
    let rows: Vec<SqliteRow> = match which {
        Doomed::These(ids) => sqlx::query(THESE).bind(json(ids)).fetch_all(conn).await,
        Doomed::Trash(None) => sqlx::query(TRASH).fetch_all(conn).await,
        Doomed::Trash(Some(ids)) => {
            let sql = format!("{TRASH} WHERE s.id IN (SELECT value FROM json_each(?))");
            sqlx::query(AssertSqlSafe(sql)).bind(json(ids)).fetch_all(conn).await
        }
        Doomed::Due(now) => {
            let sql = format!("{TRASH} WHERE t.purge_at <= ?");
            sqlx::query(AssertSqlSafe(sql)).bind(now.as_micros()).fetch_all(conn).await
        }
        Doomed::Expired(expiry) => return retention::some(conn, &expiry).await,
    }
    .doing("choose sessions to delete")?;
    rows.iter().map(keyed).collect()
}
