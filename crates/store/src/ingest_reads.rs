//! What the engine reads to take in events and to fold a session.
//!
//! Never pages: a session's lists come whole. Invariant: events come in the order of their [`OrderKey`].
//!
//! [`OrderKey`]: chasm_protocol::session::OrderKey

use crate::cells::Cells;
use crate::cursor::hex;
use crate::error::{Doing, StoreError};
use crate::items_read::{self, MESSAGE, TOOL_CALL};
use crate::open::Store;
use crate::rows::{EventRow, EventRowKind, InterruptionRow, SessionPk, StoredSession};
use crate::sessions::{LAST_INTERRUPTION, STORED, interruption, stored};
use chasm_protocol::event::EventType;
use chasm_protocol::{ConnectionId, ContentHash, Identity, ItemKey, Message, SessionId, State, ToolCall};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// A message or tool call that was asked for by its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Message(Message),
    ToolCall(ToolCall),
}

impl Store {
    /// Those of these sessions that exist, in no order.
    pub async fn load_sessions(&self, ids: &[SessionId]) -> Result<Vec<StoredSession>, StoreError> {
        let ids = serde_json::json!(ids).to_string();
        self.stored("s.id IN (SELECT value FROM json_each(?))", ids).await
    }

    /// Sessions in state `recording`.
    pub async fn unfinished(&self) -> Result<Vec<StoredSession>, StoreError> {
        self.stored("s.state = CAST(? AS INTEGER)", State::Recording.number().to_string()).await
    }

    async fn stored(&self, which: &str, value: String) -> Result<Vec<StoredSession>, StoreError> {
        let sql = format!("SELECT {STORED} FROM sessions s {LAST_INTERRUPTION} WHERE {which}");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(value).fetch_all(&self.readers).await;
        rows.doing("read sessions")?.iter().map(stored).collect()
    }

    /// Identity and content of every event of a session.
    pub async fn identities(&self, session: SessionPk) -> Result<Vec<(Identity, ContentHash)>, StoreError> {
        let rows = sqlx::query("SELECT lsn, identity, content FROM events WHERE session = ?")
            .bind(session.0)
            .fetch_all(&self.readers)
            .await
            .doing("read identities")?;
        rows.iter().map(known).collect()
    }

    /// Those of these identities that a session has.
    pub async fn known(
        &self,
        session: SessionPk,
        identities: &[Identity],
    ) -> Result<Vec<(Identity, ContentHash)>, StoreError> {
        let rows = sqlx::query(
            "SELECT lsn, identity, content FROM events
             WHERE session = ? AND identity IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(session.0)
        .bind(hex_list(identities.iter().map(|identity| &identity.0)))
        .fetch_all(&self.readers)
        .await
        .doing("look identities up")?;
        rows.iter().map(known).collect()
    }

    /// Those of these identities that their sessions have.
    pub async fn known_in(
        &self,
        wanted: &[(SessionPk, Identity)],
    ) -> Result<Vec<(SessionPk, Identity, ContentHash)>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.lsn, e.identity, e.content, e.session FROM json_each(?) w CROSS JOIN events e
             ON e.session = w.value ->> 0 AND e.identity = unhex(w.value ->> 1)",
        )
        .bind(pair_list(wanted.iter().map(|(session, identity)| (*session, &identity.0))))
        .fetch_all(&self.readers)
        .await
        .doing("look identities up")?;
        let decode = |row| {
            let mut cells = Cells::new("events", row);
            cells.int()?;
            let (identity, content) = (Identity(cells.bytes16()?), ContentHash(cells.bytes16()?));
            Ok((SessionPk(cells.int()?), identity, content))
        };
        rows.iter().map(decode).collect()
    }

    /// Those of these messages and tool calls that exist, in no order.
    pub async fn load_items(
        &self,
        wanted: &[(SessionPk, ItemKey)],
    ) -> Result<Vec<(SessionPk, Item)>, StoreError> {
        let doing = "look items up";
        let wanted = pair_list(wanted.iter().map(|(session, key)| (*session, &key.0)));
        let sql = |columns: &str, table: &str, name: &str| {
            AssertSqlSafe(format!(
                "SELECT {columns} FROM json_each(?) w CROSS JOIN {table} {name}
                 ON {name}.session = w.value ->> 0 AND {name}.key = unhex(w.value ->> 1)"
            ))
        };
        let mut tx = self.read().await?;
        let messages = sqlx::query(sql(MESSAGE, "messages", "m")).bind(&wanted).fetch_all(&mut *tx).await;
        let calls = sqlx::query(sql(TOOL_CALL, "tool_calls", "c")).bind(&wanted).fetch_all(&mut *tx).await;
        let message = |row| items_read::message(row).map(|(pk, message)| (pk, Item::Message(message)));
        let call = |row| items_read::tool_call(row).map(|(pk, call)| (pk, Item::ToolCall(call)));
        let (messages, calls) = (messages.doing(doing)?, calls.doing(doing)?);
        messages.iter().map(message).chain(calls.iter().map(call)).collect()
    }

    /// Tool calls without a result, by position.
    pub async fn open_calls(&self, session: SessionPk) -> Result<Vec<ToolCall>, StoreError> {
        let sql = format!(
            "SELECT {TOOL_CALL} FROM tool_calls c WHERE session = ? AND finished = 0 ORDER BY position, pk"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(session.0).fetch_all(&self.readers).await;
        rows.doing("read open tool calls")?.iter().map(|row| Ok(items_read::tool_call(row)?.1)).collect()
    }

    /// All events of a session.
    pub async fn events(&self, session: SessionPk) -> Result<Vec<EventRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT lsn, kind, at, at_is_clients, seq, received_at, connection, identity, content, event_type,
                event_id, raw
             FROM events WHERE session = ? ORDER BY at, seq, coalesce(event_id, ''), lsn",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await
        .doing("read events")?;
        rows.iter().map(event).collect()
    }

    /// All messages and all tool calls of a session, each by position.
    pub async fn items(&self, session: SessionPk) -> Result<(Vec<Message>, Vec<ToolCall>), StoreError> {
        let mut tx = self.read().await?;
        let messages = items_read::messages(&mut tx, session).await?;
        Ok((messages, items_read::tool_calls(&mut tx, session).await?))
    }

    /// All interruptions of a session, by `lsn`.
    pub async fn interruptions(&self, session: SessionPk) -> Result<Vec<InterruptionRow>, StoreError> {
        let mut tx = self.read().await?;
        interruptions(&mut tx, session).await
    }

    /// Every `seq` of a session's events, sorted, each once.
    pub async fn seqs(&self, session: SessionPk) -> Result<Vec<u64>, StoreError> {
        let seqs: Vec<i64> =
            sqlx::query_scalar("SELECT DISTINCT seq FROM events WHERE session = ? AND seq > 0 ORDER BY seq")
                .bind(session.0)
                .fetch_all(&self.readers)
                .await
                .doing("read seqs")?;
        Ok(seqs.into_iter().map(i64::cast_unsigned).collect())
    }
}

/// The highest of some sorted `seq`, and the holes from 1 to it as inclusive ranges.
pub fn missing(seqs: &[u64]) -> (u64, Vec<(u64, u64)>) {
    let (mut last, mut holes) = (0, Vec::new());
    for &seq in seqs {
        if seq > last + 1 {
            holes.push((last + 1, seq - 1));
        }
        last = last.max(seq);
    }
    (last, holes)
}

pub(crate) async fn interruptions(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<Vec<InterruptionRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT lsn, reason, since, until, resumed_lsn, replayed FROM interruptions WHERE session = ? ORDER BY lsn",
    )
    .bind(session.0)
    .fetch_all(conn)
    .await
    .doing("read interruptions")?;
    let decode = |row| {
        let mut cells = Cells::new("interruptions", row);
        interruption(cells.uint()?, &mut cells)
    };
    rows.iter().map(decode).collect()
}

/// Holes in `seq`, worked out by SQLite: a long session has many numbers and few holes.
pub(crate) async fn holes(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<Vec<(u64, u64)>, StoreError> {
    let holes: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT before + 1, seq - 1 FROM (
            SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before
            FROM (SELECT DISTINCT seq FROM events WHERE session = ? AND seq > 0)
         ) WHERE seq > before + 1 ORDER BY seq",
    )
    .bind(session.0)
    .fetch_all(conn)
    .await
    .doing("read missing seqs")?;
    Ok(holes.into_iter().map(|(from, to)| (from.cast_unsigned(), to.cast_unsigned())).collect())
}

fn known(row: &SqliteRow) -> Result<(Identity, ContentHash), StoreError> {
    let mut cells = Cells::new("events", row);
    cells.int()?;
    Ok((Identity(cells.bytes16()?), ContentHash(cells.bytes16()?)))
}

pub(crate) fn event(row: &SqliteRow) -> Result<EventRow, StoreError> {
    let mut cells = Cells::new("events", row);
    Ok(EventRow {
        lsn: cells.uint()?,
        kind: cells.numbered(kind)?,
        at: cells.time()?,
        at_is_clients: cells.flag()?,
        seq: cells.uint()?,
        received_at: cells.time()?,
        connection: ConnectionId(cells.uint()?),
        identity: Identity(cells.bytes16()?),
        content: ContentHash(cells.bytes16()?),
        event_type: event_type(&mut cells)?,
        event_id: cells.opt_text()?.map(Into::into),
        raw: cells.text()?.into(),
    })
}

fn event_type(cells: &mut Cells<'_>) -> Result<EventType, StoreError> {
    let name = cells.text()?;
    EventType::new(&name).ok_or_else(|| cells.corrupt("not the name of an event type"))
}

pub(crate) fn kind(number: i64) -> Option<EventRowKind> {
    [EventRowKind::Folded, EventRowKind::Other, EventRowKind::Conflict, EventRowKind::Silent]
        .into_iter()
        .find(|kind| *kind as i64 == number)
}

/// A JSON array of hexadecimal texts.
fn hex_list<'a>(keys: impl Iterator<Item = &'a [u8; 16]>) -> String {
    let keys: Vec<String> = keys.map(|key| hex(key)).collect();
    serde_json::json!(keys).to_string()
}

/// A JSON array of pairs of a session and a hexadecimal text.
fn pair_list<'a>(pairs: impl Iterator<Item = (SessionPk, &'a [u8; 16])>) -> String {
    let pairs: Vec<(i64, String)> = pairs.map(|(session, key)| (session.0, hex(key))).collect();
    serde_json::json!(pairs).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_from_one_to_the_highest() {
        assert_eq!(missing(&[]), (0, vec![]));
        assert_eq!(missing(&[1, 2, 3]), (3, vec![]));
        assert_eq!(missing(&[3, 4, 7, 7, 9]), (9, vec![(1, 2), (5, 6), (8, 8)]));
        assert_eq!(missing(&[u64::MAX]), (u64::MAX, vec![(1, u64::MAX - 1)]));
    }
}
