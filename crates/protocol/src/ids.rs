//! Identifiers as newtypes, checked once where they enter.
//!
//! Invariant: a `SessionId` or `EventId` that exists is within its limits of length and free of control characters.

use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a string is no valid identifier; says the field and the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("`{field}` is empty: it needs 1 to {max} bytes")]
    Empty { field: &'static str, max: usize },
    #[error("`{field}` has {bytes} bytes: at most {max} are allowed")]
    TooLong { field: &'static str, bytes: usize, max: usize },
    #[error("`{field}` has a control character (U+{char:04X}) at byte {at}")]
    Control { field: &'static str, char: u32, at: usize },
}

fn check(field: &'static str, text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { field, max });
    }
    if text.len() > max {
        return Err(IdError::TooLong { field, bytes: text.len(), max });
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, c)) => Err(IdError::Control { field, char: u32::from(c), at }),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks length and characters.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check($field, &text, $max)?;
                Ok(Self(text.into_boxed_str()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// A conversation, named by its client: 1 to 256 bytes, no control characters.
    SessionId,
    "session_id",
    limits::SESSION_ID_BYTES
);
text_id!(
    /// An event, named by its client: 1 to 128 bytes. The dedupe key within its session.
    EventId,
    "event_id",
    limits::EVENT_ID_BYTES
);

/// One WebSocket connection, or one REST request; unique within a run of the recorder. 0 is the recorder itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_length_and_characters() {
        assert!(SessionId::new("a".repeat(256)).is_ok());
        assert!(matches!(SessionId::new("a".repeat(257)), Err(IdError::TooLong { bytes: 257, .. })));
        assert!(matches!(SessionId::new(""), Err(IdError::Empty { .. })));
        assert!(matches!(SessionId::new("a\u{0}b"), Err(IdError::Control { char: 0, at: 1, .. })));
        assert!(SessionId::new("会话/🦀 %2F ../..").is_ok());
        assert!(EventId::new("a".repeat(129)).is_err());
    }
}
