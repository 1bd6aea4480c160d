//! Error and warning codes: the machine-readable half of every refusal.
//!
//! Codes are part of the protocol and never change their meaning.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why something was refused. The text form is `snake_case`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not the JSON shape of a frame.
    BadJson,
    /// A field that the event type needs is not there.
    MissingField,
    /// A field has the wrong type or breaks its rule.
    InvalidField,
    /// Nested deeper than the limit.
    TooDeep,
    /// Larger than the limit for a frame or body.
    TooLarge,
    /// More events in one batch than the limit.
    BatchTooLarge,
    /// The user paused recording.
    Paused,
    /// No room left on the disk.
    StorageFull,
    /// The journal or database cannot be written; nothing can be made safe until it is mended.
    NotRecording,
    /// The recorder is stopping.
    ShuttingDown,
    /// Too much is waiting; try again.
    Overloaded,
    /// A control frame of unknown `type`.
    UnknownFrame,
    /// A query parameter or path that makes no sense.
    BadRequest,
    NotFound,
    MethodNotAllowed,
    UnsupportedMediaType,
    /// `Host` is not this recorder's.
    ForbiddenHost,
    /// `Origin` is not allowed.
    ForbiddenOrigin,
    /// `Sec-Fetch-Site` says that another site asks.
    ForbiddenSite,
    /// The caller is not the recorder's user, or has no valid token.
    Unauthorized,
    /// Clashes with what is there.
    Conflict,
    /// No editor has this id.
    UnknownEditor,
    /// This recorder runs without a desktop, so it has no window to show.
    NoDesktop,
    /// What changed since that revision is not known any more: read all of it again.
    RevisionGone,
    /// A fault of the recorder itself.
    Internal,
}

/// What deserves a remark though the event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// Kept verbatim and shown as «other».
    UnknownEventType,
    /// This `event_id` was recorded before with other content; the first one stands, this one is kept beside it.
    Conflict,
    /// Half of a surrogate pair stood alone; kept verbatim, shown as U+FFFD.
    ReplacedSurrogate,
}

macro_rules! text_form {
    ($name:ident) => {
        impl $name {
            /// The code as it stands in the protocol.
            pub fn as_str(self) -> String {
                match serde_json::to_value(self) {
                    Ok(serde_json::Value::String(text)) => text,
                    _ => String::from("internal"),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.as_str())
            }
        }
    };
}

text_form!(ErrorCode);
text_form!(WarningCode);
