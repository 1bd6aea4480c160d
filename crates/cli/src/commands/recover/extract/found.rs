//! What was found of a project, and what became of it.
//!
//! Owns the shapes of the answer and of `report.json`. Invariant: each session once, with all files that have something of it.

use chasm_editors::project::Looked;
use chasm_editors::{BadPlace, Editor, ReadReport, SessionFile, Standing};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All files of one session.
pub struct Group {
    pub editor: &'static dyn Editor,
    pub session_id: String,
    pub files: Vec<SessionFile>,
}

impl Group {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Each session with its files, in the order in which they were found.
pub fn groups(looked: &Looked) -> Vec<Group> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (editor, file) in &looked.sources {
        let place = *places.entry((editor.id(), &file.session_id)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.files.push(file.clone()),
            None => groups.push(Group {
                editor: *editor,
                session_id: file.session_id.clone(),
                files: vec![file.clone()],
            }),
        }
    }
    groups
}

/// The answer, and the report beside the written files.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub path: PathBuf,
    pub dry_run: bool,
    /// Where was looked.
    pub searched: Vec<PathBuf>,
    /// Time did not end the search.
    pub complete: bool,
    pub sessions: Vec<Extracted>,
    /// Sessions of the editors that say of no project, and were left out.
    pub unplaced: u64,
    pub unread: Vec<Unread>,
    /// Where this was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<PathBuf>,
}

impl Answer {
    pub fn new(path: &Path, looked: &Looked) -> Self {
        Self {
            path: path.to_owned(),
            dry_run: false,
            searched: looked.places.clone(),
            complete: looked.complete,
            sessions: Vec::new(),
            unplaced: looked.unplaced,
            unread: Vec::new(),
            report: None,
        }
    }
}

/// A file that could not be looked at.
#[derive(Debug, Serialize)]
pub struct Unread {
    pub path: PathBuf,
    pub why: String,
}

/// What became of one session.
#[derive(Debug, Serialize)]
pub struct Extracted {
    pub editor: &'static str,
    #[serde(skip)]
    pub editor_name: &'static str,
    pub session_id: String,
    pub title: Option<String>,
    pub workspace: Option<String>,
    /// Whether the editor still shows it; absent where that cannot be told.
    pub shown: Option<bool>,
    /// How the best of its files stands.
    pub standing: Standing,
    pub messages: u64,
    pub tool_calls: u64,
    /// Events that the recorder did not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_there: Option<u64>,
    pub refused: u64,
    /// Why events were refused, the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<String>,
    /// Files that were written, or would be.
    pub files: Vec<PathBuf>,
    /// What it was read from.
    pub parts: Vec<Part>,
}

/// One of a session's files, as it was read.
#[derive(Debug, Serialize)]
pub struct Part {
    pub path: PathBuf,
    pub standing: Standing,
    pub missing: Vec<String>,
    pub bad_places: Vec<BadPlace>,
    pub more_bad_places: u64,
    /// Why it could not be read, or not to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Part {
    pub fn new(path: &Path, read: &ReadReport, error: Option<String>) -> Self {
        Self {
            path: path.to_owned(),
            standing: read.standing(),
            missing: read.missing.clone(),
            bad_places: read.bad_places.clone(),
            more_bad_places: read.more_bad_places,
            error,
        }
    }
}

impl Extracted {
    /// Before anything of it was read.
    pub fn new(group: &Group) -> Self {
        let first = |of: fn(&SessionFile) -> Option<String>| group.files.iter().find_map(of);
        let shown = group.files.iter().map(|file| file.shown);
        Self {
            editor: group.editor.id(),
            editor_name: group.editor.name(),
            session_id: group.session_id.clone(),
            title: first(|file| file.title.clone()),
            workspace: group.files.iter().find_map(|file| group.editor.workspace(file)),
            shown: if shown.clone().any(|shown| shown == Some(true)) {
                Some(true)
            } else {
                shown.flatten().next()
            },
            standing: Standing::Nothing,
            messages: 0,
            tool_calls: 0,
            new: None,
            already_there: None,
            refused: 0,
            refusals: Vec::new(),
            files: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Another of its files was read.
    pub fn add(&mut self, path: &Path, read: &ReadReport, error: Option<String>) {
        let part = Part::new(path, read, error);
        if rank(part.standing) < rank(self.standing) {
            self.standing = part.standing;
        }
        self.messages = self.messages.max(read.messages);
        self.tool_calls = self.tool_calls.max(read.tool_calls);
        self.parts.push(part);
    }
}

/// The better, the lower.
const fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Complete => 0,
        Standing::Repaired => 1,
        Standing::Partial => 2,
        Standing::PromptsOnly => 3,
        Standing::Nothing => 4,
    }
}
