//! What a list of notices is narrowed to.
//!
//! Never carries a filter that is not one of these. Invariant: the default finds every notice.

use crate::Timestamp;

/// Conditions; all of them have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Words, each of which stands in the client's name, in an id or title of a session, in `what` or in `message`. Upper and lower
    /// case are the same, and so are letters with and without accents.
    pub q: Option<String>,
    /// Any of these kinds; empty: all.
    pub kinds: Vec<String>,
    /// Those that name this session.
    pub session: Option<String>,
    /// At or after this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    pub limit: u32,
    pub cursor: Option<String>,
}
