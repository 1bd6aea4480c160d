//! `chasm-recorder`: Chasm Recorder in the tray.
//!
//! Owns arguments, runtime, exit code. Invariant: it links nothing that draws, and a stderr that is closed is no error.

use chasm_recorder::args::Args;
use chasm_recorder::logs::Log;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Gives freed memory back: a recorder runs for weeks and has to be small when nothing happens.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chasm_server::use_small_pages();
    let args = Args::parse();
    let log = Log::start(args.log.as_deref());
    match run(args, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chasm-recorder: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args, log: &Log) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(chasm_recorder::run(args, log));
    runtime.shutdown_background();
    result
}
