//! A session's messages and tool calls in parts.
//!
//! Owns their shapes only. Source: the recording protocol, «REST».

use crate::session::{Message, StoredEvent, ToolCall};
use serde::{Deserialize, Serialize};

/// Which part of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemsQuery {
    pub window: ItemsWindow,
    pub limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemsWindow {
    /// From this position on.
    From(u64),
    /// The last ones before this position.
    Before(u64),
    /// What changed after this revision, from this position on; 0: everything.
    ChangedSince { revision: u64, from: u64 },
}

/// Something that stands in a session's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionItem {
    Message(Message),
    ToolCall(ToolCall),
    /// An event of an unknown type.
    Other(OtherItem),
}

impl SessionItem {
    /// Its own place; that of the item behind it for an event of an unknown type, which has none.
    pub const fn position(&self) -> u64 {
        match self {
            Self::Message(message) => message.position,
            Self::ToolCall(call) => call.position,
            Self::Other(other) => other.before,
        }
    }
}

/// An event of an unknown type, and where it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OtherItem {
    #[serde(flatten)]
    pub event: StoredEvent,
    /// Place of the first item behind it; one above the highest where there is none.
    pub before: u64,
}

/// A part of a session, by position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemsPage {
    pub items: Vec<SessionItem>,
    /// `from` of the next part; absent where this one reaches the end.
    pub next_from: Option<u64>,
    /// What this part is a view of. Who reads several parts keeps the revision of the first one for `changed_since`.
    pub revision: u64,
    /// The highest position.
    pub total: u64,
    /// Positions that had an item and have none any more; with `changed_since` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Vec<u64>>,
    /// Events of unknown types that belong to this part and would have made it too long; the list of events has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others_left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}
