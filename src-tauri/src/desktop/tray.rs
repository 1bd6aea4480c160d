//! The tray's child: when it is started, what it shows, and what is missing where it does not stay.
//!
//! Never decides what is shown. Invariant: a child that ends is started again, later and later, as long as there is a display
//! and something that shows icons; one that works for a minute starts the count anew.

use crate::child::{Child, Ending, Heard};
use crate::wire::{Face, FromTray, ToTray};
use chasm_protocol::api::DisplayEnvironment;
use chasm_protocol::status::Part;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Working so long, it works.
const STEADY: Duration = Duration::from_secs(60);

/// What the tray's child says, with the number of the child that says it.
pub type FromChild = (u64, Heard<FromTray>);

pub struct Tray {
    heard: mpsc::UnboundedSender<FromChild>,
    child: Option<Child>,
    /// Counts children, so that the last words of an old one are not taken for the new one's.
    number: u64,
    is_ready: bool,
    started: Option<Instant>,
    pause: Duration,
    next: Instant,
    shown: Option<Face>,
    missing: Option<String>,
}

impl Tray {
    pub fn new(heard: mpsc::UnboundedSender<FromChild>) -> Self {
        Self {
            heard,
            child: None,
            number: 0,
            is_ready: false,
            started: None,
            pause: FIRST_PAUSE,
            next: Instant::now(),
            shown: None,
            missing: None,
        }
    }

    pub const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// When it is worth to call [`Tray::start`] next; `None` while a child lives.
    pub const fn due(&self) -> Option<Instant> {
        if self.child.is_none() { Some(self.next) } else { None }
    }

    /// Starts a child, where none lives and the last one is gone long enough.
    pub fn start(&mut self, program: &Path, environment: &DisplayEnvironment) {
        if self.child.is_some() || Instant::now() < self.next {
            return;
        }
        self.number += 1;
        let (number, heard) = (self.number, self.heard.clone());
        let told = move |said| {
            // the actor is gone, so is the recorder
            let _ = heard.send((number, said));
        };
        self.shown = None;
        match Child::start(program, &[], environment, told) {
            Ok(child) => {
                self.child = Some(child);
                self.started = Some(Instant::now());
            }
            Err(error) => self.give_up(format!("{} cannot be started: {error}", program.display())),
        }
    }

    /// A new display, or something that shows icons: it is worth to try at once.
    pub fn try_now(&mut self) {
        self.pause = FIRST_PAUSE;
        self.next = Instant::now();
    }

    /// Ends the child; it is started again when it is due.
    pub fn end(&mut self) {
        self.child = None;
        self.is_ready = false;
        self.shown = None;
        // what the old one still says is not heard
        self.number += 1;
    }

    /// Shows this, where it is not shown yet.
    pub fn show(&mut self, face: &Face) {
        let Some(child) = &self.child else { return };
        if self.shown.as_ref() != Some(face) && child.say(&ToTray::Face(face.clone())) {
            self.shown = Some(face.clone());
        }
    }

    /// False where nobody is there to be told.
    pub fn say(&self, message: &ToTray) -> bool {
        self.child.as_ref().is_some_and(|child| child.say(message))
    }

    /// Takes note of what was heard; hands back what is not about the child itself.
    pub fn hear(&mut self, (number, heard): FromChild) -> Option<FromTray> {
        if number != self.number {
            return None;
        }
        match heard {
            Heard::Said(FromTray::Ready(_)) => {
                tracing::info!("the tray icon is there");
                self.is_ready = true;
                self.missing = None;
                None
            }
            Heard::Said(FromTray::Missing(what)) => {
                self.missing = Some(what);
                None
            }
            Heard::Said(said) => Some(said),
            Heard::Ended(ending) => {
                self.ended(ending);
                None
            }
        }
    }

    fn ended(&mut self, ending: Ending) {
        if self.started.is_some_and(|at| at.elapsed() >= STEADY) {
            self.pause = FIRST_PAUSE;
        }
        let why = self.missing.take().unwrap_or(ending.how);
        self.give_up(why);
    }

    fn give_up(&mut self, why: String) {
        self.end();
        if self.missing.as_ref() != Some(&why) {
            tracing::warn!(%why, again_in = ?self.pause, "there is no tray icon");
        }
        self.missing = Some(why);
        self.next = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// What the status says, where there is a display.
    pub fn part(&self) -> Part {
        match (&self.missing, self.is_ready) {
            (_, true) => Part::ok(),
            (Some(why), false) => Part::missing(why.clone()),
            (None, false) => Part::off("it is being started"),
        }
    }
}
