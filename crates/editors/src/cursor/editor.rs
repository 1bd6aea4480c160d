//! Cursor as an editor: its `User` folder.
//!
//! Reads `state.vscdb` of `globalStorage` and of each workspace, and `workspace.json`. Where its root is set to a `.cursor`
//! folder, that folder's transcripts too. Invariant: no other file is opened.

use super::agent;
use super::following::Following;
use super::{CURSOR, find};
use crate::editor::{Editor, Env, Found, SessionFile, Watched};
use crate::home::{self, System};
use crate::{FindError, ReadError, Reader, sqlite};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub struct Cursor;

impl Editor for Cursor {
    fn id(&self) -> &'static str {
        CURSOR.id
    }

    fn name(&self) -> &'static str {
        CURSOR.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        Some(home::settings(env, System::this())?.join("Cursor").join("User"))
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        let mut folders = vec![root.join("globalStorage"), root.join("workspaceStorage")];
        if root.join("projects").is_dir() {
            folders.extend(agent::folders(root));
        }
        folders
    }

    fn watched(&self, root: &Path) -> Vec<Watched> {
        let there = self.chats(root).into_iter().filter(|folder| folder.is_dir());
        // extensions keep their own files beside the database
        there.map(|path| Watched { recursive: !path.ends_with("globalStorage"), path }).collect()
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let own = find::find(root, deadline)?;
        if !root.join("projects").is_dir() {
            return Ok(own);
        }
        let Some(mut all) = agent::find(root, deadline)? else { return Ok(own) };
        if let Some(own) = own {
            all.complete &= own.complete;
            all.files.extend(own.files);
            all.files.sort();
        }
        Ok(Some(all))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        let named = path.extension().is_some_and(|ending| ending == "vscdb");
        named
            && beginning.starts_with(sqlite::MAGIC)
            && memchr::memmem::find(beginning, b"cursorDiskKV").is_some()
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        match is_database(path) {
            true => find::in_database(path),
            false => agent::sessions_in(path),
        }
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        match is_database(&file.path) {
            true => Ok(Box::new(Following::new(file))),
            false => agent::open(file),
        }
    }
}

fn is_database(path: &Path) -> bool {
    path.extension().is_none_or(|ending| !["jsonl", "txt", "db"].iter().any(|other| ending == *other))
}
