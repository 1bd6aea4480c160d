//! A recorded session as a file that an editor opens.
//!
//! Pure functions from a session to a text; where it is written is the caller's matter. Invariant: the file is a new session of
//! the editor under an id of its own. No editor has it open, because none knows it before it is there; so a session that is
//! open at the same time is never touched.

pub mod claude_code;
pub mod vscode;

use chasm_protocol::session::{Message, SessionDetail, ToolCall};
use serde_json::Value;

/// A message or a call, in the order of reading.
#[derive(Clone, Copy)]
enum Item<'a> {
    Message(&'a Message),
    Call(&'a ToolCall),
}

impl<'a> Item<'a> {
    const fn call(&self) -> Option<&'a ToolCall> {
        match self {
            Item::Call(call) => Some(call),
            Item::Message(_) => None,
        }
    }
}

fn items(session: &SessionDetail) -> Vec<Item<'_>> {
    let messages = session.messages.iter().map(|message| (message.position, Item::Message(message)));
    let calls = session.tool_calls.iter().map(|call| (call.position, Item::Call(call)));
    let mut all: Vec<(u64, Item<'_>)> = messages.chain(calls).collect();
    all.sort_by_key(|(position, _)| *position);
    all.into_iter().map(|(_, item)| item).collect()
}

/// A UUID that is made of a name: the same name gives the same one. It bears the marks of a random one, because programs
/// refuse versions that they do not know.
pub fn uuid(name: &str) -> String {
    let mut bytes = [0; 16];
    blake3::Hasher::new().update(name.as_bytes()).finalize_xof().fill(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The id of the session that this one becomes. What has been recorded since gives another one.
pub fn new_id(session: &SessionDetail) -> String {
    let said = serde_json::to_string(&(&session.messages, &session.tool_calls)).unwrap_or_default();
    uuid(&format!("restored {} {said}", session.summary.session_id))
}

/// The folder of this machine that a session is of, as a plain path.
pub fn folder(session: &SessionDetail) -> Option<String> {
    let said = session.summary.workspace.as_deref().filter(|said| !said.is_empty())?;
    Some(crate::project::name(said)).filter(|name| !name.contains("://"))
}

/// A value as text: a string as it is, the text of content blocks, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) if parts.iter().all(|part| part_text(part).is_some()) => {
            parts.iter().filter_map(part_text).collect::<Vec<_>>().join("\n\n")
        }
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn part_text(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| part.get("text")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn uuids_are_well_formed_and_follow_their_names() {
        let id = uuid("a");
        assert_eq!((id.len(), id.as_bytes()[14], id.as_bytes()[8]), (36, b'4', b'-'));
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_eq!((uuid("a"), uuid("b") == id), (id.clone(), false));
    }

    #[test]
    fn values_are_told_as_text() {
        assert_eq!(text(&json!("a")), "a");
        assert_eq!(text(&json!([{"type": "text", "text": "a"}, "b"])), "a\n\nb");
        assert_eq!(text(&json!({"a": 1})), "{\n  \"a\": 1\n}");
    }
}
