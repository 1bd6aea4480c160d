//! The names of sessions and events, derived from the file alone.
//!
//! Owns ids. Invariant: the same file, or a longer version of it, gives the same ids again; ids keep to the protocol's limits.

use super::entry::Entry;
use crate::ids::{self, hash};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Longest `uuid` of a line that is used as it is.
const UUID_BYTES: usize = 64;

/// What the file's path says about its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    pub stem: String,
    /// A sub-agent's own file.
    pub is_agent: bool,
    /// The session whose folder the file lies in: `<session>/subagents/agent-x.jsonl`.
    pub parent: Option<String>,
}

impl FileName {
    pub fn of(path: &Path) -> Self {
        let stem = ids::stem(path);
        let folders: Vec<_> = path
            .parent()
            .map(|folder| folder.iter().map(|part| part.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let under = folders.iter().rposition(|part| part == "subagents");
        let parent = under.and_then(|at| at.checked_sub(1)).and_then(|at| folders.get(at)).cloned();
        Self { is_agent: stem.starts_with("agent-"), parent, stem }
    }

    /// The session's id where the path alone says it.
    pub fn own_session_id(&self) -> Option<String> {
        let known = if self.is_agent { self.parent.is_some() } else { is_uuid(&self.stem) };
        known.then(|| self.session_id(None))
    }

    /// The session's id: the file's name where that is a UUID, else what its lines say, else the file's name.
    /// A sub-agent's session is named under its parent's.
    pub fn session_id(&self, in_lines: Option<&str>) -> String {
        if self.is_agent {
            return match self.parent.as_deref().or(in_lines) {
                Some(parent) => session_id(format!("{parent}/{}", self.stem)),
                None => session_id(self.stem.clone()),
            };
        }
        match in_lines {
            Some(id) if !is_uuid(&self.stem) => session_id(id.to_owned()),
            _ => session_id(self.stem.clone()),
        }
    }
}

pub fn session_id(name: String) -> String {
    ids::session_id("claude-code", &name)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The lines met so far, by what they are and say.
#[derive(Default)]
pub struct Seen {
    uuids: HashSet<u64>,
    said: HashSet<(u64, u64)>,
    nameless: HashMap<u64, u32>,
}

impl Seen {
    /// A name for the line that is unique in the file; `None` for a copy of an earlier line.
    pub fn key(&mut self, entry: &Entry) -> Option<String> {
        let said = entry.content_hash();
        let Some(uuid) = entry.text("uuid") else {
            let nth = self.nameless.entry(said).and_modify(|n| *n += 1).or_insert(0);
            return Some(if *nth == 0 { format!("h-{said:016x}") } else { format!("h-{said:016x}-{nth}") });
        };
        let name = hash(uuid);
        if !self.said.insert((name, said)) {
            return None;
        }
        let plain = uuid.len() <= UUID_BYTES && uuid.bytes().all(|b| b.is_ascii_graphic());
        let base = if plain { uuid.to_owned() } else { format!("u-{name:016x}") };
        // An id that is used twice for different things still names the first one alone.
        Some(if self.uuids.insert(name) && !entry.cut { base } else { format!("{base}~{said:016x}") })
    }

    pub fn has(&self, uuid: &str) -> bool {
        self.uuids.contains(&hash(uuid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "50a7220d-7250-46f3-b38e-b716ce25032e";

    #[test]
    fn sessions_are_named_by_file_then_line() {
        let id = |path: &str, line| FileName::of(Path::new(path)).session_id(line);
        assert_eq!(id(&format!("/p/{UUID}.jsonl"), Some("other")), UUID);
        assert_eq!(id("/p/export.jsonl", Some("other")), "other");
        assert_eq!(id("/p/export.jsonl", None), "export");
        assert_eq!(id(&format!("/p/{UUID}/subagents/agent-a1.jsonl"), Some("x")), format!("{UUID}/agent-a1"));
        assert_eq!(id("/p/agent-a1.jsonl", Some(UUID)), format!("{UUID}/agent-a1"));
        assert_eq!(id("/p/agent-a1.jsonl", None), "agent-a1");
        let own = |path: &str| FileName::of(Path::new(path)).own_session_id();
        assert_eq!(own(&format!("/p/{UUID}.jsonl")).as_deref(), Some(UUID));
        assert_eq!(own(&format!("/p/{UUID}/subagents/agent-a1.jsonl")), Some(format!("{UUID}/agent-a1")));
        assert_eq!(own("/p/export.jsonl").or_else(|| own("/p/agent-a1.jsonl")), None);
        assert!(id("/p/x.jsonl", Some(&"x".repeat(300))).starts_with("claude-code-"));
    }

    #[test]
    fn copies_are_known_and_reused_ids_told_apart() {
        let mut seen = Seen::default();
        let mut key =
            |json: &str| seen.key(&Entry { fields: serde_json::from_str(json).unwrap(), cut: false });
        assert_eq!(key(r#"{"uuid":"a","sessionId":"1","t":1}"#).as_deref(), Some("a"));
        assert_eq!(key(r#"{"uuid":"a","sessionId":"2","t":1}"#), None);
        assert!(key(r#"{"uuid":"a","t":2}"#).is_some_and(|k| k.starts_with("a~")));
        let first = key(r#"{"type":"mode"}"#);
        assert_eq!(key(r#"{"type":"mode"}"#), first.map(|k| format!("{k}-1")));
        assert!(key(&format!(r#"{{"uuid":"{}"}}"#, "é".repeat(100))).is_some_and(|k| k.starts_with("u-")));
    }
}
