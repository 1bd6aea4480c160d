//! What a session is: the record that folding its events and snapshots gives.
//!
//! Owns the shapes that store, engine, server and clients share. The folding itself is the engine's.
//! Numbers given to enums are stored and never change their meaning.

use crate::event::{Content, Role};
use crate::identity::ItemKey;
use crate::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $n:literal => $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $n,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn number(self) -> i64 {
                self as i64
            }

            pub const fn from_number(n: i64) -> Option<Self> {
                match n { $($n => Some(Self::$variant),)+ _ => None }
            }

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
    };
}

numbered!(
    /// Where a session stands.
    State {
        Recording = 1 => "recording",
        Completed = 2 => "completed",
        Interrupted = 3 => "interrupted",
        Recovered = 4 => "recovered",
    }
);

numbered!(
    /// Where a message or tool call came from.
    Origin {
        Event = 1 => "event",
        Snapshot = 2 => "snapshot",
        EditorFile = 3 => "editor_file",
    }
);

numbered!(
    /// Why a session was interrupted.
    InterruptionReason {
        /// The connection that carried it is gone and none other carries it.
        Disconnect = 1 => "disconnect",
        /// The recorder ended without a clean stop.
        ServerCrash = 2 => "server_crash",
        /// The recorder was stopped.
        ServerStop = 3 => "server_stop",
        /// Nothing came for 30 minutes.
        Timeout = 4 => "timeout",
    }
);

/// A message as folded from events and snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    #[serde(skip)]
    #[schema(ignore)]
    pub key: ItemKey,
    /// Place among the session's messages and tool calls, from 1.
    pub position: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    pub role: Role,
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Still streaming, or cut off while streaming.
    #[serde(default)]
    pub partial: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What brought the message first.
    pub origin: Origin,
    /// What completed its content, where that is another source than `origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_by: Option<Origin>,
    /// Other ids under which a source knows this message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Other contents that a source has for this message and that do not continue the one shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
}

/// Another version of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Version {
    pub origin: Origin,
    pub content: Content,
}

/// A tool call with its result, as folded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ToolCall {
    #[serde(skip)]
    #[schema(ignore)]
    pub key: ItemKey,
    /// Place among the session's messages and tool calls, from 1.
    pub position: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The message that made the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Empty where only a result without a name is known.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// A result has come, though it may have no output.
    pub finished: bool,
    #[serde(default)]
    pub is_error: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    pub origin: Origin,
}

/// The order of an event within its session: timestamp, `seq` (absent first), `event_id` (absent first), arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    pub at: Timestamp,
    pub seq: u64,
    pub event_id: Box<str>,
    pub lsn: u64,
}

/// Everything about a session that is not a list of its own: one row of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRecord {
    pub id: SessionId,
    pub title: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub workspace: Option<String>,
    pub editor: Option<String>,
    pub metadata: Map<String, Value>,
    /// Time of its first event.
    pub started_at: Timestamp,
    /// Time of its last event.
    pub last_event_at: Timestamp,
    /// Time of the `session_end` that is its last event.
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
    /// How many messages `session_end` said there are.
    pub expected_messages: Option<u64>,
    /// Stored events, conflicting versions not counted.
    pub events: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub conflicts: u64,
    /// First words of the first user message.
    pub preview: Option<String>,
    /// Order of the last folded event: an event behind it is folded on, one before it has the session folded anew.
    pub last_key: OrderKey,
    /// Highest `position` given.
    pub positions: u64,
}

/// When and why recording of a session stopped, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Interruption {
    pub reason: InterruptionReason,
    pub since: Timestamp,
    /// When its events came again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Events that happened before `until` and were sent after it.
    pub replayed: u64,
    /// Place of the first message or tool call that came after `since`; absent where there is none, or none was looked for.
    #[serde(default)]
    pub before_position: Option<u64>,
    /// Places of what was replayed, as inclusive ranges; at most 100 of them.
    #[serde(default)]
    pub replayed_positions: Vec<(u64, u64)>,
}

/// One row of a list of sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionSummary {
    pub session_id: String,
    /// The user's title, else the client's.
    pub title: Option<String>,
    pub preview: Option<String>,
    pub state: State,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub workspace: Option<String>,
    pub editor: Option<String>,
    pub started_at: Timestamp,
    pub last_event_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    #[serde(rename = "event_count")]
    pub events: u64,
    #[serde(rename = "message_count")]
    pub messages: u64,
    #[serde(rename = "tool_call_count")]
    pub tool_calls: u64,
    #[serde(rename = "interruption_count")]
    pub interruptions: u64,
    pub starred: bool,
    pub tags: Vec<String>,
    /// A connection carries it right now.
    pub live: bool,
    /// Where the words that the list was asked for stand; only where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<Vec<SessionHit>>,
}

/// A place in a session where words were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionHit {
    pub kind: crate::api::HitKind,
    /// Place of the message or tool call; absent for a title.
    pub position: Option<u64>,
    pub role: Option<Role>,
    pub timestamp: Option<Timestamp>,
    /// Plain text around the hit.
    pub excerpt: String,
    /// Byte ranges of `excerpt` that match, as `[from, to)`.
    pub marks: Vec<(usize, usize)>,
}

/// A session in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionDetail {
    #[serde(flatten)]
    pub summary: SessionSummary,
    pub metadata: Map<String, Value>,
    pub end_reason: Option<String>,
    pub expected_messages: Option<u64>,
    pub messages: Vec<Message>,
    pub tool_calls: Vec<ToolCall>,
    pub interruptions: Vec<Interruption>,
    /// Holes in `seq`, as inclusive ranges.
    pub missing: Vec<(u64, u64)>,
    pub recoveries: Vec<Recovery>,
    /// Events whose `event_id` was taken by another content.
    pub conflicts: Vec<StoredEvent>,
    /// Events of unknown types.
    pub other: Vec<StoredEvent>,
    /// When it is deleted for good, where it is in the trash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purge_at: Option<Timestamp>,
    /// Grows with every change of the session's items or head.
    #[serde(default)]
    pub revision: u64,
    /// The highest position of a message or tool call.
    #[serde(default)]
    pub items: u64,
    /// How many events of unknown types there are.
    #[serde(default)]
    pub other_count: u64,
    /// How many conflicting events there are.
    #[serde(default)]
    pub conflict_count: u64,
    /// The holes in `seq` with their places.
    #[serde(default)]
    pub holes: Vec<Hole>,
}

/// Events that a client sent and that never came, with what is around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hole {
    /// The first missing `seq`.
    pub from: u64,
    /// The last missing `seq`.
    pub to: u64,
    /// Time of the event before the hole.
    pub after: Option<Timestamp>,
    /// Time of the event behind the hole.
    pub before: Option<Timestamp>,
    /// Place of the first message or tool call behind the hole.
    pub before_position: Option<u64>,
}

/// An event as it was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StoredEvent {
    /// Log sequence number: the order of arrival.
    pub lsn: u64,
    pub received_at: Timestamp,
    /// It lost against an earlier event of the same `event_id`.
    #[serde(default)]
    pub conflict: bool,
    /// The event as the client sent it.
    pub event: Value,
}

/// One recovery of one session, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recovery {
    pub at: Timestamp,
    pub reason: Option<InterruptionReason>,
    /// Messages by where they came from.
    pub from_events: u64,
    pub from_snapshots: u64,
    pub from_editor_files: u64,
    /// Messages whose text another source completed.
    pub completed: u64,
    /// Answers that stay incomplete.
    pub partial: u64,
    /// Tool calls that never got a result.
    pub open_tool_calls: u64,
    /// Holes in `seq` that stay.
    pub missing: Vec<(u64, u64)>,
    pub evidence: Vec<Evidence>,
}

/// What a recovery was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Evidence {
    pub origin: Origin,
    /// Such as «snapshot of 2026-01-31T14:02:05Z» or the path of a file.
    pub source: String,
    pub messages: u64,
}

/// The file of an editor that told something of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileSource {
    /// Id of the editor, such as `claude-code`.
    pub editor: String,
    pub path: String,
}

/// A snapshot as a client sends it: the session as the client sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editor: Option<String>,
    pub messages: Vec<SnapshotMessage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<SnapshotToolCall>,
    /// Everything else, kept verbatim.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotMessage {
    pub role: Role,
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<bool>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnapshotToolCall {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl SnapshotBody {
    /// The same session state has the same hash, however its JSON was spelled.
    pub fn hash(&self) -> crate::ContentHash {
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        crate::identity::content_hash("snapshot", None, None, &value)
    }
}
