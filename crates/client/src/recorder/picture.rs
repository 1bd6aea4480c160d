//! What a session looks like so far, for its snapshots.
//!
//! Owns messages and tool calls up to a number of bytes; beyond it, it lets go of all of them and stays empty. Does no I/O.
//! Invariant: a picture is made of the session's own calls alone, and it is whole or not there.

use super::event::{Message, SessionStart, SessionUpdate, ToolCall, ToolResult};
use chasm_protocol::session::{SnapshotBody, SnapshotMessage, SnapshotToolCall};
use chasm_protocol::{Content, Role, Timestamp};
use serde_json::{Map, Value};

/// What a message or call costs beside its text, roughly.
const OVERHEAD: usize = 256;

#[derive(Debug)]
pub struct Picture {
    body: SnapshotBody,
    bytes: usize,
    limit: usize,
    /// It has the session from its beginning.
    whole: bool,
    changed: bool,
    too_large: bool,
}

impl Picture {
    pub fn new(limit: usize, whole: bool) -> Self {
        let body = SnapshotBody {
            title: None,
            provider: None,
            model: None,
            workspace: None,
            editor: None,
            messages: Vec::new(),
            tool_calls: Vec::new(),
            rest: Map::new(),
        };
        Self { body, bytes: 0, limit, whole, changed: false, too_large: false }
    }

    pub fn start(&mut self, start: &SessionStart) {
        let body = &mut self.body;
        for (place, value) in [
            (&mut body.title, &start.title),
            (&mut body.provider, &start.provider),
            (&mut body.model, &start.model),
            (&mut body.workspace, &start.workspace),
            (&mut body.editor, &start.editor),
        ] {
            if value.is_some() {
                place.clone_from(value);
            }
        }
    }

    pub fn update(&mut self, update: &SessionUpdate) {
        let start = SessionStart {
            title: update.title.clone(),
            model: update.model.clone(),
            ..SessionStart::default()
        };
        self.start(&start);
        self.changed = true;
    }

    pub fn message(&mut self, message: &Message, at: Timestamp) {
        if !self.grows(message.content.weight() + OVERHEAD) {
            return;
        }
        let id = message.message_id.as_deref();
        if let Some(known) = self.body.messages.iter_mut().rev().find(|m| m.message_id.as_deref() == id) {
            self.bytes = self.bytes.saturating_sub(known.content.weight() + OVERHEAD);
            known.content = message.content.clone();
            known.partial = message.partial;
            return;
        }
        self.body.messages.push(SnapshotMessage {
            role: message.role,
            content: message.content.clone(),
            message_id: message.message_id.clone(),
            timestamp: Some(at),
            model: message.model.clone(),
            partial: message.partial,
            rest: Map::new(),
        });
    }

    pub fn delta(&mut self, message_id: &str, delta: &str, at: Timestamp) {
        if !self.grows(delta.len()) {
            return;
        }
        let known = self.body.messages.iter_mut().rev().find(|m| m.message_id.as_deref() == Some(message_id));
        if let Some(known) = known {
            known.content.push_str(delta);
            return;
        }
        // The end of a message whose beginning another process had would not be that message.
        if !self.whole {
            return;
        }
        self.message(
            &Message { message_id: Some(message_id.to_owned()), ..Message::text(Role::Assistant, delta) },
            at,
        );
        self.bytes = self.bytes.saturating_sub(delta.len());
    }

    pub fn tool_call(&mut self, call: &ToolCall, at: Timestamp) {
        if !self.grows(weight(call.arguments.as_ref()) + call.name.len() + OVERHEAD) {
            return;
        }
        self.body.tool_calls.push(SnapshotToolCall {
            name: call.name.clone(),
            call_id: call.call_id.clone(),
            message_id: call.message_id.clone(),
            arguments: call.arguments.clone(),
            output: None,
            is_error: None,
            timestamp: Some(at),
            rest: Map::new(),
        });
    }

    pub fn tool_result(&mut self, result: &ToolResult) {
        let Some(id) = result.call_id.as_deref() else { return };
        if !self.grows(weight(result.output.as_ref())) {
            return;
        }
        let call = self.body.tool_calls.iter_mut().rev().find(|call| call.call_id.as_deref() == Some(id));
        if let Some(call) = call {
            call.output.clone_from(&result.output);
            call.is_error = result.is_error;
        }
    }

    /// The whole of it where it changed since the last time; it counts as told until [`Picture::untold`].
    pub fn take_changed(&mut self) -> Option<SnapshotBody> {
        if !self.changed || self.too_large || self.body.messages.is_empty() {
            return None;
        }
        self.changed = false;
        Some(self.body.clone())
    }

    /// It did not get through.
    pub fn untold(&mut self) {
        self.changed = true;
    }

    pub fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// Whether there is room for so many bytes more.
    fn grows(&mut self, bytes: usize) -> bool {
        if self.too_large {
            return false;
        }
        self.changed = true;
        self.bytes += bytes;
        if self.bytes > self.limit {
            self.too_large = true;
            self.body.messages = Vec::new();
            self.body.tool_calls = Vec::new();
        }
        !self.too_large
    }
}

fn weight(value: Option<&Value>) -> usize {
    value.map_or(0, |value| Content::Parts(vec![value.clone()]).weight())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, text: &str) -> Message {
        Message { message_id: Some(id.into()), ..Message::text(Role::User, text) }
    }

    #[test]
    fn a_picture_has_what_was_said_once() {
        let mut picture = Picture::new(10_000, true);
        let at = Timestamp::from_micros(1);
        picture.message(&message("a", "one"), at);
        picture.message(&message("a", "two"), at);
        picture.delta("b", "Hel", at);
        picture.delta("b", "lo", at);
        picture
            .tool_call(&ToolCall { name: "ls".into(), call_id: Some("c".into()), ..ToolCall::default() }, at);
        picture.tool_result(&ToolResult {
            call_id: Some("c".into()),
            output: Some("x".into()),
            ..ToolResult::default()
        });
        let body = picture.take_changed().unwrap();
        let texts: Vec<_> = body.messages.iter().map(|m| m.content.text().into_owned()).collect();
        assert_eq!(texts, ["two", "Hello"]);
        assert_eq!(body.tool_calls[0].output, Some("x".into()));
        assert!(picture.take_changed().is_none());
        picture.untold();
        assert!(picture.take_changed().is_some());
    }

    #[test]
    fn beyond_its_bound_it_lets_go_of_all_and_stays_empty() {
        let mut picture = Picture::new(4_000, true);
        let at = Timestamp::from_micros(1);
        for n in 0..100 {
            picture.message(&message(&n.to_string(), &"x".repeat(100)), at);
        }
        assert!(picture.is_too_large() && picture.take_changed().is_none());
        assert!(picture.body.messages.is_empty());
        // One message that is written again and again does not grow.
        let mut picture = Picture::new(4_000, true);
        for _ in 0..100 {
            picture.message(&message("a", &"x".repeat(100)), at);
        }
        assert!(!picture.is_too_large());
    }
}
