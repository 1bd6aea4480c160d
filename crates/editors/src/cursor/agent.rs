//! Cursor's agents as an editor of their own: `~/.cursor`.
//!
//! Reads `projects/*/agent-transcripts/**` and `chats/*/*/store.db`, and nothing else. Invariant: its sessions have ids of
//! their own, because a chat of the editor and its transcript are told by the same one.

use super::transcript;
use super::transcript_text;
use super::{AGENT, chat_store};
use crate::editor::{Editor, Env, Found, SessionFile};
use crate::walk::{self, Walk};
use crate::{FindError, ReadError, Reader, document, home, ids};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Folders within each other that are searched for transcripts: session, `subagents`, and one to spare.
const DEPTH: usize = 4;

pub struct CursorAgent;

impl Editor for CursorAgent {
    fn id(&self) -> &'static str {
        AGENT.id
    }

    fn name(&self) -> &'static str {
        AGENT.name
    }

    fn default_root(&self, env: Env<'_>) -> Option<PathBuf> {
        home::own_folder(env, None, ".cursor")
    }

    fn chats(&self, root: &Path) -> Vec<PathBuf> {
        folders(root)
    }

    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
        find(root, deadline)
    }

    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending {
            Some("jsonl") => transcript::looks_like(beginning),
            Some("txt") => transcript_text::looks_like(beginning),
            Some("db") => chat_store::looks_like(path, beginning),
            _ => false,
        }
    }

    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError> {
        sessions_in(path)
    }

    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
        open(file)
    }
}

pub fn folders(root: &Path) -> Vec<PathBuf> {
    vec![root.join("projects"), root.join("chats")]
}

pub fn sessions_in(path: &Path) -> Result<Vec<SessionFile>, ReadError> {
    let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
    Ok(vec![SessionFile::new(session_id(path), path, &about)])
}

pub fn open(file: &SessionFile) -> Result<Box<dyn Reader>, ReadError> {
    match file.path.extension().and_then(|ending| ending.to_str()) {
        Some("db") => Ok(Box::new(chat_store::open(file))),
        Some("txt") => Ok(Box::new(transcript_text::open(file))),
        _ => Ok(Box::new(transcript::open(file)?)),
    }
}

pub fn find(root: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
    let [projects, chats] = [root.join("projects"), root.join("chats")];
    if !projects.is_dir() && !chats.is_dir() {
        return Ok(None);
    }
    let (mut walk, mut files) = (Walk::until(deadline), Vec::new());
    walk::is_there(fs::read_dir(&chats), &chats)?;
    for folder in walk::folders(&chats) {
        below(&mut walk, &folder, 2, None, &mut files);
    }
    walk::is_there(fs::read_dir(&projects), &projects)?;
    for project in walk::folders(&projects) {
        let workspace = workspace(&project);
        below(&mut walk, &project.join("agent-transcripts"), DEPTH, workspace.as_deref(), &mut files);
    }
    // a chat's store says more than its transcript, and a transcript in lines more than one in text
    files.sort_by_key(|file| rank(&file.path));
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.session_id.clone()));
    Ok(Some(walk.found(files)))
}

/// Adds the chats of a folder. What cannot be read is passed over.
fn below(
    walk: &mut Walk,
    folder: &Path,
    depth: usize,
    workspace: Option<&str>,
    files: &mut Vec<SessionFile>,
) {
    let _ = walk.files(folder, depth, &mut |path, about| {
        if is_chat(path) {
            let mut file = SessionFile::new(session_id(path), path, about);
            file.workspace = workspace.map(str::to_owned);
            files.push(file);
        }
    });
}

fn is_chat(path: &Path) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("jsonl" | "txt") => true,
        Some("db") => path.file_name().is_some_and(|name| name == "store.db"),
        _ => false,
    }
}

fn rank(path: &Path) -> u8 {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("db") => 0,
        Some("jsonl") => 1,
        _ => 2,
    }
}

/// `cursor-agent-<id>`, with the agent's own id behind it for one that another began.
pub fn session_id(path: &Path) -> String {
    let text = |name: Option<&std::ffi::OsStr>| name.map(|name| name.to_string_lossy().into_owned());
    let above = |levels: usize| text(path.ancestors().nth(levels).and_then(Path::file_name));
    let stem = text(path.file_stem()).unwrap_or_default();
    let name = match (path.extension().is_some_and(|ending| ending == "db"), above(1).as_deref(), above(2)) {
        (true, Some(chat), _) => chat.to_owned(),
        (false, Some("subagents"), Some(parent)) => format!("{parent}/{stem}"),
        _ => stem,
    };
    ids::session_id(AGENT.id, &format!("{}-{name}", AGENT.id))
}

/// The folder of a project, where Cursor has noted it: the name of its own folder cannot be read back.
fn workspace(project: &Path) -> Option<String> {
    let noted = document::small(&project.join(".workspace-trusted"))?;
    noted.get("workspacePath")?.as_str().filter(|path| !path.is_empty()).map(str::to_owned)
}
