//! Reads a log line by line, and writes the turns that were touched.
//!
//! Owns which events come when: titles, drafts and damage with their lines, turns when the file has been read as far as it
//! goes. Never writes an event twice. Invariant: reading in steps gives what reading at once gives, and perhaps more.

use super::{Log, NO_INITIAL, SHAPE, Unplaced};
use crate::jsonl::salvage::{Found, Loss};
use crate::jsonl::{self, LineReader, Out, RawLine};
use crate::vscode::head::{self, Known, SessionHead};
use crate::vscode::turns::{self, Turn};
use crate::vscode::write::Writer;
use crate::{BadPlace, ReadError, ReadReport, ids};
use chasm_protocol::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Fields of a session that have events of their own.
const OWN_EVENTS: [&str; 4] = ["requests", "customTitle", "computedTitle", "pendingRequests"];

pub struct LogReader {
    path: PathBuf,
    modified: Option<SystemTime>,
    known: Known,
    log: Log,
    /// Once the session has begun.
    begun: Option<Begun>,
    /// What came before it could begin.
    early: Vec<Side>,
}

/// What was written of the session.
struct Begun {
    started_at: Timestamp,
    writer: Writer,
    title: Option<String>,
    draft: Option<String>,
    queued: Option<Value>,
    /// Hashes of the session's fields.
    fields: HashMap<String, u64>,
    /// Of the latest update.
    latest: Timestamp,
}

/// An event of a line.
struct Side {
    kind: &'static str,
    name: String,
    data: Value,
}

impl LogReader {
    /// Reads nothing yet.
    pub fn new(path: &Path) -> Result<Self, ReadError> {
        let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
        if about.len() == 0 {
            return Err(ReadError::empty(path));
        }
        Ok(Self {
            path: path.to_owned(),
            modified: about.modified().ok(),
            known: Known::default(),
            log: Log::new(),
            begun: None,
            early: Vec::new(),
        })
    }

    /// The same, with what is known of the session from elsewhere.
    #[must_use]
    pub fn knowing(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    /// The session as far as it was read.
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn head(&self) -> SessionHead {
        SessionHead::of(self.log.state(), &self.path, self.modified).knowing(&self.known)
    }

    /// All turns, those that were removed too, in the order of their times.
    pub fn turns(&self) -> Vec<Turn> {
        let started_at = self.begun.as_ref().map_or_else(|| self.head().started_at, |begun| begun.started_at);
        let plan = turns::plan(self.log.requests(), started_at);
        let requests = self.log.requests().iter().zip(&plan);
        let mut turns: Vec<Turn> =
            requests.filter_map(|(request, (name, at))| self.turn(request, name, *at)).collect();
        let removed = 0..self.log.removed().len();
        turns.extend(removed.filter_map(|place| self.removed(place, started_at)));
        turns.sort_by_key(|turn| turn.at);
        turns
    }

    /// Says what is known to be missing.
    pub fn lacks(&self, report: &mut ReadReport) {
        let mut place = 0;
        for run in self.log.requests().chunk_by(|one, next| one.is_null() == next.is_null()) {
            let (first, last) = (place + 1, place + run.len());
            place = last;
            match run.first().is_some_and(Value::is_null) {
                true if first == last => {
                    report.lacks(format!("turn {first} stood in a part of the log that is lost"));
                }
                true => {
                    report.lacks(format!("turns {first} to {last} stood in a part of the log that is lost"))
                }
                false => {}
            }
        }
    }

    fn turn(&self, request: &Value, name: &str, at: Timestamp) -> Option<Turn> {
        let mut turn = Turn::read(request, name, at)?;
        turn.was_hidden = self.log.was_hidden(name);
        turn.was_removed = self.log.was_removed(name);
        turn.cut = self.log.is_cut(name);
        Some(turn)
    }

    fn removed(&self, nth: usize, started_at: Timestamp) -> Option<Turn> {
        let removed = self.log.removed().get(nth)?;
        let name = turns::request_name(&removed.request)
            .unwrap_or_else(|| format!("removed-{:016x}", ids::hash(&removed.request.to_string())));
        let place = i64::try_from(removed.place).unwrap_or(i64::MAX / 16);
        let after = started_at.plus_micros(place.saturating_mul(turns::STEP_MICROS));
        let at = turns::own_time(&removed.request).unwrap_or(after);
        let mut turn = self.turn(&removed.request, &name, at)?;
        turn.removed = true;
        Some(turn)
    }

    fn value(&mut self, found: Found, line: &RawLine, out: &mut Out<'_>) {
        if let Some(text) = found.verbatim {
            self.side("verbatim", format!("v:{}", line.number), json!({ "text": text }), out);
        }
        if found.cut {
            // where it has no place, its text is kept as damaged
            let _ = self.log.apply_cut(found.value);
            return;
        }
        match self.log.apply(found.value) {
            Ok(None) => {}
            Ok(Some(why)) => {
                if why == NO_INITIAL {
                    out.report.lacks("the beginning of the log: title, time and all that was set in it");
                }
                note(line, why, out.report);
            }
            Err(Unplaced { op, why }) => {
                note(line, why, out.report);
                let name = format!("x:{}-{:016x}", line.number, ids::hash(&op.to_string()));
                self.side("unplaced", name, json!({ "op": op, "why": why, "line": line.number }), out);
            }
        }
    }

    fn damaged(&mut self, loss: &Loss, out: &mut Out<'_>) {
        let (name, data) = jsonl::damaged(loss);
        self.side("damaged", name, Value::Object(data), out);
    }

    /// Begins the session as soon as it has a time, or now.
    pub fn begin(&mut self, now: bool, out: &mut Out<'_>) {
        let timed = || head::begun(self.log.state(), self.log.requests()).is_some();
        if self.begun.is_some() || !(now || timed()) {
            return;
        }
        let head = self.head();
        let mut writer = Writer::new(&head.session_id);
        writer.start(&head, out);
        let hashes = head.rest.iter().map(|(key, value)| (key.clone(), ids::hash(&value.to_string())));
        self.begun = Some(Begun {
            started_at: head.started_at,
            writer,
            title: head.title,
            draft: None,
            queued: None,
            fields: hashes.collect(),
            latest: head.started_at,
        });
        for side in std::mem::take(&mut self.early) {
            self.side(side.kind, side.name, side.data, out);
        }
    }

    fn side(&mut self, kind: &'static str, name: String, data: Value, out: &mut Out<'_>) {
        let own = self.log.requests().iter().rev().find_map(turns::own_time);
        match &mut self.begun {
            None => self.early.push(Side { kind, name, data }),
            Some(begun) => {
                let at = begun.tick(own);
                begun.writer.side(kind, &name, at, data, out);
            }
        }
    }

    /// A new title, and what waits to be sent: with the line that says so.
    fn updates(&mut self, out: &mut Out<'_>) {
        let (state, requests) = (self.log.state(), self.log.requests());
        let Some(begun) = &mut self.begun else { return };
        let first = || if begun.title.is_none() { head::title(state, requests) } else { None };
        let given = head::custom_title(state.get("customTitle")).or_else(first);
        if given.is_some() && given != begun.title {
            let at = begun.tick(requests.iter().rev().find_map(turns::own_time));
            begun.writer.title(given.as_deref(), at, out);
            begun.title = given;
        }
        let (draft, queued) = (head::draft(state), head::queued(state));
        if draft != begun.draft.as_deref() || queued != begun.queued.as_ref() {
            (begun.draft, begun.queued) = (draft.map(str::to_owned), queued.cloned());
            let after = turns::plan(requests, begun.started_at).pop();
            let at = after.as_ref().map_or(begun.started_at, |(_, at)| *at);
            begun.writer.drafts(state, at, after.as_ref().map(|(name, _)| name.as_str()), out);
        }
    }

    fn write_turns(&mut self, out: &mut Out<'_>) {
        let Some(mut begun) = self.begun.take() else { return };
        let dirty = self.log.take_dirty();
        if !(dirty.turns.is_empty() && dirty.removed.is_empty()) {
            let plan = turns::plan(self.log.requests(), begun.started_at);
            for place in dirty.turns {
                let about = self.log.requests().get(place).zip(plan.get(place));
                let turn = about.and_then(|(request, (name, at))| self.turn(request, name, *at));
                turn.iter().for_each(|turn| begun.writer.turn(turn, out));
            }
            for place in dirty.removed {
                let turn = self.removed(place, begun.started_at);
                turn.iter().for_each(|turn| begun.writer.turn(turn, out));
            }
        }
        begun.fields(self.log.state(), out);
        self.begun = Some(begun);
    }
}

impl Begun {
    /// The time of something that has none: that of the last turn, rising.
    fn tick(&mut self, own: Option<Timestamp>) -> Timestamp {
        self.latest = own.unwrap_or(self.started_at).max(self.latest.plus_micros(1));
        self.latest
    }

    /// What else was said of the session since it began. The editor gives it no time.
    fn fields(&mut self, state: &Value, out: &mut Out<'_>) {
        let fields = state.as_object().into_iter().flatten();
        for (key, value) in fields.filter(|(key, _)| !OWN_EVENTS.contains(&key.as_str())) {
            let hash = ids::hash(&value.to_string());
            if self.fields.insert(key.clone(), hash) != Some(hash) {
                let data = json!({ "field": key, "value": value });
                self.writer.side("state", &format!("f:{key}"), self.started_at, data, out);
            }
        }
    }
}

impl LineReader for LogReader {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        let (found, lost) = jsonl::values(line, &SHAPE, out.report);
        let cut = found.iter().filter(|found| found.cut).count();
        if line.skipped > 0 || lost.len() > cut || line.bytes.contains(&0) {
            self.log.damage();
        }
        for found in found {
            self.value(found, line, out);
        }
        for loss in lost {
            self.damaged(&loss, out);
        }
        self.begin(false, out);
        self.updates(out);
    }

    fn pause(&mut self, out: &mut Out<'_>) {
        // a session without turns and times waits for them, so that it begins the same however it is read
        let now = !(self.early.is_empty() && self.log.requests().is_empty());
        self.begin(now, out);
        self.updates(out);
        self.write_turns(out);
        self.lacks(out.report);
    }
}

fn note(line: &RawLine, why: &str, report: &mut ReadReport) {
    let why = why.to_owned();
    report.damage(BadPlace { file: None, line: line.number, offset: line.offset, bytes_lost: 0, why });
}
