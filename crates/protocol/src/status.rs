//! The recorder's health, as status, tray and UI show it.
//!
//! Invariant: «recording» is said from the last durable write and the state of the journal, never from a running process.

use crate::session::InterruptionReason;
use crate::{ConnectionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Recording,
    Paused,
    /// Something cannot be written: `problem` says what.
    Degraded,
}

/// What is wrong, where something cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// No room for journal or database. It goes on by itself once there is some. Values: `detail`, and where they are known
    /// `free_bytes`, `needed_bytes`.
    DiskFull,
    /// The journal cannot be written. Values: `detail`, `restart_needed` (else it goes on by itself).
    SyncFailed,
    /// The database cannot be written; events wait in the journal. Values: `detail`.
    DatabaseFailed,
    /// The recorder ends.
    Stopping,
}

/// `GET /api/recording/status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    pub status: Health,
    /// Since when `status` has its value. Of a pause that a restart found: since when it was set.
    #[serde(default)] // a recorder of before does not say
    #[schema(required)]
    pub since: Timestamp,
    /// What is wrong and what to do, where `status` is `degraded`.
    pub problem: Option<String>,
    /// The same, for programs that have their own words for it.
    pub problem_code: Option<ProblemCode>,
    /// What `problem` names: `detail` is the cause in the words of the operating system or of the database.
    #[serde(default)]
    #[schema(required)]
    pub problem_values: BTreeMap<String, serde_json::Value>,
    pub version: String,
    pub started_at: Timestamp,
    pub uptime_secs: f64,
    /// End of a pause, where one is set.
    pub paused_until: Option<Timestamp>,
    /// Sessions in state `recording`.
    pub active_sessions: u64,
    /// Sessions in state `interrupted`.
    pub interrupted_sessions: u64,
    pub sessions: u64,
    pub connections: Vec<ConnectionStatus>,
    pub events_recorded: u64,
    pub duplicates: u64,
    pub rejected: u64,
    /// Last time that an event was synced to the journal.
    pub last_durable_write: Option<Timestamp>,
    pub buffer: BufferStatus,
    pub journal: JournalStatus,
    pub database: DatabaseStatus,
    /// The folder that everything is kept in.
    #[serde(default)]
    #[schema(required)]
    pub data_dir: String,
    pub disk_free_bytes: Option<u64>,
    pub last_recovery: Option<StartReport>,
    /// What is done with editors' own files.
    #[serde(default)] // a recorder of before does not say
    #[schema(required)]
    pub follow: FollowStatus,
    /// Tray, window and notifications; absent where the recorder runs without a desktop (`chasm serve`).
    #[serde(default)]
    pub desktop: Option<DesktopStatus>,
}

/// The following of editors' files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FollowStatus {
    pub state: FollowState,
    /// Sessions that editors are writing now.
    pub live: u64,
    /// Sessions that are imported in the background.
    pub importing: u64,
    /// Why changes are looked for from time to time only, where the system does not tell of all.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowState {
    /// Switched off, or there is no editor.
    #[default]
    Off,
    /// It is looked what editors have.
    Looking,
    /// What they have is imported; what they write is recorded meanwhile.
    Importing,
    /// All that they have is recorded, and what they write is.
    Following,
}

/// What of the desktop is at work. Recording depends on none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DesktopStatus {
    pub tray: Part,
    pub window: Part,
    pub notifications: Part,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Part {
    pub state: PartState,
    /// What is missing, and what to do about it.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It is there, or comes when it is asked for.
    Ok,
    /// Nothing is wrong, and it is not in use: no display, or switched off.
    #[default]
    Off,
    /// Something that it needs is not there.
    Missing,
}

impl Part {
    pub const fn ok() -> Self {
        Self { state: PartState::Ok, detail: None }
    }

    pub fn off(detail: impl Into<String>) -> Self {
        Self { state: PartState::Off, detail: Some(detail.into()) }
    }

    pub fn missing(detail: impl Into<String>) -> Self {
        Self { state: PartState::Missing, detail: Some(detail.into()) }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConnectionStatus {
    pub connection: ConnectionId,
    pub client: Option<String>,
    pub since: Timestamp,
    /// The sessions it carries.
    pub sessions: Vec<String>,
    pub events: u64,
    /// When the last of them came.
    #[serde(default)]
    pub last_event_at: Option<Timestamp>,
}

/// `GET /api/recording/rates`: what this run recorded, second by second, in steps; the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rates {
    pub step_secs: u32,
    /// End of the last step, a whole second.
    pub until: Timestamp,
    /// Events recorded in each step; duplicates are none.
    pub events: Vec<u64>,
    /// Syncs of the journal in each step.
    pub syncs: Vec<u64>,
}

/// Events on disk in the journal that the database does not have yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BufferStatus {
    pub events: u64,
    pub bytes: u64,
    pub max_bytes: u64,
    pub last_flush: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalStatus {
    pub segments: u64,
    pub bytes: u64,
    pub last_lsn: u64,
    pub durable_lsn: u64,
    pub applied_lsn: u64,
    pub syncs: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DatabaseStatus {
    pub bytes: u64,
    pub path: String,
}

/// What the start found and did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StartReport {
    pub at: Timestamp,
    /// The run before ended cleanly (true also for the very first start).
    pub clean_stop: bool,
    pub database_ok: bool,
    /// Where a damaged database was set aside, and what could be read back from it.
    pub database_note: Option<String>,
    pub journal_records: u64,
    pub replayed_records: u64,
    pub torn_tail_bytes: u64,
    pub damage: Vec<DamageReport>,
    pub interrupted: Vec<InterruptedAtStart>,
    pub took_ms: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DamageReport {
    /// What is damaged and where: `segment 12: bad checksum at byte 4096`.
    pub what: String,
    pub bytes: u64,
    pub quarantined_as: Option<String>,
    /// When it was set aside, or found.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InterruptedAtStart {
    pub session_id: String,
    pub reason: InterruptionReason,
    pub since: Timestamp,
}
