//! Taking in what an editor has: ten thousand transcripts, a second look at them, one line more, and what following costs.
//!
//! The transcripts are made of real ones, with other ids and words (`CHASM_TEST_DATA`, else made up), so they parse and compress
//! like real ones and no two are alike.

pub mod big;
mod transcripts;

use crate::process::Recorder;
use crate::report::Report;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use transcripts::Made;

/// Longest wait for a state.
const PATIENCE: Duration = Duration::from_secs(900);
/// Quiet time over which the cost of following is taken.
const QUIET: Duration = Duration::from_secs(30);
/// Lines that are appended, one after the other.
const LINES: usize = 20;

pub async fn measure(chasm: &Path, sessions: usize, report: &mut Report) -> Result<()> {
    report.section(&format!("editors: {sessions} transcripts"));
    let (home, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let made = transcripts::make(&home.path().join(".claude/projects"), sessions)?;
    let mib = made.bytes as f64 / 1e6;
    report.note(&format!("made of {}: {mib:.0} MB, {} lines of messages", made.from, made.messages));
    let parse = alone(&made)?;
    report.figure("serde_json alone, the same bytes", mib / parse.as_secs_f64(), "MB/s");
    match jq(&made)? {
        Some(time) => report.figure("jq -c ., the same bytes", mib / time.as_secs_f64(), "MB/s"),
        None => report.note("jq: not found, not measured"),
    }
    first(chasm, data.path(), home.path(), mib, report).await?;
    again(chasm, data.path(), home.path(), &made, report).await
}

/// The first start: all is imported in the background.
async fn first(chasm: &Path, data: &Path, home: &Path, mb: f64, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    let recorder = Recorder::start_at_home(chasm, data, home).await?;
    following(&recorder).await?;
    // everything is in the database
    recorder.get("/api/recording/sessions?state=all&limit=1").await?;
    let took = begun.elapsed();
    report.figure("first import", took.as_secs_f64(), "s");
    report.ratio("    MB a second", mb / took.as_secs_f64(), "aim ≥ 25");
    report.figure("    peak memory", recorder.memory()?.1 as f64 / 1048576.0, "MiB");
    report.figure("    written", recorder.written()? as f64 / 1e6, "MB");
    let status = recorder.get("/api/recording/status").await?;
    let count = |name: &str| status.get(name).and_then(Value::as_u64).unwrap_or_default();
    report.note(&format!("    {} sessions, {} events", count("sessions"), count("events_recorded")));
    recorder.stop().await?;
    let size: u64 = fs::read_dir(data)?.filter_map(|e| Some(e.ok()?.metadata().ok()?.len())).sum();
    report.figure("    database afterwards", size as f64 / 1e6, "MB");
    Ok(())
}

/// A second start with nothing new, a line more, and quiet.
async fn again(chasm: &Path, data: &Path, home: &Path, made: &Made, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    let recorder = Recorder::start_at_home(chasm, data, home).await?;
    let listening = begun.elapsed();
    following(&recorder).await?;
    report.figure(
        "second start with nothing new, all looked at",
        begun.elapsed().as_secs_f64(),
        "s (aim < 0.5)",
    );
    report.figure("    of it until it listens", listening.as_secs_f64(), "s");
    let mut times = Vec::new();
    for nth in 0..LINES {
        times.push(searchable(&recorder, made, nth).await?);
    }
    times.sort();
    let at =
        |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    report.note(&format!(
        "an appended line is found by search after: p50 {:.0} ms, p95 {:.0} ms (aim < 100 ms)",
        at(50),
        at(95)
    ));
    let before = recorder.processor()?;
    tokio::time::sleep(QUIET).await;
    let used = recorder.processor()?.saturating_sub(before).as_secs_f64() / QUIET.as_secs_f64();
    report.figure(&format!("following {} idle files", made.files.len()), used * 100.0, "% of a processor");
    report.figure("    memory", recorder.memory()?.0 as f64 / 1048576.0, "MiB");
    recorder.stop().await
}

/// Appends a line with a word that is nowhere else, to another file each time; how long until a search finds it.
async fn searchable(recorder: &Recorder, made: &Made, nth: usize) -> Result<Duration> {
    let path = made.files.get(nth * 7 % made.files.len()).context("no files")?;
    let word = format!("zyzzyva{nth}x");
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    writeln!(file, "{}", transcripts::line(path, nth, &word))?;
    let begun = Instant::now();
    loop {
        let found = recorder.get(&format!("/api/recording/search?q={word}")).await?;
        if found.get("hits").and_then(Value::as_array).is_some_and(|hits| !hits.is_empty()) {
            return Ok(begun.elapsed());
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{word} is never found");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn following(recorder: &Recorder) -> Result<()> {
    let begun = Instant::now();
    loop {
        let status = recorder.get("/api/recording/status").await?;
        if status.pointer("/follow/state").and_then(Value::as_str) == Some("following") {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "it never follows: {:?}", status.get("follow"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Parsing all lines, and nothing else.
fn alone(made: &Made) -> Result<Duration> {
    let begun = Instant::now();
    let mut values = 0_u64;
    for path in &made.files {
        for line in fs::read(path)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            values += u64::from(serde_json::from_slice::<Value>(line)?.is_object());
        }
    }
    anyhow::ensure!(values > 0, "nothing was parsed");
    Ok(begun.elapsed())
}

fn jq(made: &Made) -> Result<Option<Duration>> {
    let begun = Instant::now();
    for files in made.files.chunks(500) {
        let mut command = std::process::Command::new("jq");
        let run = command.args(["-c", "."]).args(files).stdout(std::process::Stdio::null()).status();
        match run {
            Ok(status) => anyhow::ensure!(status.success(), "jq ended with {status}"),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(begun.elapsed()))
}
