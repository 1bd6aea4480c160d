//! One run, one table: what recording costs, beside what else could be done with the same machine in the same minutes.
//!
//! Starts every server it measures as a process of its own on loopback and ends it. Asserts nothing: it prints figures and
//! ratios, and writes them as JSON. `chasm-benches [--chasm PATH] [--out FILE] [--seconds N] [--quick] [--only recording|clients|restart|queries|editors|large]`

mod bare;
mod clients;
mod disk;
mod editors;
mod load;
mod process;
mod queries;
mod redis;
mod report;
mod restart;
mod sqlite;
mod words;

use anyhow::{Context, Result};
use load::Plan;
use process::Recorder;
use report::Report;
use std::path::PathBuf;
use std::time::Duration;

struct Options {
    chasm: PathBuf,
    out: PathBuf,
    seconds: u64,
    quick: bool,
    only: Option<String>,
}

fn options() -> Result<Options> {
    let beside = std::env::current_exe()?.with_file_name("chasm");
    let mut options = Options {
        chasm: beside,
        out: PathBuf::from("bench-results/latest.json"),
        seconds: 6,
        quick: false,
        only: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--chasm" => options.chasm = value()?.into(),
            "--out" => options.out = value()?.into(),
            "--seconds" => options.seconds = value()?.parse()?,
            "--quick" => options.quick = true,
            "--only" => options.only = Some(value()?),
            other => anyhow::bail!("unknown argument {other}"),
        }
    }
    Ok(options)
}

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("bare-server") {
        return bare::serve(std::env::args().nth(2).as_deref() == Some("gather"));
    }
    if std::env::args().nth(1).as_deref() == Some("read-file") {
        return editors::big::read(std::path::Path::new(&std::env::args().nth(2).context("which file?")?));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(options()?))
}

async fn run(options: Options) -> Result<()> {
    anyhow::ensure!(options.chasm.exists(), "no binary at {}: build it first", options.chasm.display());
    let mut report = Report::new();
    report.section("disk");
    let sync = disk::sync_times(&mut report)?;
    let wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    if wanted("recording") {
        recording(&options, &mut report, sync).await?;
    }
    if wanted("clients") {
        clients::measure(&options.chasm, options.seconds, &mut report).await?;
    }
    if wanted("restart") {
        restart::measure(&options.chasm, if options.quick { 20 } else { 200 }, &mut report).await?;
    }
    if wanted("queries") {
        queries::measure(&options.chasm, if options.quick { 20_000 } else { 200_000 }, &mut report).await?;
    }
    if wanted("editors") {
        editors::measure(&options.chasm, if options.quick { 1_000 } else { 10_000 }, &mut report).await?;
    }
    if wanted("large") {
        editors::big::measure(options.quick, &mut report).await?;
    }
    report.write(&options.out)
}

/// One connection with one event in flight, and eight with 64, here and elsewhere.
async fn recording(options: &Options, report: &mut Report, sync: Duration) -> Result<()> {
    let time = Duration::from_secs(options.seconds);
    let plans = [Plan { connections: 1, window: 1, time }, Plan { connections: 8, window: 64, time }];
    for plan in plans {
        report.section(&format!("recording, {} × {} in flight", plan.connections, plan.window));
        let folder = tempfile::tempdir()?;
        let recorder = Recorder::start(&options.chasm, folder.path()).await?;
        let idle = recorder.memory()?;
        let ours = load::run(&recorder.ws(), plan).await?;
        let peak = recorder.memory()?;
        recorder.wait_for_flush(report, ours.events).await?;
        recorder.stop().await?;
        report.rate("chasm serve: durable", &ours);
        for (gather, name) in [(false, "an ack a frame"), (true, "an ack for all that is there")] {
            let bare = bare::Server::start(gather).await?;
            let theirs = load::run(&bare.ws(), plan).await?;
            bare.stop().await?;
            report.rate(&format!("bare WebSocket server, {name}"), &theirs);
            report.ratio(
                "    chasm / this, events per second",
                ours.rate() / theirs.rate(),
                "aim ≥ 0.6 at 8 × 64",
            );
        }
        let streams = redis::run(plan).await?;
        match &streams {
            Some(streams) => {
                report.rate("Redis Streams, appendfsync always", streams);
                report.ratio(
                    "chasm / Redis, events per second",
                    ours.rate() / streams.rate(),
                    "aim > 1 at 8 × 64",
                );
            }
            None => report.note("Redis Streams: no redis-server found, not measured"),
        }
        let sqlite = sqlite::run(plan).await?;
        report.rate("SQLite, a commit an event", &sqlite);
        if plan.window == 1 {
            let ratio = ours.p50().as_secs_f64() / sync.as_secs_f64();
            report.ratio("ack p50 / one fdatasync", ratio, "aim ≤ 1.5");
            report.figure(
                "memory when idle, before the first event",
                idle.0 as f64 / 1048576.0,
                "MiB (aim < 30)",
            );
        }
        report.figure("memory after the load", peak.0 as f64 / 1048576.0, "MiB");
        report.figure("peak memory", peak.1 as f64 / 1048576.0, "MiB");
    }
    Ok(())
}
