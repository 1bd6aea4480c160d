//! `chasm editors`: what editors keep on this machine.
//!
//! Reads names of files, and no chat. Invariant: without a recorder nothing is said of what is recorded.

use crate::app::App;
use crate::exit::Exit;
use crate::show::{View, editors};
use anyhow::Result;
use chasm_editors::{EDITORS, Editor, Found, Root, Roots};
use chasm_protocol::api::{EditorView, EditorWay};
use serde::Serialize;
use std::time::{Duration, Instant, SystemTime};

/// Longest search through one editor's files.
const SEARCH: Duration = Duration::from_secs(60);
/// Time ahead of its deletion in which a session is told of.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Serialize)]
struct Answer {
    /// The recorder that was asked; absent where none runs.
    recorder: Option<String>,
    editors: Vec<EditorView>,
}

pub async fn run(app: &App<'_>) -> Result<Exit> {
    let rest = app.rest()?;
    let (recorder, editors) = match rest.editors().await {
        Ok(editors) => (Some(rest.endpoint().url.clone()), editors),
        // a recorder that was named is asked, or nobody
        Err(error) if !error.is_unreachable() || app.names_recorder()? => return Err(error.into()),
        Err(_) => (None, tokio::task::spawn_blocking(look).await?),
    };
    if app.out.json() {
        app.out.document(&Answer { recorder, editors })?;
    } else {
        app.out.print(&editors::render(&editors, recorder.is_some(), &View::present()))?;
    }
    Ok(Exit::Done)
}

/// What is there, as this program sees it itself.
fn look() -> Vec<EditorView> {
    let roots = Roots::of_environment(&|name| std::env::var_os(name));
    EDITORS.iter().map(|editor| view(*editor, &roots)).collect()
}

fn view(editor: &'static dyn Editor, roots: &Roots) -> EditorView {
    let root = match roots.of(editor) {
        Root::At(path) => Some(path),
        Root::Off | Root::Unknown => None,
    };
    let search = |root| editor.find(root, Instant::now() + SEARCH).ok().flatten();
    let found: Option<Found> = root.as_deref().and_then(search).filter(|found| found.complete);
    let soon = SystemTime::now() + SOON;
    let is_there = |root| editor.chats(root).iter().any(|folder| folder.is_dir());
    EditorView {
        id: editor.id().to_owned(),
        name: editor.name().to_owned(),
        found: root.as_deref().is_some_and(is_there),
        path: root.map(|path| path.display().to_string()),
        sessions: found.as_ref().map(|found| found.sessions().len() as u64),
        recorded: None,
        enabled: true,
        follow: false,
        hidden: found.as_ref().map(|found| found.hidden().len() as u64),
        expiring: found.map(|found| found.deleted_by(soon).len() as u64),
        how: EditorWay::Import,
    }
}
