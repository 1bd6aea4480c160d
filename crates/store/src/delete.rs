//! Deleting a session, so that no byte of it is left in any file of the database.
//!
//! Owns taking it out of what only mentions it. Invariant: when [`Store::delete_session`] returns, the session's rows are zeroed
//! (`secure_delete`, and [`crate::scrub`] for what that misses), its words are out of the index ([`crate::purge`]), and the
//! write-ahead log is empty. What remains to be done stands in `meta`, so a crash between does not keep any of it.

use crate::erase::{Doomed, StoredSize};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::purge;
use crate::scrub;
use chasm_protocol::api::SkippedSession;
use chasm_protocol::{LifecycleEvent, SessionId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use std::time::Duration;

/// How often the log is tried to be emptied while readers hold it, and the pause between.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Deletes everything of a session, all steps in one; `None` where it is unknown. [`StoreError::StillRead`]: it is deleted
    /// and committed, but [`Store::checkpoint`] has to be called again before its bytes are out of the files.
    pub async fn delete_session(&self, id: &SessionId) -> Result<Option<StoredSize>, StoreError> {
        let which = Doomed::These(std::slice::from_ref(id));
        let Some((pk, _)) = self.begin_purge(which, Timestamp::default()).await?.pop() else {
            return Ok(None);
        };
        let size = self.size_of(pk).await?;
        let anew = self.index_anew(size.text_bytes).await?;
        while self.erase_some(&[pk], anew).await? {}
        let ids = self.erase(&[pk], anew).await?;
        self.end_half_deleted(&ids).await?;
        self.finish_deletions().await?;
        Ok(Some(size))
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
            let Some(mark) = purge::pending(&mut writer, purge::SCRUB).await? else {
                sqlx::query("PRAGMA shrink_memory").execute(&mut *writer).await.doing("give memory back")?;
                writer.release();
                return Ok(());
            };
            let pages = scrub::scrub(self.file.clone()).await?;
            tracing::debug!(pages, "zeroed what a deleted session left behind");
            // Its cache has pages as they were before.
            writer.discard().await?;
            if self.unmark(purge::SCRUB, &mark).await? {
                return Ok(());
            }
        }
        Err(StoreError::StillRead)
    }
}

/// What is left of a row's JSON once the session is out of it.
enum Left {
    Unchanged,
    Changed(String),
    Nothing,
}

/// Takes a session out of every notice that mentions it.
pub(crate) async fn forget_in_notices(conn: &mut SqliteConnection, id: &SessionId) -> Result<(), StoreError> {
    forget(conn, "notices", id, forget_in_notice).await
}

/// Takes a session out of every report that mentions it.
pub(crate) async fn forget_in_reports(conn: &mut SqliteConnection, id: &SessionId) -> Result<(), StoreError> {
    forget(conn, "reports", id, forget_in_skipped).await
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
