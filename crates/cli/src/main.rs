//! `chasm`: the command line of Chasm Recorder.
//!
//! Owns arguments, what is printed, exit codes. Never touches journal or database itself: it asks the running recorder, or
//! starts one. Invariant: machine output goes to stdout as one document, everything else to stderr; a closed pipe is no error.

mod app;
mod args;
mod commands;
mod demo;
mod exit;
mod out;
mod show;
mod when;

use args::Cli;
use clap::Parser;
use exit::Exit;
use std::process::ExitCode;

/// Gives freed memory back: a recorder runs for weeks and has to be small when nothing happens.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chasm_server::use_small_pages();
    let cli = Cli::parse();
    let out = out::Out::new(cli.global.json, cli.global.color);
    let exit = run(cli, &out).unwrap_or_else(|error| exit::report(&error, &out));
    ExitCode::from(exit.code())
}

fn run(cli: Cli, out: &out::Out) -> anyhow::Result<Exit> {
    start_log(&cli);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(commands::run(cli, out));
    // What still waits for input (stdin, a browser) must not hold the process.
    runtime.shutdown_background();
    result
}

/// Log lines go to stderr; that it may be closed is nobody's trouble.
fn start_log(cli: &Cli) {
    let default = if matches!(cli.command, args::Command::Serve(_)) { "info" } else { "error" };
    let filter = cli.global.log.as_deref().unwrap_or(default);
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(console::user_attended_stderr())
        .log_internal_errors(false)
        .try_init();
}
