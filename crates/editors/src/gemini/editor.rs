//! Gemini CLI as an editor: `tmp/<project>/chats/` below its folder, a file a session.
//!
//! Reads those folders and each project's `.project_root`, and nothing else. Invariant: a session is named as reading its file
//! would name it.

use super::{EDITING, lines, looks_like, names, open};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, home};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// `chats/` and a folder for the sub-agents of a session.
const DEPTH: usize = 2;

pub struct Gemini;

impl Editor for Gemini {
    fn id(&self) -> &'static str {
        EDITING.id
    }

    fn name(&self) -> &'static str {
        EDITING.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::own_folder(env, None, ".gemini")
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        vec![root.join("tmp")]
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let projects = root.join("tmp");
        if !walk::is_there(fs::read_dir(&projects), &projects)? {
            return Ok(None);
        }
        let (mut walk, mut files) = (Walk::until(deadline), Vec::new());
        for project in walk::folders(&projects) {
            let _ = walk.files(&project.join("chats"), DEPTH, &mut |path, about| {
                files.extend(is_named_so(path).then(|| session_file(path, about).ok()).flatten());
            });
        }
        Ok(Some(walk.found(files)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        is_named_so(path) && looks_like(beginning)
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        Ok(vec![session_file(path, &about)?])
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        open(file)
    }
}

fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl" || ending == "json")
}

fn session_file(path: &Path, about: &Metadata) -> Result<SessionFile, ReadError> {
    let session_id = match names::is_lines(path) {
        true => lines::Script::of(path)?.session_id().to_owned(),
        false => names::of_document(path)?,
    };
    let mut file = SessionFile::new(session_id, path, about);
    file.workspace = names::project(path);
    Ok(file)
}
