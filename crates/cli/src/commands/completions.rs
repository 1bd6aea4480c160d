//! `chasm completions SHELL`

use crate::app::App;
use crate::args::Cli;
use crate::exit::Exit;
use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

pub fn run(app: &App<'_>, shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chasm", &mut script);
    app.out.bytes(&script)?;
    Ok(Exit::Done)
}
