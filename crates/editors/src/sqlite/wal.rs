//! The write-ahead log of a database: which pages stand in it, newer than in the database itself.
//!
//! Owns the reading of `…-wal`. Never reads `…-shm`, never checkpoints. Invariant: only frames of committed transactions whose
//! checksums fit are used, and a frame that is read later is the one that was checked.

use super::bytes::{self, u32_at};
use super::error::DatabaseError;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of the log's header.
pub const HEAD: usize = 32;
/// Bytes of a frame's header.
pub const FRAME: usize = 24;

pub struct Wal {
    file: File,
    /// Its header when it was opened.
    pub head: Vec<u8>,
    page_size: usize,
    /// Pages of the database as of the last commit; 0 where none is in the log.
    pub pages: u32,
    /// Where the latest committed frame of a page begins.
    frames: HashMap<u32, u64>,
    /// Places that a later commit would write first, with what stood there.
    pub marks: Vec<(u64, Vec<u8>)>,
    /// Where it is damaged, if commits stand behind.
    pub torn: Option<u64>,
}

/// One reading of the log from its beginning.
struct Walk {
    input: BufReader<File>,
    at: u64,
    sums: (u32, u32),
    big_endian: bool,
    salts: [u8; 8],
    frame: Vec<u8>,
}

/// Frames up to where the log ends.
#[derive(Default)]
struct Committed {
    frames: HashMap<u32, u64>,
    pages: u32,
    /// Where the last committed frame ends.
    end: u64,
    torn: Option<u64>,
}

impl Wal {
    /// `None` where there is no log. A log that says nothing has no frames.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = bytes::open(path)? else { return Ok(None) };
        let head = bytes::read_up_to(&file, 0, HEAD as u64)?;
        let page_size = page_size(&head).unwrap_or_default();
        let (mut committed, mut stopped) =
            (Committed { end: HEAD as u64, ..Committed::default() }, HEAD as u64);
        match Walk::new(&file, &head, page_size)? {
            Some(mut walk) => {
                committed = walk.run()?;
                stopped = walk.at;
            }
            None if page_size > 0 => committed.torn = Some(0),
            None => {}
        }
        let mut marks = Vec::new();
        for at in [committed.end, stopped] {
            marks.push((at, bytes::read_up_to(&file, at, FRAME as u64)?));
        }
        let Committed { frames, pages, torn, .. } = committed;
        Ok(Some(Self { file, head, page_size, pages, frames, marks, torn }))
    }

    /// Whether pages of this size are in use by it.
    pub fn fits(&self, page_size: usize) -> bool {
        self.frames.is_empty() || self.page_size == page_size
    }

    pub fn is_used(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Whether the log was not begun anew: its frames stand where they stood.
    pub fn holds(&self) -> bool {
        bytes::read_up_to(&self.file, 0, HEAD as u64).is_ok_and(|head| head == self.head)
    }

    /// Page 1 as the log has it.
    pub fn first_bytes(&self) -> Result<Option<Vec<u8>>, DatabaseError> {
        let mut page = vec![0; self.page_size];
        Ok(self.read(1, &mut page)?.then_some(page))
    }

    /// Reads a page into `buffer`; `false` where the log does not have it.
    pub fn read(&self, page: u32, buffer: &mut [u8]) -> Result<bool, DatabaseError> {
        let Some(&at) = self.frames.get(&page) else { return Ok(false) };
        let mut frame = [0; FRAME];
        let read = bytes::read_at(&self.file, at, &mut frame)
            .and_then(|()| bytes::read_at(&self.file, at + FRAME as u64, buffer));
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(DatabaseError::Changed),
            Err(error) => Err(DatabaseError::damaged(page, format!("its frame in the WAL: {error}"))),
            Ok(()) if u32_at(&frame, 0) != Some(page) => Err(DatabaseError::Changed),
            Ok(()) if frame.get(8..16) != self.head.get(16..24) => Err(DatabaseError::Changed),
            Ok(()) => Ok(true),
        }
    }
}

impl Walk {
    /// `None` where the header is no header of a log.
    fn new(file: &File, head: &[u8], page_size: usize) -> io::Result<Option<Self>> {
        let big_endian = u32_at(head, 0).is_some_and(|magic| magic & 1 == 1);
        let sums = head.get(..24).map(|head| checksum(head, (0, 0), big_endian));
        let said = u32_at(head, 24).zip(u32_at(head, 28));
        let salts = head.get(16..24).and_then(|salts| salts.try_into().ok());
        let (Some(sums), Some(salts), true) = (sums, salts, sums == said && page_size > 0) else {
            return Ok(None);
        };
        let mut input = BufReader::with_capacity(256 * 1024, file.try_clone()?);
        input.seek(SeekFrom::Start(HEAD as u64))?;
        let frame = vec![0; FRAME + page_size];
        Ok(Some(Self { input, at: HEAD as u64, sums, big_endian, salts, frame }))
    }

    /// Reads frames until one does not fit.
    fn run(&mut self) -> io::Result<Committed> {
        let mut committed = Committed { end: self.at, ..Committed::default() };
        let mut open = Vec::new();
        while self.next()? {
            let (Some(page), Some(pages)) = (u32_at(&self.frame, 0), u32_at(&self.frame, 4)) else { break };
            open.push((page, self.at));
            self.at += self.frame.len() as u64;
            if pages > 0 {
                committed.frames.extend(open.drain(..));
                (committed.pages, committed.end) = (pages, self.at);
            }
        }
        committed.torn = self.is_torn()?.then_some(self.at);
        Ok(committed)
    }

    /// Whether the next frame is one of this log. Its checksum goes on from those before it.
    fn next(&mut self) -> io::Result<bool> {
        if !self.fill()? || self.frame.get(8..16) != Some(&self.salts) || u32_at(&self.frame, 0) == Some(0) {
            return Ok(false);
        }
        let (Some(head), Some(page)) = (self.frame.get(..8), self.frame.get(FRAME..)) else {
            return Ok(false);
        };
        let sums = checksum(page, checksum(head, self.sums, self.big_endian), self.big_endian);
        if u32_at(&self.frame, 16).zip(u32_at(&self.frame, 20)) != Some(sums) {
            return Ok(false);
        }
        self.sums = sums;
        Ok(true)
    }

    fn fill(&mut self) -> io::Result<bool> {
        match self.input.read_exact(&mut self.frame) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a commit of this log stands behind the frame that did not fit: then that one is damaged, and not just the end.
    fn is_torn(&mut self) -> io::Result<bool> {
        let skip = self.frame.len() as u64;
        let mut head = [0; FRAME];
        loop {
            let behind = (self.input.stream_position()? - self.at).next_multiple_of(skip);
            self.input.seek(SeekFrom::Start(self.at + behind))?;
            match self.input.read_exact(&mut head) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            }
            if head.get(8..16) == Some(&self.salts) && u32_at(&head, 4) != Some(0) {
                return Ok(true);
            }
        }
    }
}

/// SQLite's own checksum of a log, going on from `sums`.
fn checksum(bytes: &[u8], sums: (u32, u32), big_endian: bool) -> (u32, u32) {
    let word = |bytes: &[u8]| match (<[u8; 4]>::try_from(bytes), big_endian) {
        (Ok(word), true) => u32::from_be_bytes(word),
        (Ok(word), false) => u32::from_le_bytes(word),
        (Err(_), _) => 0,
    };
    bytes.chunks_exact(8).fold(sums, |(one, two), pair| {
        let (first, second) = pair.split_at(4);
        let one = one.wrapping_add(word(first)).wrapping_add(two);
        (one, two.wrapping_add(word(second)).wrapping_add(one))
    })
}

/// The page size of a log of the known kind.
fn page_size(head: &[u8]) -> Option<usize> {
    let known = matches!(u32_at(head, 0)?, 0x377f_0682 | 0x377f_0683) && u32_at(head, 4)? == 3_007_000;
    let size = usize::try_from(u32_at(head, 8)?).ok()?;
    (known && size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size)
}
