//! Walks the records of one segment and finds the way again behind damage. It changes nothing and judges nothing: what a bad
//! stretch means is decided in `recover`. Invariant: a record is handed out only if it holds, and numbers only ascend.

use memchr::memmem;

use crate::format::{HEADER_BYTES, Header, RECORD_HEAD, RecordHead, Seal};
use crate::lsn::Lsn;
use crate::report::DamageKind;
use crate::settings::RECORD_LIMIT;
use crate::window::Window;

/// A search behind damage may check this many times the length of the segment, and [`SEARCH_FLOOR`] besides. Only a segment
/// made by someone who knows its salt holds more candidates than that.
const SEARCH_FACTOR: u64 = 4;
const SEARCH_FLOOR: u64 = 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A good record; its bytes are at `at`.
    Record {
        lsn: Lsn,
        at: u64,
        len: usize,
    },
    /// A bad stretch with a good record behind it.
    Damage {
        at: u64,
        bytes: u64,
        last: Lsn,
        what: DamageKind,
    },
    /// A bad stretch up to the end of the file.
    Tail {
        at: u64,
        bytes: u64,
        what: DamageKind,
    },
    /// Behind the last number that was durable in this segment: what a failed write left.
    Withdrawn {
        at: u64,
        bytes: u64,
    },
    End,
}

pub(crate) struct Scan {
    window: Window,
    seal: Seal,
    finder: memmem::Finder<'static>,
    at: u64,
    /// The number of the last record, given out or jumped over.
    last: u64,
    /// The last number that counts in this segment, as the next segment says.
    bound: Option<Lsn>,
    budget: u64,
}

impl Scan {
    pub(crate) fn new(window: Window, header: &Header, bound: Option<Lsn>) -> Self {
        let seal = header.seal();
        let budget = window.end().saturating_mul(SEARCH_FACTOR).saturating_add(SEARCH_FLOOR);
        Self {
            window,
            seal,
            finder: memmem::Finder::new(&seal.marker).into_owned(),
            at: HEADER_BYTES,
            last: header.base.0.saturating_sub(1),
            bound,
            budget,
        }
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// The bytes of a record just found.
    pub(crate) fn bytes(&mut self, at: u64, len: usize) -> &[u8] {
        self.window.get(at, len).unwrap_or_default()
    }

    pub(crate) fn step(&mut self) -> Found {
        let (at, left) = (self.at, self.window.end().saturating_sub(self.at));
        if left == 0 {
            return Found::End;
        }
        if self.bound.is_some_and(|bound| self.last >= bound.0) {
            self.at = self.window.end();
            return Found::Withdrawn { at, bytes: left };
        }
        let expected = self.last.saturating_add(1);
        match self.head(at, expected, expected).and_then(|head| self.hold(at, &head)) {
            Ok(head) => {
                self.at = at.saturating_add(head.whole() as u64);
                self.last = head.lsn;
                Found::Record {
                    lsn: Lsn(head.lsn),
                    at: at.saturating_add(RECORD_HEAD as u64),
                    len: head.len as usize,
                }
            }
            Err(what) => self.behind(at, left, what),
        }
    }

    /// A bad stretch begins at `at`: where does it end?
    fn behind(&mut self, at: u64, left: u64, what: DamageKind) -> Found {
        let last = Lsn(self.last);
        let next = self.search(at);
        let what = if self.window.unreadable_since(at) { DamageKind::Unreadable } else { what };
        match next {
            Some((next, lsn)) => {
                self.at = next;
                self.last = lsn.saturating_sub(1);
                Found::Damage { at, bytes: next.saturating_sub(at), last, what }
            }
            None => {
                self.at = self.window.end();
                Found::Tail { at, bytes: left, what }
            }
        }
    }

    /// The next record that holds, with its number. Each marker is looked at once, each byte of the file a bounded number of
    /// times: `budget` is shared by all searches in the segment.
    fn search(&mut self, zone: u64) -> Option<(u64, u64)> {
        let mut at = zone.saturating_add(1);
        loop {
            let ahead = self.window.ahead(at, RECORD_HEAD);
            if ahead.len() < RECORD_HEAD {
                return None;
            }
            let Some(offset) = self.finder.find(ahead) else {
                at = at.saturating_add(ahead.len() as u64 - 3);
                continue;
            };
            at = at.saturating_add(offset as u64);
            // Every record takes its head at least, so only so many numbers can have been in the bad stretch.
            let most = (at - zone) / RECORD_HEAD as u64;
            let first = self.last.saturating_add(1);
            if let Ok(head) = self.head(at, first, first.saturating_add(most)) {
                self.budget = self.budget.checked_sub(head.whole() as u64)?;
                if self.hold(at, &head).is_ok() {
                    return Some((at, head.lsn));
                }
            }
            at = at.saturating_add(1);
        }
    }

    /// A head at `at` that may be believed so far.
    fn head(&mut self, at: u64, lowest: u64, highest: u64) -> Result<RecordHead, DamageKind> {
        let left = self.window.end().saturating_sub(at);
        let head = self.window.get(at, RECORD_HEAD).and_then(|bytes| bytes.first_chunk());
        let head = RecordHead::decode(head.ok_or(DamageKind::PastEnd)?);
        if head.marker != self.seal.marker {
            Err(DamageKind::BadMarker)
        } else if head.len > RECORD_LIMIT {
            Err(DamageKind::BadLength)
        } else if head.whole() as u64 > left {
            Err(DamageKind::PastEnd)
        } else if !(lowest..=highest).contains(&head.lsn) {
            Err(DamageKind::WrongLsn)
        } else {
            Ok(head)
        }
    }

    fn hold(&mut self, at: u64, head: &RecordHead) -> Result<RecordHead, DamageKind> {
        let record = self.window.get(at, head.whole()).ok_or(DamageKind::PastEnd)?;
        if self.seal.holds(head, record) { Ok(*head) } else { Err(DamageKind::BadChecksum) }
    }
}
