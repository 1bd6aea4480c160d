//! Opening a session, and what is said where words are missing.
//!
//! Owns the choice of the way of reading: one log that is followed line by line, or several files that are merged.

use super::index::Entry;
use super::kin::VsCode;
use super::log::LogReader;
use super::merge::is_answered;
use super::places::{Kind, Place};
use super::search::STUB;
use super::several::Several;
use super::sources::{self, Sources};
use super::transcript::Told;
use super::turns::{Standing, Turn};
use super::{head::Known, open_log, read_json, read_log};
use crate::editor::{Each, SessionFile};
use crate::jsonl::LineFile;
use crate::{ReadError, ReadReport, Reader, Step, ids};
use std::path::Path;

/// Opens all files of a session.
pub fn open(editor: VsCode, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
    match alone(file) {
        Some(path) => Ok(Box::new(Alone::open(editor, file, path)?)),
        None => Ok(Box::new(Several::new(editor, file))),
    }
}

/// The log that is all there is of the words of a session.
fn alone(file: &SessionFile) -> Option<&Path> {
    let mut words = sources::paths(file).filter(|path| !matches!(sources::kind(path), Ok(Kind::Edits)));
    let (only, more) = (words.next()?, words.next());
    let is_log = matches!(sources::kind(only), Ok(Kind::Log)) && open_log(only, Known::default()).is_ok();
    // where next to nothing was said, the changed files are worth a look
    let short = std::fs::metadata(only).is_ok_and(|about| about.len() <= STUB);
    let edited = short && sources::paths(file).any(|path| path != only && super::edits::any(path));
    let old = Place::of(only).is_some_and(|(place, _, _)| !super::kept::Kept::of(&place).old.is_empty());
    (more.is_none() && is_log && !old && !edited).then_some(only)
}

/// What is known of a session without its files.
pub fn known(editor: &VsCode, file: &SessionFile) -> Known {
    Known {
        session_id: Some(file.session_id.clone()),
        provider: Some(editor.id.to_owned()),
        editor: Some(editor.name.to_owned()),
        title: None,
        workspace: file.workspace.clone(),
    }
}

/// A session of one log.
struct Alone {
    log: LineFile<LogReader>,
    entry: Option<Entry>,
}

impl Alone {
    fn open(editor: VsCode, file: &SessionFile, path: &Path) -> Result<Self, ReadError> {
        let log = open_log(path, known(&editor, file))?;
        Ok(Self { log, entry: Sources::read(&editor, file, Some(path)).entry })
    }
}

impl Reader for Alone {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        self.log.read_on(last, each)
    }

    fn report(&self) -> ReadReport {
        let (mut report, turns) = (self.log.report(), self.log.reader().turns());
        lacking(turns.iter(), &mut report);
        if turns.is_empty() {
            nothing(self.entry.as_ref(), &mut report);
        }
        report
    }
}

/// Says what no file has of the turns.
pub fn lacking<'a>(turns: impl Iterator<Item = &'a Turn>, report: &mut ReadReport) {
    let turns: Vec<&Turn> = turns.filter(|turn| !turn.removed).collect();
    for (nth, turn) in turns.iter().enumerate() {
        let nth = nth + 1;
        if !is_answered(turn) && (turn.is_open() || nth < turns.len()) {
            report.lacks(format!("the answer to prompt {nth} was never written to disk"));
        } else if turn.cut {
            report.lacks(format!("the end of the answer to prompt {nth} is cut off"));
        } else if turn.standing == Standing::Pending {
            report.lacks(format!("the answer to prompt {nth} was not finished"));
        }
        if turn.prompt.is_empty() && turn.rest.contains_key("transcript") {
            report.lacks(format!("prompt {nth} was never written to disk: only its answer is there"));
        }
    }
}

/// Says that no words are left of a session that had some.
pub fn nothing(entry: Option<&Entry>, report: &mut ReadReport) {
    if entry.is_some_and(|entry| !entry.empty) {
        report.lacks("nothing that was said is left: only the editor's list still has the session");
    }
}

/// The session of a file that lies in no editor's folder.
pub fn session_id(editor: &VsCode, path: &Path) -> Result<String, ReadError> {
    Ok(match sources::kind(path)? {
        Kind::Log => read_log(path)?.head.session_id,
        Kind::Whole => read_json(path)?.head.session_id,
        _ => {
            let told = Told::read(path)?;
            let said = told.start.as_ref().and_then(|start| start.get("data")?.get("sessionId")?.as_str());
            let stem = ids::stem(path);
            ids::session_id(editor.id, said.unwrap_or(&stem))
        }
    })
}
