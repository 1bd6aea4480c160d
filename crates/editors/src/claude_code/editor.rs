//! Claude Code as an editor: `projects/` below its folder, a file a session.
//!
//! Reads `projects/**/*.jsonl` and `history.jsonl`, and nothing else of the folder. Never follows a link out of it. Invariant: a session is named
//! as reading its file would name it.

use super::history::HISTORY;
use super::{EDITING, head, looks_like, names::FileName, open};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::prompts_only::is_list;
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, home};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Folders within each other that are searched: project, session, `subagents`, `workflows`, and one to spare.
const DEPTH: usize = 5;

/// Time after the last change of a transcript at which Claude Code deletes it, unless its own settings say otherwise.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub struct ClaudeCode;

impl Editor for ClaudeCode {
    fn id(&self) -> &'static str {
        EDITING.id
    }

    fn name(&self) -> &'static str {
        EDITING.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::own_folder(env, Some("CLAUDE_CONFIG_DIR"), ".claude")
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        vec![root.join("projects")]
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let projects = root.join("projects");
        let (mut walk, mut files) = (Walk::until(deadline), Vec::new());
        let searched = walk.files(&projects, DEPTH, &mut |path, about| {
            files.extend(is_named_so(path).then(|| session_file(path, about).ok()).flatten());
        });
        if !walk::is_there(searched, &projects)? {
            return Ok(None);
        }
        if walk.complete {
            HISTORY.add(root, &mut files);
        }
        Ok(Some(walk.found(files)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        looks_like(beginning)
            || (is_named_so(path) && beginning.is_empty() && FileName::of(path).own_session_id().is_some())
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        Ok(vec![session_file(path, &about)?])
    }

    fn workspace(&self, file: &SessionFile) -> Option<String> {
        if is_list(&file.path) {
            return file.workspace.clone();
        }
        Some(head(&file.path).ok()?.start.get("workspace")?.as_str()?.to_owned())
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
    let session_id = match FileName::of(path).own_session_id() {
        Some(id) => id,
        None => head(path)?.session_id,
    };
    let mut file = SessionFile::new(session_id, path, about);
    file.expires = file.modified.map(|modified| modified + KEPT);
    Ok(file)
}
