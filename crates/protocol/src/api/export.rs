//! Several sessions as one file.
//!
//! Owns its shape only. Source: the recording protocol, «REST».

use crate::SessionId;
use serde::{Deserialize, Serialize};

/// Body of `POST /api/recording/export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// 1 to 1000 of them.
    #[schema(value_type = Vec<String>)]
    pub session_ids: Vec<SessionId>,
    #[serde(default)]
    pub format: ExportFormat,
}

/// How a session is written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    #[default]
    Markdown,
    Json,
    /// Its raw events, one a line.
    Jsonl,
    Html,
}
