//! Deleting a session, so that no byte of it is left in any file of the database.
//!
//! Owns taking it out of what only mentions it. Invariant: when [`Store::delete_session`] returns, the session's rows are zeroed
//! (`secure_delete`, and [`crate::scrub`] for what that misses), its words are out of the index ([`crate::purge`]), and the
//! write-ahead log is empty. What remains to be done stands in `meta`, so a crash between does not keep any of it.

use crate::error::{Doing, StoreError};
use crate::events_page::session_pk;
use crate::open::Store;
use crate::purge;
use crate::rows::SessionPk;
use crate::scrub;
use crate::sessions::set_meta;
use chasm_protocol::api::SkippedSession;
use chasm_protocol::{LifecycleEvent, SessionId};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use std::time::Duration;

/// How often the log is tried to be emptied while readers hold it, and the pause between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// In this order: what refers to the session first.
const TABLES: [&str; 7] =
    ["messages", "tool_calls", "events", "interruptions", "snapshots", "recoveries", "sessions"];

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedSession {
    pub pk: SessionPk,
    /// Rows, conflicting and silent ones too.
    pub events: u64,
    pub messages: u64,
    /// The journal records that brought its events, interruptions and snapshots lie within these two; 0 where there is none.
    pub first_lsn: u64,
    pub last_lsn: u64,
}

impl Store {
    /// Deletes everything of a session; `None` where it is unknown. [`StoreError::StillRead`]: it is deleted and committed,
    /// but [`Store::checkpoint`] has to be called again before its bytes are out of the files.
    pub async fn delete_session(&self, id: &SessionId) -> Result<Option<DeletedSession>, StoreError> {
        let mut write = self.write().await?;
        let Some(pk) = session_pk(&mut write, id).await? else {
            write.commit().await?;
            return Ok(None);
        };
        let deleted = measure(&mut write, pk).await?;
        let anew = purge::is_cheaper(&mut write, pk).await?;
        if anew {
            purge::word_by_word(&mut write, false).await?;
        }
        for table in TABLES {
            let key = if table == "sessions" { "pk" } else { "session" };
            let sql = format!("DELETE FROM {table} WHERE {key} = ?");
            let done = sqlx::query(AssertSqlSafe(sql)).bind(pk.0).execute(&mut *write).await;
            done.doing("delete a session")?;
        }
        if anew {
            purge::word_by_word(&mut write, true).await?;
        }
        forget(&mut write, "notices", id, forget_in_notice).await?;
        forget(&mut write, "reports", id, forget_in_skipped).await?;
        set_meta(&mut write, purge::SCRUB, Some("1")).await?;
        write.commit().await?;
        if anew {
            self.purge_index().await?;
        }
        self.checkpoint().await?;
        Ok(Some(deleted))
    }

    /// Moves the write-ahead log into the database and empties it, waiting for readers; ends a deletion that was cut off.
    /// Gives back the writer's cache.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let mut writer = self.writer().await?;
            let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
                .fetch_one(&mut *writer)
                .await
                .doing("empty the write-ahead log")?;
            if busy != 0 {
                writer.release();
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if !purge::is_pending(&mut writer, purge::SCRUB).await? {
                sqlx::query("PRAGMA shrink_memory").execute(&mut *writer).await.doing("give memory back")?;
                writer.release();
                return Ok(());
            }
            let pages = scrub::scrub(self.file.clone()).await?;
            tracing::debug!(pages, "zeroed what a deleted session left behind");
            // Its cache has pages as they were before.
            writer.discard().await?;
            return self.put_meta(purge::SCRUB, None).await;
        }
        Err(StoreError::StillRead)
    }
}

async fn measure(conn: &mut SqliteConnection, pk: SessionPk) -> Result<DeletedSession, StoreError> {
    let (events, messages, first, last): (i64, i64, Option<i64>, Option<i64>) = sqlx::query_as(
        "WITH lsns (lsn) AS (
            SELECT lsn FROM events WHERE session = ?1
            UNION ALL SELECT lsn FROM interruptions WHERE session = ?1
            UNION ALL SELECT resumed_lsn FROM interruptions WHERE session = ?1
            UNION ALL SELECT lsn FROM snapshots WHERE session = ?1 AND base = 0
         )
         SELECT (SELECT count(*) FROM events WHERE session = ?1),
            (SELECT count(*) FROM messages WHERE session = ?1), min(lsn), max(lsn) FROM lsns",
    )
    .bind(pk.0)
    .fetch_one(conn)
    .await
    .doing("measure a session")?;
    Ok(DeletedSession {
        pk,
        events: events.cast_unsigned(),
        messages: messages.cast_unsigned(),
        first_lsn: first.unwrap_or(0).cast_unsigned(),
        last_lsn: last.unwrap_or(0).cast_unsigned(),
    })
}

/// What is left of a row's JSON once the session is out of it.
enum Left {
    Unchanged,
    Changed(String),
    Nothing,
}

/// Takes a session out of every row of a table that mentions it.
async fn forget(
    conn: &mut SqliteConnection,
    table: &'static str,
    id: &SessionId,
    change: fn(&str, &str) -> Left,
) -> Result<(), StoreError> {
    let doing = "take a deleted session out of notices and reports";
    let column = if table == "reports" { "skipped" } else { "body" };
    let sql = format!("SELECT id, {column} FROM {table} WHERE instr({column}, ?) > 0");
    // As serde_json wrote it.
    let needle = serde_json::json!(id.as_str()).to_string();
    let rows: Vec<(i64, String)> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(needle).fetch_all(&mut *conn).await.doing(doing)?;
    for (row, body) in rows {
        let sql = match change(&body, id.as_str()) {
            Left::Unchanged => continue,
            Left::Nothing => sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE id = ?"))),
            Left::Changed(body) => {
                let sql = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
                sqlx::query(AssertSqlSafe(sql))
                    .bind(row)
                    .bind(body)
                    .execute(&mut *conn)
                    .await
                    .doing(doing)?;
                continue;
            }
        };
        sql.bind(row).execute(&mut *conn).await.doing(doing)?;
    }
    Ok(())
}

fn forget_in_notice(body: &str, id: &str) -> Left {
    let Ok(mut event) = serde_json::from_str::<LifecycleEvent>(body) else { return Left::Nothing };
    match &mut event {
        LifecycleEvent::Dropped { sessions: ids, .. }
        | LifecycleEvent::Recovered { session_ids: ids, .. } => {
            ids.retain(|other| other != id);
        }
        other if other.session_id() == Some(id) => return Left::Nothing,
        _ => return Left::Unchanged,
    }
    serde_json::to_string(&event).map_or(Left::Nothing, Left::Changed)
}

fn forget_in_skipped(body: &str, id: &str) -> Left {
    let mut skipped: Vec<SkippedSession> = serde_json::from_str(body).unwrap_or_default();
    skipped.retain(|session| session.session_id != id);
    Left::Changed(serde_json::json!(skipped).to_string())
}
