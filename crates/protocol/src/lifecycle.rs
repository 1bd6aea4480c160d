//! The typed stream of what happens to sessions and to the recorder: tray, UI, notifications and log all read it.
//!
//! Never carries the text of a chat, but for [`LiveEvent::Delta`], which goes to those alone who watch that session. A session's
//! title (the user's, else the client's, cut to [`TITLE_BYTES`](crate::limits::TITLE_BYTES)) is none; it goes to who listens,
//! never into a log.

use crate::api::{PurgeReason, Purged};
use crate::session::InterruptionReason;
use crate::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that a person may want to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LifecycleEvent {
    /// A session began, or a finished or interrupted one went on without a reconnect.
    Started {
        session_id: String,
        title: Option<String>,
    },
    /// A client is connected.
    Connected {
        connection: ConnectionId,
        client: Option<String>,
    },
    /// A client's connection is gone; these sessions wait for it. Interrupted if it is not back within the grace.
    Dropped {
        connection: ConnectionId,
        client: Option<String>,
        sessions: Vec<String>,
    },
    /// A session is interrupted.
    Interrupted {
        session_id: String,
        reason: InterruptionReason,
        since: Timestamp,
        title: Option<String>,
    },
    /// An interrupted session's events come again. `replayed` so far: a client's replay may still be running.
    Reconnected {
        session_id: String,
        since: Timestamp,
        replayed: u64,
        missing: u64,
        title: Option<String>,
    },
    Completed {
        session_id: String,
        title: Option<String>,
    },
    /// A recovery ended.
    Recovered {
        sessions: u64,
        messages: u64,
        incomplete: u64,
        session_ids: Vec<String>,
    },
    /// The start found this.
    RecoveryAtStart {
        replayed_records: u64,
        interrupted: u64,
        damaged: u64,
        clean_stop: bool,
    },
    /// Damaged bytes were found and set aside.
    DamageFound {
        what: String,
        quarantined_as: Option<String>,
    },
    /// Nothing can be recorded any more.
    RecordingStopped {
        reason: StopReason,
        message: String,
    },
    /// Recording works again.
    RecordingResumed {
        stopped_at: Timestamp,
    },
    Paused {
        until: Option<Timestamp>,
    },
    Resumed,
    Deleted {
        session_id: String,
    },
    /// These sessions are out of sight, and deleted for good at this time.
    Trashed {
        session_ids: Vec<String>,
        purge_at: Timestamp,
    },
    /// These sessions are out of the trash again.
    Restored {
        session_ids: Vec<String>,
    },
    /// Sessions were deleted for good.
    Purged {
        reason: PurgeReason,
        receipt: Purged,
    },
    /// A web page that is not allowed wanted to record. Told once a day of each page, and of few pages a day.
    OriginRefused {
        /// As browsers spell it: `https://chat.example.org`.
        origin: String,
    },
}

/// Why nothing can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    DiskFull,
    /// The journal's file could not be synced: only a restart can help.
    SyncFailed,
    /// The database cannot be written; events wait in the journal.
    DatabaseFailed,
    /// The recorder does not take what is sent to its own address.
    Unreachable,
}

/// Every `kind` there is.
pub const KINDS: &[&str] = &[
    "started",
    "connected",
    "dropped",
    "interrupted",
    "reconnected",
    "completed",
    "recovered",
    "recovery_at_start",
    "damage_found",
    "recording_stopped",
    "recording_resumed",
    "paused",
    "resumed",
    "deleted",
    "trashed",
    "restored",
    "purged",
    "origin_refused",
];

impl LifecycleEvent {
    /// The `kind`, as it stands in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Connected { .. } => "connected",
            Self::Dropped { .. } => "dropped",
            Self::Interrupted { .. } => "interrupted",
            Self::Reconnected { .. } => "reconnected",
            Self::Completed { .. } => "completed",
            Self::Recovered { .. } => "recovered",
            Self::RecoveryAtStart { .. } => "recovery_at_start",
            Self::DamageFound { .. } => "damage_found",
            Self::RecordingStopped { .. } => "recording_stopped",
            Self::RecordingResumed { .. } => "recording_resumed",
            Self::Paused { .. } => "paused",
            Self::Resumed => "resumed",
            Self::Deleted { .. } => "deleted",
            Self::Trashed { .. } => "trashed",
            Self::Restored { .. } => "restored",
            Self::Purged { .. } => "purged",
            Self::OriginRefused { .. } => "origin_refused",
        }
    }

    /// Kept as a notice: what someone may ask about afterwards. Ordinary comings and goings are not.
    pub const fn is_notice(&self) -> bool {
        !matches!(
            self,
            Self::Started { .. }
                | Self::Connected { .. }
                | Self::Completed { .. }
                | Self::Deleted { .. }
                | Self::Trashed { .. }
                | Self::Restored { .. }
        )
    }

    /// The sessions it names.
    pub fn session_ids(&self) -> Vec<&str> {
        match self {
            Self::Dropped { sessions: ids, .. }
            | Self::Recovered { session_ids: ids, .. }
            | Self::Trashed { session_ids: ids, .. }
            | Self::Restored { session_ids: ids } => ids.iter().map(String::as_str).collect(),
            other => other.session_id().into_iter().collect(),
        }
    }

    /// The session it is about, where it is about one.
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Self::Started { session_id, .. }
            | Self::Interrupted { session_id, .. }
            | Self::Reconnected { session_id, .. }
            | Self::Completed { session_id, .. }
            | Self::Deleted { session_id } => Some(session_id),
            _ => None,
        }
    }
}

/// A lifecycle event that was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notice {
    pub id: u64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub event: LifecycleEvent,
    /// The titles that the sessions of the event have now, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
}

/// One item of the live stream (`GET /api/recording/live`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveEvent {
    Lifecycle {
        at: Timestamp,
        event: LifecycleEvent,
    },
    /// These sessions have something new in the store.
    Changed {
        session_ids: Vec<String>,
    },
    /// A piece of a message that streams in; only for a session that the reader asked for by `session=`.
    Delta {
        session_id: String,
        message_id: String,
        role: Option<crate::Role>,
        delta: String,
        at: Timestamp,
    },
    /// A recovery or an import has come this far.
    Progress {
        operation: Operation,
        done: u64,
        total: u64,
        /// The session that was done last, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
    },
    /// The reader was too slow and missed this many items: read again what it shows.
    Lagged {
        missed: u64,
    },
}

/// What takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Counted in sessions.
    Recovery,
    /// Counted in files.
    Import,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed() {
        let refusal = serde_json::from_str::<LifecycleEvent>(r#"{"kind":"?"}"#).unwrap_err().to_string();
        let known: Vec<&str> = refusal.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, KINDS, "{refusal}");
    }

    #[test]
    fn a_notice_of_before_titles_is_read() {
        let old = r#"{"id":1,"at":"2026-01-01T00:00:00Z","kind":"interrupted","session_id":"s","reason":"timeout",
            "since":"2026-01-01T00:00:00Z"}"#;
        let notice: Notice = serde_json::from_str(old).unwrap();
        assert!(matches!(notice.event, LifecycleEvent::Interrupted { title: None, .. }));
        assert!(notice.titles.is_empty());
    }
}
