//! Where in a session something happened: holes, interruptions, replays.
//!
//! Compares times, for an event does not say which item came of it. Never reads a text. Invariant: a place is the first item that is
//! later than what it is the place of.

use crate::error::{Doing, StoreError};
use crate::revision::{behind, latest};
use crate::rows::{InterruptionRow, SessionPk};
use chasm_protocol::Timestamp;
use chasm_protocol::session::{Hole, Interruption};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeSet;

/// Ranges of replayed positions that are told of one interruption.
const RANGES_MAX: usize = 100;

/// Positions in order, each with the latest time up to it.
type Places = Vec<(u64, Option<Timestamp>)>;

/// The holes of a session, and its interruptions, with their places.
pub(crate) async fn placed(
    conn: &mut SqliteConnection,
    session: SessionPk,
    rows: &[InterruptionRow],
) -> Result<(Vec<Hole>, Vec<Interruption>), StoreError> {
    let mut holes = holes(conn, session).await?;
    if holes.is_empty() && rows.is_empty() {
        return Ok((holes, Vec::new()));
    }
    let places = latest(places(conn, session, 0, i64::MAX).await?, None);
    for hole in &mut holes {
        hole.before_position = place_of_hole(&places, hole);
    }
    let mut interruptions = Vec::with_capacity(rows.len());
    for (n, row) in rows.iter().enumerate() {
        let mut shown = row.unplaced();
        shown.before_position = behind(&places, row.since);
        if let Some(until) = row.until.filter(|_| row.replayed > 0) {
            let next = rows.get(n + 1).map_or(u64::MAX >> 1, |next| next.lsn);
            let times = replayed(conn, session, (row.lsn, next), until).await?;
            shown.replayed_positions = ranges(times.into_iter().filter_map(|at| at_or_before(&places, at)));
        }
        interruptions.push(shown);
    }
    Ok((holes, interruptions))
}

/// Positions and times of a span of items, by position. As one text, for a session can have a hundred thousand of them.
pub(crate) async fn places(
    conn: &mut SqliteConnection,
    session: SessionPk,
    from: i64,
    to: i64,
) -> Result<Places, StoreError> {
    let doing = "look places up";
    let text: String = sqlx::query_scalar(
        "SELECT json_group_array(json_array(position, at)) FROM (
            SELECT position, at FROM messages WHERE session = ?1 AND position BETWEEN ?2 AND ?3
            UNION ALL SELECT position, at FROM tool_calls WHERE session = ?1 AND position BETWEEN ?2 AND ?3
            ORDER BY position
         )",
    )
    .bind(session.0)
    .bind(from)
    .bind(to)
    .fetch_one(conn)
    .await
    .doing(doing)?;
    let places: Vec<(u64, Option<i64>)> = parsed(&text, doing)?;
    Ok(places.into_iter().map(|(position, at)| (position, at.map(Timestamp::from_micros))).collect())
}

/// Holes in `seq` with the times around them.
async fn holes(conn: &mut SqliteConnection, session: SessionPk) -> Result<Vec<Hole>, StoreError> {
    let found: Vec<(i64, i64, Option<i64>, Option<i64>)> = sqlx::query_as(
        "SELECT last + 1, seq - 1, last_at, at FROM (
            SELECT seq, at, lag(seq, 1, 0) OVER (ORDER BY seq) AS last, lag(at) OVER (ORDER BY seq) AS last_at
            FROM (SELECT seq, min(at) AS at FROM events WHERE session = ? AND seq > 0 GROUP BY seq)
         ) WHERE seq > last + 1 ORDER BY seq",
    )
    .bind(session.0)
    .fetch_all(conn)
    .await
    .doing("read missing seqs")?;
    let hole = |(from, to, after, before): (i64, i64, Option<i64>, Option<i64>)| Hole {
        from: from.cast_unsigned(),
        to: to.cast_unsigned(),
        after: after.map(Timestamp::from_micros),
        before: before.map(Timestamp::from_micros),
        before_position: None,
    };
    Ok(found.into_iter().map(hole).collect())
}

/// The first item as late as the event behind the hole; later than the event before it, where both have one time.
fn place_of_hole(places: &Places, hole: &Hole) -> Option<u64> {
    let before = hole.before?;
    match hole.after.filter(|after| *after >= before) {
        Some(after) => behind(places, after),
        None => behind(places, Timestamp::from_micros(before.as_micros().saturating_sub(1))),
    }
}

/// Times of the events that were replayed after an interruption and are a part of an item.
async fn replayed(
    conn: &mut SqliteConnection,
    session: SessionPk,
    (from, to): (u64, u64),
    until: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    let doing = "read replayed events";
    let text: String = sqlx::query_scalar(
        "SELECT json_group_array(DISTINCT at) FROM events
         WHERE session = ? AND at < ? AND lsn > ? AND lsn < ? AND at_is_clients = 1 AND kind = 1
            AND event_type IN ('message', 'message_delta', 'tool_call')",
    )
    .bind(session.0)
    .bind(until.as_micros())
    .bind(from.cast_signed())
    .bind(to.cast_signed())
    .fetch_one(conn)
    .await
    .doing(doing)?;
    let times: Vec<i64> = parsed(&text, doing)?;
    Ok(times.into_iter().map(Timestamp::from_micros).collect())
}

/// The last item that had begun by then.
fn at_or_before(places: &Places, at: Timestamp) -> Option<u64> {
    let later = places.partition_point(|(_, time)| *time <= Some(at));
    places.get(later.checked_sub(1)?).map(|(position, _)| *position)
}

fn ranges(positions: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for position in positions.collect::<BTreeSet<u64>>() {
        let full = ranges.len() == RANGES_MAX;
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == position => *to = position,
            _ if full => break,
            _ => ranges.push((position, position)),
        }
    }
    ranges
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str, doing: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Io { doing, source: e.into() })
}
