//! Where outboxes are: a folder a client name, in it a folder a process, in that a lock, segments and a note of what was acknowledged.
//!
//! Owns names, permissions (0700, 0600) and locks. Never reads a record. Invariant: who has a [`Claim`] is the only one that
//! touches the folder; the system gives the lock back when the process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
/// Where records that cannot be read are kept, beside the outboxes.
const DAMAGED: &str = "damaged";
const SEGMENT: &str = "log";
/// Longest name of a client in a path.
const NAME_BYTES: usize = 100;
/// Tries to make a folder of one's own, where others clear up at the same time.
const TRIES: u32 = 8;

/// A folder that this process alone works in.
#[derive(Debug)]
pub struct Claim {
    pub folder: PathBuf,
    _lock: File,
}

impl Claim {
    /// A new folder.
    pub fn new(home: &Path) -> io::Result<Self> {
        make_folder(home)?;
        let mut last = io::Error::other("no folder of one's own could be made");
        for _ in 0..TRIES {
            let folder = home.join(uuid::Uuid::now_v7().to_string());
            make_folder(&folder)?;
            // Another process may take a folder without a lock for an orphan, and clear it away.
            match Self::take(&folder) {
                Ok(Some(claim)) if folder.join(LOCK).exists() => return Ok(claim),
                Ok(_) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// `None` where its owner lives, or the folder is gone.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        let lock = match new_file().truncate(false).open(folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { folder: folder.to_owned(), _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    /// The segments with their bytes, ascending.
    pub fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if let (Some(number), true) = (number, path.extension().is_some_and(|end| end == SEGMENT)) {
                found.push((number, fs::metadata(&path)?.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    pub fn segment(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:010}.{SEGMENT}"))
    }

    /// Takes the folder away; it has nothing that is still wanted.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)
    }
}

/// Folders of processes of this client, the oldest first.
pub fn of_processes(home: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        let named = entry.file_name().to_str().is_some_and(|name| uuid::Uuid::try_parse(name).is_ok());
        if named && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The folder of all outboxes of a client of this name.
pub fn home(outboxes: &Path, name: &str) -> PathBuf {
    let mut safe = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02x}"));
        }
    }
    if safe.is_empty() {
        safe.push_str("client");
    }
    if safe.len() > NAME_BYTES {
        safe.truncate(NAME_BYTES);
        safe.push_str(&format!("-{:08x}", crc32c::crc32c(name.as_bytes())));
    }
    outboxes.join(safe)
}

/// Keeps bytes that are no record for who wants to look at them; a second time is as good as once.
pub fn set_aside(home: &Path, outbox: &Path, segment: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let folder = home.join(DAMAGED);
    make_folder(&folder)?;
    let of = outbox.file_name().and_then(|name| name.to_str()).unwrap_or("outbox");
    let path = folder.join(format!("{of}-{segment}-{offset}.bin"));
    match new_file().create_new(true).open(path) {
        Ok(mut file) => io::Write::write_all(&mut file, bytes),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// To make a file for this user alone.
pub fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time_and_is_found_when_it_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let home = home(root.path(), "a client");
        assert_eq!(home, root.path().join("a%20client"));
        let mine = Claim::new(&home).unwrap();
        let folder = mine.folder.clone();
        assert_eq!(of_processes(&home).unwrap(), std::slice::from_ref(&folder));
        assert!(Claim::take(&folder).unwrap().is_none());
        drop(mine);
        let theirs = Claim::take(&folder).unwrap().unwrap();
        theirs.remove().unwrap();
        assert!(Claim::take(&folder).unwrap().is_none());
        assert!(of_processes(&home).unwrap().is_empty());
    }

    #[test]
    fn a_name_never_leaves_its_folder() {
        let root = Path::new("/o");
        assert_eq!(home(root, "../etc"), root.join("%2e%2e%2fetc"));
        assert_eq!(home(root, ""), root.join("client"));
        assert!(home(root, &"x".repeat(900)).file_name().unwrap().len() < 255);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let home = home(root.path(), "c");
        let claim = Claim::new(&home).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&home), mode(&claim.folder), mode(&claim.folder.join(LOCK))), (0o700, 0o700, 0o600));
    }
}
