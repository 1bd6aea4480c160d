//! All that waits: the outboxes of processes that are gone, oldest first, and then this process's own.
//!
//! Owns the order and the bound of bytes. Never sends. Invariant: records come out in the order in which they went in, an
//! outbox after the other; one that is done with is cleared away.

use super::folder;
use super::{Entry, Kind, Outbox, cursor::Mark, record};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Segments are a small part of the bound, so that what was acknowledged gives its room back.
const PARTS: u64 = 16;
const SEGMENT_MIN: u64 = 16 * 1024;
/// Most outboxes of others at a time: each keeps a file open. The rest is adopted when these are done with.
const ADOPTED_MAX: usize = 128;
const SEGMENT_MAX: u64 = 4 * 1024 * 1024;

#[derive(Debug)]
pub struct Queue {
    home: PathBuf,
    /// Each with a number of its own, ascending.
    adopted: VecDeque<(u64, Outbox)>,
    own: Outbox,
    limit: u64,
    damaged_before: u64,
    next_adopted: u64,
}

/// Where a record stands, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which outbox; [`OWN`] is this process's.
    outbox: u64,
    at: Mark,
    end: Mark,
    /// The record's number in its outbox.
    pub number: u64,
}

impl Place {
    /// Whether this process handed it over.
    pub fn is_own(&self) -> bool {
        self.outbox == OWN
    }
}

const OWN: u64 = u64::MAX;

/// What processes that are gone have left.
#[derive(Debug, Default)]
pub struct Adopted {
    pub events: u64,
    /// Highest `seq` of each session.
    pub sessions: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    seq: Option<u64>,
}

impl Queue {
    /// Makes an outbox for this process, and adopts what others of this client left behind.
    pub fn open(outboxes: &Path, name: &str, limit: u64) -> io::Result<(Self, Adopted)> {
        let home = folder::home(outboxes, name);
        let own = Outbox::new(&home, (limit / PARTS).clamp(SEGMENT_MIN, SEGMENT_MAX))?;
        let mut queue =
            Self { home, adopted: VecDeque::new(), own, limit, damaged_before: 0, next_adopted: 0 };
        let found = queue.adopt()?;
        Ok((queue, found))
    }

    /// Adopts outboxes whose owners are gone, some at a time.
    pub fn adopt(&mut self) -> io::Result<Adopted> {
        let mut found = Adopted::default();
        for path in folder::of_processes(&self.home)? {
            let known = self.adopted.iter().any(|(_, outbox)| outbox.folder() == path);
            if known || path == self.own.folder() || self.adopted.len() >= ADOPTED_MAX {
                continue;
            }
            match adopted(&path, &self.home, &mut found) {
                Ok(None) => {}
                Ok(Some(outbox)) => {
                    self.adopted.push_back((self.next_adopted, outbox));
                    self.next_adopted += 1;
                }
                Err(error) => {
                    let outbox = path.display();
                    tracing::warn!(%error, %outbox, "an outbox that was left behind cannot be read");
                }
            }
        }
        self.clear_adopted();
        Ok(found)
    }

    /// Writes a record; answers its number, or `None` where there is no room for it.
    pub fn append(&mut self, kind: Kind, payload: &str) -> io::Result<Option<u64>> {
        let bytes = record::encoded_len(payload.len()) as u64;
        if self.bytes() + bytes > self.limit {
            self.own.clear_acked();
        }
        if self.bytes() + bytes > self.limit {
            return Ok(None);
        }
        self.own.append(kind, payload).map(Some)
    }

    /// The next record to be sent.
    pub fn next(&mut self) -> io::Result<Option<(Place, Entry)>> {
        for (number, outbox) in &mut self.adopted {
            if let Some(entry) = outbox.next()? {
                return Ok(Some((place(*number, &entry), entry)));
            }
        }
        self.clear_adopted();
        Ok(self.own.next()?.map(|entry| (place(OWN, &entry), entry)))
    }

    /// These records are done with: in the order in which they were read, and with all before them.
    pub fn ack(&mut self, done: &[Place]) {
        for (place, behind) in done.iter().zip(done.iter().skip(1).map(Some).chain([None])) {
            // Of each outbox the last one says it all.
            if behind.is_none_or(|behind| behind.outbox != place.outbox)
                && let Some(outbox) = self.outbox(place.outbox)
            {
                outbox.ack(place.end, place.number);
            }
        }
        self.clear_adopted();
    }

    pub fn rewind(&mut self) {
        self.adopted.iter_mut().for_each(|(_, outbox)| outbox.rewind());
        self.own.rewind();
    }

    /// The text of a record that is not done with.
    pub fn read_again(&mut self, place: &Place) -> io::Result<Option<String>> {
        self.outbox(place.outbox).map_or(Ok(None), |outbox| outbox.read_again(place.at))
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.adopted.is_empty() && self.own.is_empty()
    }

    /// Records and bytes that wait.
    pub fn waiting(&self) -> (u64, u64) {
        let (mut records, mut bytes) = self.own.waiting();
        for (_, outbox) in &self.adopted {
            let more = outbox.waiting();
            records += more.0;
            bytes += more.1;
        }
        (records, bytes)
    }

    /// Records of this process that were written, and that are done with.
    pub fn own_numbers(&self) -> (u64, u64) {
        (self.own.last_number(), self.own.acked_number())
    }

    /// Everything of earlier processes is done with, and of this one up to this number.
    pub fn is_done_to(&self, number: u64) -> bool {
        self.adopted.is_empty() && self.own.acked_number() >= number
    }

    /// Pieces of damaged bytes that were set aside.
    pub fn damaged(&self) -> u64 {
        let now: u64 = self.adopted.iter().map(|(_, outbox)| outbox.damaged()).sum();
        self.damaged_before + now + self.own.damaged()
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The folder of all outboxes of this client.
    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn unsynced(&mut self) -> io::Result<Vec<File>> {
        self.own.unsynced()
    }

    pub fn clear_acked(&mut self) {
        self.own.clear_acked();
    }

    /// The process is done: an own outbox with nothing in it is cleared away.
    pub fn leave(self) {
        if self.own.is_empty()
            && let Err(error) = self.own.remove()
        {
            tracing::debug!(%error, "the empty outbox cannot be removed");
        }
    }

    fn bytes(&self) -> u64 {
        self.own.bytes() + self.adopted.iter().map(|(_, outbox)| outbox.bytes()).sum::<u64>()
    }

    fn outbox(&mut self, number: u64) -> Option<&mut Outbox> {
        if number == OWN {
            return Some(&mut self.own);
        }
        self.adopted.iter_mut().find(|(n, _)| *n == number).map(|(_, outbox)| outbox)
    }

    fn clear_adopted(&mut self) {
        while self.adopted.front().is_some_and(|(_, outbox)| outbox.is_empty()) {
            let Some((_, outbox)) = self.adopted.pop_front() else { return };
            self.damaged_before += outbox.damaged();
            if let Err(error) = outbox.remove() {
                tracing::warn!(%error, "an outbox that is done with cannot be removed");
            }
        }
    }
}

fn place(outbox: u64, entry: &Entry) -> Place {
    Place { outbox, at: entry.at, end: entry.end, number: entry.number }
}

fn adopted(path: &Path, home: &Path, found: &mut Adopted) -> io::Result<Option<Outbox>> {
    let Some(mut outbox) = Outbox::adopt(path, home)? else { return Ok(None) };
    look_through(&mut outbox, found)?;
    Ok(Some(outbox))
}

/// Counts what is left, and finds the sessions of it.
fn look_through(outbox: &mut Outbox, found: &mut Adopted) -> io::Result<()> {
    let mut first = true;
    while let Some(entry) = outbox.next()? {
        if std::mem::take(&mut first) {
            outbox.acked_number = outbox.acked_number.max(entry.number.saturating_sub(1));
        }
        outbox.last_number = outbox.last_number.max(entry.number);
        found.events += u64::from(entry.kind == Kind::Event);
        if let Ok(named) = serde_json::from_str::<Named<'_>>(&entry.payload) {
            let seq = found.sessions.entry(named.session_id.into_owned()).or_default();
            *seq = (*seq).max(named.seq.unwrap_or(0));
        }
    }
    outbox.rewind();
    // what was stepped over is found, and counted, a second time
    outbox.damaged = 0;
    Ok(())
}
