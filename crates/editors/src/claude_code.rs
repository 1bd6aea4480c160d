//! Claude Code transcripts (`~/.claude/projects/<slug>/<session>.jsonl`) as protocol events.
//!
//! Owns the reading of one file, line by line, whatever its damage. Never writes, never needs the whole file in memory: one
//! line, the parts of the last few messages, and some 30 bytes a line to know copies.
//! Invariant: the events of a file that has grown begin with the events of the shorter one, `event_id`s included, so an
//! import can be repeated; every line is in some event, in full.

mod editor;
mod entry;
mod head;
mod history;
mod messages;
mod names;
mod prompt;
mod scribe;
mod track;

pub use editor::ClaudeCode;

use crate::jsonl::{LineFile, Lines, salvage};
use crate::reader::Reader;
use crate::{Endings, EventDraft, ReadError, ReadReport};
use entry::SHAPE;
use head::Head;
use scribe::Scribe;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;

/// Bytes of a file's beginning that tell whether it is a transcript.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// What a file that is read here should be.
const WHAT: &str = "a Claude Code transcript (JSON lines with `type` and `message` or `sessionId`)";

/// Whether a file that begins with these bytes is a Claude Code transcript.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    let mut lines = Lines::new(first_bytes);
    while let Ok(Some(line)) = lines.next_line() {
        let found = salvage::read_line(&line.bytes, &SHAPE).found;
        if found.iter().any(|found| entry::is_claude_code(&found.value)) {
            return true;
        }
    }
    false
}

/// Opens a transcript, to be read as far as it goes and on from there.
pub fn open(path: &Path) -> Result<LineFile<Scribe>, ReadError> {
    LineFile::new(path, |path| Ok(Scribe::new(head(path)?)))
}

/// What the file's beginning says of its session.
fn head(path: &Path) -> Result<Head, ReadError> {
    let failed = |source| ReadError::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.len() == 0 {
        return Err(ReadError::empty(path));
    }
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(failed)?;
    if !looks_like(&sample) {
        return Err(ReadError::other(path, WHAT));
    }
    file.rewind().map_err(failed)?;
    let input = BufReader::new(file.take(about.len()));
    Head::read(path, input, about.modified().ok()).map_err(failed)
}

/// All events of a transcript as an import gives them, and the report, for files that fit in memory.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let (mut reader, mut events, mut endings) = (open(path)?, Vec::new(), Endings::default());
    reader.read_on(true, &mut |event| {
        endings.note(&event);
        events.push(event);
        ControlFlow::Continue(())
    })?;
    let mut report = reader.report();
    events.extend(endings.drafts("imported"));
    report.events = events.len() as u64;
    Ok((events, report))
}
