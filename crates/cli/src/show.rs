//! Answers of the recorder as text for a terminal.
//!
//! Owns wording and layout. Pure: everything that changes (time, time zone, width) is passed in, so that snapshots hold it.

pub mod editors;
pub mod extract;
pub mod list;
pub mod recovery;
pub mod search;
pub mod state;
pub mod status;
pub mod text;
pub mod time;
pub mod transcript;

use chasm_protocol::Timestamp;
use jiff::tz::TimeZone;

/// When, where and how wide something is shown.
#[derive(Debug, Clone)]
pub struct View {
    pub now: Timestamp,
    pub zone: TimeZone,
    /// Columns; `None`: as wide as it gets.
    pub width: Option<usize>,
}

impl View {
    /// Here and now.
    pub fn present() -> Self {
        let now = jiff::Timestamp::now().as_microsecond();
        Self { now: Timestamp::from_micros(now), zone: TimeZone::system(), width: crate::out::width() }
    }
}

#[cfg(test)]
pub mod samples;
