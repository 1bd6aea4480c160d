//! All that any editor has of one project: its sessions, wherever they lie and whether the editor still lists them or not.
//!
//! Owns the comparison of folders. Never reads a chat further than to learn its project. Invariant: a session is taken where its
//! project is the folder, or lies below it, however the editor spells that; or where its files lie in the folder themselves.

mod names;

pub use names::{Project, is_same};
pub(crate) use names::{name, unescaped};

use crate::files::{self, Source};
use crate::{Editor, Found, Root, Roots};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Folders of version control: what has one is a checkout, and files in it that look like chats are its own.
const CHECKOUTS: [&str; 4] = [".git", ".hg", ".svn", ".jj"];

/// What was found, and where it was looked for.
#[derive(Default)]
pub struct Looked {
    /// Each session's files once, in the order of editors and sessions.
    pub sources: Vec<Source>,
    /// The folders that were searched.
    pub places: Vec<PathBuf>,
    /// What could not be looked at, or is nobody's though it bears a chat's name; and why.
    pub unread: Vec<(PathBuf, String)>,
    /// Sessions that say of no project.
    pub unplaced: u64,
    /// Time did not end the search.
    pub complete: bool,
}

/// Looks for the sessions of the project at `path`, which may be a folder of chat files, or a copy of one, too.
pub fn sessions(path: &Path, editors: &[&'static dyn Editor], roots: &Roots, deadline: Instant) -> Looked {
    let project = Project::at(path);
    let mut search =
        Search { looked: Looked { complete: true, ..Looked::default() }, seen: HashSet::new(), deadline };
    for editor in editors.iter().copied() {
        if let Root::At(root) = roots.of(editor) {
            search.of_project(editor, &root, &project);
        }
        search.take(editor, editor.in_project(path));
        if path.is_dir() {
            search.copy_of_root(editor, path);
        }
    }
    if is_storage(path, editors, roots) {
        search.storage(path, editors);
    }
    search.looked
}

/// Whether all files of the folder are to be looked at: no checkout, and nothing that holds an editor's own folder.
fn is_storage(path: &Path, editors: &[&'static dyn Editor], roots: &Roots) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let own = real(path);
    let holds = |editor: &&dyn Editor| match roots.of(*editor) {
        Root::At(root) => real(&root).starts_with(&own),
        Root::Off | Root::Unknown => false,
    };
    // a root itself was searched as such
    path.is_dir() && !CHECKOUTS.iter().any(|name| path.join(name).exists()) && !editors.iter().any(holds)
}

struct Search {
    looked: Looked,
    seen: HashSet<(&'static str, String, PathBuf)>,
    deadline: Instant,
}

impl Search {
    fn of_project(&mut self, editor: &'static dyn Editor, root: &Path, project: &Project) {
        let Some(found) = self.found(editor, root) else { return };
        let mut wanted = Vec::new();
        let mut ids: BTreeSet<String> = BTreeSet::new();
        let mut others = Vec::new();
        for file in found.files {
            match editor.workspace(&file) {
                Some(workspace) if project.holds(&workspace) => {
                    ids.insert(file.session_id.clone());
                    wanted.push(file);
                }
                workspace => others.push((file, workspace)),
            }
        }
        for (file, workspace) in others {
            let parent = file.session_id.split_once('/').map(|(parent, _)| parent);
            match workspace {
                // a part of a session, or another copy of it, that says of no project itself
                None if ids.contains(parent.unwrap_or(&file.session_id)) => wanted.push(file),
                None => self.looked.unplaced += 1,
                Some(_) => {}
            }
        }
        wanted.sort();
        self.take(editor, wanted);
    }

    /// The folder itself may be an editor's, or a copy of one.
    fn copy_of_root(&mut self, editor: &'static dyn Editor, path: &Path) {
        if let Some(found) = self.found(editor, path) {
            self.take(editor, found.files);
        }
    }

    fn found(&mut self, editor: &'static dyn Editor, root: &Path) -> Option<Found> {
        match editor.find(root, self.deadline) {
            Ok(found) => {
                self.looked.places.extend(editor.chats(root).into_iter().filter(|folder| folder.is_dir()));
                let found = found?;
                self.looked.complete &= found.complete;
                Some(found)
            }
            Err(error) => {
                self.looked.unread.push((error.path.clone(), error.source.to_string()));
                None
            }
        }
    }

    fn storage(&mut self, path: &Path, editors: &[&'static dyn Editor]) {
        self.looked.places.push(path.to_owned());
        match files::find(&[path.to_owned()]) {
            Ok(found) => {
                let wanted = |editor: &dyn Editor| editors.iter().any(|wanted| wanted.id() == editor.id());
                for (editor, file) in found.sources.into_iter().filter(|(editor, _)| wanted(*editor)) {
                    self.take(editor, vec![file]);
                }
                self.looked.unread.extend(found.refused);
            }
            Err(error) => self.looked.unread.push((error.path.clone(), error.source.to_string())),
        }
    }

    fn take(&mut self, editor: &'static dyn Editor, files: Vec<crate::SessionFile>) {
        for file in files {
            let real = file.path.canonicalize().unwrap_or_else(|_| file.path.clone());
            if self.seen.insert((editor.id(), file.session_id.clone(), real)) {
                self.looked.sources.push((editor, file));
            }
        }
    }
}

#[cfg(test)]
mod tests;
