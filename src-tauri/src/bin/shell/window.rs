//! The window: one webview with the bundled page, which talks to the recorder over HTTP and to nobody else.
//!
//! Never shows anything that is not bundled. Invariant: with the window this process ends, and all of WebKit with it.

use crate::place::Place;
use crate::{Page, downloads, outside};
use anyhow::{Context, Result};
use chasm_recorder::lines;
use chasm_recorder::wire::{FromWindow, ToWindow};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{App, AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};

const MAIN: &str = "main";

/// What is kept when the window ends.
struct Kept {
    data_dir: Option<PathBuf>,
    before: Mutex<Place>,
}

pub fn run(page: Page) -> Result<()> {
    let place = Place::read(page.data_dir.as_deref());
    let kept = Kept { data_dir: page.data_dir.clone(), before: Mutex::new(place) };
    let app = tauri::Builder::default()
        .manage(kept)
        .invoke_handler(tauri::generate_handler![outside::open_outside])
        .setup(move |app| {
            open(app, &page, place)?;
            let app = app.handle().clone();
            lines::hear(move |message| hear(&app, message))?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("the window cannot be opened")?;
    app.run(|_, _| {});
    Ok(())
}

fn open(app: &App, page: &Page, place: Place) -> Result<(), Box<dyn std::error::Error>> {
    let mut window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Chasm Recorder")
        .inner_size(place.width, place.height)
        .min_inner_size(420.0, 320.0)
        .initialization_script(introduction(page)?)
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|page, event| downloads::take(&page, event))
        .on_page_load(|_, payload| {
            if payload.event() == PageLoadEvent::Finished {
                lines::say(&FromWindow::Ready(true));
            }
        });
    // what WebKit keeps (no answer of the recorder is among it) is in the private folder too
    if let Some(dir) = &page.data_dir {
        window = window.data_directory(dir.join("webview"));
    }
    let window = window.build()?;
    place.apply(&window)?;
    let kept = window.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::Resized(_) | WindowEvent::Moved(_) => note(&kept),
        WindowEvent::CloseRequested { .. } => keep(kept.app_handle()),
        _ => {}
    });
    Ok(())
}

/// What the page has to know before its own scripts run: where the recorder is, and what to show.
fn introduction(page: &Page) -> Result<String, Box<dyn std::error::Error>> {
    let token = match (&page.data_dir, page.token) {
        (Some(dir), true) => Some(read_token(dir)?),
        _ => None,
    };
    let mut known = serde_json::json!({ "server": page.server.trim_end_matches('/') });
    if let (Some(token), Some(known)) = (token, known.as_object_mut()) {
        known.insert(String::from("token"), token.into());
    }
    let mut script = format!("window.__CHASM__ = Object.freeze({known});");
    if !page.go.is_empty() {
        let place = serde_json::to_string(&format!("#{}", page.go))?;
        // a reload stays where the user went since
        script.push_str(&format!("if (!location.hash) history.replaceState(null, '', {place});"));
    }
    Ok(script)
}

fn read_token(data_dir: &Path) -> Result<String, Box<dyn std::error::Error>> {
    Ok(std::fs::read_to_string(data_dir.join("token"))?.trim().to_owned())
}

/// The bundled page, and nothing else. A `blob:` is content that the page has made: WebKit asks here before it downloads one, and
/// as a document it would be under the page's own policy.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "blob" => Url::parse(url.path()).is_ok_and(|inner| inner.scheme() != "blob" && is_ours(&inner)),
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

fn hear(app: &AppHandle, message: Option<ToWindow>) {
    match (message, app.get_webview_window(MAIN)) {
        (Some(ToWindow::Go(path)), Some(window)) => {
            if let Err(error) = go(&window, &path) {
                lines::complain(&format!("the window cannot be shown: {error}"));
            }
        }
        // a driver of tests starts this program without a recorder that would hold its stdin
        (None, _) if std::env::var_os("TAURI_AUTOMATION").is_some() => {}
        (None, _) | (Some(_), None) => {
            keep(app);
            app.exit(0);
        }
    }
}

/// To the front, and to this path of the page.
fn go(window: &WebviewWindow, path: &str) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()?;
    if path.is_empty() {
        return Ok(());
    }
    let place = serde_json::to_string(&format!("#{path}"))?;
    window.eval(format!("location.hash = {place};"))
}

fn note(window: &WebviewWindow) {
    let kept = window.state::<Kept>();
    if let Ok(mut before) = kept.before.lock() {
        *before = Place::of(window, *before);
    }
}

fn keep(app: &AppHandle) {
    let kept = app.state::<Kept>();
    if let Ok(place) = kept.before.lock() {
        place.keep(kept.data_dir.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(go: &str) -> Page {
        Page { server: "http://127.0.0.1:8787/".into(), data_dir: None, go: go.into(), token: false }
    }

    #[test]
    fn nothing_but_the_bundled_page_is_shown() {
        let ours = |url: &str| is_ours(&Url::parse(url).unwrap());
        assert!(ours("tauri://localhost/index.html#/session/x") && ours("http://tauri.localhost/"));
        assert!(ours("blob:tauri://localhost/0d5c"));
        for other in [
            "blob:http://127.0.0.1:8787/0d5c",
            "blob:null/0d5c",
            "blob:blob:tauri://localhost/0d5c",
            "http://127.0.0.1:8787/",
            "https://example.org/",
            "file:///etc/passwd",
            "tauri://example/",
            "data:text/html,x",
        ] {
            assert!(!ours(other), "{other}");
        }
    }

    #[test]
    fn the_page_is_told_where_the_recorder_is() {
        let script = introduction(&page("")).unwrap();
        assert_eq!(script, r#"window.__CHASM__ = Object.freeze({"server":"http://127.0.0.1:8787"});"#);
        let script = introduction(&page("/session/a\"</script>")).unwrap();
        assert!(script.contains(r##"'', "#/session/a\"</script>""##), "{script}");
    }

    #[test]
    fn a_token_is_read_where_the_page_needs_one() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = Page { data_dir: Some(folder.path().to_owned()), token: true, ..page("") };
        assert!(introduction(&wanted).is_err());
        std::fs::write(folder.path().join("token"), "abc\n").unwrap();
        assert!(introduction(&wanted).unwrap().contains(r#""token":"abc""#));
    }
}
