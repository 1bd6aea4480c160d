//! An editor as the recorder sees it: where it keeps its chats, which sessions are there, what a file of one says.
//!
//! Owns the trait and the one table of editors. Never writes, never reads the environment by itself: folders are passed in.
//! Invariant: an editor reads files of chats only; what holds keys or passwords is never opened.

use crate::aider::Aider;
use crate::claude_code::ClaudeCode;
use crate::cline::{CLINE, KILO_CODE, ROO_CODE};
use crate::codex::Codex;
use crate::continue_dev::Continue;
use crate::cursor::{Cursor, CursorAgent};
use crate::gemini::Gemini;
use crate::ids::hash;
use crate::vscode;
use crate::{EventDraft, FindError, ReadError, ReadReport, Reader};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// All editors whose files can be read. The order is that of lists, and of asking whose a file is.
#[rustfmt::skip]
pub static EDITORS: &[&dyn Editor] = &[
    &ClaudeCode,
    &Cursor, &CursorAgent,
    &vscode::VSCODE, &vscode::INSIDERS, &vscode::VSCODIUM, &vscode::CURSOR, &vscode::WINDSURF,
    &vscode::POSITRON, &vscode::CODE_SERVER, &vscode::VSCODE_SERVER,
    &Codex,
    &Gemini,
    &CLINE, &ROO_CODE, &KILO_CODE,
    &Continue,
    &Aider,
];

/// The editor of this id.
pub fn editor(id: &str) -> Option<&'static dyn Editor> {
    EDITORS.iter().copied().find(|editor| editor.id() == id)
}

/// A variable of the environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

pub trait Editor: Send + Sync {
    /// Names it in addresses, settings and records; never changes.
    fn id(&self) -> &'static str;

    /// Its name for people.
    fn name(&self) -> &'static str;

    /// Where it keeps its files unless a setting says otherwise.
    fn default_root(&self, env: Env<'_>) -> Option<PathBuf>;

    /// The folders below its root that hold chats, the chief one first. They need not be there.
    fn chats(&self, root: &Path) -> Vec<PathBuf>;

    /// The folders to watch for changes of its chats, those that are there now.
    fn watched(&self, root: &Path) -> Vec<Watched> {
        let there = self.chats(root).into_iter().filter(|folder| folder.is_dir());
        there.map(|path| Watched { path, recursive: true }).collect()
    }

    /// Its sessions, as many as are found until `deadline`; `None` where its folder is not there. Reads as little as it can.
    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError>;

    /// Its sessions of one project that lie in the project's own folder.
    fn in_project(&self, project: &Path) -> Vec<SessionFile> {
        let _ = project;
        Vec::new()
    }

    /// Whether a file is one of its own, by its name and by how it begins.
    fn recognizes(&self, path: &Path, beginning: &[u8]) -> bool;

    /// The sessions that a file of its own belongs to. None for a file that has nothing of a chat.
    fn sessions_in(&self, path: &Path) -> Result<Vec<SessionFile>, ReadError>;

    /// The project that a session is of: a path or a URI. May read the beginning of its file.
    fn workspace(&self, file: &SessionFile) -> Option<String> {
        file.workspace.clone()
    }

    /// Opens a session's files, to be read as far as they go and on from there.
    fn open(&self, file: &SessionFile) -> Result<Box<dyn Reader>, ReadError>;

    /// Whether the program that writes this session still runs; absent where that cannot be told.
    fn writer_lives(&self, file: &SessionFile) -> Option<bool> {
        let _ = file;
        None
    }

    /// Hands each event of a session's files to `each`, in their order, until that breaks off.
    fn read(&self, file: &SessionFile, each: Each<'_>) -> Result<ReadReport, ReadError> {
        let mut reader = self.open(file)?;
        reader.read_on(true, each)?;
        Ok(reader.report())
    }
}

/// Takes one event.
pub type Each<'a> = &'a mut dyn FnMut(EventDraft) -> ControlFlow<()>;

/// A folder whose changes matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    pub path: PathBuf,
    /// All folders below it too.
    pub recursive: bool,
}

/// What an editor's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Sorted by session, then path.
    pub files: Vec<SessionFile>,
    /// Time did not end the search.
    pub complete: bool,
}

/// Where a session lies: one file, or several that are read together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionFile {
    /// The session that an import of the file would make.
    pub session_id: String,
    /// The file that is told to people as the session's.
    pub path: PathBuf,
    /// Files with parts or older copies of it.
    pub others: Vec<PathBuf>,
    /// Of the file that was changed last.
    pub modified: Option<SystemTime>,
    /// Of all files; of a database the part that is this session's, as far as that is known without reading it.
    pub bytes: u64,
    /// Changes when what the files hold has changed.
    pub stamp: u64,
    pub title: Option<String>,
    /// The project that it is of, a path or a URI, where that is known without reading the file.
    pub workspace: Option<String>,
    /// Whether the editor still shows it; absent where that cannot be told.
    pub shown: Option<bool>,
    /// When the editor will delete it, unless it is used again.
    pub expires: Option<SystemTime>,
}

impl SessionFile {
    /// A session in one file. `about` as the file system gives it.
    pub fn new(session_id: impl Into<String>, path: &Path, about: &fs::Metadata) -> Self {
        let mut file = Self {
            session_id: session_id.into(),
            path: path.to_owned(),
            others: Vec::new(),
            modified: None,
            bytes: 0,
            stamp: 0,
            title: None,
            workspace: None,
            shown: None,
            expires: None,
        };
        file.weigh(path, about);
        file
    }

    /// The same with another file that has something of it.
    pub fn add(&mut self, path: &Path, about: &fs::Metadata) {
        self.others.push(path.to_owned());
        self.weigh(path, about);
    }

    fn weigh(&mut self, path: &Path, about: &fs::Metadata) {
        let modified = about.modified().ok();
        self.modified = self.modified.max(modified);
        self.bytes += about.len();
        let said = format!("{}\u{0}{}\u{0}{modified:?}", path.display(), about.len());
        self.stamp = self.stamp.rotate_left(7) ^ hash(&said);
    }
}

impl Found {
    /// The files that may hold this session: its own ones, else those of the session that it is a part of.
    pub fn of_session(&self, session_id: &str) -> &[SessionFile] {
        match (self.named(session_id), session_id.split_once('/')) {
            ([], Some((parent, _))) => self.named(parent),
            (own, _) => own,
        }
    }

    fn named(&self, session_id: &str) -> &[SessionFile] {
        let from = self.files.partition_point(|file| file.session_id.as_str() < session_id);
        let rest = self.files.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|file| file.session_id == session_id)).unwrap_or_default()
    }

    /// Its sessions, each once.
    pub fn sessions(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.files.iter().map(|file| file.session_id.clone()).collect();
        ids.dedup();
        ids
    }
}

/// Where an editor's files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Root {
    /// Its files are not to be read.
    Off,
    /// Nothing says where.
    #[default]
    Unknown,
    At(PathBuf),
}

/// The folders of all editors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots(BTreeMap<&'static str, Root>);

impl Roots {
    /// Where editors keep their files of themselves.
    pub fn of_environment(env: Env<'_>) -> Self {
        let at = |editor: &&dyn Editor| Some((editor.id(), Root::At(editor.default_root(env)?)));
        Self(EDITORS.iter().filter_map(at).collect())
    }

    #[must_use]
    pub fn with(mut self, editor: &dyn Editor, root: Root) -> Self {
        self.0.insert(editor.id(), root);
        self
    }

    pub fn of(&self, editor: &dyn Editor) -> Root {
        self.0.get(editor.id()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(session_id: &str, path: &str) -> SessionFile {
        let about = fs::metadata(env!("CARGO_MANIFEST_DIR")).unwrap();
        SessionFile::new(session_id, Path::new(path), &about)
    }

    #[test]
    fn a_part_of_a_session_is_looked_for_in_its_own_file_first() {
        let files = vec![file("a", "/1"), file("a", "/2"), file("b", "/3"), file("b/agent-1", "/4")];
        let found = Found { files, complete: true };
        let paths = |id: &str| found.of_session(id).iter().map(|f| f.path.clone()).collect::<Vec<_>>();
        assert_eq!(paths("a"), [Path::new("/1"), Path::new("/2")]);
        assert_eq!(paths("a/agent-9"), [Path::new("/1"), Path::new("/2")]);
        assert_eq!(paths("b/agent-1"), [Path::new("/4")]);
        assert_eq!(paths("c"), [] as [&Path; 0]);
        assert_eq!(found.sessions(), ["a", "b", "b/agent-1"]);
    }

    #[test]
    fn the_environment_says_where_and_a_setting_stands_above_it() {
        let env = |given: Vec<(&'static str, &'static str)>| {
            move |name: &str| given.iter().find(|(key, _)| *key == name).map(|(_, v)| OsString::from(v))
        };
        let claude = editor("claude-code").unwrap();
        let of = |given| Roots::of_environment(&env(given)).of(claude);
        assert_eq!(of(vec![]), Root::Unknown);
        assert_eq!(of(vec![("HOME", "/h")]), Root::At("/h/.claude".into()));
        assert_eq!(of(vec![("HOME", "/h"), ("CLAUDE_CONFIG_DIR", "/c")]), Root::At("/c".into()));
        assert_eq!(of(vec![("CLAUDE_CONFIG_DIR", "")]), Root::Unknown);
        assert_eq!(Roots::default().with(claude, Root::Off).of(claude), Root::Off);
        assert!(editor("vim").is_none());
    }
}
