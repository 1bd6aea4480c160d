//! A part of a session, by position, or what changed of it since a revision.
//!
//! Never reads the text of what it does not answer; a part ends before it becomes too large to hold. Invariant: parts that follow
//! each other by `next_from` have every item, and every event of an unknown type, exactly once.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::events_page::{COLUMNS, decode};
use crate::items_read::{MESSAGE, TOOL_CALL, message, tool_call};
use crate::open::Store;
use crate::places::places;
use crate::revision::{behind, latest};
use crate::rows::{EventRowKind, SessionPk};
use chasm_protocol::api::{ItemsPage, ItemsQuery, ItemsWindow, OtherItem, SessionItem};
use chasm_protocol::{SessionId, Timestamp, limits};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use std::collections::{HashMap, HashSet};

/// Bytes of text that one part may hold; a single item may be larger.
const PART_BYTES: i64 = 8 << 20;
/// Events of unknown types that one part may hold.
const OTHERS_MAX: usize = 1_000;

/// A session's head, as far as its parts need it.
struct Head {
    pk: SessionPk,
    revision: i64,
    first_revision: i64,
    total: i64,
}

/// An item that was found, not read yet.
struct Found {
    position: i64,
    pk: i64,
    bytes: i64,
}

/// The positions that a part covers: from the first on, to the last or to the end.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    to: Option<i64>,
}

impl Store {
    /// `None` where the session is unknown, [`StoreError::RevisionGone`] where what changed cannot be told.
    pub async fn items_page(
        &self,
        id: &SessionId,
        query: &ItemsQuery,
    ) -> Result<Option<ItemsPage>, StoreError> {
        let mut tx = self.read().await?;
        let Some(head) = head(&mut tx, id).await? else { return Ok(None) };
        let limit = usize::try_from(query.limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let since = match query.window {
            ItemsWindow::ChangedSince { revision, .. } => Some(head.known(revision)?),
            _ => None,
        };
        let (found, span) = find(&mut tx, &head, query.window, limit).await?;
        let mut items = read(&mut tx, &found).await?;
        // The part before this one ended with an item that changed.
        let last_part = span.from.checked_sub(1);
        let changed = || found.iter().map(|f| f.position).chain(last_part).map(i64::cast_unsigned);
        let only: Option<HashSet<u64>> = since.map(|_| changed().collect());
        let (others, left_out) = match since {
            Some(since) if since == head.revision => (Vec::new(), 0),
            _ => others(&mut tx, &head, span, only.as_ref()).await?,
        };
        items.extend(others.into_iter().map(SessionItem::Other));
        // What happened before an item stands before it.
        items.sort_by_key(|item| (item.position(), !matches!(item, SessionItem::Other(_))));
        let removed = match since {
            Some(since) => Some(removed(&mut tx, head.pk, since).await?),
            None => None,
        };
        Ok(Some(ItemsPage {
            items,
            next_from: span.to.map(|to| (to + 1).cast_unsigned()),
            revision: head.revision.cast_unsigned(),
            total: head.total.cast_unsigned(),
            removed,
            others_left_out: left_out,
        }))
    }
}

impl Head {
    /// A revision that this session has had, or 0.
    fn known(&self, revision: u64) -> Result<i64, StoreError> {
        let revision = i64::try_from(revision).map_err(|_| StoreError::RevisionGone)?;
        match revision == 0 || (self.first_revision..=self.revision).contains(&revision) {
            true => Ok(revision),
            false => Err(StoreError::RevisionGone),
        }
    }
}

async fn head(conn: &mut SqliteConnection, id: &SessionId) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query(
        "SELECT pk, revision, first_revision,
            max(coalesce((SELECT max(position) FROM messages WHERE session = s.pk), 0),
                coalesce((SELECT max(position) FROM tool_calls WHERE session = s.pk), 0))
         FROM sessions s WHERE id = ?",
    )
    .bind(id.as_str())
    .fetch_optional(conn)
    .await
    .doing("look a session up")?;
    let Some(row) = row else { return Ok(None) };
    let mut cells = Cells::new("sessions", &row);
    Ok(Some(Head {
        pk: SessionPk(cells.int()?),
        revision: cells.int()?,
        first_revision: cells.int()?,
        total: cells.int()?,
    }))
}

/// The items of a part, by position, and what the part covers.
async fn find(
    conn: &mut SqliteConnection,
    head: &Head,
    window: ItemsWindow,
    limit: usize,
) -> Result<(Vec<Found>, Span), StoreError> {
    let position = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
    let (condition, order, bound, since) = match window {
        ItemsWindow::From(from) => ("position >= ?2 AND ?3 = 0", "ASC", position(from), 0),
        ItemsWindow::Before(before) => ("position < ?2 AND ?3 = 0", "DESC", position(before), 0),
        ItemsWindow::ChangedSince { revision, from } => {
            ("position >= ?2 AND revision > ?3", "ASC", position(from), position(revision))
        }
    };
    let changed = matches!(window, ItemsWindow::ChangedSince { .. });
    let mut found = Vec::new();
    for (table, bytes) in [
        (
            "messages",
            "octet_length(text) + coalesce(octet_length(parts), 0) + coalesce(octet_length(versions), 0)",
        ),
        ("tool_calls", "coalesce(octet_length(arguments), 0) + coalesce(octet_length(output), 0)"),
    ] {
        // SQLite has no statistics here, and would go through the whole session to save a small sort.
        let index = if changed { format!("INDEXED BY {table}_revision") } else { String::new() };
        let sql = format!(
            "SELECT position, pk, {bytes} FROM {table} {index} WHERE session = ?1 AND {condition}
             ORDER BY position {order} LIMIT ?4"
        );
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(head.pk.0)
            .bind(bound)
            .bind(since)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut *conn)
            .await
            .doing("look a part of a session up")?;
        found.extend(rows.into_iter().map(|(position, pk, bytes)| Found { position, pk, bytes }));
    }
    let before = matches!(window, ItemsWindow::Before(_));
    found.sort_unstable_by_key(|f| if before { -f.position } else { f.position });
    let more = cut(&mut found, limit);
    found.sort_unstable_by_key(|f| f.position);
    let (first, last) = (found.first().map(|f| f.position), found.last().map(|f| f.position));
    let span = match window {
        ItemsWindow::Before(_) => Span {
            from: if more { first.unwrap_or(bound) } else { 0 },
            to: Some(last.unwrap_or(bound.saturating_sub(1))).filter(|last| *last < head.total),
        },
        _ => Span { from: bound, to: last.filter(|_| more) },
    };
    Ok((found, span))
}

/// Cuts what is too much; true where something was.
fn cut(found: &mut Vec<Found>, limit: usize) -> bool {
    let mut bytes = 0;
    let fits = found.iter().take(limit).take_while(|f| {
        bytes += f.bytes;
        bytes <= PART_BYTES
    });
    let fits = fits.count().max(1);
    let more = found.len() > fits;
    found.truncate(fits);
    more
}

async fn read(conn: &mut SqliteConnection, found: &[Found]) -> Result<Vec<SessionItem>, StoreError> {
    let doing = "read a part of a session";
    // Keys of messages are even, those of tool calls odd.
    let keys = |odd: i64| {
        let keys: Vec<i64> = found.iter().map(|f| f.pk).filter(|pk| pk.rem_euclid(2) == odd).collect();
        serde_json::json!(keys).to_string()
    };
    let mut items = Vec::with_capacity(found.len());
    let sql = format!("SELECT {MESSAGE} FROM messages m WHERE pk IN (SELECT value FROM json_each(?))");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(keys(0)).fetch_all(&mut *conn).await.doing(doing)?;
    for row in &rows {
        items.push(SessionItem::Message(message(row)?.1));
    }
    let sql = format!("SELECT {TOOL_CALL} FROM tool_calls c WHERE pk IN (SELECT value FROM json_each(?))");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(keys(1)).fetch_all(&mut *conn).await.doing(doing)?;
    for row in &rows {
        items.push(SessionItem::ToolCall(tool_call(row)?.1));
    }
    Ok(items)
}

/// The events of unknown types that a part has, and how many more there would be. `only`: those right before or behind one of these
/// positions, for an item whose time changed may have changed sides with them, and those that stand at the end.
async fn others(
    conn: &mut SqliteConnection,
    head: &Head,
    span: Span,
    only: Option<&HashSet<u64>>,
) -> Result<(Vec<OtherItem>, u64), StoreError> {
    if !has_others(conn, head.pk).await? {
        return Ok((Vec::new(), 0));
    }
    let after = latest_time(conn, head.pk, span.from.saturating_sub(1)).await?;
    let until = match span.to {
        Some(to) => latest_time(conn, head.pk, to).await?,
        None => Some(Timestamp::from_micros(i64::MAX)),
    };
    let found = times(conn, head.pk, after, until).await?;
    if found.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let places = latest(places(conn, head.pk, span.from, span.to.unwrap_or(i64::MAX)).await?, after);
    let end = (head.total + 1).cast_unsigned();
    let place = |at| behind(&places, at).unwrap_or(end);
    let beside =
        |only: &HashSet<u64>, before: u64| only.contains(&before) || only.contains(&before.saturating_sub(1));
    let from = span.from.cast_unsigned();
    let wanted =
        |before: u64| before >= from && only.is_none_or(|only| before == end || beside(only, before));
    let placed: Vec<(i64, u64)> =
        found.into_iter().map(|(lsn, at)| (lsn, place(at))).filter(|(_, before)| wanted(*before)).collect();
    let shown = placed.get(..OTHERS_MAX).unwrap_or(&placed);
    Ok((read_others(conn, shown).await?, (placed.len() - shown.len()) as u64))
}

async fn has_others(conn: &mut SqliteConnection, session: SessionPk) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE session = ? AND kind IN (2, 3))")
        .bind(session.0)
        .fetch_one(conn)
        .await
        .doing("look for other events")
}

/// The latest time of the items up to this position.
async fn latest_time(
    conn: &mut SqliteConnection,
    session: SessionPk,
    through: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = sqlx::query_scalar(
        "SELECT max(at) FROM (
            SELECT max(at) AS at FROM messages WHERE session = ?1 AND position <= ?2
            UNION ALL SELECT max(at) FROM tool_calls WHERE session = ?1 AND position <= ?2
         )",
    )
    .bind(session.0)
    .bind(through)
    .fetch_one(conn)
    .await
    .doing("look the time of a part up")?;
    Ok(at.map(Timestamp::from_micros))
}

/// Number and time of the events of unknown types from one time to before another, in order.
async fn times(
    conn: &mut SqliteConnection,
    session: SessionPk,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT lsn, at FROM events WHERE session = ? AND kind IN (2, 3) AND kind = ? AND at >= ? AND at < ?
         ORDER BY at, seq, coalesce(event_id, ''), lsn",
    )
    .bind(session.0)
    .bind(EventRowKind::Other as u8)
    .bind(from.map_or(i64::MIN, |t| t.as_micros()))
    .bind(until.map_or(i64::MIN, |t| t.as_micros()))
    .fetch_all(conn)
    .await
    .doing("look other events up")?;
    Ok(found.into_iter().map(|(lsn, at)| (lsn, Timestamp::from_micros(at))).collect())
}

async fn read_others(
    conn: &mut SqliteConnection,
    placed: &[(i64, u64)],
) -> Result<Vec<OtherItem>, StoreError> {
    let lsns: Vec<i64> = placed.iter().map(|(lsn, _)| *lsn).collect();
    let sql = format!("SELECT {COLUMNS} FROM events WHERE lsn IN (SELECT value FROM json_each(?))");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(serde_json::json!(lsns).to_string());
    let rows = rows.fetch_all(conn).await.doing("read other events")?;
    let mut events = HashMap::with_capacity(rows.len());
    for row in &rows {
        let (_, event, _) = decode(row)?;
        events.insert(event.lsn.cast_signed(), event);
    }
    let item = |(lsn, before): &(i64, u64)| Some(OtherItem { event: events.remove(lsn)?, before: *before });
    Ok(placed.iter().filter_map(item).collect())
}

/// Positions that lost their item after a revision.
async fn removed(
    conn: &mut SqliteConnection,
    session: SessionPk,
    since: i64,
) -> Result<Vec<u64>, StoreError> {
    if since == 0 {
        return Ok(Vec::new());
    }
    let gone: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM removed_items r WHERE session = ?1 AND revision > ?2
            AND NOT EXISTS (SELECT 1 FROM messages WHERE session = ?1 AND position = r.position)
            AND NOT EXISTS (SELECT 1 FROM tool_calls WHERE session = ?1 AND position = r.position)
         ORDER BY position",
    )
    .bind(session.0)
    .bind(since)
    .fetch_all(conn)
    .await
    .doing("read removed items")?;
    Ok(gone.into_iter().map(i64::cast_unsigned).collect())
}
