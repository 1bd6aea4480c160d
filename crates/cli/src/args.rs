//! The arguments, as clap reads them.
//!
//! Owns names, help texts and defaults. Never acts. What a value means is parsed here, once.

mod conformance;
mod editors;
mod service;

use crate::when::{self, When};
use chasm_client::rest::ExportFormat;
use chasm_protocol::api::SessionSort;
use chasm_protocol::{SessionId, State};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

pub use conformance::Conformance;
pub use editors::{Extract, Program, Restore};
pub use service::{Install, Unit};

pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something failed
  2  the command line makes no sense
  3  no recorder is reachable
  4  some events were refused
  5  there is nothing of that name
  6  the doctor, or the check of conformance, found problems";

const SEND_EXAMPLE: &str = r#"Example:
  echo '{"event_type":"message","data":{"role":"user","content":"hi"}}' | chasm send --session s1"#;

/// A flight recorder for AI chats: what an editor, a page or a script sends is on disk before it is acknowledged.
#[derive(Debug, Parser)]
#[command(name = "chasm", version, max_term_width = 100, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print one JSON document on stdout instead of text
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// The recorder's address [default: what the data folder says, else http://127.0.0.1:8787]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CHASM_SERVER",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub server: Option<String>,
    /// The folder of everything that is recorded
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CHASM_DATA_DIR",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub data_dir: Option<PathBuf>,
    /// When to use colours (NO_COLOR is heeded)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: Color,
    /// What to log on stderr: error, warn, info, debug, or a filter such as chasm_server=debug
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "CHASM_LOG",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the recorder in the foreground until Ctrl-C or SIGTERM
    Serve(Serve),
    /// Have systemd run the recorder without a desktop, for this user
    #[command(subcommand)]
    Service(Unit),
    /// Say whether it is recording, and what it holds
    Status,
    /// List, read, search, export and delete sessions
    #[command(subcommand)]
    Sessions(Sessions),
    /// Put interrupted sessions together again, and get out what editors still have
    #[command(subcommand)]
    Recover(Recover),
    /// Give a recorded session back as a file that an editor opens
    Restore(Restore),
    /// Say what editors keep on this machine, and what of it is not safe
    Editors,
    /// Send events from stdin, one JSON object a line
    Send(Send),
    /// Take in chats of Claude Code, Codex CLI, VS Code, Cursor and other editors
    Import(Import),
    /// Open the recorder's page in a browser
    Open(Open),
    /// Check the data folder while no recorder runs on it
    Doctor(Doctor),
    /// Kill a recorder in mid-stream and see that nothing is lost
    Demo(Demo),
    /// Prove that a client, or a recorder, keeps to the protocol
    Conformance(Conformance),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen at; any other than loopback needs `auth = "token"`
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<IpAddr>,
    /// The port; 0 takes a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// The settings [default: config.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// One line a session, the latest first
    List(List),
    /// The transcript of a session
    Show(ShowSession),
    /// Look for words in all messages and tool calls
    Search(Search),
    /// Write a session as Markdown, JSON, JSON lines or HTML
    Export(Export),
    /// Delete sessions for good
    Delete(Delete),
}

#[derive(Debug, Args)]
pub struct List {
    /// Only sessions in this state
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<AnyState>,
    /// Only sessions with these words
    #[arg(long, short, value_name = "WORDS")]
    pub query: Option<String>,
    /// Only sessions of this provider, such as claude-code
    #[arg(long)]
    pub provider: Option<String>,
    /// Only sessions of this folder
    #[arg(long, value_name = "FOLDER")]
    pub workspace: Option<String>,
    /// Only starred sessions
    #[arg(long)]
    pub starred: bool,
    /// Only sessions with this tag
    #[arg(long)]
    pub tag: Option<String>,
    /// Only sessions that went on after this time: 2h, 3d, yesterday, 2026-01-31, 2026-01-31T14:02Z
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    pub since: Option<When>,
    /// Only sessions that began before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    pub until: Option<When>,
    /// The order
    #[arg(long, default_value = "recent")]
    pub sort: Sort,
    /// Most sessions to list
    #[arg(long, short = 'n', default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// All of them, however many
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    Recent,
    Oldest,
    Started,
    Title,
    Messages,
}

impl From<Sort> for SessionSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Recent => Self::Recent,
            Sort::Oldest => Self::Oldest,
            Sort::Started => Self::Started,
            Sort::Title => Self::Title,
            Sort::Messages => Self::Messages,
        }
    }
}

#[derive(Debug, Args)]
pub struct ShowSession {
    #[arg(value_parser = session_id)]
    pub id: SessionId,
    /// Show arguments and outputs of tools in full
    #[arg(long)]
    pub tools: bool,
}

#[derive(Debug, Args)]
pub struct Search {
    /// The words
    #[arg(required = true)]
    pub words: Vec<String>,
    /// Only in this session
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub session: Option<SessionId>,
    /// Most hits to show
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

#[derive(Debug, Args)]
pub struct Export {
    #[arg(value_parser = session_id)]
    pub id: SessionId,
    /// The form [default: by the ending of --out, else markdown]
    #[arg(long, short)]
    pub format: Option<Format>,
    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[value(alias = "md")]
    Markdown,
    Json,
    Jsonl,
    Html,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Markdown => Self::Markdown,
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
            Format::Html => Self::Html,
        }
    }
}

#[derive(Debug, Args)]
pub struct Delete {
    #[arg(required = true, value_parser = session_id)]
    pub ids: Vec<SessionId>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Debug, Subcommand)]
pub enum Recover {
    /// What is interrupted, and what is at hand to put it together
    List,
    /// Recover these sessions, or all interrupted ones
    Run(RecoverRun),
    /// Record all that editors still have of a project, listed by them or not
    Extract(Extract),
}

#[derive(Debug, Args)]
pub struct RecoverRun {
    #[arg(value_parser = session_id)]
    pub ids: Vec<SessionId>,
}

#[derive(Debug, Args)]
#[command(after_help = SEND_EXAMPLE)]
pub struct Send {
    /// The session of lines that name none
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub session: Option<SessionId>,
    /// Keep nothing on disk: fail where no recorder is reachable
    #[arg(long)]
    pub no_outbox: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// Transcripts and chat files, or folders of them such as ~/.claude/projects; the editor is told by content
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Open {
    /// Print the one-time address instead of opening it
    #[arg(long)]
    pub print: bool,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Repair what can be repaired; what is damaged is set aside, not deleted
    #[arg(long)]
    pub repair: bool,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Use this Claude Code transcript instead of the made one
    #[arg(long, value_name = "FILE")]
    pub transcript: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Completions {
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// Write it to this folder instead, with a page for each command
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// A state, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnyState(pub Option<State>);

fn state(text: &str) -> Result<AnyState, String> {
    match text {
        "all" => Ok(AnyState(None)),
        "active" => Ok(AnyState(Some(State::Recording))),
        _ => text.parse().map(|state| AnyState(Some(state))).map_err(|()| {
            let known: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
            format!("the states are {}, and all", known.join(", "))
        }),
    }
}

fn session_id(text: &str) -> Result<SessionId, String> {
    SessionId::new(text).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
