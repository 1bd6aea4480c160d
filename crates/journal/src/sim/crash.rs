//! What a power cut leaves of a disk: synced bytes and names for certain, of the rest any part. Nothing here is random beyond its
//! seed. Invariant: bytes that were synced, and not cut since, are in every image.

use std::collections::BTreeMap;

use super::{Image, Name, OpKind};
use crate::media::Folder;

const SECTOR: usize = 512;

/// Which of the unsynced changes survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerCut {
    /// None.
    Nothing,
    /// All, and from now on they are synced.
    Everything,
    /// Of each file and folder the first so many, cut at any byte; sometimes with zeroes up to the length they would have had.
    Torn(u64),
    /// Any sectors, any names: kept, lost or zeroed one by one.
    Scattered(u64),
}

/// A change to one file that has not been synced.
enum Change<'a> {
    Write(&'a [u8]),
    Truncate(usize),
}

#[derive(Default)]
struct Unsynced<'a> {
    files: BTreeMap<u64, Vec<Change<'a>>>,
    names: BTreeMap<Folder, Vec<(&'a Name, Option<u64>)>>,
}

pub(super) fn after<'a>(base: &Image, log: impl Iterator<Item = &'a OpKind>, how: PowerCut) -> Image {
    let mut image = base.clone();
    let mut unsynced = Unsynced::default();
    for kind in log {
        match kind {
            OpKind::Create(name, inode) => {
                unsynced.names.entry(name.0).or_default().push((name, Some(*inode)));
                image.files.entry(*inode).or_default();
            }
            OpKind::Remove(name) => unsynced.names.entry(name.0).or_default().push((name, None)),
            OpKind::Write(inode, bytes) => {
                unsynced.files.entry(*inode).or_default().push(Change::Write(bytes));
            }
            OpKind::Truncate(inode, len) => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                unsynced.files.entry(*inode).or_default().push(Change::Truncate(len));
            }
            OpKind::Sync(inode) => {
                let changes = unsynced.files.remove(inode).unwrap_or_default();
                keep_all(image.files.entry(*inode).or_default(), &changes);
            }
            OpKind::SyncFolder(folder) => {
                let changes = unsynced.names.remove(folder).unwrap_or_default();
                changes.into_iter().for_each(|change| image.rename(change));
            }
        }
    }
    let mut dice = Dice::new(how);
    for (inode, changes) in unsynced.files {
        let file = image.files.entry(inode).or_default();
        match how {
            PowerCut::Nothing => {}
            PowerCut::Everything => keep_all(file, &changes),
            PowerCut::Torn(_) => tear(file, &changes, &mut dice),
            PowerCut::Scattered(_) => scatter(file, &changes, &mut dice),
        }
    }
    for changes in unsynced.names.into_values() {
        let first = dice.below(changes.len() + 1);
        for (index, change) in changes.into_iter().enumerate() {
            let kept = match how {
                PowerCut::Nothing => false,
                PowerCut::Everything => true,
                PowerCut::Torn(_) => index < first,
                PowerCut::Scattered(_) => dice.below(2) == 0,
            };
            if kept {
                image.rename(change);
            }
        }
    }
    image
}

impl Image {
    fn rename(&mut self, (name, inode): (&Name, Option<u64>)) {
        match inode {
            Some(inode) => self.names.insert(name.clone(), inode),
            None => self.names.remove(name),
        };
    }
}

fn keep_all(file: &mut Vec<u8>, changes: &[Change<'_>]) {
    for change in changes {
        match change {
            Change::Write(bytes) => file.extend_from_slice(bytes),
            Change::Truncate(len) => file.truncate(*len),
        }
    }
}

/// The first changes, the last of them in part.
fn tear(file: &mut Vec<u8>, changes: &[Change<'_>], dice: &mut Dice) {
    let mut full = file.clone();
    keep_all(&mut full, changes);
    let cut = dice.below(changes.len() + 1);
    for change in changes.iter().take(cut) {
        keep_all(file, std::slice::from_ref(change));
    }
    if let Some(Change::Write(bytes)) = changes.get(cut) {
        file.extend_from_slice(bytes.get(..dice.below(bytes.len() + 1)).unwrap_or_default());
    }
    if dice.below(3) == 0 && file.len() < full.len() {
        file.resize(full.len(), 0);
    }
}

/// Sector by sector the old content, the new one, or zeroes; a sector with synced bytes keeps those.
fn scatter(file: &mut Vec<u8>, changes: &[Change<'_>], dice: &mut Dice) {
    let synced = file.len();
    let mut full = file.clone();
    for change in changes {
        // A cut may be lost while what came before it stays.
        match change {
            Change::Truncate(_) if dice.below(2) == 0 => {}
            change => keep_all(&mut full, std::slice::from_ref(change)),
        }
    }
    file.truncate(full.len());
    let common = synced.min(full.len());
    let len = common + dice.below(full.len() - common + 1);
    let len = if dice.below(2) == 0 { full.len() } else { len };
    file.resize(len, 0);
    let mut at = common;
    while at < len {
        let end = (at / SECTOR * SECTOR + SECTOR).min(len);
        if dice.below(3) > 0
            && let (Some(into), Some(from)) = (file.get_mut(at..end), full.get(at..end))
        {
            into.copy_from_slice(from);
        }
        at = end;
    }
}

struct Dice(u64);

impl Dice {
    fn new(how: PowerCut) -> Self {
        match how {
            PowerCut::Torn(seed) | PowerCut::Scattered(seed) => Self(mix(seed)),
            PowerCut::Nothing | PowerCut::Everything => Self(0),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        usize::try_from(mix(self.0) % (limit.max(1) as u64)).unwrap_or(0)
    }
}

/// The finaliser of splitmix64.
pub(super) fn mix(seed: u64) -> u64 {
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}
