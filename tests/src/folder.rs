//! What lies in a data folder: looking for bytes that should be gone, and damaging bytes that should be safe.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// All files below.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        let Ok(entries) = fs::read_dir(&path) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The files whose bytes or names have this text.
pub fn grep(folder: &Path, text: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains(text))
            || fs::read(path).is_ok_and(|bytes| position(&bytes, text.as_bytes()).is_some())
    };
    files(folder).into_iter().filter(has).collect()
}

/// Where `needle` first stands.
pub fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|b| *b == first).map(|at| from + at) {
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Turns the bits of one byte at this place in a file.
pub fn flip(path: &Path, at: u64) {
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ 0x20]).unwrap();
}

/// Damages the journal record that has this text, in the middle of the text's line; says where.
pub fn damage_journal(data_dir: &Path, text: &str) -> Option<PathBuf> {
    let segments = files(&data_dir.join("journal"));
    let (path, at) = segments.iter().find_map(|path| {
        let bytes = fs::read(path).ok()?;
        position(&bytes, text.as_bytes()).map(|at| (path.clone(), at))
    })?;
    flip(&path, at as u64);
    Some(path)
}
