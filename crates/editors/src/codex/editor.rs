//! Codex CLI as an editor: `sessions/` and `archived_sessions/` below its folder, a file a session.
//!
//! Reads rollouts, `history.jsonl` and `session_index.jsonl`, and nothing else of the folder. Invariant: a session is named as
//! reading its file would name it.

use super::history::{History, PromptsOnly};
use super::index::{self, FOLDERS};
use super::{EDITING, head, looks_like, open};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader};
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
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
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(".codex"));
        set("CODEX_HOME").or_else(home)
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
            match searched {
                Ok(()) => there = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(FindError { path: folder, source }),
            }
        }
        if !there {
            return Ok(None);
        }
        if walk.complete {
            add_prompts(&root.join("history.jsonl"), &mut files);
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
        match PromptsOnly::is_in(&file.path) {
            true => file.workspace.clone(),
            false => head(&file.path).ok()?.workspace,
        }
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        match PromptsOnly::is_in(&file.path) {
            true => Ok(Box::new(PromptsOnly::open(file))),
            false => Ok(Box::new(open(&file.path)?)),
        }
    }
}

fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl")
}

/// Sessions whose rollout is gone: what was asked in them stands in the list of all prompts.
fn add_prompts(path: &Path, files: &mut Vec<SessionFile>) {
    let Some(about) = walk::regular(path) else { return };
    let here: HashSet<&str> = files.iter().map(|file| file.session_id.as_str()).collect();
    let gone: Vec<_> =
        History::sessions(path).into_iter().filter(|(id, _)| !here.contains(id.as_str())).collect();
    files.extend(gone.into_iter().map(|(id, said)| said.file(id, path, &about)));
}

fn session_file(path: &Path, about: &Metadata) -> Result<SessionFile, ReadError> {
    let session_id = match super::head::own_session_id(path) {
        Some(id) => id,
        None => head(path)?.session_id,
    };
    Ok(SessionFile::new(session_id, path, about))
}
