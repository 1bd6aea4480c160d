//! Cuts a file into lines of bytes, one at a time.
//!
//! Owns `\n`, `\r` and the byte order mark. Never decodes, never holds more than one line. Invariant: the offset of a line
//! is that of its first byte in the file.

use std::io::{self, BufRead};

/// Longest line that is read: longer ones are skipped and reported.
pub const MAX_LINE: usize = 128 * 1024 * 1024;

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// From 1, empty lines counted.
    pub number: u64,
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// It ends with `\n`; false only for the last one.
    pub ended: bool,
    /// Bytes that were skipped because the line is longer than [`MAX_LINE`]; then `bytes` is empty.
    pub skipped: u64,
}

pub struct Lines<R> {
    input: R,
    number: u64,
    offset: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Self {
        Self::from(input, 0, 0)
    }

    /// Of an input that begins behind `number` lines, at byte `offset` of its file.
    pub fn from(input: R, number: u64, offset: u64) -> Self {
        Self { input, number, offset }
    }

    /// Lines read so far, empty ones counted.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line that is not empty, or `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine>> {
        loop {
            let Some(mut line) = self.take_line(MAX_LINE)? else { return Ok(None) };
            if line.bytes.last() == Some(&b'\r') {
                line.bytes.pop();
            }
            if line.offset == 0 && line.bytes.starts_with(b"\xEF\xBB\xBF") {
                line.bytes.drain(..3);
                line.offset = 3;
            }
            if line.skipped > 0 || !line.bytes.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn take_line(&mut self, max: usize) -> io::Result<Option<RawLine>> {
        let mut line = RawLine {
            number: self.number + 1,
            offset: self.offset,
            bytes: Vec::new(),
            ended: false,
            skipped: 0,
        };
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            if line.skipped > 0 || line.bytes.len() + part.len() > max {
                line.skipped += (line.bytes.len() + part.len()) as u64;
                line.bytes = Vec::new();
            } else {
                line.bytes.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.offset += used as u64;
            if end.is_some() {
                line.ended = true;
                break;
            }
        }
        if self.offset == line.offset {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, u64, Vec<u8>, bool)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(3, bytes));
        let mut out = Vec::new();
        while let Some(l) = lines.next_line().unwrap() {
            out.push((l.number, l.offset, l.bytes, l.ended));
        }
        assert_eq!(lines.offset(), bytes.len() as u64);
        out
    }

    #[test]
    fn mark_and_returns_are_dropped_and_empty_lines_counted() {
        let got = all(b"\xEF\xBB\xBF{1}\r\n\r\n\n{2}\xE2\x80\xA8x\n{3}");
        assert_eq!(
            got,
            [
                (1, 3, b"{1}".to_vec(), true),
                (4, 11, b"{2}\xE2\x80\xA8x".to_vec(), true),
                (5, 19, b"{3}".to_vec(), false),
            ]
        );
        assert!(all(b"").is_empty());
        assert!(all(b"\n\r\n").is_empty());
    }

    #[test]
    fn too_long_a_line_is_skipped_and_the_next_one_read() {
        let mut lines = Lines::new(io::BufReader::with_capacity(4, &b"0123456789abc\nnext\n"[..]));
        let long = lines.take_line(8).unwrap().unwrap();
        assert_eq!((long.skipped, long.bytes.len(), long.ended), (13, 0, true));
        assert_eq!(lines.take_line(8).unwrap().unwrap().bytes, b"next");
    }
}
