//! Bodies of the calls that let sessions go: trash, purge, retention.
//!
//! Owns their shapes only. Invariant: no text of a chat stands in a receipt.

use crate::session::SessionSummary;
use crate::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};

/// Sessions that one call may name.
pub const TRASH_MAX: usize = 10_000;
/// Ids that a receipt lists.
pub const RECEIPT_IDS: usize = 1_000;
/// Sessions that a preview shows.
pub const SAMPLE_MAX: usize = 20;

/// Body of `POST /api/recording/trash` and `…/trash/restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionIds {
    /// 1 to 10000 of them.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10000)]
    pub session_ids: Vec<SessionId>,
}

/// Answer to `POST /api/recording/trash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrashAnswer {
    /// In the trash now, those that were there before included.
    pub trashed: Vec<String>,
    /// When the first of them is deleted for good.
    pub purge_at: Timestamp,
    pub unknown: Vec<String>,
}

/// Answer to `POST /api/recording/trash/restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RestoreAnswer {
    pub restored: Vec<String>,
    /// Not in the trash, or not any more.
    pub unknown: Vec<String>,
}

/// `GET /api/recording/trash`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrashPage {
    /// The latest first.
    pub sessions: Vec<TrashedSession>,
    /// How many there are in all.
    pub total: u64,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrashedSession {
    #[serde(flatten)]
    pub session: SessionSummary,
    pub trashed_at: Timestamp,
    /// When it is deleted for good.
    pub purge_at: Timestamp,
}

/// Body of `POST /api/recording/trash/purge`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeRequest {
    /// These of the trash; absent: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub session_ids: Option<Vec<SessionId>>,
}

/// What was deleted for good, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Purged {
    pub at: Timestamp,
    pub sessions: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub events: u64,
    pub snapshots: u64,
    /// Of the raw events, snapshots and items, as stored.
    pub bytes: u64,
}

/// What was deleted for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PurgeReceipt {
    #[serde(flatten)]
    pub purged: Purged,
    /// At most 1000 of them.
    pub session_ids: Vec<String>,
}

impl Purged {
    /// Nothing yet.
    pub const fn none(at: Timestamp) -> Self {
        Self { at, sessions: 0, messages: 0, tool_calls: 0, events: 0, snapshots: 0, bytes: 0 }
    }
}

/// Why sessions were deleted for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PurgeReason {
    /// They were in the trash.
    Trash,
    /// The settings keep no session that long, or not so many bytes.
    Retention,
    /// Someone asked for it.
    Delete,
}

/// Body of `POST /api/recording/retention/preview`. A field that is absent is as set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRequest {
    /// 0: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 36500)]
    pub days: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_starred: Option<bool>,
    /// 0: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 100000)]
    pub max_gib: Option<u64>,
}

/// Body of a call that takes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What retention would delete for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RetentionPreview {
    pub sessions: u64,
    pub messages: u64,
    /// Of the raw events, snapshots and items, as stored.
    pub bytes: u64,
    /// How many of them are interrupted.
    pub interrupted: u64,
    /// Last event of the one that is longest silent.
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
    /// Some of them, the oldest first.
    pub sample: Vec<SessionSummary>,
}
