//! WebSocket frames in both directions.
//!
//! Owns their JSON shapes. The counting of frames is the connection's; the meaning is the engine's.

use crate::parse::{Parsed, Refusal};
use crate::{ErrorCode, SessionId, WarningCode, limits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a client sent in one text frame.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    /// One event or an array of them, each accepted or refused on its own.
    Events(Vec<Result<Parsed, Refusal>>),
    Control(Control),
    /// A control frame that is unknown or malformed. Control frames are not counted, refused ones neither.
    RefusedControl(Refusal),
}

/// A control frame; these are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    Ping,
    Hello(Hello),
}

/// `{"type":"hello","client":"name/version","sessions":["id",…]}`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Hello {
    /// Name and version of the client, as it calls itself.
    pub client: Option<String>,
    /// The sessions it carries, at most [`limits::HELLO_SESSIONS`].
    #[serde(default)]
    pub sessions: Vec<SessionId>,
}

impl Control {
    pub(crate) fn read(kind: &str, text: &str) -> Result<Self, Refusal> {
        match kind {
            "ping" => Ok(Self::Ping),
            "hello" => {
                let hello: Hello = serde_json::from_str(text)
                    .map_err(|e| Refusal::new(ErrorCode::InvalidField, format!("`hello` frame: {e}")))?;
                if hello.sessions.len() > limits::HELLO_SESSIONS {
                    let message = format!(
                        "`hello` names {} sessions: at most {} at a time",
                        hello.sessions.len(),
                        limits::HELLO_SESSIONS
                    );
                    return Err(Refusal::new(ErrorCode::BatchTooLarge, message));
                }
                Ok(Self::Hello(hello))
            }
            other => {
                let shown: String = other.chars().take(80).collect();
                let message = format!("unknown control frame {shown:?}: `ping` and `hello` are known");
                Err(Refusal::new(ErrorCode::UnknownFrame, message))
            }
        }
    }
}

/// What the recorder says over the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    Welcome {
        protocol: u32,
        server: String,
        connection_id: u64,
        max_frame_bytes: usize,
        heartbeat_secs: u64,
        paused: bool,
    },
    Resume {
        sessions: BTreeMap<String, ResumePoint>,
    },
    /// Frames `1..=through` are on disk. The counts are of events since the last ack.
    Ack {
        through: u64,
        recorded: u64,
        duplicates: u64,
    },
    Error {
        /// Absent where a control frame was refused: those are not counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        frame: Option<u64>,
        /// Place of the event within its frame, from 0; absent where the whole frame was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<String>,
        code: ErrorCode,
        message: String,
    },
    Warning {
        frame: u64,
        index: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<String>,
        code: WarningCode,
        message: String,
    },
    Paused,
    Resumed,
    Pong,
}

/// What of a session is on disk, so that a client replays only the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResumePoint {
    /// Highest `seq` on disk; 0 where none.
    pub last_seq: u64,
    /// Events on disk.
    pub events: u64,
    /// Holes in `seq` up to `last_seq`, as inclusive ranges.
    pub missing: Vec<(u64, u64)>,
}

impl WarningCode {
    /// What the code means, for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownEventType => "unknown event_type: kept verbatim, shown as «other»",
            Self::Conflict => {
                "this event_id was recorded before with other content: the first one stands, this one is kept beside it"
            }
            Self::ReplacedSurrogate => "half a surrogate pair stands alone: kept verbatim, shown as U+FFFD",
        }
    }
}
