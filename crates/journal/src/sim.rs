//! A disk that exists only in memory and keeps a log of everything done to it: the twin of [`crate::DiskMedia`] for tests.
//! It never fails unless told to. Invariant: [`SimMedia::power_cut`] gives back only what a real disk could be left with.

mod crash;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::media::{AppendFile, Folder, Media, ReadFile};

pub use crash::PowerCut;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimMedia {
    state: Arc<Mutex<State>>,
}

/// What one operation is made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It fails with this error and does nothing.
    Fail(io::ErrorKind),
    /// A write fails after so many bytes; anything else as with `Fail`.
    Short(usize, io::ErrorKind),
}

#[derive(Debug, Default)]
struct State {
    /// What the disk held when its log began.
    base: Image,
    /// What a reader sees.
    live: Image,
    /// Everything that was done, in order.
    log: Vec<Op>,
    /// Operations so far, failed ones too.
    count: usize,
    troubles: BTreeMap<usize, Trouble>,
    unreadable: Vec<(String, std::ops::Range<u64>)>,
    capacity: Option<u64>,
    salts: u64,
    ticks: u64,
}

type Name = (Folder, String);

#[derive(Clone, Debug, Default)]
struct Image {
    names: BTreeMap<Name, u64>,
    files: BTreeMap<u64, Vec<u8>>,
}

/// One operation that changed something or made it last, with the number it had.
#[derive(Clone, Debug)]
struct Op {
    at: usize,
    kind: OpKind,
}

#[derive(Clone, Debug)]
enum OpKind {
    Create(Name, u64),
    Write(u64, Vec<u8>),
    Truncate(u64, u64),
    Sync(u64),
    Remove(Name),
    SyncFolder(Folder),
}

impl SimMedia {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations have been done that change something or make it last.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.state().count
    }

    /// The operation with this number (the first is 0) meets trouble.
    pub fn trouble(&self, operation: usize, trouble: Trouble) {
        self.state().troubles.insert(operation, trouble);
    }

    /// Room for so many bytes in all; `None` for no limit.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// Reading these bytes of a segment fails from now on.
    pub fn make_unreadable(&self, name: &str, bytes: std::ops::Range<u64>) {
        self.state().unreadable.push((name.into(), bytes));
    }

    /// The bytes of a file as a reader sees them.
    #[must_use]
    pub fn bytes(&self, folder: Folder, name: &str) -> Option<Vec<u8>> {
        self.state().live.file(folder, name).cloned()
    }

    /// Puts a file there, synced, as if it had always been so.
    pub fn put(&self, folder: Folder, name: &str, bytes: &[u8]) {
        let mut state = self.state();
        state.count += 1;
        let inode = state.fresh_inode();
        for kind in [
            OpKind::Create((folder, name.into()), inode),
            OpKind::Write(inode, bytes.into()),
            OpKind::Sync(inode),
            OpKind::SyncFolder(folder),
        ] {
            state.apply(kind);
        }
    }

    /// Changes the bytes of a file behind everyone's back, as rot does.
    pub fn rot(&self, folder: Folder, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(mut bytes) = self.bytes(folder, name) {
            change(&mut bytes);
            self.put(folder, name, &bytes);
        }
    }

    /// What a disk may hold if the power went before operation `operation` (or now, if there were fewer).
    #[must_use]
    pub fn power_cut(&self, operation: usize, how: PowerCut) -> Self {
        let state = self.state();
        let log = state.log.iter().filter(|op| op.at < operation).map(|op| &op.kind);
        let image = crash::after(&state.base, log, how);
        let survivor = State {
            base: image.clone(),
            live: image,
            // Other numbers than before the crash, but the same in each run.
            salts: state.salts ^ operation as u64,
            ticks: state.ticks,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(survivor)) }
    }

    /// What the disk looks like if the program was killed before operation `operation`: nothing is lost, nothing unsynced is synced.
    #[must_use]
    pub fn kill(&self, operation: usize) -> Self {
        let state = self.state();
        let log: Vec<_> = state.log.iter().filter(|op| op.at < operation).cloned().collect();
        let mut live = state.base.clone();
        log.iter().for_each(|op| live.apply(&op.kind));
        let survivor = State {
            base: state.base.clone(),
            live,
            log,
            count: state.count.min(operation),
            salts: state.salts,
            ticks: state.ticks,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(survivor)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation; says what trouble it meets.
    fn begin(&mut self) -> Option<Trouble> {
        let operation = self.count;
        self.count += 1;
        self.troubles.get(&operation).copied()
    }

    fn simple(&mut self) -> io::Result<()> {
        match self.begin() {
            Some(Trouble::Fail(kind) | Trouble::Short(_, kind)) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn apply(&mut self, kind: OpKind) {
        self.live.apply(&kind);
        self.log.push(Op { at: self.count.saturating_sub(1), kind });
    }

    fn fresh_inode(&mut self) -> u64 {
        self.live.files.last_key_value().map_or(1, |(last, _)| last + 1)
    }

    fn write(&mut self, inode: u64, bytes: &[u8]) -> io::Result<()> {
        let trouble = self.begin();
        let used: u64 = self.live.files.values().map(|file| file.len() as u64).sum();
        let room = self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used));
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let (fits, failure) = match trouble {
            Some(Trouble::Fail(kind)) => (0, Some(kind)),
            Some(Trouble::Short(fits, kind)) => (fits.min(bytes.len()), Some(kind)),
            None if room < bytes.len() => (room, Some(io::ErrorKind::StorageFull)),
            None => (bytes.len(), None),
        };
        let part = bytes.get(..fits).unwrap_or_default();
        if !part.is_empty() {
            self.apply(OpKind::Write(inode, part.into()));
        }
        failure.map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Image {
    fn inode(&self, folder: Folder, name: &str) -> io::Result<u64> {
        self.names.get(&(folder, name.into())).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file(&self, folder: Folder, name: &str) -> Option<&Vec<u8>> {
        self.files.get(self.names.get(&(folder, name.into()))?)
    }

    fn apply(&mut self, kind: &OpKind) {
        match kind {
            OpKind::Create(name, inode) => {
                self.names.insert(name.clone(), *inode);
                self.files.entry(*inode).or_default();
            }
            OpKind::Write(inode, bytes) => self.files.entry(*inode).or_default().extend_from_slice(bytes),
            OpKind::Truncate(inode, len) => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                self.files.entry(*inode).or_default().truncate(len);
            }
            OpKind::Remove(name) => {
                self.names.remove(name);
            }
            OpKind::Sync(_) | OpKind::SyncFolder(_) => {}
        }
    }
}

impl Media for SimMedia {
    fn list(&self, folder: Folder) -> io::Result<Vec<String>> {
        let state = self.state();
        Ok(state.live.names.keys().filter(|(at, _)| *at == folder).map(|(_, name)| name.clone()).collect())
    }

    fn create(&self, folder: Folder, name: &str) -> io::Result<Box<dyn AppendFile>> {
        let mut state = self.state();
        state.simple()?;
        if state.live.inode(folder, name).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.fresh_inode();
        state.apply(OpKind::Create((folder, name.into()), inode));
        Ok(Box::new(SimFile { media: self.clone(), inode, name: name.into() }))
    }

    fn read(&self, folder: Folder, name: &str) -> io::Result<Box<dyn ReadFile>> {
        let inode = self.state().live.inode(folder, name)?;
        Ok(Box::new(SimFile { media: self.clone(), inode, name: name.into() }))
    }

    fn truncate(&self, folder: Folder, name: &str, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.simple()?;
        let inode = state.live.inode(folder, name)?;
        state.apply(OpKind::Truncate(inode, len));
        Ok(())
    }

    fn sync(&self, folder: Folder, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.simple()?;
        let inode = state.live.inode(folder, name)?;
        state.apply(OpKind::Sync(inode));
        Ok(())
    }

    fn remove(&self, folder: Folder, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.simple()?;
        let inode = state.live.inode(folder, name)?;
        state.apply(OpKind::Remove((folder, name.into())));
        // Its room is free at once; whoever still has it open is not simulated.
        state.live.files.insert(inode, Vec::new());
        Ok(())
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        let mut state = self.state();
        state.simple()?;
        state.apply(OpKind::SyncFolder(folder));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let state = self.state();
        let used: u64 = state.live.files.values().map(|file| file.len() as u64).sum();
        Ok(state.capacity.map(|capacity| capacity.saturating_sub(used)))
    }

    fn now(&self) -> SystemTime {
        let mut state = self.state();
        state.ticks += 1;
        UNIX_EPOCH + Duration::from_millis(state.ticks)
    }

    fn salt(&self) -> io::Result<u64> {
        let mut state = self.state();
        state.salts = state.salts.wrapping_add(1);
        Ok(crash::mix(state.salts))
    }
}

struct SimFile {
    media: SimMedia,
    inode: u64,
    name: String,
}

impl AppendFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.media.state().write(self.inode, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.media.state();
        state.simple()?;
        state.apply(OpKind::Sync(self.inode));
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.media.state();
        state.simple()?;
        state.apply(OpKind::Truncate(self.inode, len));
        Ok(())
    }
}

impl ReadFile for SimFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.media.state().live.files.get(&self.inode).map_or(0, |file| file.len() as u64))
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let state = self.media.state();
        let end = at.saturating_add(into.len() as u64);
        if state.unreadable.iter().any(|(name, bad)| *name == self.name && bad.start < end && at < bad.end) {
            return Err(io::Error::other("bad sector"));
        }
        let file = state.live.files.get(&self.inode).map(Vec::as_slice).unwrap_or_default();
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = file.get(from..).unwrap_or_default();
        let len = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..len), rest.get(..len)) {
            into.copy_from_slice(rest);
        }
        Ok(len)
    }
}
