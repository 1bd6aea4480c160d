//! The events of a session as all its files tell it.
//!
//! Owns what is said of the session as a whole, what stands beside its turns, and what is missing. Never reads a file but those
//! of changed files, and these only where no word is left. Invariant: the same sources give the same events.

use super::edits::{self, Edits};
use super::kin::VsCode;
use super::merge::{Merge, Version};
use super::read::{known, lacking, nothing};
use super::sources::{self, Sources};
use super::transcript::{self, Told};
use super::turns::{Candidate, SessionHead, Turn};
use super::write::write_turns;
use super::{index, versions};
use crate::editor::SessionFile;
use crate::ids::{self, hash};
use crate::jsonl::{self, Out};
use crate::times::Times;
use crate::{EventDraft, ReadReport};
use chasm_protocol::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How far behind its turn what other files say of it stands, in microseconds.
const ASIDE: i64 = 500_000;

/// All that is known of a session at one time.
pub struct Account<'a> {
    pub editor: &'a VsCode,
    pub file: &'a SessionFile,
    pub rest: &'a Sources,
    /// The log that is followed, if any, and the others.
    pub copies: Vec<&'a Candidate>,
    /// The editor may write on.
    pub live: bool,
    pub start: Option<EventDraft>,
    pub out: Out<'a>,
}

impl Account<'_> {
    /// Writes its events. Whether a transcript has more to say.
    pub fn write(mut self) -> bool {
        let head = self.head();
        if !self.rest.typed.is_empty() {
            self.typed(&head);
            return false;
        }
        let merge = self.merge();
        let turns: Vec<Turn> = merge.turns.iter().map(|version| version.turn.clone()).collect();
        write_turns(&head, &turns, &mut self.out);
        self.begin(&head);
        self.other_heads(&head);
        self.poorer(&head, &merge);
        lacking(turns.iter(), self.out.report);
        self.besides(&head);
        self.failures();
        if turns.is_empty() {
            self.wordless();
        }
        self.out.report.events = self.out.events.len() as u64;
        merge.waits
    }

    /// A log begins its session as it would alone, so that both ways of reading give one beginning.
    fn begin(&mut self, head: &SessionHead) {
        let Some(start) = self.start.take() else { return };
        let titled = self.copies.first().is_some_and(|copy| copy.head.title.is_some());
        if let Some(first) = self.out.events.front_mut().filter(|first| first.event_type == "session_start") {
            *first = start;
        }
        if let Some(title) = head.title.as_ref().filter(|_| !titled) {
            self.event("session_update", "title", head.started_at, json!({ "title": title }));
        }
    }

    fn merge(&self) -> Merge {
        let copies = self.copies.iter().map(|copy| (sources::name(&copy.path), copy.turns.clone())).collect();
        let mut merge = Merge::of(copies);
        for (file, told) in &self.rest.told {
            merge.tell(file, told, self.live);
        }
        merge
    }

    /// What is said of the session as a whole, by the file that says most.
    fn head(&self) -> SessionHead {
        let richness =
            |copy: &&&Candidate| copy.turns.iter().map(Turn::richness).fold(0, u64::saturating_add);
        let best = self.copies.iter().rev().max_by_key(richness).map(|copy| copy.head.clone());
        let mut head = best.unwrap_or_else(|| self.head_without_copy());
        let title = self.copies.iter().find_map(|copy| copy.head.title.clone());
        head.title = head.title.or(title).or_else(|| self.file.title.clone());
        head.knowing(&known(self.editor, self.file))
    }

    fn head_without_copy(&self) -> SessionHead {
        let mut told = self.rest.told.iter().map(|(_, told)| told);
        let start = told.clone().find_map(|told| told.start.as_ref());
        let began = told.find_map(Told::began).map(Timestamp::as_millis);
        let entry = self.rest.entry.as_ref();
        let began = began.or_else(|| entry.and_then(|entry| entry.created.or(entry.last)));
        let fields = [
            ("sessionId", Some(json!(self.file.session_id))),
            ("creationDate", began.map(|ms| json!(ms))),
            ("listed", entry.map(|entry| entry.raw.clone())),
            ("transcript", start.cloned()),
            ("requests", self.first_prompt()),
        ];
        let state = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        let mut head = SessionHead::of(&Value::Object(state), &self.file.path, self.file.modified);
        head.workspace = start.and_then(transcript::cwd);
        head.title = entry.and_then(|entry| entry.title.clone()).or(head.title);
        head
    }

    /// The first thing that was asked, which is the title where there is no other.
    fn first_prompt(&self) -> Option<Value> {
        let mut turns = self.rest.told.iter().flat_map(|(_, told)| &told.turns);
        turns.find_map(|turn| turn.prompt.as_ref()).map(|prompt| json!([{ "message": prompt }]))
    }

    /// What other copies say of the session as a whole: another title, another draft.
    fn other_heads(&mut self, head: &SessionHead) {
        let begun =
            self.out.events.front().and_then(|start| start.data.get("metadata")?.get("vscode")).cloned();
        let rest = self.rest;
        for copy in &rest.copies {
            let is_new = |(key, value): &(&String, &Value)| {
                begun.as_ref().and_then(|begun| begun.get(key.as_str())) != Some(*value)
            };
            let fields = copy.head.rest.iter().filter(is_new);
            let fields: Map<String, Value> =
                fields.map(|(key, value)| (key.clone(), value.clone())).collect();
            if !fields.is_empty() {
                let data = json!({ "file": sources::name(&copy.path), "session": fields });
                self.aside("vscode.other_version", head.started_at, data);
            }
        }
    }

    /// What the versions that lost say beyond those that were chosen.
    fn poorer(&mut self, head: &SessionHead, merge: &Merge) {
        for Version { turn, file } in &merge.poorer {
            let chosen = merge.turns.iter().find(|kept| kept.turn.request_id == turn.request_id);
            let Some((chosen, said)) = chosen.and_then(|c| Some((c, versions::more(head, turn, &c.turn)?)))
            else {
                continue;
            };
            let data = json!({ "request_id": turn.request_id, "file": file, "said": said });
            self.aside("vscode.other_version", chosen.turn.at, data);
        }
        for beside in &merge.beside {
            let data = json!({ "request_id": beside.request_id, "file": beside.file, "lines": beside.lines });
            self.aside("vscode.transcript", beside.at, data);
        }
    }

    /// What the files say besides turns: drafts, entries without a place, damage.
    fn besides(&mut self, head: &SessionHead) {
        let several = self.copies.len() + self.rest.told.len() > 1;
        for copy in self.copies.clone() {
            for event in &copy.kept {
                let mut event = event.clone();
                event.session_id.clone_from(&self.file.session_id);
                self.out.push(event);
            }
            self.damage(&copy.report, &sources::name(&copy.path), several);
        }
        let rest = self.rest;
        for (file, told) in &rest.told {
            self.told(file, told, head, several);
        }
    }

    fn told(&mut self, file: &str, told: &Told, head: &SessionHead, several: bool) {
        for loss in &told.losses {
            let (_, mut data) = jsonl::damaged(loss);
            data.insert("file".into(), json!(file));
            self.aside("vscode.damaged", head.started_at, Value::Object(data));
        }
        self.damage(&told.report, file, several);
        if self.copies.is_empty() {
            let why = "the session's own file is gone: what Copilot wrote down by itself is left";
            self.out.report.lacks(why);
        } else if let Some(start) = &told.start {
            let data = json!({ "file": file, "lines": [start] });
            self.aside("vscode.transcript", head.started_at, data);
        }
    }

    fn damage(&mut self, report: &ReadReport, file: &str, several: bool) {
        self.out.report.lines += report.lines;
        self.out.report.copies += report.copies;
        self.out.report.more_bad_places += report.more_bad_places;
        for bad in &report.bad_places {
            let mut bad = bad.clone();
            bad.file = bad.file.or_else(|| several.then(|| file.to_owned()));
            self.out.report.damage(bad);
        }
        report.missing.iter().for_each(|missing| self.out.report.lacks(missing.clone()));
    }

    fn failures(&mut self) {
        let rest = self.rest;
        rest.failed.iter().for_each(|error| self.out.report.lacks(error.to_string()));
    }

    /// What is left of a session without words.
    fn wordless(&mut self) {
        let rest = self.rest;
        let edited: Vec<&Path> =
            rest.edited.iter().map(PathBuf::as_path).filter(|path| edits::any(path)).collect();
        for path in &edited {
            match Edits::read(path, self.out.report) {
                Ok(edits) => self.edits(edits),
                Err(error) => self.out.report.lacks(error.to_string()),
            }
        }
        match edited.is_empty() {
            true => nothing(rest.entry.as_ref(), self.out.report),
            false => {
                let why = "what was said is gone: only the files that the session changed are left";
                self.out.report.lacks(why);
            }
        }
    }

    fn edits(&mut self, edits: Edits) {
        let mut times = Times::new(edits.at());
        for event in edits.events(&self.file.session_id, &mut times) {
            self.out.report.count("file_edits");
            self.out.push(event);
        }
    }

    /// All that was typed in a window, of which nothing says when and in which session.
    fn typed(&mut self, head: &SessionHead) {
        write_turns(head, &[], &mut self.out);
        let (mut times, mut seen) = (Times::new(head.started_at), HashMap::<String, u64>::new());
        for said in &self.rest.typed {
            let name = format!("typed-{:016x}", hash(&said.to_string()));
            let nth = seen.entry(name.clone()).or_default();
            *nth += 1;
            let name = format!("{name}-{nth}");
            let data = json!({
                "role": "user",
                "content": index::prompt(said).unwrap_or_default(),
                "message_id": name,
                "metadata": { "vscode": said },
            });
            self.out.report.messages += 1;
            let at = times.stamp(None);
            self.event("message", &name, at, data);
        }
        let why =
            "nothing says when these prompts were typed, nor in which session; their answers are not here";
        self.out.report.lacks(why);
    }

    /// An event beside a turn.
    fn aside(&mut self, event_type: &str, turn_at: Timestamp, data: Value) {
        let name = format!("aside-{:016x}", hash(&data.to_string()));
        self.event(event_type, &name, turn_at.plus_micros(ASIDE), data);
    }

    fn event(&mut self, event_type: &str, name: &str, timestamp: Timestamp, data: Value) {
        let Value::Object(data) = data else { return };
        self.out.push(EventDraft {
            session_id: self.file.session_id.clone(),
            event_type: event_type.to_owned(),
            event_id: ids::versioned(name, &data),
            timestamp,
            data,
        });
    }
}
