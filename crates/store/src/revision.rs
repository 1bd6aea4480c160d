//! Revisions: which write changed which item last, and which positions lost theirs.
//!
//! Never decides what an item is. Invariant: revisions only grow, and every row that a write changed has its revision, so
//! that who has a session as of one revision and reads what is above it has it as it is.

use crate::error::{Doing, StoreError};
use crate::rows::{EventRowKind, FlushBatch, ItemsWrite, SessionPk, SessionWrite};
use chasm_protocol::Timestamp;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeSet;

/// The revision of this write.
pub(crate) async fn next(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'revision'
         RETURNING CAST(value AS INTEGER)",
    )
    .fetch_one(conn)
    .await
    .doing("count revisions")
}

/// Keeps which positions a session has no more once its items are replaced.
pub(crate) async fn note_removed(
    conn: &mut SqliteConnection,
    session: &SessionWrite,
    revision: i64,
) -> Result<(), StoreError> {
    let doing = "note removed items";
    let before: Vec<i64> = sqlx::query_scalar(
        "SELECT position FROM messages WHERE session = ?1 UNION ALL SELECT position FROM tool_calls WHERE session = ?1",
    )
    .bind(session.pk.0)
    .fetch_all(&mut *conn)
    .await
    .doing(doing)?;
    let kept: BTreeSet<i64> = places(session).map(|(position, _)| position.cast_signed()).collect();
    let gone: Vec<i64> = before.into_iter().filter(|position| !kept.contains(position)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO removed_items (session, position, revision) SELECT ?1, value, ?2 FROM json_each(?3) WHERE 1
         ON CONFLICT (session, position) DO UPDATE SET revision = excluded.revision",
    )
    .bind(session.pk.0)
    .bind(revision)
    .bind(serde_json::json!(gone).to_string())
    .execute(conn)
    .await
    .doing(doing)?;
    Ok(())
}

/// An event of an unknown type has no row among the items: one that came late changes the item behind it, so that a reader
/// looks there. (One that came in order stands behind all that its reader had.)
pub(crate) async fn note_late_others(
    conn: &mut SqliteConnection,
    batch: &FlushBatch,
    revision: i64,
) -> Result<(), StoreError> {
    for session in &batch.sessions {
        let behind = behind_others(session);
        if !behind.is_empty() {
            touch(conn, session.pk, &serde_json::json!(behind).to_string(), revision).await?;
        }
    }
    Ok(())
}

async fn touch(
    conn: &mut SqliteConnection,
    session: SessionPk,
    positions: &str,
    revision: i64,
) -> Result<(), StoreError> {
    for sql in [
        "UPDATE messages SET revision = ? WHERE session = ? AND position IN (SELECT value FROM json_each(?))",
        "UPDATE tool_calls SET revision = ? WHERE session = ? AND position IN (SELECT value FROM json_each(?))",
    ] {
        let done = sqlx::query(sql).bind(revision).bind(session.0).bind(positions).execute(&mut *conn).await;
        done.doing("note late events")?;
    }
    Ok(())
}

/// Positions of the items behind the new events of unknown types, in a session that was folded anew.
fn behind_others(session: &SessionWrite) -> BTreeSet<u64> {
    let is_other = |kind| kind == EventRowKind::Other;
    let ItemsWrite::Replace { .. } = session.items else { return BTreeSet::new() };
    if !session.events.iter().any(|event| is_other(event.kind)) {
        return BTreeSet::new();
    }
    let mut places: Vec<(u64, Option<Timestamp>)> = places(session).collect();
    places.sort_unstable_by_key(|(position, _)| *position);
    let places = latest(places, None);
    let others = session.events.iter().filter(|event| is_other(event.kind));
    others.filter_map(|event| behind(&places, event.at)).collect()
}

fn places(session: &SessionWrite) -> impl Iterator<Item = (u64, Option<Timestamp>)> {
    let (ItemsWrite::Upsert { messages, tool_calls } | ItemsWrite::Replace { messages, tool_calls }) =
        &session.items;
    let calls = tool_calls.iter().map(|call| (call.position, call.timestamp));
    messages.iter().map(|message| (message.position, message.timestamp)).chain(calls)
}

/// Positions in order, each with the latest time up to it; `before`: that of the items before the first one.
pub(crate) fn latest(
    places: Vec<(u64, Option<Timestamp>)>,
    before: Option<Timestamp>,
) -> Vec<(u64, Option<Timestamp>)> {
    let mut latest = before;
    let places = places.into_iter().map(|(position, at)| {
        latest = latest.max(at);
        (position, latest)
    });
    places.collect()
}

/// The first of these positions that stands behind this time.
pub(crate) fn behind(latest: &[(u64, Option<Timestamp>)], at: Timestamp) -> Option<u64> {
    latest.get(latest.partition_point(|(_, time)| *time <= Some(at))).map(|(position, _)| *position)
}
