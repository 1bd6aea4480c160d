//! Bodies about editors' files: what they bring to a recovery, which editors there are, what an import did.
//!
//! Owns their shapes only. Source: the recording protocol, «REST».

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// A file of an editor that holds an interrupted session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CandidateFile {
    /// Id of the editor, such as `claude-code`.
    pub editor: String,
    pub path: String,
    pub modified_at: Option<Timestamp>,
    /// Messages of the session that the file holds.
    pub messages: u64,
    /// Those of them that neither events nor snapshots have.
    pub only_there: u64,
    pub readable: bool,
    /// Why it cannot be read, or what is damaged in it.
    pub problem: Option<String>,
}

/// A source that a recovery would use and cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unavailable {
    pub what: UnavailableSource,
    /// Id of the editor.
    pub editor: Option<String>,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnavailableSource {
    EditorFile,
}

/// Past recoveries, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReportPage {
    pub reports: Vec<super::RecoveryReport>,
    pub next_cursor: Option<String>,
}

/// An editor whose chats can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EditorView {
    pub id: String,
    pub name: String,
    /// Its folder is there.
    pub found: bool,
    /// Where its folder is, or would be; absent where nothing says so or the editor is switched off.
    pub path: Option<String>,
    /// Sessions in its folder; absent where they could not be counted.
    pub sessions: Option<u64>,
    /// Those of them that are recorded.
    pub recorded: Option<u64>,
    /// Its files may be read.
    pub enabled: bool,
    /// What it writes is recorded while it writes it.
    pub follow: bool,
    /// Sessions in its folder that the editor itself does not show any more; absent where they could not be counted.
    pub hidden: Option<u64>,
    /// Sessions that the editor will delete within seven days and that are not recorded; absent where they could not be counted.
    pub expiring: Option<u64>,
    pub how: EditorWay,
}

/// How an editor's chats come into the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditorWay {
    /// Its files are read, when asked for.
    Import,
    /// An extension in the editor streams them.
    Extension,
    None,
}

/// Body of `POST /api/editors/{id}/import`. It has no fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportAnswer {
    /// Files that were read.
    pub files: u64,
    /// Sessions in them.
    pub sessions: u64,
    /// Events that the recorder did not have.
    pub new_events: u64,
    pub known_events: u64,
    /// What could not be read or taken, each in one sentence; the first hundred.
    pub problems: Vec<String>,
}
