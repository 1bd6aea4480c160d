//! What opening or inspecting a journal found. Plain values; nothing here touches a file.
//! Invariant: bytes that were neither handed out nor known to be given up are named in `damage`, `torn_tail` or `withdrawn`.

use std::fmt;

use crate::lsn::{Lsn, SegmentId};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    pub segments: usize,
    /// Good records seen.
    pub records: u64,
    /// Of these, handed to the sink.
    pub replayed: u64,
    /// Bytes of segment files looked at.
    pub bytes: u64,
    /// The highest good record; `Lsn::NONE` in an empty journal.
    pub last_lsn: Lsn,
    /// What a crash left half written at the end of the last segment.
    pub torn_tail: Option<TornTail>,
    /// What failed writes left at the end of earlier segments. It was refused when it was written, never acknowledged.
    pub withdrawn: Vec<TornTail>,
    pub damage: Vec<Damage>,
    pub gaps: Vec<Gap>,
    /// Segments without a record, left by a crash: removed (`inspect` only names them). In a journal that is not sound they stay
    /// until `truncate`, since their headers may be all that shows what is missing before them.
    pub removed: Vec<SegmentId>,
}

impl OpenReport {
    /// Nothing that was ever durable is missing or unreadable, as far as the journal can tell.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.gaps.is_empty()
    }
}

/// The end of a segment that is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    pub segment: SegmentId,
    pub at_byte: u64,
    pub bytes: u64,
    pub cut: Cut,
}

/// What was done about the end of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Looked at only.
    Inspected,
    /// Nothing but zeroes: cut.
    Zeroes,
    /// Copied to this file in the quarantine, then cut.
    Quarantined(String),
    /// Left where it is, since copying or cutting failed; it stays out of the way of reading.
    Left(String),
}

/// A stretch of a segment that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub segment: SegmentId,
    pub at_byte: u64,
    pub bytes: u64,
    /// The last good record before it.
    pub lsn_after: Lsn,
    /// The first good record behind it, in this segment or a later one.
    pub lsn_before: Option<Lsn>,
    /// The file in the quarantine; `None` when only inspected or when the copy failed.
    pub quarantined_as: Option<String>,
    /// An earlier opening has quarantined the same bytes: it has been reported before.
    pub known: bool,
    /// All records that were in it had been applied: nothing is lost.
    pub applied: bool,
    pub what: DamageKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    BadMarker,
    BadLength,
    PastEnd,
    WrongLsn,
    BadChecksum,
    /// One of the two headers; the other one serves.
    HeaderCopy,
    /// Both headers: none of the segment can be read.
    HeaderLost,
    /// The disk refuses to read it.
    Unreadable,
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadMarker => "no record",
            Self::BadLength => "bad length",
            Self::PastEnd => "record past the end",
            Self::WrongLsn => "wrong number",
            Self::BadChecksum => "bad checksum",
            Self::HeaderCopy => "one of two headers lost",
            Self::HeaderLost => "both headers lost",
            Self::Unreadable => "unreadable",
        })
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {}: {} at byte {}", self.segment, self.what, self.at_byte)
    }
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {}: torn tail of {} bytes at byte {}", self.segment, self.bytes, self.at_byte)
    }
}

/// Records that were durable, are not applied, and are nowhere: a segment is missing or was cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: Lsn,
    pub to: Lsn,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "records {} to {} are missing", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_names_segment_and_byte() {
        let damage = Damage {
            segment: SegmentId(12),
            at_byte: 4096,
            bytes: 20,
            lsn_after: Lsn(12),
            lsn_before: None,
            quarantined_as: None,
            known: false,
            applied: false,
            what: DamageKind::BadChecksum,
        };
        assert_eq!(damage.to_string(), "segment 12: bad checksum at byte 4096");
    }
}
