//! Codex CLI rollouts (`~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`) as protocol events.
//!
//! Owns the reading of one rollout, line by line, whatever its damage and its age. Never needs the whole file in memory and
//! never opens `auth.json`. Invariant: the events of a file that has grown begin with the events of the shorter one; every
//! line is in some event, in full.

mod editor;
mod head;
mod history;
mod index;
mod item;
mod prompt;
mod scribe;
mod tools;

pub use editor::Codex;

use crate::jsonl::{self, Format, LineFile};
use crate::sheet::Editing;
use crate::{EventDraft, ReadError, ReadReport, reader, walk};
use head::Head;
use item::SHAPE;
use scribe::Scribe;
use std::path::Path;

/// What a file that is read here should be.
const FORMAT: Format = Format { what: "a Codex rollout (JSON lines with `type` and `payload`)", looks_like };

const EDITING: Editing = Editing { id: "codex", name: "Codex CLI", format: "codex" };

/// Whether a file that begins with these bytes is a rollout.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    jsonl::has_line(first_bytes, &SHAPE, item::is_codex)
}

/// Opens a rollout, to be read as far as it goes and on from there.
pub fn open(path: &Path) -> Result<LineFile<Scribe>, ReadError> {
    LineFile::new(path, |path| Ok(Scribe::new(head(path)?, index::Names::beside(path))))
}

/// What the file's beginning says of its session.
fn head(path: &Path) -> Result<Head, ReadError> {
    jsonl::head(path, FORMAT, |input, about| Head::read(path, input, walk::made(about)))
}

/// All events of a rollout as an import gives them, and the report, for files that fit in memory.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    reader::read_all(&mut open(path)?)
}
