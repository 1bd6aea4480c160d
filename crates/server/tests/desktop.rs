//! A daemon with a desktop around it, one without, and a port that is taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::OpenApp;
use chasm_protocol::status::{DesktopStatus, Part};
use chasm_server::{Daemon, DaemonError, Desktop, Options};
use common::Home;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Remembers what it was asked for.
#[derive(Default)]
struct Made {
    wishes: Mutex<Vec<OpenApp>>,
    at_login: AtomicBool,
    has_no_display: AtomicBool,
    notified: AtomicUsize,
}

impl Desktop for Made {
    fn status(&self) -> DesktopStatus {
        DesktopStatus {
            tray: Part::missing("nothing shows icons"),
            window: Part::ok(),
            notifications: Part::ok(),
        }
    }

    fn open(&self, wish: OpenApp) -> BoxFuture<'_, Result<(), String>> {
        self.wishes.lock().unwrap().push(wish);
        let none = self.has_no_display.load(Ordering::Relaxed);
        async move { if none { Err(String::from("no display")) } else { Ok(()) } }.boxed()
    }

    fn test_notification(&self) -> Result<(), String> {
        if self.has_no_display.load(Ordering::Relaxed) {
            return Err(String::from("nothing shows notifications"));
        }
        self.notified.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn starts_at_login(&self) -> bool {
        self.at_login.load(Ordering::Relaxed)
    }

    fn start_at_login(&self, on: bool) -> Result<(), String> {
        self.at_login.store(on, Ordering::Relaxed);
        Ok(())
    }
}

async fn home(desktop: Arc<Made>) -> Home {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { port: Some(0), desktop: Some(desktop), ..Options::new(folder.path()) };
    let daemon = Daemon::start(options).await.unwrap();
    Home { folder, address: daemon.address(), daemon: Some(daemon) }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_reaches_the_desktop_when_it_makes_sense() {
    let desktop = Arc::new(Made::default());
    let home = home(desktop.clone()).await;
    let wish = r#"{"path":"/session/a%2Fb","environment":{"DISPLAY":":1","XDG_RUNTIME_DIR":"/run/user/1"}}"#;
    assert_eq!(home.post("/api/app/open", wish).await.status, 204);
    assert_eq!(home.post("/api/app/open", "").await.status, 204);
    let wishes = desktop.wishes.lock().unwrap().clone();
    assert_eq!(wishes.len(), 2);
    assert_eq!(wishes[0].path.as_deref(), Some("/session/a%2Fb"));
    assert_eq!(wishes[0].environment.as_ref().unwrap().display.as_deref(), Some(":1"));
    for odd in [
        r#"{"path":"javascript:alert(1)"}"#,
        r#"{"path":"//evil.example"}"#,
        r#"{"environment":{"DBUS_SESSION_BUS_ADDRESS":"unixexec:path=/bin/sh"}}"#,
    ] {
        let answer = home.post("/api/app/open", odd).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_field"), "{odd}");
    }
    for unheard in [r#"{"environment":{"LD_PRELOAD":"/x"}}"#, r#"{"program":"/bin/sh"}"#] {
        assert!((400..=422).contains(&home.post("/api/app/open", unheard).await.status), "{unheard}");
    }
    assert_eq!(desktop.wishes.lock().unwrap().len(), 2);
    desktop.has_no_display.store(true, Ordering::Relaxed);
    let answer = home.post("/api/app/open", "{}").await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "no_desktop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_opens_the_window_or_changes_the_login() {
    let desktop = Arc::new(Made::default());
    let home = home(desktop.clone()).await;
    for (method, path) in [("POST", "/api/app/open"), ("PATCH", "/api/app"), ("POST", "/api/app/notify")] {
        let origin = ("Origin", "https://evil.example");
        let answer = home.ask(method, path, &[JSON, origin], "{}").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden_origin"), "{path}");
        assert!(home.ask(method, path, &[JSON, ("Origin", "tauri://localhost")], "{}").await.status < 300);
    }
    assert_eq!(desktop.wishes.lock().unwrap().len(), 1);
    assert_eq!(desktop.notified.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_shown_to_who_wants_to_see_one() {
    let desktop = Arc::new(Made::default());
    let home = home(desktop.clone()).await;
    assert_eq!(home.post("/api/app/notify", "{}").await.status, 204);
    assert_eq!(home.post("/api/app/notify", "").await.status, 204);
    assert_eq!(home.post("/api/app/notify", r#"{"text":"x"}"#).await.status, 422);
    assert_eq!(desktop.notified.load(Ordering::Relaxed), 2);
    desktop.has_no_display.store(true, Ordering::Relaxed);
    let answer = home.post("/api/app/notify", "{}").await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "no_desktop"));
    assert!(answer.body.contains("nothing shows notifications"));
}

#[tokio::test(flavor = "multi_thread")]
async fn start_at_login_is_read_and_changed() {
    let home = home(Arc::default()).await;
    let off = json!({"start_at_login": false, "available": true});
    let on = json!({"start_at_login": true, "available": true});
    assert_eq!(home.get("/api/app").await.json(), off);
    let change = |body: &'static str| home.ask("PATCH", "/api/app", &[JSON], body);
    assert_eq!(change(r#"{"start_at_login":true}"#).await.json(), on);
    assert_eq!(change("{}").await.json(), on);
    assert_eq!(change(r#"{"start_at_login":false}"#).await.json(), off);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_what_of_the_desktop_is_there() {
    let home = home(Arc::default()).await;
    let status = home.get("/api/recording/status").await.json();
    assert_eq!(status["desktop"]["tray"], json!({"state": "missing", "detail": "nothing shows icons"}));
    assert_eq!(status["desktop"]["window"], json!({"state": "ok", "detail": null}));
    assert_eq!(home.post("/api/recording/pause", "{}").await.json()["desktop"]["window"]["state"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_desktop_says_so() {
    let home = Home::start("").await;
    assert_eq!(home.get("/api/recording/status").await.json()["desktop"], json!(null));
    let change = home.ask("PATCH", "/api/app", &[JSON], "{}").await;
    let (open, notify) = (home.post("/api/app/open", "{}").await, home.post("/api/app/notify", "{}").await);
    for answer in [home.get("/api/app").await, change, open, notify] {
        assert_eq!((answer.status, answer.code().as_str()), (409, "no_desktop"));
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("pid {}", std::process::id())), "{message}");
        assert!(message.contains("chasm serve") && message.contains("chasm open"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_an_error_or_the_next_one_is_used() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { port: Some(port), ..Options::new(folder.path()) };
    let refused = Daemon::start(options.clone()).await.err().unwrap();
    assert!(matches!(refused, DaemonError::PortInUse { .. }), "{refused}");
    let daemon = Daemon::start(Options { next_free_port: true, ..options }).await.unwrap();
    let got = daemon.address().port();
    assert!(got != port && daemon.url().ends_with(&got.to_string()));
    let found = daemon.taken_port().unwrap().clone();
    assert_eq!(found.port, port);
    #[cfg(target_os = "linux")]
    assert_eq!(found.holder.pid, Some(std::process::id()));
    let named = chasm_server::read_server_file(folder.path()).unwrap();
    assert_eq!(named.address, daemon.url());
    daemon.stop().await;
}
