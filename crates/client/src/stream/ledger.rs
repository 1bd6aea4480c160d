//! What was handed over and is not acknowledged, and what the recorder said of it.
//!
//! Owns the order of events and the numbers of frames. Does no I/O. Invariant: an event leaves the ledger only when an ack
//! covers it and it was not refused for a reason that passes (paused, disk full); then it is to be sent again.

use super::report::{Refused, Report, Warned};
use chasm_protocol::ErrorCode;
use std::collections::VecDeque;

/// An event on its way.
#[derive(Debug)]
struct Item {
    /// Order of hand-over, from 1.
    nth: u64,
    raw: String,
    verdict: Verdict,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    None,
    Refused(Refused),
    /// Refused for a reason that passes.
    Again,
}

#[derive(Debug, Default)]
pub struct Ledger {
    /// Not sent on this connection.
    waiting: VecDeque<Item>,
    /// Sent on this connection, in the order of their frames.
    sent: VecDeque<Item>,
    /// Frames of this connection that are acknowledged.
    acked_frames: u64,
    /// Refused for a reason that passes: to be sent again, later.
    again: Vec<Item>,
    bytes: usize,
    highest_sent: u64,
    report: Report,
}

impl Ledger {
    /// Takes over an event.
    pub fn push(&mut self, raw: String) {
        self.report.sent += 1;
        self.bytes += raw.len();
        self.waiting.push_back(Item { nth: self.report.sent, raw, verdict: Verdict::None });
    }

    /// Events that are not acknowledged.
    pub fn open(&self) -> usize {
        self.waiting.len() + self.sent.len() + self.again.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub fn must_go_again(&self) -> bool {
        !self.again.is_empty()
    }

    /// The next frame to be sent on this connection.
    pub fn next_frame(&mut self) -> Option<String> {
        let item = self.waiting.pop_front()?;
        if item.nth <= self.highest_sent {
            self.report.resent += 1;
        }
        self.highest_sent = self.highest_sent.max(item.nth);
        let raw = item.raw.clone();
        self.sent.push_back(item);
        Some(raw)
    }

    /// A new connection: its frames count from 1, everything that is open goes again, in order.
    pub fn reconnected(&mut self) {
        self.requeue();
        let mut all: Vec<Item> = self.sent.drain(..).chain(self.waiting.drain(..)).collect();
        all.iter_mut().for_each(|item| item.verdict = Verdict::None);
        all.sort_by_key(|item| item.nth);
        self.waiting = all.into();
        self.acked_frames = 0;
    }

    /// What was refused for a reason that passes waits to be sent again.
    pub fn requeue(&mut self) {
        let mut all: Vec<Item> = self.again.drain(..).chain(self.waiting.drain(..)).collect();
        all.iter_mut().for_each(|item| item.verdict = Verdict::None);
        all.sort_by_key(|item| item.nth);
        self.waiting = all.into();
    }

    /// Frames up to `through` are on disk. Answers how many events are done with.
    pub fn ack(&mut self, through: u64, recorded: u64, duplicates: u64) -> u64 {
        self.report.recorded += recorded;
        self.report.duplicates += duplicates;
        let mut done = 0;
        while self.acked_frames < through {
            let Some(item) = self.sent.pop_front() else { break };
            self.acked_frames += 1;
            match item.verdict {
                Verdict::Again => self.again.push(item),
                Verdict::Refused(refused) => {
                    self.report.refuse(refused);
                    self.bytes = self.bytes.saturating_sub(item.raw.len());
                    done += 1;
                }
                Verdict::None => {
                    self.bytes = self.bytes.saturating_sub(item.raw.len());
                    done += 1;
                }
            }
        }
        self.report.acked += done;
        done
    }

    /// The event of this frame was refused.
    pub fn refused(&mut self, frame: u64, event_id: Option<String>, code: &str, message: String) {
        if let Some(item) = self.frame(frame) {
            item.verdict = if passes(code) {
                Verdict::Again
            } else {
                Verdict::Refused(Refused { event: item.nth, event_id, code: code.to_owned(), message })
            };
        }
    }

    /// The event of this frame deserves a remark.
    pub fn warned(&mut self, frame: u64, event_id: Option<String>, code: String, message: String) {
        if let Some(event) = self.frame(frame).map(|item| item.nth) {
            self.report.warn(Warned { event, event_id, code, message });
        }
    }

    /// Refuses the next event here, without sending it.
    pub fn refuse_next(&mut self, code: ErrorCode, message: String) {
        if let Some(item) = self.waiting.pop_front() {
            self.bytes = self.bytes.saturating_sub(item.raw.len());
            self.report.refuse(Refused { event: item.nth, event_id: None, code: code.as_str(), message });
            self.report.acked += 1;
        }
    }

    pub fn next_len(&self) -> Option<usize> {
        self.waiting.front().map(|item| item.raw.len())
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    pub fn report_mut(&mut self) -> &mut Report {
        &mut self.report
    }

    pub fn into_report(self) -> Report {
        self.report
    }

    fn frame(&mut self, frame: u64) -> Option<&mut Item> {
        let at = frame.checked_sub(self.acked_frames)?.checked_sub(1)?;
        self.sent.get_mut(usize::try_from(at).ok()?)
    }
}

/// Refusals that are about the recorder's state and not about the event.
fn passes(code: &str) -> bool {
    use ErrorCode::{NotRecording, Overloaded, Paused, ShuttingDown, StorageFull};
    [Paused, StorageFull, NotRecording, ShuttingDown, Overloaded].iter().any(|c| c.as_str() == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(events: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        events.iter().for_each(|raw| ledger.push((*raw).to_owned()));
        ledger
    }

    fn send_all(ledger: &mut Ledger) -> Vec<String> {
        std::iter::from_fn(|| ledger.next_frame()).collect()
    }

    #[test]
    fn acks_release_and_a_reconnect_sends_the_rest_in_order() {
        let mut l = ledger(&["a", "b", "c", "d"]);
        assert_eq!(send_all(&mut l), ["a", "b", "c", "d"]);
        assert_eq!(l.ack(2, 2, 0), 2);
        l.push("e".into());
        l.reconnected();
        assert_eq!(send_all(&mut l), ["c", "d", "e"]);
        assert_eq!(l.ack(3, 2, 1), 3);
        let report = l.into_report();
        assert_eq!((report.sent, report.acked, report.recorded, report.duplicates), (5, 5, 4, 1));
        assert_eq!(report.resent, 2);
    }

    #[test]
    fn a_refusal_counts_once_however_often_the_event_was_sent() {
        let mut l = ledger(&["a", "bad", "c"]);
        send_all(&mut l);
        l.refused(2, Some("x".into()), "invalid_field", "no".into());
        l.reconnected();
        send_all(&mut l);
        l.refused(2, Some("x".into()), "invalid_field", "no".into());
        l.ack(3, 2, 0);
        let report = l.into_report();
        assert_eq!(report.refused.len(), 1);
        assert_eq!(report.refused[0].event, 2);
        assert_eq!(report.acked, 3);
    }

    #[test]
    fn what_was_refused_while_paused_goes_again_in_its_order() {
        let mut l = ledger(&["a", "b", "c"]);
        send_all(&mut l);
        l.refused(1, None, "paused", "wait".into());
        l.refused(2, None, "paused", "wait".into());
        assert_eq!(l.ack(3, 1, 0), 1);
        assert!(l.must_go_again());
        l.push("d".into());
        l.requeue();
        assert_eq!(send_all(&mut l), ["a", "b", "d"]);
        assert_eq!(l.ack(6, 3, 0), 3);
        assert_eq!((l.open(), l.bytes()), (0, 0));
        assert!(l.report().refused.is_empty());
    }

    #[test]
    fn frames_that_were_never_sent_are_nobodys() {
        let mut l = ledger(&["a"]);
        l.refused(7, None, "invalid_field", "no".into());
        l.refused(0, None, "invalid_field", "no".into());
        assert_eq!(l.ack(9, 0, 0), 0);
        assert_eq!(l.open(), 1);
    }
}
