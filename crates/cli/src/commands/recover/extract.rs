//! `chasm recover extract`: all that editors still have of a project, into the recorder or as files.
//!
//! Never writes to an editor's files. Invariant: a file that is written is whole or not there, none is replaced, and what is
//! recorded has the same identities every time; so it can be broken off at any moment and run again.

pub mod found;
mod read;
mod write;

use crate::app::App;
use crate::args::Extract;
use crate::exit::{Exit, NotFound, Usage};
use crate::show::extract as show;
use anyhow::{Result, bail};
use chasm_client::Endpoint;
use chasm_editors::project::{self, Looked};
use chasm_editors::{EDITORS, Editor, editor};
use found::{Answer, Extracted, Group, Unread};
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest search.
const SEARCH: Duration = Duration::from_secs(600);

/// What is done with what is found.
enum Way {
    Record(Endpoint),
    Write(PathBuf),
    /// Only read; with the folder that would be written to.
    Dry(Option<PathBuf>),
}

pub async fn run(app: &App<'_>, args: Extract) -> Result<Exit> {
    let editors = chosen(&args.editor)?;
    let way = match (args.dry_run, args.out) {
        (true, out) => Way::Dry(out),
        (false, Some(out)) => Way::Write(out),
        (false, None) => Way::Record(reachable(app).await?),
    };
    let roots = app.editor_roots().await?;
    let (path, names) = (args.path.clone(), editors.iter().map(|e| e.name()).collect::<Vec<_>>());
    let search = move || project::sessions(&path, &editors, &roots, Instant::now() + SEARCH);
    let looked = tokio::task::spawn_blocking(search).await?;
    if looked.sources.is_empty() {
        return Err(NotFound(show::nothing(&args.path, &names, &looked)).into());
    }
    let mut answer = Answer::new(&args.path, &looked);
    let groups = found::groups(&looked);
    let bar = crate::commands::bar("extracting", groups.iter().map(Group::bytes).sum());
    for_each(app, &way, groups, &bar, &mut answer.sessions).await?;
    bar.finish_and_clear();
    close(app, &way, &looked, answer).await
}

/// The editors that are named, or all.
fn chosen(ids: &[String]) -> Result<Vec<&'static dyn Editor>> {
    if ids.is_empty() {
        return Ok(EDITORS.to_vec());
    }
    let one = |id: &String| {
        let known = || EDITORS.iter().map(|editor| editor.id()).collect::<Vec<_>>().join(", ");
        editor(id).ok_or_else(|| Usage(format!("there is no editor {id:?}; there are {}", known())).into())
    };
    ids.iter().map(one).collect()
}

/// The recorder, which has to be there before anything is read.
async fn reachable(app: &App<'_>) -> Result<Endpoint> {
    app.rest()?.status().await?;
    Ok(app.endpoint()?)
}

async fn for_each(
    app: &App<'_>,
    way: &Way,
    groups: Vec<Group>,
    bar: &ProgressBar,
    done: &mut Vec<Extracted>,
) -> Result<()> {
    let all = groups.len();
    // an import that is broken off goes on where it was, so there is nothing to bring to an end
    let stop = if matches!(way, Way::Record(_)) { Arc::default() } else { stop_on_ctrl_c() };
    for group in groups {
        let bytes = group.bytes();
        let extracted = match way {
            Way::Record(endpoint) => read::record(app, endpoint, &group).await?,
            Way::Dry(out) => offline(&stop, group, out.clone(), false).await?,
            Way::Write(out) => offline(&stop, group, Some(out.clone()), true).await?,
        };
        let Some(extracted) = extracted else {
            bail!("broken off: {} of {all} sessions are done, run it again for the rest", done.len());
        };
        bar.inc(bytes);
        if !app.out.json() {
            bar.suspend(|| app.out.print(&show::line(&extracted)))?;
        }
        done.push(extracted);
    }
    Ok(())
}

/// Reads and writes on a thread that may block; `None` where Ctrl-C broke it off.
async fn offline(
    stop: &Arc<AtomicBool>,
    group: Group,
    out: Option<PathBuf>,
    really: bool,
) -> Result<Option<Extracted>> {
    let stopped = stop.clone();
    let work = move || -> Result<Option<Extracted>> {
        let Some((mut extracted, sessions)) = read::sessions(&group, out.is_some(), &stopped) else {
            return Ok(None);
        };
        if let Some(out) = out {
            extracted.files = write::sessions(&out, &sessions, really)?;
        }
        Ok(Some(extracted))
    };
    tokio::task::spawn_blocking(work).await?
}

/// Ctrl-C from now on lets what is being written be written to its end, and no more.
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.store(true, Ordering::Relaxed);
        }
    });
    stop
}

async fn close(app: &App<'_>, way: &Way, looked: &Looked, mut answer: Answer) -> Result<Exit> {
    answer.unread =
        looked.unread.iter().map(|(path, why)| Unread { path: path.clone(), why: why.clone() }).collect();
    let dry = matches!(way, Way::Dry(_));
    answer.dry_run = dry;
    if let Way::Write(out) = way {
        let report = serde_json::to_vec_pretty(&answer)?;
        answer.report = Some(write::report(out, &report)?);
    }
    if app.out.json() {
        app.out.document(&answer)?;
    } else {
        app.out.print(&show::total(&answer))?;
    }
    let failed = answer.sessions.iter().any(|session| session.parts.iter().any(|part| part.error.is_some()));
    Ok(match answer.sessions.iter().any(|session| session.refused > 0) {
        true => Exit::Refused,
        false if failed => Exit::Failure,
        false => Exit::Done,
    })
}
