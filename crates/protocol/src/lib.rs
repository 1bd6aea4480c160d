//! The words of Chasm Recorder: what clients send, what the recorder answers, what a session is.
//!
//! Owns the types, their validation and their canonical identity. Never does I/O, keeps no state.
//! Invariant: a value of one of these types has passed the limits it documents.

pub mod api;
pub mod codes;
pub mod event;
pub mod frame;
pub mod identity;
pub mod ids;
pub mod json;
pub mod lifecycle;
pub mod limits;
pub mod parse;
pub mod session;
pub mod status;
pub mod time;

pub use codes::{ErrorCode, WarningCode};
pub use event::{Body, Content, Event, EventType, Role};
pub use frame::{ClientFrame, ServerFrame};
pub use identity::{ContentHash, Identity, ItemKey};
pub use ids::{ConnectionId, EventId, SessionId};
pub use lifecycle::LifecycleEvent;
pub use limits::Limits;
pub use parse::{Parsed, Refusal, parse_event, parse_frame};
pub use session::{Message, SessionRecord, State, ToolCall};
pub use time::Timestamp;
