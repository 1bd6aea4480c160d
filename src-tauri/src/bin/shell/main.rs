//! `chasm-recorder-shell`: the window. The recorder starts it.
//!
//! Never records, never keeps anything but the place of the window. Invariant: it ends when its stdin does, for then the recorder
//! is gone.

mod downloads;
mod outside;
mod place;
mod window;

use chasm_recorder::lines;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The window of Chasm Recorder. `chasm-recorder` starts this program; there is no need to start it by hand.
#[derive(Debug, Parser)]
#[command(name = "chasm-recorder-shell", version)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// One window with the recorder's page
    Window(Page),
}

#[derive(Debug, Args)]
pub struct Page {
    /// The recorder's address
    #[arg(long, value_name = "URL")]
    server: String,
    /// Where the place of the window is kept, and the token
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What to show first: /session/ID
    #[arg(long, value_name = "PATH", default_value = "")]
    go: String,
    /// The page has to show the token of the data folder
    #[arg(long, requires = "data_dir")]
    token: bool,
}

fn main() -> ExitCode {
    keep_to_ourselves();
    let Role::Window(page) = Cli::parse().role;
    match window::run(page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // the recorder reads the last line
            lines::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// What WebKit and we write is for this user alone.
fn keep_to_ourselves() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}
