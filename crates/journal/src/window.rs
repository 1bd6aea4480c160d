//! A window that moves forward over a file: one large read at a time, records handed out in place. It never goes back and never
//! holds more than its step or the longest stretch asked for. Invariant: bytes the disk refuses read as zeroes, and are counted.

use std::io;

use crate::media::ReadFile;
use crate::settings::READ_PIECE;

pub(crate) struct Window {
    file: Box<dyn ReadFile>,
    /// The length of the file when it was opened.
    end: u64,
    step: usize,
    buffer: Vec<u8>,
    /// Where in the file `buffer` begins, and how much of it is filled.
    start: u64,
    filled: usize,
    /// The end of the last stretch that could not be read; 0 for none.
    unreadable_to: u64,
}

impl Window {
    pub(crate) fn new(file: Box<dyn ReadFile>, end: u64, step: usize) -> Self {
        Self { file, end, step: step.max(64), buffer: Vec::new(), start: 0, filled: 0, unreadable_to: 0 }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn file(&self) -> &dyn ReadFile {
        self.file.as_ref()
    }

    /// True if anything from `at` on, as far as it was read, had to be replaced by zeroes.
    pub(crate) fn unreadable_since(&self, at: u64) -> bool {
        self.unreadable_to > at
    }

    /// `len` bytes at `at`; `None` past the end of the file. `at` must not be before an earlier one.
    pub(crate) fn get(&mut self, at: u64, len: usize) -> Option<&[u8]> {
        if len as u64 > self.end.checked_sub(at)? {
            return None;
        }
        let offset = self.offset(at, len);
        self.buffer.get(offset..offset.checked_add(len)?)
    }

    /// All that is loaded from `at` on, at least `least` bytes or what the file still has.
    pub(crate) fn ahead(&mut self, at: u64, least: usize) -> &[u8] {
        let left = self.end.saturating_sub(at);
        let offset = self.offset(at, least.min(usize::try_from(left).unwrap_or(usize::MAX)));
        self.buffer.get(offset..self.filled).unwrap_or_default()
    }

    /// Where `at` is in the buffer, after loading what is missing for `len` bytes.
    fn offset(&mut self, at: u64, len: usize) -> usize {
        let offset = at.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        match offset {
            Some(offset) if offset.saturating_add(len) <= self.filled => offset,
            Some(offset) if offset <= self.filled => {
                self.buffer.copy_within(offset..self.filled, 0);
                self.filled -= offset;
                self.load(at, len)
            }
            _ => {
                self.filled = 0;
                self.load(at, len)
            }
        }
    }

    fn load(&mut self, at: u64, len: usize) -> usize {
        self.start = at;
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let want = len.max(self.step).min(left);
        if self.buffer.len() < want {
            self.buffer.resize(want, 0);
        }
        if let Some(space) = self.buffer.get_mut(self.filled..want) {
            let from = at.saturating_add(self.filled as u64);
            if let Some(to) = read_or_zero(self.file.as_ref(), from, space) {
                self.unreadable_to = to;
            }
        }
        self.filled = self.filled.max(want);
        0
    }
}

/// Fills `into` from `at` on. What cannot be read becomes zeroes; then the end of the last such piece is returned.
pub(crate) fn read_or_zero(file: &dyn ReadFile, at: u64, into: &mut [u8]) -> Option<u64> {
    if read_full(file, at, into).is_ok() {
        return None;
    }
    let mut unreadable = None;
    let mut from = at;
    for piece in into.chunks_mut(READ_PIECE) {
        let behind = from.saturating_add(piece.len() as u64);
        if read_full(file, from, piece).is_err() {
            piece.fill(0);
            unreadable = Some(behind);
        }
        from = behind;
    }
    unreadable
}

pub(crate) fn read_full(file: &dyn ReadFile, at: u64, into: &mut [u8]) -> io::Result<()> {
    let (mut at, mut into) = (at, into);
    while !into.is_empty() {
        match file.read_at(at, into) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                at = at.saturating_add(read as u64);
                into = into.get_mut(read..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
