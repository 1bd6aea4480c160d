//! One file of JSON lines, read as far as it goes, and on from there.
//!
//! Owns the place up to which a file was read. Never holds the file open between two readings: editors replace files. A file
//! that was replaced or made shorter is read anew from its beginning, by a new reader.

use super::{LineReader, Lines, Out};
use crate::reader::{Reader, Step};
use crate::{Each, ReadError, ReadReport};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Bytes before the place of reading that tell whether the file is still the same one.
const MARK_BYTES: u64 = 64;

/// Makes the reader of a file anew.
type Make<R> = Box<dyn Fn(&Path) -> Result<R, ReadError> + Send>;

pub struct LineFile<R> {
    path: PathBuf,
    make: Make<R>,
    reader: R,
    /// Where the next line begins.
    offset: u64,
    /// Lines before it.
    number: u64,
    /// The last bytes before `offset`.
    mark: Vec<u8>,
    events: VecDeque<crate::EventDraft>,
    report: ReadReport,
}

impl<R: LineReader> LineFile<R> {
    /// Reads nothing yet, but for what `make` looks at.
    pub fn new(
        path: &Path,
        make: impl Fn(&Path) -> Result<R, ReadError> + Send + 'static,
    ) -> Result<Self, ReadError> {
        let reader = make(path)?;
        Ok(Self::with(path, reader, Box::new(make)))
    }

    /// The same for a reader that need not look at the file first.
    pub fn of(path: &Path, make: impl Fn() -> R + Send + 'static) -> Self {
        let reader = make();
        Self::with(path, reader, Box::new(move |_| Ok(make())))
    }

    /// The one who takes the lines, with what it knows so far.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    fn with(path: &Path, reader: R, make: Make<R>) -> Self {
        Self {
            path: path.to_owned(),
            make,
            reader,
            offset: 0,
            number: 0,
            mark: Vec::new(),
            events: VecDeque::new(),
            report: ReadReport::default(),
        }
    }

    /// Whether what was read still stands at the file's beginning.
    fn is_continued(&self, file: &mut File, length: u64) -> io::Result<bool> {
        if length < self.offset {
            return Ok(false);
        }
        let mut mark = vec![0; self.mark.len()];
        file.seek(SeekFrom::Start(self.offset - self.mark.len() as u64))?;
        file.read_exact(&mut mark)?;
        Ok(mark == self.mark)
    }

    fn take_mark(&mut self, file: &mut File) -> io::Result<()> {
        let from = self.offset.saturating_sub(MARK_BYTES);
        self.mark.clear();
        file.seek(SeekFrom::Start(from))?;
        file.take(self.offset - from).read_to_end(&mut self.mark)?;
        Ok(())
    }

    fn lines(&mut self, file: &mut File, length: u64, last: bool, each: Each<'_>) -> io::Result<Flow> {
        file.seek(SeekFrom::Start(self.offset))?;
        let input = BufReader::with_capacity(64 * 1024, (&*file).take(length - self.offset));
        let mut lines = Lines::from(input, self.number, self.offset);
        while let Some(line) = lines.next_line()? {
            if !line.ended && !last {
                return Ok(Flow::Held(length - self.offset));
            }
            self.reader.line(&line, &mut Out { events: &mut self.events, report: &mut self.report });
            (self.offset, self.number) = (lines.offset(), lines.number());
            if self.hand_over(each) == ControlFlow::Break(()) {
                return Ok(Flow::Broken);
            }
        }
        Ok(Flow::Held(length - self.offset))
    }

    fn hand_over(&mut self, each: Each<'_>) -> ControlFlow<()> {
        while let Some(event) = self.events.pop_front() {
            each(event)?;
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        let name = self.path.display().to_string();
        let failed = |source| ReadError::Io { path: name.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let anew = !self.is_continued(&mut file, length).map_err(failed)?;
        if anew {
            self.reader = (self.make)(&self.path)?;
            (self.offset, self.number, self.report) = (0, 0, ReadReport::default());
            self.mark.clear();
            self.events.clear();
        }
        let before = self.offset;
        let flow = self.lines(&mut file, length, last, each).map_err(failed)?;
        self.take_mark(&mut file).map_err(failed)?;
        let step = Step { bytes: self.offset - before, held: 0, anew };
        match flow {
            Flow::Broken => Ok(step),
            Flow::Held(held) => {
                self.reader.pause(&mut Out { events: &mut self.events, report: &mut self.report });
                let _ = self.hand_over(each);
                Ok(Step { held, ..step })
            }
        }
    }
}

enum Flow {
    /// The one who takes the events wants no more.
    Broken,
    /// All lines that end were read; so many bytes stand behind the last of them.
    Held(u64),
}

impl<R: LineReader> Reader for LineFile<R> {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        self.step(last, each)
    }

    fn report(&self) -> ReadReport {
        self.report.clone()
    }
}

#[cfg(test)]
mod tests;
