//! `chasm service`: the recorder as a systemd unit of this user, for machines without a desktop.
//!
//! Owns what is done in which order, and how it is told. Never runs the recorder itself. Invariant: what could not be done is
//! said, with the command that does it by hand.

mod place;
mod show;
mod systemd;
mod unit;

use crate::app::App;
use crate::args::{Install, Serve, Unit};
use crate::exit::{Exit, NotFound};
use anyhow::{Context, Result, bail};
use place::{NAME, Place};
use serde::Serialize;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use systemd::Systemd;

pub async fn run(app: &App<'_>, act: Unit) -> Result<Exit> {
    if !cfg!(target_os = "linux") {
        bail!("there is no systemd on this system: the desktop app starts at login, `chasm serve` by hand");
    }
    let place = Place::of_user()?;
    match act {
        Unit::Install(args) => install(app, &place, args).await,
        Unit::Remove => remove(app, &place).await,
        Unit::Status => status(app, &place).await,
    }
}

/// What `install` did.
#[derive(Debug, Serialize)]
struct Installed {
    unit: PathBuf,
    /// Program and arguments.
    command: Vec<String>,
    data_dir: PathBuf,
    /// It starts at login.
    enabled: bool,
    /// It records now.
    started: bool,
    /// Why it is not enabled, or not started.
    why: Option<String>,
}

async fn install(app: &App<'_>, place: &Place, args: Install) -> Result<Exit> {
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    let program = text(&program)?;
    let arguments = arguments(app, &args.serve)?;
    let before = place.ours()?;
    let text = unit::text(&program, &arguments)?;
    place.write(&text)?;
    let mut done = Installed {
        unit: place.path().to_owned(),
        command: std::iter::once(program).chain(arguments).collect(),
        data_dir: full(&app.data_dir()?),
        enabled: false,
        started: false,
        why: None,
    };
    let exit = match Systemd::reach().await {
        Ok(systemd) => {
            let changed = before.is_some_and(|before| before != text);
            start(&systemd, &mut done, changed).await
        }
        Err(error) => {
            done.why = Some(format!("no systemd answers here ({error})"));
            Exit::Done
        }
    };
    if app.out.json() {
        app.out.document(&done)?;
    } else {
        app.out.print(&show::installed(&done))?;
    }
    Ok(exit)
}

/// Has systemd start it now and at each login; what does not work is noted.
async fn start(systemd: &Systemd, done: &mut Installed, changed: bool) -> Exit {
    let begin = async {
        systemd.tell(&["daemon-reload"]).await?;
        systemd.tell(&["enable", NAME]).await?;
        done.enabled = true;
        let runs = systemd.look(NAME).await?.active == "active";
        if !runs && let Some(holder) = holder(&done.data_dir) {
            done.why = Some(format!("a recorder{holder} uses the data folder already: end that one first"));
            return Ok(());
        }
        systemd.tell(&[if runs && changed { "restart" } else { "start" }, NAME]).await?;
        done.started = true;
        Ok::<(), systemd::SystemdError>(())
    };
    match begin.await {
        Ok(()) => Exit::Done,
        Err(error) => {
            done.why = Some(error.to_string());
            Exit::Failure
        }
    }
}

/// What `remove` did.
#[derive(Debug, Serialize)]
struct Removed {
    unit: PathBuf,
    /// systemd has stopped it, where it ran.
    stopped: bool,
    /// Why systemd was not asked.
    why: Option<String>,
}

async fn remove(app: &App<'_>, place: &Place) -> Result<Exit> {
    if place.ours()?.is_none() {
        return Err(NotFound(format!("there is no unit at {}", place.path().display())).into());
    }
    let systemd = Systemd::reach().await;
    if let Ok(systemd) = &systemd {
        systemd.tell(&["disable", "--now", NAME]).await.context("nothing was removed")?;
    }
    place.remove()?;
    if let Ok(systemd) = &systemd {
        systemd.tell(&["daemon-reload"]).await?;
        // a failure of the past is no news about a unit that is gone; there need not be one
        let _ = systemd.tell(&["reset-failed", NAME]).await;
    }
    let done = Removed {
        unit: place.path().to_owned(),
        stopped: systemd.is_ok(),
        why: systemd.err().map(|error| format!("no systemd answers here ({error})")),
    };
    if app.out.json() {
        app.out.document(&done)?;
    } else {
        app.out.print(&show::removed(&done))?;
    }
    Ok(Exit::Done)
}

/// What `status` found.
#[derive(Debug, Serialize)]
struct Found {
    unit: PathBuf,
    /// The command line in the unit.
    command: Option<String>,
    /// The program that the unit starts is there.
    program_exists: bool,
    /// In systemd's words; absent where it cannot be asked.
    active: Option<String>,
    enabled: Option<String>,
    pid: Option<u32>,
    why: Option<String>,
}

async fn status(app: &App<'_>, place: &Place) -> Result<Exit> {
    let Some(text) = place.ours()? else {
        let hint = "`chasm service install` writes it";
        return Err(NotFound(format!("there is no unit at {}: {hint}", place.path().display())).into());
    };
    let asked = match Systemd::reach().await {
        Ok(systemd) => systemd.look(NAME).await,
        Err(error) => Err(error),
    };
    let (state, why) = match asked {
        Ok(state) => (Some(state), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let runs = state.as_ref().is_some_and(|state| state.active == "active");
    let found = Found {
        unit: place.path().to_owned(),
        command: unit::command(&text).map(str::to_owned),
        program_exists: unit::program(&text).is_some_and(|program| Path::new(&program).exists()),
        active: state.as_ref().map(|state| state.active.clone()),
        enabled: state.as_ref().map(|state| state.enabled.clone()).filter(|word| !word.is_empty()),
        pid: state.and_then(|state| state.pid),
        why,
    };
    if app.out.json() {
        app.out.document(&found)?;
    } else {
        app.out.print(&show::found(&found))?;
    }
    Ok(if runs { Exit::Done } else { Exit::NoRecorder })
}

/// What the unit has to say to be the recorder that this call means: systemd has neither its folder nor its environment.
fn arguments(app: &App<'_>, serve: &Serve) -> Result<Vec<String>> {
    let mut arguments = vec![String::from("serve")];
    let moved = std::env::var_os("XDG_DATA_HOME").is_some_and(|path| !path.is_empty());
    if app.given_data_dir().is_some() || moved {
        arguments.extend([String::from("--data-dir"), text(&full(&app.data_dir()?))?]);
    }
    if let Some(config) = &serve.config {
        arguments.extend([String::from("--config"), text(&full(config))?]);
    }
    if let Some(host) = serve.host {
        arguments.extend([String::from("--host"), host.to_string()]);
    }
    if let Some(port) = serve.port {
        arguments.extend([String::from("--port"), port.to_string()]);
    }
    Ok(arguments)
}

fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn text(path: &Path) -> Result<String, unit::UnitError> {
    path.to_str().map(str::to_owned).ok_or_else(|| unit::UnitError::Unsayable(path.display().to_string()))
}

/// Who has the lock of this data folder, as ` (pid N)`; `None` where nobody has it.
fn holder(data_dir: &Path) -> Option<String> {
    let path = data_dir.join("lock");
    match File::open(&path).ok()?.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let pid = std::fs::read_to_string(&path).unwrap_or_default();
            let pid = pid.trim();
            Some(if pid.is_empty() { String::new() } else { format!(" (pid {pid})") })
        }
        _ => None,
    }
}
