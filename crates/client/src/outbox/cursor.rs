//! Reads the records of an outbox in their order, a piece of a file at a time.
//!
//! Owns the place that comes next and a bounded buffer. Never changes a file. Invariant: bytes that are no record are named
//! and stepped over; they never stop what stands behind them.

use super::folder::Claim;
use super::record::{self, Found, Kind};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are read at a time; a longer record is read as a whole.
const PIECE: usize = 64 * 1024;

/// A place in an outbox: a segment, and a byte in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub segment: u64,
    pub offset: u64,
}

/// What stood at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Record {
        kind: Kind,
        number: u64,
        payload: String,
        at: Mark,
        end: Mark,
    },
    /// Bytes that are no record; `torn` where they are only the beginning of one, at the end of a segment.
    Bad {
        bytes: Vec<u8>,
        at: Mark,
        end: Mark,
        torn: bool,
    },
    /// The segment is read up to the given end.
    SegmentEnd,
}

#[derive(Debug)]
pub struct Cursor {
    at: Mark,
    file: Option<File>,
    buffer: Vec<u8>,
    /// The part of the buffer that was read already.
    used: usize,
    piece: usize,
}

impl Cursor {
    pub fn at(at: Mark) -> Self {
        Self { at, file: None, buffer: Vec::new(), used: 0, piece: PIECE }
    }

    pub fn mark(&self) -> Mark {
        self.at
    }

    /// The next record of the present segment, which is `len` bytes long so far; `closed` says that it will not get longer.
    pub fn next(&mut self, claim: &Claim, len: u64, closed: bool) -> io::Result<Next> {
        let mut wanted = 1;
        loop {
            self.fill(claim, len, wanted)?;
            let left = self.buffer.get(self.used..).unwrap_or_default();
            let at_end = self.at.offset + left.len() as u64 >= len;
            match record::read(left, at_end) {
                Found::Record { kind, number, payload, used } => {
                    let (payload, at) = (payload.to_owned(), self.at);
                    self.step(used);
                    return Ok(Next::Record { kind, number, payload, at, end: self.at });
                }
                Found::Bad { used } => return Ok(self.bad(used, false)),
                // What a living writer has not finished is not torn: `len` has whole records only.
                Found::Torn if closed => return Ok(self.bad(left.len(), true)),
                Found::Torn | Found::End => return Ok(Next::SegmentEnd),
                Found::More { needed } => wanted = needed,
            }
        }
    }

    pub fn go_to(&mut self, at: Mark) {
        *self = Self { piece: self.piece, ..Self::at(at) };
    }

    fn bad(&mut self, used: usize, torn: bool) -> Next {
        let left = self.buffer.get(self.used..).unwrap_or_default();
        let (bytes, at) = (left.get(..used).unwrap_or_default().to_vec(), self.at);
        self.step(used);
        Next::Bad { bytes, at, end: self.at, torn }
    }

    fn step(&mut self, used: usize) {
        self.used += used;
        self.at.offset += used as u64;
    }

    /// Has at least `wanted` bytes in the buffer, or all up to `len`.
    fn fill(&mut self, claim: &Claim, len: u64, wanted: usize) -> io::Result<()> {
        let have = self.buffer.len() - self.used;
        let behind = len.saturating_sub(self.at.offset + have as u64);
        if have >= wanted || behind == 0 {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        if self.buffer.capacity() > 4 * self.piece.max(wanted) {
            self.buffer.shrink_to(self.piece.max(wanted));
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = File::open(claim.segment(self.at.segment))?;
                file.seek(SeekFrom::Start(self.at.offset + have as u64))?;
                none.insert(file)
            }
        };
        let more = behind.min((wanted - have).max(self.piece) as u64);
        let got = file.take(more).read_to_end(&mut self.buffer)? as u64;
        if got < more {
            let what = format!("{} is shorter than it was", claim.segment(self.at.segment).display());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn pieces_of_any_size_read_the_same(
            payloads in proptest::collection::vec("[a-z\n]{0,60}", 1..20), piece in 1usize..200, bad in 0usize..900,
        ) {
            let root = tempfile::tempdir().unwrap();
            let claim = Claim::new(root.path()).unwrap();
            let mut bytes = Vec::new();
            for (payload, number) in payloads.iter().zip(1..) {
                record::encode(Kind::Event, number, payload, &mut bytes);
            }
            if let Some(byte) = bytes.get_mut(bad) {
                *byte ^= 4;
            }
            std::fs::write(claim.segment(0), &bytes).unwrap();
            let read_all = |piece| {
                let mut cursor = Cursor { piece, ..Cursor::at(Mark::default()) };
                let (mut out, mut lost) = (Vec::new(), 0);
                loop {
                    match cursor.next(&claim, bytes.len() as u64, true).unwrap() {
                        Next::Record { number, payload, .. } => out.push((number, payload)),
                        Next::Bad { bytes, .. } => lost += bytes.len(),
                        Next::SegmentEnd => return (out, lost),
                    }
                }
            };
            let (found, lost) = read_all(piece);
            prop_assert_eq!(&(found.clone(), lost), &read_all(PIECE));
            prop_assert!(found.len() + 1 >= payloads.len());
        }
    }
}
