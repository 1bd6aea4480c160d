//! What reading a session's files gave: counts, every place where bytes could not be used, and what is known to be missing.
//!
//! Owns the counting. Invariant: a byte of a file that is in no event is in `bad_places`.

use serde::Serialize;
use std::collections::BTreeMap;

/// Places of damage that are listed one by one; more are only counted.
const LISTED: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// The sessions of the file: its own first, then those of sub-agents that are written into it.
    pub sessions: Vec<String>,
    /// Lines with anything on them, or rows of a database.
    pub lines: u64,
    /// Lines that repeat an earlier one, as a resumed session's do: left out.
    pub copies: u64,
    pub events: u64,
    /// Prompts, answers and what the program says in their names.
    pub messages: u64,
    /// Those of the messages that the model gave.
    pub answers: u64,
    pub tool_calls: u64,
    pub tool_results: u64,
    pub bad_places: Vec<BadPlace>,
    /// Bad places beyond those listed.
    pub more_bad_places: u64,
    /// What the files do not hold any more, a sentence each.
    pub missing: Vec<String>,
    /// Lines by what they are, in the words of the editor's own format. For tests against other programs' counts.
    #[serde(skip)]
    pub tally: BTreeMap<&'static str, u64>,
}

/// A place where something is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadPlace {
    /// Name of the file, where the session lies in more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1; 0 where the file has no lines.
    pub line: u64,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// Bytes that no event's fields could be read from. Where they are text, an event `….damaged` keeps it.
    pub bytes_lost: u64,
    pub why: String,
}

/// How much of a session its files still hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Complete,
    /// Something was damaged, and all of it could be read.
    Repaired,
    /// Something is missing.
    Partial,
    /// What was asked is there, and no answer.
    PromptsOnly,
    /// No message is left.
    Nothing,
}

impl ReadReport {
    pub fn damage(&mut self, bad: BadPlace) {
        if self.bad_places.len() < LISTED {
            self.bad_places.push(bad);
        } else {
            self.more_bad_places += 1;
        }
    }

    /// Says once what is missing.
    pub fn lacks(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.missing.len() < LISTED && !self.missing.contains(&what) {
            self.missing.push(what);
        }
    }

    /// Counts one line of this kind.
    pub fn count(&mut self, kind: &'static str) {
        *self.tally.entry(kind).or_default() += 1;
    }

    /// Lines of this kind.
    pub fn counted(&self, kind: &str) -> u64 {
        self.tally.get(kind).copied().unwrap_or_default()
    }

    /// All places of damage, the unlisted too.
    pub fn bad(&self) -> u64 {
        self.bad_places.len() as u64 + self.more_bad_places
    }

    pub fn standing(&self) -> Standing {
        let lost = self.bad_places.iter().any(|bad| bad.bytes_lost > 0) || self.more_bad_places > 0;
        match self {
            Self { messages: 0, tool_calls: 0, .. } => Standing::Nothing,
            Self { answers: 0, tool_calls: 0, missing, .. } if lost || !missing.is_empty() => {
                Standing::PromptsOnly
            }
            Self { missing, .. } if lost || !missing.is_empty() => Standing::Partial,
            _ if self.bad() > 0 => Standing::Repaired,
            _ => Standing::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(bytes_lost: u64) -> BadPlace {
        BadPlace { file: None, line: 1, offset: 0, bytes_lost, why: "x".into() }
    }

    #[test]
    fn the_standing_follows_from_what_was_read() {
        let mut report = ReadReport::default();
        assert_eq!(report.standing(), Standing::Nothing);
        report.messages = 1;
        assert_eq!(report.standing(), Standing::Complete, "a question that waits for its answer");
        report.damage(bad(0));
        assert_eq!(report.standing(), Standing::Repaired);
        report.lacks("answers");
        assert_eq!(report.standing(), Standing::PromptsOnly);
        report.answers = 1;
        assert_eq!(report.standing(), Standing::Partial);
        report.missing.clear();
        report.damage(bad(3));
        assert_eq!(report.standing(), Standing::Partial);
    }

    #[test]
    fn more_damage_than_is_listed_is_counted() {
        let mut report = ReadReport::default();
        (0..LISTED + 5).for_each(|_| report.damage(bad(1)));
        assert_eq!((report.bad(), report.more_bad_places), (LISTED as u64 + 5, 5));
    }
}
