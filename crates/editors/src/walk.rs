//! Looking through folders for files of chats.
//!
//! Owns the way down, and which files may be opened. Never follows a link on its way. Invariant: files come in the order of
//! their names.

use crate::editor::{Found, SessionFile};
use crate::{FindError, ReadError};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// Takes one regular file.
pub(crate) type EachFile<'a> = &'a mut dyn FnMut(&Path, &Metadata);

pub(crate) struct Walk {
    deadline: Instant,
    /// Folders of these names are passed by.
    passed_by: &'static [&'static str],
    /// Time did not end the search.
    pub complete: bool,
}

impl Walk {
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, passed_by: &[], complete: true }
    }

    pub fn passing_by(self, passed_by: &'static [&'static str]) -> Self {
        Self { passed_by, ..self }
    }

    /// The files of a folder and of those within it, `depth` folders deep. An error only where the folder itself cannot be
    /// read; what cannot be read below it is passed over.
    pub fn files(&mut self, folder: &Path, depth: usize, each: EachFile<'_>) -> io::Result<()> {
        for entry in entries(folder)? {
            if Instant::now() >= self.deadline {
                self.complete = false;
                return Ok(());
            }
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() && depth > 1 && !self.passes_by(&entry.file_name()) {
                let _ = self.files(&path, depth - 1, each);
            } else if kind.is_file()
                && let Ok(about) = entry.metadata()
            {
                each(&path, &about);
            }
        }
        Ok(())
    }

    fn passes_by(&self, name: &OsStr) -> bool {
        self.passed_by.iter().any(|passed_by| name == *passed_by)
    }

    /// What was found, once the search has ended.
    pub fn found(self, mut files: Vec<SessionFile>) -> Found {
        files.sort();
        Found { files, complete: self.complete }
    }
}

/// Whether the folder that was searched is there.
pub(crate) fn is_there<T>(searched: io::Result<T>, folder: &Path) -> Result<bool, FindError> {
    match searched {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FindError { path: folder.to_owned(), source }),
    }
}

/// The folders that lie in this one, links left out; none where it cannot be read.
pub(crate) fn folders(folder: &Path) -> Vec<PathBuf> {
    let inner = entries(folder).unwrap_or_default().into_iter();
    inner.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()).collect()
}

/// What the file system says of a regular file that is no link.
pub(crate) fn regular(path: &Path) -> Option<Metadata> {
    fs::symlink_metadata(path).ok().filter(Metadata::is_file)
}

/// Opens a regular file. Anything else, such as a pipe, might wait for ever.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

/// Opens a regular file that is no link.
pub(crate) fn open_unlinked(path: &Path) -> Option<File> {
    regular(path).and_then(|_| File::open(path).ok())
}

/// Opens a regular file that is not empty.
pub(crate) fn open_filled(path: &Path) -> Result<(File, Metadata), ReadError> {
    let file = open(path).map_err(|source| ReadError::io(path, source))?;
    let about = file.metadata().map_err(|source| ReadError::io(path, source))?;
    match about.len() {
        0 => Err(ReadError::empty(path)),
        _ => Ok((file, about)),
    }
}

/// When a file was made, which writing it anew does not change; else when it was changed.
pub(crate) fn made(about: &Metadata) -> Option<SystemTime> {
    about.created().or_else(|_| about.modified()).ok()
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut all: Vec<DirEntry> = fs::read_dir(folder)?.filter_map(Result::ok).collect();
    all.sort_by_key(DirEntry::file_name);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn names(walk: &mut Walk, root: &Path, depth: usize) -> Vec<String> {
        let mut names = Vec::new();
        let name = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        walk.files(root, depth, &mut |path, _| names.push(name(path))).unwrap();
        names
    }

    #[test]
    fn only_regular_files_are_seen_as_deep_as_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["b/2", "a/1", "a/deep/3", "node_modules/4"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
        let later = Instant::now() + Duration::from_secs(60);
        let mut walk = Walk::until(later).passing_by(&["node_modules"]);
        assert_eq!(names(&mut walk, root, 2), ["a/1", "b/2"]);
        assert_eq!(names(&mut walk, root, 3), ["a/1", "a/deep/3", "b/2"]);
        assert!(walk.complete && walk.files(&root.join("none"), 1, &mut |_, _| ()).is_err());
        let mut late = Walk::until(Instant::now());
        assert!(names(&mut late, root, 3).is_empty() && !late.complete);
        assert_eq!(folders(&root.join("a")), [root.join("a/deep")]);
        assert!(open(&root.join("a")).is_err() && open(&root.join("a/1")).is_ok());
        assert!(made(&fs::metadata(root.join("a/1")).unwrap()).is_some());
        assert!(regular(&root.join("a/1")).is_some() && regular(&root.join("a")).is_none());
    }
}
