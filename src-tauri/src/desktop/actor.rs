//! The task that owns tray and window: what they say, what is wished, what is shown.
//!
//! Never waits for anything but its mailboxes: whatever takes time is a task of its own. Invariant: it ends its children before
//! it ends.

use super::tray::Tray;
use super::window::Window;
use super::{Handle, Wish, acts};
use crate::ask::Recorder;
use crate::glance::{self, Glance};
use crate::watcher::Nudge;
use crate::wire::{Face, FromTray, ToTray};
use crate::{child, environment, menu};
use chasm_protocol::api::{DisplayEnvironment, OpenApp};
use chasm_protocol::status::Part;
use chasm_server::Engine;
use std::path::PathBuf;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What the desktop works with.
pub struct Surroundings {
    pub handle: Handle,
    pub wishes: mpsc::Receiver<Wish>,
    pub glances: watch::Receiver<Option<Glance>>,
    pub nudge: Nudge,
    pub engine: Engine,
    pub recorder: Recorder,
    /// `http://127.0.0.1:8787`
    pub address: String,
    pub data_dir: PathBuf,
    /// The page has to show the token of the data folder.
    pub needs_token: bool,
    /// Cancelled by the user's wish to end the recorder.
    pub quit: CancellationToken,
}

/// The actor's own state; `acts` works on it too.
pub(super) struct Actor {
    pub around: Surroundings,
    pub environment: DisplayEnvironment,
    pub tray: Tray,
    pub window: Window,
    pub tells: mpsc::UnboundedSender<ToTray>,
    /// The user is being asked whether to end.
    pub is_asking: bool,
    programs: Programs,
    bus: watch::Sender<Option<String>>,
    host: Host,
}

/// What draws.
struct Programs {
    tray: PathBuf,
    window: PathBuf,
}

/// Whether something shows icons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// Not known yet.
    Unknown,
    NoBus(String),
    Absent,
    Present,
}

struct Mailboxes {
    tray: mpsc::UnboundedReceiver<super::tray::FromChild>,
    window: mpsc::UnboundedReceiver<super::window::FromChild>,
    tells: mpsc::UnboundedReceiver<ToTray>,
    host: watch::Receiver<Host>,
}

/// Runs until the token is cancelled.
pub async fn run(around: Surroundings, stop: CancellationToken) {
    let environment = environment::own();
    let (tray_says, tray) = mpsc::unbounded_channel();
    let (window_says, window) = mpsc::unbounded_channel();
    let (tells, told) = mpsc::unbounded_channel();
    let (bus, bus_watched) = watch::channel(environment::session_bus(&environment));
    let mut mailboxes = Mailboxes { tray, window, tells: told, host: hosts(bus_watched) };
    let mut actor = Actor {
        around,
        environment,
        tray: Tray::new(tray_says),
        window: Window::new(window_says),
        tells,
        is_asking: false,
        programs: Programs { tray: child::tray(), window: child::shell() },
        bus,
        host: Host::Unknown,
    };
    if !environment::has_display(&actor.environment) {
        tracing::warn!("there is no display: no tray icon and no window; recording goes on");
    }
    actor.note();
    while actor.step(&mut mailboxes, &stop).await {
        actor.draw();
        actor.note();
    }
    actor.end(mailboxes).await;
}

impl Actor {
    /// One thing that happens. False when it is over.
    async fn step(&mut self, mailboxes: &mut Mailboxes, stop: &CancellationToken) -> bool {
        let due = self.tray_due();
        tokio::select! {
            () = stop.cancelled() => return false,
            Some(wish) = self.around.wishes.recv() => self.fulfil(wish),
            Some(heard) = mailboxes.tray.recv() => {
                if let Some(said) = self.tray.hear(heard) {
                    self.hear(said);
                }
                // with the tray its question is gone
                self.is_asking &= self.tray.is_ready();
            }
            Some(heard) = mailboxes.window.recv() => {
                if let Some(path) = self.window.hear(heard) {
                    tracing::info!("there is no window here: the browser shows the page");
                    acts::browse(self, &path);
                }
            }
            Some(told) = mailboxes.tells.recv() => drop(self.tray.say(&told)),
            Ok(()) = self.around.glances.changed() => {}
            Ok(()) = mailboxes.host.changed() => self.host_changed(mailboxes.host.borrow_and_update().clone()),
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                self.tray.start(&self.programs.tray, &self.environment);
            }
        }
        true
    }

    /// When a tray is to be started; `None` where there is one, or nothing that would show it.
    fn tray_due(&self) -> Option<Instant> {
        let may = environment::has_display(&self.environment) && self.host == Host::Present;
        self.tray.due().filter(|_| may)
    }

    fn host_changed(&mut self, host: Host) {
        match &host {
            Host::Present => self.tray.try_now(),
            Host::NoBus(why) => {
                tracing::warn!(%why, "there is no session bus: no tray icon");
                self.tray.end();
            }
            Host::Absent => tracing::warn!("nothing shows tray icons: the icon comes when something does"),
            Host::Unknown => {}
        }
        self.host = host;
    }

    fn hear(&mut self, said: FromTray) {
        match said {
            FromTray::Chosen(id) => match menu::choice(&id) {
                Some(choice) => acts::act(self, choice),
                None => tracing::debug!("an entry without meaning was chosen"),
            },
            FromTray::Activated(_) => self.report(|actor| actor.open("")),
            FromTray::Answered { id, yes } if id == acts::QUIT => {
                self.is_asking = false;
                if yes {
                    self.around.quit.cancel();
                }
            }
            FromTray::Answered { .. } => {}
            FromTray::Ready(_) | FromTray::Missing(_) => {}
        }
    }

    fn fulfil(&mut self, Wish { what: OpenApp { path, hidden, environment }, reply }: Wish) {
        if let Some(given) = environment {
            self.take_over(&given);
        }
        let opened = if hidden { Ok(()) } else { self.open(path.as_deref().unwrap_or_default()) };
        if let Err(why) = &opened {
            tracing::warn!(%why, "no window");
        }
        if let Some(reply) = reply {
            // whoever asked may have gone
            let _ = reply.send(opened);
        }
    }

    /// A later start knows of a display that this one does not.
    fn take_over(&mut self, given: &DisplayEnvironment) {
        let works = self.tray.is_ready() || self.window.is_open();
        if !environment::take_over(&mut self.environment, given, works) {
            return;
        }
        tracing::info!("a display was handed over");
        self.tray.end();
        self.tray.try_now();
        self.window.end();
        let bus = environment::session_bus(&self.environment);
        if let Some(address) = &bus {
            self.around.handle.use_bus(address.clone());
        }
        self.bus.send_replace(bus);
    }

    /// Opens the window or brings it to the front; an empty path leaves an open one where it is.
    pub(super) fn open(&mut self, path: &str) -> Result<(), String> {
        if !environment::has_display(&self.environment) {
            return Err(String::from(
                "the recorder knows of no display (DISPLAY and WAYLAND_DISPLAY are not set): `chasm open` shows its page in a browser",
            ));
        }
        if path.starts_with("/recovery") || path.starts_with("/status") {
            self.around.nudge.damage_was_seen();
        }
        let arguments = [
            ("--server", self.around.address.clone()),
            ("--data-dir", self.around.data_dir.display().to_string()),
        ];
        let mut arguments: Vec<String> =
            arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        if self.around.needs_token {
            arguments.push(String::from("--token"));
        }
        self.window.open(&self.programs.window, arguments, &self.environment, path)
    }

    /// Does something, and tells the user where it does not work.
    pub(super) fn report(&mut self, act: impl FnOnce(&mut Self) -> Result<(), String>) {
        if let Err(why) = act(self) {
            tracing::warn!(%why, "a wish from the tray was not fulfilled");
            self.tray.say(&acts::tell("That did not work", why));
        }
    }

    fn draw(&mut self) {
        let face = self.around.glances.borrow().as_ref().map(|glance| Face {
            icon: glance::icon(glance),
            tooltip: glance::tooltip(glance),
            menu: menu::menu(glance),
        });
        if let Some(face) = face {
            self.tray.show(&face);
        }
    }

    /// Says in the status what is there.
    fn note(&self) {
        let (tray, window) = if environment::has_display(&self.environment) {
            (self.tray_part(), self.window.part())
        } else {
            (Part::off("no display"), Part::off("no display"))
        };
        self.around.handle.set(|parts| {
            parts.tray = tray;
            parts.window = window;
        });
    }

    fn tray_part(&self) -> Part {
        match &self.host {
            Host::NoBus(why) => Part::missing(format!("no session bus: {why}")),
            Host::Absent => Part::missing("nothing shows tray icons; the icon comes when something does"),
            Host::Unknown | Host::Present => self.tray.part(),
        }
    }

    /// Ends the children, and waits until they are gone.
    async fn end(self, mailboxes: Mailboxes) {
        let Mailboxes { mut tray, mut window, .. } = mailboxes;
        // with the children their senders go, and with the last sender the mailbox ends
        drop(self);
        while tray.recv().await.is_some() {}
        while window.recv().await.is_some() {}
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn hosts(bus: watch::Receiver<Option<String>>) -> watch::Receiver<Host> {
    super::host::watch(bus)
}

/// Other systems always show icons.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn hosts(_bus: watch::Receiver<Option<String>>) -> watch::Receiver<Host> {
    let (told, watched) = watch::channel(Host::Unknown);
    told.send_replace(Host::Present);
    // nobody changes it again
    std::mem::forget(told);
    watched
}
