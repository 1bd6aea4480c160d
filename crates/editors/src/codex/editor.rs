//! Codex CLI as an editor: `sessions/` and `archived_sessions/` below its folder, a file a session.
//!
//! Reads rollouts, `history.jsonl` and `session_index.jsonl`, and nothing else of the folder. Invariant: a session is named as
//! reading its file would name it.

use super::history::HISTORY;
use super::index::{self, FOLDERS};
use super::{EDITING, head, looks_like, open};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::prompts_only::is_list;
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, home};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Folders within each other that are searched: year, month, day, and two to spare.
const DEPTH: usize = 6;

pub struct Codex;

impl Editor for Codex {
    fn id(&self) -> &'static str {
        EDITING.id
    }

    fn name(&self) -> &'static str {
        EDITING.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::own_folder(env, Some("CODEX_HOME"), ".codex")
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        FOLDERS.iter().map(|folder| root.join(folder)).collect()
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let (mut walk, mut files, mut there) = (Walk::until(deadline), Vec::new(), false);
        let titles = index::titles(root);
        for (folder, shown) in self.chats(root).into_iter().zip([true, false]) {
            let searched = walk.files(&folder, DEPTH, &mut |path, about| {
                if let Some(mut file) = is_named_so(path).then(|| session_file(path, about).ok()).flatten() {
                    file.title = titles.get(&file.session_id).cloned();
                    file.shown = Some(shown);
                    files.push(file);
                }
            });
            there |= walk::is_there(searched, &folder)?;
        }
        if !there {
            return Ok(None);
        }
        if walk.complete {
            HISTORY.add(root, &mut files);
        }
        Ok(Some(walk.found(files)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        looks_like(beginning) || (beginning.is_empty() && super::head::own_session_id(path).is_some())
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        let mut file = session_file(path, &about)?;
        let root = path.ancestors().find(|folder| FOLDERS.iter().any(|name| folder.ends_with(name)));
        let titles = root.and_then(Path::parent).map(index::titles).unwrap_or_default();
        file.title = titles.get(&file.session_id).cloned();
        Ok(vec![file])
    }

    fn workspace(&self, file: &SessionFile) -> Option<String> {
        match is_list(&file.path) {
            true => file.workspace.clone(),
            false => head(&file.path).ok()?.workspace,
        }
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        match is_list(&file.path) {
            true => Ok(HISTORY.open(file)),
            false => Ok(Box::new(open(&file.path)?)),
        }
    }
}

fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl")
}

fn session_file(path: &Path, about: &Metadata) -> Result<SessionFile, ReadError> {
    let session_id = match super::head::own_session_id(path) {
        Some(id) => id,
        None => head(path)?.session_id,
    };
    Ok(SessionFile::new(session_id, path, about))
}
