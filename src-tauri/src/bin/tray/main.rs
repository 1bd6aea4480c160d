//! `chasm-recorder-tray`: the tray icon. Draws the face that the recorder sends, and says what is clicked.
//!
//! Never decides anything, never records, keeps nothing, and links no WebKit. Invariant: what is shown is the last face that
//! came, and it ends when its stdin does, for then the recorder is gone.

mod dialogs;
mod drawn;
mod icons;

use anyhow::{Context, Result};
use chasm_recorder::lines;
use chasm_recorder::wire::{Face, FromTray, Message, ToTray};
use clap::Parser;
use drawn::Drawn;
use rfd::MessageLevel;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use tao::event::Event;
use tao::event_loop::{ControlFlow, EventLoopBuilder};
use tray_icon::menu::MenuEvent;
use tray_icon::{MouseButton, MouseButtonState, TrayIconEvent};

/// The tray icon of Chasm Recorder. `chasm-recorder` starts this program; there is no need to start it by hand.
#[derive(Debug, Parser)]
#[command(name = "chasm-recorder-tray", version)]
struct Cli {}

/// What the main thread, which alone may draw, is told by the others.
enum Happening {
    /// `None` is the end of stdin.
    Heard(Option<ToTray>),
    Chosen(String),
}

/// The exit code of a tray that is to end.
type End = Option<i32>;

fn main() -> ExitCode {
    let Cli {} = Cli::parse();
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            // the recorder reads the last line
            lines::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Ends with the process.
fn run() -> Result<Infallible> {
    let events = EventLoopBuilder::with_user_event().build();
    let (stdin, menu) = (events.create_proxy(), events.create_proxy());
    // a loop that is gone has nothing left to be told
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        let _ = menu.send_event(Happening::Chosen(event.id.0));
    }));
    TrayIconEvent::set_event_handler(Some(|event| activated(&event)));
    lines::hear(move |message| drop(stdin.send_event(Happening::Heard(message))))
        .context("stdin cannot be read")?;
    let mut tray = Tray::default();
    events.run(move |event, _, flow| {
        let end = match event {
            Event::UserEvent(happening) => tray.take(happening),
            Event::LoopDestroyed => {
                // not every desktop takes away the icon of a process that is gone
                tray.shown = None;
                return;
            }
            _ => None,
        };
        if let Some(code) = end {
            *flow = ControlFlow::ExitWithCode(code);
        } else if !matches!(flow, ControlFlow::ExitWithCode(_)) {
            *flow = ControlFlow::Wait;
        }
    });
}

fn activated(event: &TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event
        && !cfg!(target_os = "macos")
    {
        lines::say(&FromTray::Activated(true));
    }
}

#[derive(Default)]
struct Tray {
    /// `None` before the first face.
    shown: Option<Drawn>,
    /// Keeps what is in it as long as this process lives, on X11 and Wayland.
    clipboard: Option<arboard::Clipboard>,
}

impl Tray {
    fn take(&mut self, happening: Happening) -> End {
        match happening {
            Happening::Chosen(id) => self.chosen(id),
            Happening::Heard(None) => return Some(0),
            Happening::Heard(Some(ToTray::Face(face))) => return self.draw(face),
            Happening::Heard(Some(ToTray::Copy { copy })) => self.copy(&copy),
            Happening::Heard(Some(ToTray::Ask { ask })) => dialogs::ask(ask),
            Happening::Heard(Some(ToTray::Tell { tell })) => dialogs::tell(tell, MessageLevel::Info),
        }
        None
    }

    fn draw(&mut self, face: Face) -> End {
        if let Some(drawn) = &mut self.shown {
            if let Err(error) = drawn.show(face) {
                lines::complain(&format!("the tray cannot be drawn: {error:#}"));
            }
            return None;
        }
        // whatever the desktop's libraries do: the recorder is told
        match catch_unwind(AssertUnwindSafe(|| Drawn::make(face))) {
            Ok(Ok(drawn)) => {
                self.shown = Some(drawn);
                lines::say(&FromTray::Ready(true));
                None
            }
            Ok(Err(error)) => missing(&format!("the tray icon cannot be made: {error:#}")),
            Err(_) => missing("a library of the tray icon is missing"),
        }
    }

    fn chosen(&self, id: String) {
        // a check mark turns by itself: it is the recorder that says when it has turned
        if let Some(drawn) = &self.shown {
            drawn.undo_check(&id);
            drawn.settle();
        }
        lines::say(&FromTray::Chosen(id));
    }

    fn copy(&mut self, text: &str) {
        if self.try_copy(text).is_err() {
            let text = format!("The clipboard cannot be reached. The address is {text}");
            dialogs::tell(Message { title: String::from("Chasm Recorder"), text }, MessageLevel::Warning);
        }
    }

    fn try_copy(&mut self, text: &str) -> Result<(), arboard::Error> {
        if self.clipboard.is_none() {
            self.clipboard = Some(arboard::Clipboard::new()?);
        }
        self.clipboard.as_mut().map_or(Ok(()), |clipboard| clipboard.set_text(text))
    }
}

fn missing(what: &str) -> End {
    lines::say(&FromTray::Missing(what.to_owned()));
    Some(1)
}
