//! A session of several files, merged and followed.
//!
//! Owns what was handed over of it. Reads a growing log from where it stopped, other files anew when they have changed; the
//! turns of all are merged each time. Never gives an event twice. Invariant: what one file says of the session is in its
//! events, whichever of the others are damaged.

use super::account::Account;
use super::kin::VsCode;
use super::log::LogReader;
use super::open_log;
use super::places::{Kind, Place};
use super::read::known;
use super::sources::{self, Sources};
use super::turns::Candidate;
use crate::editor::{Each, SessionFile};
use crate::ids::{self, hash};
use crate::jsonl::{LineFile, Out};
use crate::{EventDraft, ReadError, ReadReport, Reader, Step};
use serde_json::{Map, Value, json};
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Size and time of a file.
type Seen = Option<(u64, Option<SystemTime>)>;

pub struct Several {
    editor: VsCode,
    file: SessionFile,
    /// The log that is followed.
    main: Option<(PathBuf, LineFile<LogReader>)>,
    rest: Sources,
    /// Of all files but the log, when they were read.
    seen: Option<Vec<Seen>>,
    /// How the followed log begins the session; what others say of it comes later.
    start: Option<EventDraft>,
    /// A transcript has more to say at the last reading.
    waits: bool,
    /// The log alone has told more since all was merged.
    told_alone: bool,
    /// The title that was told last, once the session has begun.
    begun: Option<Option<String>>,
    /// Hashes of the events that were handed over.
    handed: HashSet<u64>,
    report: ReadReport,
}

impl Several {
    pub fn new(editor: VsCode, file: &SessionFile) -> Self {
        Self {
            editor,
            file: file.clone(),
            main: None,
            rest: Sources::default(),
            seen: None,
            start: None,
            waits: false,
            told_alone: false,
            begun: None,
            handed: HashSet::new(),
            report: ReadReport::default(),
        }
    }

    fn look(&self) -> Vec<Seen> {
        let main = self.main.as_ref().map(|(path, _)| path.as_path());
        let others = sources::paths(&self.file).filter(|path| Some(*path) != main);
        others.map(|path| fs::metadata(path).ok().map(|about| (about.len(), about.modified().ok()))).collect()
    }

    /// Reads all files but the log anew.
    fn load(&mut self) {
        if self.main.is_none() {
            let mut logs =
                sources::paths(&self.file).filter(|path| matches!(sources::kind(path), Ok(Kind::Log)));
            let known = known(&self.editor, &self.file);
            self.main = logs.find_map(|path| Some((path.to_owned(), open_log(path, known.clone()).ok()?)));
        }
        self.seen = Some(self.look());
        let main = self.main.as_ref().map(|(path, _)| path.as_path());
        self.rest = Sources::read(&self.editor, &self.file, main);
    }

    /// Reads the log on. What it says but for its beginning is handed back; `None` where the log is gone.
    fn follow(&mut self, last: bool) -> Option<(Step, Vec<EventDraft>)> {
        let (mut step, mut events) = (Step::default(), Vec::new());
        if let Some((_, log)) = &mut self.main {
            let start = &mut self.start;
            let read = log.read_on(last, &mut |event| {
                match event.event_type.as_str() {
                    "session_start" => *start = start.take().or(Some(event)),
                    _ => events.push(event),
                }
                std::ops::ControlFlow::Continue(())
            });
            match read {
                Ok(done) => step = done,
                Err(_) => {
                    self.main = None;
                    return None;
                }
            }
        }
        Some((step, events))
    }

    /// All events of the session as its files are now; `None` where none of them could be read.
    fn merged(&self, said: Vec<EventDraft>, last: bool) -> Option<Merged> {
        let is_turn =
            |event: &EventDraft| matches!(&*event.event_type, "message" | "tool_call" | "tool_result");
        let main = self.main.as_ref().map(|(path, log)| Candidate {
            path: path.clone(),
            head: log.reader().head(),
            turns: log.reader().turns(),
            kept: said.into_iter().filter(|event| !is_turn(event)).collect(),
            report: log.report(),
        });
        if main.is_none() && self.rest.is_empty() {
            return None;
        }
        let (mut events, mut report) = (VecDeque::new(), ReadReport::default());
        let account = Account {
            editor: &self.editor,
            file: &self.file,
            rest: &self.rest,
            copies: main.iter().chain(&self.rest.copies).collect(),
            live: !last && sources::paths(&self.file).any(is_written_beside),
            start: self.start.clone(),
            out: Out { events: &mut events, report: &mut report },
        };
        let waits = account.write();
        Some(Merged { events, report, waits })
    }

    /// Whether an event is still to be handed over. A session begins once; later it can only get another title.
    fn is_new(&mut self, event: &mut EventDraft) -> bool {
        if event.event_type == "session_start" {
            let title = event.data.get("title").and_then(Value::as_str).map(str::to_owned);
            match self.begun.replace(title.clone()) {
                None => {}
                Some(told) if told == title || title.is_none() => return false,
                Some(_) => {
                    event.data = Map::from_iter([("title".to_owned(), json!(title))]);
                    event.event_type = "session_update".to_owned();
                    event.event_id = ids::versioned("title", &event.data);
                }
            }
        }
        self.handed.insert(hash(&event.event_id))
    }

    fn hand_over(&mut self, events: impl IntoIterator<Item = EventDraft>, each: Each<'_>) {
        for mut event in events {
            if self.is_new(&mut event) && each(event).is_break() {
                break;
            }
        }
    }
}

impl Reader for Several {
    fn read_on(&mut self, last: bool, each: Each<'_>) -> Result<Step, ReadError> {
        let mut changed = self.seen.as_ref() != Some(&self.look());
        if changed {
            self.load();
        }
        let (mut step, said) = match self.follow(last) {
            Some(followed) => followed,
            None => {
                // the log went away between two looks: what is left is read, another log too
                changed = true;
                self.load();
                self.follow(last).unwrap_or_default()
            }
        };
        self.told_alone |= !said.is_empty();
        if !changed && !(last && (self.waits || self.told_alone)) {
            // where the log alone has grown, its own events are as good as those of all files
            self.hand_over(said, each);
            return Ok(step);
        }
        let Some(merged) = self.merged(said, last) else {
            self.seen = None;
            return Err(std::mem::take(&mut self.rest).error(&self.file));
        };
        (self.report, self.waits, self.told_alone) = (merged.report, merged.waits, false);
        self.hand_over(merged.events, each);
        if changed {
            step.bytes += self.seen.iter().flatten().flatten().map(|(bytes, _)| bytes).sum::<u64>();
        }
        Ok(step)
    }

    fn report(&self) -> ReadReport {
        match self.told_alone {
            true => self.merged(Vec::new(), false).map(|merged| merged.report).unwrap_or_default(),
            false => self.report.clone(),
        }
    }
}

/// The events of a session at one time.
struct Merged {
    events: VecDeque<EventDraft>,
    report: ReadReport,
    /// A transcript has more to say at the last reading.
    waits: bool,
}

/// Whether a file lies beside the folder in which its editor writes down sessions: on a remote machine there is none.
fn is_written_beside(path: &Path) -> bool {
    Place::of(path).is_some_and(|(place, ..)| place.folders().first().is_some_and(|folder| folder.is_dir()))
}
