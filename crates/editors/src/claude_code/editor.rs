//! Claude Code as an editor: `projects/` below its folder, a file a session.
//!
//! Reads `projects/**/*.jsonl` and `history.jsonl`, and nothing else of the folder. Never follows a link out of it. Invariant: a session is named
//! as reading its file would name it.

use super::history::{History, PromptsOnly};
use super::{head, looks_like, names::FileName, open};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::{FindError, ReadError, Reader};
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Folders within each other that are searched: project, session, `subagents`, `workflows`, and one to spare.
const DEPTH: usize = 5;

/// Time after the last change of a transcript at which Claude Code deletes it, unless its own settings say otherwise.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub struct ClaudeCode;

impl Editor for ClaudeCode {
    fn id(&self) -> &'static str {
        "claude-code"
    }

    fn name(&self) -> &'static str {
        "Claude Code"
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(".claude"));
        set("CLAUDE_CONFIG_DIR").or_else(home)
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        vec![root.join("projects")]
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let projects = root.join("projects");
        let mut search = Search { files: Vec::new(), deadline, complete: true };
        match search.folder(&projects, DEPTH) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FindError { path: projects, source }),
        }
        if search.complete {
            search.add_prompts(&root.join("history.jsonl"));
        }
        search.files.sort();
        Ok(Some(Found { files: search.files, complete: search.complete }))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        let named = path.extension().is_some_and(|ending| ending == "jsonl");
        looks_like(beginning)
            || (named && beginning.is_empty() && FileName::of(path).own_session_id().is_some())
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        Ok(vec![session_file(path, &about)?])
    }

    fn workspace(&self, file: &SessionFile) -> Option<String> {
        if PromptsOnly::is_in(&file.path) {
            return file.workspace.clone();
        }
        Some(head(&file.path).ok()?.start.get("workspace")?.as_str()?.to_owned())
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        match PromptsOnly::is_in(&file.path) {
            true => Ok(Box::new(PromptsOnly::open(file))),
            false => Ok(Box::new(open(&file.path)?)),
        }
    }
}

struct Search {
    files: Vec<SessionFile>,
    deadline: Instant,
    complete: bool,
}

impl Search {
    /// Sessions whose file is gone: what was asked in them stands in the list of all prompts.
    fn add_prompts(&mut self, path: &Path) {
        let Ok(about) = fs::metadata(path) else { return };
        let here: HashSet<&str> = self.files.iter().map(|file| file.session_id.as_str()).collect();
        let gone: Vec<_> =
            History::sessions(path).into_iter().filter(|(id, _)| !here.contains(id.as_str())).collect();
        self.files.extend(gone.into_iter().map(|(id, said)| said.file(id, path, &about)));
    }

    /// An error only where the folder itself cannot be read; what cannot be read below it is passed over.
    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            if Instant::now() >= self.deadline {
                self.complete = false;
                return Ok(());
            }
            let Ok(entry) = entry else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth > 1 {
                let _ = self.folder(&entry.path(), depth - 1);
            } else if kind.is_file() && entry.path().extension().is_some_and(|ending| ending == "jsonl") {
                self.files
                    .extend(entry.metadata().ok().and_then(|about| session_file(&entry.path(), &about).ok()));
            }
        }
        Ok(())
    }
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
