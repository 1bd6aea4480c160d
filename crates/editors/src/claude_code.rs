//! Claude Code transcripts (`~/.claude/projects/<slug>/<session>.jsonl`) as protocol events.
//!
//! Owns the reading of one file, line by line, whatever its damage. Never writes, never needs the whole file in memory: one
//! line, the parts of the last few messages, and some 30 bytes a line to know copies.
//! Invariant: the events of a file that has grown begin with the events of the shorter one, `event_id`s included, so an
//! import can be repeated; every line is in some event, in full.

mod editor;
mod entry;
mod head;
mod lines;
mod messages;
mod names;
mod prompt;
mod report;
mod salvage;
mod scribe;
mod track;

pub use editor::ClaudeCode;
pub use report::{BadLine, ReadReport};

use crate::EventDraft;
use head::Head;
use lines::Lines;
use scribe::Scribe;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// Bytes of a file's beginning that tell whether it is a transcript.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// Why a file could not be read at all. Damage within it is no error: the report names it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path}: the file is empty, nothing is left in it")]
    Empty { path: String },
    #[error("{path}: not a Claude Code transcript (JSON lines with `type` and `message` or `sessionId`)")]
    NotATranscript { path: String },
}

/// A transcript while it is read: an iterator over its events, in the order of the file.
pub struct Transcript {
    path: String,
    lines: Lines<BufReader<io::Take<File>>>,
    bytes: u64,
    scribe: Scribe,
    ready: VecDeque<EventDraft>,
    report: ReadReport,
    ended: bool,
}

/// Whether a file that begins with these bytes is a Claude Code transcript.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    let mut lines = Lines::new(first_bytes);
    while let Ok(Some(line)) = lines.next_line() {
        let found = salvage::read_line(&line.bytes).found;
        if found.iter().any(|found| entry::is_claude_code(&found.value)) {
            return true;
        }
    }
    false
}

/// Opens a transcript. What is appended to the file afterwards is not read.
pub fn open(path: &Path) -> Result<Transcript, ReadError> {
    let name = path.display().to_string();
    let failed = |source| ReadError::Io { path: name.clone(), source };
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.len() == 0 {
        return Err(ReadError::Empty { path: name });
    }
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(failed)?;
    if !looks_like(&sample) {
        return Err(ReadError::NotATranscript { path: name });
    }
    file.rewind().map_err(failed)?;
    let head = Head::read(path, BufReader::new(file.by_ref().take(about.len())), about.modified().ok())
        .map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut transcript = Transcript {
        path: name.clone(),
        lines: Lines::new(BufReader::with_capacity(64 * 1024, file.take(about.len()))),
        bytes: about.len(),
        scribe: Scribe::new(head),
        ready: VecDeque::new(),
        report: ReadReport::default(),
        ended: false,
    };
    transcript.scribe.start(&mut transcript.ready, &mut transcript.report);
    Ok(transcript)
}

/// All events of a transcript and the report, for files that fit in memory.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let mut transcript = open(path)?;
    let events = transcript.by_ref().collect::<Result<_, _>>()?;
    Ok((events, transcript.into_report()))
}

impl Transcript {
    /// The session that the file is named after.
    pub fn session_id(&self) -> &str {
        self.scribe.session_id()
    }

    /// What was read so far; complete when the iterator has ended.
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    pub fn into_report(self) -> ReadReport {
        self.report
    }

    /// Size of the file when it was opened.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.lines.offset()
    }

    fn read_on(&mut self) -> io::Result<()> {
        match self.lines.next_line()? {
            Some(line) => self.scribe.line(&line, &mut self.ready, &mut self.report),
            None => {
                self.ended = true;
                self.scribe.end(&mut self.ready, &mut self.report);
            }
        }
        Ok(())
    }
}

impl Iterator for Transcript {
    type Item = Result<EventDraft, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            if let Err(source) = self.read_on() {
                self.ended = true;
                return Some(Err(ReadError::Io { path: self.path.clone(), source }));
            }
        }
    }
}
