//! All that is left of one session, read.
//!
//! Owns which file is read how, and what is told where one cannot be. Invariant: a file of the session that cannot be read is
//! named, with the reason.

use super::index::Entry;
use super::kept::Kept;
use super::kin::VsCode;
use super::looks::{Looks, looks_like};
use super::places::{Kind, Place};
use super::search::typed_name;
use super::transcript::Told;
use super::turns::{self, Candidate, SessionHead, Turn};
use super::{read_json, read_log};
use crate::editor::SessionFile;
use crate::{ReadError, ReadReport, ids};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a file that tell what it is.
const SAMPLE: u64 = 256 * 1024;

/// What a file that is read here should be.
const WHAT: &str = "a chat session of VS Code (a `chatSessions` file, an export, a Copilot transcript)";
const ONLY_NUL: &str = "a chat session: it holds nothing but NUL bytes, as a power cut leaves them";

#[derive(Default)]
pub struct Sources {
    pub copies: Vec<Candidate>,
    /// With the name of each file.
    pub told: Vec<(String, Told)>,
    /// What the editor keeps of changed files.
    pub edited: Vec<PathBuf>,
    /// What the editor's list says of it.
    pub entry: Option<Entry>,
    /// All that was typed in a window, where that is the session.
    pub typed: Vec<Value>,
    /// Why files could not be read.
    pub failed: Vec<ReadError>,
}

impl Sources {
    /// Reads all files of a session but `skipped`, which someone else reads.
    pub fn read(editor: &VsCode, file: &SessionFile, skipped: Option<&Path>) -> Self {
        let mut sources = Self::default();
        let mut places = Vec::new();
        for path in paths(file) {
            places.extend(Place::of(path).map(|(place, _, _)| place));
            match kind(path) {
                _ if skipped == Some(path) => {}
                Ok(Kind::Edits) => sources.edited.push(path.to_owned()),
                Ok(kind) => sources.file(path, kind),
                Err(error) => sources.failed.push(error),
            }
        }
        places.sort();
        places.dedup();
        for place in &places {
            sources.database(editor, place, &file.session_id);
        }
        sources
    }

    fn file(&mut self, path: &Path, kind: Kind) {
        let read = match kind {
            Kind::Log => either(path, read_log, read_json).map(|copy| self.copies.push(copy)),
            Kind::Whole => either(path, read_json, read_log).map(|copy| self.copies.push(copy)),
            Kind::Transcript => {
                Told::read(path).map(|told| self.told.push((format!("transcripts/{}", name(path)), told)))
            }
            Kind::Edits | Kind::Database => Ok(()),
        };
        self.failed.extend(read.err().map(|error| plainly(error, path)));
    }

    /// What a window's database has of the session.
    fn database(&mut self, editor: &VsCode, place: &Place, session_id: &str) {
        let kept = Kept::of(place);
        let is_it = |name: &str| ids::session_id(editor.id, name) == session_id;
        if is_it(&typed_name(place)) {
            self.typed = kept.typed;
            return;
        }
        let entry = kept.names().find(|name| is_it(name)).and_then(|name| kept.entry(name)).cloned();
        self.entry = self.entry.take().or(entry);
        let Some(path) = &kept.path else { return };
        for old in kept.old {
            if old.get("sessionId").and_then(Value::as_str).is_some_and(is_it) {
                self.copies.push(of_state(path, &Value::Object(old)));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        let none = self.copies.is_empty() && self.told.is_empty() && self.typed.is_empty();
        none && self.edited.is_empty() && self.entry.is_none()
    }

    /// Why nothing could be read.
    pub fn error(self, file: &SessionFile) -> ReadError {
        self.failed.into_iter().next().unwrap_or_else(|| ReadError::other(&file.path, WHAT))
    }
}

type ReadCopy = fn(&Path) -> Result<Candidate, ReadError>;

/// A file may have been given the other's ending.
fn either(path: &Path, first: ReadCopy, other: ReadCopy) -> Result<Candidate, ReadError> {
    first(path).or_else(|error| match error {
        ReadError::Other { .. } => other(path).map_err(|_| error),
        error => Err(error),
    })
}

/// All files of a session.
pub fn paths(file: &SessionFile) -> impl Iterator<Item = &Path> {
    std::iter::once(&file.path).chain(&file.others).map(PathBuf::as_path)
}

/// What an error says, in words that fit what is in the file.
pub fn plainly(error: ReadError, path: &Path) -> ReadError {
    match error {
        ReadError::Other { .. } if is_only_nul(path) => ReadError::other(path, ONLY_NUL),
        other => other,
    }
}

fn is_only_nul(path: &Path) -> bool {
    let mut sample = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SAMPLE).read_to_end(&mut sample));
    read.is_ok_and(|bytes| bytes > 0) && sample.iter().all(|byte| *byte == 0)
}

/// The name of a file, for people.
pub fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What a file has, by where it lies, else by how it begins.
pub fn kind(path: &Path) -> Result<Kind, ReadError> {
    if let Some((_, kind, _)) = Place::of(path) {
        return Ok(kind);
    }
    let failed = |source| ReadError::io(path, source);
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(ReadError::other(path, WHAT));
    }
    if about.len() == 0 {
        return Err(ReadError::empty(path));
    }
    let mut sample = Vec::new();
    File::open(path).map_err(failed)?.take(SAMPLE).read_to_end(&mut sample).map_err(failed)?;
    match looks_like(&sample) {
        Some(Looks::Log) => Ok(Kind::Log),
        Some(Looks::Whole) => Ok(Kind::Whole),
        Some(Looks::Transcript) => Ok(Kind::Transcript),
        None => Err(plainly(ReadError::other(path, WHAT), path)),
    }
}

/// A session that stands in another file.
fn of_state(path: &Path, state: &Value) -> Candidate {
    let head = SessionHead::of(state, path, None);
    let requests = state.get("requests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let plan = turns::plan(requests, head.started_at);
    let pairs = requests.iter().zip(&plan);
    let turns = pairs.filter_map(|(request, (name, at))| Turn::read(request, name, *at)).collect();
    Candidate { path: path.to_owned(), head, turns, kept: Vec::new(), report: ReadReport::default() }
}
