//! `chasm restore`: a recorded session as a file that an editor opens.
//!
//! Owns where the file goes. Never touches a file that is there. Invariant: what is written is a new session under an id of its
//! own, so that no program can have it open while it is written.

use crate::app::App;
use crate::args::{Program, Restore};
use crate::commands::new_file;
use crate::exit::{Exit, Usage};
use crate::show::text;
use anyhow::{Context, Result, bail};
use chasm_editors::give_back::{self, claude_code, vscode};
use chasm_editors::{EDITORS, Editor, Root, Roots};
use chasm_protocol::session::SessionDetail;
use chasm_server::export;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Serialize)]
struct Answer {
    session_id: String,
    /// The session that it is now, where the program names it by an id.
    new_id: Option<String>,
    file: PathBuf,
    bytes: usize,
    /// How to open it.
    open: String,
}

/// A file that is to be written.
struct Given {
    text: String,
    /// Its place where nothing else is said.
    place: PathBuf,
    new_id: Option<String>,
    open: Open,
}

enum Open {
    /// A command, and the folder to run it in.
    Resume(String, String),
    Import,
    Read,
}

pub async fn run(app: &App<'_>, args: Restore) -> Result<Exit> {
    let session = app.rest()?.session(&args.id).await?;
    if session.messages.is_empty() && session.tool_calls.is_empty() {
        bail!("session {} has no message to give back", args.id);
    }
    let placed = args.out.is_some() || args.into.is_some();
    let given = match args.to {
        Program::ClaudeCode => transcript(&session, &app.editor_roots().await?, placed)?,
        Program::Vscode => Given {
            text: vscode::export(&session),
            place: named(&session, "json"),
            new_id: None,
            open: Open::Import,
        },
        Program::Markdown => Given {
            text: export::markdown(&session),
            place: named(&session, "md"),
            new_id: None,
            open: Open::Read,
        },
    };
    let file = match (args.out, args.into) {
        (Some(file), _) => file,
        (None, Some(folder)) => folder.join(given.place.file_name().unwrap_or_default()),
        (None, None) => given.place.clone(),
    };
    write(&file, given.text.as_bytes())?;
    tell(app, &session, given, file)
}

/// A transcript in the folder of its project.
fn transcript(session: &SessionDetail, roots: &Roots, placed: bool) -> Result<Given> {
    let id = give_back::new_id(session);
    let Some(folder) = give_back::folder(session).or_else(|| placed.then(String::new)) else {
        let why = "the session says of no folder of this machine: name one to write to with --into";
        return Err(Usage(why.to_owned()).into());
    };
    let name = format!("{id}.jsonl");
    let chats = |editor: &'static dyn Editor| match roots.of(editor) {
        Root::At(root) => editor.chats(&root).into_iter().next(),
        Root::Off | Root::Unknown => None,
    };
    let own = EDITORS.iter().find(|editor| editor.id() == claude_code::EDITOR).and_then(|e| chats(*e));
    let place = match own {
        Some(chats) => chats.join(claude_code::slug(&folder)).join(&name),
        None if placed => PathBuf::from(&name),
        None => {
            return Err(Usage("nothing says where Claude Code keeps its files: use --into".to_owned()).into());
        }
    };
    let open = Open::Resume(format!("claude --resume {id}"), folder.clone());
    Ok(Given { text: claude_code::transcript(session, &id, &folder), place, new_id: Some(id), open })
}

/// The session's title as a file of this folder.
fn named(session: &SessionDetail, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}.{ending}", new_file::name(session)))
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    match new_file::write(file, bytes) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} is there already and is not replaced: name another file with --out", file.display())
        }
        done => done.with_context(|| file.display().to_string()),
    }
}

fn tell(app: &App<'_>, session: &SessionDetail, given: Given, file: PathBuf) -> Result<Exit> {
    let open = match &given.open {
        Open::Resume(command, folder) if folder.is_empty() => command.clone(),
        Open::Resume(command, folder) => format!("{command}   (in {folder})"),
        Open::Import => {
            String::from("in VS Code, «Chat: Import Chat…» from the command palette, and choose the file")
        }
        Open::Read => String::from("any reader of Markdown"),
    };
    let bytes = given.text.len();
    let session_id = session.summary.session_id.clone();
    if app.out.json() {
        app.out.document(&Answer { session_id, new_id: given.new_id, file, bytes, open })?;
    } else {
        let file = text::clean(&file.display().to_string());
        app.out.print(&format!("Written: {file}\nTo open it: {}\n", text::clean(&open)))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests;
