//! `chasm status`

use crate::app::App;
use crate::exit::Exit;
use crate::show::{View, status};
use anyhow::Result;

pub async fn run(app: &App<'_>) -> Result<Exit> {
    let rest = app.rest()?;
    let answer = rest.status().await?;
    if app.out.json() {
        app.out.document(&answer)?;
    } else {
        app.out.print(&status::render(&answer, &rest.endpoint().url, &View::present()))?;
    }
    Ok(Exit::Done)
}
