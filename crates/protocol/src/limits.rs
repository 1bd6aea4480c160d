//! Every limit of the protocol, in one place.
//!
//! Owns the defaults and their allowed ranges; settings may change the values of [`Limits`] within those ranges.

/// Longest `session_id`, in bytes of UTF-8.
pub const SESSION_ID_BYTES: usize = 256;
/// Longest `event_id`, in bytes of UTF-8.
pub const EVENT_ID_BYTES: usize = 128;
/// Longest `event_type`, in bytes (all ASCII).
pub const EVENT_TYPE_BYTES: usize = 64;
/// Largest `seq`: it has to fit a signed 64-bit column.
pub const SEQ_MAX: u64 = i64::MAX as u64;
/// Sessions that one `hello` may ask about.
pub const HELLO_SESSIONS: usize = 1_000;
/// Most sessions or events of one page of a listing.
pub const PAGE_MAX: u32 = 1_000;
/// Page size where none was asked for.
pub const PAGE_DEFAULT: u32 = 50;
/// Most tags of one session.
pub const TAGS_MAX: usize = 64;
/// Longest tag or title set by the user, in bytes.
pub const TITLE_BYTES: usize = 1_000;
/// Longest search query, in bytes.
pub const QUERY_BYTES: usize = 1_000;
/// Snapshots kept for each session, besides the folded rest of older ones.
pub const SNAPSHOTS_KEPT: usize = 10;
/// Port where nothing else is set.
pub const DEFAULT_PORT: u16 = 8787;
/// Version of the WebSocket protocol, said in `welcome`.
pub const PROTOCOL_VERSION: u32 = 1;

/// The limits of what one request or frame may hold. Each is a setting (`limits.*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest WebSocket message or request body, in bytes.
    pub frame_bytes: usize,
    /// Most events of one frame or request.
    pub batch_events: usize,
    /// Deepest nesting of arrays and objects in one event, the event itself counted as 1.
    pub nesting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { frame_bytes: 8 * 1024 * 1024, batch_events: 10_000, nesting: 64 }
    }
}
