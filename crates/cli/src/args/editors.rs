//! The arguments about what editors keep.

use super::session_id;
use chasm_protocol::SessionId;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Extract {
    /// A project's folder, a .code-workspace file, or a folder of chat files such as a copy of workspaceStorage
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Only sessions of this editor, such as claude-code; may be given again
    #[arg(long, value_name = "ID")]
    pub editor: Vec<String>,
    /// Read everything and say what would be done, but write and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write each session as Markdown and JSON to this folder, without a recorder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// Its id, as `chasm sessions list` has it
    #[arg(value_name = "SESSION", value_parser = session_id)]
    pub id: SessionId,
    /// For which program
    #[arg(long, value_name = "PROGRAM")]
    pub to: Program,
    /// The file to write [default: for claude-code in its own folder, else TITLE in this one]
    #[arg(long, short, value_name = "FILE", conflicts_with = "into")]
    pub out: Option<PathBuf>,
    /// The folder to write it to, under a name of its own
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// A transcript that `claude --resume` goes on with
    ClaudeCode,
    /// A file that «Chat: Import Chat…» opens
    Vscode,
    /// A text to read
    #[value(alias = "md")]
    Markdown,
}
