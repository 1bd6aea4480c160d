//! The outbox: what was handed over and is not acknowledged, on disk.
//!
//! A process has an [`Outbox`] of its own, a folder of segments that only grow at their end. What a process that is gone has left
//! behind is adopted by the next one of the same client (`queue`), and sent first.
//! Never changes a record, never lets one go before [`Outbox::ack`]. Invariant: a record is in the file before `append` answers,
//! so the end of the process loses none; a power cut loses none that [`Outbox::unsynced`] gave out to be synced.

mod cursor;
mod folder;
mod queue;
mod record;
#[cfg(test)]
mod tests;

pub use queue::{Adopted, Place, Queue};
pub use record::{Kind, PAYLOAD_MAX};

use cursor::{Cursor, Mark, Next};
use folder::Claim;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What was acknowledged, in the outbox's folder.
const NOTE: &str = "acked";
/// A buffer that grew beyond this for one large record is given back.
const BUFFER_KEPT: usize = 1024 * 1024;

/// A record, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// The record's number in its outbox, from 1.
    pub number: u64,
    pub payload: String,
    pub(crate) at: Mark,
    pub(crate) end: Mark,
}

/// The outbox of one process.
#[derive(Debug)]
pub struct Outbox {
    claim: Claim,
    /// The folder of all outboxes of this client.
    home: PathBuf,
    /// Segments that are there, with their bytes.
    segments: BTreeMap<u64, u64>,
    last_segment: u64,
    segment_bytes: u64,
    /// The end that grows; an adopted outbox has none.
    writer: Option<File>,
    living: bool,
    buffer: Vec<u8>,
    /// Number of the last record that was written.
    last_number: u64,
    acked: Mark,
    acked_number: u64,
    note: Option<File>,
    cursor: Cursor,
    /// Behind the last record that was read out.
    handed: Mark,
    /// Pieces of bytes that were no record.
    damaged: u64,
    /// Files with bytes that were not given out to be synced.
    unsynced: Vec<File>,
    dirty: bool,
}

impl Outbox {
    /// A new outbox for this process.
    pub fn new(home: &Path, segment_bytes: u64) -> io::Result<Self> {
        let claim = Claim::new(home)?;
        Ok(Self { living: true, ..Self::with(claim, home, segment_bytes, BTreeMap::new()) })
    }

    /// The outbox of a process that is gone; `None` where its owner lives or the folder is gone.
    pub fn adopt(folder: &Path, home: &Path) -> io::Result<Option<Self>> {
        let Some(claim) = Claim::take(folder)? else { return Ok(None) };
        let segments: BTreeMap<u64, u64> = match claim.segments() {
            Ok(segments) => segments.into_iter().collect(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut outbox = Self::with(claim, home, 0, segments);
        if let Some((mark, number)) = read_note(&outbox.claim.folder.join(NOTE)) {
            outbox.acked = mark;
            outbox.acked_number = number;
        }
        outbox.rewind();
        Ok(Some(outbox))
    }

    fn with(claim: Claim, home: &Path, segment_bytes: u64, segments: BTreeMap<u64, u64>) -> Self {
        let last_segment = segments.keys().next_back().copied().unwrap_or(0);
        Self {
            claim,
            home: home.to_owned(),
            segments,
            last_segment,
            segment_bytes,
            writer: None,
            living: false,
            buffer: Vec::new(),
            last_number: 0,
            acked: Mark::default(),
            acked_number: 0,
            note: None,
            cursor: Cursor::at(Mark::default()),
            handed: Mark::default(),
            damaged: 0,
            unsynced: Vec::new(),
            dirty: false,
        }
    }

    /// Writes a record; answers its number. An error leaves the outbox as it was.
    pub fn append(&mut self, kind: Kind, payload: &str) -> io::Result<u64> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        record::encode(kind, self.last_number + 1, payload, &mut buffer);
        let written = self.write(&buffer);
        if buffer.capacity() <= BUFFER_KEPT {
            self.buffer = buffer;
        }
        written?;
        self.last_number += 1;
        Ok(self.last_number)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let before = self.segments.get(&self.last_segment).copied().unwrap_or(0);
        if before >= self.segment_bytes {
            self.close_segment();
        }
        let (mut file, before) = match self.writer.take() {
            Some(file) => (file, before),
            None => (self.open_segment()?, 0),
        };
        match file.write_all(bytes) {
            Ok(()) => {
                self.segments.insert(self.last_segment, before + bytes.len() as u64);
                self.dirty = true;
                self.writer = Some(file);
                Ok(())
            }
            Err(error) => {
                // Half a record at the end would stand in front of the next one; where it cannot be cut off, a new segment begins.
                let cut = file.set_len(before).and_then(|()| file.seek(SeekFrom::Start(before)));
                self.writer = cut.is_ok().then_some(file);
                Err(error)
            }
        }
    }

    fn open_segment(&mut self) -> io::Result<File> {
        let number = self.last_segment + 1;
        let file = folder::new_file().create_new(true).open(self.claim.segment(number))?;
        self.last_segment = number;
        self.segments.insert(number, 0);
        #[cfg(unix)]
        self.unsynced.extend(File::open(&self.claim.folder));
        Ok(file)
    }

    fn close_segment(&mut self) {
        let file = self.writer.take();
        if self.dirty {
            self.unsynced.extend(file);
            self.dirty = false;
        }
    }

    /// The next record that was not read out since the last [`Outbox::rewind`]; `None` where there is none now.
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let segment = self.cursor.mark().segment;
            let later = self.segments.range(segment + 1..).next().map(|(number, _)| *number);
            let Some(len) = self.segments.get(&segment).copied() else {
                let Some(later) = later else { return Ok(None) };
                self.go_on_at(later);
                continue;
            };
            let closed = !self.living || later.is_some();
            match self.cursor.next(&self.claim, len, closed) {
                Ok(Next::Record { kind, number, payload, at, end }) => {
                    self.handed = end;
                    return Ok(Some(Entry { kind, number, payload, at, end }));
                }
                Ok(Next::Bad { bytes, at, torn, .. }) => self.step_over(&bytes, at, torn),
                Ok(Next::SegmentEnd) => {
                    self.settle();
                    let Some(later) = later else { return Ok(None) };
                    self.go_on_at(later);
                }
                Err(e) => self.shorter_than_thought(segment, e)?,
            }
        }
    }

    /// A record that is there, read again.
    pub fn read_again(&self, at: Mark) -> io::Result<Option<String>> {
        let len = self.segments.get(&at.segment).copied().unwrap_or(0);
        match Cursor::at(at).next(&self.claim, len, false)? {
            Next::Record { payload, .. } => Ok(Some(payload)),
            _ => Ok(None),
        }
    }

    /// All records up to this one are done with.
    pub fn ack(&mut self, end: Mark, number: u64) {
        if end <= self.acked {
            return;
        }
        self.acked = end;
        self.acked_number = self.acked_number.max(number);
        self.settle();
        self.write_note();
    }

    /// Reads on from what was not acknowledged.
    pub fn rewind(&mut self) {
        self.cursor.go_to(self.acked);
        self.handed = self.acked;
    }

    /// Nothing waits, and nothing that could wait is still unread.
    pub fn is_empty(&self) -> bool {
        self.acked >= self.end()
    }

    /// Records and bytes that are not acknowledged; where something is damaged, about so many.
    pub fn waiting(&self) -> (u64, u64) {
        if self.is_empty() {
            return (0, 0);
        }
        let done = self.segments.get(&self.acked.segment).map_or(0, |len| self.acked.offset.min(*len));
        (self.last_number.saturating_sub(self.acked_number), self.bytes().saturating_sub(done))
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.segments.values().sum()
    }

    pub fn last_number(&self) -> u64 {
        self.last_number
    }

    pub fn acked_number(&self) -> u64 {
        self.acked_number
    }

    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    pub fn folder(&self) -> &Path {
        &self.claim.folder
    }

    /// What was acknowledged does not stay on the disk for longer than it is of use.
    pub fn clear_acked(&mut self) {
        if self.is_empty() && !self.segments.is_empty() {
            self.close_segment();
            self.unsynced.clear();
            self.drop_segments(self.last_segment + 1);
        }
    }

    /// Files to be synced, that all which was appended so far survives a power cut; none where nothing waits.
    pub fn unsynced(&mut self) -> io::Result<Vec<File>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        if self.dirty
            && let Some(file) = &self.writer
        {
            self.unsynced.push(file.try_clone()?);
            self.dirty = false;
        }
        Ok(std::mem::take(&mut self.unsynced))
    }

    /// Clears it away; only where it is empty.
    pub fn remove(self) -> io::Result<()> {
        self.claim.remove()
    }

    fn end(&self) -> Mark {
        self.segments
            .last_key_value()
            .map_or(self.acked, |(segment, len)| Mark { segment: *segment, offset: *len })
    }

    fn go_on_at(&mut self, segment: u64) {
        self.cursor.go_to(Mark { segment, offset: 0 });
        self.settle();
    }

    /// Where nothing that was read out waits for an ack, what was stepped over is done with too.
    fn settle(&mut self) {
        if self.acked >= self.handed && self.acked < self.cursor.mark() {
            self.acked = self.cursor.mark();
            self.handed = self.acked;
        }
        if self.is_empty() {
            self.acked_number = self.acked_number.max(self.last_number);
        }
        self.drop_segments(self.acked.segment);
    }

    fn drop_segments(&mut self, before: u64) {
        while let Some((segment, _)) = self.segments.first_key_value() {
            let segment = *segment;
            if segment >= before {
                return;
            }
            self.segments.remove(&segment);
            if let Err(error) = fs::remove_file(self.claim.segment(segment)) {
                tracing::warn!(%error, segment, "an acknowledged segment of the outbox cannot be removed");
            }
        }
    }

    fn step_over(&mut self, bytes: &[u8], at: Mark, torn: bool) {
        self.damaged += u64::from(!torn);
        let (bytes_lost, outbox) = (bytes.len(), self.claim.folder.display());
        tracing::warn!(%outbox, ?at, bytes_lost, torn, "bytes in the outbox are no record: set aside");
        if let Err(error) = folder::set_aside(&self.home, &self.claim.folder, at.segment, at.offset, bytes) {
            tracing::warn!(%error, "damaged bytes of the outbox cannot be set aside");
        }
        self.settle();
    }

    /// Somebody else cut or removed the file: what is there is read on.
    fn shorter_than_thought(&mut self, segment: u64, error: io::Error) -> io::Result<()> {
        let len = match fs::metadata(self.claim.segment(segment)) {
            Ok(about) => about.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
            Err(_) => return Err(error),
        };
        if self.segments.get(&segment).is_none_or(|known| len >= *known) {
            return Err(error);
        }
        self.damaged += 1;
        if segment == self.last_segment {
            self.close_segment();
        }
        self.segments.insert(segment, len);
        let mark = self.cursor.mark();
        self.cursor.go_to(Mark { offset: mark.offset.min(len), ..mark });
        if len == 0 {
            self.segments.remove(&segment);
        }
        Ok(())
    }

    /// Not synced: an old note makes more be sent again, and the recorder knows what it has.
    fn write_note(&mut self) {
        let text =
            format!("{:016x} {:016x} {:016x}", self.acked.segment, self.acked.offset, self.acked_number);
        let line = format!("{:08x} {text}\n", crc32c::crc32c(text.as_bytes()));
        let written = match &mut self.note {
            Some(file) => file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(line.as_bytes())),
            none => folder::new_file().truncate(false).open(self.claim.folder.join(NOTE)).and_then(|file| {
                let file = none.insert(file);
                file.write_all(line.as_bytes())
            }),
        };
        if let Err(error) = written {
            tracing::debug!(%error, "what was acknowledged cannot be noted in the outbox");
        }
    }
}

fn read_note(path: &Path) -> Option<(Mark, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (crc, rest) = text.trim_end().split_once(' ')?;
    if u32::from_str_radix(crc, 16).ok()? != crc32c::crc32c(rest.as_bytes()) {
        return None;
    }
    let mut numbers = rest.split(' ').map(|hex| u64::from_str_radix(hex, 16));
    let mut next = || numbers.next()?.ok();
    Some((Mark { segment: next()?, offset: next()? }, next()?))
}
