//! `chasm serve`
//!
//! Owns the signals of the process. Invariant: the first line on stdout is `listening on URL`, written when clients can
//! connect; a stop by Ctrl-C, SIGTERM or a closing terminal is clean and ends with 0.

mod ready;

use crate::app::App;
use crate::args::Serve;
use crate::exit::Exit;
use anyhow::Result;
use chasm_server::{Daemon, Options, Roots};
use std::io::Write;

pub async fn run(app: &App<'_>, args: Serve) -> Result<Exit> {
    let options = Options {
        config: args.config,
        host: args.host,
        port: args.port,
        editors: Roots::of_environment(&|name| std::env::var_os(name)),
        ..Options::new(app.data_dir()?)
    };
    // The signals are caught before the start: a stop during recovery is a clean one too.
    let stop = chasm_server::asked_to_stop()?;
    let daemon = Daemon::start(options).await?;
    announce(&daemon.url());
    ready::tell();
    daemon.run_until(stop).await;
    Ok(Exit::Done)
}

/// Nobody may listen to stdout; the recorder does not need it.
fn announce(url: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "listening on {url}");
    let _ = stdout.flush();
}
