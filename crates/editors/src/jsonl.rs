//! Files of JSON lines: cutting, repair, and readers that go on where a file grows.
//!
//! Owns bytes and lines. Never knows what an editor means by a line: a [`LineReader`] does. Invariant: a line is handed over
//! once, whole, in order; half a line waits for its rest until it is said that none will come.

mod beginning;
mod follow;
pub mod lines;
pub mod salvage;

pub(crate) use beginning::{Format, has_line, head};
pub use follow::LineFile;
pub use lines::{Lines, RawLine};
pub use salvage::Shape;

use crate::ids::hash;
use crate::{BadPlace, EventDraft, ReadReport};
use salvage::{Found, Loss};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// Makes events of the lines of one file.
pub trait LineReader: Send {
    /// Takes the next line. It looks after the line's damage itself: see [`salvage::read_line`].
    fn line(&mut self, line: &RawLine, out: &mut Out<'_>);

    /// Everything that is in the file was handed over: what was kept back is written. More lines may come afterwards.
    fn pause(&mut self, out: &mut Out<'_>) {
        let _ = out;
    }
}

/// Where a reader's events go, and what it counts.
pub struct Out<'a> {
    pub events: &'a mut VecDeque<EventDraft>,
    pub report: &'a mut ReadReport,
}

impl Out<'_> {
    pub fn push(&mut self, event: EventDraft) {
        self.report.events += 1;
        self.events.push_back(event);
    }
}

/// What a line holds: its values, and the texts that could not be read, or not fully, with their places in the file. The report
/// has every loss afterwards.
pub fn values(line: &RawLine, shape: &Shape, report: &mut ReadReport) -> (Vec<Found>, Vec<Loss>) {
    report.lines += 1;
    let mut damage = |offset: u64, bytes_lost: u64, why: String| {
        report.damage(BadPlace { file: None, line: line.number, offset, bytes_lost, why });
    };
    if line.skipped > 0 {
        let why = format!("longer than {} MiB: skipped", lines::MAX_LINE >> 20);
        damage(line.offset, line.skipped, why);
    }
    let mut salvaged = salvage::read_line(&line.bytes, shape);
    for loss in &mut salvaged.losses {
        loss.offset += line.offset;
        damage(loss.offset, loss.bytes as u64, loss.why.clone());
    }
    salvaged.losses.retain(|loss| !loss.text.is_empty());
    (salvaged.found, salvaged.losses)
}

/// Name and `data` of the event that keeps a text that could not be read.
pub fn damaged(loss: &Loss) -> (String, Map<String, Value>) {
    let name = format!("h-{:016x}", hash(&format!("{}/{}", loss.offset, loss.text)));
    let data = [
        ("text".to_owned(), json!(loss.text)),
        ("why".to_owned(), json!(loss.why)),
        ("offset".to_owned(), json!(loss.offset)),
    ];
    (name, Map::from_iter(data))
}
