//! Copies damaged bytes aside before anything is cut. It never overwrites a file and never changes a segment.
//! Invariant: a name that is returned is on disk with all its bytes, synced.

use std::io;

use crate::lsn::SegmentId;
use crate::media::{Folder, Media, ReadFile};
use crate::settings::{QUARANTINE_TWINS, READ_PIECE};
use crate::window::{read_full, read_or_zero};

/// How a copy is named: `journal-<segment>-<byte>.bin` for damage, `tail-<segment>-<byte>.bin` for a torn tail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Damage,
    Tail,
}

/// A stretch of a segment file.
pub(crate) struct Stretch<'a> {
    pub file: &'a dyn ReadFile,
    pub segment: SegmentId,
    pub at: u64,
    pub bytes: u64,
}

pub(crate) struct Kept {
    pub name: String,
    /// The same bytes were there already.
    pub known: bool,
}

impl Stretch<'_> {
    /// Makes a lasting copy. A name that is taken by other bytes gets a number.
    pub(crate) fn keep(&self, media: &dyn Media, kind: Kind) -> io::Result<Kept> {
        for twin in 1..=QUARANTINE_TWINS {
            let name = self.name(kind, twin);
            let known = match media.read(Folder::Quarantine, &name) {
                Ok(existing) if self.is_in(existing.as_ref())? => true,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if known {
                media.sync(Folder::Quarantine, &name)?;
            } else if let Err(error) = self.copy(media, &name) {
                // Half a copy would take the name from the whole one. The bytes still stand in the segment.
                let _ = media.remove(Folder::Quarantine, &name);
                return Err(error);
            }
            media.sync_folder(Folder::Quarantine)?;
            return Ok(Kept { name, known });
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many copies of one place in the quarantine"))
    }

    pub(crate) fn is_zero(&self) -> bool {
        let only_zeroes = |piece: &[u8]| piece.iter().all(|byte| *byte == 0);
        self.pieces(|_, piece| if only_zeroes(piece) { Ok(()) } else { Err(io::ErrorKind::Other.into()) })
            .is_ok()
    }

    fn name(&self, kind: Kind, twin: u32) -> String {
        let (segment, at) = (self.segment, self.at);
        let kind = match kind {
            Kind::Damage => "journal",
            Kind::Tail => "tail",
        };
        if twin == 1 {
            format!("{kind}-{segment}-{at}.bin")
        } else {
            format!("{kind}-{segment}-{at}-{twin}.bin")
        }
    }

    fn is_in(&self, existing: &dyn ReadFile) -> io::Result<bool> {
        if existing.bytes()? != self.bytes {
            return Ok(false);
        }
        let mut other = vec![0; PIECE];
        let mut same = true;
        self.pieces(|at, piece| {
            let other = other.get_mut(..piece.len()).unwrap_or_default();
            same &= read_full(existing, at, other).is_ok() && other == piece;
            Ok(())
        })?;
        Ok(same)
    }

    fn copy(&self, media: &dyn Media, name: &str) -> io::Result<()> {
        let mut copy = media.create(Folder::Quarantine, name)?;
        self.pieces(|_, piece| copy.append(piece))?;
        copy.sync()
    }

    /// Hands out the stretch in pieces, each with its place from the beginning of the stretch.
    fn pieces(&self, mut each: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE.min(usize::try_from(self.bytes).unwrap_or(PIECE))];
        let mut done = 0;
        while done < self.bytes {
            let want = usize::try_from(self.bytes - done).unwrap_or(PIECE).min(PIECE);
            let piece = buffer.get_mut(..want).unwrap_or_default();
            read_or_zero(self.file, self.at.saturating_add(done), piece);
            each(done, piece)?;
            done = done.saturating_add(want as u64);
        }
        Ok(())
    }
}

const PIECE: usize = 64 * READ_PIECE;
