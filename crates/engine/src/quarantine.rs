//! The folder of damaged bytes that were set aside.
//!
//! Owns listing it and forgetting a deleted session's bytes there. Never decides what is damaged.
//! Invariant: where it cannot be told whose bytes a file holds, the user's wish to delete weighs more than the bytes.

use chasm_protocol::SessionId;
use chasm_protocol::status::DamageReport;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files that are read whole to look for a session; a damaged database is looked through in pieces of this size.
const PIECE: usize = 1024 * 1024;

/// What lies in quarantine.
pub fn list(folder: &Path) -> Vec<DamageReport> {
    let mut found: Vec<DamageReport> = files(folder)
        .into_iter()
        .map(|path| {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let bytes = fs::metadata(&path).map(|m| m.len()).unwrap_or(0);
            DamageReport { what: describe(&name), bytes, quarantined_as: Some(name) }
        })
        .collect();
    found.sort_by(|a, b| a.quarantined_as.cmp(&b.quarantined_as));
    found
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
    entries.filter_map(Result::ok).map(|e| e.path()).filter(|path| path.is_file()).collect()
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
}
