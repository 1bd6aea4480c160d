//! Writing messages and tool calls.
//!
//! Never rewrites a row that did not change. Invariant: after [`ItemsWrite::Replace`] a session has exactly the given items,
//! and rows whose text did not change were not indexed again.

use crate::cursor::hex;
use crate::error::{Doing, StoreError};
use crate::insert::{Insert, Values};
use crate::revision;
use crate::rows::{FlushBatch, ItemsWrite, SessionPk};
use crate::words::{call_words, spaced};
use chasm_protocol::{Content, ItemKey, Message, ToolCall};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashSet;

static MESSAGES: Insert = Insert::new(
    "INSERT INTO messages (pk, session, position, role, partial, origin, completed_by, at, key, message_id, model, \
     parent_id, metadata, aliases, text, words, parts, versions, revision)",
    19,
    "ON CONFLICT (session, key) DO UPDATE SET position = excluded.position, role = excluded.role, \
     partial = excluded.partial, origin = excluded.origin, completed_by = excluded.completed_by, at = excluded.at, \
     message_id = excluded.message_id, model = excluded.model, parent_id = excluded.parent_id, \
     metadata = excluded.metadata, aliases = excluded.aliases, text = excluded.text, words = excluded.words, parts = excluded.parts, \
     versions = excluded.versions, revision = excluded.revision \
     WHERE position IS NOT excluded.position OR text IS NOT excluded.text OR partial IS NOT excluded.partial \
     OR role IS NOT excluded.role OR origin IS NOT excluded.origin OR completed_by IS NOT excluded.completed_by \
     OR at IS NOT excluded.at OR message_id IS NOT excluded.message_id OR model IS NOT excluded.model \
     OR parent_id IS NOT excluded.parent_id OR metadata IS NOT excluded.metadata OR aliases IS NOT excluded.aliases \
     OR words IS NOT excluded.words \
     OR parts IS NOT excluded.parts OR versions IS NOT excluded.versions",
);

static TOOL_CALLS: Insert = Insert::new(
    "INSERT INTO tool_calls (pk, session, position, finished, is_error, origin, at, finished_at, duration_ms, \
     arguments_json, output_json, key, call_id, message_id, name, arguments, output, words, revision)",
    19,
    "ON CONFLICT (session, key) DO UPDATE SET position = excluded.position, finished = excluded.finished, \
     is_error = excluded.is_error, origin = excluded.origin, at = excluded.at, finished_at = excluded.finished_at, \
     duration_ms = excluded.duration_ms, arguments_json = excluded.arguments_json, \
     output_json = excluded.output_json, call_id = excluded.call_id, message_id = excluded.message_id, \
     name = excluded.name, arguments = excluded.arguments, output = excluded.output, words = excluded.words, \
     revision = excluded.revision \
     WHERE position IS NOT excluded.position OR finished IS NOT excluded.finished \
     OR output IS NOT excluded.output OR arguments IS NOT excluded.arguments OR name IS NOT excluded.name \
     OR is_error IS NOT excluded.is_error OR origin IS NOT excluded.origin OR at IS NOT excluded.at \
     OR finished_at IS NOT excluded.finished_at OR duration_ms IS NOT excluded.duration_ms \
     OR arguments_json IS NOT excluded.arguments_json OR output_json IS NOT excluded.output_json \
     OR call_id IS NOT excluded.call_id OR message_id IS NOT excluded.message_id OR words IS NOT excluded.words",
);

/// A row to write and the number it gets where it is new.
struct Numbered<'a, T> {
    number: i64,
    session: SessionPk,
    revision: i64,
    item: &'a T,
}

/// Writes the items of all sessions of a batch. `counter` is the highest number given so far.
pub(crate) async fn write(
    conn: &mut SqliteConnection,
    batch: &FlushBatch,
    counter: &mut i64,
    revision: i64,
) -> Result<(), StoreError> {
    let (mut messages, mut calls) = (Vec::new(), Vec::new());
    let before = *counter;
    for session in &batch.sessions {
        let (some_messages, some_calls) = match &session.items {
            ItemsWrite::Upsert { messages, tool_calls } => (messages, tool_calls),
            ItemsWrite::Replace { messages, tool_calls } => {
                revision::note_removed(conn, session, revision).await?;
                remove_gone(conn, "messages", session.pk, messages.iter().map(|m| m.key)).await?;
                remove_gone(conn, "tool_calls", session.pk, tool_calls.iter().map(|c| c.key)).await?;
                (messages, tool_calls)
            }
        };
        messages.extend(some_messages.iter().map(|item| numbered(counter, session.pk, revision, item)));
        calls.extend(some_calls.iter().map(|item| numbered(counter, session.pk, revision, item)));
    }
    MESSAGES.run(conn, "write messages", &messages, bind_message).await?;
    TOOL_CALLS.run(conn, "write tool calls", &calls, bind_call).await?;
    revision::note_late_others(conn, batch, revision).await?;
    if *counter > before { index(conn, before).await } else { Ok(()) }
}

/// Indexes the rows that are new: what existed kept its lower key, and its triggers saw to it.
async fn index(conn: &mut SqliteConnection, before: i64) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO item_index (rowid, words) SELECT pk, words FROM item_words WHERE pk > ?")
        .bind(before * 2 + 1)
        .execute(conn)
        .await
        .doing("index messages")?;
    Ok(())
}

fn numbered<'a, T>(counter: &mut i64, session: SessionPk, revision: i64, item: &'a T) -> Numbered<'a, T> {
    *counter += 1;
    Numbered { number: *counter, session, revision, item }
}

/// Deletes the rows of a session whose key is none of `kept`.
async fn remove_gone(
    conn: &mut SqliteConnection,
    table: &'static str,
    session: SessionPk,
    kept: impl Iterator<Item = ItemKey>,
) -> Result<(), StoreError> {
    let doing = "compare a session's items";
    let kept: HashSet<[u8; 16]> = kept.map(|key| key.0).collect();
    let there: Vec<(Vec<u8>,)> =
        sqlx::query_as(AssertSqlSafe(format!("SELECT key FROM {table} WHERE session = ?")))
            .bind(session.0)
            .fetch_all(&mut *conn)
            .await
            .doing(doing)?;
    let is_kept = |key: &[u8]| <[u8; 16]>::try_from(key).is_ok_and(|key| kept.contains(&key));
    let gone: Vec<String> = there.iter().filter(|(key,)| !is_kept(key)).map(|(key,)| hex(key)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let sql =
        format!("DELETE FROM {table} WHERE session = ? AND key IN (SELECT unhex(value) FROM json_each(?))");
    let keys = format!("[\"{}\"]", gone.join("\",\""));
    sqlx::query(AssertSqlSafe(sql)).bind(session.0).bind(keys).execute(conn).await.doing(doing)?;
    Ok(())
}

fn bind_message(values: &mut Values, row: &Numbered<'_, Message>) {
    let message = row.item;
    let text = message.content.text();
    let parts = match &message.content {
        Content::Text(_) => None,
        Content::Parts(parts) => Some(parts),
    };
    values.push(row.number * 2);
    values.push(row.session.0);
    values.uint(message.position);
    values.push(message.role.number());
    values.push(message.partial);
    values.push(message.origin.number());
    values.push(message.completed_by.map(|origin| origin.number()));
    values.push(message.timestamp.map(|t| t.as_micros()));
    values.push(message.key.0.as_slice());
    values.push(message.message_id.as_deref());
    values.push(message.model.as_deref());
    values.push(message.parent_id.as_deref());
    values.json(Some(&message.metadata).filter(|map| !map.is_empty()));
    values.json(Some(&message.aliases).filter(|aliases| !aliases.is_empty()));
    let words = spaced(&text);
    values.push(text);
    values.push(words);
    values.json(parts);
    values.json(Some(&message.versions).filter(|versions| !versions.is_empty()));
    values.push(row.revision);
}

fn bind_call(values: &mut Values, row: &Numbered<'_, ToolCall>) {
    let call = row.item;
    let is_json = |value: &Option<Value>| !matches!(value, None | Some(Value::String(_)));
    values.push(row.number * 2 + 1);
    values.push(row.session.0);
    values.uint(call.position);
    values.push(call.finished);
    values.push(call.is_error);
    values.push(call.origin.number());
    values.push(call.timestamp.map(|t| t.as_micros()));
    values.push(call.finished_at.map(|t| t.as_micros()));
    values.push(call.duration_ms);
    values.push(is_json(&call.arguments));
    values.push(is_json(&call.output));
    values.push(call.key.0.as_slice());
    values.push(call.call_id.as_deref());
    values.push(call.message_id.as_deref());
    values.push(call.name.as_str());
    for value in [&call.arguments, &call.output] {
        match value {
            Some(Value::String(text)) => values.push(text.as_str()),
            other => values.json(other.as_ref()),
        }
    }
    values.push(call_words(call));
    values.push(row.revision);
}
