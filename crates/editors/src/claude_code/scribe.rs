//! Writes the events of a transcript, line by line.
//!
//! Owns which line becomes which event. Invariant: each line that is no copy gives at least one event, and its events
//! together hold everything that the line holds.

mod write;

use super::entry::{Entry, hash};
use super::head::{self, Head};
use super::lines::RawLine;
use super::names::{self, Seen};
use super::report::{BadLine, ReadReport};
use super::salvage::{self, Found};
use super::track::Track;
use super::{lines, prompt};
use crate::EventDraft;
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, VecDeque};
use write::Pen;

pub struct Scribe {
    head: Head,
    seen: Seen,
    /// The file's own session first, then those of sub-agents that are written into it.
    tracks: Vec<Track>,
    /// Lines of sub-agents by the hash of their `uuid`: the place of their session in `tracks`.
    sidechains: HashMap<u64, usize>,
    /// Summaries whose last message has not come yet, by the hash of its `uuid`.
    summaries: HashMap<u64, String>,
}

impl Scribe {
    pub fn new(head: Head) -> Self {
        let own = Track::new(head.session_id.clone(), head.first_at);
        Self {
            head,
            seen: Seen::default(),
            tracks: vec![own],
            sidechains: HashMap::new(),
            summaries: HashMap::new(),
        }
    }

    pub fn session_id(&self) -> &str {
        &self.head.session_id
    }

    /// The `session_start` of the file's session.
    pub fn start(&mut self, out: &mut VecDeque<EventDraft>, report: &mut ReadReport) {
        let (data, at) = (self.head.start.clone(), self.head.first_at);
        if let Some(track) = self.tracks.first() {
            begin(track, data, at, out, report);
        }
    }

    pub fn line(&mut self, line: &RawLine, out: &mut VecDeque<EventDraft>, report: &mut ReadReport) {
        report.lines += 1;
        if line.skipped > 0 {
            let why = format!("longer than {} MiB: skipped", lines::MAX_LINE >> 20);
            report.damage(BadLine { line: line.number, offset: line.offset, bytes_lost: line.skipped, why });
        }
        let salvaged = salvage::read_line(&line.bytes);
        for found in salvaged.found {
            self.value(found, out, report);
        }
        for loss in salvaged.losses {
            let offset = line.offset + loss.offset as u64;
            if !loss.text.is_empty() {
                self.damaged(offset, &loss, out, report);
            }
            let (number, bytes_lost) = (line.number, loss.bytes as u64);
            report.damage(BadLine { line: number, offset, bytes_lost, why: loss.why });
        }
    }

    /// The `session_end` of every session of the file.
    pub fn end(&mut self, out: &mut VecDeque<EventDraft>, report: &mut ReadReport) {
        for track in &self.tracks {
            let data = json!({ "reason": "imported", "message_count": track.messages });
            report.events += 1;
            out.push_back(EventDraft {
                session_id: track.session_id.clone(),
                event_type: "session_end".into(),
                // `~` sorts behind every other id: the end follows the last event, at its own time.
                event_id: format!("~end-{:016x}", hash(&format!("{}/{data}", track.last_key))),
                timestamp: track.latest,
                data: fields(data),
            });
        }
    }

    fn value(&mut self, found: Found, out: &mut VecDeque<EventDraft>, report: &mut ReadReport) {
        let fields = match found.value {
            Value::Object(fields) => fields,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        let entry = Entry { fields, cut: found.cut };
        match entry.kind() {
            "user" => report.user_lines += 1,
            "assistant" => report.assistant_lines += 1,
            _ => {}
        }
        let Some(key) = self.seen.key(&entry) else {
            report.copies += 1;
            return;
        };
        let place = self.route(&entry, &key, out, report);
        let title = entry.text("uuid").and_then(|uuid| self.summaries.remove(&hash(uuid)));
        let pending = self.pending_summary(&entry);
        let Some(track) = self.tracks.get_mut(place) else { return };
        track.last_key.clone_from(&key);
        let mut pen = Pen { track, key, at: entry.timestamp(), out, report };
        pen.entry(&entry, pending.is_some());
        if let Some(title) = title {
            pen.late_title(&title);
        }
        if let Some(raw) = found.verbatim {
            pen.verbatim(&raw);
        }
        if let Some((leaf, summary)) = pending {
            self.summaries.insert(leaf, summary);
        }
    }

    /// A summary that names a message this file has not shown yet: it is the title when that one comes.
    fn pending_summary(&self, entry: &Entry) -> Option<(u64, String)> {
        let leaf = entry.text("leafUuid").filter(|leaf| entry.kind() == "summary" && !self.seen.has(leaf))?;
        Some((hash(leaf), entry.text("summary")?.to_owned()))
    }

    /// The session of a line, by its place in `tracks`. The first line of a sub-agent begins its session.
    fn route(
        &mut self,
        entry: &Entry,
        key: &str,
        out: &mut VecDeque<EventDraft>,
        report: &mut ReadReport,
    ) -> usize {
        if self.head.is_agent || !entry.is("isSidechain") {
            return 0;
        }
        let parent = entry.text("parentUuid").and_then(|uuid| self.sidechains.get(&hash(uuid))).copied();
        let place = match (entry.text("agentId"), parent) {
            (Some(agent), _) => self.side_session(&format!("agent-{agent}"), entry, out, report),
            (None, Some(place)) => place,
            (None, None) => self.side_session(&format!("sidechain-{key}"), entry, out, report),
        };
        if let Some(uuid) = entry.text("uuid") {
            self.sidechains.insert(hash(uuid), place);
        }
        place
    }

    fn side_session(
        &mut self,
        name: &str,
        entry: &Entry,
        out: &mut VecDeque<EventDraft>,
        report: &mut ReadReport,
    ) -> usize {
        let id = names::session_id(format!("{}/{name}", self.head.session_id));
        if let Some(place) = self.tracks.iter().position(|track| track.session_id == id) {
            return place;
        }
        let first_at = entry.timestamp().unwrap_or(self.head.first_at);
        let text = |key: &str| entry.text(key).map(str::to_owned);
        let about = [("parent_session", Some(self.head.session_id.clone())), ("agent_id", text("agentId"))];
        let mut start = head::object([("title", prompt::title(entry)), ("workspace", text("cwd"))]);
        start.extend(head::always(head::object(about)));
        let track = Track::new(id, first_at);
        begin(&track, start, first_at, out, report);
        self.tracks.push(track);
        self.tracks.len() - 1
    }

    /// Text that could not be read, or not fully, kept as it stands.
    fn damaged(
        &mut self,
        offset: u64,
        loss: &salvage::Loss,
        out: &mut VecDeque<EventDraft>,
        report: &mut ReadReport,
    ) {
        let Some(track) = self.tracks.first_mut() else { return };
        let key = format!("h-{:016x}", hash(&format!("{offset}/{}", loss.text)));
        let mut pen = Pen { track, key, at: None, out, report };
        let data = json!({ "text": loss.text, "why": loss.why, "offset": offset });
        pen.push("claude_code.damaged", "damaged", fields(data));
    }
}

fn begin(
    track: &Track,
    data: Map<String, Value>,
    at: Timestamp,
    out: &mut VecDeque<EventDraft>,
    report: &mut ReadReport,
) {
    report.events += 1;
    report.sessions.push(track.session_id.clone());
    out.push_back(EventDraft {
        session_id: track.session_id.clone(),
        event_type: "session_start".into(),
        // `!` sorts before every other id: the start precedes the first event, at its own time.
        event_id: format!("!start-{:016x}", hash(&Value::Object(data.clone()).to_string())),
        timestamp: at,
        data,
    });
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
