//! Messages and tool calls as stored rows, back to values.
//!
//! Owns their column lists. Invariant: the lists and the decoders below them have the same order.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::rows::SessionPk;
use chasm_protocol::session::Origin;
use chasm_protocol::{Content, ItemKey, Message, Role, ToolCall};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// The first one is the row's key, the second its session.
pub(crate) const MESSAGE: &str = "m.pk, m.session, m.position, m.role, m.partial, m.origin, m.completed_by, m.at, \
     m.key, m.message_id, m.model, m.parent_id, m.metadata, m.aliases, m.parts, m.text, m.versions";

pub(crate) const TOOL_CALL: &str = "c.pk, c.session, c.position, c.finished, c.is_error, c.origin, c.at, \
     c.finished_at, c.duration_ms, c.key, c.call_id, c.message_id, c.name, c.arguments_json, c.arguments, \
     c.output_json, c.output";

pub(crate) fn message(row: &SqliteRow) -> Result<(SessionPk, Message), StoreError> {
    let mut cells = Cells::new("messages", row);
    cells.int()?;
    let session = SessionPk(cells.int()?);
    let message = Message {
        position: cells.uint()?,
        role: cells.numbered(Role::from_number)?,
        partial: cells.flag()?,
        origin: cells.numbered(Origin::from_number)?,
        completed_by: cells.opt_numbered(Origin::from_number)?,
        timestamp: cells.opt_time()?,
        key: ItemKey(cells.bytes16()?),
        message_id: cells.opt_text()?,
        model: cells.opt_text()?,
        parent_id: cells.opt_text()?,
        metadata: cells.opt_json()?.unwrap_or_default(),
        aliases: cells.opt_json()?.unwrap_or_default(),
        content: content(&mut cells)?,
        versions: cells.opt_json()?.unwrap_or_default(),
    };
    Ok((session, message))
}

/// Parts hold the text, too: where they are stored the text is there for the index only.
fn content(cells: &mut Cells<'_>) -> Result<Content, StoreError> {
    let parts: Option<Vec<Value>> = cells.opt_json()?;
    let text = cells.text()?;
    Ok(parts.map_or(Content::Text(text), Content::Parts))
}

pub(crate) fn tool_call(row: &SqliteRow) -> Result<(SessionPk, ToolCall), StoreError> {
    let mut cells = Cells::new("tool_calls", row);
    cells.int()?;
    let session = SessionPk(cells.int()?);
    let call = ToolCall {
        position: cells.uint()?,
        finished: cells.flag()?,
        is_error: cells.flag()?,
        origin: cells.numbered(Origin::from_number)?,
        timestamp: cells.opt_time()?,
        finished_at: cells.opt_time()?,
        duration_ms: cells.next()?,
        key: ItemKey(cells.bytes16()?),
        call_id: cells.opt_text()?,
        message_id: cells.opt_text()?,
        name: cells.text()?,
        arguments: value(&mut cells)?,
        output: value(&mut cells)?,
    };
    Ok((session, call))
}

/// A flag «is JSON» and a text.
pub(crate) fn value(cells: &mut Cells<'_>) -> Result<Option<Value>, StoreError> {
    match cells.flag()? {
        // `null` was sent as such: it is not the absence of a value.
        true => Ok(Some(cells.opt_json()?.unwrap_or_default())),
        false => Ok(cells.opt_text()?.map(Value::String)),
    }
}

/// All messages of a session, by position.
pub(crate) async fn messages(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<Vec<Message>, StoreError> {
    let sql = format!("SELECT {MESSAGE} FROM messages m WHERE session = ? ORDER BY position, pk");
    let rows =
        sqlx::query(AssertSqlSafe(sql)).bind(session.0).fetch_all(conn).await.doing("read messages")?;
    rows.iter().map(|row| Ok(message(row)?.1)).collect()
}

/// All tool calls of a session, by position.
pub(crate) async fn tool_calls(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<Vec<ToolCall>, StoreError> {
    let sql = format!("SELECT {TOOL_CALL} FROM tool_calls c WHERE session = ? ORDER BY position, pk");
    let rows =
        sqlx::query(AssertSqlSafe(sql)).bind(session.0).fetch_all(conn).await.doing("read tool calls")?;
    rows.iter().map(|row| Ok(tool_call(row)?.1)).collect()
}
