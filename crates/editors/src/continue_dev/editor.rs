//! Continue as an editor: `sessions/` below its folder, a file a session.
//!
//! Reads that folder and nothing else. Invariant: a session is named after its file.

use super::{EDITING, LIST, Listed, id_of, is_session, listed, read};
use crate::document::WhenWhole;
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::sheet::read_whole;
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, Rewritten, document, home};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub struct Continue;

impl Editor for Continue {
    fn id(&self) -> &'static str {
        EDITING.id
    }

    fn name(&self) -> &'static str {
        EDITING.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::own_folder(env, Some("CONTINUE_GLOBAL_DIR"), ".continue")
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        vec![root.join("sessions")]
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let folder = root.join("sessions");
        let (mut walk, mut files) = (Walk::until(deadline), Vec::new());
        let list = listed(&folder);
        let searched = walk.files(&folder, 1, &mut |path, about| {
            if is_named_so(path) {
                files.push(session_file(path, about, list.as_ref()));
            }
        });
        Ok(walk::is_there(searched, &folder)?.then(|| walk.found(files)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        is_named_so(path) && {
            let root = document::parse(beginning, |_| false).root;
            is_session(&root) || (root.get("sessionId").is_some() && root.get("workspaceDirectory").is_some())
        }
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        let list = path.parent().and_then(listed);
        Ok(vec![session_file(path, &about, list.as_ref())])
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        let rewritten =
            Rewritten::new(file, |file, each, report| read_whole(each, report, |out| read(&file.path, out)));
        Ok(Box::new(WhenWhole::new(rewritten, vec![file.path.clone()])))
    }
}

fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
        && path.file_name().is_some_and(|name| name != LIST)
}

fn session_file(path: &Path, about: &Metadata, list: Option<&HashMap<String, Listed>>) -> SessionFile {
    let mut file = SessionFile::new(id_of(path), path, about);
    let entry = list.and_then(|list| list.get(&file.session_id));
    file.title = entry.and_then(|entry| entry.title.clone());
    file.workspace = entry.and_then(|entry| entry.workspace.clone());
    file.shown = list.map(|_| entry.is_some());
    file
}
