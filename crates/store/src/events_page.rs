//! A session's events as they were received, page by page, and single kinds of them.
//!
//! Invariant: pages follow the full order key, so events of one time and `seq` are neither lost nor repeated.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::ingest_reads::kind;
use crate::open::Store;
use crate::rows::{EventRowKind, SessionPk};
use chasm_protocol::api::EventPage;
use chasm_protocol::session::StoredEvent;
use chasm_protocol::{SessionId, json, limits};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

const TAG: &str = "e";
pub(crate) const COLUMNS: &str = "lsn, kind, received_at, at, seq, coalesce(event_id, ''), raw";

impl Store {
    /// A page of a session's events in their order, without the silent ones; `None` where the session is unknown.
    pub async fn events_page(
        &self,
        id: &SessionId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Option<EventPage>, StoreError> {
        let (at, seq, event_id, lsn) = cursor.map_or(Ok((i64::MIN, -1, String::new(), -1)), after)?;
        let limit = usize::try_from(limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let mut tx = self.read().await?;
        let Some(session) = session_pk(&mut tx, id).await? else { return Ok(None) };
        let sql = format!(
            "SELECT {COLUMNS} FROM events
             WHERE session = ? AND kind <> ? AND (at, seq, coalesce(event_id, ''), lsn) > (?, ?, ?, ?)
             ORDER BY at, seq, coalesce(event_id, ''), lsn LIMIT ?"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(session.0)
            .bind(EventRowKind::Silent as u8)
            .bind(at)
            .bind(seq)
            .bind(event_id)
            .bind(lsn)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await
            .doing("read a page of events")?;
        let page: Vec<_> = rows.iter().take(limit).map(decode).collect::<Result<_, StoreError>>()?;
        let next_cursor = page.last().filter(|_| rows.len() > limit).map(|(_, _, cursor)| cursor.clone());
        Ok(Some(EventPage { events: page.into_iter().map(|(_, event, _)| event).collect(), next_cursor }))
    }
}

pub(crate) async fn session_pk(
    conn: &mut SqliteConnection,
    id: &SessionId,
) -> Result<Option<SessionPk>, StoreError> {
    let pk = sqlx::query_scalar("SELECT pk FROM sessions WHERE id = ?").bind(id.as_str());
    Ok(pk.fetch_optional(conn).await.doing("look a session up")?.map(SessionPk))
}

/// Conflicting versions, and events of unknown types, in order.
pub(crate) async fn odd_events(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<(Vec<StoredEvent>, Vec<StoredEvent>), StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE session = ? AND kind IN (2, 3)
         ORDER BY at, seq, coalesce(event_id, ''), lsn"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(session.0).fetch_all(conn).await.doing("read events")?;
    let (mut conflicts, mut other) = (Vec::new(), Vec::new());
    for row in &rows {
        match decode(row)? {
            (EventRowKind::Conflict, event, _) => conflicts.push(event),
            (_, event, _) => other.push(event),
        }
    }
    Ok((conflicts, other))
}

/// How many conflicting versions and events of unknown types there are.
pub(crate) async fn count_odd(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<(u64, u64), StoreError> {
    let (conflicts, other): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 2) FROM events
         WHERE session = ? AND kind IN (2, 3)",
    )
    .bind(session.0)
    .fetch_one(conn)
    .await
    .doing("count other events")?;
    Ok((conflicts.cast_unsigned(), other.cast_unsigned()))
}

/// An event, and the cursor behind it.
pub(crate) fn decode(row: &SqliteRow) -> Result<(EventRowKind, StoredEvent, String), StoreError> {
    let mut cells = Cells::new("events", row);
    let lsn = cells.uint()?;
    let kind = cells.numbered(kind)?;
    let received_at = cells.time()?;
    let cursor = Cursor::new(TAG).int(cells.int()?).int(cells.int()?).text(cells.next()?);
    let cursor = cursor.int(lsn.cast_signed()).finish();
    let event = as_value(cells.next()?);
    Ok((kind, StoredEvent { lsn, received_at, conflict: kind == EventRowKind::Conflict, event }, cursor))
}

/// The event as JSON; as text where it is none, which is better than none at all.
fn as_value(raw: &str) -> Value {
    let parsed = serde_json::from_str(raw).ok();
    let mended = || json::replace_lone_surrogates(raw).and_then(|text| serde_json::from_str(&text).ok());
    parsed.or_else(mended).unwrap_or_else(|| Value::String(raw.to_owned()))
}

fn after(cursor: &str) -> Result<(i64, i64, String, i64), StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let key = (parts.int()?, parts.int()?, parts.text()?, parts.int()?);
    parts.end()?;
    if tag == TAG { Ok(key) } else { Err(StoreError::BadCursor) }
}
