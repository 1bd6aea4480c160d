//! `chasm recover …`

pub mod extract;

use crate::app::App;
use crate::args::{Recover, RecoverRun};
use crate::exit::Exit;
use crate::show::{View, recovery};
use anyhow::Result;

pub async fn run(app: &App<'_>, args: Recover) -> Result<Exit> {
    match args {
        Recover::List => list(app).await,
        Recover::Run(args) => recover(app, args).await,
        Recover::Extract(args) => extract::run(app, args).await,
    }
}

async fn list(app: &App<'_>) -> Result<Exit> {
    let overview = app.rest()?.recovery().await?;
    if app.out.json() {
        app.out.document(&overview)?;
    } else {
        app.out.print(&recovery::overview(&overview, &View::present()))?;
    }
    Ok(Exit::Done)
}

async fn recover(app: &App<'_>, args: RecoverRun) -> Result<Exit> {
    let asked = args.ids.len();
    let report = app.rest()?.recover((asked > 0).then_some(args.ids)).await?;
    if app.out.json() {
        app.out.document(&report)?;
    } else {
        app.out.print(&recovery::report(&report))?;
    }
    // All that was asked for by name was skipped: the caller's names are wrong.
    let nothing = asked > 0 && report.recovered.is_empty() && report.skipped.len() == asked;
    Ok(if nothing { Exit::NotFound } else { Exit::Done })
}
