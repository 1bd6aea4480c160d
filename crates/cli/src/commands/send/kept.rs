//! `chasm send` with an outbox: what is read is on disk at once, and sent when the recorder is there.
//!
//! Owns how long it waits at the end. Never loses a line that it has read; where the outbox is full it stops reading, or says so.
//! Invariant: events that are not on the recorder's disk at the end are named by number and folder.

use super::lines::{self, LineError};
use super::{Summary, stdin_lines};
use crate::app::{App, client_name};
use crate::args::Send;
use crate::exit::Exit;
use anyhow::Result;
use chasm_client::recorder::{Connection, Left, Mode, State};
use chasm_client::{RecordError, Recorder, Settings};
use std::time::Duration;

/// How long a recorder is waited for that was there, or takes nothing. A pause is waited for without end: it is the user's.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(app: &App<'_>, args: Send) -> Result<Exit> {
    // An address that makes no sense is said before anything is read.
    app.endpoint()?;
    let recorder = Recorder::connect(settings(app)?).await?;
    let pauses = tell_of_pauses(app, &recorder);
    let mut summary = Summary::default();
    let stop = read_all(app, &args, &recorder, &mut summary).await.err();
    tokio::select! {
        () = settled(&recorder) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    pauses.abort();
    let (report, state) = (recorder.report(), recorder.state());
    let left = recorder.close().await;
    summary.stopped_at = stop.as_ref().map(|stop| stop.line);
    let exit = summary.close(app, report, left.events)?;
    if left.events > 0 {
        let why = state.trouble.clone().unwrap_or_else(|| why_not(&state).to_owned());
        app.out.complain(&format!("{why}; {}", kept(&left, app.given_server())));
    }
    match stop {
        Some(stop) => Err(stop.into()),
        None if left.events == 0 => Ok(exit),
        None if state.connection == Connection::Away => Ok(Exit::NoRecorder),
        None => Ok(Exit::Failure),
    }
}

/// A line that could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not kept, nor what comes after it: {why}. Send again from line {line} on")]
struct Stop {
    line: u64,
    why: anyhow::Error,
}

/// `3 events are kept in FOLDER and go with the next …`
fn kept(left: &Left, server: Option<&str>) -> String {
    let (events, go) = match left.events {
        1 => (String::from("1 event is"), "goes"),
        more => (format!("{more} events are"), "go"),
    };
    // what is meant for one recorder is never sent to another one
    let command = match server {
        Some(url) => format!("chasm --server {url} send"),
        None => "chasm send".to_owned(),
    };
    format!("{events} kept in {} and {go} with the next `{command}`", left.folder.display())
}

fn why_not(state: &State) -> &'static str {
    if state.paused { "recording is paused" } else { "the recorder takes nothing" }
}

fn settings(app: &App<'_>) -> Result<Settings> {
    Ok(Settings {
        server: app.given_server().map(str::to_owned),
        data_dir: Some(app.data_dir()?),
        // Lines are events; what a session looks like is not known here.
        mode: Mode::Live,
        close_wait: Duration::ZERO,
        ..Settings::for_client(client_name())
    })
}

async fn read_all(
    app: &App<'_>,
    args: &Send,
    recorder: &Recorder,
    summary: &mut Summary,
) -> Result<(), Stop> {
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    let mut input = stdin_lines();
    loop {
        let line = tokio::select! {
            line = input.recv() => line,
            _ = &mut stop => None,
        };
        let Some((number, line)) = line else { return Ok(()) };
        let stop = |why: anyhow::Error| Stop { line: number, why };
        let line = line.map_err(|error| stop(error.into()))?;
        for event in lines::events(&line, args.session.as_ref().map(|id| id.as_str())) {
            let taken = match event {
                Ok(raw) => hand_over(recorder, &raw).await.map_err(stop)?,
                Err(error) => Err(error),
            };
            match taken {
                Ok(()) => summary.sent(number),
                Err(error) => summary.bad(app, number, error),
            }
        }
    }
}

/// Into the outbox; while it is full and the recorder takes some of it, this waits.
async fn hand_over(recorder: &Recorder, raw: &str) -> Result<Result<(), LineError>> {
    let mut state = recorder.watch();
    loop {
        let waiting = state.borrow_and_update().waiting_events;
        match recorder.record(raw) {
            Ok(_) => return Ok(Ok(())),
            Err(RecordError::OutboxFull { .. }) if state.borrow().is_connected() => {
                let less = state.wait_for(|now| now.waiting_events < waiting || !now.is_connected());
                let _ = tokio::time::timeout(PATIENCE, less).await;
                if recorder.state().waiting_events >= waiting {
                    return Ok(recorder.record(raw).map(|_| Ok(()))?);
                }
            }
            Err(error @ RecordError::TooLarge { .. }) => {
                return Ok(Err(LineError { line: 0, code: "too_large".into(), message: error.to_string() }));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// All is acknowledged, or it is of no use to wait any longer.
async fn settled(recorder: &Recorder) {
    let mut state = recorder.watch();
    let mut was_there = false;
    loop {
        let now = state.borrow_and_update().clone();
        was_there |= now.is_connected();
        if now.waiting_events == 0 || (!was_there && now.trouble.is_some()) {
            return;
        }
        let progress = state.wait_for(|next| {
            next.waiting_events < now.waiting_events
                || next.is_connected() != now.is_connected()
                || next.trouble.is_some() != now.trouble.is_some()
                || next.paused != now.paused
        });
        if now.paused {
            let _ = progress.await;
        } else if tokio::time::timeout(PATIENCE, progress).await.is_err() {
            return;
        }
    }
}

/// Says so, once, when events wait because the user paused recording.
fn tell_of_pauses(app: &App<'_>, recorder: &Recorder) -> tokio::task::AbortHandle {
    let (out, mut state) = (app.out.clone(), recorder.watch());
    let task = tokio::spawn(async move {
        if state.wait_for(|now| now.paused).await.is_ok() {
            out.complain(
                "recording is paused: the events wait until it is resumed (Ctrl-C leaves them in the outbox)",
            );
        }
    });
    task.abort_handle()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_says_what_sends_it() {
        let left = |events| Left { events, folder: "/d/outbox/chasm".into() };
        assert_eq!(
            kept(&left(1), None),
            "1 event is kept in /d/outbox/chasm and goes with the next `chasm send`"
        );
        assert_eq!(
            kept(&left(3), Some("http://h:1")),
            "3 events are kept in /d/outbox/chasm and go with the next `chasm --server http://h:1 send`"
        );
    }
}
