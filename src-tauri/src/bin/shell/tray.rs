//! The tray icon: draws the face that the recorder sends, and says what is clicked.
//!
//! Never decides anything. Invariant: what is shown is the last face that came.

mod drawn;
mod icons;

use crate::lines;
use anyhow::{Context, Result};
use chasm_recorder::wire::{Face, FromTray, Message, Question, ToTray};
use drawn::Drawn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use tauri::{AppHandle, Manager, RunEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};

/// What is drawn; `None` before the first face.
type Shown = Mutex<Option<Drawn>>;

pub fn run() -> Result<()> {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .manage(Shown::default())
        .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
        .setup(|app| {
            let app = app.handle().clone();
            lines::hear(move |message| hear(&app, message))?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("the tray cannot be started")?;
    app.run(|_, event| {
        // there is no window that could be the last one
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}

fn hear(app: &AppHandle, message: Option<ToTray>) {
    let Some(message) = message else { return app.exit(0) };
    let there = app.clone();
    let done = app.run_on_main_thread(move || match message {
        ToTray::Face(face) => draw(&there, face),
        ToTray::Copy { copy } => self::copy(&there, copy),
        ToTray::Ask { ask } => self::ask(&there, ask),
        ToTray::Tell { tell } => self::tell(&there, tell, MessageDialogKind::Info),
    });
    if done.is_err() {
        app.exit(1);
    }
}

fn draw(app: &AppHandle, face: Face) {
    let shown = app.state::<Shown>();
    let Ok(mut shown) = shown.lock() else { return app.exit(1) };
    if let Some(drawn) = shown.as_mut() {
        if let Err(error) = drawn.show(app, face) {
            lines::complain(&format!("the tray cannot be drawn: {error}"));
        }
        return;
    }
    // a library that is not there makes the icon's maker panic
    let made = catch_unwind(AssertUnwindSafe(|| Drawn::make(app, face)));
    match made {
        Ok(Ok(drawn)) => {
            *shown = Some(drawn);
            lines::say(&FromTray::Ready(true));
        }
        Ok(Err(error)) => missing(app, &format!("the tray icon cannot be made: {error}")),
        Err(_) => missing(app, "a library of the tray icon is missing"),
    }
}

fn missing(app: &AppHandle, what: &str) {
    lines::say(&FromTray::Missing(what.to_owned()));
    app.exit(1);
}

fn chosen(app: &AppHandle, id: &str) {
    // a check mark turns by itself: it is the recorder that says when it has turned
    if let Ok(shown) = app.state::<Shown>().lock()
        && let Some(drawn) = shown.as_ref()
    {
        drawn.undo_check(id);
    }
    lines::say(&FromTray::Chosen(id.to_owned()));
}

/// The clipboard keeps what is in it as long as this process lives, on X11 and Wayland.
fn copy(app: &AppHandle, text: String) {
    thread_local! {
        static CLIPBOARD: std::cell::RefCell<Option<arboard::Clipboard>> = const { std::cell::RefCell::new(None) };
    }
    let copied = CLIPBOARD.with_borrow_mut(|clipboard| {
        if clipboard.is_none() {
            *clipboard = Some(arboard::Clipboard::new()?);
        }
        clipboard.as_mut().map_or(Ok(()), |clipboard| clipboard.set_text(text.clone()))
    });
    if copied.is_err() {
        let text = format!("The clipboard cannot be reached. The address is {text}");
        tell(app, Message { title: String::from("Chasm Recorder"), text }, MessageDialogKind::Warning);
    }
}

fn ask(app: &AppHandle, Question { id, title, text, yes, no }: Question) {
    app.dialog()
        .message(text)
        .title(title)
        .kind(MessageDialogKind::Warning)
        .buttons(MessageDialogButtons::OkCancelCustom(yes, no))
        .show(move |yes| lines::say(&FromTray::Answered { id, yes }));
}

fn tell(app: &AppHandle, Message { title, text }: Message, kind: MessageDialogKind) {
    app.dialog().message(text).title(title).kind(kind).show(|_| {});
}
