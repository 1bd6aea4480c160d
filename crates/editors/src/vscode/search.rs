//! The search for sessions below a `User` folder.
//!
//! Owns which files are of one session. Never opens a session's file: names, sizes and times, `workspace.json` and the
//! windows' databases are enough. Invariant: a session is given once, with all that may have something of it.

use super::edits;
use super::index::Entry;
use super::kept::Kept;
use super::kin::VsCode;
use super::places::{self, Kind, Piece, Place};
use super::workspace::Workspace;
use crate::editor::{Found, SessionFile};
use crate::ids::{self, hash};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A session's file that is shorter has no answer in it: the empty state of a new session takes about this much.
pub const STUB: u64 = 1024;

/// Time after which the editor deletes a session that is on its way to another window.
const PASSES: Duration = Duration::from_secs(5 * 60);

/// A folder with chats, and what it was open on.
struct Window {
    place: Place,
    workspace: Option<Workspace>,
    /// The sessions that it has something of.
    sessions: BTreeSet<String>,
}

impl Window {
    fn of(place: Place) -> Self {
        Self { workspace: Workspace::of_window(&place.folder), place, sessions: BTreeSet::new() }
    }
}

/// A session while its files are gathered.
#[derive(Default)]
struct Gathered {
    /// With the window of each, by its place in the list of windows.
    pieces: Vec<(usize, Piece)>,
    title: Option<String>,
    /// What each window says that has a file of it.
    shown: Vec<Option<bool>>,
}

pub struct Search<'a> {
    editor: &'a VsCode,
    deadline: Instant,
    complete: bool,
    windows: Vec<Window>,
    sessions: BTreeMap<String, Gathered>,
    /// Sessions of which a database alone knows.
    kept: Vec<SessionFile>,
}

impl<'a> Search<'a> {
    pub fn new(editor: &'a VsCode, deadline: Instant) -> Self {
        let (windows, sessions) = (Vec::new(), BTreeMap::new());
        Self { editor, deadline, complete: true, windows, sessions, kept: Vec::new() }
    }

    /// All sessions of a `User` folder.
    pub fn user_folder(mut self, root: &Path) -> Found {
        let user = places::user_folder(root);
        let mut folders = Vec::new();
        let storage = user.join("workspaceStorage");
        self.complete = places::subfolders(&storage, self.deadline, &mut |folder| folders.push(folder));
        folders.sort();
        self.window(Place::global(&user));
        for folder in folders {
            self.window(Place::window(folder));
        }
        self.sessions.retain(|_, session| session.has_anything());
        for at in 0..self.windows.len() {
            self.database(at, true);
        }
        self.found()
    }

    /// One session of one window.
    pub fn session(mut self, place: Place, name: &str) -> Vec<SessionFile> {
        let pieces = place.pieces_of(name);
        self.windows.push(Window::of(place));
        pieces.into_iter().for_each(|piece| self.add(0, piece));
        self.database(0, false);
        self.found().files
    }

    /// The sessions that only the database of a window has.
    pub fn database_alone(mut self, place: Place) -> Vec<SessionFile> {
        self.window(place);
        self.database(0, true);
        self.kept
    }

    fn window(&mut self, place: Place) {
        if Instant::now() >= self.deadline {
            self.complete = false;
            return;
        }
        let at = self.windows.len();
        let mut pieces = Vec::new();
        self.complete &= place.pieces(self.deadline, &mut |piece| pieces.push(piece));
        self.windows.push(Window::of(place));
        pieces.into_iter().for_each(|piece| self.add(at, piece));
    }

    fn add(&mut self, at: usize, piece: Piece) {
        let id = ids::session_id(self.editor.id, &piece.name);
        if let Some(window) = self.windows.get_mut(at) {
            window.sessions.insert(id.clone());
        }
        self.sessions.entry(id).or_default().pieces.push((at, piece));
    }

    /// What a window's database adds: titles, what is shown, and with `all` the sessions that nothing else knows.
    fn database(&mut self, at: usize, all: bool) {
        if Instant::now() >= self.deadline {
            self.complete = false;
        }
        let Some(window) = self.windows.get(at).filter(|_| self.complete) else { return };
        let kept = Kept::of(&window.place);
        let gone = window.workspace.as_ref().is_some_and(Workspace::is_gone);
        for id in &window.sessions {
            if let Some(session) = self.sessions.get_mut(id) {
                session.look_up(at, gone, &kept);
            }
        }
        if let Some(path) = kept.path.as_ref().filter(|_| all)
            && let Ok(about) = std::fs::metadata(path)
        {
            let only = OnlyKept { search: self, window, kept: &kept, path, about: &about };
            let files = only.files();
            self.kept.extend(files);
        }
    }

    fn found(mut self) -> Found {
        let windows = self.windows;
        let files = self.sessions.into_iter().filter_map(|(id, session)| session.file(id, &windows));
        let mut files: Vec<SessionFile> = files.collect();
        files.append(&mut self.kept);
        files.sort();
        files.dedup_by(|later, first| later.session_id == first.session_id && later.path == first.path);
        Found { files, complete: self.complete }
    }
}

impl Gathered {
    /// The editor keeps the state of changed files for sessions that never changed one.
    fn has_anything(&self) -> bool {
        self.pieces.iter().any(|(_, piece)| piece.kind != Kind::Edits || edits::any(&piece.path))
    }

    fn look_up(&mut self, at: usize, gone: bool, kept: &Kept) {
        let here = self.pieces.iter().filter(|(of, _)| *of == at).map(|(_, piece)| piece);
        let mut file = None;
        for piece in here {
            let is_file = matches!(piece.kind, Kind::Log | Kind::Whole);
            file = file.or(is_file.then_some(piece));
            let title = kept.entry(&piece.name).and_then(|entry| entry.title.clone());
            self.title = self.title.take().or(title);
        }
        if let Some(piece) = file {
            self.shown.push(if gone { Some(false) } else { kept.shows(&piece.name) });
        }
    }

    fn file(mut self, id: String, windows: &[Window]) -> Option<SessionFile> {
        self.pieces.sort_by_key(|(_, piece)| rank(piece));
        let workspace = |at: &usize| windows.get(*at)?.workspace.as_ref().map(|w| w.place.clone());
        let (_, first) = self.pieces.first()?;
        let mut file = SessionFile::new(id, &first.path, &first.about);
        for (_, piece) in self.pieces.iter().skip(1) {
            file.add(&piece.path, &piece.about);
        }
        file.workspace = self.pieces.iter().find_map(|(at, _)| workspace(at));
        file.title = self.title;
        let has_file = self.pieces.iter().any(|(_, piece)| matches!(piece.kind, Kind::Log | Kind::Whole));
        file.shown = match self.shown.as_slice() {
            answers if answers.contains(&Some(true)) => Some(true),
            answers if answers.contains(&None) || (answers.is_empty() && has_file) => None,
            _ => Some(false),
        };
        let passing = self.pieces.iter().all(|(_, piece)| piece.passing);
        file.expires = file.modified.filter(|_| passing).map(|modified| modified + PASSES);
        Some(file)
    }
}

/// What says most comes first: sessions before transcripts before what is as good as empty; then the newest.
fn rank(piece: &Piece) -> (u8, Reverse<Option<SystemTime>>, Kind, PathBuf) {
    let class = match piece.kind {
        Kind::Log | Kind::Whole if piece.about.len() > STUB => 0,
        Kind::Transcript => 1,
        Kind::Log | Kind::Whole => 2,
        Kind::Edits | Kind::Database => 3,
    };
    (class, Reverse(piece.about.modified().ok()), piece.kind, piece.path.clone())
}

/// The sessions of one database that have no file.
struct OnlyKept<'a> {
    search: &'a Search<'a>,
    window: &'a Window,
    kept: &'a Kept,
    path: &'a Path,
    about: &'a Metadata,
}

impl OnlyKept<'_> {
    fn files(&self) -> Vec<SessionFile> {
        let mut files: BTreeMap<String, SessionFile> = BTreeMap::new();
        for session in &self.kept.old {
            let name = session.get("sessionId").and_then(serde_json::Value::as_str).unwrap_or_default();
            let text = serde_json::to_string(session).unwrap_or_default();
            if let Some(file) = self.file(name, hash(&text), text.len() as u64) {
                files.insert(file.session_id.clone(), file);
            }
        }
        let lost: Vec<(&String, &Entry)> = self.kept.names().filter_map(|name| self.lost(name)).collect();
        for (name, entry) in &lost {
            let Some(mut file) = self.file(name, hash(&entry.raw.to_string()), 0) else { continue };
            file.title = entry.title.clone();
            let at = entry.last.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
            file.modified = at.and_then(|at| UNIX_EPOCH.checked_add(at)).or(file.modified);
            files.entry(file.session_id.clone()).or_insert(file);
        }
        files.into_values().chain(self.typed(!lost.is_empty())).collect()
    }

    fn file(&self, name: &str, stamp: u64, bytes: u64) -> Option<SessionFile> {
        let id = ids::session_id(self.search.editor.id, name);
        if name.is_empty() || self.search.sessions.contains_key(&id) {
            return None;
        }
        let mut file = SessionFile::new(id, self.path, self.about);
        // the database changes all the time: what counts is this one's part
        (file.stamp, file.bytes, file.shown) = (stamp, bytes, Some(false));
        file.workspace = self.window.workspace.as_ref().map(|workspace| workspace.place.clone());
        Some(file)
    }

    /// An entry of the list with something to it of which no file, or as good as none, is left.
    fn lost<'k>(&self, name: &'k String) -> Option<(&'k String, &Entry)> {
        let entry = self.kept.entry(name).filter(|entry| !entry.empty)?;
        let id = ids::session_id(self.search.editor.id, name);
        let has_text = |piece: &Piece| piece.kind != Kind::Edits && piece.about.len() > STUB;
        let there = self.search.sessions.get(&id);
        let there = there.is_some_and(|session| session.pieces.iter().any(|(_, piece)| has_text(piece)));
        (!there).then_some((name, entry))
    }

    /// What was typed in this window, where it is the last that is left of something.
    fn typed(&self, lost: bool) -> Option<SessionFile> {
        let is_file = |(_, piece): &(usize, Piece)| matches!(piece.kind, Kind::Log | Kind::Whole);
        let here = self.window.sessions.iter().filter_map(|id| self.search.sessions.get(id));
        let any = here.into_iter().any(|session| session.pieces.iter().any(is_file));
        if self.kept.typed.is_empty() || (any && !lost) {
            return None;
        }
        let said = serde_json::to_string(&self.kept.typed).unwrap_or_default();
        let mut file = self.file(&typed_name(&self.window.place), hash(&said), said.len() as u64)?;
        file.title = Some(TYPED_TITLE.to_owned());
        Some(file)
    }
}

/// What a session of typed prompts is called.
pub const TYPED_TITLE: &str = "Prompts typed in this window";

/// The name of the session of all that was typed in a window.
pub fn typed_name(place: &Place) -> String {
    let [database, _] = place.databases();
    format!("typed-{:016x}", hash(&database.display().to_string()))
}
