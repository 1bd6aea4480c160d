//! Events that the recorder refuses for good: set aside with the reason, beside the outboxes.
//!
//! Owns `refused.jsonl`. Never sends again. Invariant: the file is bounded, and the newest refusals are in it.

use super::super::desk::Desk;
use super::window::Reason;
use crate::outbox::Place;
use crate::stream::report::Refused;
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

const FILE: &str = "refused.jsonl";
const OLDER: &str = "refused.1.jsonl";
/// A file that is larger gives way to a new one; the one before it is dropped.
const FILE_MAX: u64 = 32 * 1024 * 1024;

#[derive(Serialize)]
struct Line<'a> {
    at: chasm_protocol::Timestamp,
    code: &'a str,
    message: &'a str,
    /// As it was sent.
    event: &'a str,
}

/// Sets the event aside. It is told even where the file cannot be written.
pub fn set_aside(desk: &Desk, place: &Place, reason: Reason) {
    let event = desk.with_queue(|queue| queue.read_again(place)).and_then(|read| read.ok().flatten());
    let line = Line {
        at: crate::stream::now(),
        code: &reason.code,
        message: &reason.message,
        event: event.as_deref().unwrap_or_default(),
    };
    if let Err(error) = append(&desk.home(), &line) {
        desk.trouble(&format!("a refused event cannot be set aside: {error}"));
    }
    let event = if place.is_own() { place.number } else { 0 };
    desk.note_refusal(Refused {
        event,
        event_id: reason.event_id,
        code: reason.code,
        message: reason.message,
    });
}

fn append(home: &Path, line: &Line<'_>) -> io::Result<()> {
    let path = home.join(FILE);
    if fs::metadata(&path).is_ok_and(|about| about.len() > FILE_MAX) {
        fs::rename(&path, home.join(OLDER))?;
    }
    let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
    text.push('\n');
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
