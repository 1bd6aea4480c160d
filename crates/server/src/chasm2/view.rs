//! What 2.0.0 clients read of sessions, in their shapes.
//!
//! Never shows more than the routes of our own would. Invariant: every number and text comes from one call to the engine.

use crate::app::App;
use crate::error::Failure;
use chasm_protocol::api::SessionFilter;
use chasm_protocol::limits::PAGE_MAX;
use chasm_protocol::session::SessionDetail;
use chasm_protocol::{Message, SessionId, State};
use serde_json::{Value, json};

/// The sessions that are recorded now.
pub(crate) async fn listed(app: &App) -> Result<Value, Failure> {
    let filter = SessionFilter { state: Some(State::Recording), limit: PAGE_MAX, ..SessionFilter::default() };
    let page = app.engine.sessions(filter).await?;
    let sessions: Vec<Value> = page
        .sessions
        .iter()
        .map(|session| {
            json!({
                "session_id": session.session_id,
                "provider": session.provider.as_deref().unwrap_or_default(),
                "title": session.title,
                "workspace_path": session.workspace,
                "message_count": session.messages,
                "started_at": session.started_at,
                "last_activity": session.last_event_at,
                // what was answered is on disk
                "is_dirty": false,
            })
        })
        .collect();
    Ok(json!({"active_sessions": sessions, "total": page.total}))
}

/// One session with its messages.
pub(crate) async fn session(app: &App, id: &SessionId) -> Result<Value, Failure> {
    let SessionDetail { summary, messages, .. } = app.engine.session(id).await?;
    Ok(json!({
        "session_id": summary.session_id,
        "provider": summary.provider.unwrap_or_default(),
        "title": summary.title,
        "workspace_path": summary.workspace,
        "messages": messages.into_iter().map(message).collect::<Vec<_>>(),
        "message_count": summary.messages,
        "started_at": summary.started_at,
        "last_activity": summary.last_event_at,
    }))
}

/// How far a session is recorded.
pub(crate) async fn recovery(app: &App, id: &SessionId) -> Result<Value, Failure> {
    let detail = app.engine.session(id).await?;
    Ok(json!({
        "type": "recovery",
        "session_id": detail.summary.session_id,
        "last_message_id": detail.messages.last().and_then(|message| message.message_id.as_deref()),
        "message_count": detail.summary.messages,
    }))
}

pub(crate) async fn status(app: &App) -> Value {
    let status = app.engine.status().await;
    let settings = app.settings.current();
    json!({
        "status": if status.problem.is_some() { "degraded" } else { "running" },
        "active_sessions": status.active_sessions,
        "dirty_sessions": 0,
        "config": {
            "persist_interval_secs": settings.recording.flush_ms.div_ceil(1_000),
            "max_memory_messages": settings.limits.batch_events,
            "session_timeout_secs": settings.recording.silence_minutes * 60,
        },
    })
}

fn message(message: Message) -> Value {
    json!({
        "message_id": message.message_id.unwrap_or_default(),
        "role": message.role,
        "content": message.content.text(),
        "model": message.model,
        "created_at": message.timestamp.map_or(0, |at| at.as_millis()),
        "parent_id": message.parent_id,
        "metadata": if message.metadata.is_empty() { Value::Null } else { Value::Object(message.metadata) },
    })
}
