//! What the beginning of a rollout says about its session.
//!
//! Owns the look ahead that `session_start` needs. Never reads further than [`HEAD_LINES`], so that a longer version of the
//! file says the same: titles and models come with the lines that say them.

use super::item::{Item, SHAPE};
use crate::jsonl::{Lines, salvage};
use crate::sheet::{text, without};
use crate::{ids, times};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::io::{self, BufRead};
use std::path::Path;
use std::time::SystemTime;

const HEAD_LINES: usize = 20;

/// What of the first line is too long to stand twice.
const LONG: [&str; 5] = ["instructions", "base_instructions", "dynamic_tools", "context_window", "cwd"];

#[derive(Debug, Clone)]
pub struct Head {
    pub session_id: String,
    /// The first time in the beginning; the file's own where no line has one.
    pub first_at: Timestamp,
    pub workspace: Option<String>,
    /// The raw rest of what the file says of its session.
    pub about: Value,
}

impl Head {
    pub fn read(path: &Path, input: impl BufRead, made: Option<SystemTime>) -> io::Result<Self> {
        let (mut meta, mut first_at) = (None, None);
        let mut lines = Lines::new(input);
        for _ in 0..HEAD_LINES {
            let Some(line) = lines.next_line()? else { break };
            for found in salvage::read_line(&line.bytes, &SHAPE).found {
                let Value::Object(line) = found.value else { continue };
                let item = Item { line, cut: found.cut };
                first_at = first_at.or_else(|| item.timestamp());
                if meta.is_none() && item.kind() == "session_meta" {
                    meta = Some(item.payload().clone());
                }
            }
            if meta.is_some() && first_at.is_some() {
                break;
            }
        }
        let meta = meta.unwrap_or_default();
        Ok(Self {
            session_id: session_id(path, text(&meta, "id")),
            first_at: first_at.unwrap_or_else(|| times::of_file(made)),
            workspace: text(&meta, "cwd").map(str::to_owned),
            about: about(path, &meta),
        })
    }
}

fn about(path: &Path, meta: &Map<String, Value>) -> Value {
    let mut about = without(meta, &LONG).unwrap_or_else(|| json!({}));
    if let Some(about) = about.as_object_mut() {
        about.insert("file".into(), json!(path.file_name().map(|name| name.to_string_lossy())));
    }
    about
}

/// The session's id: the UUID at the end of the file's name, else what its first line says, else the file's name.
fn session_id(path: &Path, in_lines: Option<&str>) -> String {
    let stem = ids::stem(path);
    match (own_session_id(path), in_lines) {
        (Some(id), _) => id,
        (None, Some(id)) => ids::session_id("codex", id),
        (None, None) => ids::session_id("codex", &stem),
    }
}

/// The session's id where the file's name alone says it: `rollout-<time>-<uuid>.jsonl`.
pub fn own_session_id(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let rest = stem.strip_prefix("rollout-")?;
    let uuid = rest.get(rest.len().checked_sub(36)?..)?;
    let dashes = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let good = |(at, b): (usize, u8)| if dashes(at) { b == b'-' } else { b.is_ascii_hexdigit() };
    uuid.bytes().enumerate().all(good).then(|| uuid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_named_by_file_then_line() {
        let uuid = "5973b6c0-94b8-487b-a530-2aeb6098ae0e";
        let id = |name: &str, line| session_id(Path::new(name), line);
        assert_eq!(id(&format!("/s/rollout-2025-05-07T17-24-21-{uuid}.jsonl"), Some("x")), uuid);
        assert_eq!(id("/s/rollout-x.jsonl", Some("in-line")), "in-line");
        assert_eq!(id("/s/copy.jsonl", None), "copy");
    }

    #[test]
    fn the_first_meta_is_the_files() {
        let lines = "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"type\":\"session_meta\",\"payload\":{\"id\":\"a\",\"cwd\":\"/w\",\"forked_from_id\":\"p\"}}\n{\"timestamp\":\"2025-01-01T00:00:00Z\",\"type\":\"session_meta\",\"payload\":{\"id\":\"p\"}}\n";
        let head = Head::read(Path::new("x.jsonl"), lines.as_bytes(), None).unwrap();
        assert_eq!((head.session_id.as_str(), head.workspace.as_deref()), ("a", Some("/w")));
        assert_eq!((&head.about["forked_from_id"], &head.about["file"]), (&json!("p"), &json!("x.jsonl")));
        assert_eq!(head.first_at, Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    }
}
