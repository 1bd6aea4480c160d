//! What is sent on this connection and not acknowledged: places in the outbox, no texts.
//!
//! Owns the counting of frames. Does no I/O. Invariant: what `ack` answers is done with, and so is all before it.
//!
//! It begins with one record and grows by one with each frame that is acknowledged: on a line that always breaks after some
//! kilobytes, a full window would never see an ack, and the same records would go for ever.

use crate::outbox::Place;
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub struct Window {
    sent: VecDeque<Sent>,
    /// Frames of this connection that are done with.
    acked_frames: u64,
    bytes: usize,
    /// Something was refused for a reason that passes: what was sent behind it is not counted on.
    again: bool,
}

#[derive(Debug)]
struct Sent {
    place: Place,
    bytes: usize,
    verdict: Verdict,
    /// It will be sent again whatever becomes of it.
    given_up: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    None,
    Refused(Reason),
    Again,
}

/// Why an event is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub event_id: Option<String>,
    pub code: String,
    pub message: String,
}

impl Window {
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    pub fn has_room(&self, events: usize, bytes: usize) -> bool {
        let grown = usize::try_from(self.acked_frames).unwrap_or(usize::MAX).saturating_add(1);
        self.sent.is_empty() || (self.sent.len() < events.min(grown) && self.bytes < bytes)
    }

    pub fn push(&mut self, place: Place, bytes: usize) {
        self.bytes += bytes;
        self.sent.push_back(Sent { place, bytes, verdict: Verdict::None, given_up: false });
    }

    /// Frames up to `through` are done with; answers the records that are, in order, each with the reason where it was refused.
    pub fn ack(&mut self, through: u64) -> Vec<(Place, Option<Reason>)> {
        let mut done = Vec::new();
        while self.acked_frames < through {
            let Some(sent) = self.sent.pop_front() else { break };
            self.acked_frames += 1;
            self.bytes = self.bytes.saturating_sub(sent.bytes);
            match sent.verdict {
                _ if sent.given_up => {}
                Verdict::None => done.push((sent.place, None)),
                Verdict::Refused(reason) => done.push((sent.place, Some(reason))),
                Verdict::Again => {
                    self.sent.iter_mut().for_each(|behind| behind.given_up = true);
                    self.again = true;
                }
            }
        }
        done
    }

    /// Whether the outbox has to be read again from what was not acknowledged.
    pub fn must_go_again(&self) -> bool {
        self.again
    }

    /// It is read again from now on.
    pub fn goes_again(&mut self) {
        self.again = false;
    }

    /// The event of this frame was refused, for good or for a reason that passes.
    pub fn refused(&mut self, frame: u64, reason: Reason, passes: bool) {
        if let Some(sent) = self.frame(frame) {
            sent.verdict = if passes { Verdict::Again } else { Verdict::Refused(reason) };
        }
    }

    pub fn place(&mut self, frame: u64) -> Option<Place> {
        self.frame(frame).map(|sent| sent.place)
    }

    fn frame(&mut self, frame: u64) -> Option<&mut Sent> {
        let at = frame.checked_sub(self.acked_frames)?.checked_sub(1)?;
        self.sent.get_mut(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Kind, Queue};

    fn places(n: usize) -> Vec<Place> {
        let root = tempfile::tempdir().unwrap();
        let (mut queue, _) = Queue::open(root.path(), "w", 1 << 20).unwrap();
        (0..n)
            .map(|_| {
                queue.append(Kind::Event, "{}").unwrap();
                queue.next().unwrap().unwrap().0
            })
            .collect()
    }

    fn reason(code: &str) -> Reason {
        Reason { event_id: None, code: code.into(), message: String::new() }
    }

    fn numbers(done: &[(Place, Option<Reason>)]) -> Vec<u64> {
        done.iter().map(|(place, _)| place.number).collect()
    }

    #[test]
    fn behind_what_has_to_go_again_nothing_counts_as_done() {
        let places = places(5);
        let mut window = Window::default();
        places.iter().for_each(|place| window.push(*place, 10));
        window.refused(2, reason("invalid_field"), false);
        window.refused(3, reason("storage_full"), true);
        assert_eq!(numbers(&window.ack(2)), [1, 2]);
        assert_eq!(numbers(&window.ack(4)), [0u64; 0]);
        assert!(window.must_go_again());
        // read again: 3, 4 and 5 a second time, while the ack of the first 5 is still out
        window.goes_again();
        places.get(2..).unwrap().iter().for_each(|place| window.push(*place, 10));
        assert_eq!(numbers(&window.ack(7)), [3, 4]);
        assert!(!window.must_go_again());
        assert_eq!(numbers(&window.ack(8)), [5]);
        assert!(window.is_empty() && window.bytes == 0);
    }

    #[test]
    fn a_window_is_bounded_and_takes_one_event_of_any_size() {
        let places = places(2);
        let mut window = Window::default();
        assert!(window.has_room(2, 100));
        window.push(places[0], 5_000);
        assert!(!window.has_room(2, 100));
        assert!(window.place(1).is_some() && window.place(2).is_none());
        assert_eq!(window.ack(9).len(), 1);
        assert!(window.has_room(2, 100));
    }

    #[test]
    fn a_window_grows_with_each_ack_up_to_its_limit() {
        let places = places(20);
        let mut window = Window::default();
        let (mut next, mut rounds) = (places.iter(), Vec::new());
        while next.len() > 0 {
            let before = next.len();
            while window.has_room(8, 1_000) {
                let Some(place) = next.next() else { break };
                window.push(*place, 10);
            }
            rounds.push(before - next.len());
            window.ack(window.acked_frames + window.sent.len() as u64);
        }
        assert_eq!(rounds, [1, 2, 4, 8, 5]);
    }
}
