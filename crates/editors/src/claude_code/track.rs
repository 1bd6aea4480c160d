//! The state of one session while its file is read: its times, its open messages, its title.

use super::messages::OpenMessages;
use crate::times::Times;
use chasm_protocol::Timestamp;

pub struct Track {
    pub session_id: String,
    pub open: OpenMessages,
    pub title: TitleRank,
    pub times: Times,
}

/// Which kind of line gave the title; a lower one does not replace a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TitleRank {
    None,
    FirstPrompt,
    Summary,
    Generated,
    Custom,
}

impl Track {
    pub fn new(session_id: String, first_at: Timestamp, title: TitleRank) -> Self {
        Self { session_id, open: OpenMessages::default(), title, times: Times::new(first_at) }
    }
}
