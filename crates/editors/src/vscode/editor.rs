//! A member of the family as an editor.
//!
//! Reads session files, transcripts, edited files and three keys of the windows' databases, and nothing else of the folder.
//! Never follows a link out of it.

use super::kin::VsCode;
use super::looks::looks_like;
use super::places::{self, Kind, Place};
use super::search::Search;
use super::{read, sources, transcript};
use crate::editor::{Editor, Env, Found, SessionFile, Watched};
use crate::home::System;
use crate::sqlite::MAGIC;
use crate::{FindError, ReadError, Reader, ids, walk};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(serde::Deserialize)]
struct Lock {
    pid: u32,
}

/// Longest look at the folder of one file.
const LOOK: Duration = Duration::from_secs(5);

impl Editor for VsCode {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        self.user_folder(System::this(), env)
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        places::chats(root)
    }

    fn watched(&self, root: &Path) -> Vec<Watched> {
        let user = places::user_folder(root);
        let storage = user.join("workspaceStorage");
        let mut all = vec![storage.clone()];
        let add = &mut |place: &Place| {
            let there = place.folders().into_iter().filter(|folder| folder.is_dir());
            let before = all.len();
            all.extend(there);
            // a window without chats says when it gets its first one
            if all.len() == before {
                all.push(place.folder.clone());
            }
        };
        add(&Place::global(&user));
        let later = Instant::now() + LOOK;
        places::subfolders(&storage, later, &mut |folder| add(&Place::window(folder)));
        all.sort();
        let there = all.into_iter().filter(|folder| folder.is_dir());
        there.map(|path| Watched { path, recursive: false }).collect()
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let user = places::user_folder(root);
        let storage = user.join("workspaceStorage");
        if !walk::is_there(fs::read_dir(&storage), &storage)? && !user.join("globalStorage").is_dir() {
            return Ok(None);
        }
        Ok(Some(Search::new(self, deadline).user_folder(&user)))
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        let of_window = match Place::of(path) {
            // Cursor's databases hold Cursor's own chats first of all
            Some((_, Kind::Database, _)) => beginning.starts_with(MAGIC) && !is_cursors(path),
            Some(_) => beginning.is_empty() || beginning.starts_with(b"\0"),
            None => false,
        };
        (of_window || looks_like(beginning).is_some()) && self.answers_for(path)
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        let search = Search::new(self, Instant::now() + LOOK);
        match Place::of(path) {
            Some((place, Kind::Database, _)) => Ok(search.database_alone(place)),
            Some((place, _, name)) => match search.session(place, &name) {
                // a link that someone named is read as what it points to
                none if none.is_empty() => {
                    Ok(vec![SessionFile::new(ids::session_id(self.id, &name), path, &about)])
                }
                files => Ok(files),
            },
            None => Ok(vec![SessionFile::new(read::session_id(self, path)?, path, &about)]),
        }
    }

    fn workspace(&self, file: &SessionFile) -> Option<String> {
        let paths = || std::iter::once(&file.path).chain(&file.others);
        let told = |path: &PathBuf| {
            let is_told = matches!(sources::kind(path), Ok(Kind::Transcript));
            is_told.then(|| transcript::folder(path)).flatten()
        };
        file.workspace.clone().or_else(|| paths().find_map(told))
    }

    /// A window keeps the id of its process in `vscode.lock` beside its chats.
    fn writer_lives(&self, file: &SessionFile) -> Option<bool> {
        let lock = file.path.parent()?.parent()?.join("vscode.lock");
        let about: Lock = serde_json::from_slice(&fs::read(lock).ok()?).ok()?;
        cfg!(target_os = "linux").then(|| Path::new(&format!("/proc/{}", about.pid)).is_dir())
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        read::open(*self, file)
    }
}

fn is_cursors(path: &Path) -> bool {
    super::kin::CURSOR.is_home_of(path)
}
