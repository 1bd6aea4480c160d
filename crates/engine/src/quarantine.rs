//! The folder of damaged bytes that were set aside.
//!
//! Owns listing it, deleting from it and forgetting a deleted session's bytes there. Never decides what is damaged.
//! Invariant: where it cannot be told whose bytes a file holds, the user's wish to delete weighs more than the bytes.

use chasm_protocol::status::DamageReport;
use chasm_protocol::{SessionId, Timestamp};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Files that are read whole to look for a session; a damaged database is looked through in pieces of this size.
const PIECE: usize = 1024 * 1024;

/// What lies in quarantine.
pub fn list(folder: &Path) -> Vec<DamageReport> {
    let mut found: Vec<DamageReport> = files(folder)
        .into_iter()
        .map(|path| {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let found = fs::metadata(&path).ok();
            let bytes = found.as_ref().map_or(0, fs::Metadata::len);
            let at = found.and_then(|m| m.modified().ok()).map(moment);
            DamageReport { what: describe(&name), bytes, quarantined_as: Some(name), at }
        })
        .collect();
    found.sort_by(|a, b| a.quarantined_as.cmp(&b.quarantined_as));
    found
}

/// Deletes a file of the folder, for good. False where none of this very name is listed: a path is no name, and what a link leads
/// to is not ours.
pub fn delete(folder: &Path, name: &str) -> io::Result<bool> {
    let listed = files(folder).into_iter().find(|path| path.file_name().is_some_and(|n| n == name));
    let Some(path) = listed else { return Ok(false) };
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    sync(folder)?;
    Ok(true)
}

fn moment(at: SystemTime) -> Timestamp {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

fn describe(name: &str) -> String {
    let what = match name {
        n if n.starts_with("tail-") => "the half-written end of a journal segment",
        n if n.starts_with("journal-") => "damaged bytes of the journal",
        n if n.starts_with("record-") => "a journal record that could not be read",
        _ => "a damaged database",
    };
    what.to_owned()
}

/// Removes every file that names the session, and every piece of the journal: damaged bytes rarely say whose they are.
pub fn forget_session(folder: &Path, session: &SessionId) -> io::Result<()> {
    let needle = session.as_str().as_bytes();
    for path in files(folder) {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let of_journal = ["tail-", "journal-", "record-"].iter().any(|prefix| name.starts_with(prefix));
        if of_journal || contains(&path, needle)? {
            fs::remove_file(&path)?;
        }
    }
    sync(folder)
}

fn sync(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Sets aside a record that cannot be read; says under which name.
pub fn keep_record(folder: &Path, lsn: u64, bytes: &[u8]) -> io::Result<String> {
    let name = format!("record-{lsn:020}.bin");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(folder.join(&name))?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    Ok(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    // Links are not followed.
    let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    entries.filter_map(Result::ok).filter(is_file).map(|e| e.path()).collect()
}

fn contains(path: &Path, needle: &[u8]) -> io::Result<bool> {
    let mut file = fs::File::open(path)?;
    let mut window = Vec::with_capacity(PIECE + needle.len());
    let mut piece = vec![0; PIECE];
    loop {
        let n = file.read(&mut piece)?;
        window.extend_from_slice(piece.get(..n).unwrap_or_default());
        if window.windows(needle.len()).any(|w| w == needle) {
            return Ok(true);
        }
        if n == 0 {
            return Ok(false);
        }
        let keep = window.len().saturating_sub(needle.len().saturating_sub(1));
        window.drain(..keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_session_leaves_no_damaged_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("journal-1-4096.bin"), b"who knows").unwrap();
        fs::write(at("recordings-mine.db"), [vec![0; PIECE - 3], b"my-session".to_vec()].concat()).unwrap();
        fs::write(at("recordings-other.db"), b"someone else's").unwrap();
        forget_session(folder.path(), &SessionId::new("my-session").unwrap()).unwrap();
        let left: Vec<_> = list(folder.path()).into_iter().filter_map(|d| d.quarantined_as).collect();
        assert_eq!(left, ["recordings-other.db"]);
    }

    #[test]
    fn only_a_listed_name_is_deleted() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("quarantine");
        fs::create_dir_all(folder.join("sub")).unwrap();
        let outside = home.path().join("token");
        fs::write(&outside, b"secret").unwrap();
        fs::write(folder.join("record-1.bin"), b"bytes").unwrap();
        fs::write(folder.join("sub").join("deep.bin"), b"bytes").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&outside, folder.join("link.bin")).unwrap();
        let absolute = outside.display().to_string();
        let odd = [
            "",
            ".",
            "..",
            "../token",
            "sub",
            "sub/deep.bin",
            "./record-1.bin",
            "link.bin",
            "record-1.bin/",
            "record-1.bin\0",
            "*",
        ];
        for name in odd.into_iter().chain([absolute.as_str()]) {
            assert!(!delete(&folder, name).unwrap(), "{name:?}");
        }
        assert_eq!(list(&folder).len(), 1);
        assert!(list(&folder)[0].at.is_some());
        assert!(delete(&folder, "record-1.bin").unwrap());
        assert!(!delete(&folder, "record-1.bin").unwrap());
        assert!(list(&folder).is_empty() && outside.exists() && folder.join("sub/deep.bin").exists());
    }
}
