//! What a session is called, and where it belongs.
//!
//! Owns ids and projects. Invariant: the same file, or a longer version of it, gives the same id again.

use crate::sheet::text;
use crate::{ReadError, document, ids, walk};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Longest path of a project.
const PATH_BYTES: u64 = 4096;
/// Bytes of a document in which its id mostly stands.
const HEAD_BYTES: u64 = 1024;

/// The first line of a file of lines.
pub fn is_about(line: &Map<String, Value>) -> bool {
    text(line, "sessionId").is_some() && line.contains_key("projectHash")
}

/// A message.
pub fn is_record(value: &Value) -> bool {
    let is_text = |key: &str| value.get(key).is_some_and(Value::is_string);
    is_text("id") && is_text("type") && is_text("timestamp")
}

/// A session as one document.
pub fn is_document(root: &Value) -> bool {
    let about = root.as_object().is_some_and(is_about);
    let known = |record: &Value| {
        let kind = record.get("type").and_then(Value::as_str);
        is_record(record) && matches!(kind, Some("user" | "gemini" | "info" | "error" | "warning"))
    };
    let messages = root.get("messages").and_then(Value::as_array);
    messages.is_some_and(|messages| about || messages.first().is_some_and(known))
}

pub fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl")
}

/// The session's id: a sub-agent's is named under its parent's.
pub fn session_id(path: &Path, in_file: Option<&str>) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let stem = ids::stem(path);
    let own = in_file.unwrap_or(&stem);
    match parent(path).and_then(name) {
        Some(parent) => ids::session_id("gemini", &format!("{parent}/{own}")),
        None => ids::session_id("gemini", own),
    }
}

/// The folder of a sub-agent's file: `chats/<parent>/<id>.jsonl`.
pub fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| folder.parent().is_some_and(|above| above.ends_with("chats")))
}

/// The id of a session that is one document, with as little read of it as its form allows.
pub fn of_document(path: &Path) -> Result<String, ReadError> {
    #[derive(Deserialize)]
    struct About {
        #[serde(rename = "sessionId")]
        session_id: Option<String>,
    }
    if let Some(id) = id_at_the_beginning(path) {
        return Ok(session_id(path, Some(&id)));
    }
    let bytes = document::load(path)?;
    let id = match serde_json::from_slice::<About>(&bytes) {
        Ok(about) => about.session_id,
        Err(_) => {
            let root = document::parse(&bytes, |_| false).root;
            root.get("sessionId").and_then(Value::as_str).map(str::to_owned)
        }
    };
    Ok(session_id(path, id.as_deref().filter(|id| !id.is_empty())))
}

/// The id where it is the first thing that the document says, as Gemini CLI itself writes it.
fn id_at_the_beginning(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    walk::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = text.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"sessionId\"")?;
    let value = value.trim_start().strip_prefix(':')?;
    let id = serde_json::Deserializer::from_str(value).into_iter::<String>().next()?.ok()?;
    (!id.is_empty()).then_some(id)
}

/// The project that a session's folder is of, where that says it.
pub fn project(path: &Path) -> Option<String> {
    let chats = path.ancestors().find(|folder| folder.ends_with("chats"))?;
    let file = chats.parent()?.join(".project_root");
    walk::regular(&file).filter(|about| about.len() <= PATH_BYTES)?;
    let text = fs::read_to_string(file).ok()?;
    Some(text.trim().to_owned()).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_agents_are_named_under_their_session() {
        let id = |path: &str, said| session_id(Path::new(path), said);
        assert_eq!(id("/g/tmp/h/chats/session-1-ab.json", Some("abc")), "abc");
        assert_eq!(id("/g/tmp/h/chats/session-1-ab.json", None), "session-1-ab");
        assert_eq!(id("/g/tmp/h/chats/abc/sub.jsonl", Some("sub")), "abc/sub");
    }

    #[test]
    fn the_files_of_others_are_no_gemini() {
        let is = |json: &str| is_document(&serde_json::from_str(json).unwrap());
        assert!(is(r#"{"messages":[{"id":"a","type":"gemini","timestamp":"t"}]}"#));
        assert!(is(r#"{"sessionId":"a","projectHash":"h","messages":[]}"#));
        assert!(!is(r#"{"sessionId":"a","history":[]}"#) && !is(r#"{"requests":[],"sessionId":"a"}"#));
    }
}
