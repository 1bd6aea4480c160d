//! What the database of a window has of chats, `state.vscdb`.
//!
//! Owns the keys that are read: three, and no other, for the same database holds what is secret. Never locks it.

use super::index::{Index, old_sessions, typed_prompts};
use super::places::Place;
use crate::sqlite::{Database, DatabaseError};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

const TABLE: &str = "ItemTable";
const INDEX: &str = "chat.ChatSessionStore.index";
const OLD: &str = "interactive.sessions";
/// Times that a database is read again which the editor writes at that moment.
const TRIES: usize = 3;
const TYPED: &str = "memento/interactive-session";

#[derive(Debug, Default)]
pub struct Kept {
    /// The database that could be read.
    pub path: Option<PathBuf>,
    /// The list as the editor has it now; `None` where it has none or the database cannot be read.
    pub index: Option<Index>,
    /// The list of the backup, where the editor's own says nothing.
    pub before: Option<Index>,
    pub old: Vec<Map<String, Value>>,
    pub typed: Vec<Value>,
}

impl Kept {
    /// The database of a window, else its backup: the editor itself puts that in its place.
    pub fn of(place: &Place) -> Self {
        let [database, backup] = place.databases();
        let Some(mut kept) = Self::in_file(&database) else {
            return Self::in_file(&backup).unwrap_or_default();
        };
        if kept.index.as_ref().is_none_or(|index| index.entries.is_empty())
            && let Some(before) = Self::in_file(&backup)
        {
            kept.before = before.index;
            if kept.typed.is_empty() {
                kept.typed = before.typed;
            }
            if kept.old.is_empty() {
                kept.old = before.old;
            }
        }
        kept
    }

    fn in_file(path: &Path) -> Option<Self> {
        if !std::fs::symlink_metadata(path).ok()?.is_file() {
            return None;
        }
        (0..TRIES).find_map(|_| match Self::read(path) {
            Err(DatabaseError::Changed) => None,
            read => Some(read.ok()),
        })?
    }

    /// What a database has; a key that cannot be read for damage is as good as absent.
    fn read(path: &Path) -> Result<Self, DatabaseError> {
        let mut database = Database::open(path)?;
        let index = database.get(TABLE, INDEX)?;
        let mut get = |key: &str| match database.get(TABLE, key) {
            Err(error @ DatabaseError::Changed) => Err(error),
            other => Ok(other.ok().flatten().unwrap_or_default()),
        };
        Ok(Self {
            path: Some(path.to_owned()),
            index: index.map(|bytes| Index::parse(&bytes)),
            before: None,
            old: old_sessions(&get(OLD)?),
            typed: typed_prompts(&get(TYPED)?),
        })
    }

    /// What the list says of a session, now or when the editor was last closed.
    pub fn entry(&self, name: &str) -> Option<&super::index::Entry> {
        let lists = [self.index.as_ref(), self.before.as_ref()];
        lists.into_iter().flatten().find_map(|index| index.entries.get(name))
    }

    /// All sessions that the list names.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let lists = [self.index.as_ref(), self.before.as_ref()];
        lists.into_iter().flatten().flat_map(|index| index.entries.keys())
    }

    /// Whether the editor shows a session, as far as its database tells.
    pub fn shows(&self, name: &str) -> Option<bool> {
        self.index.as_ref().map(|index| index.lists(name))
    }
}
