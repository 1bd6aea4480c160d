//! `chasm open`
//!
//! Never opens an address that the recorder did not make for this call.

use crate::app::App;
use crate::args::Open;
use crate::exit::Exit;
use anyhow::Result;

pub async fn run(app: &App<'_>, args: &Open) -> Result<Exit> {
    let url = app.rest()?.ticket().await?;
    if app.out.json() {
        app.out.document(&serde_json::json!({ "url": url }))?;
        return Ok(Exit::Done);
    }
    if args.print || !has_display() {
        app.out.print(&format!("{url}\n"))?;
        return Ok(Exit::Done);
    }
    match open::that(&url) {
        Ok(()) => app.out.note("Opened in the browser."),
        Err(error) => {
            app.out.note(&format!(
                "no browser could be started ({error}); open this address once, within a minute:"
            ));
            app.out.print(&format!("{url}\n"))?;
        }
    }
    Ok(Exit::Done)
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
