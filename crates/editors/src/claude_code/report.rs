//! What reading one transcript gave: counts, and every place where bytes could not be used.
//!
//! Owns the counting. Invariant: a byte of the file that is in no event is in `bad_lines`.

use serde::Serialize;

/// Places of damage that are listed one by one; more are only counted.
const LISTED: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// The sessions of the file: its own first, then those of sub-agents that are written into it.
    pub sessions: Vec<String>,
    /// Lines with anything on them.
    pub lines: u64,
    pub user_lines: u64,
    pub assistant_lines: u64,
    /// `user` lines that hold nothing but results of tools: no message.
    pub result_only_lines: u64,
    /// `assistant` lines that only call tools: no message.
    pub call_only_lines: u64,
    /// Lines that add to a message of an earlier line.
    pub merged_lines: u64,
    /// `user` and `assistant` lines without readable content, kept verbatim.
    pub odd_lines: u64,
    /// Lines that repeat an earlier one, as a resumed session's do: left out.
    pub copies: u64,
    pub events: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub tool_results: u64,
    pub bad_lines: Vec<BadLine>,
    /// Bad places beyond those listed.
    pub more_bad_lines: u64,
}

/// A place where something is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// From 1.
    pub line: u64,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// Bytes that no event's fields could be read from. Their text is kept in an event `claude_code.damaged`.
    pub bytes_lost: u64,
    pub why: String,
}

impl ReadReport {
    pub(super) fn damage(&mut self, bad: BadLine) {
        if self.bad_lines.len() < LISTED {
            self.bad_lines.push(bad);
        } else {
            self.more_bad_lines += 1;
        }
    }

    /// All places of damage, the unlisted too.
    pub fn bad(&self) -> u64 {
        self.bad_lines.len() as u64 + self.more_bad_lines
    }
}
