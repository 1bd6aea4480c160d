//! The log of changes that VS Code writes of a session (`chatSessions/<id>.jsonl`), replayed to the session it stands for.
//!
//! Owns the entries and their order. Never fails: what the editor itself would throw at is mended where that is plain, and
//! handed back with its reason where it is not. Invariant: for a log that the editor can read, the state is the editor's;
//! a turn that was in the state once is in it still, or in what was [removed](Log::removed).

mod cut;
mod doubt;
mod follow;
mod removed;

pub use follow::LogReader;
pub use removed::Removed;

use super::path::{self, Key, Mending, Misfit};
use super::turns::request_name;
use crate::jsonl::Shape;
use doubt::Doubt;
use removed::Removals;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashSet};

/// How the lines of a log look.
pub const SHAPE: Shape = Shape {
    starts: &["{\"kind\""],
    is_line: |value| {
        let kind = value.get("kind").and_then(Value::as_u64);
        kind.is_some_and(|kind| kind <= 3) && (value.get("k").is_some() || value.get("v").is_some())
    },
    is_beginning: |value| value.get("kind").is_some_and(Value::is_u64),
};

/// Fields of a request that say that it was undone.
const HIDING: [&str; 2] = ["shouldBeRemovedOnSend", "isHidden"];

/// What is noted of a log whose first line is missing.
pub const NO_INITIAL: &str = "the first entry of the log is missing: read on from an empty session";

/// An entry that has no place in the session.
#[derive(Debug, Clone, PartialEq)]
pub struct Unplaced {
    pub op: Value,
    pub why: &'static str,
}

/// What was touched since it was last asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Places in `requests`, ascending.
    pub turns: Vec<usize>,
    /// Places in [`Log::removed`].
    pub removed: Vec<usize>,
}

/// A session as far as its log was read.
#[derive(Debug)]
pub struct Log {
    state: Value,
    begun: bool,
    dirty: BTreeSet<usize>,
    removals: Removals,
    mending: Mending,
    doubt: Option<Doubt>,
    /// Nothing was read since a line was lost.
    damaged: bool,
    /// The turn that the last entry was about.
    touched: Option<usize>,
    hidden_once: HashSet<String>,
    cut: HashSet<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

impl Log {
    pub fn new() -> Self {
        Self {
            state: json!({ "requests": [] }),
            begun: false,
            dirty: BTreeSet::new(),
            removals: Removals::default(),
            mending: Mending::default(),
            doubt: None,
            damaged: false,
            touched: None,
            hidden_once: HashSet::new(),
            cut: HashSet::new(),
        }
    }

    /// The session as it is now.
    pub fn state(&self) -> &Value {
        &self.state
    }

    pub fn requests(&self) -> &[Value] {
        self.state.get("requests").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Turns that the session had and has no more, in the order in which they went.
    pub fn removed(&self) -> &[Removed] {
        self.removals.list()
    }

    pub fn was_hidden(&self, name: &str) -> bool {
        self.hidden_once.contains(name)
    }

    pub fn was_removed(&self, name: &str) -> bool {
        self.removals.has_returned(name)
    }

    /// The last of it comes from an entry whose end is missing.
    pub fn is_cut(&self, name: &str) -> bool {
        self.cut.contains(name)
    }

    pub fn take_dirty(&mut self) -> Dirty {
        let known = self.requests().len();
        let turns = std::mem::take(&mut self.dirty).into_iter().filter(|place| *place < known).collect();
        Dirty { turns, removed: self.removals.take_new() }
    }

    /// Takes the next entry. Gives a note where something had to be mended, and the entry itself where it has no place.
    pub fn apply(&mut self, op: Value) -> Result<Option<&'static str>, Unplaced> {
        let mut op = op;
        self.damaged = false;
        let late = match op.as_object_mut() {
            None => Err(Misfit("not an entry of a log")),
            Some(fields) => self.entry(fields),
        };
        late.map_err(|Misfit(why)| Unplaced { op, why })
    }

    /// An entry is lost here: from now on places may be those of other turns.
    pub fn damage(&mut self) {
        if !std::mem::replace(&mut self.damaged, true) {
            let doubt = self.doubt.take();
            self.doubt = Some(Doubt::after(doubt, self.requests(), self.touched));
        }
    }

    fn entry(&mut self, fields: &mut Map<String, Value>) -> Result<Option<&'static str>, Misfit> {
        let kind = fields.get("kind").and_then(Value::as_u64).ok_or(Misfit("not an entry of a log"))?;
        if kind == 0 {
            return self.initial(fields).map(|()| None);
        }
        let first = !std::mem::replace(&mut self.begun, true);
        let bare = !fields.contains_key("k");
        if first {
            self.doubt = Some(Doubt::default());
        }
        self.mending.mended = false;
        let path = path::path(fields.get("k"));
        let mut value = fields.remove("v");
        let done = match (kind, path) {
            (1..=3, None) => self.without_path(kind, &mut value),
            (1..=3, Some(path)) if path.is_empty() => Err(Misfit("an empty path: the editor passes over it")),
            (1, Some(path)) => self.set(&path, &mut value),
            (2, Some(path)) => from(fields).and_then(|from| self.push(&path, &mut value, from)),
            (3, Some(path)) => self.set(&path, &mut None),
            _ => Err(Misfit("an unknown kind of entry")),
        };
        if let (Err(_), Some(value)) = (&done, value) {
            fields.insert("v".to_owned(), value);
        }
        done?;
        Ok(match self.mending.mended {
            _ if first => Some(NO_INITIAL),
            _ if bare => Some("an entry without a path: the turns in it were added"),
            true => Some("the entry is about something that was not there: it was made"),
            false => None,
        })
    }

    fn initial(&mut self, fields: &mut Map<String, Value>) -> Result<(), Misfit> {
        if !fields.get("v").is_some_and(Value::is_object) {
            return Err(Misfit("a first entry without a session"));
        }
        let old = self.take_requests();
        self.state = fields.remove("v").unwrap_or_default();
        (self.begun, self.doubt, self.touched) = (true, None, None);
        self.dirty.extend(0..self.requests().len());
        self.note_removed(old, 0);
        Ok(())
    }

    fn set(&mut self, path: &[Key], value: &mut Option<Value>) -> Result<(), Misfit> {
        match path {
            [Key::Name(name)] if name == "requests" => {
                if !matches!(value, None | Some(Value::Array(_))) {
                    return Err(Misfit("the turns are no list"));
                }
                let old = self.take_requests();
                path::set(&mut self.state, path, value, &mut self.mending)?;
                (self.doubt, self.touched) = (None, None);
                self.dirty.extend(0..self.requests().len());
                self.note_removed(old, 0);
                Ok(())
            }
            [Key::Name(name), Key::Place(place)] if name == "requests" => {
                self.reach(*place, path, value.as_ref())?;
                let old = self.request_mut(*place).map(Value::take).unwrap_or_default();
                path::set(&mut self.state, path, value, &mut self.mending)?;
                self.touch(*place);
                self.note_removed(vec![old], *place);
                Ok(())
            }
            [Key::Name(name), Key::Place(place), rest @ ..] if name == "requests" => {
                self.reach(*place, path, value.as_ref())?;
                path::set(&mut self.state, path, value, &mut self.mending)?;
                self.touch(*place);
                if let [Key::Name(field)] = rest
                    && HIDING.contains(&field.as_str())
                {
                    self.hidden_once.extend(self.requests().get(*place).and_then(request_name));
                }
                Ok(())
            }
            _ => path::set(&mut self.state, path, value, &mut self.mending),
        }
    }

    fn push(&mut self, path: &[Key], values: &mut Option<Value>, from: Option<usize>) -> Result<(), Misfit> {
        match path {
            [Key::Name(name)] if name == "requests" => {
                let before = self.requests().len();
                let cut = path::push(&mut self.state, path, values, from, &mut self.mending)?;
                match (from, &mut self.doubt) {
                    (None, Some(doubt)) => doubt.pushed = true,
                    // it says itself where it stands
                    _ => self.doubt = None,
                }
                let start = from.unwrap_or(before);
                self.dirty.extend(start.min(before)..self.requests().len());
                self.touched = self.requests().len().checked_sub(1);
                self.note_removed(cut, start);
                Ok(())
            }
            [Key::Name(name), Key::Place(place), ..] if name == "requests" => {
                self.reach(*place, path, values.as_ref())?;
                path::push(&mut self.state, path, values, from, &mut self.mending)?;
                self.touch(*place);
                Ok(())
            }
            _ => path::push(&mut self.state, path, values, from, &mut self.mending).map(drop),
        }
    }

    /// Other programs write entries without a path; what they add is plain where it is a whole turn.
    fn without_path(&mut self, kind: u64, value: &mut Option<Value>) -> Result<(), Misfit> {
        let whole = |value: &Value| request_name(value).is_some() && value.get("message").is_some();
        let turns = value.as_ref().and_then(Value::as_array);
        if kind != 2 || !turns.is_some_and(|turns| !turns.is_empty() && turns.iter().all(whole)) {
            return Err(Misfit("an entry without a path"));
        }
        self.push(&[Key::Name("requests".to_owned())], value, None)
    }

    /// Sees to it that the turn at `place` is there and can be meant.
    fn reach(&mut self, place: usize, path: &[Key], value: Option<&Value>) -> Result<(), Misfit> {
        let known = self.requests().len();
        let Some(doubt) = &mut self.doubt else {
            self.mending.mended |= place >= known;
            return Ok(());
        };
        let from = doubt.from;
        let lost = (place + 1).saturating_sub(known);
        // a turn behind all that are known: as many turns as that must have been in what was lost
        if lost > 0 {
            let Some(list) = self.state.get_mut("requests").and_then(Value::as_array_mut) else {
                return Ok(());
            };
            let moved = list.split_off(from.min(list.len()));
            let padded = path::pad(list, from + lost, &mut self.mending);
            list.extend(moved);
            padded?;
            doubt.shift(lost);
            self.dirty.extend(from..known + lost);
            self.mending.mended = true;
        }
        match &self.doubt {
            Some(doubt) => doubt.check(place, self.requests(), path, value),
            None => Ok(()),
        }
    }

    fn touch(&mut self, place: usize) {
        self.dirty.insert(place);
        self.touched = Some(place);
    }

    fn request_mut(&mut self, place: usize) -> Option<&mut Value> {
        self.state.get_mut("requests")?.get_mut(place)
    }

    fn take_requests(&mut self) -> Vec<Value> {
        match self.state.get_mut("requests").map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// `old` stood from `place` on, until something else was put there.
    fn note_removed(&mut self, old: Vec<Value>, place: usize) {
        let list = self.state.get("requests").and_then(Value::as_array);
        let now = list.and_then(|list| list.get(place..)).unwrap_or_default();
        self.removals.note(old, place, now);
    }
}

/// Where a list is rewritten from.
fn from(fields: &Map<String, Value>) -> Result<Option<usize>, Misfit> {
    match fields.get("i") {
        None | Some(Value::Null) => Ok(None),
        Some(from) => {
            let from = from.as_u64().and_then(|from| usize::try_from(from).ok());
            from.map(Some).ok_or(Misfit("a place that is no number"))
        }
    }
}
