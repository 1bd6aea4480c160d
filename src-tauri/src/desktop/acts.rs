//! What a click does.
//!
//! Never holds up the actor: what takes time runs beside it, and what fails comes back as a message. Invariant: nothing that is
//! opened here is a remote address: a page of this recorder, or a folder of its own.

use super::actor::Actor;
use crate::ask::Recorder;
use crate::autostart::Autostart;
use crate::menu::Choice;
use crate::wire::{Message, Question, ToTray};
use crate::{environment, glance, logs};
use chasm_protocol::api::DisplayEnvironment;
use serde::Deserialize;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::mpsc;

/// The question whether to end.
pub(super) const QUIT: &str = "quit";
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn act(actor: &mut Actor, choice: Choice) {
    tracing::info!(?choice, "chosen in the tray");
    match choice {
        Choice::Open(path) => actor.report(|actor| actor.open(&path)),
        Choice::Pause(minutes) => {
            let engine = actor.around.engine.clone();
            beside(actor, async move { engine.pause(minutes).await.map(drop).map_err(|e| e.to_string()) });
        }
        Choice::Resume => {
            let engine = actor.around.engine.clone();
            beside(actor, async move { engine.resume().await.map(drop).map_err(|e| e.to_string()) });
        }
        Choice::StartAtLogin => start_at_login(actor),
        Choice::CopyAddress => {
            let copy = actor.around.address.clone();
            actor.tray.say(&ToTray::Copy { copy });
        }
        Choice::OpenInBrowser => browse(actor, ""),
        Choice::DataFolder => open_folder(actor, actor.around.data_dir.clone().as_path()),
        Choice::Logs => open_folder(actor, &logs::folder(&actor.around.data_dir)),
        Choice::About => {
            let text = format!(
                "Version {}\nIt listens at {}\nIt keeps everything in {}",
                env!("CARGO_PKG_VERSION"),
                actor.around.address,
                actor.around.data_dir.display()
            );
            actor.tray.say(&tell("Chasm Recorder", text));
        }
        Choice::Quit => quit(actor),
    }
}

/// Shows the page of this recorder in the browser, with a ticket that works once.
pub(super) fn browse(actor: &Actor, path: &str) {
    let (recorder, environment) = (actor.around.recorder.clone(), actor.environment.clone());
    let place = if path.is_empty() { String::new() } else { format!("#{path}") };
    beside(actor, async move {
        let url = ticket(&recorder).await?;
        launch(format!("{url}{place}").into(), &environment).await
    });
}

pub(super) fn tell(title: &str, text: String) -> ToTray {
    ToTray::Tell { tell: Message { title: title.to_owned(), text } }
}

/// To end now would cut off who is sending: that is asked, where there is somebody to answer.
fn quit(actor: &mut Actor) {
    let glance = actor.around.glances.borrow().clone();
    let Some(glance) = glance.filter(glance::Glance::has_live_client) else {
        return actor.around.quit.cancel();
    };
    let sessions = glance::count(glance.clients.iter().map(|c| c.sessions).sum(), "session");
    let clients = glance::count(glance.clients.iter().filter(|c| c.sessions > 0).count() as u64, "client");
    let ask = Question {
        id: QUIT.to_owned(),
        title: String::from("Stop recording?"),
        text: format!(
            "{clients} with {sessions} would not be recorded any more. What was acknowledged is on disk. \
             Clients keep what they have and send it when the recorder is back."
        ),
        yes: String::from("Quit"),
        no: String::from("Keep recording"),
    };
    if actor.is_asking && actor.tray.is_ready() {
        return;
    }
    actor.is_asking = actor.tray.say(&ToTray::Ask { ask });
    if !actor.is_asking {
        actor.around.quit.cancel();
    }
}

fn start_at_login(actor: &Actor) {
    let Some(autostart) = actor.around.handle.autostart().cloned() else {
        let _ = actor.tells.send(tell("That did not work", String::from("there is no place for the entry")));
        return;
    };
    let toggle = move || autostart.turn(!Autostart::is_on(&autostart)).map_err(|error| error.to_string());
    beside(actor, async move { tokio::task::spawn_blocking(toggle).await.unwrap_or(Ok(())) });
}

fn open_folder(actor: &Actor, folder: &Path) {
    let (folder, environment) = (folder.as_os_str().to_owned(), actor.environment.clone());
    beside(actor, async move { launch(folder, &environment).await });
}

/// Runs beside the actor; what fails is told.
fn beside(actor: &Actor, work: impl Future<Output = Result<(), String>> + Send + 'static) {
    let (tells, nudge): (mpsc::UnboundedSender<ToTray>, _) =
        (actor.tells.clone(), actor.around.nudge.clone());
    tokio::spawn(async move {
        if let Err(why) = work.await {
            tracing::warn!(%why, "a wish from the tray was not fulfilled");
            let _ = tells.send(tell("That did not work", why));
        }
        nudge.now();
    });
}

async fn ticket(recorder: &Recorder) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Ticket {
        url: String,
    }
    let answer = recorder.post("/api/ticket", "{}", PATIENCE).await.map_err(|e| e.to_string())?;
    let ticket = serde_json::from_str::<Ticket>(&answer.body).map_err(|_| answer.message())?;
    Ok(ticket.url)
}

/// Opens an address or a folder with the program that the user has for it, on this display.
async fn launch(what: OsString, display: &DisplayEnvironment) -> Result<(), String> {
    let mut failed = String::from("there is no program that opens it");
    for command in open::commands(&what) {
        let mut command = Command::from(command);
        for (name, value) in environment::pairs(display) {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        match command.status().await {
            Ok(status) if status.success() => return Ok(()),
            // the next one may be there
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Ok(status) => failed = format!("{} did not open it ({status})", name(&command)),
            Err(error) => failed = format!("{} cannot be started: {error}", name(&command)),
        }
    }
    Err(failed)
}

fn name(command: &Command) -> std::borrow::Cow<'_, str> {
    command.as_std().get_program().to_string_lossy()
}
