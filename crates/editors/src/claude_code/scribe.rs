//! Writes the events of a transcript, line by line.
//!
//! Owns which line becomes which event. Invariant: each line that is no copy gives at least one event, and its events
//! together hold everything that the line holds.

mod write;

use super::entry::{Entry, SHAPE};
use super::head::{self, Head};
use super::names::{self, Seen};
use super::prompt;
use super::track::{TitleRank, Track};
use crate::EventDraft;
use crate::ids::hash;
use crate::jsonl::salvage::{Found, Loss};
use crate::jsonl::{self, LineReader, Out, RawLine};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value};
use std::collections::HashMap;
use write::Pen;

pub struct Scribe {
    head: Head,
    begun: bool,
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
        let titled = if head.start.contains_key("title") { TitleRank::FirstPrompt } else { TitleRank::None };
        let own = Track::new(head.session_id.clone(), head.first_at, titled);
        Self {
            head,
            begun: false,
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
    fn start(&mut self, out: &mut Out<'_>) {
        let (data, at) = (self.head.start.clone(), self.head.first_at);
        if let Some(track) = self.tracks.first() {
            begin(track, data, at, out);
        }
    }

    fn value(&mut self, found: Found, out: &mut Out<'_>) {
        let fields = match found.value {
            Value::Object(fields) => fields,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        let entry = Entry { fields, cut: found.cut };
        match entry.kind() {
            "user" => out.report.count("user"),
            "assistant" => out.report.count("assistant"),
            _ => {}
        }
        let Some(key) = self.seen.key(&entry) else {
            out.report.copies += 1;
            return;
        };
        let place = self.route(&entry, &key, out);
        let title = entry.text("uuid").and_then(|uuid| self.summaries.remove(&hash(uuid)));
        let pending = self.pending_summary(&entry);
        let Some(track) = self.tracks.get_mut(place) else { return };
        let mut pen = Pen { track, key, at: entry.timestamp(), out };
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
    fn route(&mut self, entry: &Entry, key: &str, out: &mut Out<'_>) -> usize {
        if self.head.is_agent || !entry.is("isSidechain") {
            return 0;
        }
        let parent = entry.text("parentUuid").and_then(|uuid| self.sidechains.get(&hash(uuid))).copied();
        let place = match (entry.text("agentId"), parent) {
            (Some(agent), _) => self.side_session(&format!("agent-{agent}"), entry, out),
            (None, Some(place)) => place,
            (None, None) => self.side_session(&format!("sidechain-{key}"), entry, out),
        };
        if let Some(uuid) = entry.text("uuid") {
            self.sidechains.insert(hash(uuid), place);
        }
        place
    }

    fn side_session(&mut self, name: &str, entry: &Entry, out: &mut Out<'_>) -> usize {
        let id = names::session_id(format!("{}/{name}", self.head.session_id));
        if let Some(place) = self.tracks.iter().position(|track| track.session_id == id) {
            return place;
        }
        let first_at = entry.timestamp().unwrap_or(self.head.first_at);
        let text = |key: &str| entry.text(key).map(str::to_owned);
        let about = [("parent_session", Some(self.head.session_id.clone())), ("agent_id", text("agentId"))];
        let mut start = head::object([("title", prompt::title(entry)), ("workspace", text("cwd"))]);
        start.extend(head::always(head::object(about)));
        let track = Track::new(id, first_at, TitleRank::FirstPrompt);
        begin(&track, start, first_at, out);
        self.tracks.push(track);
        self.tracks.len() - 1
    }

    /// Text that could not be read, or not fully, kept as it stands.
    fn damaged(&mut self, loss: &Loss, out: &mut Out<'_>) {
        let Some(track) = self.tracks.first_mut() else { return };
        let (key, data) = jsonl::damaged(loss);
        Pen { track, key, at: None, out }.push("claude_code.damaged", "damaged", data);
    }
}

impl LineReader for Scribe {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.start(out);
        }
        let (found, lost) = jsonl::values(line, &SHAPE, out.report);
        for found in found {
            self.value(found, out);
        }
        for loss in lost {
            self.damaged(&loss, out);
        }
    }
}

fn begin(track: &Track, data: Map<String, Value>, at: Timestamp, out: &mut Out<'_>) {
    out.report.sessions.push(track.session_id.clone());
    out.push(EventDraft {
        session_id: track.session_id.clone(),
        event_type: "session_start".into(),
        // `!` sorts before every other id: the start precedes the first event, at its own time.
        event_id: format!("!start-{:016x}", hash(&Value::Object(data.clone()).to_string())),
        timestamp: at,
        data,
    });
}
