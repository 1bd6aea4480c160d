//! A session's own row, and the values of `meta`.
//!
//! Owns the two sides of the row: what a flush writes, and what the user sets (title, star, tags), which no flush touches.
//! Invariant: the column lists and the code that binds or decodes them have the same order.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::insert::{Insert, Values};
use crate::open::Store;
use crate::rows::{InterruptionRow, SessionPk, SessionWrite, StoredSession};
use crate::words::spaced;
use chasm_protocol::api::SessionPatch;
use chasm_protocol::session::{InterruptionReason, OrderKey, SessionSummary};
use chasm_protocol::{SessionId, SessionRecord, State};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

static SESSIONS: Insert = Insert::new(
    "INSERT INTO sessions (pk, id, state, has_snapshots, started_at, last_event_at, last_received_at, ended_at, \
     events, messages, tool_calls, conflicts, expected_messages, positions, key_at, key_seq, key_lsn, key_event_id, \
     title, provider, model, workspace, editor, end_reason, preview, title_words, metadata, \
     revision, first_revision)",
    29,
    "ON CONFLICT (pk) DO UPDATE SET state = excluded.state, has_snapshots = excluded.has_snapshots, \
     started_at = excluded.started_at, last_event_at = excluded.last_event_at, \
     last_received_at = excluded.last_received_at, ended_at = excluded.ended_at, events = excluded.events, \
     messages = excluded.messages, tool_calls = excluded.tool_calls, conflicts = excluded.conflicts, \
     expected_messages = excluded.expected_messages, positions = excluded.positions, key_at = excluded.key_at, \
     key_seq = excluded.key_seq, key_lsn = excluded.key_lsn, key_event_id = excluded.key_event_id, \
     title = excluded.title, provider = excluded.provider, model = excluded.model, workspace = excluded.workspace, \
     editor = excluded.editor, end_reason = excluded.end_reason, preview = excluded.preview, \
     title_words = excluded.title_words, metadata = excluded.metadata, revision = excluded.revision",
);

/// A [`StoredSession`], from `sessions s` joined with [`LAST_INTERRUPTION`].
pub(crate) const STORED: &str = "s.pk, s.id, s.state, s.has_snapshots, s.started_at, s.last_event_at, \
     s.last_received_at, s.ended_at, s.events, s.messages, s.tool_calls, s.conflicts, s.expected_messages, \
     s.positions, s.key_at, s.key_seq, s.key_lsn, s.key_event_id, s.title, s.provider, s.model, s.workspace, \
     s.editor, s.end_reason, s.preview, s.metadata, \
     i.lsn, i.reason, i.since, i.until, i.resumed_lsn, i.replayed";

pub(crate) const LAST_INTERRUPTION: &str = "LEFT JOIN interruptions i ON i.session = s.pk \
     AND i.lsn = (SELECT max(lsn) FROM interruptions WHERE session = s.pk)";

/// A [`SessionSummary`], from `sessions s`; the first cell is its key.
pub(crate) const SUMMARY: &str = "s.pk, s.id, coalesce(s.user_title, s.title), s.preview, s.state, s.provider, \
     s.model, s.workspace, s.editor, s.started_at, s.last_event_at, s.ended_at, s.events, s.messages, s.tool_calls, \
     (SELECT count(*) FROM interruptions WHERE session = s.pk), s.starred, s.tags";

/// How many sessions there are, those in the trash left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sessions: u64,
    pub recording: u64,
    pub interrupted: u64,
}

impl Store {
    /// Changes what the user may set. False where the session is unknown.
    pub async fn patch_session(&self, id: &SessionId, patch: &SessionPatch) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let title = patch.title.as_ref().and_then(Option::as_deref);
        let tags = patch.tags.as_ref().map(|tags| serde_json::json!(tags).to_string());
        let done = sqlx::query(
            "UPDATE sessions SET
                user_title = iif(?2, ?3, user_title), user_title_words = iif(?2, ?4, user_title_words),
                starred = coalesce(?5, starred), tags = coalesce(?6, tags)
             WHERE id = ?1",
        )
        .bind(id.as_str())
        .bind(patch.title.is_some())
        .bind(title)
        .bind(title.and_then(spaced))
        .bind(patch.starred)
        .bind(tags)
        .execute(&mut *write)
        .await
        .doing("change a session")?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// False where the session is unknown.
    pub async fn set_state(&self, session: SessionPk, state: State) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE sessions SET state = ? WHERE pk = ?")
            .bind(state.number())
            .bind(session.0)
            .execute(&mut *write)
            .await
            .doing("set a session's state")?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let (all, recording, interrupted): (i64, i64, i64) = sqlx::query_as(
            "WITH trashed AS (SELECT s.state FROM trash t JOIN sessions s ON s.pk = t.session)
             SELECT (SELECT count(*) FROM sessions) - (SELECT count(*) FROM trashed),
                (SELECT count(*) FROM sessions WHERE state = ?1) - (SELECT count(*) FROM trashed WHERE state = ?1),
                (SELECT count(*) FROM sessions WHERE state = ?2) - (SELECT count(*) FROM trashed WHERE state = ?2)",
        )
        .bind(State::Recording.number())
        .bind(State::Interrupted.number())
        .fetch_one(&self.readers)
        .await
        .doing("count sessions")?;
        Ok(Counts {
            sessions: all.cast_unsigned(),
            recording: recording.cast_unsigned(),
            interrupted: interrupted.cast_unsigned(),
        })
    }

    /// A value of the engine's own; `None` removes it. `applied_lsn` and `max_pk` are the store's.
    pub async fn put_meta(&self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        set_meta(&mut write, key, value).await?;
        write.commit().await
    }

    pub async fn get_meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key);
        value.fetch_optional(&self.readers).await.doing("read a value of meta")
    }
}

pub(crate) async fn set_meta(
    conn: &mut SqliteConnection,
    key: &str,
    value: Option<&str>,
) -> Result<(), StoreError> {
    let query = match value {
        Some(value) => {
            sqlx::query("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
                .bind(key)
                .bind(value)
        }
        None => sqlx::query("DELETE FROM meta WHERE key = ?").bind(key),
    };
    query.execute(conn).await.doing("write a value of meta")?;
    Ok(())
}

pub(crate) async fn upsert(
    conn: &mut SqliteConnection,
    sessions: &[SessionWrite],
    revision: i64,
) -> Result<(), StoreError> {
    SESSIONS.run(conn, "write sessions", sessions, |values, write| bind(values, write, revision)).await
}

fn bind(values: &mut Values, write: &SessionWrite, revision: i64) {
    let record = &write.record;
    values.push(write.pk.0);
    values.push(record.id.as_str());
    values.push(write.state.number());
    values.push(write.has_snapshots);
    values.push(record.started_at.as_micros());
    values.push(record.last_event_at.as_micros());
    values.push(write.last_received_at.as_micros());
    values.push(record.ended_at.map(|t| t.as_micros()));
    values.uint(record.events);
    values.uint(record.messages);
    values.uint(record.tool_calls);
    values.uint(record.conflicts);
    values.push(record.expected_messages.map(u64::cast_signed));
    values.uint(record.positions);
    values.push(record.last_key.at.as_micros());
    values.uint(record.last_key.seq);
    values.uint(record.last_key.lsn);
    values.push(&*record.last_key.event_id);
    values.push(record.title.as_deref());
    values.push(record.provider.as_deref());
    values.push(record.model.as_deref());
    values.push(record.workspace.as_deref());
    values.push(record.editor.as_deref());
    values.push(record.end_reason.as_deref());
    values.push(record.preview.as_deref());
    values.push(record.title.as_deref().and_then(spaced));
    values.json(Some(&record.metadata).filter(|map| !map.is_empty()));
    values.push(revision);
    values.push(revision);
}

pub(crate) fn stored(row: &SqliteRow) -> Result<StoredSession, StoreError> {
    let mut cells = Cells::new("sessions", row);
    let pk = SessionPk(cells.int()?);
    let id = session_id(&mut cells)?;
    let state = cells.numbered(State::from_number)?;
    let has_snapshots = cells.flag()?;
    let (started_at, last_event_at, last_received_at) = (cells.time()?, cells.time()?, cells.time()?);
    let record = SessionRecord {
        id,
        started_at,
        last_event_at,
        ended_at: cells.opt_time()?,
        events: cells.uint()?,
        messages: cells.uint()?,
        tool_calls: cells.uint()?,
        conflicts: cells.uint()?,
        expected_messages: cells.opt_uint()?,
        positions: cells.uint()?,
        last_key: order_key(&mut cells)?,
        title: cells.opt_text()?,
        provider: cells.opt_text()?,
        model: cells.opt_text()?,
        workspace: cells.opt_text()?,
        editor: cells.opt_text()?,
        end_reason: cells.opt_text()?,
        preview: cells.opt_text()?,
        metadata: cells.opt_json()?.unwrap_or_default(),
    };
    let last_interruption = cells.opt_uint()?.map(|lsn| interruption(lsn, &mut cells)).transpose()?;
    Ok(StoredSession { pk, record, state, last_received_at, has_snapshots, last_interruption })
}

/// The cells behind its `lsn`.
pub(crate) fn interruption(lsn: u64, cells: &mut Cells<'_>) -> Result<InterruptionRow, StoreError> {
    Ok(InterruptionRow {
        lsn,
        reason: cells.numbered(InterruptionReason::from_number)?,
        since: cells.time()?,
        until: cells.opt_time()?,
        resumed_lsn: cells.opt_uint()?,
        replayed: cells.uint()?,
    })
}

pub(crate) fn summary(cells: &mut Cells<'_>) -> Result<(SessionPk, SessionSummary), StoreError> {
    let pk = SessionPk(cells.int()?);
    let summary = SessionSummary {
        session_id: cells.text()?,
        title: cells.opt_text()?,
        preview: cells.opt_text()?,
        state: cells.numbered(State::from_number)?,
        provider: cells.opt_text()?,
        model: cells.opt_text()?,
        workspace: cells.opt_text()?,
        editor: cells.opt_text()?,
        started_at: cells.time()?,
        last_event_at: cells.time()?,
        ended_at: cells.opt_time()?,
        events: cells.uint()?,
        messages: cells.uint()?,
        tool_calls: cells.uint()?,
        interruptions: cells.uint()?,
        starred: cells.flag()?,
        tags: cells.json()?,
        live: false,
        hits: None,
    };
    Ok((pk, summary))
}

fn session_id(cells: &mut Cells<'_>) -> Result<SessionId, StoreError> {
    let text = cells.text()?;
    SessionId::new(text).map_err(|e| cells.corrupt(e))
}

fn order_key(cells: &mut Cells<'_>) -> Result<OrderKey, StoreError> {
    let (at, seq, lsn) = (cells.time()?, cells.uint()?, cells.uint()?);
    Ok(OrderKey { at, seq, lsn, event_id: cells.text()?.into() })
}
