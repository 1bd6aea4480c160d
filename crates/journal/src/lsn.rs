//! The numbers of the journal: [`Lsn`] for a record, [`SegmentId`] for a segment file.
//! They never carry meaning beyond order. Invariant: an LSN is handed out once per run and grows by one.

use std::fmt;

/// The number of a record. The first record of a journal is `Lsn(1)`; `Lsn(0)` stands for "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Before the first record.
    pub const NONE: Self = Self(0);

    /// The number behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number before this one; `NONE` stays `NONE`.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A segment, named by the LSN it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub u64);

impl SegmentId {
    /// The file of this segment: twenty digits, so that names sort as numbers do.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{:020}.seg", self.0)
    }

    /// Reads a file name back; `None` for a name that no journal gives.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let digits = name.strip_suffix(".seg")?;
        let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse().ok().map(Self) } else { None }
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_round_trip_and_others_are_refused() {
        for id in [0, 1, 42, u64::MAX] {
            assert_eq!(SegmentId::from_file_name(&SegmentId(id).file_name()), Some(SegmentId(id)));
        }
        for name in
            ["1.seg", "0000000000000000001x.seg", "+0000000000000000001.seg", "99999999999999999999.seg", ""]
        {
            assert_eq!(SegmentId::from_file_name(name), None, "{name}");
        }
    }
}
