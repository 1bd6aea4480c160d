//! Request and answer bodies of the REST interface.
//!
//! Owns their shapes only. Source: the recording protocol, «REST».

mod notices;
mod recovery;

pub use notices::NoticeFilter;
pub use recovery::{
    CandidateFile, EditorView, EditorWay, ImportAnswer, ImportRequest, ReportPage, Unavailable,
    UnavailableSource,
};

use crate::session::{Interruption, Recovery, SessionSummary, SnapshotBody, State, StoredEvent};
use crate::status::{DamageReport, StartReport};
use crate::{ErrorCode, SessionId, Timestamp, WarningCode};
use serde::{Deserialize, Serialize};

mod export;
mod facets;
mod items;
mod trash;

pub use export::{ExportFormat, ExportRequest};
pub use facets::{Facet, Facets};
pub use items::{ItemsPage, ItemsQuery, ItemsWindow, OtherItem, SessionItem};
pub use trash::*;

/// Every error answer: `{"error":{"code":…,"message":…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    pub code: ErrorCode,
    /// A sentence that says what to do.
    pub message: String,
    /// The setting that was refused, the first one where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rule that its value breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// All settings that were refused, where any were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<RefusedField>,
}

/// A field that was refused, and the rule that its value breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusedField {
    pub field: String,
    pub reason: String,
}

/// Answer to `POST /api/recording/events`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventsAnswer {
    pub recorded: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// One for each event, in the order of the request.
    pub results: Vec<EventResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventResult {
    pub event_id: Option<String>,
    pub session_id: Option<String>,
    pub status: EventStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<WarningCode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    Recorded,
    Duplicate,
    Rejected,
}

/// Body of `POST /api/recording/snapshot`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotRequest {
    #[schema(value_type = String)]
    pub session_id: SessionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    pub snapshot: SnapshotBody,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotAnswer {
    pub session_id: String,
    /// False where it equals the last one.
    pub stored: bool,
    /// Messages in the snapshot.
    pub messages: u64,
    /// Messages that the session did not have before.
    pub added: u64,
}

/// What a list of sessions is narrowed to and how it is sorted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionFilter {
    /// `None`: all states.
    pub state: Option<State>,
    /// Words that title, preview or messages must have.
    pub q: Option<String>,
    pub provider: Option<String>,
    pub workspace: Option<String>,
    pub starred: Option<bool>,
    pub tag: Option<String>,
    /// Sessions whose last event is at or after this time.
    pub since: Option<Timestamp>,
    /// Sessions whose first event is before this time.
    pub until: Option<Timestamp>,
    pub sort: SessionSort,
    pub limit: u32,
    pub cursor: Option<String>,
    pub editor: Option<String>,
    pub model: Option<String>,
    /// These sessions only.
    pub ids: Option<Vec<SessionId>>,
    /// With `q`: at most so many hits of each session.
    pub excerpts: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionSort {
    /// Latest event first.
    #[default]
    Recent,
    /// Earliest event first.
    Oldest,
    /// Latest start first.
    Started,
    /// By title, A to Z.
    Title,
    /// Most messages first.
    Messages,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionPage {
    pub sessions: Vec<SessionSummary>,
    /// How many sessions the filter finds in all.
    pub total: u64,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventPage {
    pub events: Vec<StoredEvent>,
    pub next_cursor: Option<String>,
}

/// Body of `PATCH /api/recording/sessions/{id}`. A field that is absent stays; `title: null` goes back to the client's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionPatch {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starred: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

fn present<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(d).map(Some)
}

/// One hit of the full-text search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchHit {
    pub session_id: String,
    pub session_title: Option<String>,
    pub state: State,
    pub kind: HitKind,
    /// Place of the message or tool call in its session; absent for a title.
    pub position: Option<u64>,
    pub role: Option<crate::Role>,
    pub timestamp: Option<Timestamp>,
    /// Plain text around the hit.
    pub excerpt: String,
    /// Byte ranges of `excerpt` that match, as `[from, to)`.
    pub marks: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    Title,
    Message,
    ToolCall,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SearchAnswer {
    pub hits: Vec<SearchHit>,
    pub next_cursor: Option<String>,
}

/// What is at hand for an interrupted session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryCandidate {
    #[serde(flatten)]
    pub session: SessionSummary,
    pub interruption: Option<Interruption>,
    pub snapshots: u64,
    pub last_snapshot_at: Option<Timestamp>,
    /// Messages that only snapshots have.
    pub only_in_snapshots: u64,
    pub partial_messages: u64,
    pub open_tool_calls: u64,
    pub missing: Vec<(u64, u64)>,
    /// Messages that the session will have when it is recovered.
    #[serde(default)]
    pub messages_after: u64,
    /// Messages that recovering adds to what is shown now.
    #[serde(default)]
    pub added: u64,
    /// Messages whose text an editor's file completes.
    #[serde(default)]
    pub completed: u64,
    /// Answers that stay incomplete.
    #[serde(default)]
    pub still_partial: u64,
    /// Tool calls that stay without a result.
    #[serde(default)]
    pub still_open_tool_calls: u64,
    /// Holes in `seq` that stay. What an editor's file has of them is added, but has no `seq`.
    #[serde(default)]
    pub still_missing: Vec<(u64, u64)>,
    #[serde(default)]
    pub editor_files: Vec<CandidateFile>,
    /// What recovering would use and cannot.
    #[serde(default)]
    pub unavailable: Vec<Unavailable>,
}

/// `GET /api/recording/recovery`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryOverview {
    /// Interrupted sessions, the latest first.
    pub interrupted: Vec<RecoveryCandidate>,
    /// Past recoveries, the latest first.
    pub reports: Vec<RecoveryReport>,
    /// What the start of this run found.
    pub last_start: Option<StartReport>,
    /// Files that hold damaged bytes that were set aside.
    pub quarantine: Vec<DamageReport>,
}

/// Body of `POST /api/recording/recovery`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRequest {
    /// These sessions; absent: all interrupted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub session_ids: Option<Vec<SessionId>>,
}

/// What a recovery did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryReport {
    /// 0 where nothing was recovered: such a report is not kept.
    pub report_id: u64,
    pub at: Timestamp,
    pub recovered: Vec<RecoveredSession>,
    /// Sessions that were asked for and are not interrupted, or unknown.
    pub skipped: Vec<SkippedSession>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveredSession {
    pub session_id: String,
    #[serde(default)]
    pub title: Option<String>,
    pub messages: u64,
    #[serde(flatten)]
    pub recovery: Recovery,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SkippedSession {
    pub session_id: String,
    #[serde(default)]
    pub title: Option<String>,
    pub reason: String,
}

/// Body of `POST /api/recording/pause`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// Absent: until it is resumed.
    #[serde(default)]
    pub minutes: Option<u32>,
}

/// Answer to `POST /api/recording/probe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProbeAnswer {
    /// The journal's last record that is on disk.
    pub durable_lsn: u64,
    pub took_ms: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoticePage {
    pub notices: Vec<crate::lifecycle::Notice>,
    pub next_cursor: Option<String>,
}

/// Body of `POST /api/app/open`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenApp {
    /// Where the window goes: `/`, `/session/ID`, `/recovery`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// No window is wished, only the display handed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// The display of the one who asks, for a recorder that was started without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<DisplayEnvironment>,
}

/// Body of `POST /api/app/notify`: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestNotification {}

/// What a program needs to find display and session bus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "SCREAMING_SNAKE_CASE")]
pub struct DisplayEnvironment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wayland_display: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xauthority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dbus_session_bus_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xdg_runtime_dir: Option<String>,
}

/// `GET /api/app`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AppView {
    /// The recorder starts when its user logs in.
    pub start_at_login: bool,
    /// This recorder has a desktop; always true in an answer.
    pub available: bool,
}

/// Body of `PATCH /api/app`. A field that is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at_login: Option<bool>,
}
