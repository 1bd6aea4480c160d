//! `session_index.jsonl`: the names that people gave their sessions.
//!
//! Owns that list. Never the source of anything else. Invariant: a name is handed over once.

use crate::ids::{self, hash};
use crate::jsonl::Lines;
use crate::walk;
use chasm_protocol::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const NAME: &str = "session_index.jsonl";

/// The folders below Codex's own that rollouts lie in.
pub const FOLDERS: [&str; 2] = ["sessions", "archived_sessions"];

pub struct Name {
    pub title: String,
    pub at: Option<Timestamp>,
    pub raw: Value,
}

/// The last name of each session.
pub fn titles(root: &Path) -> HashMap<String, String> {
    let mut titles = HashMap::new();
    each(&root.join(NAME), |id, name| drop(titles.insert(id, name.title)));
    titles
}

/// The names of one session, as they come.
pub struct Names {
    path: Option<PathBuf>,
    /// Size and time of the list when it was read.
    seen: Option<(u64, Option<SystemTime>)>,
    handed: HashSet<u64>,
}

impl Names {
    /// Of the list that belongs to a rollout, by where that lies.
    pub fn beside(rollout: &Path) -> Self {
        let folder = rollout.ancestors().find(|folder| FOLDERS.iter().any(|name| folder.ends_with(name)));
        let path = folder.and_then(Path::parent).map(|root| root.join(NAME));
        Self { path, seen: None, handed: HashSet::new() }
    }

    /// The names of the session that were not handed over yet.
    pub fn fresh(&mut self, session_id: &str) -> Vec<Name> {
        let Some((path, about)) = self.path.as_ref().and_then(|path| Some((path, walk::regular(path)?)))
        else {
            return Vec::new();
        };
        let now = Some((about.len(), about.modified().ok()));
        let mut fresh = Vec::new();
        if now != self.seen {
            self.seen = now;
            each(path, |id, name| {
                if id == session_id && self.handed.insert(hash(&name.raw.to_string())) {
                    fresh.push(name);
                }
            });
        }
        fresh
    }
}

/// A damaged line is passed over: the list is no place of chats.
fn each(path: &Path, mut take: impl FnMut(String, Name)) {
    let Some(file) = walk::open_unlinked(path) else { return };
    let mut lines = Lines::new(BufReader::new(file));
    while let Ok(Some(line)) = lines.next_line() {
        let Ok(raw) = serde_json::from_slice::<Value>(&line.bytes) else { continue };
        let text = |key: &str| raw.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(title)) = (text("id"), text("thread_name")) else { continue };
        let at = text("updated_at").and_then(|at| Timestamp::parse(at).ok());
        take(ids::session_id("codex", id), Name { title: title.to_owned(), at, raw });
    }
}
