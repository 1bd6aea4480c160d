//! The events of a session's turns.
//!
//! Owns the mapping of turns and parts, and the order within a turn, which has only one time: each part of an answer has
//! some microseconds of its own behind the prompt. Never writes the same event twice. Invariant: a turn that has grown
//! gives the same events at the same times where it says the same, and longer ones under the same names where it says more.

use super::head::{self, SessionHead};
use super::parts::{Part, What};
use super::tools::Call;
use super::turns::{Standing, Turn};
use crate::jsonl::Out;
use crate::sheet::fields;
use crate::{EventDraft, ids};
use chasm_protocol::{Timestamp, limits};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Microseconds that belong to one part of an answer.
const SLOT_MICROS: i64 = 4;

/// Writes all of a session: its start, its turns, and the drafts that wait in it.
pub fn write_turns(head: &SessionHead, turns: &[Turn], out: &mut Out<'_>) {
    let mut writer = Writer::new(&head.session_id);
    writer.start(head, out);
    turns.iter().for_each(|turn| writer.turn(turn, out));
    let state = Value::Object(head.rest.clone());
    let after = turns.iter().rev().find(|turn| !turn.removed);
    let (at, name) = after.map_or((head.started_at, None), |turn| (turn.at, Some(turn.request_id.as_str())));
    writer.drafts(&state, at, name, out);
}

/// Writes the events of one session. Holds 8 bytes an event.
#[derive(Debug, Default)]
pub struct Writer {
    session_id: String,
    handed: HashSet<u64>,
    counted: HashSet<u64>,
}

impl Writer {
    pub fn new(session_id: &str) -> Self {
        Self { session_id: session_id.to_owned(), ..Self::default() }
    }

    pub fn start(&mut self, head: &SessionHead, out: &mut Out<'_>) {
        let data = head.start();
        out.report.sessions.push(self.session_id.clone());
        // `!` sorts before every other id: the start precedes the first event, at its own time.
        let event_id = format!("!start-{:016x}", ids::hash(&Value::Object(data.clone()).to_string()));
        self.push("session_start", event_id, head.started_at, data, out);
    }

    /// A title that came after the start.
    pub fn title(&mut self, title: Option<&str>, at: Timestamp, out: &mut Out<'_>) {
        let name = format!("title-{}", at.as_micros());
        self.event("session_update", &name, at, fields(json!({ "title": title })), out);
    }

    /// What waits to be sent: the text in the input line, and queued prompts.
    pub fn drafts(&mut self, state: &Value, at: Timestamp, after: Option<&str>, out: &mut Out<'_>) {
        if let Some(text) = head::draft(state) {
            self.side("draft", "draft", at, json!({ "text": text, "after": after }), out);
        }
        if let Some(list) = head::queued(state) {
            self.side("queued", "queued", at, json!({ "prompts": list, "after": after }), out);
        }
    }

    /// An event of a type of its own.
    pub fn side(&mut self, kind: &str, name: &str, at: Timestamp, data: Value, out: &mut Out<'_>) {
        self.event(&side_type(kind), name, at, fields(data), out);
    }

    /// All events of a turn that were not written yet.
    pub fn turn(&mut self, turn: &Turn, out: &mut Out<'_>) {
        if self.is_first("turn", &turn.request_id) {
            out.report.count("turns");
        }
        if turn.left_out {
            out.report
                .lacks(format!("{}: VS Code itself left out what was too long to be kept", turn.request_id));
        }
        let before = out.events.len();
        self.prompt(turn, out);
        let mut pen = Pen { writer: self, turn, run: None, runs: 0, pending: Vec::new() };
        for (nth, part) in turn.parts.iter().enumerate() {
            let followed =
                turn.parts.iter().skip(nth + 1).any(|later| !matches!(later.what, What::Side { .. }));
            pen.part(part, followed, out);
        }
        pen.end(out);
        let written = out.events.make_contiguous().get_mut(before..).unwrap_or_default();
        written.sort_by_key(|event| event.timestamp);
    }

    /// The user's message, with everything of the request that is not in another event.
    fn prompt(&mut self, turn: &Turn, out: &mut Out<'_>) {
        let metadata = about(turn);
        if turn.prompt.is_empty() && turn.attachments.is_empty() {
            let data = json!({ "message_id": turn.request_id, "metadata": metadata });
            return self.side("request", &format!("u:{}", turn.request_id), turn.at, data, out);
        }
        self.count_message("user", &turn.request_id, out);
        let data = json!({
            "role": "user", "content": turn.prompt, "message_id": turn.request_id, "metadata": metadata,
        });
        self.event("message", &format!("u:{}", turn.request_id), turn.at, fields(data), out);
    }

    fn count_message(&mut self, role: &str, message_id: &str, out: &mut Out<'_>) {
        if self.is_first("message", message_id) {
            out.report.messages += 1;
            out.report.answers += u64::from(role == "assistant");
        }
    }

    fn is_first(&mut self, kind: &str, name: &str) -> bool {
        self.counted.insert(ids::hash(&format!("{kind}/{name}")))
    }

    fn event(
        &mut self,
        event_type: &str,
        name: &str,
        at: Timestamp,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) {
        let event_id = ids::versioned(name, &data);
        self.push(event_type, event_id, at, data, out);
    }

    fn push(
        &mut self,
        event_type: &str,
        event_id: String,
        timestamp: Timestamp,
        data: Map<String, Value>,
        out: &mut Out<'_>,
    ) {
        if self.handed.insert(ids::hash(&event_id)) {
            let session_id = self.session_id.clone();
            out.push(EventDraft { session_id, event_type: event_type.to_owned(), event_id, timestamp, data });
        }
    }
}

/// Writes the answer of one turn.
struct Pen<'a> {
    writer: &'a mut Writer,
    turn: &'a Turn,
    run: Option<Run>,
    /// Runs written so far.
    runs: usize,
    /// What parts without text say, until a run takes it.
    pending: Vec<Value>,
}

/// What the model says between two calls of tools.
struct Run {
    place: usize,
    content: Vec<Value>,
}

impl Pen<'_> {
    fn part(&mut self, part: &Part, followed: bool, out: &mut Out<'_>) {
        match &part.what {
            What::Text { text, rest } => self.text("text", text, rest.as_ref(), part.place),
            What::Thinking { text, rest } => self.text("thinking", text, rest.as_ref(), part.place),
            What::Call(call) => {
                self.close(false, out);
                self.call(call, part.place, followed, out);
            }
            What::Side { kind, part: raw } => {
                let data = json!({ "message_id": self.turn.request_id, "part": raw });
                let name = format!("p:{}/{}", self.turn.request_id, part.place);
                self.writer.side(kind, &name, self.at(part.place, 0), data, out);
            }
        }
    }

    fn text(&mut self, kind: &str, text: &str, rest: Option<&Value>, place: usize) {
        if let Some(rest) = rest {
            self.pending.push(json!({ "place": place, "part": rest }));
        }
        if text.is_empty() {
            return;
        }
        let run = self.run.get_or_insert_with(|| Run { place, content: Vec::new() });
        match run.content.last_mut().filter(|last| kind == "text" && last["type"] == "text") {
            Some(last) => {
                let said = last.get("text").and_then(Value::as_str).unwrap_or_default();
                *last = json!({ "type": "text", "text": format!("{said}{text}") });
            }
            None => run.content.push(json!({ "type": kind, kind: text })),
        }
    }

    /// Writes the run that is open.
    fn close(&mut self, last: bool, out: &mut Out<'_>) {
        let Some(run) = self.run.take() else { return };
        let message_id = format!("{}/{}", self.turn.request_id, self.runs);
        self.runs += 1;
        let parts = std::mem::take(&mut self.pending);
        let content = match run.content.as_slice() {
            [only] if only["type"] == "text" => only.get("text").cloned().unwrap_or_default(),
            _ => Value::Array(run.content),
        };
        let metadata = if parts.is_empty() { json!({}) } else { json!({ "vscode": { "parts": parts } }) };
        self.answer(&message_id, content, run.place, last && self.turn.is_open(), metadata, out);
    }

    fn answer(
        &mut self,
        message_id: &str,
        content: Value,
        place: usize,
        partial: bool,
        metadata: Value,
        out: &mut Out<'_>,
    ) {
        // said either way, so that the finished version is the longer one
        let mut data = fields(json!({
            "role": "assistant", "content": content, "message_id": message_id, "partial": partial,
            "metadata": metadata,
        }));
        data.extend(self.turn.model.iter().map(|model| ("model".to_owned(), json!(model))));
        self.writer.count_message("assistant", message_id, out);
        self.writer.event("message", &format!("a:{message_id}"), self.at(place, 0), data, out);
    }

    fn call(&mut self, call: &Call, place: usize, followed: bool, out: &mut Out<'_>) {
        if self.writer.is_first("call", &call.call_id) {
            out.report.tool_calls += 1;
        }
        let mut data = fields(json!({ "name": call.name, "call_id": call.call_id }));
        let mut put = |key: &str, value: Option<Value>| data.extend(value.map(|v| (key.to_owned(), v)));
        put("arguments", call.arguments.clone());
        put("message_id", self.runs.checked_sub(1).map(|n| json!(format!("{}/{n}", self.turn.request_id))));
        put("model_call_id", call.model_call_id.as_ref().map(|id| json!(id)));
        put("tool_id", call.tool_id.as_ref().map(|id| json!(id)));
        put("matched_by", call.by_order.then(|| json!("order")));
        put("vscode", (!call.rest.is_empty()).then(|| json!(call.rest)));
        self.writer.event("tool_call", &self.named("c", call), self.at(place, 1), data, out);
        let over = self.turn.standing == Standing::Complete || followed;
        // the last tool of a turn that goes on: a result would say that nothing is awaited any more
        let awaited = self.turn.is_open() && !followed;
        if !awaited && (call.output.is_some() || call.denied || over) {
            self.result(call, place, out);
        } else if call.output.is_some() || !call.result_rest.is_empty() {
            let data = json!({ "call_id": call.call_id, "output": call.output, "vscode": call.result_rest });
            self.writer.side("tool_state", &self.named("s", call), self.at(place, 2), data, out);
        }
    }

    fn result(&mut self, call: &Call, place: usize, out: &mut Out<'_>) {
        if self.writer.is_first("result", &call.call_id) {
            out.report.tool_results += 1;
        }
        let mut data = fields(json!({ "name": call.name, "call_id": call.call_id }));
        let mut put = |key: &str, value: Option<Value>| data.extend(value.map(|v| (key.to_owned(), v)));
        put("output", call.output.clone());
        put("is_error", call.is_error.map(Value::Bool));
        put("duration_ms", call.duration_ms.clone());
        put("vscode", (!call.result_rest.is_empty()).then(|| json!(call.result_rest)));
        self.writer.event("tool_result", &self.named("r", call), self.at(place, 2), data, out);
    }

    fn end(mut self, out: &mut Out<'_>) {
        self.close(true, out);
        let behind = self.turn.parts.last().map_or(0, |part| part.place + 1);
        if let Some(last) = self.pending.last() {
            // at the time of what it holds: what is said again when the turn has grown is the same event
            let place =
                last.get("place").and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok());
            let at = self.at(place.unwrap_or(behind), 3);
            let data = json!({ "message_id": self.turn.request_id, "parts": self.pending });
            self.writer.side("parts", &format!("q:{}", self.turn.request_id), at, data, out);
        }
        let shown = match self.turn.standing {
            Standing::Failed => true,
            Standing::Cancelled => self.runs == 0,
            _ => false,
        };
        if let Some(error) = self.turn.error.as_ref().filter(|_| shown) {
            let message_id = format!("{}/error", self.turn.request_id);
            self.answer(&message_id, json!(error), behind + 1, false, json!({ "error": true }), out);
        }
    }

    /// Names an event of a call; one id may be in two turns.
    fn named(&self, kind: &str, call: &Call) -> String {
        let request = &self.turn.request_id;
        match call.call_id.contains(request.as_str()) {
            true => format!("{kind}:{}", call.call_id),
            false => format!("{kind}:{}@{request}", call.call_id),
        }
    }

    fn at(&self, place: usize, nth: i64) -> Timestamp {
        let place = i64::try_from(place).unwrap_or(i64::MAX / 16);
        self.turn.at.plus_micros((place + 1) * SLOT_MICROS + nth)
    }
}

/// What the user's message says of its turn.
fn about(turn: &Turn) -> Value {
    let mut about = Map::new();
    let standing = match turn.standing {
        Standing::Unknown => "unknown",
        Standing::Pending => "pending",
        Standing::NeedsInput => "needs_input",
        Standing::Cancelled => "cancelled",
        Standing::Failed => "failed",
        Standing::Complete => "complete",
    };
    about.insert("standing".into(), json!(standing));
    // what was once is said for ever, so that the later version is the longer one
    let mut mark = |key: &str, is: bool, was: bool| {
        if is || was {
            about.insert(key.to_owned(), json!(is));
        }
    };
    mark("hidden", turn.hidden, turn.was_hidden);
    mark("removed", turn.removed, turn.was_removed);
    mark("cut", turn.cut, false);
    if !turn.attachments.is_empty() {
        about.insert("attachments".into(), json!(turn.attachments));
    }
    about.extend(turn.mode.iter().map(|mode| ("mode".to_owned(), json!(mode))));
    about.insert("vscode".into(), json!(turn.rest));
    Value::Object(about)
}

/// `vscode.<kind>`, in the protocol's alphabet.
fn side_type(kind: &str) -> String {
    let mut name = String::from("vscode.");
    for c in kind.chars() {
        match c {
            'a'..='z' | '0'..='9' | '.' | '_' => name.push(c),
            'A'..='Z' => {
                if !name.ends_with(['.', '_']) {
                    name.push('_');
                }
                name.push(c.to_ascii_lowercase());
            }
            _ => name.push('_'),
        }
        if name.len() >= limits::EVENT_TYPE_BYTES {
            break;
        }
    }
    name.truncate(limits::EVENT_TYPE_BYTES);
    name
}
