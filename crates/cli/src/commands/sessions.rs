//! `chasm sessions …`

mod delete;
mod export;
mod list;

use crate::app::App;
use crate::args::{Search, Sessions, ShowSession};
use crate::exit::Exit;
use crate::show::{View, search, transcript};
use anyhow::Result;

pub async fn run(app: &App<'_>, args: Sessions) -> Result<Exit> {
    match args {
        Sessions::List(args) => list::run(app, args).await,
        Sessions::Show(args) => show(app, args).await,
        Sessions::Search(args) => find(app, args).await,
        Sessions::Export(args) => export::run(app, args).await,
        Sessions::Delete(args) => delete::run(app, args).await,
    }
}

async fn show(app: &App<'_>, args: ShowSession) -> Result<Exit> {
    let session = app.rest()?.session(&args.id).await?;
    if app.out.json() {
        app.out.document(&session)?;
    } else {
        app.out.print(&transcript::render(&session, args.tools, &View::present()))?;
    }
    Ok(Exit::Done)
}

async fn find(app: &App<'_>, args: Search) -> Result<Exit> {
    let words = args.words.join(" ");
    let answer = app.rest()?.search(&words, args.session.as_ref(), args.limit, None).await?;
    if app.out.json() {
        app.out.document(&answer)?;
    } else {
        app.out.print(&search::render(&answer, &words, &View::present()))?;
    }
    Ok(Exit::Done)
}
