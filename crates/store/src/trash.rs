//! The trash: sessions that are out of sight and still on disk.
//!
//! Owns who is in it and until when. Never deletes a session. Invariant: what is in the trash is in no list, no count, no search
//! and no recovery ([`IN_SIGHT`]), and goes on being recorded.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::rows::SessionPk;
use crate::sessions::{SUMMARY, summary};
use chasm_protocol::api::{TrashPage, TrashedSession};
use chasm_protocol::{SessionId, Timestamp, limits};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

/// What holds for a row of `sessions s` that is not in the trash: one look at the key of a small table.
pub(crate) const IN_SIGHT: &str = "s.pk NOT IN (SELECT session FROM trash)";

const TAG: &str = "x";

/// A session that is in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InTrash {
    pub id: SessionId,
    pub purge_at: Timestamp,
    /// It was not there before.
    pub new: bool,
}

impl Store {
    /// Puts sessions into the trash, in the order asked for. What is in it keeps its time; unknown ones are left out.
    pub async fn trash(
        &self,
        ids: &[SessionId],
        at: Timestamp,
        purge_at: Timestamp,
    ) -> Result<Vec<InTrash>, StoreError> {
        let doing = "put sessions into the trash";
        let mut write = self.write().await?;
        let json = serde_json::json!(ids).to_string();
        let rows = sqlx::query(
            "SELECT s.pk, s.id, t.purge_at FROM json_each(?) w JOIN sessions s ON s.id = w.value
             LEFT JOIN trash t ON t.session = s.pk ORDER BY w.key",
        )
        .bind(&json)
        .fetch_all(&mut *write)
        .await
        .doing(doing)?;
        let found: Vec<InTrash> = rows.iter().map(|row| in_trash(row, purge_at)).collect::<Result<_, _>>()?;
        sqlx::query(
            "INSERT INTO trash (session, trashed_at, purge_at)
             SELECT pk, ?, ? FROM sessions WHERE id IN (SELECT value FROM json_each(?))
             ON CONFLICT (session) DO NOTHING",
        )
        .bind(at.as_micros())
        .bind(purge_at.as_micros())
        .bind(&json)
        .execute(&mut *write)
        .await
        .doing(doing)?;
        write.commit().await?;
        Ok(found)
    }

    /// Takes sessions out of the trash again; says which. A deletion that has begun is not undone.
    pub async fn restore(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let doing = "take sessions out of the trash";
        let mut write = self.write().await?;
        let rows = sqlx::query(
            "SELECT s.pk, s.id FROM json_each(?) w JOIN sessions s ON s.id = w.value
             JOIN trash t ON t.session = s.pk WHERE t.begun = 0 ORDER BY w.key",
        )
        .bind(serde_json::json!(ids).to_string())
        .fetch_all(&mut *write)
        .await
        .doing(doing)?;
        let found: Vec<(i64, SessionId)> = rows.iter().map(keyed).collect::<Result<_, _>>()?;
        let keys: Vec<i64> = found.iter().map(|(pk, _)| *pk).collect();
        sqlx::query("DELETE FROM trash WHERE session IN (SELECT value FROM json_each(?))")
            .bind(serde_json::json!(keys).to_string())
            .execute(&mut *write)
            .await
            .doing(doing)?;
        write.commit().await?;
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// What can be restored, the latest first; `live` is false in all of them.
    pub async fn trashed(&self, cursor: Option<&str>, limit: u32) -> Result<TrashPage, StoreError> {
        let doing = "list the trash";
        let (at, pk) = cursor.map_or(Ok((i64::MAX, i64::MAX)), after)?;
        let limit = usize::try_from(limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let mut tx = self.read().await?;
        let total: i64 = sqlx::query_scalar("SELECT count(*) FROM trash WHERE begun = 0")
            .fetch_one(&mut *tx)
            .await
            .doing(doing)?;
        let sql = format!(
            "SELECT {SUMMARY}, t.trashed_at, t.purge_at FROM trash t JOIN sessions s ON s.pk = t.session
             WHERE t.begun = 0 AND (t.trashed_at, t.session) < (?, ?)
             ORDER BY t.trashed_at DESC, t.session DESC LIMIT ?"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(pk)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await
            .doing(doing)?;
        let (mut sessions, mut last) = (Vec::new(), None);
        for row in rows.iter().take(limit) {
            let mut cells = Cells::new("sessions", row);
            let (pk, session) = summary(&mut cells)?;
            let trashed = TrashedSession { session, trashed_at: cells.time()?, purge_at: cells.time()? };
            last = Some(Cursor::new(TAG).int(trashed.trashed_at.as_micros()).int(pk.0));
            sessions.push(trashed);
        }
        let next_cursor = last.filter(|_| rows.len() > limit).map(Cursor::finish);
        Ok(TrashPage { sessions, total: total.cast_unsigned(), next_cursor })
    }

    /// All that is in the trash, what is being deleted included.
    pub async fn trash_ids(&self) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query("SELECT s.pk, s.id FROM trash t JOIN sessions s ON s.pk = t.session")
            .fetch_all(&self.readers)
            .await
            .doing("read the trash")?;
        rows.iter().map(|row| Ok(keyed(row)?.1)).collect()
    }

    /// When the next session of the trash has to be deleted for good.
    pub async fn next_purge(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = sqlx::query_scalar("SELECT min(purge_at) FROM trash")
            .fetch_one(&self.readers)
            .await
            .doing("read the trash")?;
        Ok(next.map(Timestamp::from_micros))
    }
}

/// Whether there is anything in the trash: where not, a search needs not look.
pub(crate) async fn is_empty(conn: &mut SqliteConnection) -> Result<bool, StoreError> {
    let empty = sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM trash)");
    empty.fetch_one(conn).await.doing("read the trash")
}

/// Whether a session is in the trash.
pub(crate) async fn holds(conn: &mut SqliteConnection, session: SessionPk) -> Result<bool, StoreError> {
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM trash WHERE session = ?)").bind(session.0);
    there.fetch_one(conn).await.doing("read the trash")
}

/// A session's key and id, from a row that begins with them.
pub(crate) fn keyed(row: &sqlx::sqlite::SqliteRow) -> Result<(i64, SessionId), StoreError> {
    let mut cells = Cells::new("sessions", row);
    let pk = cells.int()?;
    let id = SessionId::new(cells.text()?).map_err(|e| cells.corrupt(e))?;
    Ok((pk, id))
}

fn in_trash(row: &sqlx::sqlite::SqliteRow, purge_at: Timestamp) -> Result<InTrash, StoreError> {
    let mut cells = Cells::new("sessions", row);
    cells.int()?;
    let id = SessionId::new(cells.text()?).map_err(|e| cells.corrupt(e))?;
    let before = cells.opt_time()?;
    Ok(InTrash { id, purge_at: before.unwrap_or(purge_at), new: before.is_none() })
}

fn after(cursor: &str) -> Result<(i64, i64), StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let place = (parts.int()?, parts.int()?);
    parts.end()?;
    if tag == TAG { Ok(place) } else { Err(StoreError::BadCursor) }
}
