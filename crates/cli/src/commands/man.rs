//! `chasm man`

use crate::app::App;
use crate::args::{Cli, Man};
use crate::exit::Exit;
use anyhow::{Context, Result};
use clap::CommandFactory;

pub fn run(app: &App<'_>, args: &Man) -> Result<Exit> {
    if let Some(folder) = &args.out {
        clap_mangen::generate_to(Cli::command(), folder).with_context(|| folder.display().to_string())?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    app.out.bytes(&page)?;
    Ok(Exit::Done)
}
