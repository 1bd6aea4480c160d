//! Writes the events of a rollout, line by line.
//!
//! Owns which line becomes which event. Invariant: each line gives at least one event, and its first event carries what the
//! others do not; a line that was cut and then written again gives the events of the second writing alone.

mod write;

use super::EDITING;
use super::head::Head;
use super::index::Names;
use super::item::{Item, SHAPE};
use super::prompt::Prompts;
use crate::ids::hash;
use crate::jsonl::salvage::{Found, Loss};
use crate::jsonl::{self, LineReader, Out, RawLine};
use crate::sheet::{Sheet, fields};
use serde_json::{Value, json};
use std::collections::HashMap;
use write::Pen;

pub struct Scribe {
    head: Head,
    begun: bool,
    sheet: Sheet,
    prompts: Prompts,
    /// How often each line came, by its hash.
    lines: HashMap<u64, u32>,
    /// A line without its end that may be written once more.
    held: Option<(Item, Loss)>,
    names: Names,
}

impl Scribe {
    pub fn new(head: Head, names: Names) -> Self {
        Self {
            sheet: Sheet::new(head.session_id.clone(), EDITING, head.first_at),
            head,
            begun: false,
            prompts: Prompts::default(),
            lines: HashMap::new(),
            held: None,
            names,
        }
    }

    fn begin(&mut self, out: &mut Out<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            let Head { workspace, about, first_at, .. } = self.head.clone();
            self.sheet.start(workspace, about, first_at, out);
        }
    }

    fn value(&mut self, found: Found, out: &mut Out<'_>) {
        let item = Item { line: fields(found.value), cut: found.cut };
        let verbatim = found.verbatim;
        self.item(&item, out);
        if let Some(text) = verbatim {
            self.sheet.put(
                "codex.verbatim",
                "verbatim",
                item.timestamp(),
                fields(json!({ "text": text })),
                out,
            );
        }
    }

    fn item(&mut self, item: &Item, out: &mut Out<'_>) {
        let said = hash(&json!(item.line).to_string());
        let nth = self.lines.entry(said).and_modify(|n| *n += 1).or_insert(0);
        let key = if *nth == 0 { format!("h-{said:016x}") } else { format!("h-{said:016x}-{nth}") };
        Pen { sheet: &mut self.sheet, prompts: &mut self.prompts, key, at: item.timestamp(), out }.item(item);
    }

    /// A line whose end is missing, unless what follows is the same line, written again.
    fn settle(&mut self, next: &[u8], out: &mut Out<'_>) {
        let Some((item, loss)) = self.held.take() else { return };
        if next.trim_ascii_start().starts_with(loss.text.as_bytes()) {
            out.report.copies += 1;
            return;
        }
        self.item(&item, out);
        self.sheet.damaged(&[loss], out);
    }
}

impl LineReader for Scribe {
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>) {
        self.begin(out);
        self.settle(&line.bytes, out);
        let (found, mut lost) = jsonl::values(line, &SHAPE, out.report);
        for found in found {
            let Some(at) = lost.iter().position(|loss| found.cut && loss.is_cut()) else {
                self.value(found, out);
                continue;
            };
            let loss = lost.remove(at);
            let behind = usize::try_from(loss.offset.saturating_sub(line.offset)).unwrap_or(usize::MAX);
            let behind = behind.saturating_add(loss.text.len());
            self.held = Some((Item { line: fields(found.value), cut: true }, loss));
            match line.bytes.get(behind..).filter(|rest| !rest.trim_ascii().is_empty()) {
                Some(rest) => self.settle(rest, out),
                None if !line.ended => self.settle(b"", out),
                None => {}
            }
        }
        self.sheet.damaged(&lost, out);
    }

    fn pause(&mut self, out: &mut Out<'_>) {
        self.settle(b"", out);
        for name in self.names.fresh(&self.sheet.session_id) {
            let id = format!("title-{:016x}", hash(&name.raw.to_string()));
            let data = json!({ "title": name.title, "codex": name.raw });
            self.sheet.keep("session_update", &id, name.at, fields(data), out);
        }
    }
}

/// The line of an item, kept in full.
fn whole(item: &Item) -> Value {
    Value::Object(item.line.clone())
}
