//! `chasm man`

use crate::app::App;
use crate::args::Cli;
use crate::exit::Exit;
use anyhow::Result;
use clap::CommandFactory;

pub fn run(app: &App<'_>) -> Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    app.out.bytes(&page)?;
    Ok(Exit::Done)
}
