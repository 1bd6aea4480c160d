//! What is left of an entry whose end is missing.
//!
//! Owns which of it can be told from what is lost: text and turns that were added. Never takes anything away and never
//! overwrites anything by something shorter. Invariant: the session holds all that it held before.

use super::{Log, Unplaced};
use crate::vscode::path::{self, Key};
use crate::vscode::turns::request_name;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Earliest time that a request may have (2001): numbers whose end is missing are smaller.
const EARLIEST_MS: u64 = 1_000_000_000_000;

impl Log {
    /// Takes what is left of an entry whose end is missing, as far as it only adds something.
    pub fn apply_cut(&mut self, op: Value) -> Result<(), Unplaced> {
        let mut op = op;
        self.damaged = false;
        let added = op.as_object_mut().is_some_and(|fields| self.cut_entry(fields));
        self.damage();
        match added {
            true => Ok(()),
            false => Err(Unplaced { op, why: "its end is missing" }),
        }
    }

    /// True where it added something.
    fn cut_entry(&mut self, fields: &mut Map<String, Value>) -> bool {
        let kind = fields.get("kind").and_then(Value::as_u64);
        match (kind, path::path(fields.get("k")).as_deref()) {
            (Some(0), _) if !self.begun => {
                let began = self.initial(fields).is_ok();
                self.mark_cut(self.requests().len().checked_sub(1));
                began
            }
            (Some(2), Some([Key::Name(name)])) if name == "requests" => self.cut_requests(fields),
            (Some(2), Some([Key::Name(name), Key::Place(place), Key::Name(field)]))
                if name == "requests" && field == "response" =>
            {
                self.cut_response(*place, fields)
            }
            _ => false,
        }
    }

    fn cut_requests(&mut self, fields: &mut Map<String, Value>) -> bool {
        let Some(Value::Array(values)) = fields.get("v") else { return false };
        let known: HashSet<String> = self.requests().iter().filter_map(request_name).collect();
        let mut new = sound_requests(values.clone());
        new.retain(|request| request_name(request).is_some_and(|name| !known.contains(&name)));
        if new.is_empty() {
            return false;
        }
        let path = [Key::Name("requests".to_owned())];
        let added = self.push(&path, &mut Some(Value::Array(new)), None).is_ok();
        self.begun |= added;
        self.mark_cut(self.requests().len().checked_sub(1));
        added
    }

    fn cut_response(&mut self, place: usize, fields: &mut Map<String, Value>) -> bool {
        let Some(Value::Array(parts)) = fields.get("v").cloned() else { return false };
        let doubted = self.doubt.as_ref().map(|doubt| doubt.check(place, self.requests(), &[], None));
        if doubted.is_some_and(|checked| checked.is_err()) {
            return false;
        }
        let from = fields.get("i").and_then(Value::as_u64).and_then(|from| usize::try_from(from).ok());
        let Some(Value::Object(request)) = self.request_mut(place) else { return false };
        let response = request.entry("response").or_insert_with(|| json!([]));
        let added = response.as_array_mut().is_some_and(|response| overlay(response, parts, from));
        if added {
            self.touch(place);
            self.mark_cut(Some(place));
        }
        added
    }

    fn mark_cut(&mut self, place: Option<usize>) {
        let name = place.and_then(|place| self.requests().get(place)).and_then(request_name);
        self.cut.extend(name);
    }
}

/// Requests of a list whose end is missing, without those that say nothing and without times that are cut.
fn sound_requests(values: Vec<Value>) -> Vec<Value> {
    values.into_iter().filter_map(sound_request).collect()
}

fn sound_request(mut request: Value) -> Option<Value> {
    let fields = request.as_object_mut()?;
    if fields.get("timestamp").and_then(Value::as_u64).is_some_and(|at| at < EARLIEST_MS) {
        fields.remove("timestamp");
    }
    let said = fields.contains_key("message")
        || fields.get("response").and_then(Value::as_array).is_some_and(|parts| !parts.is_empty());
    (said && request_name(&request).is_some()).then_some(request)
}

/// Adds to a response what a cut entry says of it. The entry's own start may be lost with its end: then it is told by the
/// text that the entry repeats. True where something was added.
fn overlay(response: &mut Vec<Value>, parts: Vec<Value>, from: Option<usize>) -> bool {
    let Some(first) = parts.first() else { return false };
    let before = response.len();
    let from = from.filter(|from| *from <= before).or_else(|| {
        let repeats = |place: &usize| response.get(*place).is_some_and(|old| goes_on(old, first));
        (0..before).rev().find(repeats)
    });
    let mut added = false;
    for (place, part) in (from.unwrap_or(before)..).zip(parts) {
        match response.get_mut(place) {
            Some(old) if goes_on(old, &part) => {
                added |= longer(old, &part);
                if longer(old, &part) {
                    *old = part;
                }
            }
            Some(_) => {}
            None => {
                added = true;
                response.push(part);
            }
        }
    }
    added
}

/// `new` is the same part, and may say more.
fn goes_on(old: &Value, new: &Value) -> bool {
    let kind = |part: &Value| part.get("kind").and_then(Value::as_str).map(str::to_owned);
    if kind(old) != kind(new) {
        return false;
    }
    match (text(old), text(new)) {
        (Some(old), Some(new)) => !old.is_empty() && (new.starts_with(old) || old.starts_with(new)),
        _ => old.get("toolCallId").is_some() && old.get("toolCallId") == new.get("toolCallId"),
    }
}

fn longer(old: &Value, new: &Value) -> bool {
    matches!((text(old), text(new)), (Some(old), Some(new)) if new.len() > old.len())
}

fn text(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| part.get("value")?.as_str())
}
