//! `chasm send`: events from stdin, one JSON object a line (or an array of them).
//!
//! Each event is in an outbox in the data folder before the next line is read; what the recorder has not taken at the end stays there
//! for the next `chasm send`. With `--no-outbox` it is in memory only.
//! Invariant: lines are sent in their order, a bad one is named by its number and does not stop the rest, and the summary
//! comes after the last ack, or says how many events are kept.

mod kept;
mod lines;

use crate::app::{App, client_name};
use crate::args::Send;
use crate::exit::Exit;
use anyhow::Result;
use chasm_client::{Options, Report, Stream};
use lines::LineError;
use serde::Serialize;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Lines read ahead of the stream.
const AHEAD: usize = 64;

pub async fn run(app: &App<'_>, args: Send) -> Result<Exit> {
    if args.no_outbox { straight(app, args).await } else { kept::run(app, args).await }
}

/// Without an outbox.
async fn straight(app: &App<'_>, args: Send) -> Result<Exit> {
    let sessions = args.session.iter().map(|id| id.to_string()).collect();
    let options = Options { client: client_name(), sessions, ..Options::default() };
    let mut recorder = Stream::connect(app.endpoint()?, options).await?;
    let pauses = super::tell_of_pauses(app, &recorder);
    let mut summary = Summary::default();
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    let mut input = stdin_lines();
    loop {
        let line = tokio::select! {
            line = input.recv() => line,
            _ = &mut stop => None,
        };
        let Some((number, line)) = line else { break };
        for event in lines::events(&line?, args.session.as_ref().map(|id| id.as_str())) {
            match event {
                Ok(raw) => {
                    summary.sent(number);
                    recorder.send(raw).await?;
                }
                Err(error) => summary.bad(app, number, error),
            }
        }
    }
    let report = recorder.finish().await?;
    pauses.abort();
    summary.close(app, report, 0)
}

/// The lines of stdin with their numbers. A thread reads them: a blocked read must not hold the end of the program.
fn stdin_lines() -> mpsc::Receiver<(u64, std::io::Result<Vec<u8>>)> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let input = std::io::stdin().lock();
        for (line, number) in std::io::BufRead::split(input, b'\n').zip(1..) {
            let failed = line.is_err();
            if sender.blocking_send((number, line)).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

#[derive(Default, Serialize)]
struct Summary {
    recorded: u64,
    duplicates: u64,
    refused: u64,
    /// Events in the outbox that no recorder has taken yet.
    kept: u64,
    errors: Vec<LineError>,
    warnings: Vec<LineError>,
    /// The first line that was read and could not be kept; nothing behind it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<u64>,
    /// The line of each event that was sent: runs of (first event, its line).
    #[serde(skip)]
    places: VecDeque<(u64, u64)>,
    #[serde(skip)]
    events: u64,
}

impl Summary {
    fn sent(&mut self, line: u64) {
        self.events += 1;
        // One event a line is the rule: then a run goes on and needs no entry.
        let expected = self.places.back().map(|(event, first)| first + (self.events - event));
        if expected != Some(line) {
            self.places.push_back((self.events, line));
        }
    }

    fn line_of(&self, event: u64) -> u64 {
        let after = self.places.partition_point(|(first, _)| *first <= event);
        let place = after.checked_sub(1).and_then(|at| self.places.get(at));
        place.map_or(0, |(first, line)| line + (event - first))
    }

    fn bad(&mut self, app: &App<'_>, line: u64, mut error: LineError) {
        error.line = line;
        app.out.complain(&format!("line {line}: {} ({})", error.message, error.code));
        self.refused += 1;
        self.errors.push(error);
    }

    fn close(mut self, app: &App<'_>, report: Report, kept: u64) -> Result<Exit> {
        self.recorded = report.recorded;
        self.duplicates = report.duplicates;
        self.kept = kept;
        for refused in report.refused {
            let line = self.line_of(refused.event);
            app.out.complain(&format!("{}: {} ({})", place(line), refused.message, refused.code));
            self.errors.push(LineError { line, code: refused.code, message: refused.message });
        }
        self.refused += report.refused_count;
        for warning in report.warnings {
            let line = self.line_of(warning.event);
            app.out.note(&format!("{}: {} ({})", place(line), warning.message, warning.code));
            self.warnings.push(LineError { line, code: warning.code, message: warning.message });
        }
        let warned: u64 = report.warning_counts.values().sum();
        app.out.note(&format!(
            "{} recorded, {} there already, {} refused{}",
            self.recorded,
            self.duplicates,
            self.refused,
            if warned > 0 { format!(", {warned} with a remark") } else { String::new() }
        ));
        if app.out.json() {
            app.out.document(&self)?;
        }
        Ok(if self.refused > 0 { Exit::Refused } else { Exit::Done })
    }
}

fn place(line: u64) -> String {
    if line > 0 { format!("line {line}") } else { "an event of an earlier run".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_know_their_lines() {
        let mut summary = Summary::default();
        for line in [1, 2, 3, 7, 7, 7, 8, 9, 12] {
            summary.sent(line);
        }
        let lines: Vec<_> = (1..=9).map(|event| summary.line_of(event)).collect();
        assert_eq!(lines, [1, 2, 3, 7, 7, 7, 8, 9, 12]);
        assert!(summary.places.len() < 7, "{:?}", summary.places);
    }
}
