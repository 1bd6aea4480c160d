//! One session that is being recorded.
//!
//! Owns its picture for snapshots. Never waits: each call writes into the outbox and returns. Invariant: where a call succeeds the
//! event is in the outbox; where it fails nothing of it is kept, in the picture neither.

use super::desk::{Desk, json};
use super::error::RecordError;
use super::event::{Delta, Message, SessionEnd, SessionStart, SessionUpdate, ToolCall, ToolResult};
use super::picture::Picture;
use crate::outbox::Kind;
use chasm_protocol::api::SnapshotRequest;
use chasm_protocol::session::SnapshotBody;
use chasm_protocol::{Role, SessionId, Timestamp};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A session; cheap to clone, and usable from any thread, inside of a runtime or not.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    desk: Arc<Desk>,
}

pub struct Inner {
    pub id: SessionId,
    picture: Mutex<Picture>,
    ended: AtomicBool,
}

impl Inner {
    pub fn new(id: SessionId, picture_bytes: usize, fresh: bool) -> Self {
        Self { id, picture: Mutex::new(Picture::new(picture_bytes, fresh)), ended: AtomicBool::new(false) }
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub fn in_picture<T>(&self, act: impl FnOnce(&mut Picture) -> T) -> T {
        act(&mut self.picture.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    pub(super) fn new(inner: Arc<Inner>, desk: Arc<Desk>) -> Self {
        Self { inner, desk }
    }

    /// The session's id, to go on with it later.
    pub fn id(&self) -> &SessionId {
        &self.inner.id
    }

    pub(super) fn start(&self, start: &SessionStart) -> Result<(), RecordError> {
        self.record("session_start", start)?;
        self.inner.ended.store(false, Ordering::Relaxed);
        self.draw(|picture| picture.start(start));
        Ok(())
    }

    /// A message of plain text; answers its `message_id`.
    pub fn message(&self, role: Role, text: impl Into<String>) -> Result<String, RecordError> {
        self.message_with(Message::text(role, text))
    }

    /// A message with all that may be said of it; answers its `message_id`. A known id replaces that message's content.
    pub fn message_with(&self, mut message: Message) -> Result<String, RecordError> {
        let id = message.message_id.get_or_insert_with(new_id).clone();
        let at = self.record("message", &message)?;
        self.draw(|picture| picture.message(&message, at));
        Ok(id)
    }

    /// More of a message that streams in; an unknown id begins a message of the assistant.
    pub fn message_delta(&self, message_id: &str, text: &str) -> Result<(), RecordError> {
        let at = self.record("message_delta", &Delta { message_id, delta: text })?;
        self.draw(|picture| picture.delta(message_id, text, at));
        Ok(())
    }

    /// A tool is called; answers the `call_id`.
    pub fn tool_call(&self, mut call: ToolCall) -> Result<String, RecordError> {
        let id = call.call_id.get_or_insert_with(new_id).clone();
        let at = self.record("tool_call", &call)?;
        self.draw(|picture| picture.tool_call(&call, at));
        Ok(id)
    }

    /// A tool has answered.
    pub fn tool_result(&self, result: ToolResult) -> Result<(), RecordError> {
        self.record("tool_result", &result)?;
        self.draw(|picture| picture.tool_result(&result));
        Ok(())
    }

    /// Title or model of the session changed.
    pub fn update(&self, update: SessionUpdate) -> Result<(), RecordError> {
        self.record("session_update", &update)?;
        self.draw(|picture| picture.update(&update));
        Ok(())
    }

    /// The session is over. It goes on where something is recorded later.
    pub fn end(&self, reason: Option<&str>) -> Result<(), RecordError> {
        self.record("session_end", &SessionEnd { reason })?;
        self.inner.ended.store(true, Ordering::Relaxed);
        if self.desk.takes_snapshots() {
            self.desk.snapshot_at_end(&self.inner);
        }
        Ok(())
    }

    /// The whole session as the program has it. It goes through the outbox as events do, and adds what no event told; the
    /// snapshots of [`Mode::Hybrid`](super::Mode::Hybrid) are made without this.
    pub fn snapshot(&self, snapshot: SnapshotBody) -> Result<(), RecordError> {
        let taken_at = Some(crate::stream::precise_now());
        let request = SnapshotRequest { session_id: self.inner.id.clone(), taken_at, snapshot };
        self.desk.hand_over_raw(Kind::Snapshot, &json(&request)?, self.inner.id.as_str())?;
        Ok(())
    }

    fn record(&self, event_type: &str, data: &impl serde::Serialize) -> Result<Timestamp, RecordError> {
        self.desk.hand_over(self.inner.id.as_str(), event_type, data)
    }

    fn draw(&self, act: impl FnOnce(&mut Picture)) {
        if !self.desk.takes_snapshots() {
            return;
        }
        let outgrown = self.inner.in_picture(|picture| {
            let before = picture.is_too_large();
            act(picture);
            picture.is_too_large() && !before
        });
        if outgrown {
            let session = self.inner.id.as_str();
            tracing::warn!(session, "the session is too large for snapshots: its events alone are recorded");
            self.desk.grew_too_large();
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
