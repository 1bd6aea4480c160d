//! The editors on this machine: which there are, and which files of theirs hold a session.
//!
//! Owns the search, off the tasks that answer clients. Never keeps what it found: files come and go. Invariant: an editor
//! that is switched off is not looked at.

mod feed;
mod follow;
mod import;
mod marks;
mod read;

pub use follow::Following;
use read::words;
pub(crate) use read::{FILE_MAX, ReadFile, fold_event, read_session};

use crate::{Engine, EngineError};
use chasm_editors::{EDITORS, Editor, Found, Root, Roots, SessionFile};
use chasm_protocol::api::{EditorView, EditorWay, Unavailable, UnavailableSource};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Longest search for the sessions of all editors, where a person waits for the list of editors.
const LIST_WAITS: Duration = Duration::from_millis(1_500);
/// The same, where a recovery wants them.
const SEARCH_WAITS: Duration = Duration::from_secs(10);

type Of = &'static dyn Editor;

/// Time ahead of its deletion in which a session that is not recorded is told of.
const EXPIRES_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// One editor's files, or why there are none.
type Searched = Result<Found, String>;

/// What all editors' folders hold now.
pub(crate) struct Listing(Vec<(Of, Searched)>);

impl Listing {
    pub(crate) async fn of(roots: &Roots) -> Self {
        Self::within(roots, SEARCH_WAITS).await
    }

    async fn within(roots: &Roots, limit: Duration) -> Self {
        let roots = roots.clone();
        let search = move || {
            let deadline = Instant::now() + limit;
            let of = |editor: &Of| (*editor, search(*editor, &roots.of(*editor), deadline));
            Self(EDITORS.iter().map(of).collect())
        };
        tokio::task::spawn_blocking(search).await.unwrap_or(Self(Vec::new()))
    }

    /// The files that may hold this session.
    pub(crate) fn files(&self, session_id: &str) -> Vec<(Of, SessionFile)> {
        let found = self.0.iter().filter_map(|(editor, searched)| Some((*editor, searched.as_ref().ok()?)));
        found
            .flat_map(|(editor, found)| found.of_session(session_id).iter().map(move |f| (editor, f.clone())))
            .collect()
    }

    /// Why there is no file of a session that came from this provider.
    pub(crate) fn why_none(&self, provider: Option<&str>) -> Option<Unavailable> {
        let (editor, searched) = self.0.iter().find(|(editor, _)| Some(editor.id()) == provider)?;
        let why = match searched {
            Err(why) => why.clone(),
            Ok(found) if !found.complete => {
                format!("{} has so many files that not all were looked at", editor.name())
            }
            Ok(_) => format!("{} has no file of this session any more", editor.name()),
        };
        Some(unavailable(Some(editor.id()), why))
    }
}

pub(crate) fn unavailable(editor: Option<&str>, why: String) -> Unavailable {
    Unavailable { what: UnavailableSource::EditorFile, editor: editor.map(str::to_owned), why }
}

fn search(editor: Of, root: &Root, deadline: Instant) -> Searched {
    let name = editor.name();
    let root = match root {
        Root::At(root) => root,
        Root::Off => return Err(format!("reading {name}'s files is switched off in the settings")),
        Root::Unknown => return Err(format!("nothing says where {name} keeps its files: set its path")),
    };
    match editor.find(root, deadline) {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(format!("{name} has no folder {}", chief(editor, root).display())),
        Err(error) => Err(error.to_string()),
    }
}

/// The folder that is told as the one of an editor's chats.
fn chief(editor: Of, root: &Path) -> PathBuf {
    editor.chats(root).into_iter().next().unwrap_or_else(|| root.to_owned())
}

impl Engine {
    /// The editors that can be read, with what they have. `follow`: their files are followed, where they may be read.
    pub async fn editors(&self, roots: &Roots, follow: bool) -> Result<Vec<EditorView>, EngineError> {
        self.flushed().await?;
        let mut views = Vec::new();
        for (editor, searched) in Listing::within(roots, LIST_WAITS).await.0 {
            let root = match roots.of(editor) {
                Root::At(path) => Some(path),
                Root::Off | Root::Unknown => None,
            };
            let enabled = roots.of(editor) != Root::Off;
            let found = searched.ok().filter(|found| found.complete);
            let (recorded, expiring) = self.safe(found.as_ref()).await?;
            views.push(EditorView {
                id: editor.id().to_owned(),
                name: editor.name().to_owned(),
                found: root
                    .as_deref()
                    .is_some_and(|root| editor.chats(root).iter().any(|folder| folder.is_dir())),
                path: root.map(|path| path.display().to_string()),
                sessions: found.as_ref().map(|found| found.sessions().len() as u64),
                recorded,
                enabled,
                follow: follow && enabled,
                hidden: found.map(|found| found.hidden().len() as u64),
                expiring,
                how: EditorWay::Import,
            });
        }
        Ok(views)
    }

    /// How many of these sessions are recorded, and how many are not and will soon be deleted by their editor.
    async fn safe(&self, found: Option<&Found>) -> Result<(Option<u64>, Option<u64>), EngineError> {
        let Some(found) = found else { return Ok((None, None)) };
        let soon = u64::try_from(self.shared().clock.now().as_micros()).unwrap_or_default();
        let soon = UNIX_EPOCH + Duration::from_micros(soon) + EXPIRES_WITHIN;
        let soon = found.deleted_by(soon);
        let recorded = self.store().count_known(&found.sessions()).await?;
        let safe = self.store().count_known(&soon).await?;
        Ok((Some(recorded), Some((soon.len() as u64).saturating_sub(safe))))
    }
}
