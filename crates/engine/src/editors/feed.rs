//! From an editor's files to batches of parsed events, on a thread that may block.
//!
//! Owns the size of a batch. Never records. Invariant: the events of a file are handed over in its order, and what is said of its end
//! comes behind the last of them.

use super::Of;
use chasm_editors::{Endings, EventDraft, ReadError, ReadReport, Reader, SessionFile, Step};
use chasm_protocol::{Limits, Parsed, parse_event};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::mpsc;

/// Events of a batch, and the bytes at which it is handed over earlier.
const EVENTS: usize = 500;
const BYTES: usize = 2 * 1024 * 1024;
/// Refused events that are named for one file.
const NAMED: usize = 10;

/// Events in the order of their files, and the files that ended with them.
#[derive(Default)]
pub(super) struct Batch {
    pub events: Vec<Parsed>,
    pub ends: Vec<End>,
}

/// How the reading of one file ended.
pub(super) struct End {
    /// Its place in the list that is read.
    pub nth: usize,
    pub read: Result<ReadReport, ReadError>,
    /// Why events were refused, the first few.
    pub refused: Vec<String>,
}

/// What was read of one file, so far or to its end.
pub(super) struct Feed {
    limits: Limits,
    to: mpsc::Sender<Batch>,
    batch: Batch,
    bytes: usize,
    refused: Vec<String>,
}

impl Feed {
    pub fn new(limits: Limits, to: mpsc::Sender<Batch>) -> Self {
        Self { limits, to, batch: Batch::default(), bytes: 0, refused: Vec::new() }
    }

    pub fn event(&mut self, draft: &EventDraft) -> ControlFlow<()> {
        let mut json = draft.to_json_as_it_is();
        let mut parsed = parse_event(&json, &self.limits);
        if parsed.is_err() {
            // nested too deep, or of a shape that no reader foresaw
            json = draft.to_accepted_json();
            parsed = parse_event(&json, &self.limits);
        }
        match parsed {
            Ok(parsed) => {
                self.bytes += json.len();
                self.batch.events.push(parsed);
            }
            Err(refusal) if self.refused.len() < NAMED => {
                self.refused.push(format!("event {} was refused: {}", draft.event_id, refusal.message));
            }
            Err(_) => {}
        }
        if self.batch.events.len() >= EVENTS || self.bytes >= BYTES {
            return self.hand_over();
        }
        ControlFlow::Continue(())
    }

    /// A file is read.
    fn end(&mut self, nth: usize, read: Result<ReadReport, ReadError>) -> ControlFlow<()> {
        self.batch.ends.push(End { nth, read, refused: std::mem::take(&mut self.refused) });
        if self.batch.ends.len() >= EVENTS { self.hand_over() } else { ControlFlow::Continue(()) }
    }

    /// Breaks where nobody takes it any more.
    pub fn hand_over(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.events.is_empty() && batch.ends.is_empty() {
            return ControlFlow::Continue(());
        }
        match self.to.blocking_send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Reads files to their ends, and ends their sessions. Several threads may take from one list, each the next file. Blocks.
pub(super) fn read_all(
    files: &[(Of, SessionFile)],
    next: &AtomicUsize,
    limits: Limits,
    to: mpsc::Sender<Batch>,
) {
    let mut feed = Feed::new(limits, to);
    loop {
        let nth = next.fetch_add(1, Relaxed);
        let Some((editor, file)) = files.get(nth) else { break };
        let mut endings = Endings::default();
        let read = editor.read(file, &mut |event| {
            endings.note(&event);
            feed.event(&event)
        });
        // also where reading broke off: what is there is all there is
        for end in endings.drafts("imported") {
            if feed.event(&end) == ControlFlow::Break(()) {
                return;
            }
        }
        if feed.end(nth, read) == ControlFlow::Break(()) {
            return;
        }
    }
    let _ = feed.hand_over();
}

/// Reads what was added to one session's files. Blocks.
pub(super) fn read_on(
    reader: &mut dyn Reader,
    endings: &mut Endings,
    last: bool,
    limits: Limits,
    to: mpsc::Sender<Batch>,
) -> Result<Step, ReadError> {
    let mut feed = Feed::new(limits, to);
    let step = reader.read_on(last, &mut |event| {
        endings.note(&event);
        feed.event(&event)
    });
    let _ = feed.hand_over();
    step
}
