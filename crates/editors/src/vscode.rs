//! VS Code and the editors made of it: their chat sessions, wherever something of one is left.
//!
//! Owns the ways of the family's storage: session files, whatever their version and damage, Copilot's transcripts, the list of
//! sessions, files that chats changed. Never writes, never reads a key of a database that has no chat, never holds more of a
//! log than the session it stands for and one line.
//! Invariant: each request is in some turn, each part of it in some event, in full; of several copies of a session nothing
//! is lost that one of them says.

// the storage
mod account; // the events of all files
mod editor; // the members as editors
mod edits; // the files that chats changed
mod index; // the editor's own list
mod kept; // what a window's database has
mod kin; // the members
mod looks; // telling files by their beginning
mod merge; // several copies of one session
mod places; // what lies where
mod read; // a session of all its files
mod search; // finding sessions
mod several; // a session of several files, followed
mod sources; // all that is left of a session
mod transcript; // what Copilot wrote down
mod versions; // what one version says that another does not
mod workspace; // which folder a window was open on

// one file
pub mod head;
pub mod log;
pub mod parts;
mod path;
pub mod tools;
pub mod turns;
pub mod write;

pub use crate::project::is_same as is_same_place;
pub use kin::{CODE_SERVER, CURSOR, INSIDERS, POSITRON, VSCODE, VSCODE_SERVER, VSCODIUM, VsCode, WINDSURF};

use crate::jsonl::{self, LineFile, LineReader, Lines, Out, RawLine, Shape};
use crate::{BadPlace, EventDraft, ReadError, ReadReport, document, reader, walk};
use head::{Known, SessionHead};
use log::LogReader;
use serde_json::Value;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use turns::{Candidate, Turn};

/// Bytes of a file's beginning that tell what it is.
const SAMPLE_BYTES: u64 = 64 * 1024;

/// What a file that is read here should be.
const WHAT: &str = "a chat session of VS Code (an object with `requests`, or a log of changes with `kind`)";

/// How a session looks that is one document.
const DOCUMENT: Shape = Shape {
    starts: &[],
    is_line: |_| false,
    is_beginning: |value| value.get("requests").is_some_and(Value::is_array),
};

/// Whether a file that begins with these bytes is a log of changes.
pub fn is_log(first_bytes: &[u8]) -> bool {
    let starts = |line: &[u8]| {
        let bare: Vec<u8> =
            line.iter().filter(|b| !b.is_ascii_whitespace() && **b != 0).take(9).copied().collect();
        bare.starts_with(b"{\"kind\":") && bare.last().is_some_and(|kind| (b'0'..=b'3').contains(kind))
    };
    let text = first_bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first_bytes);
    text.split(|b| *b == b'\n').any(starts)
}

/// Opens a log, to be read as far as it goes and on from there.
pub fn open_log(path: &Path, known: Known) -> Result<LineFile<LogReader>, ReadError> {
    LineFile::new(path, move |path| {
        let (_, sample) = beginning(path)?;
        if !is_log(&sample) {
            return Err(ReadError::other(path, WHAT));
        }
        Ok(LogReader::new(path)?.knowing(known.clone()))
    })
}

/// What a log says, to be merged with other accounts of its session.
pub fn read_log(path: &Path) -> Result<Candidate, ReadError> {
    let (file, sample) = beginning(path)?;
    if !is_log(&sample) {
        return Err(ReadError::other(path, WHAT));
    }
    let mut reader = LogReader::new(path)?;
    let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
    let mut lines = Lines::new(BufReader::with_capacity(64 * 1024, file));
    while let Some(line) = lines.next_line().map_err(|source| ReadError::io(path, source))? {
        reader.line(&line, &mut Out { events: &mut events, report: &mut report });
    }
    reader.begin(true, &mut Out { events: &mut events, report: &mut report });
    reader.lacks(&mut report);
    events.retain(|event| !matches!(event.event_type.as_str(), "session_start" | "session_update"));
    report.sessions.clear();
    report.events = 0;
    Ok(Candidate {
        path: path.to_owned(),
        head: reader.head(),
        turns: reader.turns(),
        kept: events.into(),
        report,
    })
}

/// What a whole document says: versions 1 to 3, and exports.
pub fn read_json(path: &Path) -> Result<Candidate, ReadError> {
    let about = std::fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
    let mut bytes = document::load(path)?;
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    let line = RawLine { number: 1, offset: 0, bytes, ended: true, skipped: 0 };
    let mut report = ReadReport::default();
    let (found, lost) = jsonl::values(&line, &DOCUMENT, &mut report);
    report.bad_places.iter_mut().for_each(|bad| bad.line = 0);
    let found = found.into_iter().find(|found| (DOCUMENT.is_beginning)(&found.value));
    let Some(found) = found else { return Err(ReadError::other(path, WHAT)) };
    let head = SessionHead::of(&found.value, path, about.modified().ok());
    let requests = found.value.get("requests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let plan = turns::plan(requests, head.started_at);
    let pairs = requests.iter().zip(&plan);
    let mut turns: Vec<Turn> =
        pairs.filter_map(|(request, (name, at))| Turn::read(request, name, *at)).collect();
    if let Some(last) = turns.last_mut().filter(|_| found.cut) {
        last.cut = true;
        report.lacks("the end of the file");
    }
    let mut kept = VecDeque::new();
    let mut writer = write::Writer::new(&head.session_id);
    let mut out = Out { events: &mut kept, report: &mut report };
    for loss in lost.iter().filter(|_| !found.cut) {
        let (name, data) = jsonl::damaged(loss);
        writer.side("damaged", &name, head.started_at, Value::Object(data), &mut out);
    }
    if found.verbatim.is_some() {
        let why = "halves of surrogate pairs: replaced by U+FFFD".to_owned();
        report.damage(BadPlace { file: None, line: 0, offset: 0, bytes_lost: 0, why });
    }
    report.events = 0;
    Ok(Candidate { path: path.to_owned(), head, turns, kept: kept.into(), report })
}

/// All events of a session's file as an import gives them, and the report, for files that fit in memory.
pub fn read(path: &Path) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let (_, sample) = beginning(path)?;
    if is_log(&sample) {
        return reader::read_all(&mut open_log(path, Known::default())?);
    }
    let read = read_json(path)?;
    let (mut written, mut report) = (VecDeque::new(), read.report);
    write::write_turns(&read.head, &read.turns, &mut Out { events: &mut written, report: &mut report });
    Ok(reader::imported(written.into_iter().chain(read.kept).collect(), report))
}

fn beginning(path: &Path) -> Result<(File, Vec<u8>), ReadError> {
    let failed = |source| ReadError::io(path, source);
    let (mut file, _) = walk::open_filled(path)?;
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok((file, sample))
}
