//! Gemini CLI sessions (`~/.gemini/tmp/<project>/chats/`) as protocol events.
//!
//! Owns both forms: one JSON document that is written anew each time, and lines of which a later one replaces an earlier one of
//! the same id. Never opens what is not a chat. Invariant: a message that is written again gives an event of the same name at
//! the same time, and what a rewind took back stays.

mod editor;
mod lines;
mod names;
mod record;
mod whole;

pub use editor::Gemini;

use crate::document::WhenWhole;
use crate::jsonl::Lines;
use crate::sheet::Editing;
use crate::{EventDraft, ReadError, ReadReport, Reader, Rewritten, SessionFile, document, reader};
use serde_json::Value;
use std::path::Path;

/// What a file that is read here should be.
const WHAT: &str = "a Gemini CLI session (JSON with `sessionId`, `projectHash` and `messages`)";

const EDITING: Editing = Editing { id: "gemini", name: "Gemini CLI", format: "gemini" };

/// Whether a file that begins with these bytes is a session.
pub fn looks_like(first_bytes: &[u8]) -> bool {
    let mut lines = Lines::new(first_bytes);
    let first = lines.next_line().ok().flatten().and_then(|line| serde_json::from_slice(&line.bytes).ok());
    match first {
        Some(Value::Object(line)) => names::is_about(&line) || names::is_document(&Value::Object(line)),
        _ => names::is_document(&document::parse(first_bytes, |_| false).root),
    }
}

/// Opens a session, to be read as far as it goes and on from there.
pub fn open(file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
    match names::is_lines(&file.path) {
        true => Ok(Box::new(lines::open(&file.path)?)),
        false => {
            let read = |file: &SessionFile, each: crate::Each<'_>, report: &mut ReadReport| {
                crate::sheet::read_whole(each, report, |out| whole::read(&file.path, out))
            };
            let paths = vec![file.path.clone()];
            Ok(Box::new(WhenWhole::new(Rewritten::new(file, read), paths)))
        }
    }
}

/// All events of a session's file as an import gives them, and the report.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let about = std::fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
    reader::read_all(open(&SessionFile::new("", path, &about))?.as_mut())
}
