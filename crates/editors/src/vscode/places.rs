//! What lies where below a `User` folder.
//!
//! Owns the names of folders and files that chats are kept in. Never opens one. Invariant: only regular files in folders that
//! are no links are given, and no file that holds anything but chats and the list of them.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

const SESSIONS: &str = "chatSessions";
const EMPTY_WINDOW: &str = "emptyWindowChatSessions";
const TRANSFERRED: &str = "transferredChatSessions";
/// A window without a folder, as older versions kept it; its list is the global one.
const NO_FOLDER: &str = "no-workspace";
const EDITS: &str = "chatEditingSessions";
const COPILOT: &str = "GitHub.copilot-chat";
const TRANSCRIPTS: &str = "transcripts";
const STATE: &str = "state.json";
const DATABASE: &str = "state.vscdb";
const BACKUP: &str = "state.vscdb.backup";

/// What a file has of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A log of operations.
    Log,
    /// The whole session as one object.
    Whole,
    /// What Copilot wrote down by itself.
    Transcript,
    /// The files that it changed.
    Edits,
    /// The database of the window: a list of sessions, and very old ones.
    Database,
}

/// A file that has something of a session.
#[derive(Debug, Clone)]
pub struct Piece {
    pub kind: Kind,
    /// The editor's own name of the session.
    pub name: String,
    pub path: PathBuf,
    pub about: Metadata,
    /// It is on its way to another window and will be deleted.
    pub passing: bool,
}

/// A folder with the chats of one window, or of all windows without a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub folder: PathBuf,
    /// `globalStorage`, and not a window's.
    pub global: bool,
}

/// The folders of a `User` folder that have chats, the chief one first.
pub fn chats(user: &Path) -> Vec<PathBuf> {
    let user = user_folder(user);
    let global = user.join("globalStorage");
    vec![user.join("workspaceStorage"), global.join(EMPTY_WINDOW), global.join(TRANSFERRED)]
}

/// The `User` folder itself where a setting names the folder around it.
pub fn user_folder(root: &Path) -> PathBuf {
    let inner = root.join("User");
    match !root.join("workspaceStorage").is_dir() && inner.join("workspaceStorage").is_dir() {
        true => inner,
        false => root.to_owned(),
    }
}

impl Place {
    pub fn window(folder: PathBuf) -> Self {
        Self { folder, global: false }
    }

    pub fn global(user: &Path) -> Self {
        Self { folder: user_folder(user).join("globalStorage"), global: true }
    }

    /// Where a file lies, what it has, and of which session: by its path alone.
    pub fn of(path: &Path) -> Option<(Self, Kind, String)> {
        let stem = path.file_stem()?.to_str()?;
        let name = path.file_name()?.to_str()?;
        let folder = path.parent()?;
        let (around, within) = (folder.parent()?, folder.file_name()?.to_str()?);
        let file = match path.extension().and_then(|ending| ending.to_str()) {
            Some("jsonl") => Some(Kind::Log),
            Some("json") => Some(Kind::Whole),
            _ => None,
        };
        let around_name = around.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_copilot = |name: &str| name.eq_ignore_ascii_case(COPILOT);
        match (within, around_name) {
            (SESSIONS, _) => Some((Self::window(around.to_owned()), file?, stem.to_owned())),
            (EMPTY_WINDOW | TRANSFERRED, _) => {
                Some((Self { folder: around.to_owned(), global: true }, file?, stem.to_owned()))
            }
            (TRANSCRIPTS, copilot) if is_copilot(copilot) && file == Some(Kind::Log) => {
                Some((Self::window(around.parent()?.to_owned()), Kind::Transcript, stem.to_owned()))
            }
            (session, EDITS) if name == STATE => {
                Some((Self::window(around.parent()?.to_owned()), Kind::Edits, session.to_owned()))
            }
            _ if name == DATABASE || name == BACKUP => {
                let place = Self { folder: folder.to_owned(), global: within == "globalStorage" };
                Some((place, Kind::Database, String::new()))
            }
            _ => None,
        }
    }

    /// Its database and the copy of it that the editor makes when it is closed.
    pub fn databases(&self) -> [PathBuf; 2] {
        let user = self.folder.parent().and_then(Path::parent);
        let folder = match (self.folder.file_name().is_some_and(|name| name == NO_FOLDER), user) {
            (true, Some(user)) => user.join("globalStorage"),
            _ => self.folder.clone(),
        };
        [folder.join(DATABASE), folder.join(BACKUP)]
    }

    /// Its folders that files come and go in.
    pub fn folders(&self) -> Vec<PathBuf> {
        match self.global {
            true => vec![self.folder.join(EMPTY_WINDOW), self.folder.join(TRANSFERRED)],
            false => vec![self.folder.join(SESSIONS), self.folder.join(COPILOT).join(TRANSCRIPTS)],
        }
    }

    /// Hands over all that it has of sessions, until `deadline`; false where that came first.
    pub fn pieces(&self, deadline: Instant, each: &mut dyn FnMut(Piece)) -> bool {
        let folders = self.folders();
        folders.iter().all(|folder| files(folder, deadline, each))
            && (self.global || edits(&self.folder.join(EDITS), deadline, each))
    }

    /// What it has of one session.
    pub fn pieces_of(&self, name: &str) -> Vec<Piece> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for folder in self.folders() {
            paths.extend(["jsonl", "json"].map(|ending| folder.join(format!("{name}.{ending}"))));
        }
        paths.push(self.folder.join(EDITS).join(name).join(STATE));
        paths.iter().filter_map(|path| piece(path)).collect()
    }
}

/// A file that has something of a session, if it is there.
pub fn piece(path: &Path) -> Option<Piece> {
    let (_, kind, name) = Place::of(path)?;
    let about = fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    let folder = path.parent().and_then(Path::file_name);
    let passing = folder.is_some_and(|name| name == TRANSFERRED);
    Some(Piece { kind, name, path: path.to_owned(), about, passing })
}

/// Folders in a folder, no links; false where the deadline came first.
pub fn subfolders(folder: &Path, deadline: Instant, each: &mut dyn FnMut(PathBuf)) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    for entry in entries.flatten() {
        if Instant::now() >= deadline {
            return false;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            each(entry.path());
        }
    }
    true
}

fn files(folder: &Path, deadline: Instant, each: &mut dyn FnMut(Piece)) -> bool {
    if is_link(folder) || folder.parent().is_some_and(is_link) {
        return true;
    }
    let Ok(entries) = fs::read_dir(folder) else { return true };
    for entry in entries.flatten() {
        if Instant::now() >= deadline {
            return false;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Some(piece) = piece(&entry.path())
            && piece.kind != Kind::Database
        {
            each(piece);
        }
    }
    true
}

fn is_link(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|about| about.is_symlink())
}

fn edits(folder: &Path, deadline: Instant, each: &mut dyn FnMut(Piece)) -> bool {
    if is_link(folder) {
        return true;
    }
    subfolders(folder, deadline, &mut |session| {
        if let Some(piece) = piece(&session.join(STATE)) {
            each(piece);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_it_has_of_which_session() {
        let of = |path: &str| {
            let (place, kind, name) = Place::of(Path::new(path))?;
            Some((place.folder.display().to_string(), place.global, kind, name))
        };
        let window = |kind, name: &str| Some((String::from("/u/w/1"), false, kind, name.to_owned()));
        assert_eq!(of("/u/w/1/chatSessions/a.jsonl"), window(Kind::Log, "a"));
        assert_eq!(of("/u/w/1/chatSessions/a.b.json"), window(Kind::Whole, "a.b"));
        assert_eq!(of("/u/w/1/GitHub.copilot-chat/transcripts/a.jsonl"), window(Kind::Transcript, "a"));
        assert_eq!(of("/u/w/1/github.copilot-chat/transcripts/a.jsonl"), window(Kind::Transcript, "a"));
        assert_eq!(of("/u/w/1/chatEditingSessions/a/state.json"), window(Kind::Edits, "a"));
        assert_eq!(of("/u/w/1/state.vscdb"), window(Kind::Database, ""));
        let global = Some((String::from("/u/globalStorage"), true, Kind::Log, String::from("a")));
        assert_eq!(of("/u/globalStorage/emptyWindowChatSessions/a.jsonl"), global);
        for other in
            ["/u/w/1/chatSessions/a.txt", "/u/w/1/workspace.json", "/u/w/1/x/debug-logs/a/main.jsonl"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
