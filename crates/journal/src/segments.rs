//! The segment files of an open journal: the active one, the closed ones, and what a failure left lying about.
//! It decides nothing about durability. Invariant: only the active segment is written, and only at its end.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::durable::Fault;
use crate::format::{HEADER_BYTES, Header, Seal};
use crate::lsn::{Lsn, SegmentId};
use crate::media::{AppendFile, Folder, Media};

pub(crate) struct Segments {
    media: Arc<dyn Media>,
    pub active: Option<Active>,
    /// Ascending.
    closed: Vec<Closed>,
    /// A file of a segment that could not be finished and not be removed; to be removed before its name is needed.
    leftover: Option<SegmentId>,
    /// Files are removed but the folder is not synced yet: a power cut may bring them back.
    unsynced: bool,
}

pub(crate) struct Active {
    pub id: SegmentId,
    pub file: Box<dyn AppendFile>,
    pub seal: Seal,
    /// Durable bytes, and the last durable record.
    pub bytes: u64,
    pub last: Lsn,
}

/// A segment that is only read again, or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub id: SegmentId,
    pub last: Lsn,
    pub bytes: u64,
}

/// How a new segment failed.
pub(crate) enum CreateError {
    /// Nothing is there; it can be tried again.
    Write(Fault),
    /// Something is there, nobody knows what.
    Sync(Fault),
}

#[derive(Default)]
pub(crate) struct Removed {
    pub segments: usize,
    pub bytes: u64,
}

impl Segments {
    pub(crate) fn new(media: Arc<dyn Media>, closed: Vec<Closed>) -> Self {
        Self { media, active: None, closed, leftover: None, unsynced: false }
    }

    pub(crate) fn count(&self) -> usize {
        self.closed.len() + usize::from(self.active.is_some())
    }

    pub(crate) fn bytes(&self) -> u64 {
        let active = self.active.as_ref().map_or(0, |active| active.bytes);
        self.closed.iter().fold(active, |sum, segment| sum.saturating_add(segment.bytes))
    }

    /// Closes the active segment if it has a record. An empty one stays: it holds nothing, and its name is taken.
    pub(crate) fn rotate(&mut self) {
        if self.active.as_ref().is_some_and(|active| active.bytes > HEADER_BYTES) {
            self.abandon();
        }
    }

    /// Closes the active segment, whatever is in it.
    pub(crate) fn abandon(&mut self) {
        if let Some(active) = self.active.take() {
            self.closed.push(Closed { id: active.id, last: active.last, bytes: active.bytes });
        }
    }

    /// Makes a segment whose file and name are on disk before it takes its first record.
    pub(crate) fn create(&mut self, base: Lsn, after: Lsn) -> Result<(), CreateError> {
        let id = SegmentId(base.0);
        if let Some(left) = self.leftover {
            self.media.remove(Folder::Journal, &left.file_name()).map_err(|source| {
                CreateError::Write(fault(left, "cannot remove what is left of it", source))
            })?;
            self.leftover = None;
        }
        let created = self.try_create(id, after);
        if let Err(CreateError::Write(_)) = &created
            && self.media.remove(Folder::Journal, &id.file_name()).is_err()
            && self.media.read(Folder::Journal, &id.file_name()).is_ok()
        {
            self.leftover = Some(id);
        }
        created
    }

    fn try_create(&mut self, id: SegmentId, after: Lsn) -> Result<(), CreateError> {
        let write = |source| CreateError::Write(fault(id, "cannot create", source));
        let sync = |source| CreateError::Sync(fault(id, "cannot sync its creation", source));
        let since = self.media.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let created_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let header = Header { base: id, after, created_ms, salt: self.media.salt().map_err(write)? };
        let mut file = self.media.create(Folder::Journal, &id.file_name()).map_err(write)?;
        file.append(&header.encode()).map_err(write)?;
        file.sync().map_err(sync)?;
        self.media.sync_folder(Folder::Journal).map_err(sync)?;
        let last = Lsn(id.0).previous();
        self.active = Some(Active { id, file, seal: header.seal(), bytes: HEADER_BYTES, last });
        Ok(())
    }

    /// Deletes every closed segment up to `applied`, and makes that last.
    pub(crate) fn remove(&mut self, applied: Lsn) -> Result<Removed, Fault> {
        let mut removed = Removed::default();
        let mut failed = None;
        let media = &self.media;
        self.closed.retain(|segment| {
            if segment.last > applied {
                return true;
            }
            match media.remove(Folder::Journal, &segment.id.file_name()) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    failed = Some(fault(segment.id, "cannot remove", source));
                    true
                }
                _ => {
                    removed.segments += 1;
                    removed.bytes = removed.bytes.saturating_add(segment.bytes);
                    false
                }
            }
        });
        self.unsynced |= removed.segments > 0;
        if self.unsynced {
            let synced = media.sync_folder(Folder::Journal);
            synced.map_err(|source| Fault::new("cannot sync the journal folder", source))?;
            self.unsynced = false;
        }
        failed.map_or(Ok(removed), Err)
    }
}

pub(crate) fn fault(segment: SegmentId, doing: &str, source: std::io::Error) -> Fault {
    Fault::new(format!("segment {segment}: {doing}"), source)
}
