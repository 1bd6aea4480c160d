//! A session while it is read, once or for as long as its files grow.
//!
//! Owns the way of reading that all editors share. Never holds a file open between two readings. Invariant: reading on until
//! the end gives the same events as reading the end state at once, and perhaps more: states that the editor has replaced.

use crate::{Each, Endings, EventDraft, ReadReport, SessionFile};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why a session's files could not be read at all. Damage within them is no error: the report names it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path}: the file is empty, nothing is left in it")]
    Empty { path: String },
    /// `what` names the format that was expected, such as «a Claude Code transcript (JSON lines with …)».
    #[error("{path}: not {what}")]
    Other { path: String, what: &'static str },
    #[error("{path}: the database cannot be read: {why}")]
    Database { path: String, why: String },
    #[error("{path}: it has {bytes} bytes, {most} can be read at once")]
    TooLarge { path: String, bytes: u64, most: u64 },
}

impl ReadError {
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }

    pub fn empty(path: &Path) -> Self {
        Self::Empty { path: path.display().to_string() }
    }

    pub fn other(path: &Path, what: &'static str) -> Self {
        Self::Other { path: path.display().to_string(), what }
    }
}

/// What one reading came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Bytes that were read and are in events now.
    pub bytes: u64,
    /// Bytes of a line at the end that is not whole yet.
    pub held: u64,
    /// The file was replaced or made shorter: it was read from its beginning.
    pub anew: bool,
}

/// A session's files, read up to some place.
pub trait Reader: Send {
    /// Hands over the events of what was added since the last call, until `each` breaks off; then the reader is of no more use.
    /// A line without its end waits, unless this is the `last` reading.
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError>;

    /// What was read so far.
    fn report(&self) -> ReadReport;
}

/// All events of a session as an import gives them, and the report, for sessions that fit in memory.
pub(crate) fn read_all(reader: &mut dyn Reader) -> Result<(Vec<EventDraft>, ReadReport), ReadError> {
    let mut events = Vec::new();
    reader.read_on(true, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    Ok(imported(events, reader.report()))
}

/// The same with the ends that an import gives.
pub(crate) fn imported(mut events: Vec<EventDraft>, mut report: ReadReport) -> (Vec<EventDraft>, ReadReport) {
    let mut endings = Endings::default();
    events.iter().for_each(|event| endings.note(event));
    events.extend(endings.drafts("imported"));
    report.events = events.len() as u64;
    (events, report)
}

/// Reads all that a session's files say.
pub(crate) type ReadAll =
    Box<dyn Fn(&SessionFile, Each<'_>, &mut ReadReport) -> Result<(), ReadError> + Send>;

/// A session whose files the editor writes anew each time: all of it is read when they changed, and what was not handed over
/// yet is. Holds 8 bytes an event.
pub struct Rewritten {
    file: SessionFile,
    read: ReadAll,
    /// Size and time of each file when it was read.
    seen: Vec<Option<(u64, Option<SystemTime>)>>,
    handed: HashSet<u64>,
    report: ReadReport,
}

impl Rewritten {
    pub fn new(
        file: &SessionFile,
        read: impl Fn(&SessionFile, Each<'_>, &mut ReadReport) -> Result<(), ReadError> + Send + 'static,
    ) -> Self {
        Self {
            file: file.clone(),
            read: Box::new(read),
            seen: Vec::new(),
            handed: HashSet::new(),
            report: ReadReport::default(),
        }
    }

    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.file.path).chain(&self.file.others)
    }
}

impl Reader for Rewritten {
    fn read_on(&mut self, _last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        let about =
            |path: &PathBuf| fs::metadata(path).ok().map(|about| (about.len(), about.modified().ok()));
        let seen: Vec<_> = self.paths().map(about).collect();
        if seen == self.seen {
            return Ok(Step::default());
        }
        let mut report = ReadReport::default();
        let handed = &mut self.handed;
        (self.read)(
            &self.file,
            &mut |event| match handed.insert(name(&event)) {
                true => each(event),
                false => ControlFlow::Continue(()),
            },
            &mut report,
        )?;
        let bytes = seen.iter().flatten().map(|(bytes, _)| bytes).sum();
        (self.seen, self.report) = (seen, report);
        Ok(Step { bytes, held: 0, anew: false })
    }

    fn report(&self) -> ReadReport {
        self.report.clone()
    }
}

fn name(event: &EventDraft) -> u64 {
    crate::ids::hash(&format!("{}\u{0}{}", event.session_id, event.event_id))
}
