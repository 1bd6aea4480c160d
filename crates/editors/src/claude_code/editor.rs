//! Claude Code as an editor: `projects/` below its folder, a file a session.
//!
//! Reads `projects/**/*.jsonl` and nothing else of the folder. Never follows a link out of it. Invariant: a session is named
//! as reading its file would name it.

use super::{ReadError, Transcript, names::FileName, open};
use crate::FindError;
use crate::editor::{Damage, Each, Editor, Env, Found, SessionFile};
use std::fs::{self, DirEntry};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Folders within each other that are searched: project, session, `subagents`, `workflows`, and one to spare.
const DEPTH: usize = 5;

pub struct ClaudeCode;

impl Editor for ClaudeCode {
    fn id(&self) -> &'static str {
        "claude-code"
    }

    fn name(&self) -> &'static str {
        "Claude Code"
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(".claude"));
        set("CLAUDE_CONFIG_DIR").or_else(home)
    }

    fn chats(&self, root: &Path) -> PathBuf {
        root.join("projects")
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        let projects = self.chats(root);
        let mut search = Search { files: Vec::new(), deadline, complete: true };
        match search.folder(&projects, DEPTH) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FindError { path: projects, source }),
        }
        search.files.sort();
        Ok(Some(Found { files: search.files, complete: search.complete }))
    }

    fn read(&self, path: &Path, each: Each<'_>) -> Result<Option<Damage>, ReadError> {
        let mut transcript = open(path)?;
        for event in transcript.by_ref() {
            if each(event?) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(damage(&transcript))
    }
}

fn damage(transcript: &Transcript) -> Option<Damage> {
    let report = transcript.report();
    let first = report.bad_lines.first()?;
    let first = format!("line {}, byte {}: {}", first.line, first.offset, first.why);
    Some(Damage { places: report.bad(), first })
}

struct Search {
    files: Vec<SessionFile>,
    deadline: Instant,
    complete: bool,
}

impl Search {
    /// An error only where the folder itself cannot be read; what cannot be read below it is passed over.
    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            if Instant::now() >= self.deadline {
                self.complete = false;
                return Ok(());
            }
            let Ok(entry) = entry else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth > 1 {
                let _ = self.folder(&entry.path(), depth - 1);
            } else if kind.is_file() && entry.path().extension().is_some_and(|ending| ending == "jsonl") {
                self.files.extend(session_file(&entry));
            }
        }
        Ok(())
    }
}

/// `None` for a file that holds no session.
fn session_file(entry: &DirEntry) -> Option<SessionFile> {
    let (path, about) = (entry.path(), entry.metadata().ok()?);
    let session_id = match FileName::of(&path).own_session_id() {
        Some(id) => id,
        None => open(&path).ok()?.session_id().to_owned(),
    };
    Some(SessionFile { session_id, path, modified: about.modified().ok(), bytes: about.len() })
}
