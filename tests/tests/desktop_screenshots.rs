//! Pictures of what people see: each icon in the panel, the menu, the notifications, the window.
//!
//! With `CHASM_SCREENSHOTS=DIR` they are kept there; without it they are taken all the same, and have to show something.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Item, Picture};
use chasm_tests::{Disk, Ws, events, eventually, within};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the pictures go, and a folder that lasts as long as the test.
struct Album {
    folder: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Album {
    fn open() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let kept = std::env::var_os("CHASM_SCREENSHOTS").map(PathBuf::from);
        let folder = kept.unwrap_or_else(|| scratch.path().to_owned());
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, _scratch: scratch }
    }

    fn page(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.png"))
    }

    /// Several pictures as one, below each other; the single ones are not kept.
    fn stack(&self, names: &[String], to: &str) {
        let files: Vec<PathBuf> = names.iter().map(|name| self.page(name)).collect();
        let done = Command::new("convert").args(&files).arg("-append").arg(self.page(to)).status().unwrap();
        assert!(done.success());
        files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
}

/// Takes it until it does not change any more and is not one plain ground.
async fn settled(what: &str, take: impl Fn(&Path), to: &Path) {
    settled_but_for(0, what, take, to).await;
}

/// The same, where this many lines may go on changing: a clock that ticks, a mark that pulses.
async fn settled_but_for(lines: usize, what: &str, take: impl Fn(&Path), to: &Path) {
    let mut last = None;
    eventually(&format!("a picture of {what}"), 30, async || {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        take(to);
        let now = Picture::read(to)?;
        let same = last.as_ref().is_some_and(|last: &Picture| {
            (last.width, last.height) == (now.width, now.height) && last.lines_apart(&now) <= lines
        });
        let shows = now.colours() > 16;
        last = Some(now);
        (same && shows).then_some(())
    })
    .await;
}

/// The middle of the tray icon: the panel is the only thing up there with its ink.
async fn place_of_icon(desk: &Desk, ink: [u8; 3]) -> (i32, i32) {
    let file = desk.home().join("panel.png");
    eventually("the icon is on the screen", 20, async || {
        desk.display().picture_of("1280x32+0+0", &file);
        Picture::read(&file)?.middle_of(ink)
    })
    .await
}

const PANEL: &str = "240x32+1040+0";
/// Recording, in a light panel.
const GREEN: [u8; 3] = [0x0f, 0x7b, 0x5f];

/// A chat of now, as a person would have it.
fn chat(session: &str, title: &str, lines: &[&str]) -> Vec<Value> {
    let about =
        json!({"title": title, "provider": "anthropic", "model": "opus", "workspace": "/home/ada/chasm"});
    let mut all = vec![json!({"session_id": session, "event_type": "session_start", "data": about})];
    all.extend(lines.iter().zip(1..).map(|(line, n)| {
        let data = json!({"role": events::role(n), "content": line, "message_id": format!("m{n}")});
        json!({"session_id": session, "event_type": "message", "data": data})
    }));
    all
}

const FIX: [&str; 4] = [
    "Why does the websocket test hang when the peer resets the connection?",
    "The reader task never sees the reset: it waits for a pong, and the timer that would end it is only armed by a write.\n\n\
     Arm it when the socket is split, and the test ends after one heartbeat.",
    "Do that, and make the test wait for the close instead of sleeping.",
    "Done. The timer now belongs to the reader, and the test awaits the close frame with a deadline of three heartbeats.",
];

async fn fill(app: &App) -> Vec<Ws> {
    let mut done =
        chat("migrate", "Migrate settings to TOML", &["Where are the settings read?", "In one place."]);
    done.push(json!({"session_id": "migrate", "event_type": "session_end"}));
    app.record(&json!(done)).await;
    let mut clients = Vec::new();
    for (client, session, title, lines) in [
        ("vscode/1.99", "fix", "Fix flaky websocket test", FIX.as_slice()),
        ("claude-code/2.0", "borrow", "Explain borrow checker error", &FIX[..1]),
    ] {
        let mut ws = app.ws().await;
        ws.try_hello_as(client, &[session]).await.unwrap();
        ws.send(&json!(chat(session, title, lines))).await;
        ws.all_acked().await;
        clients.push(ws);
    }
    clients
}

async fn each_icon(album: &Album, desk: &Desk, name: &str) {
    let Some(disk) = Disk::mount() else { return };
    let app = App::start_in(desk, &disk.path().join("data"), &["--hidden"]);
    let item = Item::appears(&desk.connect().await).await;
    let mut pages = Vec::new();
    let mut snap = async |state: &str| {
        item.shows(state).await;
        let page = format!("panel-{name}-{state}");
        // the panel draws a moment after it was told
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        settled(&page, |to| desk.display().picture_of(PANEL, to), &album.page(&page)).await;
        pages.push(page);
    };
    snap("idle").await;
    let ws = app.client("vscode/1.99", "fox", 2).await;
    snap("recording").await;
    app.rest("POST", "/api/recording/pause", &json!({})).await.expect(200);
    snap("paused").await;
    app.rest("POST", "/api/recording/resume", &json!({})).await.expect(200);
    drop(ws);
    snap("attention").await;
    disk.fill(0);
    let big = json!({"session_id": "x", "event_type": "message", "data": {"role": "user", "content": "x".repeat(65_536)}});
    eventually("an event is refused", 30, async || {
        (app.rest("POST", "/api/recording/events", &big).await.status != 200).then_some(())
    })
    .await;
    snap("error").await;
    album.stack(&pages, &format!("panel-{name}"));
}

#[test]
fn every_icon_in_a_light_and_in_a_dark_panel() {
    within(180, async {
        let album = Album::open();
        for (name, dark) in [("light", false), ("dark", true)] {
            let mut desk = Desk::bare().with_display().with_bus();
            if dark {
                desk = desk.dark();
            }
            desk.start_panel().await;
            each_icon(&album, &desk, name).await;
        }
    });
}

#[test]
fn the_menu_as_it_drops_from_the_panel() {
    within(120, async {
        let album = Album::open();
        let desk = Desk::with_panel().await;
        let app = App::hidden(&desk);
        let item = Item::appears(&desk.connect().await).await;
        let mut clients = fill(&app).await;
        drop(clients.pop());
        item.entry(&["Recover interrupted… (1)"]).await;
        app.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        item.shows("recording").await;
        let (x, y) = place_of_icon(&desk, GREEN).await;
        desk.display().point_at(x, y + 200);
        desk.display().point_at(x, y);
        let tip = "640x100+640+0";
        let bare = desk.home().join("bare.png");
        desk.display().picture_of(tip, &bare);
        eventually("the tooltip", 20, async || {
            desk.display().picture_of(tip, &album.page("tooltip"));
            // a panel that lights up under the pointer is not enough
            (Picture::read(&album.page("tooltip"))?.lines_apart(&Picture::read(&bare)?) > 40).then_some(())
        })
        .await;
        settled("the tooltip", |to| desk.display().picture_of(tip, to), &album.page("tooltip")).await;

        desk.display().click(x, y, 3);
        let screen = |to: &Path| desk.display().picture_of("640x380+640+0", to);
        settled("the menu", screen, &album.page("menu")).await;
        let closed = Picture::read(&album.page("menu")).unwrap();
        for key in ["Down", "Down", "Right"] {
            desk.display().key(key);
        }
        settled("a submenu", screen, &album.page("menu-recent")).await;
        assert_ne!(Picture::read(&album.page("menu-recent")), Some(closed), "no submenu opened");
    });
}

#[test]
fn what_the_tray_asks_and_tells() {
    within(120, async {
        let album = Album::open();
        let mut desk = Desk::with_panel().await;
        desk.start_window_manager();
        let app = App::hidden(&desk);
        let item = Item::appears(&desk.connect().await).await;
        let _clients = fill(&app).await;
        item.shows("recording").await;
        for (label, title, page) in
            [("About", "Chasm Recorder", "dialog-about"), ("Quit", "Stop recording", "dialog-quit")]
        {
            item.click(&[label]).await;
            let window = desk.display().window_appears(title);
            settled(page, |to| desk.display().picture_of_window(&window, to), &album.page(page)).await;
            desk.display().focus(&window);
            desk.display().key("Escape");
            eventually("it is closed", 20, async || desk.display().windows(title).is_empty().then_some(()))
                .await;
        }
        assert_eq!(app.status().await["status"], "recording");
    });
}

#[test]
fn every_notification_as_dunst_shows_it() {
    let Some(disk) = Disk::mount() else { return };
    within(180, async {
        let album = Album::open();
        let mut desk = Desk::with_panel().await;
        desk.start_dunst().await;
        let mut app = App::start_in(&desk, &disk.path().join("data"), &["--hidden"]);
        let bus = desk.connect().await;
        let screen = |to: &Path| desk.display().picture_of("520x150+760+0", to);
        let snap = async |name: &str| {
            settled(name, screen, &album.page(name)).await;
        };

        drop(app.client("vscode/1.99", "fox", 2).await);
        desk.dunst_shows(&bus, 1).await;
        snap("notification-dropped").await;
        let mut ws = app.ws().await;
        ws.try_hello_as("vscode/1.99", &["fox"]).await.unwrap();
        for n in 3..=8 {
            ws.send(&events::message("fox", n)).await;
        }
        ws.all_acked().await;
        desk.dunst_says(&album.page("notification-dropped"), screen, &album.page("notification-back")).await;
        snap("notification-back").await;
        desk.dunst_shows(&bus, 0).await;

        let _two = app.client("claude-code/2.0", "borrow", 4).await;
        app.kill9();
        app.restart(&desk);
        desk.dunst_shows(&bus, 1).await;
        snap("notification-interrupted").await;
        app.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        desk.dunst_says(
            &album.page("notification-interrupted"),
            screen,
            &album.page("notification-recovered"),
        )
        .await;
        snap("notification-recovered").await;
        desk.dunst_close_all(&bus).await;
        desk.dunst_shows(&bus, 0).await;

        let ballast = disk.fill(0);
        let big = json!({"session_id": "x", "event_type": "message", "data": {"role": "user", "content": "x".repeat(65_536)}});
        eventually("an event is refused", 30, async || {
            (app.rest("POST", "/api/recording/events", &big).await.status != 200).then_some(())
        })
        .await;
        desk.dunst_shows(&bus, 1).await;
        snap("notification-not-recording").await;
        std::fs::remove_file(ballast).unwrap();
        desk.dunst_says(
            &album.page("notification-not-recording"),
            screen,
            &album.page("notification-recording-again"),
        )
        .await;
        snap("notification-recording-again").await;
    });
}

#[test]
fn the_window_in_light_and_dark() {
    within(180, async {
        let album = Album::open();
        for (name, dark) in [("light", false), ("dark", true)] {
            let mut desk = Desk::bare().with_display().with_bus();
            if dark {
                desk = desk.dark();
            }
            desk.start_window_manager();
            let app = App::hidden(&desk);
            let mut clients = fill(&app).await;
            drop(clients.pop());
            eventually("one is interrupted", 20, async || {
                (app.status().await["interrupted_sessions"] == 1).then_some(())
            })
            .await;
            for (page, link) in [
                ("sessions", "chasm://open"),
                ("session", "chasm://session/fix"),
                ("recovery", "chasm://recovery"),
            ] {
                app.second(&desk, &[link]).ok();
                let window = desk.display().window_appears("Chasm Recorder");
                let file = album.page(&format!("window-{page}-{name}"));
                settled_but_for(64, page, |to| desk.display().picture_of_window(&window, to), &file).await;
            }
        }
    });
}
