//! The first look at a journal folder: which segments there are and what their headers say. It reads headers only.
//! Invariant: segments come in the order of their numbers; files that no journal named are left out and alone.

use std::io;

use crate::format::{HEADER_BLOCK, HEADER_BYTES, HEADER_COPY, Header, HeaderFault};
use crate::lsn::{Lsn, SegmentId};
use crate::media::{Folder, Media, ReadFile};
use crate::recover::OpenError;
use crate::segments::Closed;
use crate::window::read_full;

pub(crate) struct Surveyed {
    pub id: SegmentId,
    /// 0 where the file cannot be opened.
    pub bytes: u64,
    pub state: Headed,
}

#[derive(Debug)]
pub(crate) enum Headed {
    /// Readable; `bad_copy` says where a header stands that does not hold.
    Good { header: Header, bad_copy: Option<u64> },
    /// No header and no room for a record: a crash while the segment was made.
    Unfinished,
    /// Records, but no header to read them by.
    Lost,
    /// The disk refuses.
    Unreadable(io::Error),
}

impl Surveyed {
    pub(crate) fn header(&self) -> Option<&Header> {
        match &self.state {
            Headed::Good { header, .. } => Some(header),
            _ => None,
        }
    }

    /// The segment as one that is only kept, with `last` as its last record.
    pub(crate) fn closed(&self, last: Lsn) -> Closed {
        Closed { id: self.id, last, bytes: self.bytes }
    }
}

pub(crate) fn survey(media: &dyn Media) -> Result<Vec<Surveyed>, OpenError> {
    let names =
        media.list(Folder::Journal).map_err(|source| OpenError::io("cannot list the journal", source))?;
    let mut ids: Vec<_> = names.iter().filter_map(|name| SegmentId::from_file_name(name)).collect();
    ids.sort_unstable();
    ids.into_iter().map(|id| look(media, id)).collect()
}

fn look(media: &dyn Media, id: SegmentId) -> Result<Surveyed, OpenError> {
    let opened =
        media.read(Folder::Journal, &id.file_name()).and_then(|file| file.bytes().map(|bytes| (file, bytes)));
    let (file, bytes) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(Surveyed { id, bytes: 0, state: Headed::Unreadable(error) }),
    };
    let copies = [0, HEADER_COPY].map(|at| (at, read_header(file.as_ref(), id, at)));
    let mut bad_copy = None;
    let mut good = None;
    let mut refused = None;
    for (at, copy) in copies {
        match copy {
            Ok(header) => good = Some(header),
            Err(Unread::Format { version, flags }) => {
                return Err(OpenError::Format { segment: id, version, flags });
            }
            Err(Unread::Bad) => bad_copy = Some(at),
            Err(Unread::Refused(error)) => {
                bad_copy = Some(at);
                refused = Some(error);
            }
        }
    }
    let state = match (good, refused) {
        (Some(header), _) => Headed::Good { header, bad_copy },
        (None, Some(error)) => Headed::Unreadable(error),
        (None, None) if bytes <= HEADER_BYTES => Headed::Unfinished,
        (None, None) => Headed::Lost,
    };
    Ok(Surveyed { id, bytes, state })
}

enum Unread {
    Bad,
    Format { version: u16, flags: u16 },
    Refused(io::Error),
}

fn read_header(file: &dyn ReadFile, id: SegmentId, at: u64) -> Result<Header, Unread> {
    let mut block = [0; HEADER_BLOCK];
    match read_full(file, at, &mut block) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Unread::Bad),
        Err(error) => return Err(Unread::Refused(error)),
    }
    match Header::decode(&block) {
        Ok(header) if header.base == id && header.after.0 < id.0 => Ok(header),
        Ok(_) | Err(HeaderFault::Bad) => Err(Unread::Bad),
        Err(HeaderFault::Unknown { version, flags }) => Err(Unread::Format { version, flags }),
    }
}
