//! `chasm import`: Claude Code transcripts, through the running recorder.
//!
//! Never writes to the files. Invariant: what is sent has the same identities every time, so a second run records nothing
//! that is there already.

use crate::app::{App, client_name};
use crate::args::Import;
use crate::exit::Exit;
use crate::show::time::count;
use crate::show::{state, text};
use anyhow::Result;
use chasm_client::{ClientError, Endpoint, Options, Recorder, Report};
use chasm_editors::claude_code::{self, ReadError, ReadReport, Transcript};
use chasm_editors::files::{self, Files};
use indicatif::ProgressBar;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What became of one file.
#[derive(Serialize)]
struct Imported {
    path: PathBuf,
    sessions: Vec<String>,
    /// Events that the recorder did not have.
    new: u64,
    already_there: u64,
    refused: u64,
    /// Why the file could not be read, or not to its end.
    error: Option<String>,
    read: ReadReport,
    stream: Option<Report>,
}

#[derive(Serialize)]
struct Answer {
    new: u64,
    already_there: u64,
    refused: u64,
    failed: u64,
    /// Files in folders that are no transcripts.
    skipped: u64,
    files: Vec<Imported>,
}

pub async fn run(app: &App<'_>, args: Import) -> Result<Exit> {
    let endpoint = app.endpoint()?;
    let found = files::find(&args.paths)?;
    let bar = super::bar("importing", found.bytes);
    let mut done = Vec::new();
    for path in &found.paths {
        let imported = import(app, &endpoint, path, &bar).await?;
        if !app.out.json() {
            bar.suspend(|| app.out.print(&line(&imported)))?;
        }
        done.push(imported);
    }
    bar.finish_and_clear();
    close(app, &found, done)
}

async fn import(app: &App<'_>, endpoint: &Endpoint, path: &Path, bar: &ProgressBar) -> Result<Imported> {
    let mut imported = Imported {
        path: path.to_owned(),
        sessions: Vec::new(),
        new: 0,
        already_there: 0,
        refused: 0,
        error: None,
        read: ReadReport::default(),
        stream: None,
    };
    let before = bar.position();
    match claude_code::open(path) {
        Err(error) => imported.error = Some(error.to_string()),
        Ok(mut transcript) => {
            let (error, report) = stream(app, endpoint, &mut transcript, bar, before).await?;
            imported.error = error.map(|error| error.to_string());
            imported.read = transcript.into_report();
            imported.sessions = imported.read.sessions.clone();
            (imported.new, imported.already_there) = (report.recorded, report.duplicates);
            imported.refused = report.refused_count;
            imported.stream = Some(report);
        }
    }
    Ok(imported)
}

/// Sends the events of one file and waits until they are on disk.
async fn stream(
    app: &App<'_>,
    endpoint: &Endpoint,
    transcript: &mut Transcript,
    bar: &ProgressBar,
    before: u64,
) -> Result<(Option<ReadError>, Report), ClientError> {
    let sessions = vec![transcript.session_id().to_owned()];
    let options = Options { client: client_name(), sessions, ..Options::default() };
    let mut recorder = Recorder::connect(endpoint.clone(), options).await?;
    let pauses = super::tell_of_pauses(app, &recorder);
    let mut failed = None;
    while let Some(event) = transcript.next() {
        match event {
            Ok(event) => recorder.send(event.to_json()).await?,
            Err(error) => failed = Some(error),
        }
        bar.set_position(before + transcript.bytes_read());
    }
    let report = recorder.finish().await;
    pauses.abort();
    Ok((failed, report?))
}

/// One file in words.
fn line(file: &Imported) -> String {
    let name = text::clean(&file.path.display().to_string());
    let read = &file.read;
    if let (Some(error), None) = (&file.error, &file.stream) {
        return format!("{} {}\n", state::paint(state::RED, "▲"), text::one_line(error));
    }
    let damaged = read.bad() > 0 || file.refused > 0 || file.error.is_some();
    let sign = if damaged { state::paint(state::YELLOW, "◐") } else { state::paint(state::GREEN, "✓") };
    let mut out = format!(
        "{sign} {name}\n  {}, {}: {}, {} already there\n",
        count(read.messages, "message"),
        count(read.tool_calls, "tool call"),
        count(file.new, "new event"),
        file.already_there,
    );
    let warn = state::paint(state::YELLOW, "▲");
    for bad in &read.bad_lines {
        let why = text::one_line(&bad.why);
        out.push_str(&format!("  {warn} line {}, byte {}: {why}\n", bad.line, bad.offset));
    }
    if read.more_bad_lines > 0 {
        out.push_str(&format!("  {warn} and {} more such places\n", read.more_bad_lines));
    }
    if let Some(error) = &file.error {
        out.push_str(&format!("  {warn} reading stopped: {}\n", text::one_line(error)));
    }
    for refused in file.stream.iter().flat_map(|report| &report.refused) {
        let what = format!("refused: {} ({})", refused.message, refused.code);
        out.push_str(&format!("  {warn} {}\n", text::one_line(&what)));
    }
    out
}

fn close(app: &App<'_>, found: &Files, files: Vec<Imported>) -> Result<Exit> {
    let sum = |of: fn(&Imported) -> u64| files.iter().map(of).sum();
    let answer = Answer {
        new: sum(|f| f.new),
        already_there: sum(|f| f.already_there),
        refused: sum(|f| f.refused),
        failed: sum(|f| u64::from(f.error.is_some())),
        skipped: found.skipped,
        files,
    };
    if app.out.json() {
        app.out.document(&answer)?;
    } else {
        app.out.print(&total(&answer))?;
    }
    Ok(match (answer.failed, answer.refused) {
        (_, 1..) => Exit::Refused,
        (1.., _) => Exit::Failure,
        _ => Exit::Done,
    })
}

fn total(answer: &Answer) -> String {
    if answer.files.is_empty() {
        return format!(
            "No transcript found: {} looked at. Claude Code keeps them in ~/.claude/projects.\n",
            count(answer.skipped, "other file")
        );
    }
    let mut parts = vec![
        count(answer.files.len() as u64, "file"),
        count(answer.new, "new event"),
        format!("{} already there", answer.already_there),
    ];
    let skipped = if answer.skipped == 1 { "other file skipped" } else { "other files skipped" };
    let more = [
        (answer.refused, "refused"),
        (answer.failed, "of the files could not be read"),
        (answer.skipped, skipped),
    ];
    parts.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    format!("{}\n", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;
    use chasm_editors::claude_code::BadLine;

    fn file(error: Option<&str>, stream: bool) -> Imported {
        let bad = BadLine {
            line: 12,
            offset: 3400,
            bytes_lost: 5,
            why: "5 NUL bytes, as a power cut leaves them".into(),
        };
        Imported {
            path: "/p/50a7220d.jsonl".into(),
            sessions: vec!["50a7220d".into()],
            new: 212,
            already_there: 0,
            refused: 0,
            error: error.map(str::to_owned),
            read: ReadReport { messages: 84, tool_calls: 1, bad_lines: vec![bad], ..ReadReport::default() },
            stream: stream.then(Report::default),
        }
    }

    #[test]
    fn a_files_line_says_what_came_and_what_was_damaged() {
        let lines =
            [file(None, true), file(Some("/p/x.jsonl: the file is empty"), false)].map(|f| line(&f)).concat();
        let answer = Answer {
            new: 212,
            already_there: 7,
            refused: 0,
            failed: 1,
            skipped: 3,
            files: vec![file(None, true), file(None, true)],
        };
        insta::assert_snapshot!(samples::plain(&format!("{lines}{}", total(&answer))));
    }
}
