//! Names of sessions and events that are derived from an editor's files alone.
//!
//! Invariant: the same files give the same names again, on every machine.

use chasm_protocol::{SessionId, limits};
use serde_json::{Map, Value};
use std::path::Path;

/// A short hash of a text, for sets and ids.
pub fn hash(text: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(text.as_bytes());
    first_bytes(&hasher)
}

pub(crate) fn first_bytes(hasher: &blake3::Hasher) -> u64 {
    let mut out = [0; 8];
    hasher.finalize_xof().fill(&mut out);
    u64::from_be_bytes(out)
}

/// `name` where the protocol takes it as a session's id, else a hash of it under the editor's id.
pub fn session_id(editor: &str, name: &str) -> String {
    match SessionId::new(name) {
        Ok(_) => name.to_owned(),
        Err(_) => format!("{editor}-{:016x}", hash(name)),
    }
}

/// The name of a file without its ending, as ids of sessions are made of it.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The id of an event that says how a thing of this name is now. Versions of one thing sort by how much they say, so that
/// of two at the same time the recorder shows the longer one, whichever came first.
pub fn versioned(name: &str, data: &Map<String, Value>) -> String {
    let text = serde_json::to_string(data).unwrap_or_default();
    let version = format!(":{:08x}-{:016x}", text.len(), hash(&text));
    if name.len() + version.len() <= limits::EVENT_ID_BYTES && name.bytes().all(|b| b.is_ascii_graphic()) {
        return format!("{name}{version}");
    }
    format!("{:016x}{version}", hash(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_longer_version_sorts_last_and_names_keep_to_the_limits() {
        let id = |name: &str, text: &str| versioned(name, json!({ "content": text }).as_object().unwrap());
        assert!(id("a", "abc") < id("a", "abcd") && id("a", &"x".repeat(300)) < id("a", &"a".repeat(70_000)));
        assert_eq!(id("a", "abc"), id("a", "abc"));
        assert!(id(&"n".repeat(500), "x").len() <= limits::EVENT_ID_BYTES);
        assert!(id("ü", "x").is_ascii());
        assert_eq!(session_id("codex", "s-1"), "s-1");
        assert!(session_id("codex", &"x".repeat(300)).starts_with("codex-"));
    }
}
