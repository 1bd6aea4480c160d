//! A session in full, as JSON.
//!
//! [`SessionDetail`] flattens its summary, whose counts have the names of its lists: written as derived, an object would have
//! `messages` twice. Invariant: every key is there once, and it is the list.

use axum::response::{IntoResponse, Response};
use chasm_protocol::session::{
    Interruption, Message, Recovery, SessionDetail, SessionSummary, StoredEvent, ToolCall,
};
use http::header::CONTENT_TYPE;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A session that is written with every key once.
pub(crate) struct Detail(pub SessionDetail);

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    summary: Map<String, Value>,
    metadata: &'a Map<String, Value>,
    end_reason: &'a Option<String>,
    expected_messages: Option<u64>,
    messages: &'a [Message],
    tool_calls: &'a [ToolCall],
    interruptions: &'a [Interruption],
    missing: &'a [(u64, u64)],
    recoveries: &'a [Recovery],
    conflicts: &'a [StoredEvent],
    other: &'a [StoredEvent],
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // all fields are named, so that a new one is not forgotten
        let SessionDetail {
            summary,
            metadata,
            end_reason,
            expected_messages,
            messages,
            tool_calls,
            interruptions,
            missing,
            recoveries,
            conflicts,
            other,
        } = &self.0;
        let shown = Shown {
            summary: without_counts(summary),
            metadata,
            end_reason,
            expected_messages: *expected_messages,
            messages,
            tool_calls,
            interruptions,
            missing,
            recoveries,
            conflicts,
            other,
        };
        shown.serialize(serializer)
    }
}

impl IntoResponse for Detail {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self) {
            Ok(bytes) => ([(CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => crate::error::Failure::internal(error).into_response(),
        }
    }
}

fn without_counts(summary: &SessionSummary) -> Map<String, Value> {
    let mut map = match serde_json::to_value(summary) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    for list in ["messages", "tool_calls", "interruptions"] {
        map.remove(list);
    }
    map
}
