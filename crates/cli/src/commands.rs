//! One file a subcommand; this one only says which.

mod completions;
pub mod conformance;
mod demo;
mod doctor;
mod editors;
mod import;
mod man;
mod new_file;
mod open;
pub mod recover;
mod restore;
mod send;
mod serve;
mod service;
mod sessions;
mod status;

use crate::app::App;
use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::out::Out;
use anyhow::Result;
use chasm_client::Stream;
use indicatif::{ProgressBar, ProgressStyle};

pub async fn run(cli: Cli, out: &Out) -> Result<Exit> {
    let app = App::new(cli.global, out);
    match cli.command {
        Command::Serve(args) => serve::run(&app, args).await,
        Command::Service(act) => service::run(&app, act).await,
        Command::Status => status::run(&app).await,
        Command::Sessions(args) => sessions::run(&app, args).await,
        Command::Recover(args) => recover::run(&app, args).await,
        Command::Restore(args) => restore::run(&app, args).await,
        Command::Editors => editors::run(&app).await,
        Command::Send(args) => send::run(&app, args).await,
        Command::Import(args) => import::run(&app, args).await,
        Command::Open(args) => open::run(&app, &args).await,
        Command::Doctor(args) => doctor::run(&app, &args).await,
        Command::Demo(args) => demo::run(&app, args).await,
        Command::Conformance(args) => conformance::run(&app, args).await,
        Command::Completions(args) => completions::run(&app, args.shell),
        Command::Man(args) => man::run(&app, &args),
    }
}

/// A bar on stderr; not drawn where that is no terminal.
fn bar(what: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24!} {wide_bar} {percent:>3} %");
    let bar = ProgressBar::new(length).with_message(what.to_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Says so, once, when events wait because the user paused recording.
fn tell_of_pauses(app: &App<'_>, recorder: &Stream) -> tokio::task::AbortHandle {
    let (out, mut progress) = (app.out.clone(), recorder.watch());
    let task = tokio::spawn(async move {
        if progress.wait_for(|now| now.paused).await.is_ok() {
            out.complain("recording is paused: the events wait here until it is resumed");
        }
    });
    task.abort_handle()
}
