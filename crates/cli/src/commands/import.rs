//! `chasm import`: what editors keep of their chats, told by content, through the running recorder.
//!
//! Never writes to the files. Invariant: what is sent has the same identities every time, so a second run records nothing
//! that is there already.

use crate::app::{App, client_name};
use crate::args::Import;
use crate::exit::Exit;
use crate::show::time::count;
use crate::show::{state, text};
use anyhow::Result;
use chasm_client::{ClientError, Endpoint, Options, Report, Stream};
use chasm_editors::files::{self, Files, Source};
use chasm_editors::{Endings, EventDraft, ReadError, ReadReport, Standing};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Events that the reader may be ahead.
const AHEAD: usize = 256;

/// What became of one session's files.
#[derive(Serialize)]
pub(super) struct Imported {
    editor: &'static str,
    path: PathBuf,
    pub(super) title: Option<String>,
    sessions: Vec<String>,
    /// Events that the recorder did not have.
    pub(super) new: u64,
    pub(super) already_there: u64,
    pub(super) refused: u64,
    standing: Standing,
    /// Why the file could not be read, or not to its end.
    pub(super) error: Option<String>,
    pub(super) read: ReadReport,
    pub(super) stream: Option<Report>,
}

#[derive(Serialize)]
struct Refused {
    path: PathBuf,
    why: String,
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
    /// Files that hold no session.
    unread: Vec<Refused>,
}

pub async fn run(app: &App<'_>, args: Import) -> Result<Exit> {
    let endpoint = app.endpoint()?;
    let found = tokio::task::spawn_blocking(move || files::find(&args.paths)).await??;
    let bar = super::bar("importing", found.bytes());
    let mut done = Vec::new();
    for source in &found.sources {
        let imported = import(app, &endpoint, source).await?;
        bar.inc(source.1.bytes);
        if !app.out.json() {
            bar.suspend(|| app.out.print(&line(&imported)))?;
        }
        done.push(imported);
    }
    bar.finish_and_clear();
    close(app, found, done)
}

/// Sends one session's files.
pub(super) async fn import(app: &App<'_>, endpoint: &Endpoint, source: &Source) -> Result<Imported> {
    let (Heard { read, title }, report) = stream(app, endpoint, source.clone()).await?;
    let (error, read) = match read {
        Ok(read) => (None, read),
        Err(error) => (Some(error.to_string()), ReadReport::default()),
    };
    Ok(Imported {
        editor: source.0.id(),
        path: source.1.path.clone(),
        title: title.or_else(|| source.1.title.clone()),
        sessions: read.sessions.clone(),
        new: report.recorded,
        already_there: report.duplicates,
        refused: report.refused_count,
        standing: read.standing(),
        error,
        read,
        stream: Some(report),
    })
}

/// How a session's files were read, and what they call it.
struct Heard {
    read: Result<ReadReport, ReadError>,
    title: Option<String>,
}

/// Sends the events of one session's files and waits until they are on disk.
async fn stream(app: &App<'_>, endpoint: &Endpoint, source: Source) -> Result<(Heard, Report), ClientError> {
    let sessions = vec![source.1.session_id.clone()];
    let options = Options { client: client_name(), sessions, ..Options::default() };
    let mut recorder = Stream::connect(endpoint.clone(), options).await?;
    let pauses = super::tell_of_pauses(app, &recorder);
    let (events, mut read) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || read_all(&source, &events));
    while let Some(event) = read.recv().await {
        recorder.send(event).await?;
    }
    let report = recorder.finish().await;
    pauses.abort();
    let nothing = |_| Heard { read: Ok(ReadReport::default()), title: None };
    Ok((reading.await.unwrap_or_else(nothing), report?))
}

/// Hands over all events as JSON, and the ends of the sessions.
fn read_all((editor, file): &Source, to: &mpsc::Sender<String>) -> Heard {
    let (mut endings, mut title) = (Endings::default(), None);
    let hand = |json: String| match to.blocking_send(json) {
        Ok(()) => ControlFlow::Continue(()),
        // Nobody takes them any more.
        Err(_) => ControlFlow::Break(()),
    };
    let read = editor.read(file, &mut |event| {
        endings.note(&event);
        if event.session_id == file.session_id {
            title = title_in(&event).or(title.take());
        }
        hand(event.to_accepted_json())
    });
    let _ = endings.drafts("imported").try_for_each(|end| hand(end.to_json()));
    Heard { read, title }
}

/// What an event calls its session.
pub(super) fn title_in(event: &EventDraft) -> Option<String> {
    let is_head = matches!(event.event_type.as_str(), "session_start" | "session_update");
    event.data.get("title").filter(|_| is_head)?.as_str().map(str::to_owned)
}

/// One session in words.
fn line(file: &Imported) -> String {
    let name = text::clean(&file.path.display().to_string());
    let read = &file.read;
    if let (Some(error), 0) = (&file.error, file.new) {
        return format!("{} {}\n", state::paint(state::RED, "▲"), text::one_line(error));
    }
    let damaged = file.standing != Standing::Complete || file.refused > 0 || file.error.is_some();
    let sign = if damaged { state::paint(state::YELLOW, "◐") } else { state::paint(state::GREEN, "✓") };
    let mut out = format!(
        "{sign} {name}\n  {}, {}: {}, {} already there\n",
        count(read.messages, "message"),
        count(read.tool_calls, "tool call"),
        count(file.new, "new event"),
        file.already_there,
    );
    let warn = state::paint(state::YELLOW, "▲");
    for bad in &read.bad_places {
        let why = text::one_line(&bad.why);
        let line = if bad.line > 0 { format!("line {}, ", bad.line) } else { String::new() };
        out.push_str(&format!("  {warn} {line}byte {}: {why}\n", bad.offset));
    }
    if read.more_bad_places > 0 {
        out.push_str(&format!("  {warn} and {} more such places\n", read.more_bad_places));
    }
    for missing in &read.missing {
        out.push_str(&format!("  {warn} missing: {}\n", text::one_line(missing)));
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

fn close(app: &App<'_>, found: Files, files: Vec<Imported>) -> Result<Exit> {
    let sum = |of: fn(&Imported) -> u64| files.iter().map(of).sum();
    let unread: Vec<Refused> = found.refused.into_iter().map(|(path, why)| Refused { path, why }).collect();
    let answer = Answer {
        new: sum(|f| f.new),
        already_there: sum(|f| f.already_there),
        refused: sum(|f| f.refused),
        failed: sum(|f| u64::from(f.error.is_some())) + unread.len() as u64,
        skipped: found.skipped,
        files,
        unread,
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
    let red = state::paint(state::RED, "▲");
    let unread = answer.unread.iter().map(|refused| {
        let path = text::clean(&refused.path.display().to_string());
        format!("{red} {path}: {}\n", text::one_line(&refused.why))
    });
    let mut out: String = unread.collect();
    if answer.files.is_empty() && answer.unread.is_empty() {
        let looked = count(answer.skipped, "other file");
        return format!(
            "No session found: {looked} looked at. `chasm editors` says where editors keep theirs.\n"
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
    out.push_str(&format!("{}\n", parts.join(", ")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;
    use chasm_editors::BadPlace;

    fn file(error: Option<&str>, new: u64) -> Imported {
        let bad = BadPlace {
            file: None,
            line: 12,
            offset: 3400,
            bytes_lost: 5,
            why: "5 NUL bytes, as a power cut leaves them".into(),
        };
        let mut read =
            ReadReport { messages: 84, tool_calls: 1, bad_places: vec![bad], ..ReadReport::default() };
        read.lacks("the answer to the last prompt was never written");
        Imported {
            editor: "claude-code",
            path: "/p/50a7220d.jsonl".into(),
            title: None,
            sessions: vec!["50a7220d".into()],
            new,
            already_there: 0,
            refused: 0,
            standing: read.standing(),
            error: error.map(str::to_owned),
            read,
            stream: None,
        }
    }

    #[test]
    fn a_files_line_says_what_came_and_what_was_damaged() {
        let lines =
            [file(None, 212), file(Some("/p/x.jsonl: Permission denied"), 0)].map(|f| line(&f)).concat();
        let answer = Answer {
            new: 212,
            already_there: 7,
            refused: 0,
            failed: 1,
            skipped: 3,
            files: vec![file(None, 212)],
            unread: vec![Refused {
                path: "/p/x.jsonl".into(),
                why: "the file is empty, nothing is left in it".into(),
            }],
        };
        insta::assert_snapshot!(samples::plain(&format!("{lines}{}", total(&answer))));
    }
}
