//! Whether answers that stream are there piece by piece, and put together again.
//!
//! Owns the look at one streamed answer's pieces on disk. Never minds how a client cuts its pieces: only the text that they make
//! counts. Invariant: a client that says that it has no pieces is held to whole messages alone.

use super::{Evidence, Finding, Lack, Verdict, content, finding, kept_if, rules, told};
use crate::commands::conformance::script::Message;
use crate::show::time::count;
use serde_json::Value;
use std::collections::BTreeMap;

/// All messages, as they are on disk.
pub struct Pieces {
    /// The client streams at all.
    streams: bool,
    found: BTreeMap<usize, Found>,
}

/// What is on disk of a message.
#[derive(Debug, Default)]
struct Found {
    /// How often the whole is there.
    whole: usize,
    /// How often each piece is there.
    each: Vec<usize>,
    /// All that was said is there once, and reads otherwise.
    mixed_up: bool,
    /// There is text in it that is none of its pieces.
    altered: bool,
    /// The whole has another `message_id` than the pieces.
    apart: bool,
}

impl Pieces {
    pub fn of(evidence: &Evidence<'_>) -> Self {
        let events = evidence.stored.values().flat_map(|stored| &stored.events);
        let streams = events.clone().any(|event| delta(event).is_some());
        let found = |message: &Message| {
            let plain = || Found { whole: evidence.times(message), ..Found::default() };
            let found = if streams { Found::of(evidence, message) } else { None };
            (message.number, found.unwrap_or_else(plain))
        };
        Self { streams, found: evidence.messages.iter().map(found).collect() }
    }

    /// How often it is there; a piece that is there twice counts as much as the whole.
    pub fn times(&self, message: &Message) -> usize {
        let found = self.found.get(&message.number);
        found.map_or(0, |found| found.each.iter().copied().fold(found.whole, usize::max))
    }

    /// Whether it, or a piece of it, is not there.
    pub fn lacks(&self, message: &Message) -> bool {
        let found = self.found.get(&message.number);
        found.is_none_or(|found| found.whole == 0 || (!found.altered && found.each.contains(&0)))
    }

    pub fn are_mixed_up(&self, message: &Message) -> bool {
        self.found.get(&message.number).is_some_and(|found| found.mixed_up)
    }
}

impl Found {
    /// `None` where it is not streamed.
    fn of(evidence: &Evidence<'_>, message: &Message) -> Option<Self> {
        if message.pieces.is_empty() {
            return None;
        }
        let Some(stored) = evidence.stored.get(&message.session) else { return Some(Self::default()) };
        let id = message.id();
        let has_id = |event: &Value| message_id(event) == Some(&id);
        let wholes: Vec<&Value> =
            stored.events.iter().filter(|event| content(event) == Some(&message.content)).collect();
        let text: String = stored.events.iter().filter(|event| has_id(event)).filter_map(delta).collect();
        let each: Vec<usize> =
            message.pieces.iter().map(|piece| text.matches(piece.as_str()).count()).collect();
        let rest = message.pieces.iter().fold(text.clone(), |rest, piece| rest.replace(piece.as_str(), ""));
        let altered = !rest.is_empty();
        let apart = wholes.iter().any(|event| !has_id(event));
        let is_complete = wholes.len() == 1 && !altered && !apart && each.iter().all(|times| *times == 1);
        let reads = stored.contents.contains(&message.content);
        let mixed_up = is_complete && (text != message.content || !reads);
        Some(Self { whole: wholes.len(), each, mixed_up, altered, apart })
    }
}

fn delta(event: &Value) -> Option<&str> {
    event.pointer("/data/delta").and_then(Value::as_str)
}

fn message_id(event: &Value) -> Option<&str> {
    event.pointer("/data/message_id").and_then(Value::as_str)
}

pub fn stream(evidence: &Evidence<'_>, pieces: &Pieces) -> Finding {
    let streamed = || evidence.messages.iter().filter(|message| !message.pieces.is_empty());
    let answers = streamed().count();
    let is_there = |message: &Message| pieces.times(message) > 0;
    match (answers, pieces.streams, evidence.said.skipped) {
        (0, _, _) => return finding(rules::STREAM, Verdict::NotSeen, "no answer was streamed to it"),
        (_, false, 0) if !evidence.messages.iter().any(is_there) => {
            return finding(rules::STREAM, Verdict::NotSeen, "nothing that it was told is there");
        }
        (_, false, 0) => {
            return kept_if(
                rules::STREAM,
                false,
                format!("no piece of {} is there", count(answers as u64, "streamed answer")),
            );
        }
        (_, false, skipped) => {
            let what = format!("it says that it has no use for pieces: {skipped} skipped");
            return finding(rules::STREAM, Verdict::NotSeen, what);
        }
        _ => {}
    }
    let such = |is: fn(&Found) -> bool| -> Vec<Lack> {
        evidence.lacks(|message| pieces.found.get(&message.number).is_some_and(is))
    };
    let mut wrong = Vec::new();
    for (lacks, what) in [
        (such(|found| found.apart), "end with a message that has another message_id than the pieces"),
        (such(|found| found.altered), "have text in their pieces that was not said"),
    ] {
        if !lacks.is_empty() {
            wrong.push(format!("{} of {answers} {what}: {}", lacks.len(), told(&lacks)));
        }
    }
    match wrong.is_empty() {
        true => kept_if(
            rules::STREAM,
            true,
            format!("{} came in pieces and as a whole", count(answers as u64, "answer")),
        ),
        false => kept_if(rules::STREAM, false, wrong.join("; ")),
    }
}
