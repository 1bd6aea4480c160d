//! The limits of the journal, all in this file. Settings change what is written from now on and never what can be read.

/// What a journal may use. Sizes in bytes.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// A batch that would grow a segment past this starts a new one. One large batch may still exceed it.
    pub segment_bytes: u64,
    /// The longest record that is taken; at most 256 MiB, which is the limit of the format.
    pub max_record_bytes: u32,
    /// A batch is refused with `Full` while this much waits for the writer.
    pub max_pending_bytes: usize,
    /// How much is read at a time when a segment is checked. Grows to the longest record found.
    pub read_buffer_bytes: usize,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 32 * MIB,
            max_record_bytes: 64 * 1024 * 1024,
            max_pending_bytes: 16 * 1024 * 1024,
            read_buffer_bytes: 1024 * 1024,
        }
    }
}

impl JournalSettings {
    pub(crate) fn record_limit(&self) -> u32 {
        self.max_record_bytes.min(RECORD_LIMIT)
    }
}

pub(crate) const MIB: u64 = 1024 * 1024;

/// The longest record the format allows. Part of the format: a lower `max_record_bytes` must not make old records unreadable.
pub(crate) const RECORD_LIMIT: u32 = 256 * 1024 * 1024;

/// `resume` wants this much free, so that a journal does not stall again with its first record.
pub(crate) const RESUME_RESERVE: u64 = MIB;

/// Buffers above this are given back when the journal has had nothing to do for [`IDLE_BEFORE_SHRINK`].
pub(crate) const KEEP_BUFFER: usize = 1024 * 1024;
pub(crate) const IDLE_BEFORE_SHRINK: std::time::Duration = std::time::Duration::from_secs(5);

/// How many copies of one damaged place, each with other bytes, the quarantine takes.
pub(crate) const QUARANTINE_TWINS: u32 = 100;

/// A block that cannot be read is tried again in pieces of this size, so that one bad sector costs one piece.
pub(crate) const READ_PIECE: usize = 4096;
