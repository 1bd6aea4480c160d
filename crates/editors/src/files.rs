//! Which files an import reads.
//!
//! A file that is named is read whatever it looks like; in a folder, what is no transcript is skipped and counted. Links to
//! folders are not followed.

use crate::claude_code;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that tell whether a file is a transcript.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// A file or folder that cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct FindError {
    pub path: PathBuf,
    pub source: io::Error,
}

#[derive(Debug, Default)]
pub struct Files {
    /// In the order of their names, each once.
    pub paths: Vec<PathBuf>,
    pub bytes: u64,
    pub skipped: u64,
}

pub fn find(paths: &[PathBuf]) -> Result<Files, FindError> {
    let mut files = Files::default();
    for path in paths {
        let about = fs::metadata(path).map_err(|source| FindError { path: path.clone(), source })?;
        if about.is_dir() {
            walk(path, &mut files)?;
        } else {
            files.bytes += about.len();
            files.paths.push(path.clone());
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.paths.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

fn walk(folder: &Path, files: &mut Files) -> Result<(), FindError> {
    let cannot = |source| FindError { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder).map_err(cannot)?.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(cannot)?);
        if kind.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "jsonl") && is_transcript(&path) {
            files.bytes += fs::metadata(&path).map(|about| about.len()).unwrap_or_default();
            files.paths.push(path);
        } else {
            files.skipped += 1;
        }
    }
    Ok(())
}

/// An empty `.jsonl` is one too: that it is empty is worth saying. What cannot be opened is left to the import to report. A
/// pipe or a device is none: opening it may wait for ever.
fn is_transcript(path: &Path) -> bool {
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return false;
    }
    let Ok(file) = fs::File::open(path) else { return true };
    let mut sample = Vec::new();
    file.take(SAMPLE_BYTES).read_to_end(&mut sample).is_err()
        || sample.is_empty()
        || claude_code::looks_like(&sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_named_files_taken_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        let line = r#"{"type":"user","message":{"content":"hi"}}"#;
        fs::write(at("a/b/2.jsonl"), line).unwrap();
        fs::write(at("a/1.jsonl"), line).unwrap();
        fs::write(at("a/other.jsonl"), r#"{"kind":0}"#).unwrap();
        fs::write(at("a/notes.txt"), line).unwrap();
        let found = find(&[folder.path().to_owned(), at("a/1.jsonl"), at("a/notes.txt")]).unwrap();
        assert_eq!(found.paths, [at("a/1.jsonl"), at("a/b/2.jsonl"), at("a/notes.txt")]);
        assert_eq!(found.skipped, 2);
        let error = find(&[at("none")]).unwrap_err();
        assert!(error.to_string().contains("none"), "{error}");
    }
}
