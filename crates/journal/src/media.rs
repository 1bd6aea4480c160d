//! The disk seam: everything the journal takes from outside (files, free space, clock, randomness).
//! It never retries and never hides an error. Invariant: what `sync` and `sync_folder` confirmed survives a power cut.

use std::io;
use std::time::SystemTime;

/// The two folders of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// Segment files.
    Journal,
    /// Copies of damaged bytes.
    Quarantine,
}

/// A disk. [`crate::DiskMedia`] is the real one, [`crate::sim::SimMedia`] its twin for tests.
pub trait Media: Send + Sync + 'static {
    /// The file names in a folder, in any order.
    fn list(&self, folder: Folder) -> io::Result<Vec<String>>;
    /// A new, empty file (0600). Fails if the name is taken.
    fn create(&self, folder: Folder, name: &str) -> io::Result<Box<dyn AppendFile>>;
    fn read(&self, folder: Folder, name: &str) -> io::Result<Box<dyn ReadFile>>;
    /// Cuts a file to `len` bytes; lasting after the next `sync`.
    fn truncate(&self, folder: Folder, name: &str, len: u64) -> io::Result<()>;
    /// Makes the bytes and the length of a file last.
    fn sync(&self, folder: Folder, name: &str) -> io::Result<()>;
    /// Deletes a file; lasting after the next `sync_folder`.
    fn remove(&self, folder: Folder, name: &str) -> io::Result<()>;
    /// Makes created and deleted names last.
    fn sync_folder(&self, folder: Folder) -> io::Result<()>;
    /// What is free for this user, in bytes; `None` where the platform does not tell.
    fn free_bytes(&self) -> io::Result<Option<u64>>;
    fn now(&self) -> SystemTime;
    /// Eight bytes that nobody can guess.
    fn salt(&self) -> io::Result<u64>;
}

/// A file that grows at its end.
pub trait AppendFile: Send {
    /// Writes all of `bytes` at the end, or fails with any part of them written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// `fdatasync`: bytes and length last.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file to `len` bytes; not lasting by itself.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A file that is read at any place.
pub trait ReadFile: Send {
    fn bytes(&self) -> io::Result<u64>;
    /// Reads up to `into.len()` bytes; 0 means the end.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;
}
