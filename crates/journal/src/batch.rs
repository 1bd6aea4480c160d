//! Appending: a guard over the waiting records, in which each record is encoded in place. It never blocks on I/O and never leaves
//! half a record. Invariant: a batch that is not committed, for whatever reason, leaves no trace, not even a number.

use std::io;
use std::sync::{Arc, MutexGuard};

use crate::durable::{Fault, State};
use crate::format::RECORD_HEAD;
use crate::format::RecordHead;
use crate::lsn::Lsn;
use crate::pending::{Pending, Shared};

/// Why records were not taken. Nothing of the batch was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    #[error("journal: {waiting} bytes wait for the disk, more than {max}")]
    Full { waiting: usize, max: usize },
    #[error("journal stalled: {0}")]
    Stalled(Arc<Fault>),
    #[error("journal poisoned: {0}")]
    Poisoned(Arc<Fault>),
    #[error("journal is closed")]
    Closed,
    #[error("record of {bytes} bytes or more is over the limit of {max}")]
    TooLarge { bytes: usize, max: usize },
}

/// Why one record was not taken: the journal's reason or the encoder's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PushError<E> {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("cannot encode record: {0}")]
    Encode(E),
}

/// The numbers of a committed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub first: Lsn,
    pub last: Lsn,
}

/// Records on their way into the journal. Holds the journal's lock: keep it short, encode what is ready. Dropping it without
/// [`Batch::commit`] takes everything in it back.
#[must_use = "a batch that is not committed is taken back"]
pub struct Batch<'a> {
    shared: &'a Shared,
    /// `None` only after commit.
    pending: Option<MutexGuard<'a, Pending>>,
    /// Where this batch began.
    start: usize,
    first: Lsn,
    max_record: usize,
}

/// Where the bytes of one record go. Takes at most the longest record and remembers that there was more.
pub struct RecordBuf<'a> {
    buffer: &'a mut Vec<u8>,
    start: usize,
    max: usize,
    over: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn begin(shared: &'a Shared) -> Result<Self, AppendError> {
        let pending = shared.pending();
        match &pending.gate {
            State::Open => {}
            State::Stalled(fault) => return Err(AppendError::Stalled(fault.clone())),
            State::Poisoned(fault) => return Err(AppendError::Poisoned(fault.clone())),
            State::Closed => return Err(AppendError::Closed),
        }
        let (waiting, max) = (pending.buffer.len(), shared.settings.max_pending_bytes);
        if waiting >= max {
            return Err(AppendError::Full { waiting, max });
        }
        let (start, first) = (waiting, pending.next);
        let max_record = shared.settings.record_limit() as usize;
        Ok(Self { shared, pending: Some(pending), start, first, max_record })
    }

    /// Adds the record that `encode` writes, and says its number. After an error the record is out, the batch stands.
    pub fn push(&mut self, encode: impl FnOnce(&mut RecordBuf<'_>)) -> Result<Lsn, AppendError> {
        let pushed = self.try_push(|record| {
            encode(record);
            Ok::<_, std::convert::Infallible>(())
        });
        pushed.map_err(|error| match error {
            PushError::Append(error) => error,
            PushError::Encode(never) => match never {},
        })
    }

    /// As `push`, for an encoder that can fail.
    pub fn try_push<E>(
        &mut self,
        encode: impl FnOnce(&mut RecordBuf<'_>) -> Result<(), E>,
    ) -> Result<Lsn, PushError<E>> {
        let Some(pending) = self.pending.as_deref_mut() else { return Err(AppendError::Closed.into()) };
        let at = pending.buffer.len();
        pending.buffer.extend_from_slice(&[0; RECORD_HEAD]);
        let start = at.saturating_add(RECORD_HEAD);
        let mut record = RecordBuf { buffer: &mut pending.buffer, start, max: self.max_record, over: 0 };
        let encoded = encode(&mut record);
        let (len, over) = (record.len(), record.over);
        let head = pending.buffer.get_mut(at..).and_then(|bytes| bytes.first_chunk_mut::<RECORD_HEAD>());
        match (encoded, head) {
            (Ok(()), Some(head)) if over == 0 => {
                *head = RecordHead::unsealed(u32::try_from(len).unwrap_or(u32::MAX), pending.next.0);
                let lsn = pending.next;
                pending.next = lsn.next();
                Ok(lsn)
            }
            (encoded, _) => {
                pending.buffer.truncate(at);
                encoded.map_err(PushError::Encode)?;
                Err(AppendError::TooLarge { bytes: len.saturating_add(over), max: self.max_record }.into())
            }
        }
    }

    /// Hands the records to the writer and wakes it. `None` for an empty batch.
    pub fn commit(mut self) -> Option<Appended> {
        let pending = self.pending.take()?;
        let last = pending.next.previous();
        let any = pending.next > self.first;
        self.shared.wake(pending);
        any.then_some(Appended { first: self.first, last })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Some(pending) = self.pending.as_deref_mut() {
            pending.buffer.truncate(self.start);
            pending.next = self.first;
        }
    }
}

impl RecordBuf<'_> {
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let room = self.max.saturating_sub(self.len());
        if self.over == 0 && bytes.len() <= room {
            self.buffer.extend_from_slice(bytes);
        } else {
            self.over = self.over.saturating_add(bytes.len());
        }
    }

    /// How many bytes the record has so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Never fails: a record that grows too long is refused as a whole by `push`.
impl io::Write for RecordBuf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
