//! A session of VS Code as turns: a prompt and what came of it.
//!
//! Owns where things stand in a request, in all versions of the format. Never trusts a type: a field of another type is as
//! good as absent, and stays in the rest. Invariant: each field of a request is in its turn once.

use super::parts::{Part, What, parts};
use super::tools;
use crate::ids::hash;
use crate::{EventDraft, ReadReport};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::PathBuf;

pub use super::head::{Known, SessionHead};

/// Distance of turns that have no time of their own.
pub const STEP_MICROS: i64 = 100_000;

/// One file's account of a session.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub path: PathBuf,
    pub head: SessionHead,
    /// In the order of display; those that the session has no more stand where they stood.
    pub turns: Vec<Turn>,
    /// What the log says besides: drafts, entries without a place, damaged text. Empty for whole files that are not damaged.
    pub kept: Vec<EventDraft>,
    /// Lines, damage, and what is missing. Counts of messages are made when turns are written.
    pub report: ReadReport,
}

impl Candidate {
    /// The same, with what is known of the session from elsewhere.
    #[must_use]
    pub fn knowing(mut self, known: &Known) -> Self {
        self.head = self.head.knowing(known);
        self.kept.iter_mut().for_each(|event| event.session_id.clone_from(&self.head.session_id));
        self
    }
}

/// How a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The file does not say.
    Unknown,
    Pending,
    NeedsInput,
    Cancelled,
    Failed,
    Complete,
}

/// A prompt and its answer.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Its name within the session: the request's own, else one made of what it says.
    pub request_id: String,
    pub at: Timestamp,
    pub prompt: String,
    /// Names of what was attached.
    pub attachments: Vec<String>,
    pub parts: Vec<Part>,
    pub model: Option<String>,
    pub mode: Option<String>,
    pub standing: Standing,
    pub error: Option<String>,
    /// Undone: the editor does not show it.
    pub hidden: bool,
    /// It was hidden once.
    pub was_hidden: bool,
    /// The session has it no more.
    pub removed: bool,
    /// It was removed once, and came back.
    pub was_removed: bool,
    /// Its end is missing in the file.
    pub cut: bool,
    /// What the editor left out when it wrote the file.
    pub left_out: bool,
    /// Everything else that the request says.
    pub rest: Map<String, Value>,
}

impl Turn {
    /// Reads a request; `None` for a place where none is.
    pub fn read(request: &Value, request_id: &str, at: Timestamp) -> Option<Self> {
        let mut rest = match request {
            Value::Null => return None,
            Value::Object(fields) => fields.clone(),
            other => Map::from_iter([("value".to_owned(), other.clone())]),
        };
        let (standing, prompt) = (standing(&rest), prompt(&rest));
        strip_prompt(&mut rest, &prompt);
        let error = error_details(&rest).and_then(|details| details.get("message")?.as_str());
        let error = error.filter(|error| !error.is_empty()).map(str::to_owned);
        let mut parts = parts(rest.remove("response"), request_id);
        tools::add_rounds(&mut parts, rest.get_mut("result"), request_id);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let mode = rest.get("modeInfo");
        Some(Self {
            request_id: request_id.to_owned(),
            at,
            prompt,
            attachments: attachments(&rest),
            parts,
            model: text(rest.get("modelId")),
            mode: text(mode.and_then(|mode| mode.get("modeId").or_else(|| mode.get("kind")))),
            standing,
            error,
            hidden: is_hidden(&rest),
            was_hidden: false,
            removed: false,
            was_removed: false,
            cut: false,
            left_out: has_left_out(request),
            rest,
        })
    }

    /// How much it says: of two accounts of one turn the richer one is kept.
    pub fn richness(&self) -> u64 {
        let parts: u64 = self.parts.iter().map(|part| 16 + weight(&part.what)).sum();
        let finished = u64::from(self.standing > Standing::NeedsInput) * 64;
        let said = self.prompt.len() + self.error.as_ref().map_or(0, String::len) + self.rest.len();
        finished + parts + said as u64
    }

    /// An answer may still come, or would have come.
    pub fn is_open(&self) -> bool {
        self.cut || self.standing <= Standing::NeedsInput
    }
}

/// Names and times of requests, in their order. Names are unique; times rise.
pub fn plan(requests: &[Value], started_at: Timestamp) -> Vec<(String, Timestamp)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut last: Option<Timestamp> = None;
    let mut plan = Vec::with_capacity(requests.len());
    for (place, request) in requests.iter().enumerate() {
        let name = request_name(request).unwrap_or_else(|| format!("request-{place}"));
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times > 1 { format!("{name}+{times}") } else { name };
        if request.is_null() {
            plan.push((name, last.unwrap_or(started_at)));
            continue;
        }
        let own = own_time(request);
        let after = last.map_or(started_at, |last| last.plus_micros(STEP_MICROS));
        let at = match (own, last) {
            (Some(own), Some(last)) if own <= last => last.plus_micros(1_000),
            (Some(own), _) => own,
            (None, _) => after,
        };
        last = Some(at);
        plan.push((name, at));
    }
    plan
}

/// What names a request: its own id, else what was asked and when. `None` where it says nothing.
pub fn request_name(request: &Value) -> Option<String> {
    let own =
        ["requestId", "id"].iter().find_map(|key| request.get(key)?.as_str().filter(|id| !id.is_empty()));
    own.map(str::to_owned).or_else(|| {
        let prompt = prompt(request.as_object()?);
        let at = request.get("timestamp").map(Value::to_string).unwrap_or_default();
        (!prompt.is_empty()).then(|| format!("turn-{:016x}", hash(&format!("{at}/{prompt}"))))
    })
}

/// When it was asked, as the request says it.
pub fn own_time(request: &Value) -> Option<Timestamp> {
    millis(request.get("timestamp"))
}

pub fn millis(value: Option<&Value>) -> Option<Timestamp> {
    let ms = value?.as_i64().or_else(|| value?.as_f64().map(|ms| ms as i64)).filter(|ms| *ms > 0)?;
    Timestamp::from_millis(ms).ok()
}

/// The editor writes nothing more about it until it writes the whole session anew.
pub fn is_sealed(request: &Value) -> bool {
    model_state(request).is_some_and(|state| (1..=3).contains(&state))
}

fn model_state(request: &Value) -> Option<u64> {
    request.get("modelState")?.get("value")?.as_u64()
}

/// What was asked, in all versions of the format.
pub fn prompt(request: &Map<String, Value>) -> String {
    let message = request.get("message");
    let text = |value: &Value| value.get("text").and_then(Value::as_str).map(str::to_owned);
    match message {
        Some(Value::String(text)) => text.clone(),
        Some(message) => text(message).unwrap_or_else(|| {
            let parts = message.get("parts").and_then(Value::as_array);
            parts.into_iter().flatten().filter_map(text).collect()
        }),
        None => String::new(),
    }
}

/// Takes the texts out that stand in the prompt.
fn strip_prompt(rest: &mut Map<String, Value>, prompt: &str) {
    let Some(message) = rest.get_mut("message") else { return };
    if message.is_string() {
        rest.remove("message");
        return;
    }
    let strip = |value: &mut Value| {
        if let Value::Object(fields) = value
            && fields.get("text").and_then(Value::as_str).is_some_and(|text| prompt.contains(text))
        {
            fields.remove("text");
        }
    };
    strip(message);
    if let Some(parts) = message.get_mut("parts").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(strip);
    }
}

fn standing(request: &Map<String, Value>) -> Standing {
    let state = request.get("modelState").and_then(|state| state.get("value")?.as_u64());
    let result = request.get("result").filter(|result| result.is_object());
    let details = error_details(request);
    let code = details.and_then(|details| details.get("code")?.as_str());
    let cancelled = request.get("isCanceled").and_then(Value::as_bool) == Some(true);
    match (state, result) {
        (Some(0), _) => Standing::Pending,
        (Some(1), _) => Standing::Complete,
        (Some(2), _) => Standing::Cancelled,
        (Some(3), _) => Standing::Failed,
        (Some(4), _) => Standing::NeedsInput,
        _ if cancelled || code == Some("canceled") => Standing::Cancelled,
        _ if details.is_some() => Standing::Failed,
        (_, Some(_)) => Standing::Complete,
        _ => Standing::Unknown,
    }
}

/// What went wrong; the oldest files have it beside the answer.
fn error_details(request: &Map<String, Value>) -> Option<&Value> {
    let details = request.get("result").and_then(|result| result.get("errorDetails"));
    details.or_else(|| request.get("responseErrorDetails")).filter(|details| details.is_object())
}

fn is_hidden(request: &Map<String, Value>) -> bool {
    let is = |key: &str| match request.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(_) => true,
    };
    is("isHidden") || is("shouldBeRemovedOnSend")
}

fn attachments(request: &Map<String, Value>) -> Vec<String> {
    let list = request.get("variableData").and_then(|data| data.get("variables")?.as_array());
    let name = |variable: &Value| {
        let text = |key: &str| variable.get(key).and_then(Value::as_str);
        text("name").or_else(|| text("id")).map(str::to_owned)
    };
    list.into_iter().flatten().filter_map(name).collect()
}

fn weight(what: &What) -> u64 {
    match what {
        What::Text { text, .. } | What::Thinking { text, .. } => text.len() as u64,
        What::Call(call) => call.weight(),
        What::Side { .. } => 0,
    }
}

/// The editor writes a mark in place of what is too long for it.
fn has_left_out(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.len() < 4_096 && text.starts_with('[') && text.contains(": value truncated for persistence")
        }
        Value::Array(items) => items.iter().any(has_left_out),
        Value::Object(fields) => fields.values().any(has_left_out),
        _ => false,
    }
}
