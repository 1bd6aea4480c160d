//! An editor as the recorder sees it: where it keeps its chats, which sessions are there, what a file of one says.
//!
//! Owns the trait and the one table of editors. Never writes, never reads the environment by itself: folders are passed in.
//! Invariant: an editor reads files of chats only; what holds keys or passwords is never opened.

use crate::claude_code::{ClaudeCode, ReadError};
use crate::{EventDraft, FindError};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// All editors whose files can be read.
pub static EDITORS: &[&dyn Editor] = &[&ClaudeCode];

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

    /// The folder below its root that holds chats and nothing else.
    fn chats(&self, root: &Path) -> PathBuf;

    /// The files of its sessions, as many as are found until `deadline`; `None` where its folder is not there.
    fn find(&self, root: &Path, deadline: Instant) -> Result<Option<Found>, FindError>;

    /// Hands each event of a file to `each`, in the order of the file, until that breaks off. Says what is damaged.
    fn read(&self, path: &Path, each: Each<'_>) -> Result<Option<Damage>, ReadError>;
}

/// Takes one event.
pub type Each<'a> = &'a mut dyn FnMut(EventDraft) -> ControlFlow<()>;

/// What an editor's folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Sorted by session, then path.
    pub files: Vec<SessionFile>,
    /// Time did not end the search.
    pub complete: bool,
}

/// A file that holds a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionFile {
    /// The session that an import of the file would make.
    pub session_id: String,
    pub path: PathBuf,
    pub modified: Option<SystemTime>,
    pub bytes: u64,
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

/// Damage in a file. What could be read around it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub places: u64,
    /// The first place, in words.
    pub first: String,
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
        SessionFile { session_id: session_id.into(), path: path.into(), modified: None, bytes: 1 }
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
