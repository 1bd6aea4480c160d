//! The real disk: plain files in two folders. Owns no file beyond a call or a handle; never follows a name out of its folder.
//! Invariant: folders are 0700 and files 0600 from their first moment on (Unix).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::media::{AppendFile, Folder, Media, ReadFile};

/// A journal folder and a quarantine folder on a real file system.
#[derive(Debug)]
pub struct DiskMedia {
    journal: PathBuf,
    quarantine: PathBuf,
}

impl DiskMedia {
    /// Makes both folders where they are missing, and synced in their parents: a lost folder would lose every record in it.
    pub fn open(journal: impl Into<PathBuf>, quarantine: impl Into<PathBuf>) -> io::Result<Self> {
        let media = Self { journal: journal.into(), quarantine: quarantine.into() };
        make_folder(&media.journal)?;
        make_folder(&media.quarantine)?;
        Ok(media)
    }

    fn folder(&self, folder: Folder) -> &Path {
        match folder {
            Folder::Journal => &self.journal,
            Folder::Quarantine => &self.quarantine,
        }
    }

    fn path(&self, folder: Folder, name: &str) -> io::Result<PathBuf> {
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a file name of the journal is plain"));
        }
        Ok(self.folder(folder).join(name))
    }
}

impl Media for DiskMedia {
    fn list(&self, folder: Folder) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder(folder))? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, folder: Folder, name: &str) -> io::Result<Box<dyn AppendFile>> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Box::new(DiskFile(options.open(self.path(folder, name)?)?)))
    }

    fn read(&self, folder: Folder, name: &str) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(DiskFile(File::open(self.path(folder, name)?)?)))
    }

    fn truncate(&self, folder: Folder, name: &str, len: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(folder, name)?)?.set_len(len)
    }

    fn sync(&self, folder: Folder, name: &str) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(folder, name)?)?.sync_data()
    }

    fn remove(&self, folder: Folder, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(folder, name)?)
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        sync_folder(self.folder(folder))
    }

    #[cfg(unix)]
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let stat = rustix::fs::statvfs(&self.journal)?;
        Ok(Some(stat.f_bavail.saturating_mul(stat.f_frsize)))
    }

    #[cfg(not(unix))]
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn salt(&self) -> io::Result<u64> {
        getrandom::u64().map_err(|error| io::Error::other(error.to_string()))
    }
}

struct DiskFile(File);

impl AppendFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

impl ReadFile for DiskFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, into, at)
    }

    #[cfg(windows)]
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, into, at)
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return close_to_others(path);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.exists()) {
        make_folder(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    sync_folder(parent.unwrap_or(Path::new(".")))
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows cannot sync a folder; NTFS writes names through its own log.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
