//! The data folder: its lock, the token, `server.json`, and how a file in it is replaced.
//!
//! Never touches database, journal or quarantine. Invariant: what it writes is readable by the owner alone, and a reader sees
//! a file whole or not at all.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{}: {what}: {source}", path.display())]
    Io { path: PathBuf, what: &'static str, source: io::Error },
    #[error(
        "another recorder{} uses the data folder {}: stop it, or name another folder with --data-dir",
        pid.map(|p| format!(" (pid {p})")).unwrap_or_default(),
        path.display()
    )]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error(
        "{}: no token is in it (64 hex digits are expected): delete the file, the next start makes a new one",
        path.display()
    )]
    BadToken { path: PathBuf },
}

impl FolderError {
    fn io(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, what, source }
    }
}

/// A data folder that is ours alone as long as this value lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder where it is not there (0700), and takes its lock.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        make_private_folder(path).map_err(FolderError::io(path, "cannot make the data folder"))?;
        let path = path.canonicalize().map_err(FolderError::io(path, "cannot open the data folder"))?;
        let lock_path = path.join("lock");
        let mut lock = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(&lock_path)
            .map_err(FolderError::io(&lock_path, "cannot open"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Locked { pid: holder(&mut lock), path });
            }
            Err(TryLockError::Error(e)) => return Err(FolderError::io(&lock_path, "cannot lock")(e)),
        }
        say_pid(&mut lock).map_err(FolderError::io(&lock_path, "cannot write"))?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The token of this folder, made on first use.
    pub fn token(&self) -> Result<String, FolderError> {
        let path = self.path.join("token");
        if !path.exists() {
            let no_random = || io::Error::other("the system gives no random numbers");
            let token =
                new_token().ok_or_else(|| FolderError::io(&path, "cannot make a token")(no_random()))?;
            write_token(&self.path, &token)?;
        }
        keep_private(&path).map_err(FolderError::io(&path, "cannot take it from other users' eyes"))?;
        read_token(&self.path)
    }

    /// Says in `server.json` where the server is.
    pub fn announce(&self, server: &ServerFile) -> Result<(), FolderError> {
        let path = self.path.join("server.json");
        let text = serde_json::to_vec_pretty(server).unwrap_or_default();
        write_private(&path, &text).map_err(FolderError::io(&path, "cannot write"))
    }

    /// Takes `server.json` away, where it is still this process's.
    pub fn withdraw(&self) {
        let ours = read_server_file(&self.path).is_some_and(|server| server.pid == std::process::id());
        if ours && let Err(error) = std::fs::remove_file(self.path.join("server.json")) {
            tracing::warn!(%error, "server.json cannot be removed");
        }
    }
}

/// `server.json`: where the running server of a data folder is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// `http://127.0.0.1:8787`
    pub address: String,
    pub pid: u32,
    pub version: String,
    /// RFC 3339
    pub started_at: String,
}

/// What `server.json` of this data folder says, where there is one. It may be left over from a crash.
pub fn read_server_file(data_dir: &Path) -> Option<ServerFile> {
    serde_json::from_slice(&std::fs::read(data_dir.join("server.json")).ok()?).ok()
}

/// The token that the recorder of this data folder asks for.
pub fn read_token(data_dir: &Path) -> Result<String, FolderError> {
    let path = data_dir.join("token");
    let text = std::fs::read_to_string(&path).map_err(FolderError::io(&path, "cannot read"))?;
    let token = text.trim();
    let good = token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    if good { Ok(token.to_owned()) } else { Err(FolderError::BadToken { path }) }
}

/// A token that nobody knows; `None` where the system has no random numbers.
pub(crate) fn new_token() -> Option<String> {
    let mut random = [0u8; 32];
    getrandom::fill(&mut random).ok()?;
    Some(hex(&random))
}

/// Puts a token in the place of the one that is there.
pub(crate) fn write_token(data_dir: &Path, token: &str) -> Result<(), FolderError> {
    let path = data_dir.join("token");
    write_private(&path, format!("{token}\n").as_bytes()).map_err(FolderError::io(&path, "cannot write"))
}

/// Replaces a file in one step; the bytes and the new name are on disk when this returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // tempfile makes it 0600
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    sync_folder(folder)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn say_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

#[cfg(unix)]
fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.is_dir() {
        return match std::fs::metadata(path)?.permissions().mode() & 0o077 {
            0 => Ok(()),
            _ => std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)),
        };
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!("other users could read the token: it is 0600 again");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_recorder_is_told_folder_and_pid() {
        let home = tempfile::tempdir().unwrap();
        let first = Folder::open(home.path()).unwrap();
        let error = Folder::open(home.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
        assert!(error.contains(&*home.path().to_string_lossy()), "{error}");
        drop(first);
        Folder::open(home.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_token_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(&home.path().join("a/b")).unwrap();
        let token = folder.token().unwrap();
        assert_eq!(folder.token().unwrap(), token);
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join("token")), 0o600);
        assert_eq!(mode(&folder.path().join("lock")), 0o600);
        std::fs::write(folder.path().join("token"), "short").unwrap();
        assert!(matches!(folder.token(), Err(FolderError::BadToken { .. })));
    }
}
