//! Writes the events of one talk.
//!
//! Owns the blocks: lines that one voice says in a row. Invariant: a block has a name made of its place, and its time is the
//! talk's beginning and a millisecond for each block before it.

use super::EDITING;
use super::block::{self, Voice, Voices};
use super::section::Named;
use crate::jsonl::{LineReader, Out, RawLine};
use crate::sheet::{Sheet, fields};
use crate::{BadPlace, times};
use chasm_protocol::Timestamp;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Longest text of one block; what follows begins another one.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

pub struct Scribe {
    session_id: String,
    path: PathBuf,
    /// For what stands before the first talk.
    made: Option<SystemTime>,
    named: Named,
    /// The talk, once its beginning was met and until the next one begins.
    talk: Option<Talk>,
    begun: bool,
    /// The line before.
    number: u64,
}

impl Scribe {
    pub fn new(session_id: String, path: &Path, made: Option<SystemTime>) -> Self {
        let mut named = Named::of(path);
        let is_before_all = named.next("") == session_id;
        let mut scribe =
            Self { session_id, path: path.to_owned(), made, named, talk: None, begun: false, number: 0 };
        if is_before_all {
            scribe.talk = Some(scribe.talk(""));
        }
        scribe
    }

    fn talk(&self, started: &str) -> Talk {
        let at = Timestamp::parse(&format!("{}Z", started.replacen(' ', "T", 1)));
        let at = at.unwrap_or_else(|_| times::of_file(self.made));
        Talk {
            sheet: Sheet::new(self.session_id.clone(), EDITING, at),
            at,
            started: started.to_owned(),
            voices: Voices::default(),
            block: None,
            blocks: 0,
        }
    }
}

impl LineReader for Scribe {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        let blank = line.number.saturating_sub(self.number + 1);
        self.number = line.number;
        let text = String::from_utf8_lossy(&line.bytes);
        if let Some(started) = block::header(&text) {
            if let Some(mut talk) = self.talk.take() {
                talk.close(out);
            }
            self.talk = (self.named.next(started) == self.session_id).then(|| self.talk(started));
            self.begun = false;
        }
        let Some(talk) = &mut self.talk else { return };
        if !std::mem::replace(&mut self.begun, true) {
            talk.begin(&self.path, out);
        }
        talk.report(line, out);
        if block::header(&text).is_none() {
            talk.add(&text.replace('\0', ""), blank, out);
        }
    }

    fn pause(&mut self, out: &mut Out<'_>) {
        if let Some(talk) = &mut self.talk {
            talk.say(out);
        }
    }
}

struct Talk {
    sheet: Sheet,
    at: Timestamp,
    started: String,
    voices: Voices,
    /// What is being said.
    block: Option<(Voice, String)>,
    /// Blocks before it.
    blocks: i64,
}

impl Talk {
    fn begin(&mut self, path: &Path, out: &mut Out<'_>) {
        let workspace = path.parent().map(|folder| folder.display().to_string());
        let about = json!({
            "file": path.file_name().map(|name| name.to_string_lossy()),
            "started": self.started,
            "times": "local time without a zone, taken as UTC; messages have none of their own",
        });
        self.sheet.start(workspace, about, self.at, out);
    }

    fn report(&self, line: &RawLine, out: &mut Out<'_>) {
        out.report.lines += 1;
        let bad: usize = line.bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
        let nuls = memchr::memchr_iter(0, &line.bytes).count();
        let mut damage = |bytes: usize, why: String| {
            let bytes_lost = bytes as u64;
            out.report.damage(BadPlace {
                file: None,
                line: line.number,
                offset: line.offset,
                bytes_lost,
                why,
            });
        };
        if bad > 0 {
            damage(bad, format!("{bad} bytes are not UTF-8: replaced by U+FFFD"));
        }
        if nuls > 0 {
            damage(nuls, format!("{nuls} NUL bytes, as a power cut leaves them"));
        }
        if line.skipped > 0 {
            damage(usize::try_from(line.skipped).unwrap_or(usize::MAX), "too long: skipped".into());
        }
    }

    fn add(&mut self, line: &str, blank: u64, out: &mut Out<'_>) {
        if line.trim().is_empty() {
            return;
        }
        let (voice, said) = self.voices.of(line);
        let goes_on = |(now, text): &(Voice, String)| *now == voice && text.len() < BLOCK_BYTES;
        if !self.block.as_ref().is_some_and(goes_on) {
            self.close(out);
        }
        match &mut self.block {
            Some((_, text)) => {
                (0..=blank).for_each(|_| text.push('\n'));
                text.push_str(said);
            }
            None => self.block = Some((voice, said.to_owned())),
        }
        if let Some(model) = block::model(said).filter(|_| voice == Voice::Tool) {
            self.sheet.model(model, Some(self.now()), out);
        }
    }

    fn now(&self) -> Timestamp {
        self.at.plus_micros(self.blocks.saturating_mul(1000))
    }

    fn close(&mut self, out: &mut Out<'_>) {
        self.say(out);
        self.blocks += i64::from(self.block.take().is_some());
    }

    /// What was said until now. It may be said again, when more has come.
    fn say(&mut self, out: &mut Out<'_>) {
        let Some((voice, text)) = &self.block else { return };
        let (name, at) = (format!("b{}", self.blocks), self.now());
        if *voice == Voice::User {
            self.sheet.first_title(text, Some(at), out);
        }
        let data = json!({ "role": voice.role(), "content": text, "message_id": name });
        self.sheet.fix("message", &name, at, fields(data), out);
    }
}
