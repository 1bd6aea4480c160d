//! Which files an import reads, and whose they are.
//!
//! A file that is named is told about whatever it is; in a folder, what is nobody's is skipped and counted. Links to folders are
//! not followed, devices and pipes are not opened.

use crate::editor::{EDITORS, Editor, SessionFile};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that tell whose a file is.
const SAMPLE_BYTES: u64 = 256 * 1024;
/// Endings of files that may hold chats; in folders no others are looked into.
const ENDINGS: [&str; 6] = ["jsonl", "json", "vscdb", "db", "md", "txt"];

/// A file or folder that cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct FindError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// A session of some editor, and where it lies.
pub type Source = (&'static dyn Editor, SessionFile);

#[derive(Default)]
pub struct Files {
    /// In the order of their names, each session's files once.
    pub sources: Vec<Source>,
    /// Files that hold nothing that is known, or cannot be read, and why: those that were named, and those of a known name.
    pub refused: Vec<(PathBuf, String)>,
    /// Other files in folders.
    pub skipped: u64,
}

impl Files {
    pub fn bytes(&self) -> u64 {
        self.sources.iter().map(|(_, file)| file.bytes).sum()
    }
}

/// What these files and folders hold.
pub fn find(paths: &[PathBuf]) -> Result<Files, FindError> {
    let mut search = Search::default();
    for path in paths {
        let about = fs::metadata(path).map_err(|source| FindError { path: path.clone(), source })?;
        if about.is_dir() {
            search.walk(path)?;
        } else {
            search.take(path, true);
        }
    }
    Ok(search.files)
}

/// Whose file this is; none where nobody knows it or it cannot be opened.
pub fn editor_of(path: &Path) -> Option<&'static dyn Editor> {
    let mut beginning = Vec::new();
    fs::File::open(path).ok()?.take(SAMPLE_BYTES).read_to_end(&mut beginning).ok()?;
    EDITORS.iter().copied().find(|editor| editor.recognizes(path, &beginning))
}

#[derive(Default)]
struct Search {
    files: Files,
    seen: HashSet<(&'static str, String, PathBuf)>,
}

impl Search {
    fn walk(&mut self, folder: &Path) -> Result<(), FindError> {
        let cannot = |source| FindError { path: folder.to_owned(), source };
        let entries = fs::read_dir(folder).map_err(cannot)?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type().map_err(cannot)?);
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if kind.is_dir() {
                self.walk(&path)?;
            } else if ENDINGS.contains(&ending) && fs::metadata(&path).is_ok_and(|about| about.is_file()) {
                self.take(&path, false);
            } else {
                self.files.skipped += 1;
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, named: bool) {
        let Some(editor) = editor_of(path) else {
            match named {
                true => self.files.refused.push((path.to_owned(), why_nobodys(path))),
                false => self.files.skipped += 1,
            }
            return;
        };
        match editor.sessions_in(path) {
            Ok(found) if found.is_empty() && !named => self.files.skipped += 1,
            Ok(found) if found.is_empty() => {
                let why = format!("a file of {} without a session", editor.name());
                self.files.refused.push((path.to_owned(), why));
            }
            Ok(found) => found.into_iter().for_each(|file| self.source(editor, file)),
            Err(error) => self.files.refused.push((path.to_owned(), error.to_string())),
        }
    }

    fn source(&mut self, editor: &'static dyn Editor, file: SessionFile) {
        if self.seen.insert((editor.id(), file.session_id.clone(), file.path.clone())) {
            self.files.sources.push((editor, file));
        }
    }
}

fn why_nobodys(path: &Path) -> String {
    match fs::File::open(path).and_then(|file| file.metadata()) {
        Err(error) => error.to_string(),
        Ok(about) if about.len() == 0 => "the file is empty, nothing is left in it".to_owned(),
        Ok(_) => "no session of an editor that is known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_named_files_are_told_about() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        let line = r#"{"type":"user","message":{"content":"hi"}}"#;
        fs::write(at("a/b/2.jsonl"), line).unwrap();
        fs::write(at("a/1.jsonl"), line).unwrap();
        fs::write(at("a/other.jsonl"), r#"{"kindly":0}"#).unwrap();
        fs::write(at("a/notes.txt"), "not a chat").unwrap();
        fs::write(at("empty.jsonl"), "").unwrap();
        let named = [folder.path().to_owned(), at("a/1.jsonl"), at("a/notes.txt"), at("empty.jsonl")];
        let found = find(&named).unwrap();
        let paths: Vec<_> = found.sources.iter().map(|(_, file)| file.path.clone()).collect();
        assert_eq!(paths, [at("a/1.jsonl"), at("a/b/2.jsonl")]);
        assert_eq!(found.skipped, 3);
        let refused: Vec<_> = found.refused.iter().map(|(path, why)| (path.clone(), why.as_str())).collect();
        assert_eq!(
            refused,
            [
                (at("a/notes.txt"), "no session of an editor that is known"),
                (at("empty.jsonl"), "the file is empty, nothing is left in it"),
            ]
        );
        let error = find(&[at("none")]).err().unwrap();
        assert!(error.to_string().contains("none"), "{error}");
    }
}
