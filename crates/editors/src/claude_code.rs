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

use crate::jsonl::{self, Format, LineFile};
use crate::sheet::Editing;
use crate::{EventDraft, ReadError, ReadReport, reader};
use entry::SHAPE;
use head::Head;
use scribe::Scribe;
use std::path::Path;

/// What a file that is read here should be.
const FORMAT: Format = Format {
    what: "a Claude Code transcript (JSON lines with `type` and `message` or `sessionId`)",
    looks_like,
};

const EDITING: Editing = Editing { id: "claude-code", name: "Claude Code", format: "claude_code" };

/// Whether a file that begins with these bytes is a Claude Code transcript.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    jsonl::has_line(first_bytes, &SHAPE, entry::is_claude_code)
}

/// Opens a transcript, to be read as far as it goes and on from there.
pub fn open(path: &Path) -> Result<LineFile<Scribe>, ReadError> {
    LineFile::new(path, |path| Ok(Scribe::new(head(path)?)))
}

/// What the file's beginning says of its session.
fn head(path: &Path) -> Result<Head, ReadError> {
    jsonl::head(path, FORMAT, |input, about| Head::read(path, input, about.modified().ok()))
}

/// All events of a transcript as an import gives them, and the report, for files that fit in memory.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    reader::read_all(&mut open(path)?)
}
