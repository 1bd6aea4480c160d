//! Aider as an editor: a file in each project that it was used in.
//!
//! Reads files of one name and nothing else. It has no folder of its own: a setting names a folder of projects.

use super::scribe::Scribe;
use super::{EDITING, NAME, section};
use crate::editor::{Editor, Env, Found, SessionFile, Watched};
use crate::jsonl::{LineFile, Lines};
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder of projects, and three levels below it.
const DEPTH: usize = 4;
/// Folders that hold no projects, and many files.
const PASSED_BY: [&str; 12] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "target",
    "vendor",
    ".venv",
    "venv",
    "__pycache__",
    ".cache",
    "dist",
    "build",
];
/// Time that looking for the folders to watch may take.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Aider;

impl Editor for Aider {
    fn id(&self) -> &'static str {
        EDITING.id
    }

    fn name(&self) -> &'static str {
        EDITING.name
    }

    fn default_root(&self, _env: Env<'_>) -> Option<PathBuf> {
        None
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        vec![root.to_owned()]
    }

    /// Not the folder of all projects with everything in it: only the projects themselves.
    fn watched(&self, root: &Path) -> Vec<Watched> {
        let mut watched = Vec::new();
        let _ = Walk::until(Instant::now() + PATIENCE).passing_by(&PASSED_BY).files(
            root,
            DEPTH,
            &mut |path, _| {
                let folder = path.parent().filter(|_| is_named_so(path));
                watched.extend(folder.map(|folder| Watched { path: folder.to_owned(), recursive: false }));
            },
        );
        watched
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let (mut walk, mut files) = (Walk::until(deadline).passing_by(&PASSED_BY), Vec::new());
        let searched = walk.files(root, DEPTH, &mut |path, _| {
            if is_named_so(path) {
                files.extend(section::sessions(path).unwrap_or_default());
            }
        });
        Ok(walk::is_there(searched, root)?.then(|| walk.found(files)))
    }

    fn in_project(&self, project: &Path) -> Vec<SessionFile> {
        section::in_folder(project)
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        let mut lines = Lines::new(beginning);
        let header = |bytes: &[u8]| super::block::header(&String::from_utf8_lossy(bytes)).is_some();
        is_named_so(path) || lines.next_line().is_ok_and(|line| line.is_some_and(|line| header(&line.bytes)))
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        section::sessions(path)
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        let made = std::fs::metadata(&file.path).ok().as_ref().and_then(walk::made);
        let (id, path) = (file.session_id.clone(), file.path.clone());
        Ok(Box::new(LineFile::of(&file.path, move || Scribe::new(id.clone(), &path, made))))
    }
}

fn is_named_so(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NAME)
}
