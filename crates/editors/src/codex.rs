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

use crate::jsonl::{LineFile, Lines, salvage};
use crate::sheet::Editing;
use crate::{Endings, EventDraft, ReadError, ReadReport, Reader, walk};
use head::Head;
use item::SHAPE;
use scribe::Scribe;
use std::io::{BufReader, Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;

/// Bytes of a file's beginning that tell whether it is a rollout.
const SAMPLE_BYTES: u64 = 256 * 1024;

/// What a file that is read here should be.
const WHAT: &str = "a Codex rollout (JSON lines with `type` and `payload`)";

const EDITING: Editing = Editing { id: "codex", name: "Codex CLI", format: "codex" };

/// Whether a file that begins with these bytes is a rollout.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    let mut lines = Lines::new(first_bytes);
    while let Ok(Some(line)) = lines.next_line() {
        let found = salvage::read_line(&line.bytes, &SHAPE).found;
        if found.iter().any(|found| item::is_codex(&found.value)) {
            return true;
        }
    }
    false
}

/// Opens a rollout, to be read as far as it goes and on from there.
pub fn open(path: &Path) -> Result<LineFile<Scribe>, ReadError> {
    LineFile::new(path, |path| Ok(Scribe::new(head(path)?, index::Names::beside(path))))
}

/// What the file's beginning says of its session.
fn head(path: &Path) -> Result<Head, ReadError> {
    let failed = |source| ReadError::io(path, source);
    let mut file = walk::open(path).map_err(failed)?;
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
    Head::read(path, input, walk::made(&about)).map_err(failed)
}

/// All events of a rollout as an import gives them, and the report, for files that fit in memory.
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
