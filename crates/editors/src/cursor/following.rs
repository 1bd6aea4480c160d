//! A chat in a database, read when the part of it that is this chat's has changed.
//!
//! Owns the ids of what was handed over (8 bytes an event). Never holds the database open between two readings. Invariant: a
//! database that changes all the time for other reasons makes no event of this chat.

use super::store::{self, Store};
use super::{CURSOR, composer, items};
use crate::ids::{self, hash};
use crate::reader::Reader;
use crate::sqlite::DatabaseError;
use crate::{Each, EventDraft, ReadError, ReadReport, SessionFile, Step};
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const WHAT: &str = "a Cursor database with this chat";

pub struct Following {
    file: SessionFile,
    /// Size and time of the database and its log.
    seen: Vec<Option<(u64, Option<SystemTime>)>>,
    /// Of the chat's own rows.
    stamp: Option<u64>,
    handed: HashSet<u64>,
    /// What the chat says besides its messages was left out, because it changes with every message.
    held_back: bool,
    report: ReadReport,
}

/// Where in a database a chat stands.
enum Source {
    /// In rows of its own, under this id.
    Rows(String),
    /// Within a row of many.
    Row(Box<items::Chat>),
}

/// What one reading gave.
struct Taken {
    stamp: u64,
    bytes: u64,
    report: ReadReport,
    held_back: bool,
}

impl Following {
    pub fn new(file: &SessionFile) -> Self {
        Self {
            file: file.clone(),
            seen: Vec::new(),
            stamp: None,
            handed: HashSet::new(),
            held_back: false,
            report: ReadReport::default(),
        }
    }

    fn take(
        &mut self,
        last: bool,
        store: &mut Store,
        each: Each<'_>,
    ) -> Result<Option<Taken>, DatabaseError> {
        let Some(source) = source(store, &self.file)? else { return Ok(None) };
        let (stamp, bytes) = stamp(store, &source)?;
        if self.stamp == Some(stamp) && !(last && self.held_back) {
            let (report, held_back) = (self.report.clone(), self.held_back);
            return Ok(Some(Taken { stamp, bytes: 0, report, held_back }));
        }
        let whole = last || self.stamp.is_none();
        let (mut report, mut held_back) = (ReadReport::default(), false);
        let (handed, file) = (&mut self.handed, &self.file);
        let mut hand_over = |event: EventDraft| {
            if event.event_type == composer::REST && !whole {
                held_back = true;
                return ControlFlow::Continue(());
            }
            match handed.insert(hash(&event.event_id)) {
                true => each(event),
                false => ControlFlow::Continue(()),
            }
        };
        match source {
            Source::Rows(id) => composer::read(store, &id, file, &mut hand_over, &mut report)?,
            Source::Row(chat) => chat.write(file, &mut hand_over, &mut report)?,
        }
        Ok(Some(Taken { stamp, bytes, report, held_back }))
    }
}

impl Reader for Following {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        let seen = sizes(&self.file.path);
        if seen == self.seen && !(last && self.held_back) {
            return Ok(Step::default());
        }
        let path = self.file.path.clone();
        match store::read(&path, |store| self.take(last, store, each))? {
            None if self.stamp.is_none() => Err(ReadError::other(&path, WHAT)),
            None => {
                self.seen = seen;
                self.report.lacks("the chat is not in the database any more");
                Ok(Step::default())
            }
            Some(taken) => {
                (self.seen, self.stamp) = (seen, Some(taken.stamp));
                (self.report, self.held_back) = (taken.report, taken.held_back);
                Ok(Step { bytes: taken.bytes, held: 0, anew: false })
            }
        }
    }

    fn report(&self) -> ReadReport {
        self.report.clone()
    }
}

fn sizes(path: &Path) -> Vec<Option<(u64, Option<SystemTime>)>> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let about = |path: PathBuf| fs::metadata(path).ok().map(|about| (about.len(), about.modified().ok()));
    ["", "-wal", "-journal"].map(|ending| about(beside(ending))).to_vec()
}

fn source(store: &mut Store, file: &SessionFile) -> Result<Option<Source>, DatabaseError> {
    let id = &file.session_id;
    if store.composer(id)?.is_some() || !store.bubbles(id)?.is_empty() {
        return Ok(Some(Source::Rows(id.clone())));
    }
    // an id that the recorder does not take stands as a hash
    let named = store.composers()?.into_iter().map(|(id, _)| id);
    if let Some(id) = named.into_iter().find(|name| ids::session_id(CURSOR.id, name) == *id) {
        return Ok(Some(Source::Rows(id)));
    }
    let mut chats = items::composers(store)?;
    chats.extend(items::tabs(store)?);
    chats.extend(items::prompts(store, &workspace_id(&file.path))?);
    Ok(chats.into_iter().find(|chat| chat.session_id == *id).map(|chat| Source::Row(Box::new(chat))))
}

/// The folder that a workspace's database lies in is named as the workspace.
pub fn workspace_id(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name);
    folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Changes when the chat has changed, as far as can be told without reading it; and its bytes.
fn stamp(store: &mut Store, source: &Source) -> Result<(u64, u64), DatabaseError> {
    match source {
        Source::Row(chat) => Ok((chat.stamp(), chat.bytes)),
        Source::Rows(id) => {
            let list = store.composer(id)?.unwrap_or_default();
            let (mut bytes, mut said) = (list.len() as u64, String::new());
            for (bubble, length) in store.bubbles(id)? {
                bytes += length.unwrap_or_default();
                said.push_str(&format!("{bubble}:{length:?} "));
            }
            said.push_str(&String::from_utf8_lossy(&list));
            Ok((hash(&said), bytes))
        }
    }
}
